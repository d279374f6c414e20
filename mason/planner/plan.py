"""A plan as a value: the list of actions that is shown, confirmed, saved and carried out, and nothing else is.

Whoever shows a plan and whoever applies it iterate the same tuple. No module here performs I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ActionKind = Literal["create", "overwrite", "delete", "run"]
ACTION_KINDS: tuple[ActionKind, ...] = ("create", "overwrite", "delete", "run")
"""The kinds of action, in the order in which they are counted in print."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. ``path`` is dotted (``parameters.optional[limit].default``).

    ``before`` and ``after`` are JSON values; ``kind`` says whether the field was ``added``, ``removed`` or ``changed``.
    """

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """A finished sentence: for CLIENT as ENGINE do VERB(arguments). References to results stay ``{{name}}``.

    ``known`` is false for the call of a Python operator, whose arguments show when it runs.
    """

    client: str
    engine: str
    verb: str
    arguments: Mapping[str, Any]
    read_only: bool
    known: bool = True

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items()) if self.known else "..."
        return f"for {self.client} as {self.engine} do {self.verb}({arguments})"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the state shall hold for an address: the encoded definition, its digest, and the module's source."""

    digest: str
    encoded: bytes
    project: str
    file: str
    module: str | None = None
    source: bytes | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of a plan.

    ``reason`` says why it is there; ``file`` and ``line`` where the resource stands (empty and 0 for a
    deletion). ``changes`` are the fields that differ and ``unchanged`` counts those that do not (both only
    for an overwrite). ``wanted`` is what the state will hold (``None`` for a deletion);
    ``replaces`` is the digest that the state holds now. ``calls`` are the engine calls that it will make.
    """

    kind: ActionKind
    address: str
    reason: str = ""
    file: str = ""
    line: int = 0
    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    wanted: Wanted | None = None
    replaces: str | None = None
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between what people wrote and what was applied, in the order in which it will be applied.

    ``unchanged`` are the addresses that were looked at and are as they should be (the no-ops; only their
    addresses, because there may be many thousands). ``lineage`` and ``serial`` name the snapshot that it was
    made against, ``state`` the URL of its store. ``files`` (``None`` where the plan is not about files),
    ``resources`` and ``passed_over`` count what was looked at; ``warnings`` are sentences to be shown.
    """

    actions: tuple[Action, ...]
    unchanged: tuple[str, ...] = ()
    lineage: str = ""
    serial: int = 0
    state: str = ""
    project: str = ""
    files: int | None = None
    resources: int = 0
    passed_over: int = 0
    warnings: tuple[str, ...] = ()

    def count(self) -> dict[ActionKind, int]:
        """How many actions there are of each kind."""
        counted = Counter(action.kind for action in self.actions)
        return {kind: counted.get(kind, 0) for kind in ACTION_KINDS}

    @property
    def is_empty(self) -> bool:
        """Whether applying it would do nothing."""
        return not self.actions

    @property
    def overwrites(self) -> tuple[Action, ...]:
        """The actions that replace a definition."""
        return tuple(action for action in self.actions if action.kind == "overwrite")
