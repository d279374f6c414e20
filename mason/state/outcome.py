"""What came of a run or a schedule in the engines, as the state keeps it beside the definition. Values only.

With it a plan can tell whether a run has to be done again, and why; and a crash between an engine's call and the write
of its end shows, because the outcome that says that the call is about to be made is written before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal, TypeAlias, get_args

from mason.state.snapshot import Entry
from mason.values import dataclass, field

Status: TypeAlias = Literal["pending", "succeeded", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it stands with a run or a schedule.

    ===========  ==================================================================================================
    pending      an engine was about to be called, and nobody wrote how that ended: the process was killed, or goes on
    succeeded    it is done as ``definition`` of the entry says, with what ``uses`` and ``inputs`` say
    failed       the last attempt failed; what was done until then is in the history under ``run_id``
    interrupted  the last attempt was ended by a person; else as failed
    ===========  ==================================================================================================

    ``at`` is when that was written (ISO 8601, UTC). ``uses`` are the digests of what all that does which was used, by
    address (see ``mason.resources.behaviour``; states of earlier versions hold those of whole definitions);
    ``inputs`` the fingerprints of a run's inputs before it began; ``given`` the digests of what other runs returned to
    it, by reference. ``results`` are what steps returned, by their ids: of those only that other runs refer to (words
    say why one is not kept).
    ``rows`` are how many the checked outputs of steps had at the last success, by their ids, whatever came after it.
    ``columns`` are those of the inputs at the last success, as far as they are known: types by names, by path.
    ``client`` is the scheduler that keeps a schedule. ``tables`` are those that a run registered or deleted, as it left
    them: mappings of ``config_id``, ``client``, ``database``, ``name``, ``at`` (when it did), and ``table`` (as
    ``models.Table.to_dict`` gives it) or ``deleted`` (true).
    """

    status: Status
    at: str = ""
    run_id: str = ""
    error: str = ""
    client: str = ""
    uses: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, list[Any] | str] = field(default_factory=dict)
    tables: tuple[Mapping[str, Any], ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, as the state keeps it: what is empty is left out."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items() if value}
        return plain | ({"tables": [dict(table) for table in self.tables]} if self.tables else {})

    @classmethod
    def of(cls, entry: Entry | None) -> Outcome | None:
        """The outcome of an applied run or schedule; ``None`` where there is none that can be understood."""
        return cls.from_dict(entry.outcome if entry is not None else None)

    @classmethod
    def from_dict(cls, kept: Any) -> Outcome | None:
        """The outcome that ``to_dict`` made; ``None`` for what is none that can be understood."""
        if not isinstance(kept, Mapping) or kept.get("status") not in get_args(Status):
            return None
        # A state may have been edited, or written by a Mason that keeps more.
        texts: dict[str, Any] = {name: str(kept.get(name, "")) for name in ("at", "run_id", "error", "client")}
        mappings: dict[str, Any] = {
            name: {key: value for key, value in given.items() if isinstance(value, kinds)}
            for name, kinds in _VALUES.items()
            if isinstance(given := kept.get(name), Mapping)
        }
        listed = kept.get("tables")
        tables = [each for each in listed if _is_table(each)] if isinstance(listed, list) else []
        return cls(status=kept["status"], **texts, **mappings, tables=tuple(tables))

    def told(self, history: History) -> Outcome:
        """This outcome, or how the run ended of which the state was told nothing or less: its process was killed
        between the end of the run and the write of it, or could not write."""
        if self.status == "succeeded" or not self.run_id:
            return self
        found = history(self.run_id)
        is_news = found is not None and found.run_id == self.run_id and found.status not in ("pending", self.status)
        return found if found is not None and is_news else self


History = Callable[[str], "Outcome | None"]
"""How a run resource's run ended, by the run's id; nothing where that is not known."""


_VALUES: dict[str, tuple[type, ...]] = {
    "uses": (str,),
    "inputs": (str,),
    "given": (str,),
    "results": (list, str),
    "rows": (int,),
    "columns": (dict,),
}
"""The fields that are mappings, and what their values are."""


def rows_of(steps: Sequence[Any]) -> dict[str, int]:
    """How many rows the checked outputs of steps have, by their ids, as a record or journal tells of them."""
    found = {}
    for step in steps:
        checks = step.get("checks") if isinstance(step, Mapping) else None
        rows = checks[0].get("rows") if isinstance(checks, list) and checks and isinstance(checks[0], Mapping) else None
        if isinstance(rows, int):
            found[str(step.get("step"))] = rows
    return found


def touched(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """What ``tables`` hold of a journal's event that a table was registered or deleted; nothing where nobody knows how
    it was registered."""
    entry = {name: event[name] for name in ("config_id", "client", "database", "name", "at")}
    if event["table"] is None:
        return {**entry, "deleted": True}
    return {**entry, "table": event["table"]} if event["table"] else None


def _is_table(given: Any) -> bool:
    """Whether this is what ``tables`` is a list of, as far as anybody looks into it."""
    if not isinstance(given, Mapping):
        return False
    table = given.get("table")
    if table is None:
        return given.get("deleted") is True
    return isinstance(table, Mapping) and isinstance(table.get("columns", []), list)
