"""What a run writes, put into a place of its own: two runs of one Python operator can be compared by it.

A Python class may write wherever it likes, so where is known only when it calls a verb: there the path is changed, and
a verb that changes anything else than one output is refused before it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mason.engines.engine import ANY
from mason.engines.models import Table
from mason.engines.verbs import Verb
from mason.errors import ConflictError


class Apart:
    """The place of one run: a folder called ``folder``, beside the output that the operator asks for."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._asked = ""
        self.output = ""

    def beside(self, path: str) -> str:
        """The place that stands for ``path``."""
        above, slash, name = path.rstrip("/").rpartition("/")
        return f"{above}{slash}{self._folder}/{name}"

    def given(self, verb: Verb, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a call, with the run's own place for its output, and for what is read of it again.

        Raises ``ConflictError`` for a call that changes something else.
        """
        if not verb.is_read_only(arguments):
            self._note(verb, arguments)
        moved = {name: self._moved(value) for name, value in arguments.items() if name in verb.paths}
        tables = {name: self._table(value) for name, value in arguments.items() if isinstance(value, Table)}
        return {**arguments, **moved, **tables}

    def _note(self, verb: Verb, arguments: Mapping[str, Any]) -> None:
        """Take the output of a changing call as the run's. Raises as :meth:`given`."""
        written = [str(arguments[name]) for name in verb.writes if arguments.get(name)]
        is_ours = len(written) == 1 and verb.engine != ANY and str(verb) != "storage.delete"
        if not is_ours or (self._asked and not self._is_within(written[0])):
            raise ConflictError(
                f"The operator asked for {verb}, which changes what cannot be kept apart for each config, so it was "
                "not called. Compared are operators that only read, or that write one output."
            )
        if not self._asked:
            self._asked, self.output = written[0].rstrip("/"), self.beside(written[0])

    def _is_within(self, path: str) -> bool:
        return f"{path.rstrip('/')}/".startswith(f"{self._asked}/")

    def _moved(self, value: Any) -> Any:
        if not self._asked or not isinstance(value, str) or not self._is_within(value):
            return value
        return self.output + value.rstrip("/")[len(self._asked) :]

    def _table(self, table: Table) -> Table:
        if table.location is None:
            return table
        return replace(table, location=replace(table.location, path=self._moved(table.location.path)))
