"""References from a step to what an earlier one returned (``{{steps.step_1.job_id}}``), or another run. Pure.

They are found and checked when planning, and filled in when the step begins. Within a plan they are written with the
full id of the step that they mean, so that it does not matter any more in which workflow they were written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mason.resources.templates import TEMPLATE, remedy_for
from mason.resources.wording import described, nearest, quoted, shortened
from mason.secrets import REDACTED, is_reference
from mason.values import dataclass

_OPENED = r"\{\{\s*(?:steps|runs)\s*\.|<<\s*PULLED FROM\b"
"""The beginning of a reference in either form."""
_OLD = r"<<\s*PULLED FROM\s+([^\s<>]+)\s*>>"
"""The placeholder of Mason 1.x, which always meant the job's id."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``step`` is the full id of the step that is meant, ``path`` leads to the value in what it returned (its
    ``Data``). ``text`` is the reference as it stands in the parameters of a plan. A step of another run has that run
    before its id: ``runs.infer.step_1``."""

    text: str
    step: str
    path: tuple[str, ...]


Meant = Callable[[str, Sequence[str]], "Reference | str"]
"""Finds what a reference means from its text and its parts; a text is what is wrong with it."""

OF_RUN = "runs."
"""What stands before the steps of other runs."""


@dataclass(frozen=True, slots=True)
class Found:
    """A parameter with its references written in full, what they mean, and what was wrong or is to be warned of."""

    value: Any
    references: tuple[Reference, ...] = ()
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def is_referring(value: Any) -> bool:
    """Whether there may be a reference in ``value``: quick, and never wrong when it says no."""
    return any("{{" in text or "<<" in text for text in _texts(value))


def find(value: Any, meant: Meant, before: Mapping[str, str] = MappingProxyType({})) -> Found:
    """The references anywhere in the text of a parameter, and in the lists and mappings that it holds.

    ``before`` names, for the step whose parameter it is, the one before it: the old form may name the step itself.
    """
    references: dict[str, Reference] = {}
    faults: list[str] = []
    warnings: list[str] = []

    def seen(match: re.Match[str]) -> str:
        name = match[1].strip()
        parts = [part.strip() for part in name.split(".")]
        if parts[0] not in ("steps", "runs"):
            if len(parts) > 1 and (meant_word := nearest(parts[0], ("steps", "runs"))):
                meant_text = ".".join((meant_word, *parts[1:]))
                faults.append(f"{match[0]} is no reference (did you mean {{{{{meant_text}}}}}?)")
            return match[0]
        if len(parts) == 1 or not all(parts):
            form = "{{steps.STEP.KEY}}, such as {{steps.step_1.job_id}}"
            if parts[0] == "runs":
                form = "{{runs.NAME.KEY}}, such as {{runs.infer.job_id}}"
            faults.append(f"{match[0]} is no reference (write {form})")
            return match[0]
        if "{{" in name:
            faults.append(f"{match[0]} is no reference (close the first one before the second one opens)")
            return match[0]
        known = meant(f"{{{{{'.'.join(parts)}}}}}", parts)
        if isinstance(known, str):
            faults.append(known)
            return match[0]
        references[known.text] = known
        return known.text

    def renewed(match: re.Match[str]) -> str:
        form = f"{{{{steps.{before.get(match[1], match[1])}.job_id}}}}"
        itself = ", which cannot be the step itself: that before it is meant" if match[1] in before else ""
        warnings.append(f"{match[0]} is the old form of a reference{itself}. Write {form}")
        return form

    def changed(text: str) -> str:
        text = re.sub(_OLD, renewed, text)
        if re.search(_OPENED, TEMPLATE.sub("", text)):
            form = "{{steps.STEP.KEY}} or {{runs.NAME.KEY}}"
            warnings.append(f"{quoted(text)} has the beginning of a reference and stays as it is. Write {form}")
        return TEMPLATE.sub(seen, text)

    found = _mapped(value, changed)
    return Found(found, tuple(references.values()), tuple(dict.fromkeys(faults)), tuple(dict.fromkeys(warnings)))


def unknown(value: Any) -> tuple[str, ...]:
    """What is wrong with the ``{{...}}`` in a parameter that are no references to results: nothing fills them in."""
    strange = (match for text in _texts(value) for match in TEMPLATE.finditer(text))
    told = (
        f"{quoted(match[0])} is a reference that nothing fills in ({remedy_for(match[1])})"
        for match in strange
        if match[1].strip().partition(".")[0].strip() not in ("steps", "runs")
    )
    return tuple(dict.fromkeys(told))


def unfilled(name: str, value: Any, *, secret: bool) -> tuple[str, ...]:
    """As :func:`unknown`, of the parameter ``name``. A secret one may be given as a reference to the environment."""
    if secret and is_reference(value):
        return ()
    return tuple(f"Parameter {name}: {each}" for each in unknown(value))


class Unresolved(Exception):
    """A reference leads nowhere; the message ends the sentence ``Step x needs {{...}}, but``."""


def fill(value: Any, references: Mapping[str, Any]) -> Any:
    """``value`` with the references replaced whose texts are in ``references``.

    A text that is one reference takes the value with its type; inside of longer text it is written as text (``null`` as
    nothing). One pass: a value that itself holds ``{{...}}`` is not looked into.
    """

    def filled(text: str) -> Any:
        whole = text.strip()
        if whole in references:
            return references[whole]
        return TEMPLATE.sub(lambda match: _text(references[match[0]]) if match[0] in references else match[0], text)

    return _mapped(value, filled)


def look_up(reference: Reference, results: Mapping[str, list[Any] | str]) -> Any:
    """The value that ``reference`` means. Raises ``Unresolved``.

    ``results`` are the ``Data`` of each step that succeeded, and the word for how the others ended (``failed``,
    ``skipped``).
    """
    value = _looked_up(reference, results)
    if reference.step.startswith(OF_RUN) and any(REDACTED in text for text in _texts(value)):
        raise Unresolved("it holds a secret, which the state does not keep")
    return value


def _looked_up(reference: Reference, results: Mapping[str, list[Any] | str]) -> Any:
    returned = results.get(reference.step)
    if returned is None and reference.step.startswith(OF_RUN):
        run, _, step = reference.step.removeprefix(OF_RUN).partition(".")
        raise Unresolved(f"the state holds no result of {step} of run {run} (apply that run first)")
    if returned is None:
        raise Unresolved(f"{reference.step} did not run")
    if isinstance(returned, str):
        raise Unresolved(f"{reference.step} {'failed' if returned == 'failed' else f'was {returned}'}")
    if not reference.path:
        return returned[0] if len(returned) == 1 else returned
    first, rest = reference.path[0], reference.path[1:]
    if not returned:
        raise Unresolved(f"{reference.step} returned nothing")
    if _is_index(first) and not (len(returned) == 1 and isinstance(returned[0], Mapping) and first in returned[0]):
        return _inside(returned, reference.path, reference.step)
    if len(returned) > 1:
        example = f"{{{{steps.{'.'.join((reference.step, '0', first, *rest))}}}}}"
        raise Unresolved(f"{reference.step} returned {len(returned)} items (write which one, such as {example})")
    return _inside(returned[0], reference.path, reference.step)


def _inside(value: Any, path: Sequence[str], step: str) -> Any:
    for number, key in enumerate(path):
        holder = f"{'.'.join(path[:number])} of {step}" if number else f"what {step} returned"
        if isinstance(value, Mapping):
            if key not in value:
                raise Unresolved(f"{holder} has no {key} (it has: {shortened(map(str, value)) or 'nothing'})")
            value = value[key]
        elif isinstance(value, list) and _is_index(key):
            if int(key) >= len(value):
                items = "1 item" if len(value) == 1 else f"{len(value)} items"
                raise Unresolved(f"{holder} has {items}, counted from 0")
            value = value[int(key)]
        elif isinstance(value, list):
            raise Unresolved(f"{holder} is a list (write which item, such as 0, in place of {key})")
        else:
            raise Unresolved(f"{holder} is {described(value)} and has no {key}")
    return value


def _is_index(key: str) -> bool:
    # No item has a number that long, and Python refuses to read texts of thousands of digits.
    return key.isascii() and key.isdecimal() and len(key) < 10


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mapped(value: Any, change: Callable[[str], Any]) -> Any:
    """``value`` with every text in it changed. It came out of a file or a state, which bound how deep it nests."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mapped(inner, change) for inner in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)
