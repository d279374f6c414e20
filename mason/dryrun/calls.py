"""What is shown of a run before it is done, as values: finished sentences, and the steps that say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.resources.output_checks import Check


@dataclass(frozen=True, slots=True)
class Call:
    """A finished sentence: for CLIENT as ENGINE do VERB(arguments). References to results stay ``{{name}}``.

    ``known`` is false for the call of a Python operator, whose arguments show when it runs, and ``wait`` for one whose
    job is handed on even if it goes on. ``told`` is what there is to say of its SQL: pairs of a word of :data:`TOLD`
    and a sentence. ``notes`` are what there is to say of the types that it writes.
    """

    client: str
    engine: str
    verb: str
    arguments: Mapping[str, Any]
    read_only: bool
    known: bool = True
    wait: bool = True
    told: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items()) if self.known else "..."
        return f"for {self.client} as {self.engine} do {self.verb}({arguments})"


TRUSTED, LATER, REWRITTEN, NOTE = TOLD = ("trusted", "later", "rewritten", "note")
"""What is told of the SQL of a sentence: that it is run though it is not known to answer the same; what is known only
when it runs; what is written otherwise for the engine; and where the query itself allows more than one answer."""

ESTIMATE = "estimate"
"""The verb of an engine whose client can tell what its work would cost."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sentence would cost, as the service of its client tells before it is said.

    ``step`` is the id of its step, ``number`` its place in it (from 1). ``cost`` is in the terms of ``Job.cost``
    (``bytes_scanned``); empty where that cannot be told now, and then ``unknown`` says why.
    """

    step: str
    number: int
    client: str
    call: str
    cost: Mapping[str, Any]
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What there is to say of a run's queries before it is done, by the columns of what they read.

    ``notes`` and ``warnings`` are sentences without a full stop; ``faults`` are what is wrong with checks, each with
    the step and the name of the check (empty for SQL that is not known to answer the same where it would run).
    """

    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    faults: tuple[tuple[str, str, str], ...] = ()

    def __add__(self, other: Outlook) -> Outlook:
        """Both together."""
        return Outlook(self.notes + other.notes, self.warnings + other.warnings, self.faults + other.faults)


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of what a run executes or a schedule will: the operator's address, when it begins, and its sentences.

    ``retry`` is ``constant(SECONDS)``, ``exponential(SECONDS)`` or empty, ``timeout`` is in seconds. ``certain`` is
    false when its Python may call verbs that are not among ``calls``. ``untold`` are the parameters that no call shows.
    ``has_python`` and ``is_promised`` are those of its dry run.
    ``wait`` is false where jobs are handed on as they are. ``root`` is the client that paths are relative to, where
    others are given some; empty where there is one client only. ``checks`` have to hold before its output is
    published.
    """

    id: str
    address: str
    config_id: str
    dependencies: tuple[str, ...]
    trigger_rule: str
    retry: str
    retry_max: int | None
    timeout: int | None
    calls: tuple[Call, ...]
    certain: bool = True
    untold: Mapping[str, Any] = field(default_factory=dict)
    has_python: bool = False
    is_promised: bool = False
    wait: bool = True
    root: str = ""
    checks: tuple[Check, ...] = ()
