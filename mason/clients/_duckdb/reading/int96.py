"""Which times of twelve bytes (INT96) in a parquet file are beyond what DuckDB counts, or finer.

Impala, Hive and Spark write such times: nanoseconds of a day, and the number of the day, of which there are enough for
millions of years. DuckDB 1.5 counts microseconds in 64 bits: it begins anew behind their end, in another year, and cuts
nanoseconds. No statistics tell, because these bytes have no order. So a sparse copy of the file is made that calls them
bytes and not times, and all of them are looked at, once for each version of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._duckdb.quoting import call, identifier
from mason.clients._duckdb.reading.parquet_footer import end_of_schema
from mason.clients._duckdb.reading.sparse import Test, any_within, sparse_copies
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

# The beginning of an element of the schema, as Thrift's compact protocol writes it: the type INT96, perhaps a length,
# and the header of the next field; then the same with FIXED_LEN_BYTE_ARRAY and the length 12.
_ELEMENT = re.compile(rb"\x15\x06(?:\x25|\x15[\x00-\x7f]\x15)")
_BYTES_ELEMENT = b"\x15\x0e\x15\x18\x15"
# The beginning of the metadata of a column: its type, and the header of the list of encodings.
_CHUNK, _BYTES_CHUNK = b"\x15\x06\x19", b"\x15\x0e\x19"
# What the bytes of a number in the order of this protocol are worth in a division by 125; 1,000 is 8 times that.
_WORTH = (1, 6, 36, 91, 46, 26, 31, 61)


# The days whose nanoseconds 64 bits can count: 1677-09-22 to 2262-04-10.
_FIRST_FINE, _LAST_FINE = 2_333_838, 2_547_338


@dataclass(frozen=True, slots=True)
class Unlike:
    """The columns, by their names at the top, with times that DuckDB would change: ``far`` ones, and ``fine`` ones that
    tell nanoseconds. ``beyond`` are those with times of which nanoseconds in 64 bits cannot be counted; it is known
    where there are fine ones."""

    far: frozenset[str] = frozenset()
    fine: frozenset[str] = frozenset()
    beyond: frozenset[str] = frozenset()


def as_bytes(said: bytes) -> bytes:
    """A footer that calls times of twelve bytes nothing but bytes."""
    end = end_of_schema(said)
    return _ELEMENT.sub(_BYTES_ELEMENT, said[:end]) + said[end:].replace(_CHUNK, _BYTES_CHUNK)


def unlike(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], tops: Set[str]) -> Unlike:
    """Which of the columns ``tops`` of files with one schema, which have times of twelve bytes, DuckDB would change.

    Days before the year 4713 BC and after 41222 are far: DuckDB could count some more of them.
    """
    with sparse_copies(paths, tops, as_bytes) as copies:
        reader = call("read_parquet", list(map(str, copies)), {"hive_partitioning": "false"})
        relation = connection.sql(f"SELECT {', '.join(map(identifier, sorted(tops)))} FROM {reader}")
        kinds = dict(zip(relation.columns, relation.types, strict=True))

        def holding(test: Test) -> frozenset[str]:
            tests = [
                f"coalesce(bool_or({any_within(identifier(name), kind, test)}), false)" for name, kind in kinds.items()
            ]
            row = connection.execute(f"SELECT {', '.join(tests)} FROM {reader}").fetchone()
            assert row is not None
            return frozenset(name for name, found in zip(kinds, row, strict=True) if found)

        fine = holding(_fine)
        return Unlike(holding(_far), fine, holding(_beyond) if fine else frozenset())


def unlike_values(name: str, values: Iterable[bytes | None], known: Unlike) -> Unlike:
    """``known``, and what the values of column ``name`` add to it, each as its twelve bytes."""
    found = [each for each in values if each is not None]
    days = [int.from_bytes(each[8:], "little") for each in found]
    far = any(day >> 24 for day in days)
    fine = any(int.from_bytes(each[:8], "little", signed=True) % 1000 for each in found)
    beyond = any(not _FIRST_FINE <= day <= _LAST_FINE for day in days)
    one = frozenset({name})
    return Unlike(
        known.far | one if far else known.far,
        known.fine | one if fine else known.fine,
        known.beyond | one if beyond else known.beyond,
    )


def _far(value: str, kind: DuckDBPyType) -> str:
    return _of_twelve(value, kind, f"{value}[12:12] <> '\\x00'::BLOB")


def _fine(value: str, kind: DuckDBPyType) -> str:
    number = f"({value}[1:8])::BIT::BIGINT"
    rest = " + ".join(f"{worth} * (({number} >> {56 - 8 * place}) & 255)" for place, worth in enumerate(_WORTH))
    return _of_twelve(value, kind, f"({number} >> 56) & 7 <> 0 OR ({rest}) % 125 <> 0")


def _beyond(value: str, kind: DuckDBPyType) -> str:
    number = f"({value}[9:12])::BIT::INTEGER::BIGINT"
    day = " + ".join(f"(({number} >> {24 - 8 * place}) & 255) * {256**place}" for place in range(4))
    return _of_twelve(value, kind, f"({day}) NOT BETWEEN {_FIRST_FINE} AND {_LAST_FINE}")


def _of_twelve(value: str, kind: DuckDBPyType, test: str) -> str:
    # There may be other bytes beside, within a struct.
    return f"CASE WHEN octet_length({value}) = 12 THEN {test} ELSE false END" if kind.id == "blob" else ""
