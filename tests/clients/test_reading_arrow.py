"""Parquet that pyarrow reads and DuckDB does not: all verbs read it by a copy and say so, or it is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mason.engines.models import Job
from tests.clients.conftest import Local, make, refusal

LZ4 = "read by pyarrow, because DuckDB lacks LZ4 as Hadoop writes it: id, word"
SPLIT = "read by pyarrow, because DuckDB lacks BYTE_STREAM_SPLIT of other values than FLOAT and DOUBLE: n"
ROWS = [(1, "one"), (2, None), (3, "three")]


def write_lz4(path: Path, rows: list[tuple[Any, ...]] = ROWS) -> None:
    """A file whose footer calls its blocks of LZ4 by the name that Hadoop gave them; readers know both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ids, words = zip(*rows, strict=True)
    pq.write_table(pa.table({"id": list(ids), "word": pa.array(words, pa.string())}), path, compression="lz4")
    path.write_bytes(path.read_bytes().replace(b"\x15\x0e\x16", b"\x15\x0a\x16"))


def write_split(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table({"id": [1, 2, 3], "n": [1, 2, 3]}),
        path,
        use_dictionary=False,
        column_encoding={"id": "PLAIN", "n": "BYTE_STREAM_SPLIT"},
    )


def write_int96(path: Path, times: list[int | None], unit: str = "ns") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"id": range(len(times)), "at": pa.array(times, pa.timestamp(unit))})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)


def write_far(path: Path, day: int) -> None:
    """One time of twelve bytes on the Julian ``day``, put in the place of another one."""
    write_int96(path, [0])
    content, epoch = path.read_bytes(), bytes(8) + (2_440_588).to_bytes(4, "little")
    assert epoch in content
    path.write_bytes(content.replace(epoch, bytes(8) + day.to_bytes(4, "little", signed=day < 0)))


def test_parquet_encodings_that_the_engine_lacks_are_named(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    write_split(local.root / "data/t.parquet")
    write_lz4(local.root / "data/u.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    remedy = (
        "Install the reader that can (pip install 'mason[arrow]'), or write it anew with types, encodings and a "
        "compression (such as zstd or snappy) that DuckDB reads."
    )
    assert refusal(local.rows, "t") == (
        "EngineError: data/t.parquet, column n cannot be read: BYTE_STREAM_SPLIT encoding is only supported for FLOAT "
        f"or DOUBLE data. {remedy}"
    )
    assert local.rows("t", "SELECT id FROM $table") == [(1,), (2,), (3,)]
    assert refusal(local.rows, "u") == (
        f'EngineError: data/u.parquet, column id cannot be read: Unsupported compression codec "LZ4". {remedy}'
    )


def test_parquet_encodings_that_the_engine_lacks_are_read_by_pyarrow(local: Local) -> None:
    write_split(local.root / "data/t.parquet")
    assert local.rows("t") == [(1, 1), (2, 2), (3, 3)]
    assert local.metastore.get_table("data", "t").notes == (SPLIT,)


def test_every_verb_reads_by_pyarrow(local: Local) -> None:
    write_lz4(local.root / "data/t.parquet")
    table = local.metastore.get_table("data", "t")
    assert local.columns("t") == {"id": "BIGINT", "word": "VARCHAR"}
    assert table.notes == (LZ4,)
    assert local.rows("t", "SELECT word FROM $table WHERE id > 1 ORDER BY id") == [(None,), ("three",)]
    assert local.ask("SELECT count(*) FROM data.t") == [(3,)]
    assert local.execution.preview(table, limit=1).rows == [(1, "one")]
    assert [row[2:5] for row in local.execution.summarize(table).rows] == [(3, 3, 3), (3, 2, 2)]
    job = local.execution.format(table, output="out.csv")
    assert isinstance(job, Job)
    assert (local.root / "out.csv").read_text() == "id,word\n1,one\n2,\n3,three\n"
    job = local.execution.dedupe(table, keys=["word"], output="deduped.parquet")
    assert sorted(pq.read_table(local.root / "deduped.parquet").to_pydict()["id"]) == [1, 2, 3]


def test_files_that_pyarrow_reads_beside_others(local: Local) -> None:
    write_lz4(local.root / "data/t/k=1/a.parquet", [(1, "one")])
    (local.root / "data/t/k=2").mkdir()
    pq.write_table(pa.table({"id": [2], "word": ["two"]}), local.root / "data/t/k=2/b.parquet")
    assert sorted(local.rows("t")) == [(1, "one", 1), (2, "two", 2)]
    table = local.metastore.get_table("data", "t")
    assert table.notes == (f"k=1/a.parquet: {LZ4}",)
    local.execution.merge(table, output="merged.parquet")
    assert sorted(pq.read_table(local.root / "merged.parquet").to_pydict()["word"]) == ["one", "two"]


def test_what_was_found_by_pyarrow_is_remembered(local: Local) -> None:
    write_lz4(local.root / "data/t.parquet")
    assert local.rows("t") == ROWS
    later = make(local.root)
    assert later.rows("t") == ROWS
    assert later.metastore.get_table("data", "t").notes == (LZ4,)
    write_lz4(local.root / "data/t.parquet", [(7, "seven")])
    assert later.rows("t") == [(7, "seven")]


def test_ddl_of_files_that_no_sql_reads_is_refused(local: Local) -> None:
    write_lz4(local.root / "data/t.parquet")
    assert refusal(local.metastore.table_ddl, "data", "t") == (
        "EngineError: t.parquet is read by a copy that pyarrow makes: DuckDB has no SQL that reads it."
    )


def test_a_type_that_pyarrow_would_change_is_refused(local: Local) -> None:
    path = local.root / "data/t.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"at": pa.array([1_000], pa.time64("us"))}), path, compression="lz4")
    content = path.read_bytes().replace(b"\x15\x0e\x16", b"\x15\x0a\x16")
    # The time of day is said to be in UTC, which pyarrow does not keep.
    path.write_bytes(content.replace(b"\x7c\x12\x1c\x2c", b"\x7c\x11\x1c\x2c"))
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.parquet, column at cannot be read: DuckDB lacks what the file takes, and pyarrow makes "
        "TIME of TIME WITH TIME ZONE. Write it anew with types, encodings and a compression (such as zstd or snappy) "
        "that DuckDB reads."
    )


@pytest.mark.parametrize("day", [109_000_000, -1, 2**24])
def test_far_times_of_twelve_bytes_are_refused(local: Local, day: int) -> None:
    write_far(local.root / "data/t.parquet", day)
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.parquet, column at: a time is beyond the years 4713 BC to 41222, and would be read as one "
        "of another year. Write the column with nearer times, or as text."
    )


def test_times_of_twelve_bytes_that_fit_are_read(local: Local) -> None:
    write_far(local.root / "data/t.parquet", 2**24 - 1)
    assert local.rows("t", """SELECT date_part('year', "at") FROM $table""") == [(41222,)]
    write_int96(local.root / "data/u.parquet", [1_000_000, None, -1_000])
    assert local.rows("u", 'SELECT "at" FROM $table') == [
        ("1970-01-01T00:00:00.001",),
        (None,),
        ("1969-12-31T23:59:59.999999",),
    ]
    assert local.columns("u") == {"id": "BIGINT", "at": "TIMESTAMP"}


def test_nanoseconds_of_twelve_bytes_are_kept_or_refused(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    write_int96(local.root / "data/t.parquet", [1, None, 3_000])
    assert local.rows("t", 'SELECT "at" FROM $table') == [
        ("1970-01-01T00:00:00.000000001",),
        (None,),
        ("1970-01-01T00:00:00.000003",),
    ]
    assert local.columns("t") == {"id": "BIGINT", "at": "TIMESTAMP_NS"}
    assert local.metastore.get_table("data", "t").notes == (
        "read by pyarrow, because DuckDB cuts nanoseconds of INT96: at",
    )
    write_int96(local.root / "data/u.parquet", [1])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert refusal(local.columns, "u") == (
        "EngineError: data/u.parquet, column at: times tell nanoseconds, which would be cut to microseconds. Write the "
        "column as microseconds, or as TIMESTAMP of nanoseconds. Or install the reader that keeps them: "
        "pip install 'mason[arrow]'."
    )


def test_one_file_of_many_with_far_times_is_named(local: Local) -> None:
    for number in range(9):
        write_int96(local.root / f"data/t/{number}.parquet", [1_000 * number])
    write_far(local.root / "data/t/9.parquet", 109_000_000)
    assert refusal(local.columns, "t").startswith("EngineError: data/t/9.parquet, column at: a time is beyond")


def test_far_times_in_lists_and_structs_are_refused(local: Local) -> None:
    path = local.root / "data/t.parquet"
    path.parent.mkdir()
    cells = [[{"at": 0, "bytes": b"x"}, None], None]
    kind = pa.list_(pa.struct({"at": pa.timestamp("us"), "bytes": pa.binary()}))
    pq.write_table(pa.table({"c": pa.array(cells, kind)}), path, use_deprecated_int96_timestamps=True)
    assert local.rows("t") == [([{"at": "1970-01-01T00:00:00", "bytes": "78"}, None],), (None,)]
    content, epoch = path.read_bytes(), bytes(8) + (2_440_588).to_bytes(4, "little")
    path.write_bytes(content.replace(epoch, bytes(8) + (109_000_000).to_bytes(4, "little")))
    assert "a time is beyond the years" in refusal(local.columns, "t")


@pytest.mark.parametrize(("day", "fine"), [(109_000_000, 0), (2_440_588, 1)])
def test_times_of_twelve_bytes_that_pyarrow_reads_are_looked_at_too(local: Local, day: int, fine: int) -> None:
    path = local.root / "data/t.parquet"
    path.parent.mkdir()
    table = pa.table({"at": pa.array([0, None], pa.timestamp("us"))})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, compression="lz4", use_dictionary=False)
    content, epoch = path.read_bytes(), (2_440_588).to_bytes(4, "little")
    # Twelve bytes are too few for LZ4 to find anything again in them.
    content = content.replace(bytes(8) + epoch, fine.to_bytes(8, "little") + day.to_bytes(4, "little"))
    path.write_bytes(content.replace(b"\x15\x0e\x16", b"\x15\x0a\x16"))
    if not fine:
        assert "a time is beyond the years" in refusal(local.columns, "t")
        return
    assert local.rows("t") == [("1970-01-01T00:00:00.000000001",), (None,)]
