"""Values of every type as SQL. The type decides on the form; the column's facts, then its name, on the range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.fake.column import FakeColumn
from mason.clients._duckdb.fake.column_names import NOTHING, Meaning, meaning_of
from mason.clients._duckdb.fake.dice import Dice
from mason.clients._duckdb.fake.text import Texts
from mason.clients._duckdb.quoting import identifier, literal
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

WHOLE_LIMITS = {
    "tinyint": (-(2**7), 2**7 - 1),
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "hugeint": (-(2**127), 2**127 - 1),
    "utinyint": (0, 2**8 - 1),
    "usmallint": (0, 2**16 - 1),
    "uinteger": (0, 2**32 - 1),
    "ubigint": (0, 2**64 - 1),
    "uhugeint": (0, 2**128 - 1),
}
"""The smallest and the largest number of each type of whole numbers, by its id."""

FLOATING = frozenset({"float", "double"})
"""The ids of floating types."""

TIMESTAMPS = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"})
"""The ids of types that are a day and a time."""

_TIMES = frozenset({"time", "time_ns", "time with time zone"})
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
# As digits: decimals have up to 38, doubles reach to 10^308.
_EXACT = Context(prec=800)
_LARGEST_EXACT = 2**53
_MOST_ELEMENTS = 4


@dataclass(frozen=True, slots=True)
class Values:
    """Makes the SQL of values for ``size`` rows; ``texts`` are where texts come from."""

    connection: duckdb.DuckDBPyConnection
    texts: Texts
    size: int

    def column(self, column: FakeColumn, dice: Dice) -> str:
        """The SQL of a whole column, nulls and type as the column says."""
        kind = self._kind(column.type)
        if column.values:
            value = self._chosen(column, dice)
        else:
            value = self._value(kind, column, meaning_of(column.name), dice)
        if column.null_share > 0:
            # A share of 1 and a rounding above it are all rows.
            bound = min(round(column.null_share * 2**32), 2**32)
            null = f"{dice.below(2**32, 'null')} < {bound}"
            # DuckDB has no CASE of arrays; beyond the end of a list is NULL.
            nested = f"[{value}][CASE WHEN {null} THEN 2 ELSE 1 END]"
            value = nested if kind.id in _NESTED else f"CASE WHEN {null} THEN NULL ELSE {value} END"
        return f"CAST({value} AS {column.type})"

    def _kind(self, type_: str) -> DuckDBPyType:
        return self.connection.sql(f"SELECT CAST(NULL AS {type_})").types[0]

    def _chosen(self, column: FakeColumn, dice: Dice) -> str:
        """One of the given values, each as often as its share of the sum says."""
        total = sum(share for _, share in column.values)
        bounds, so_far = [], 0.0
        for _, share in column.values:
            so_far += share
            bounds.append(round(so_far / total * 2**32))
        branches = "".join(
            f" WHEN {dice.below(2**32)} < {bound} THEN {_text(value)}"
            for bound, (value, _) in zip(bounds[:-1], column.values, strict=False)
        )
        last = _text(column.values[-1][0])
        return f"CASE{branches} ELSE {last} END" if branches else last

    def _value(self, kind: DuckDBPyType, column: FakeColumn, meaning: Meaning, dice: Dice) -> str:
        if str(kind) == "JSON":
            return self._json(dice)
        nested = _NESTED.get(kind.id)
        if nested:
            return f"CAST({nested(self, kind, column, dice)} AS {kind})"
        if kind.id == "varchar":
            return self._varchar(column, meaning, dice)
        if kind.id in WHOLE_LIMITS or kind.id in ("decimal", "bignum"):
            return self._exact(kind, column, meaning, dice)
        if kind.id in FLOATING:
            return self._floating(column, meaning, dice)
        if kind.id == "date":
            days = self._bounds(column, kind, "date_diff('day', DATE '1970-01-01', {})", meaning)
            return f"(DATE '1970-01-01' + CAST({_drawn(dice, *days, column.distinct)} AS INTEGER))"
        if kind.id in TIMESTAMPS:
            return self._timestamp(kind, column, meaning, dice)
        if kind.id in _TIMES:
            return self._time(kind, column, dice)
        plain = _PLAIN.get(kind.id)
        if plain is None:
            raise EngineError(
                f"Values of the type {kind} (column {column.name}) cannot be made up. Leave the column out, or give it "
                "another type."
            )
        return plain(self, kind, column, dice)

    def _varchar(self, column: FakeColumn, meaning: Meaning, dice: Dice) -> str:
        if meaning.text:
            return self.texts.text(meaning.text, dice)
        if meaning.natural:
            plain = FakeColumn(column.name, meaning.natural)
            value = self._value(self._kind(meaning.natural), plain, meaning, dice)
            return f"CAST(CAST({value} AS {meaning.natural}) AS VARCHAR)"
        return self.texts.shaped(column.text, dice) if column.text else self.texts.draw("words", dice)

    def _exact(self, kind: DuckDBPyType, column: FakeColumn, meaning: Meaning, dice: Dice) -> str:
        """Whole numbers and decimals: a whole number of the smallest unit."""
        limits, scale = _exact_limits(kind)
        known = column.min is not None and column.max is not None
        if kind.id in WHOLE_LIMITS and column.unique and column.min is not None and column.max is not None:
            return self._ascending(kind, int(column.min), int(column.max), dice)
        room = limits[1] // 10**scale
        if meaning.key and room and not known:
            return f"(1 + {dice.row} % {min(room, 2**62)})"
        low, high, decimals = self._range(column, meaning, scale, room)
        low, high = (
            max(low, -(-limits[0] // 10 ** (scale - decimals))),
            min(high, limits[1] // 10 ** (scale - decimals)),
        )
        if low > high:
            # The name promises more than the type holds: a year does not fit into a TINYINT.
            low, high = 0, limits[1] // 10 ** (scale - decimals)
        skewed = meaning.skewed and not known
        number = dice.skewed(low, high) if skewed else _drawn(dice, low, high, column.distinct)
        if not decimals:
            return number
        digits = 18 if max(abs(low), abs(high)) < 10**18 else 38
        return (
            f"(CAST({number} AS DECIMAL({digits}, 0)) * CAST('0.{1:0{decimals}}' AS DECIMAL({decimals}, {decimals})))"
        )

    def _ascending(self, kind: DuckDBPyType, low: int, high: int, dice: Dice) -> str:
        """A number of its own for each row, from ``low`` to ``high`` while they suffice, and on from there."""
        stride = min((high - low + 1) // max(self.size, 1), 2**31)
        offset = dice.row
        if stride > 1:
            offset = f"({dice.row} * {stride} + {dice.below(stride)})"
        elif low + self.size - 1 > WHOLE_LIMITS[kind.id][1]:
            offset = f"({dice.row} % {high - low + 1})"
        return f"(CAST({low} AS {kind}) + CAST({offset} AS {kind}))"

    def _floating(self, column: FakeColumn, meaning: Meaning, dice: Dice) -> str:
        known = column.min is not None and column.max is not None
        if meaning.key and not known:
            return f"(1 + {dice.row})"
        decimals = {"1": 0, "0.01": 2}.get(column.step) if known else 6
        if decimals is not None:
            low, high, decimals = self._range(column, meaning, decimals, 1000)
            if max(abs(low), abs(high)) < _LARGEST_EXACT:
                skewed = meaning.skewed and not known
                number = dice.skewed(low, high) if skewed else _drawn(dice, low, high, column.distinct)
                return f"(CAST({number} AS DOUBLE) / {10**decimals})"
        least, most = (f"CAST({literal(bound)} AS DOUBLE)" for bound in (column.min, column.max))
        share = dice.share()
        # Not low + share * (high - low), whose difference may be infinite.
        return f"least({most}, greatest({least}, {least} * (1 - {share}) + {most} * {share}))"

    def _range(self, column: FakeColumn, meaning: Meaning, scale: int, room: int) -> tuple[int, int, int]:
        """The smallest and the largest number, in units of so many decimals, which are ``scale`` at most."""
        if column.min is not None and column.max is not None:
            return *_units(column.min, column.max, scale), scale
        if meaning.reference:
            return 1, max(self.size // 10, 10), 0
        if meaning.share:
            # 100 percent where they fit and fractions do not; else fractions of 1.
            whole = scale == 0 or (scale < 3 and room >= 100)
            decimals = min(scale, 2 if whole else 4)
            return 0, (100 if whole else 1) * 10**decimals, decimals
        if meaning.low is not None and meaning.high is not None:
            decimals = min(scale, meaning.decimals)
            return meaning.low * 10**decimals, meaning.high * 10**decimals, decimals
        decimals = min(scale, 4) if room else scale
        return 0, max(1, min(room, 1_000_000)) * 10**decimals - 1, decimals

    def _timestamp(self, kind: DuckDBPyType, column: FakeColumn, meaning: Meaning, dice: Dice) -> str:
        fine = kind.id == "timestamp_ns"
        unit = 1000 if fine else 1
        low, high = self._bounds(column, kind, "epoch_ns({})" if fine else "epoch_us({})", meaning)
        step = 1
        if column.min is None or column.step:
            step = unit * (_DAY if column.step == "day" else _SECOND)
        number = _drawn(dice, -(-low // step), high // step, column.distinct)
        number = f"{number} * {step}" if step > 1 else number
        moment = f"make_timestamp_ns({number})" if fine else f"make_timestamp({number})"
        return f"timezone('UTC', {moment})" if kind.id == "timestamp with time zone" else moment

    def _time(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        if column.min is None or column.max is None or kind.id == "time with time zone":
            number = f"{dice.below(86_400)} * {_SECOND}"
        else:
            low, high = self._measured(column, kind, "epoch_us({})")
            number = _drawn(dice, low, min(high, _DAY - 1), column.distinct)
        time = f"(TIME '00:00:00' + to_microseconds({number}))"
        return f"CAST({time} AS VARCHAR)" if kind.id == "time_ns" else time

    def _interval(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        low, high, unit = 0, 30 * 86_400, _SECOND
        if column.min is not None and column.max is not None:
            low, high = self._measured(column, kind, "epoch_us({})")
            unit = 1
        number = _drawn(dice, low, high, column.distinct)
        day = _DAY // unit
        interval = f"(to_days(CAST({number} // {day} AS INTEGER)) + to_microseconds({number} % {day} * {unit}))"
        if column.min is None or column.max is None:
            return interval
        # A year is 365.25 days where DuckDB counts microseconds, and 360 where it compares.
        least, most = (f"CAST({literal(bound)} AS INTERVAL)" for bound in (column.min, column.max))
        return f"least({most}, greatest({least}, {interval}))"

    def _bounds(self, column: FakeColumn, kind: DuckDBPyType, measure: str, meaning: Meaning) -> tuple[int, int]:
        """The first and the last moment of a date or timestamp, as ``measure`` counts them."""
        if column.min is None or column.max is None:
            column = replace(column, min=meaning.first, max=meaning.last)
        return self._measured(column, kind, measure)

    def _measured(self, column: FakeColumn, kind: DuckDBPyType, measure: str) -> tuple[int, int]:
        bounds = (measure.format(f"CAST({literal(bound)} AS {kind})") for bound in (column.min, column.max))
        row = self.connection.execute(f"SELECT {', '.join(bounds)}").fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def _json(self, dice: Dice) -> str:
        key, name = dice.whole(1, 1_000_000), self.texts.draw("word", dice.part("name"))
        flag = f"CASE WHEN {dice.below(2, 'flag')} = 0 THEN 'true' ELSE 'false' END"
        return f"""('{{"id": ' || {key} || ', "name": "' || {name} || '", "active": ' || {flag} || '}}')"""

    def _uuid(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        # Version 4 and variant 1 (RFC 9562), as random ones have.
        high = f"lpad(to_hex({dice.roll('high')} & {0xFFFFFFFFFFFF0FFF} | {0x4000}), 16, '0')"
        low = f"to_hex({dice.roll('low')} & {0x3FFFFFFFFFFFFFFF} | {0x8000000000000000})"
        return f"CAST({high} || {low} AS UUID)"

    def _blob(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        return f"from_hex(lpad(to_hex({dice.roll()}), 16, '0'))"

    def _bits(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        return f"CAST(lpad(bin({dice.below(256)}), 8, '0') AS BIT)"

    def _boolean(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        return f"({dice.below(2)} = 0)"

    def _enum(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        words = list(_child(kind, "values"))
        return f"{literal(words)}[1 + {dice.below(len(words))}]" if words else "NULL"

    def _list(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        return self._elements(_child(kind, "child"), column, dice, f"1 + {dice.below(_MOST_ELEMENTS, 'length')}")

    def _array(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        return self._elements(_child(kind, "child"), column, dice, str(_child(kind, "size")))

    def _elements(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice, length: str) -> str:
        # A variable of its own for each depth.
        index = f'"made up {dice.path.count(chr(10))}"'
        inner = dice.part("element").element(index)
        value = self._value(kind, FakeColumn(column.name, str(kind)), _singular(column.name), inner)
        return f"list_transform(range({length}), lambda {index}: CAST({value} AS {kind}))"

    def _struct(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        # Without names, so that none has to be written as the name of an argument; the cast brings them.
        return f"row({', '.join(self._field(name, inner, dice) for name, inner in kind.children)})"

    def _union(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        members = [(name, inner) for name, inner in kind.children if name]
        made = (
            f"CAST(union_value({identifier(name)} := {self._field(name, inner, dice)}) AS {kind})"
            for name, inner in members
        )
        return f"[{', '.join(made)}][1 + {dice.below(len(members))}]"

    def _field(self, name: str, kind: Any, dice: Dice) -> str:
        value = self._value(kind, FakeColumn(name, str(kind)), meaning_of(name), dice.part(f"field {name}"))
        return f"CAST({value} AS {kind})"

    def _map(self, kind: DuckDBPyType, column: FakeColumn, dice: Dice) -> str:
        plain = FakeColumn("", "")
        keys = self._elements(_child(kind, "key"), plain, dice.part("key"), f"1 + {dice.below(3, 'length')}")
        # Sorted, because the order of distinct values is nowhere promised.
        keys = f"list_sort(list_distinct({keys}))"
        return f"map({keys}, {self._elements(_child(kind, 'value'), column, dice.part('value'), f'len({keys})')})"


Maker = Callable[[Values, "DuckDBPyType", FakeColumn, Dice], str]

_PLAIN: dict[str, Maker] = {
    "boolean": Values._boolean,
    "interval": Values._interval,
    "uuid": Values._uuid,
    "blob": Values._blob,
    "bit": Values._bits,
    "enum": Values._enum,
}
_NESTED: dict[str, Maker] = {
    "list": Values._list,
    "array": Values._array,
    "struct": Values._struct,
    "map": Values._map,
    "union": Values._union,
}


def _drawn(dice: Dice, low: int, high: int, distinct: int | None) -> str:
    """A number from ``low`` to ``high``, evenly drawn, from no more than ``distinct`` of them."""
    span = high - low
    if distinct and 1 < distinct <= span // 2 and distinct * span < 2**62 and abs(low) < 2**62:
        return dice.spaced(low, high, distinct)
    return dice.whole(low, max(low, high))


def _units(low: str, high: str, decimals: int) -> tuple[int, int]:
    """Two numbers as whole numbers of the last decimal, rounded to the inside."""
    first = Decimal(low).scaleb(decimals, _EXACT).to_integral_value(ROUND_CEILING, _EXACT)
    last = Decimal(high).scaleb(decimals, _EXACT).to_integral_value(ROUND_FLOOR, _EXACT)
    return int(first), int(last)


def _exact_limits(kind: DuckDBPyType) -> tuple[tuple[int, int], int]:
    """The smallest and largest number of a type in its smallest unit, and how many decimals that unit has."""
    if kind.id == "decimal":
        most = 10 ** int(_child(kind, "precision")) - 1
        return (-most, most), int(_child(kind, "scale"))
    return WHOLE_LIMITS.get(kind.id, WHOLE_LIMITS["hugeint"]), 0


def _child(kind: DuckDBPyType, name: str) -> Any:
    return dict(kind.children)[name]


def _singular(name: str) -> Meaning:
    """The meaning of one element of a list that is named in the plural: ``tags``, ``emails``."""
    meaning = meaning_of(name)
    if meaning is NOTHING and name.endswith("s"):
        meaning = meaning_of(name[:-1])
    return replace(meaning, key=False)


def _text(value: str) -> str:
    """A text as SQL; the one character that no SQL text may hold is put in by its number."""
    return " || chr(0) || ".join(literal(part) for part in value.split("\0"))
