"""How DuckDB's SQL is written: names, values, types, errors, and a value that has a name for a while."""

from __future__ import annotations

from decimal import Decimal

from mason.sql.sql_types import INTEGER, RANGES, SqlType
from mason.sql.translating.translated import Value
from mason.sql.translating.writing import Writing


class _Duck(Writing):
    """DuckDB's words."""

    def type_name(self, type_: SqlType) -> str:
        """How the type is written."""
        return '"NULL"' if type_.name == "NULL" else str(type_)

    def integer(self, value: int, type_: SqlType) -> str:
        """A whole number, of exactly this type."""
        if type_ == INTEGER and 0 <= value < RANGES[INTEGER]:
            return str(value)
        return self.cast(f"'{value}'" if value < 0 or value >= RANGES.get(type_, 0) else str(value), type_)

    def exact(self, value: Decimal, type_: SqlType) -> str:
        """A decimal of exactly this type."""
        return self.cast(f"'{value:f}'", type_)


DUCK = _Duck()
"""The one writer of DuckDB's SQL."""


def as_type(value: Value, type_: SqlType) -> str:
    """A value's text, cast where it is of another type."""
    return value.text if value.type == type_ else DUCK.cast(value.text, type_)


def stop(reason: str, type_: SqlType) -> str:
    """An expression of that type which stops the query, where it is reached."""
    return DUCK.cast(f"error({DUCK.text(reason)})", type_)


def stop_at(reason: str, text: str, type_: SqlType) -> str:
    """As :func:`stop`, with the value of ``text`` behind the reason."""
    return DUCK.cast(f"error({DUCK.text(reason)} || {text})", type_)


def named(body: str, *values: str) -> str:
    """``body`` in which ``it.a``, ``it.b``, ... stand for the values, so that each is worked out once."""
    inside = ", ".join(f"'{chr(97 + index)}': {value}" for index, value in enumerate(values))
    return f"list_transform([{{{inside}}}], lambda it: {body})[1]"


def quotient(one: str, one_scale: int, other: str, other_scale: int, result: SqlType) -> str:
    """The quotient of two decimals, rounded half away from zero; the divisor is no zero.

    The digits of ``one``, times a power of ten, have to fit into 38 (``result`` has as many).
    """
    shift = result.scale + other_scale - one_scale
    digits = [f"CAST(replace(CAST({each} AS VARCHAR), '.', '') AS HUGEINT)" for each in (one, other)]
    whole = f"{digits[0]} * CAST('{10 ** max(shift, 0)}' AS HUGEINT)" if shift > 0 else digits[0]
    by = f"{digits[1]} * CAST('{10**-shift}' AS HUGEINT)" if shift < 0 else digits[1]
    sign = "CASE WHEN (it.a < 0) = (it.b < 0) THEN '' ELSE '-' END"
    up = "CASE WHEN abs(it.a) % abs(it.b) >= abs(it.b) - abs(it.a) % abs(it.b) THEN 1 ELSE 0 END"
    plain = f"CAST(abs(it.a) // abs(it.b) + {up} AS VARCHAR)"
    parts = named(f"{{'s': {sign}, 't': repeat('0', {result.scale}) || {plain}}}", whole, by)
    text = f"it.a.s || '0' || left(it.a.t, -{result.scale}) || '.' || right(it.a.t, {result.scale})"
    text = text if result.scale else "it.a.s || it.a.t"
    return f"CASE WHEN {one} IS NULL OR {other} IS NULL THEN NULL ELSE CAST({named(text, parts)} AS {result}) END"
