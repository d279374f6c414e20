"""Every write compares what is in the files with what was said; here the files are given that do not hold it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mason.clients._duckdb.writing.verified import check_written
from mason.clients._tables.requests import Output
from mason.errors import EngineError


def told(path: Path, rows: int, names: list[str]) -> str:
    """What is told of a file of which ``rows`` and columns of these ``names`` were written."""
    output = Output(path.name, path.suffix.removeprefix("."))
    with duckdb.connect() as connection:
        try:
            check_written(connection, [path], output, rows, names)
        except EngineError as error:
            return str(error)
    return ""


REMEDY = " in the files, so they were not kept. Write another format, and report this as a fault of Mason."


def test_every_write_counts_rows_and_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, 2, 3]}), tmp_path / "t.parquet")
    assert told(tmp_path / "t.parquet", 3, ["n"]) == ""
    assert told(tmp_path / "t.parquet", 4, ["n"]) == f"4 rows were written, but 3 are{REMEDY}"
    assert told(tmp_path / "t.parquet", 3, ["m"]) == f"Other columns than were written are{REMEDY}"
    (tmp_path / "t.csv").write_text('n,m\n1,"a\nb"\n2,c\n')
    assert told(tmp_path / "t.csv", 2, ["n", "m"]) == ""
    assert told(tmp_path / "t.csv", 4, ["n", "m"]) == f"4 rows were written, but 2 are{REMEDY}"
    (tmp_path / "t.jsonl").write_text('{"n":1}\n')
    assert told(tmp_path / "t.jsonl", 2, ["n"]) == f"2 rows were written, but 1 are{REMEDY}"


@pytest.mark.parametrize(("said", "instead"), [(3, 9), (1, 0)])
def test_every_write_compares_values_of_parquet_with_the_footer(tmp_path: Path, said: int, instead: int) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"n": [1, 2, 3]}), path, use_dictionary=False, compression="none")
    content, width = path.read_bytes(), 8
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    # The bounds stand in the footer twice: as they were called at first, and as they are called now.
    patched = content[footer:].replace(said.to_bytes(width, "little"), instead.to_bytes(width, "little"))
    path.write_bytes(content[:footer] + patched)
    assert told(path, 3, ["n"]) == f"Other values of column n than were written are{REMEDY}"


def test_columns_whose_footer_says_nothing_are_not_compared(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, None], "word": ["a", None]}), tmp_path / "t.parquet", write_statistics=False)
    assert told(tmp_path / "t.parquet", 2, ["n", "word"]) == ""
    pq.write_table(pa.table({"n": pa.array([None, None], pa.int64())}), tmp_path / "u.parquet")
    assert told(tmp_path / "u.parquet", 2, ["n"]) == ""
