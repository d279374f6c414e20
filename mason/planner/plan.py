"""A plan as a value: the list of actions that is shown, confirmed, saved and carried out, and nothing else is.

Views and apply iterate the same tuple. No module here performs I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from mason.dryrun.calls import Call, Estimate, ShownStep
from mason.values import dataclass, field

ActionKind = Literal["create", "overwrite", "delete", "run", "move"]
ACTION_KINDS: tuple[ActionKind, ...] = ("create", "overwrite", "delete", "run", "move")
"""The kinds of action, in the order in which they are counted in print."""

NAMES = ("id", "namespace", "command", "name")
"""The keys of a definition of which its address is made."""


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
    ``replaces`` is the digest that the state holds now. ``calls`` are the engine calls that it will make itself, and
    ``steps`` what is executed by them (all that a run does; what a schedule will do at its times). ``is_conditional``
    says of a run that it is done only if what comes before it in the plan changes what it is given. ``moved_from`` is
    the address that the state has it under, where that is another one; a ``move`` changes hardly more than that.
    ``outcome`` is how a run ended that the state was not told of (see ``mason.state.outcome``), which is saved, too.
    ``estimates`` are what the sentences of a run would cost, where services tell. ``notes`` are sentences on the
    columns of what a run reads and writes.
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
    steps: tuple[ShownStep, ...] = ()
    is_conditional: bool = False
    moved_from: str = ""
    outcome: Mapping[str, Any] | None = None
    estimates: tuple[Estimate, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def touches_engines(self) -> bool:
        """Whether it is more than a definition that becomes current."""
        return bool(self.calls) or self.kind == "run"

    @property
    def is_outcome_only(self) -> bool:
        """Whether all that it saves is how a run ended."""
        return self.kind == "overwrite" and self.outcome is not None and not self.changes


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is otherwise than the applied resource at ``address`` left it.

    ``what`` names it (``table data.flights``). It is ``missing``, or ``present`` although it was deleted, or
    ``changed`` in the fields of ``changes`` (before: as it was left, after: as it is), or nobody could look
    (``unknown``, and ``why``).
    """

    address: str
    what: str
    kind: Literal["missing", "present", "changed", "unknown"]
    changes: tuple[Change, ...] = ()
    why: str = ""

    @property
    def sentence(self) -> str:
        """What there is to say of it."""
        if self.kind == "unknown":
            return f"nobody could look at {self.what}: {self.why}"
        if self.kind == "missing":
            return f"{self.what} is gone"
        if self.kind == "present":
            return f"{self.what} is there again"
        # Of what there is to compare with, only the digest is kept of a source.
        fields = ", ".join(dict.fromkeys(change.path for change in self.changes))
        return f"{self.what} was changed{f' ({fields})' if fields else ''}"


@dataclass(frozen=True, slots=True)
class Unlooked:
    """One thing of which a plan does not know whether it drifted, named as a :class:`Drift` is: nobody looked."""

    address: str
    what: str


Cause = Literal["plan", "earlier", "new"]
"""Why something cannot run after a plan: the plan breaks it, it could not run before either, or the plan makes it."""
CAUSES: tuple[Cause, ...] = ("plan", "earlier", "new")


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that cannot run once a plan is applied.

    ``address``
        The operator, workflow, run or schedule.
    ``reason``
        What it lacks, in sentences.
    ``cause``
        Whether this plan breaks it.
    ``config_id``
        The config that cannot run it: where none can, the one that lacks least. Empty where no single one is to blame.
    ``elsewhere``
        Whether another applied config can run it.
    """

    address: str
    reason: str
    cause: Cause
    config_id: str = ""
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between what people wrote and what was applied, in the order in which it will be applied.

    ``unchanged`` are the addresses that were looked at and are as they should be (the no-ops; only their
    addresses, because there may be many thousands). ``lineage`` and ``serial`` name the snapshot that it was
    made against, ``state`` the URL of its store. ``files`` (``None`` where the plan is not about files),
    ``resources`` and ``passed_over`` count what was looked at; ``warnings`` are sentences to be shown.
    ``foreign`` are the addresses of what other projects applied and this plan overwrites or deletes, by project: each
    of these has to be named by whoever applies it. ``drifts`` are what engines and the store hold otherwise than the
    state says, where somebody looked, and ``unlooked`` those things in engines that nobody looked at. ``broken`` is
    what cannot run once it is applied. ``undefined`` are the addresses of what this project applied and no longer
    defines, where the whole project was looked at and nothing is pruned.
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
    foreign: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drifts: tuple[Drift, ...] = ()
    unlooked: tuple[Unlooked, ...] = ()
    broken: tuple[Broken, ...] = ()
    undefined: tuple[str, ...] = ()

    def count(self) -> dict[ActionKind, int]:
        """How many actions there are of each kind; moves only where there are any."""
        return counted(self.actions)

    @property
    def is_empty(self) -> bool:
        """Whether applying it would do nothing."""
        return not self.actions

    @property
    def touches_engines(self) -> bool:
        """Whether applying it calls engines."""
        return any(action.touches_engines for action in self.actions)

    @property
    def overwrites(self) -> tuple[Action, ...]:
        """The actions that replace a definition, and not only its name."""
        return tuple(
            action
            for action in self.actions
            if (action.kind == "overwrite" and not action.is_outcome_only) or _moves_more(action)
        )


def counted(actions: Iterable[Action]) -> dict[ActionKind, int]:
    """How many of these actions there are of each kind; moves, which are rare, only where there are any."""
    found = Counter(action.kind for action in actions)
    return {kind: found[kind] for kind in ACTION_KINDS if kind != "move" or found[kind]}


def _moves_more(action: Action) -> bool:
    return action.kind == "move" and any(change.path not in NAMES for change in action.changes)
