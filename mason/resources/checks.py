"""What a JSON Schema cannot say about a single definition: names that must differ, references that must exist.

Engines and verbs are not looked up: that is the planner's, which knows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.resources.dag import dag_findings
from mason.resources.documents import Path
from mason.resources.kinds import ROLES, SENTENCE_WORDS, TEMPLATE
from mason.resources.runs import result_references
from mason.resources.validate import Finding
from mason.resources.wording import described, quoted, shown_path, suggestion

_FITS: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list,), "a list"),
    "object": ((dict,), "a mapping"),
}


def findings(definition: Mapping[str, Any]) -> list[Finding]:
    """All that is wrong with a definition besides its schema.

    Says what it can about a definition that does not fit its schema either, so that everything is reported at once;
    parts of the wrong shape are left alone.
    """
    kind = definition["type"]
    if kind == "config":
        return _config(definition)
    if kind == "operator":
        known, found = _parameters(definition.get("parameters"))
        return found + _sentences(definition.get("do"), known)
    if kind == "run":
        return _run(definition)
    if kind == "schedule":
        return _schedule(definition)
    return dag_findings(definition.get("dag")) if kind == "workflow" else []


def _config(definition: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding(
            (f"{role}_engine",),
            f"{role}_clients and {role}_engine say the same thing twice",
            f"keep {role}_clients",
        )
        for role in ROLES
        if definition.get(f"{role}_clients") is not None and definition.get(f"{role}_engine") is not None
    ]


def _run(definition: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    if definition.get("workflow") is not None and definition.get("operator") is not None:
        found.append(Finding(("operator",), "a run has a workflow or an operator, not both", "remove one of them"))
    elif definition.get("workflow") is None and definition.get("operator") is None:
        found.append(
            Finding((), "missing key 'workflow' or 'operator'", "say what is run, such as workflow: table:export")
        )
    name, before = definition.get("name"), definition.get("depends_on")
    if isinstance(before, list) and name in before:
        found.append(Finding(("depends_on", before.index(name)), f"run {name} depends on itself", "remove it"))
    for parts in dict.fromkeys(result_references(definition.get("parameters"))):
        text = f"{{{{{'.'.join(('runs', *parts))}}}}}"
        if not all(parts):
            remedy = "write {{runs.NAME.KEY}}, such as {{runs.infer.job_id}}"
            found.append(Finding(("parameters",), f"{text} is no reference", remedy))
        elif parts[0] == name:
            found.append(Finding(("parameters",), f"{text}: a run cannot refer to itself", "name another run"))
    remedy = "a run is done once, when it is applied: write a resource of type: schedule for its times"
    return found + _times(definition, remedy)


def _schedule(definition: Mapping[str, Any]) -> list[Finding]:
    # Imported here: few documents are schedules.
    from mason.resources import cron, zones

    found: list[Finding] = []
    text, zone = definition.get("schedule"), definition.get("time_zone")
    if isinstance(text, str) and text:
        # Not whether its last time has passed: a file does not become wrong by itself.
        try:
            cron.parse(text)
        except cron.CronError as error:
            found += [Finding(("schedule",), f"schedule: {message}", remedy) for message, remedy in error.faults]
    if isinstance(zone, str) and zone:
        try:
            zones.find_zone(zone)
        except zones.ZoneError as error:
            found.append(Finding(("time_zone",), f"time_zone: {error.message}", error.remedy))
    return found + _times(definition, "say it beside parameters: this is the schedule")


def _times(definition: Mapping[str, Any], remedy: str) -> list[Finding]:
    """What belongs into a parameter file, where nobody would look at it. A mapping there is a step of that name."""
    given = definition.get("parameters")
    if definition.get("workflow") is None or not isinstance(given, dict):
        return []
    return [
        Finding(("parameters", key), f"parameters.{key} would be passed over", remedy)
        for key in ("schedule", "schedule_name")
        if given.get(key) is not None and not isinstance(given[key], Mapping)
    ]


def _parameters(given: Any) -> tuple[list[str] | None, list[Finding]]:
    """The names of the parameters (nothing where they cannot all be told) and what is wrong with them."""
    places: dict[str, str] = {}
    found: list[Finding] = []
    readable = given is None or isinstance(given, dict)
    for group in ("required", "optional"):
        entries = given.get(group) if isinstance(given, dict) else None
        readable = readable and (entries is None or isinstance(entries, list))
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            path: Path = ("parameters", group, number)
            name = entry.get("name") if isinstance(entry, dict) else entry
            if not isinstance(name, str):
                readable = False
                continue
            if name in places:
                message = f"parameter {quoted(name)} is given twice: {places[name]} and {shown_path(path)}"
                found.append(Finding(path, message, "remove one of them"))
            places.setdefault(name, shown_path(path))
            if isinstance(entry, dict) and group == "optional":
                found.extend(_default(entry, path))
    return list(places) if readable else None, found


def _default(entry: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    value, declared = entry.get("default"), entry.get("type")
    types, expected = _FITS.get(declared if isinstance(declared, str) else "any", ((), ""))
    if value is None or not types:
        return
    fits = isinstance(value, types) and (not isinstance(value, bool) or bool in types)
    if not fits:
        message = f"{shown_path(path)}.default must be {expected}, but it is {described(value)}"
        remedy = "write true or false" if bool in types else "put it in quotes" if str in types else ""
        yield Finding((*path, "default"), message, remedy)


def _sentences(given: Any, parameters: list[str] | None) -> list[Finding]:
    found: list[Finding] = []
    known = list(parameters or ())
    # Results of sentences that may be left out are there for those that are left out with them.
    bound: dict[str, str] = {}
    for number, sentence in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(sentence, dict) or not sentence:
            continue
        path: Path = ("do", number)
        calls = [key for key in sentence if key not in SENTENCE_WORDS]
        verbs = [key for key in calls if "." in key]  # other keys are refused by the schema
        if not calls or len(verbs) > 1:
            what = "says more than one thing" if verbs else "says nothing"
            remedy = "write one engine.verb a sentence, and 'as' beside it if a later one needs its result"
            found.append(Finding(path, f"{shown_path(path)} {what}", remedy))
        when = sentence.get("when")
        if parameters is not None and isinstance(when, str) and when not in parameters:
            message = f"{shown_path(path)}.when: {quoted(when)} is no parameter"
            found.append(Finding((*path, "when"), message, suggestion(when, parameters, "parameters")))
        certain = [name for name in known if bound.get(name, when) == when]
        for call in calls if parameters is not None else ():
            found.extend(_references(sentence[call], (*path, call), certain))
        bind = sentence.get("as")
        if isinstance(bind, str) and bind in known:
            what = "a parameter" if bind in (parameters or ()) else "an earlier result"
            message = f"{shown_path(path)}.as: {quoted(bind)} is already the name of {what}"
            found.append(Finding((*path, "as"), message, "choose another name"))
        elif isinstance(bind, str):
            known.append(bind)
            if isinstance(when, str):
                bound[bind] = when
    return found


def _references(value: Any, path: Path, known: list[str]) -> Iterator[Finding]:
    if isinstance(value, str):
        if "{{" in value:
            yield from _templates(value, path, known)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _references(inner, (*path, key), known)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _references(inner, (*path, number), known)


def _templates(text: str, path: Path, known: list[str]) -> Iterator[Finding]:
    for match in TEMPLATE.finditer(text):
        name = match[1].strip()
        if name.partition(".")[0] in known:  # {{table.name}} is a part of what a sentence returned
            continue
        message = f"{{{{{quoted(name)[1:-1]}}}}} is neither a parameter nor the result of an earlier sentence"
        yield Finding(path, message, suggestion(name, known, "known names"))
    if "{{" in TEMPLATE.sub("", text):
        yield Finding(path, f"{quoted(text)} opens {{{{ and never closes it", "write {{name}}")
