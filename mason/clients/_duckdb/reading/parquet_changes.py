"""What DuckDB would change of a parquet file, or cannot read of it: refused by file and column, or read by a copy.

DuckDB 1.5 takes a DECIMAL of more than 38 digits for a DOUBLE of other bytes, cuts nanoseconds of times with a zone, of
times of day and of INT96, and counts far times of the latter anew from the other end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import Show
from mason.clients._duckdb.quoting import call
from mason.clients._duckdb.reading import arrow_copies
from mason.clients._duckdb.reading.arrow_copies import ArrowCopy
from mason.clients._duckdb.reading.copies import Copies
from mason.clients._duckdb.reading.int96 import Unlike, unlike
from mason.clients._duckdb.reading.nanoseconds import whole_microseconds
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._tables.columns import Columns
from mason.errors import EngineError
from mason.resources.wording import listing
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

MOST_DIGITS = 38
"""The digits of a DECIMAL that DuckDB reads."""

_NANOSECOND_TIMES = ("TimestampType(isAdjustedToUTC=1", "TimeType(")
_OF_DAY_IN_UTC = "TimeType(isAdjustedToUTC=1"
# Files whose times of twelve bytes are looked at by one query.
_AT_ONCE = 256

Parts = tuple[str, ...]
Leaves = Sequence[tuple[Parts, Mapping[str, Any]]]
"""The columns of a file that hold values, with their names from the top and what the schema says of them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read where it is not DuckDB alone that reads it: by a copy, with other columns, and what is told of
    it."""

    copied: ArrowCopy
    columns: Columns
    notes: tuple[str, ...]


def readings(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[DataFile],
    columns: Columns,
    lacks: Mapping[str, str],
    copies: Copies,
    show: Show,
) -> list[Reading | None]:
    """How files with one schema are read; ``None`` for those that DuckDB reads as they are.

    columns: as DuckDB sees them.
    lacks: what DuckDB lacks for them, by the names of columns at the top.

    Raises ``EngineError`` that names file and column for what would be changed and no copy keeps.
    """
    leaves = list(leaves_of(connection, str(files[0].path)))
    _refuse_decimals(leaves, show(str(files[0].path)))
    twelve = [parts for parts, leaf in leaves if leaf["type"] == "INT96"]
    tops = {parts[0] for parts in twelve}
    unlike_ones: list[Unlike] = []
    for start in range(0, len(files), _AT_ONCE) if twelve and not lacks else ():
        some = [file.path for file in files[start : start + _AT_ONCE]]
        found = unlike(connection, some, tops)
        alone = len(some) == 1 or found == Unlike()
        unlike_ones += [found] * len(some) if alone else [unlike(connection, [path], tops) for path in some]
    variants = {name for name, kind in columns if "VARIANT" in kind}
    counting = {parts for parts, leaf in leaves if _counts_nanoseconds(parts, leaf, variants)}
    read = []
    for index, file in enumerate(files):
        if twelve and lacks:
            times = arrow_copies.unlike_by_arrow(file.path, sorted(tops))
        else:
            times = unlike_ones[index] if twelve else Unlike()
        whole = whole_microseconds(connection, file.path, counting) if counting and not lacks else set()
        read.append(_reading(connection, file, columns, leaves, counting - whole, times, lacks, copies, show))
    return read


def _reading(
    connection: duckdb.DuckDBPyConnection,
    file: DataFile,
    columns: Columns,
    leaves: Leaves,
    fine: Set[Parts],
    times: Unlike,
    lacks: Mapping[str, str],
    copies: Copies,
    show: Show,
) -> Reading | None:
    shown = show(str(file.path))
    _refuse_times(leaves, fine, times, shown)
    if not (fine or times.fine or lacks):
        return None
    texts = tuple(sorted(parts[0] for parts in fine))
    said = dict(leaves)
    zoned = tuple(name for name in texts if str(said[(name,)]["logical_type"]).startswith(_OF_DAY_IN_UTC))
    copied = ArrowCopy(copies, file, texts, zoned, bool(times.fine))
    with copied.empty() as empty:
        rows = connection.execute(
            f"DESCRIBE SELECT * FROM {call('read_parquet', str(empty), {'hive_partitioning': 'false'})}"
        ).fetchall()
    found = tuple((row[0], row[1]) for row in rows)
    twelve = {parts[0] for parts, leaf in leaves if leaf["type"] == "INT96"}
    _refuse_other_types(columns, dict(found), {*texts, *(twelve if times.fine else ())}, shown)
    notes = [f"column {name}: read as text, because its times tell nanoseconds" for name in texts]
    by_reason: dict[str, list[str]] = {}
    for name, reason in lacks.items():
        by_reason.setdefault(reason, []).append(name)
    notes += [f"read by pyarrow, because DuckDB lacks {why}: {listing(names)}" for why, names in by_reason.items()]
    if times.fine:
        notes.append(f"read by pyarrow, because DuckDB cuts nanoseconds of INT96: {listing(sorted(times.fine))}")
    return Reading(copied, found, tuple(notes))


def _refuse_decimals(leaves: Leaves, shown: str) -> None:
    for parts, leaf in leaves:
        if leaf["converted_type"] == "DECIMAL" and leaf["precision"] > MOST_DIGITS:
            raise EngineError(
                f"{shown}, column {'.'.join(parts)}: DECIMAL({leaf['precision']},{leaf['scale']}) has more digits than "
                f"the {MOST_DIGITS} that can be read. Write the column with fewer digits, or as text."
            )


def _refuse_times(leaves: Leaves, fine: Set[Parts], times: Unlike, shown: str) -> None:
    """Raises ``EngineError`` for the first column whose times no copy keeps."""
    by_copy = arrow_copies.available()
    install = "" if by_copy else " Or install the reader that keeps them: pip install 'mason[arrow]'."
    for parts, leaf in leaves:
        place = f"{shown}, column {'.'.join(parts)}"
        if leaf["type"] == "INT96" and parts[0] in times.far:
            raise EngineError(
                f"{place}: a time is beyond the years 4713 BC to 41222, and would be read as one of another year. "
                "Write the column with nearer times, or as text."
            )
        if leaf["type"] == "INT96" and parts[0] in times.fine and (times.beyond or not by_copy):
            beside = ", beside some that are beyond the years 1677 to 2262" if times.beyond else ""
            raise EngineError(
                f"{place}: times tell nanoseconds{beside}, which would be cut to microseconds. Write the column as "
                f"microseconds, or as TIMESTAMP of nanoseconds.{'' if times.beyond else install}"
            )
        if parts in fine and (len(parts) > 1 or not by_copy):
            what = "times of day" if leaf["logical_type"].startswith("TimeType") else "times with a zone"
            raise EngineError(
                f"{place}: {what} that tell nanoseconds would be cut to microseconds. Write the column as "
                f"microseconds, or as {'text' if what == 'times of day' else 'times without a zone'}."
                f"{'' if len(parts) > 1 else install}"
            )


def _refuse_other_types(columns: Columns, found: Mapping[str, str], changed: Set[str], shown: str) -> None:
    for name, kind in columns:
        if name not in changed and found.get(name) != kind:
            raise EngineError(
                f"{shown}, column {name} cannot be read: DuckDB lacks what the file takes, and pyarrow makes "
                f"{found.get(name, 'nothing')} of {kind}. Write it anew with types, encodings and a compression (such "
                "as zstd or snappy) that DuckDB reads."
            )


def _counts_nanoseconds(parts: Parts, leaf: Mapping[str, Any], variants: Set[str]) -> bool:
    # What a VARIANT has is rounded wherever it stands in it, which is told of the column.
    if parts[0] in variants and "typed_value" in parts:
        return False
    logical = leaf["logical_type"] or ""
    return logical.startswith(_NANOSECOND_TIMES) and "NANOS=Nano" in logical


def leaves_of(connection: duckdb.DuckDBPyConnection, path: str) -> Iterator[tuple[Parts, dict[str, Any]]]:
    """The columns that hold values, with their names from the top."""
    names = ("name", "type", "num_children", "converted_type", "precision", "scale", "logical_type")
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
