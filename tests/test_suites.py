"""`make suites`: the verdicts on files of each format, read as a person reads them and as another reader does."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.suites.__main__ import main


@pytest.mark.slow
def test_other_readers_files_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "suites" / "own"
    folder.mkdir(parents=True)
    (folder / "same.csv").write_text("id,zip\n1,02134\n")
    (folder / "asked.csv").write_text("a,b;c\n1,2;3\n")
    (folder / "told.json").write_text('[{"a": 1}')
    (folder / "same.json").write_text('[{"a": 1.5}]')
    (folder / "refused.json").write_text('[{"": 1}]')
    (folder / "notes.txt.gz.log").write_text("no table")
    pq.write_table(pa.table({"n": [1, None]}), folder / "same.parquet")
    book = openpyxl.Workbook()
    book.active.append(["id", "word"])
    book.active.append([1, "one"])
    book.save(folder / "same.xlsx")
    main([str(tmp_path / "suites"), "--json", str(tmp_path / "all.json"), "--processes", "1"])
    found = json.loads((tmp_path / "all.json").read_text())
    assert {each["file"]: each["word"] for each in found["verdicts"]} == {
        f"own/{each}": each.partition(".")[0]
        for each in ("asked.csv", "refused.json", "same.csv", "same.json", "same.parquet", "same.xlsx", "told.json")
    }
    assert found["left_out"] == 1
    assert "| own | 7 | 4 | 1 | 1 | 1 | 0 | 0 | 0 | 0 | 0 | 0 |" in capsys.readouterr().out
