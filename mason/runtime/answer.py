"""What a run says in the end: ``Errors``, ``Warnings``, ``Info`` and ``Data``, the same in print and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mason.engines.models import Model, Rows
from mason.errors import MasonError, OperatorError
from mason.resources.wording import with_article
from mason.values import dataclass, field

_PLAIN = (dict, list, str, int, float, bool, type(None))


@dataclass(slots=True)
class Answer:
    """Collects what a run says. ``data`` holds JSON-ready values; ``failure`` is the error that ended the run.

    ``returned`` is what ``data`` was made of, for views that show rows and tables as such. ``cut`` is the sentence
    among ``info`` that says that a limit cut the rows. ``tables`` are those that were registered or deleted, as
    ``Context.tables`` holds them. ``trace`` is where the failure of a person's Python comes from, empty for others.
    ``checks`` are the results of its checks, ``None`` where it had none or never came to them.
    """

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    info: list[str] = field(default_factory=list)
    data: list[Any] = field(default_factory=list)
    failure: MasonError | None = None
    returned: Any = None
    cut: str = ""
    tables: Mapping[tuple[str, str], Mapping[str, Any] | None] = field(default_factory=dict)
    trace: str = ""
    checks: list[dict[str, Any]] | None = None

    def tell(self, kind: str, message: str) -> str:
        """Add a sentence under ``Info`` or ``Warnings``; halves of surrogate pairs, which are no text, are escaped.

        Returns it as it was added.
        """
        text = str(message).encode("utf-8", "backslashreplace").decode()
        (self.warnings if kind == "Warnings" else self.info).append(text)
        return text

    def to_dict(self) -> dict[str, list[Any]]:
        """The keys ``Errors``, ``Warnings``, ``Info``, ``Data``; empty ones left out."""
        lists = {"Errors": self.errors, "Warnings": self.warnings, "Info": self.info, "Data": self.data}
        return {name: given for name, given in lists.items() if given}


def data_of(returned: Any, *, of: str) -> list[Any]:
    """What an operator returned, as the list under ``Data``. Raises ``OperatorError`` for what JSON cannot hold."""
    if returned is None:
        return []
    try:
        plain = _plain(returned)
        data: list[Any] = plain if isinstance(plain, list) else [plain]
        # As UTF-8, because half a surrogate pair is text for Python and for nobody else.
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except Exception as error:
        # A model of a person's own may raise anything, and what contains itself has no end.
        kind = with_article(type(returned).__name__)
        remedy = "Return a model, a mapping, rows, a job, text, numbers or a list of these"
        raise OperatorError(f"{of} returned {kind} that cannot be shown ({error}). {remedy}.") from error
    return data


def _plain(item: Any) -> Any:
    # To find out that something is no model takes longer than all else here.
    if type(item) not in _PLAIN:
        if isinstance(item, Rows):
            return item.to_dicts()
        if isinstance(item, Model):
            return item.to_dict()
    if isinstance(item, Mapping):
        plain: dict[str, Any] = {}
        for key, inner in item.items():
            if str(key) in plain:
                raise ValueError(f"two of its keys are {str(key)!r} as text, which is what keys are in JSON")
            plain[str(key)] = _plain(inner)
        return plain
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    if isinstance(item, Sequence) and not isinstance(item, str):
        return [_plain(inner) for inner in item]
    return item
