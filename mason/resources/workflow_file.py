"""The parameters of a workflow: a file given with ``-f``, ``-p`` pairs, or the ``parameters`` of a run. Pure but for
reading the file.

A mapping from step id to ``config_id`` and ``parameters``; those of a step that is a workflow are again such a mapping.
Which steps there are is not known here: :func:`entries` is asked level by level by whoever knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mason.errors import Diagnostic
from mason.resources.address import is_name
from mason.resources.dag import step_remedy
from mason.resources.faults import Path as DocumentPath
from mason.resources.parameter_file import read_mapping
from mason.resources.parameters import Given
from mason.resources.validate import NAME_REMEDY
from mason.resources.wording import described, quoted, suggestion
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.resources.output_checks import Check

CHECKS = "\0checks"
"""The first step of the path of a check in what was given: behind it the id of a step, and the number of the check."""

_ENTRY_KEYS = ("config_id", "parameters")


class Lines(Protocol):
    """Where a mapping was read: answers with the line of what stands at a path in it."""

    def line_of(self, path: DocumentPath) -> int:
        """The line of the key or item at ``path``, or of what is nearest to it."""
        ...


@dataclass(frozen=True, slots=True)
class WorkflowGiven:
    """What was given for a run of a workflow.

    ``steps`` are the entries as they are written, ``pairs`` those of ``-p``, whose keys begin with the id of a step
    (``step_1.database_name``) and which win. ``schedule`` and ``schedule_name`` are empty where nothing was said. With
    ``strict`` false, steps that are invalid are left out. ``faults`` are what is wrong whichever steps there are, and
    ``complete`` is false where the file could not be read. ``file`` and ``document`` say where the entries stand.
    ``under`` is what was given before, for a run that is resumed: it holds where nothing is given here, parameter by
    parameter, and of what is wrong with it nothing is told that is about no step. ``checks`` are those of a run
    resource, by step, besides those of the workflow itself.
    """

    steps: Mapping[str, Any] = field(default_factory=dict)
    pairs: Given = field(default_factory=Given)
    schedule: str = ""
    schedule_name: str = ""
    strict: bool = True
    faults: tuple[Diagnostic, ...] = ()
    complete: bool = True
    file: str = ""
    document: Lines | None = None
    under: WorkflowGiven | None = None
    checks: Mapping[str, tuple[Check, ...]] = field(default_factory=dict)

    def place(self, path: DocumentPath) -> tuple[str, int]:
        """The file and the line of what stands at ``path``; no file and 0 where it comes from none."""
        return (self.file, self.document.line_of(path)) if self.document else (self.file, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was given for one step: its own config (empty: that of the run) and its parameters as they are written.

    ``path`` is where the entry stands; ``pairs`` are the pairs of ``-p`` for this step, its id taken off. ``under`` are
    the parameters that were given before.
    """

    config_id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    pairs: Given = field(default_factory=Given)
    path: DocumentPath = ()
    under: Mapping[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """All parameters, each as it was given last."""
        return {**self.under, **self.parameters, **self.pairs.values}


def read_workflow_file(file: Path | None, pairs: Given) -> WorkflowGiven:
    """What ``-f FILE`` and ``-p`` (see ``parse_pairs``) give, or the file and the line of every fault."""
    if file is None:
        return given_for_workflow({}, pairs)
    document, faults = read_mapping(file)
    if document is None:
        return WorkflowGiven(pairs=pairs, faults=faults + pairs.faults, complete=False, file=str(file))
    given = given_for_workflow(document.value, pairs, file=str(file), document=document)
    unplain = tuple(Diagnostic(str(file), *fault) for fault in document.unplain)
    return replace(given, faults=(*unplain, *given.faults)) if unplain else given


def given_for_workflow(
    values: Mapping[str, Any], pairs: Given | None = None, *, file: str = "", document: Lines | None = None
) -> WorkflowGiven:
    """What a mapping gives that was read already. A key that holds a mapping is the id of a step, whatever it says."""
    pairs = pairs or Given()
    settings = {
        key: values[key]
        for key in ("schedule", "schedule_name", "strict")
        if values.get(key) is not None and not isinstance(values[key], Mapping)
    }
    steps = {key: value for key, value in values.items() if key not in settings}
    for key in ("schedule", "schedule_name", "strict"):
        if key in steps and steps[key] is None:
            del steps[key]
    given = WorkflowGiven(steps, pairs, file=file, document=document)
    faults = list(pairs.faults)

    def refuse(key: str, expected: str, remedy: str) -> None:
        message = f"{key} must be {expected}, but it is {described(settings.pop(key))}"
        faults.append(Diagnostic(*given.place((key,)), message, remedy))

    if not isinstance(settings.get("schedule", ""), str):
        refuse("schedule", "text", 'write a cron expression, such as "0 12 * * ? *"')
    elif settings.get("schedule"):
        faults += _cron_faults(settings["schedule"], given.place(("schedule",)))
    name = settings.get("schedule_name", "schedule")
    if not isinstance(name, str) or not is_name(name):
        refuse("schedule_name", "a name", NAME_REMEDY)
    elif "schedule_name" in settings and not values.get("schedule"):
        message = "schedule_name names no schedule: there is none, and the workflow would run now"
        remedy = 'write schedule: "0 12 * * ? *" beside it, or remove it'
        faults.append(Diagnostic(*given.place(("schedule_name",)), message, remedy))
    if not isinstance(settings.get("strict", True), bool):
        refuse("strict", "true or false", "")
    return replace(given, **settings, faults=tuple(faults))


def _cron_faults(text: str, place: tuple[str, int]) -> list[Diagnostic]:
    # Imported here: few runs say when they are done.
    from mason.resources import cron

    return [Diagnostic(*place, f"schedule: {message}", remedy) for message, remedy in cron.coming_faults(text, "UTC")]


def entries(
    given: WorkflowGiven, level: Entry, steps: Collection[str], *, scope: str = ""
) -> tuple[dict[str, Entry], list[Diagnostic]]:
    """The entry of each of ``steps`` for which something was given, and what is wrong at this level.

    ``level`` holds the entries of one workflow (:func:`top`, or that of a step which is a workflow), ``steps`` are the
    ids of its steps, and ``scope`` is what comes before them in messages (``step_2.``).
    """
    found: dict[str, Entry] = {}
    faults: list[Diagnostic] = []
    for name, value in level.parameters.items():
        path = (*level.path, name)
        if name in steps:
            found[name], wrong = _entry(given, value, path, f"{scope}{name}")
            faults += wrong
        else:
            faults.append(
                Diagnostic(*given.place(path), f"Unknown step: {_shown(scope, name)}", step_remedy(name, steps))
            )
    for name, pairs in _by_step(level.pairs).items():
        if name in steps:
            found[name] = replace(found.get(name, Entry()), pairs=pairs)
        elif name:
            faults.append(Diagnostic("", 0, f"Unknown step: {_shown(scope, name)}", step_remedy(name, steps)))
        else:
            faults += _stepless(pairs, steps, scope)
    return found, faults


def top(given: WorkflowGiven) -> Entry:
    """The level of the workflow itself."""
    return Entry(parameters=given.steps, pairs=given.pairs)


def parameters_of(given: WorkflowGiven, entry: Entry) -> Given:
    """The parameters of a step that is an operator, with the places of those that stand in the file."""
    places = {name: given.place((*entry.path, "parameters", name)) for name in entry.parameters}
    written = Given(dict(entry.parameters), complete=given.complete, places=places)
    return replace(entry.pairs, faults=()).over(written).over(Given(dict(entry.under)))


def _entry(given: WorkflowGiven, value: Any, path: DocumentPath, step: str) -> tuple[Entry, list[Diagnostic]]:
    if value is None:
        return Entry(path=path), []
    if not isinstance(value, Mapping):
        message = f"Step {step} must be a mapping, but it is {described(value)}"
        return Entry(path=path), [Diagnostic(*given.place(path), message, "write parameters: below it")]
    faults = []
    for key in value:
        if key not in _ENTRY_KEYS:
            remedy = suggestion(key, _ENTRY_KEYS, "")
            # The names of parameters are open, so most unknown keys are parameters one level too high.
            remedy = remedy if remedy.startswith("did you") else "put it below parameters:"
            faults.append(Diagnostic(*given.place((*path, key)), f"Step {step}: unknown key {quoted(key)}", remedy))
    parameters, config = value.get("parameters"), value.get("config_id")
    if parameters is not None and not isinstance(parameters, Mapping):
        message = f"Step {step}: parameters must be a mapping, but it is {described(parameters)}"
        faults.append(Diagnostic(*given.place((*path, "parameters")), message, "write name: value lines below it"))
        parameters = None
    # As in a config itself, an id may be written as a number.
    if isinstance(config, bool) or not isinstance(config, str | int | None):
        message = f"Step {step}: config_id must be the id of a config, but it is {described(config)}"
        faults.append(Diagnostic(*given.place((*path, "config_id")), message))
        config = None
    return Entry("" if config is None else str(config), parameters or {}, path=path), faults


def _by_step(pairs: Given) -> dict[str, Given]:
    """The pairs of each step, its id taken off their keys; under nothing those whose key has no dot."""
    values: dict[str, dict[str, Any]] = {}
    unread: dict[str, set[str]] = {}
    for key, value in pairs.values.items():
        step, _, name = key.partition(".") if "." in key else ("", "", key)
        values.setdefault(step, {})[name] = value
    for key in pairs.unread:
        step, _, name = key.partition(".") if "." in key else ("", "", key)
        unread.setdefault(step, set()).add(name)
    return {
        step: Given(values.get(step, {}), unread=frozenset(unread.get(step, ())))
        for step in dict.fromkeys((*values, *sorted(unread)))
    }


def _stepless(pairs: Given, steps: Iterable[str], scope: str) -> Iterable[Diagnostic]:
    steps = list(steps)
    for name in (*pairs.values, *sorted(pairs.unread)):
        what = f"Step {scope[:-1]} is a workflow: {name} names none of its steps" if scope else f"{name} names no step"
        remedy = f"write {scope}{steps[0]}.{name}:value" if len(steps) == 1 else step_remedy("", steps)
        yield Diagnostic("", 0, what, remedy)


def _shown(scope: str, name: str) -> str:
    return scope + quoted(name)[1:-1]
