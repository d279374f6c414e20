"""Results of earlier steps that are handed to the command of a later one, where a scheduler runs each apart. Pure.

Within one process a run keeps what its steps return. Where a scheduler runs the steps of a DAG by commands, perhaps on
several machines, it keeps what each command printed and hands that to those that refer to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mason.dryrun.references import OF_RUN, Reference, Unresolved, fill, find, is_referring, look_up
from mason.errors import Diagnostic
from mason.resources.parameters import Given
from mason.resources.wording import described, quoted, shortened
from mason.secrets import REDACTED

Results = Mapping[str, "list[Any] | str"]
"""What each step returned (its ``Data``), or how it ended in one word, by the ids of the steps."""

OfRun = Callable[[str, Sequence[str]], "Reference | str"]
"""Finds the step of another run that a reference means, from its text and its parts behind ``runs``; a text is what is
wrong with it."""

_ANSWER = ("Errors", "Warnings", "Info", "Data")


def read_results(document: Any) -> Results:
    """The results in a JSON document: a mapping of the ids of steps to what their commands printed with ``--json``.

    A list is taken as ``Data``, and text as the word for how a step ended. Raises ``ValueError`` that says what is
    wrong.
    """
    if not isinstance(document, Mapping):
        raise ValueError(f"it must be a mapping of steps to their answers, and is {described(document)}")
    found: dict[str, list[Any] | str] = {}
    for step, answer in document.items():
        if isinstance(answer, Mapping) and answer.keys() <= set(_ANSWER):
            found[step] = "failed" if answer.get("Errors") else list(answer.get("Data") or ())
        elif isinstance(answer, list | str):
            found[step] = answer
        else:
            keys = f"with the keys {shortened(_ANSWER)}"
            raise ValueError(f"{quoted(step)} must be the answer of a step ({keys}), and is {_shown(answer)}")
    return found


def with_results(given: Given, results: Results | None, of_run: OfRun, kept: Callable[[Reference], Results]) -> Given:
    """``given`` with values for its references: those to steps out of ``results``, those to runs out of ``kept``.

    What cannot be had is among the faults, and its parameter among those that cannot be read. ``results`` are ``None``
    where nothing was handed over.
    """
    values: dict[str, Any] = dict(given.values)
    faults: list[Diagnostic] = []
    unread: set[str] = set()
    for name, value in given.values.items():
        if not is_referring(value):
            continue
        found = find(value, lambda text, parts: _meant(text, parts, results, of_run))
        wrong = list(found.faults)
        known: dict[str, Any] = {}
        for reference in found.references:
            held = kept(reference) if reference.step.startswith(OF_RUN) else results or {}
            try:
                known[reference.text] = _handed(reference, held)
            except Unresolved as error:
                wrong.append(f"it needs {reference.text}, but {error}")
        if wrong:
            del values[name]
            unread.add(name)
            place = given.places.get(name, ("", 0))
            faults += [Diagnostic(*place, f"Parameter {name}: {fault}") for fault in wrong]
        else:
            values[name] = fill(found.value, known)
    return replace(given, values=values, faults=(*given.faults, *faults), unread=given.unread | unread)


def _meant(text: str, parts: Sequence[str], results: Results | None, of_run: OfRun) -> Reference | str:
    if parts[0] == "runs":
        return of_run(text, parts[1:])
    if results is None:
        return f"it needs {text}, but nothing was handed over of earlier steps (pass --results FILE)"
    # The ids of steps of workflows within hold dots themselves.
    ends = (place for place in range(len(parts), 1, -1) if ".".join(parts[1:place]) in results)
    place = next(ends, 0)
    if not place:
        return f"it needs {text}, but nothing was handed over of {parts[1]} ({_there(results)})"
    return Reference(text, ".".join(parts[1:place]), tuple(parts[place:]))


def _there(results: Iterable[str]) -> str:
    return f"what was handed over is of: {shortened(results) or 'no step'}"


def _handed(reference: Reference, results: Results) -> Any:
    value = look_up(reference, results)
    if REDACTED in json.dumps(value):
        raise Unresolved("it holds a secret, which no command prints")
    return value


def _shown(answer: Any) -> str:
    if isinstance(answer, Mapping):
        return f"a mapping with {shortened(quoted(str(key)) for key in answer)}"
    return described(answer)
