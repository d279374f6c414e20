"""What a scheduler keeps of the schedules that it is given, as a value that it declares, and what is refused for it.

A scheduler that leaves out a rule it does not know would run something else than what was planned: a clean-up that is
for failures after each success, or every night what was to be run once. So a schedule is compared with the declaration
when it is planned, and again when it is put.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mason.engines.models import DagStep, Schedule
from mason.resources.retry import KINDS, MOST
from mason.resources.trigger import TRIGGER_RULES
from mason.values import dataclass

CATCH_UP = ("none", "latest", "all")
OVERLAP = ("skip", "queue")
CRON_FORMS = ("five fields", "six fields", "either day", "both days", "a year", "L", "W", "#")
"""What a cron expression may be made of; see :func:`mason.resources.cron.forms`."""


@dataclass(frozen=True, slots=True)
class Keeps:
    """What a scheduler keeps. The defaults are the least that there is: steps in their order, at times in UTC.

    - ``trigger_rules``: of ``TRIGGER_RULES``, with the meaning that ``mason.resources.trigger`` gives them.
    - ``retries``: of ``constant`` and ``exponential``; ``most_retries``: how many at most (``None``: any number).
    - ``timeouts``: whether an attempt of a step is given up after so many seconds.
    - ``results``: whether a step is handed what earlier ones returned (``DagStep.results_of``).
    - ``classes``: whether the Python class of a workflow is asked about each step (``Dag.decided_by``): the run is done
      by Mason then, so that the checks of steps are kept, too.
    - ``groups``: whether workflows within are shown as groups. Where they are not, nothing else than the look is lost.
    - ``cron``: of ``CRON_FORMS``; ``time_zones``: whether times may be those of other zones than UTC.
    - ``clock_changes``: whether a time of the clock that a change of clocks skips is run at the end of the gap, and one
      that it brings twice for the first time only.
    - ``catch_up`` and ``overlap``: of ``CATCH_UP`` and ``OVERLAP``; ``together``: which pairs of them (none: all).
    - ``operators``: of which operators steps may be, with the parameters that it can hand them; ``None``: of all, with
      all. ``most_steps``: how many there may be (``None``: any number).
    """

    trigger_rules: tuple[str, ...] = TRIGGER_RULES[:1]
    retries: tuple[str, ...] = ()
    most_retries: int | None = None
    timeouts: bool = False
    results: bool = False
    classes: bool = False
    groups: bool = False
    cron: tuple[str, ...] = CRON_FORMS[:1]
    time_zones: bool = False
    clock_changes: bool = True
    catch_up: tuple[str, ...] = CATCH_UP[:1]
    overlap: tuple[str, ...] = OVERLAP[:1]
    together: tuple[tuple[str, str], ...] = ()
    operators: Mapping[str, tuple[str, ...]] | None = None
    most_steps: int | None = None


ALL_KEPT = Keeps(
    trigger_rules=TRIGGER_RULES,
    retries=KINDS,
    timeouts=True,
    results=True,
    classes=True,
    groups=True,
    cron=CRON_FORMS,
    time_zones=True,
    catch_up=CATCH_UP,
    overlap=OVERLAP,
)
"""What Mason's own runs keep, and every scheduler that lets Mason do the run."""


def unkept(schedule: Schedule, keeps: Keeps, client: str) -> list[tuple[str, str]]:
    """All that the scheduler ``client`` would not keep of a schedule that has no faults: sentences without a full stop,
    each with its remedy."""
    of_steps: dict[tuple[str, str], list[str]] = {}
    for step in schedule.dag.steps:
        for lack in _lacks_of_step(step, keeps):
            of_steps.setdefault(lack, []).append(step.id)
    work = schedule.workflow.partition(".")[2].replace(".", ":")
    of_work = f" of workflow {work}" if work else ""
    found = [
        (f"Scheduler {client} does not keep {what}: {_steps(ids)}{of_work}", remedy)
        for (what, remedy), ids in of_steps.items()
    ]
    found += [(f"Scheduler {client} does not keep {what}", remedy) for what, remedy in _lacks(schedule, keeps)]
    return [(message, f"{remedy}, or choose a config with another scheduler") for message, remedy in found]


def _lacks_of_step(step: DagStep, keeps: Keeps) -> Iterator[tuple[str, str]]:
    if keeps.operators is not None and step.operator not in keeps.operators:
        yield f"operator {step.operator}", f"it keeps {', '.join(keeps.operators)}: schedule a workflow of that"
    elif keeps.operators is not None:
        known = keeps.operators[step.operator]
        given = [name for name, value in step.parameters.items() if value not in (None, False)]
        if odd := ", ".join(name for name in given if name not in known):
            yield f"{odd} of operator {step.operator}", f"it hands on {', '.join(known)}: leave the others out"
    if step.trigger_rule not in keeps.trigger_rules:
        yield f"trigger_rule {step.trigger_rule}", _it_keeps(keeps.trigger_rules)
    kind = step.retry.partition("(")[0]
    most = MOST if step.retry_max is None else step.retry_max
    if kind and kind not in keeps.retries:
        remedy = _it_keeps(tuple(f"{each}(SECONDS)" for each in keeps.retries)) if keeps.retries else "remove the retry"
        yield f"retry {step.retry}", remedy
    elif kind and keeps.most_retries is not None and most > keeps.most_retries:
        yield f"{most} retries", f"it keeps at most {keeps.most_retries}: write a smaller retry_max"
    if step.timeout is not None and not keeps.timeouts:
        yield f"timeout {step.timeout}", "remove the timeout"
    if step.results_of and not keeps.results:
        yield "what steps return, which {{steps...}} refers to", "write the values themselves"
    if step.checks and not keeps.classes:
        # Whoever asks the class of a workflow leaves the whole run to Mason.
        yield "the checks of a step", "take the checks away"


def _lacks(schedule: Schedule, keeps: Keeps) -> Iterator[tuple[str, str]]:
    # Imported here: planning loads engines, and most plans have no schedule.
    from mason.resources import cron

    count = len(schedule.dag.steps)
    if keeps.most_steps is not None and count > keeps.most_steps:
        yield f"{count} steps", f"it keeps {keeps.most_steps}: schedule workflows of so many"
    for name in () if keeps.classes else schedule.dag.decided_by:
        yield f"the Python class of workflow {name}, which decides on its steps", "remove its __init__.py"
    lacking = [form for form in CRON_FORMS if form in cron.forms(schedule.schedule) and form not in keeps.cron]
    if lacking:
        what = f"{' and '.join(lacking)} in schedule {schedule.schedule!r}"
        yield what, f"it keeps {', '.join(keeps.cron)}: write it so"
    if schedule.time_zone != "UTC" and not keeps.time_zones:
        yield f"time_zone {schedule.time_zone}", "it keeps UTC: write the times in that"
    elif not keeps.clock_changes and (changed := cron.clock_change(schedule.schedule, schedule.time_zone)):
        what = f"{changed:%H:%M} in {schedule.time_zone}, where clocks change over it ({changed:%Y-%m-%d})"
        yield what, "choose times that each day has once, every hour, or time_zone: UTC"
    if schedule.catch_up not in keeps.catch_up:
        yield f"catch_up {schedule.catch_up}", _it_keeps(keeps.catch_up)
    if schedule.overlap not in keeps.overlap:
        yield f"overlap {schedule.overlap}", _it_keeps(keeps.overlap)
    elif keeps.together and (schedule.catch_up, schedule.overlap) not in keeps.together:
        pairs = tuple(f"catch_up: {catch_up} with overlap: {overlap}" for catch_up, overlap in keeps.together)
        yield f"catch_up {schedule.catch_up} with overlap {schedule.overlap}", _it_keeps(pairs)


def _it_keeps(words: tuple[str, ...]) -> str:
    return f"it keeps {', '.join(words)}: write {'that' if len(words) == 1 else 'one of these'}"


def _steps(ids: list[str]) -> str:
    from mason.resources.wording import shortened

    return f"step {ids[0]}" if len(ids) == 1 else f"steps {shortened(ids)}"
