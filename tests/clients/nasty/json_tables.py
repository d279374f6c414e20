"""Tables as Python's json module writes them: a list of objects, or an object a line."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from random import Random
from typing import Any

from tests.clients.nasty import laws, values
from tests.clients.nasty.csv_tables import Written

_ABSENT = object()


def written(random: Random) -> Written:
    """A table of a few rows, or now and then of some hundreds; keys may be missing."""
    width = random.choice((1, 2, 2, 3, 4))
    height = random.randrange(300, 2500) if random.random() < 0.004 else random.choice((1, 2, 3, 5, 9))
    keys = values.names(random, width)
    columns = [_column(random, height) for _ in keys]
    records = [
        {key: value for key, value in zip(keys, row, strict=True) if value is not _ABSENT}
        for row in zip(*columns, strict=True)
    ]
    # A key that is there twice has the last value, and its place is that of the first.
    every = list(dict.fromkeys(key for record in records for key in record))
    ascii_only = random.random() < 0.3
    lines = random.random() < 0.5
    texts = [json.dumps(record, ensure_ascii=ascii_only) for record in records]
    content = (
        "".join(f"{text}\n" for text in texts)
        if lines
        else json.dumps(records, ensure_ascii=ascii_only, indent=random.choice((None, 2)))
    )
    if not every:
        # Objects without keys are told as they are.
        every, records = ["json"], [{"json": record} for record in records]
    folded = [key.lower() for key in every]
    return Written(
        "jsonl" if lines else "json",
        content.encode("utf-8"),
        {},
        every,
        [tuple(record.get(key) for key in every) for record in records],
        unreadable=len(set(folded)) < len(folded)
        or "" in every
        or _twice(records)
        or "NaN" in content
        or "Infinity" in content,
    )


def _twice(value: Any) -> bool:
    """Whether keys of an object inside differ in case only, or one is empty."""
    if isinstance(value, dict):
        folded = [key.lower() for key in value]
        return len(set(folded)) < len(folded) or any(map(_twice, value.values()))
    return isinstance(value, list) and any(map(_twice, value))


def _column(random: Random, rows: int) -> list[Any]:
    family = random.choice(_FAMILIES)
    found = [family(random) for _ in range(rows)]
    if random.random() < 0.4:
        for _ in range(random.choice((1, 1, 2))):
            found[rows - 1 if random.random() < 0.5 else random.randrange(rows)] = random.choice(_FAMILIES)(random)
    if random.random() < 0.35:
        share, nothing = random.choice((0.1, 0.5, 0.9, 1.0)), random.choice((None, _ABSENT))
        found = [nothing if random.random() < share else value for value in found]
    return found


def _text(random: Random) -> Any:
    return random.choice(values.FAMILIES)(random)


def _whole(random: Random) -> Any:
    return int(random.choice((values.whole, values.long_whole, values.at_the_edge))(random))


def _fraction(random: Random) -> Any:
    return float(random.choice((values.fraction, values.full_fraction, values.scientific))(random))


def _odd_number(random: Random) -> Any:
    return random.choice(
        (
            0,
            -0.0,
            1e400 if random.random() < 0.1 else 1e308,
            5e-324,
            0.1,
            1e22,
            1e15,
            123456789012345680.0,
            2**64,
            -(2**63),
        )
    )


def _list(random: Random) -> Any:
    inner = random.choice(_SCALARS)
    return [inner(random) if random.random() < 0.9 else None for _ in range(random.randrange(4))]


def _object(random: Random) -> Any:
    keys = random.choice((("a", "b"), ("x",), ("a", "a_1", "c"), ("n", "N") if random.random() < 0.2 else ("1", "2")))
    return {key: random.choice(_SCALARS)(random) for key in keys if random.random() < 0.8}


def _deep(random: Random) -> Any:
    return {"l": [_object(random) for _ in range(random.randrange(3))], "o": {"p": _list(random)}}


def _same(inner: Any) -> Any:
    return lambda random: inner


_SCALARS = (_whole, _fraction, _text, lambda random: random.random() < 0.5, lambda random: None)
_FAMILIES = (
    _whole, _whole, _fraction, _fraction, _odd_number, _text, _text, _text, _list, _object, _deep,
    lambda random: random.random() < 0.5, _same({}), _same([]), _same(None),
)  # fmt: skip


def fault(kind: str, value: Any, read: Any) -> str:
    """Why ``read`` is not the ``value`` that was written; empty where it is."""
    if value is None:
        return "" if read is None else "a value where there was none"
    if isinstance(value, str) and kind != "JSON":
        return laws.fault(kind, value, read)
    if read is None:
        return "no value where there was one"
    if kind == "VARCHAR":
        # As JSON writes it: another order of digits or spaces would be another text.
        return "" if _same_json(value, read) else "another text than that of its JSON"
    return "" if same(value, read) else f"not the same as {kind}"


def _same_json(value: Any, text: str) -> bool:
    try:
        return same(value, json.loads(text, parse_float=Decimal))
    except ValueError:
        return False


def same(value: Any, read: Any) -> bool:
    """Whether two values mean the same: numbers by their digits, objects without what they hold not."""
    if isinstance(value, bool) or isinstance(read, bool):
        return value is read
    if isinstance(value, (int, float)):
        return _same_number(value, read)
    if isinstance(value, dict):
        return isinstance(read, dict) and all(same(value.get(key), read.get(key)) for key in {*value, *read})
    if isinstance(value, list):
        return isinstance(read, list) and len(value) == len(read) and all(map(same, value, read))
    return bool(value == read)


def _same_number(value: float, read: Any) -> bool:
    if value in (math.inf, -math.inf):
        # JSON has no such number, and the json module writes a word.
        return read in (value, f"{'-' if value < 0 else ''}Infinity")
    if isinstance(read, str) and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", read):
        return False
    if read is None or isinstance(read, (dict, list)):
        return False
    one, other = Decimal(repr(value)), Decimal(repr(read) if isinstance(read, float) else read)
    return one == other and math.copysign(1, one) == math.copysign(1, other)
