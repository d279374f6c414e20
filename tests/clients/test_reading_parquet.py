"""Parquet files that DuckDB cannot read, reads otherwise than they are meant, or answers for without a place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.clients.conftest import Local, refusal


def write(local: Local, columns: dict[str, Any], **options: Any) -> Path:
    """A file ``t.parquet`` of the database ``data``, by pyarrow."""
    target = local.put("data/t.parquet", "")
    pq.write_table(pa.table(columns), target, **options)
    return target


def test_a_damaged_column_of_a_parquet_file_is_named(local: Local) -> None:
    target = write(local, {"id": [1, 2], "word": ["one", "two"]}, compression="zstd")
    column = pq.ParquetFile(target).metadata.row_group(0).column(1)
    content = bytearray(target.read_bytes())
    start = column.dictionary_page_offset
    content[start : start + 8] = b"\xff" * 8
    target.write_bytes(content)
    told = refusal(local.rows, "t")
    assert told.startswith("EngineError: data/t.parquet, column word is damaged: ")
    assert told.endswith(". Get the file again from where it came.")
    assert local.rows("t", "SELECT id FROM $table") == [(1,), (2,)]


def test_the_damaged_file_of_several_is_named(local: Local) -> None:
    write(local, {"id": [1]}).rename(local.put("data/t/a.parquet", ""))
    local.put("data/t/b.parquet", "no parquet at all")
    assert refusal(local.columns, "t").startswith("EngineError: data/t/b.parquet is damaged: ")


def test_text_of_parquet_that_is_not_utf8_is_named(local: Local) -> None:
    text = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff"))
    write(local, {"word": text})
    told = refusal(local.rows, "t")
    assert told.startswith("EngineError: data/t.parquet, column word has text that is not UTF-8: ")
    assert told.endswith(". Write the column as UTF-8, or as binary.")


def test_an_error_of_the_statement_is_not_blamed_on_the_file(local: Local) -> None:
    write(local, {"id": [1]})
    assert refusal(local.rows, "t", "SELECT error('mine') FROM $table") == "EngineError: mine"


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("'1'", "1"),
        ("1", 1),
        ("{'a': 'x', 'b': [1, NULL]}", {"a": "x", "b": [1, None]}),
        ("1.5::DECIMAL(9,2)", 1.5),
        ("12345678901234567.123::DECIMAL(20,3)", "12345678901234567.123"),
    ],
)
def test_a_variant_is_what_it_holds(local: Local, sql: str, value: object) -> None:
    target = local.put("data/t.parquet", "")
    duckdb.execute(f"COPY (SELECT ({sql})::VARIANT AS v) TO '{target}' (FORMAT parquet)")
    assert local.rows("t") == [(value,)]
    assert local.metastore.get_table("data", "t").notes == (
        "instants that tell nanoseconds are rounded to microseconds within VARIANT: v",
    )


def test_years_before_christ_are_written_as_iso_8601_does(local: Local) -> None:
    write(local, {"at": pa.array([-62_167_219_200_000_000, -62_198_755_200_000_000], pa.timestamp("us"))})
    assert local.rows("t") == [("0000-01-01T00:00:00",), ("-0001-01-01T00:00:00",)]
    assert local.rows("t", 'SELECT "at"::DATE FROM $table') == [("0000-01-01",), ("-0001-01-01",)]


def test_times_of_the_old_type_are_told_to_be_in_utc(local: Local) -> None:
    local.put("data/t.parquet", _of_old_times(1_700_000_000_000))
    assert local.rows("t") == [("2023-11-14T22:13:20",)]
    assert local.metastore.get_table("data", "t").notes == (
        "times are read without a zone, although by their old type they are in UTC: at",
    )


def _of_old_times(count: int) -> bytes:
    """A parquet file with one time, as writers made it before there were logical types: TIMESTAMP_MILLIS.

    The structs are those of parquet.thrift in the compact protocol; a field is its number, its type and its value.
    """

    def number(value: int) -> bytes:
        value = (value << 1) ^ (value >> 63)
        found = b""
        while value > 0x7F:
            found += bytes([value & 0x7F | 0x80])
            value >>= 7
        return found + bytes([value])

    def struct(*fields: tuple[int, int, bytes]) -> bytes:
        last, found = 0, b""
        for index, kind, value in fields:
            found += bytes([(index - last) << 4 | kind]) + value
            last = index
        return found + b"\0"

    def many(kind: int, *values: bytes) -> bytes:
        return bytes([len(values) << 4 | kind]) + b"".join(values)

    whole, long, text, group, record = 5, 6, 8, 9, 12
    name = b"\x02at"
    data = struct((1, whole, number(1)), (2, whole, number(0)), (3, whole, number(3)), (4, whole, number(3)))
    page = struct((1, whole, number(0)), (2, whole, number(8)), (3, whole, number(8)), (5, record, data))
    size = len(page) + 8
    column = struct(
        (1, whole, number(2)),
        (2, group, many(whole, number(0))),
        (3, group, many(text, name)),
        (4, whole, number(0)),
        (5, long, number(1)),
        (6, long, number(size)),
        (7, long, number(size)),
        (9, long, number(4)),
    )
    chunk = struct((2, long, number(4)), (3, record, column))
    rows = struct((1, group, many(record, chunk)), (2, long, number(size)), (3, long, number(1)))
    root = struct((4, text, b"\x04root"), (5, whole, number(1)))
    leaf = struct((1, whole, number(2)), (3, whole, number(0)), (4, text, name), (6, whole, number(9)))
    footer = struct(
        (1, whole, number(1)),
        (2, group, many(record, root, leaf)),
        (3, long, number(1)),
        (4, group, many(record, rows)),
    )
    return b"PAR1" + page + count.to_bytes(8, "little") + footer + len(footer).to_bytes(4, "little") + b"PAR1"
