"""Whether the columns of an output are such that its checks mean something: before it is written, where they are known,
and when it is.

Types are written as DuckDB writes them, which is how all engines of Mason tell them. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from mason.resources.output_checks import Check
from mason.resources.wording import described, suggestion

_WHOLE = {
    "TINYINT": (-(2**7), 2**7 - 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "HUGEINT": (-(2**127), 2**127 - 1),
    "UTINYINT": (0, 2**8 - 1),
    "USMALLINT": (0, 2**16 - 1),
    "UINTEGER": (0, 2**32 - 1),
    "UBIGINT": (0, 2**64 - 1),
    "UHUGEINT": (0, 2**128 - 1),
}
_FLOATING = ("FLOAT", "DOUBLE")
_TEXT = ("VARCHAR", "UUID", "ENUM")
_ZONED = "TIMESTAMP WITH TIME ZONE"
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", _ZONED)
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def faults(check: Check, columns: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with ``check`` for an output with ``columns`` (their types by their names), as sentences without a
    full stop. What its SQL says is not looked at."""
    known = actual(check, columns)
    for name in check.columns:
        if name not in known:
            remedy = suggestion(name, columns, "its columns")
            yield f"check {check.name}: there is no column {name} in the output ({remedy})"
    if len(known) < len(check.columns):
        return
    if check.kind == "freshness":
        (column,) = known.values()
        if plain(columns[column]) not in _TIMES:
            yield f"check {check.name}: {column} is {columns[column]}, which is no date or time, so it has no age"
    elif check.kind == "accepted_values":
        (column,) = known.values()
        for value in check.values:
            if (told := _unfit(value, columns[column])) is not None:
                yield f"check {check.name}: {column} is {columns[column]}, but an accepted value is {told}"


def actual(check: Check, columns: Mapping[str, str]) -> dict[str, str]:
    """The columns that a check names, as they are called in the output: SQL folds case, unless two differ by it."""
    folded = {name.lower(): name for name in columns}
    return {
        name: name if name in columns else folded[name.lower()]
        for name in check.columns
        if name in columns or name.lower() in folded
    }


def plain(kind: str) -> str:
    """A type without its arguments: ``DECIMAL(10,2)`` is a ``DECIMAL``."""
    return kind.partition("(")[0].strip().upper()


def as_texts(values: Sequence[Any], kind: str) -> list[str]:
    """The accepted ``values`` as texts of the type ``kind``, without those that no value of it can be, such as 300
    where there is one byte, or 1.005 where there are two digits behind the point."""
    name, found = plain(kind), []
    for value in values:
        if name in _WHOLE:
            number = int(value)
            least, most = _WHOLE[name]
            if least <= number <= most:
                found.append(str(number))
        elif name == "DECIMAL":
            number_text = _exact(value, kind)
            if number_text is not None:
                found.append(number_text)
        elif name == "BOOLEAN":
            found.append("true" if value else "false")
        elif name == "UUID":
            found.append(str(value).lower())
        else:
            found.append(value if isinstance(value, str) else repr(value))
    return list(dict.fromkeys(found))


def is_compared_as_text(kind: str) -> bool:
    """Whether values of a type are compared as the texts that they are written as."""
    return plain(kind) in _TEXT


def _exact(value: Any, kind: str) -> str | None:
    shape = _DECIMAL.fullmatch(kind)
    digits, scale = (int(shape[1]), int(shape[2])) if shape else (18, 3)
    number = Decimal(str(value))
    _, parts, exponent = number.normalize().as_tuple()
    if not isinstance(exponent, int):
        return None
    before = max(len(parts) + exponent, 0)
    return f"{number:f}" if -exponent <= scale and before <= digits - scale else None


def _unfit(value: Any, kind: str) -> str | None:
    """What a value is that cannot be one of a column of ``kind``; ``None`` where it can."""
    name, told = plain(kind), described(value)
    if kind.endswith("]") or name in ("STRUCT", "MAP", "UNION", "BLOB", "BIT", "INTERVAL", "JSON", "VARIANT", "NULL"):
        return f"{told}: values of this type are not compared"
    if name in _WHOLE:
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return None if is_whole and not isinstance(value, bool) else told
    if name in _FLOATING:
        return None if isinstance(value, int | float) and not isinstance(value, bool) else told
    if name == "DECIMAL":
        return None if not isinstance(value, bool) and _is_number(value) else told
    if name == "BOOLEAN":
        return None if isinstance(value, bool) else told
    if not isinstance(value, str):
        return f"{told} (put it in quotes)"
    return None if _fits_text(value, name) else told


def _is_number(value: Any) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def _fits_text(value: str, name: str) -> bool:
    try:
        if name == "DATE":
            date.fromisoformat(value)
        elif name in _TIMES:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            # A zone would be passed over where the column has none.
            return moment.tzinfo is None or name == _ZONED
        elif name == "TIME":
            time.fromisoformat(value)
    except ValueError:
        return False
    return True
