"""What a service would refuse of a request though botocore lets it pass: texts, lists and numbers that are too long or
too large, and texts of other characters than its model names.

botocore checks types and lower bounds alone, and stand-ins check next to nothing, so a request that only the real
service refuses would be found there first. The models that botocore ships say more, and it is held to here. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

# Java writes characters beyond the first 65,536 as pairs.
_PAIRS = ("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\\U00010000-\\U0010FFFF")
_LONGEST_SHOWN = 60


def unfit(shape: Any, given: Mapping[str, Any]) -> list[str]:
    """All that the service would refuse of a request, a sentence each.

    - ``shape``: botocore's shape of the operation's input; ``None`` where it has none.
    - ``given``: the arguments, with names as botocore has them.
    """
    return list(_faults(shape, given, "")) if shape is not None else []


def _faults(shape: Any, value: Any, place: str) -> Iterator[str]:
    if value is None:
        return
    yield from _of_size(shape, value, place)
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, inner in value.items():
            # A name that there is not is botocore's to refuse.
            if name in shape.members:
                yield from _faults(shape.members[name], inner, f"{place}.{name}" if place else name)
    elif shape.type_name == "list" and isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from _faults(shape.member, inner, f"{place}[{number}]")
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _faults(shape.key, name, f"a name in {place}")
            yield from _faults(shape.value, inner, f"{place}.{name}")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _of_text(shape, value, place)


def _of_size(shape: Any, value: Any, place: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, (str, bytes, list, tuple, Mapping)):
        size, what = len(value), "characters" if isinstance(value, str) else "entries"
        if least is not None and size < least:
            yield f"{place} has {size:,} {what}, and at least {least:,} are wanted."
        if most is not None and size > most:
            yield f"{place} has {size:,} {what}, and at most {most:,} are taken."
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if least is not None and value < least:
            yield f"{place} is {value}, and the least that is taken is {least}."
        if most is not None and value > most:
            yield f"{place} is {value}, and the most that is taken is {most}."


def _of_text(shape: Any, value: str, place: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{place} is {_shown(value)}, and taken are {', '.join(allowed)}."
    pattern = _pattern(shape.metadata.get("pattern") or "")
    if pattern is not None and pattern.fullmatch(value) is None:
        yield f"{place} is {_shown(value)}, which holds what is not taken (its pattern is {shape.metadata['pattern']})."


def _shown(value: str) -> str:
    return repr(value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}...")


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """A pattern of a model; ``None`` where there is none, or one that Python does not read (``\\p{L}``)."""
    try:
        return re.compile(text.replace(*_PAIRS)) if text else None
    except re.error:
        return None
