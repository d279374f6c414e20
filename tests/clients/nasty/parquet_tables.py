"""Tables as pyarrow writes them to parquet, of all types that it can write."""

from __future__ import annotations

import decimal
import io
import re
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pyarrow
import pyarrow.parquet

from tests.clients.nasty import values
from tests.clients.nasty.csv_tables import Written
from tests.clients.nasty.json_tables import same

_DAYS = (date(1, 1, 1), date(1582, 10, 14), date(1970, 1, 1), date(2024, 2, 29), date(9999, 12, 31))


def written(random: Random) -> Written:
    """A table of a few rows, in one row group or several."""
    width = random.choice((1, 2, 3, 5))
    height = random.choice((1, 2, 3, 5, 9))
    names = values.names(random, width)
    made = [_column(random, height) for _ in names]
    schema = pyarrow.schema([pyarrow.field(name, kind) for name, (kind, _) in zip(names, made, strict=True)])
    table = pyarrow.table([pyarrow.array(cells, kind) for kind, cells in made], schema=schema)
    stream = io.BytesIO()
    pyarrow.parquet.write_table(
        table,
        stream,
        row_group_size=random.choice((1, 2, 1000)),
        compression=random.choice(("snappy", "zstd", "gzip", "none")),
        data_page_version=random.choice(("1.0", "2.0")),
        use_dictionary=random.random() < 0.5 and height > 1,
        version=random.choice(("2.4", "2.6")) if not any("ns" in str(kind) for kind, _ in made) else "2.6",
        store_schema=random.random() < 0.5,
    )
    cells = [[None if each is None else (kind, each) for each in column] for kind, column in made]
    return Written(
        "parquet",
        stream.getvalue(),
        {},
        names,
        list(zip(*cells, strict=True)),
        unreadable=len({name.lower() for name in names}) < width or "" in names or any(_cut(kind) for kind, _ in made),
    )


def _cut(kind: Any) -> bool:
    """Whether DuckDB has no type that holds all values of this one."""
    return re.search(r"decimal256|timestamp\[ns, tz|time64\[ns", str(kind)) is not None


def _column(random: Random, rows: int) -> tuple[Any, list[Any]]:
    kind, make = random.choice(_TYPES)
    # pyarrow does not write all of these inside of others.
    plain = pyarrow.types.is_dictionary(kind) or pyarrow.types.is_null(kind)
    if random.random() < 0.15 and not plain:
        inner, inner_kind = make, kind
        kind = pyarrow.list_(inner_kind)
        make = lambda random: [inner(random) if random.random() < 0.9 else None for _ in range(random.randrange(3))]  # noqa: E731
    elif random.random() < 0.15 and not plain:
        field, field_kind = make, kind
        kind = pyarrow.struct([("f", field_kind), ("g", pyarrow.string())])
        make = lambda random: {"f": field(random) if random.random() < 0.9 else None, "g": "x"}  # noqa: E731
    cells = [make(random) for _ in range(rows)]
    if random.random() < 0.4:
        share = random.choice((0.1, 0.5, 1.0))
        cells = [None if random.random() < share else cell for cell in cells]
    return kind, cells


def _bits(size: int, *, signed: bool) -> Any:
    low, high = (-(2 ** (size - 1)), 2 ** (size - 1) - 1) if signed else (0, 2**size - 1)
    return lambda random: random.choice((low, high, 0, 1, random.randint(low, high)))


def _decimal(digits: int, scale: int) -> Any:
    context = decimal.Context(prec=80)
    return lambda random: decimal.Decimal(random.choice((-1, 1)) * random.randrange(10**digits)).scaleb(-scale, context)


def _double(random: Random) -> float:
    return random.choice(
        (0.1, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 1e308, random.uniform(-1e9, 1e9))
    )


def _single(random: Random) -> float:
    return random.choice((0.5, -0.0, float("inf"), float("nan"), 2.0**100, float(random.randrange(2**24))))


def _text(random: Random) -> str:
    return random.choice(values.FAMILIES)(random) + random.choice(("", "", "", "\0x", "\ud7ff"))


def _day(random: Random) -> date:
    return random.choice((*_DAYS, date.fromordinal(random.randrange(1, 3_650_000))))


def _moment(unit: str) -> Any:
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    low, high = (-(2**62), 2**62) if unit == "ns" else (-62_000_000_000 * scale, 253_000_000_000 * scale)
    return lambda random: random.choice((0, 1, -1, random.randrange(low, high), random.randrange(2 * 10**9) * scale))


def _clock(unit: str) -> Any:
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    return lambda random: random.choice((0, 86_400 * scale - 1, random.randrange(86_400) * scale))


_UNITS = ("s", "ms", "us", "ns")
_DIGITS = ((1, 0), (9, 2), (18, 18), (38, 0), (38, 10), (38, 38))
_P = pyarrow
_TYPES: list[tuple[Any, Any]] = [
    *((getattr(_P, f"int{size}")(), _bits(size, signed=True)) for size in (8, 16, 32, 64)),
    *((getattr(_P, f"uint{size}")(), _bits(size, signed=False)) for size in (8, 16, 32, 64)),
    (_P.float64(), _double), (_P.float32(), _single),
    (_P.float16(), lambda random: random.choice((0.5, -2.0, 65504.0))),
    *((_P.decimal128(digits, scale), _decimal(digits, scale)) for digits, scale in _DIGITS),
    (_P.decimal32(7, 2), _decimal(7, 2)), (_P.decimal64(16, 4), _decimal(16, 4)),
    (_P.decimal256(50, 2), _decimal(50, 2)),
    (_P.string(), _text), (_P.large_string(), _text), (_P.dictionary(_P.int8(), _P.string()), _text),
    (_P.binary(), lambda random: random.randbytes(random.randrange(5))),
    (_P.binary(4), lambda random: random.randbytes(4)),
    (_P.bool_(), lambda random: random.random() < 0.5), (_P.null(), lambda random: None),
    (_P.date32(), _day), (_P.date64(), _day),
    *((_P.timestamp(unit), _moment(unit)) for unit in _UNITS),
    *((_P.timestamp(unit, zone), _moment(unit)) for unit in _UNITS for zone in ("UTC", "Europe/Berlin")),
    (_P.time32("s"), _clock("s")), (_P.time32("ms"), _clock("ms")),
    (_P.time64("us"), _clock("us")), (_P.time64("ns"), _clock("ns")),
    (_P.duration("us"), _moment("us")),
    (_P.map_(_P.string(), _P.int64()), lambda random: [("k", random.randrange(9)), ("K", None)][: random.randrange(3)]),
    (_P.list_(_P.int32(), 2), lambda random: [random.randrange(9), None]),
]  # fmt: skip


def fault(kind: str, cell: Any, read: Any) -> str:
    """Why ``read`` is not the ``cell`` (its type and value) that was written; empty where it is."""
    if cell is None:
        return "" if read is None else "a value where there was none"
    if kind == "VARCHAR" and isinstance(read, str) and _tells_nanoseconds(cell[0]):
        # Times that tell more than DuckDB holds are text, with all nine digits.
        read = re.sub(r"(\.[0-9]*?)0*(Z?)$", r"\1\2", read.replace(" ", "T")).replace("Z", "+00:00")
        read = read.replace(".+", "+").removesuffix(".")
    return "" if same(expected(*cell), read) else f"not the same: {expected(*cell)!r}"


def _tells_nanoseconds(kind: Any) -> bool:
    types = pyarrow.types
    return (types.is_timestamp(kind) or types.is_time(kind)) and kind.unit == "ns"


def expected(kind: Any, cell: Any) -> Any:
    """The value as answers give it: times as text of ISO 8601 in UTC, decimals as text with all their digits, bytes as
    hexadecimal digits, large whole numbers and what JSON has no number for as text."""
    types = pyarrow.types
    if cell is None or isinstance(cell, (bool, str)):
        return cell
    if types.is_list(kind) or types.is_fixed_size_list(kind):
        return [expected(kind.value_type, each) for each in cell]
    if types.is_struct(kind):
        return {field.name: expected(field.type, cell[field.name]) for field in kind}
    if types.is_map(kind):
        return dict(cell)
    if types.is_decimal(kind):
        # Of a DECIMAL that has nothing but a fraction, DuckDB leaves out the zero before the point.
        return re.sub(r"^(-?)0\.", r"\1.", f"{cell:f}") if kind.precision == kind.scale else f"{cell:f}"
    if types.is_timestamp(kind):
        return _shown(kind.unit, cell) + ("+00:00" if kind.tz else "")
    if types.is_time(kind):
        return _shown(kind.unit, cell)[11:]
    if isinstance(cell, float):
        return cell if cell - cell == 0 else "NaN" if cell != cell else f"{'-' if cell < 0 else ''}Infinity"
    return cell.hex() if isinstance(cell, bytes) else cell.isoformat() if isinstance(cell, date) else cell


def _shown(unit: str, count: int) -> str:
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    seconds, rest = divmod(count, scale)
    moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    fraction = f"{rest:0{len(str(scale)) - 1}}".rstrip("0") if rest else ""
    return moment.isoformat() + (f".{fraction}" if fraction else "")
