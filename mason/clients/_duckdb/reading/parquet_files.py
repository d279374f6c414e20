"""What columns parquet files have, and which of them DuckDB would change: these are refused by file and column.

DuckDB 1.5 takes a DECIMAL of more than 38 digits for a DOUBLE of other bytes, and cuts nanoseconds of times with a zone
and of times of day. Whether a file has such nanoseconds is told by the smallest and largest values in its footer, which
DuckDB shows cut as well, so that the footer is read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.quoting import call
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._tables.columns import Columns
from mason.errors import EngineError
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

_MOST_DIGITS = 38
_NANOSECOND_TIMES = ("TimestampType(isAdjustedToUTC=1", "TimeType(")


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file with its columns, and those of them whose type says that they have no values."""

    file: DataFile
    columns: Columns
    nulls: frozenset[str] = frozenset()


def look(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile], show: Show) -> list[ParquetFile]:
    """The columns of parquet files: one question reads the metadata of all, and one file of each distinct schema is
    looked at closer.

    Raises ``EngineError`` that names file and column for what DuckDB would change.
    """
    filled = {str(file.path): file for file in files if not file.empty}
    found = [ParquetFile(file, ()) for file in files if file.empty]
    if not filled:
        return found
    signatures = connection.execute(
        "SELECT file_name, string_agg(concat_ws(':', name, type, type_length, converted_type, scale, precision, "
        "logical_type, num_children), ',' ORDER BY column_id), "
        f"coalesce(max(precision) FILTER (converted_type = 'DECIMAL'), 0) > {_MOST_DIGITS}, "
        "coalesce(bool_or(contains(logical_type, 'NANOS=Nano')), false), "
        "coalesce(bool_or(logical_type = 'NullType()'), false) "
        f"FROM {call('parquet_schema', list(filled), {})} WHERE column_id > 0 GROUP BY file_name"
    ).fetchall()
    columns: dict[str, Columns] = {}
    nulls: dict[str, frozenset[str]] = {}
    for path, signature, long, nanoseconds, null in signatures:
        file = filled.pop(path)
        if long or nanoseconds:
            _refuse_changed(connection, file, show, nanoseconds=nanoseconds)
        if signature not in columns:
            reader = call("read_parquet", path, {"hive_partitioning": "false"})
            described = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
            columns[signature] = tuple((row[0], row[1]) for row in described)
            nulls[signature] = _nulls(connection, path) if null else frozenset()
        found.append(ParquetFile(file, columns[signature], nulls[signature]))
    # A parquet file with a schema of no columns has no row in the answer.
    return found + [ParquetFile(file, ()) for file in filled.values()]


def _nulls(connection: duckdb.DuckDBPyConnection, path: str) -> frozenset[str]:
    leaves = _leaves(connection, path)
    return frozenset(parts[0] for parts, leaf in leaves if len(parts) == 1 and leaf["logical_type"] == "NullType()")


def _refuse_changed(connection: duckdb.DuckDBPyConnection, file: DataFile, show: Show, *, nanoseconds: bool) -> None:
    fine: set[tuple[str, ...]] | None = None
    for parts, leaf in _leaves(connection, str(file.path)):
        place = f"{show(str(file.path))}, column {'.'.join(parts)}"
        logical = leaf["logical_type"] or ""
        if leaf["converted_type"] == "DECIMAL" and leaf["precision"] > _MOST_DIGITS:
            raise EngineError(
                f"{place}: DECIMAL({leaf['precision']},{leaf['scale']}) has more digits than the {_MOST_DIGITS} that "
                "can be read. Write the column with fewer digits, or as text."
            )
        if nanoseconds and logical.startswith(_NANOSECOND_TIMES) and "NANOS=Nano" in logical:
            if fine is None:
                fine = _whole_microseconds(file.path)
            if parts not in fine:
                what = "times of day" if logical.startswith("TimeType") else "times with a zone"
                raise EngineError(
                    f"{place}: {what} that tell nanoseconds would be cut to microseconds. Write the column as "
                    f"microseconds, or as {'text' if what == 'times of day' else 'times without a zone'}."
                )


def _leaves(connection: duckdb.DuckDBPyConnection, path: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The columns that hold values, with their names from the top."""
    names = ("name", "num_children", "converted_type", "precision", "scale", "logical_type")
    rows = connection.execute(
        f"SELECT {', '.join(names)} FROM {call('parquet_schema', path, {})} ORDER BY column_id"
    ).fetchall()
    open_groups: list[tuple[str, int]] = []
    for row in rows:
        leaf = dict(zip(names, row, strict=True))
        if leaf["num_children"]:
            open_groups.append((leaf["name"], leaf["num_children"]))
            continue
        yield (*(name for name, _ in open_groups[1:]), leaf["name"]), leaf
        while open_groups:
            name, left = open_groups.pop()
            if left > 1:
                open_groups.append((name, left - 1))
                break


def _whole_microseconds(path: Path) -> set[tuple[str, ...]]:
    """The columns whose smallest and largest values, in every row group, are whole microseconds."""
    bounds: dict[tuple[str, ...], list[bytes | None]] = {}
    for group in _footer(path).get(4, []):
        for chunk in group.get(1, []):
            metadata = chunk.get(3, {})
            parts = tuple(part.decode() for part in metadata.get(3, []))
            statistics = metadata.get(12, {})
            if statistics.get(3) == metadata.get(5):
                # Nothing but nulls.
                bounds.setdefault(parts, [])
                continue
            bounds.setdefault(parts, []).extend((statistics.get(5), statistics.get(6)))
    return {
        parts
        for parts, values in bounds.items()
        if all(each is not None and int.from_bytes(each, "little", signed=True) % 1000 == 0 for each in values)
    }


def _footer(path: Path) -> Mapping[int, Any]:
    """The metadata at the end of a parquet file, by the numbers of its fields; see parquet.thrift."""
    with path.open("rb") as file:
        file.seek(-8, 2)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-8 - length, 2)
        return _Compact(file.read(length)).struct()


class _Compact:
    """Thrift's compact protocol, as much of it as a footer needs.

    https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def struct(self) -> dict[int, Any]:
        """A struct: its fields by number."""
        fields: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            kind = header & 0x0F
            number = number + (header >> 4) if header >> 4 else self._signed()
            fields[number] = kind == 1 if kind in (1, 2) else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 7:
            self.at += 8
            return None
        if kind == 8:
            length = self._unsigned()
            self.at += length
            return self.data[self.at - length : self.at]
        if kind in (9, 10):
            header = self._byte()
            count = header >> 4 if header >> 4 < 15 else self._unsigned()
            return [self._value(header & 0x0F) for _ in range(count)]
        if kind == 12:
            return self.struct()
        raise EngineError(f"A parquet footer holds a value of kind {kind}, which no footer has.")

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
