"""A run before and after it is walked, as values: what was checked and shown, and how it ended. Nothing is done here.

The run of an operator alone is the run of a workflow that has one step (``ONLY_STEP``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mason.engines.occasion import Occasion
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.dryrun.planned import WorkflowPlan
    from mason.engines.progress import Progress
    from mason.errors import MasonError
    from mason.runtime.answer import Answer
    from mason.runtime.apart import Apart
    from mason.runtime.run_part import Part
    from mason.state.outcome import Outcome

INTERRUPTED = "interrupted"
COMPARED = "compared"
"""The key of ``given`` by which a run says that it is one side of a comparison, whose output nobody keeps."""

Tell = Callable[[Mapping[str, Any]], None]
"""Is told each event of a run, as it is written into the journal: ``event`` says what it is."""

Watch = Callable[[str, "Progress"], None]
"""Is told how far the work of a step is, by its id: perhaps many times a second, and from any thread."""


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run that was checked and shown but not done.

    =============  ====================================================================================================
    plan           its steps
    serial         that of the state that it was prepared from
    given          the parameters as the journal keeps them: ``file`` (by step) and ``pairs``
    run_id         of a run that is resumed: its id, ...
    done           ... how its steps ended, by id, ...
    events         ... how many events its journal had, ...
    started_at     ... and when it began
    results        what steps of other runs returned that this one refers to
    resource       the address of the run resource that is done by it; empty where there is none
    keep           of a run resource: the steps whose results are asked for
    new_id         what it is to be called; empty: it gets an id when it begins
    pending        of a run resource: what the state is told until it ended. ``None`` where the state is told nothing,
                   because it was resumed with other parameters than those that it began with
    tables         of a resumed run resource: the events of its journal that tell of tables, by config, client,
                   database and name
    alone          whether the walk leads aside what operators print; false where its caller has done so
    submit_again   of a run that is resumed: whether work is submitted again of which nobody knows whether it was done
    occasion       the schedule that it is done for, if there is one
    rows_before    how many rows the outputs of steps had at the last success, by step, for checks that ask
    for_answer     whether it is the run of one operator whose answer a person waits for: what the operator prints goes
                   to that person as it is, the record tells of calls instead of steps, and the run is done also
                   where its journal or its record cannot be kept, which is a warning then
    part           of which run it is a step, where a scheduler has each step done by a command
    apart          the place that it writes to, as one side of a comparison; ``None`` for all others
    =============  ====================================================================================================
    """

    plan: WorkflowPlan
    serial: int
    given: Mapping[str, Any]
    run_id: str = ""
    done: Mapping[str, Mapping[str, Any]] | None = None
    events: int = 0
    started_at: str = ""
    results: Mapping[str, list[Any] | str] = field(default_factory=dict)
    resource: str = ""
    keep: frozenset[str] = frozenset()
    new_id: str = ""
    pending: Outcome | None = None
    tables: Mapping[tuple[str, str, str, str], Mapping[str, Any]] = field(default_factory=dict)
    alone: bool = True
    submit_again: bool = False
    occasion: Occasion | None = None
    rows_before: Mapping[str, int] = field(default_factory=dict)
    for_answer: bool = False
    part: Part | None = None
    apart: Apart | None = None


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended: ``succeeded``, ``failed`` or ``interrupted``, and its record as the history keeps it.

    ``failure`` is what kept the run itself (and not one of its steps) from going on, such as a disk without room for
    its journal. ``outcome`` is what the state is to be told of it, where it is the run of a run resource. ``answer``
    is what the operator answered, where a person waits for that (``PreparedRun.for_answer``).
    """

    run_id: str
    status: str
    record: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    failure: MasonError | None = None
    outcome: Outcome | None = None
    answer: Answer | None = None
