"""The program that compares Mason with other readers tells right from wrong, on files that are made here."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.suites import encodings, references, values
from benchmarks.suites.__main__ import files_of, main
from benchmarks.suites.judging import Answer, Refusal, helps, judge, read
from benchmarks.suites.pool import Child, Ended

CSV = "id,word\n1,one\n2,two\n"


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def suite(folder: Path) -> None:
    """One file, or more, of each format and verdict."""
    put(folder, "texts/good.csv", CSV)
    put(folder, "texts/good.csv.gz", gzip.compress(CSV.encode()))
    put(folder, "texts/ragged.csv", "a,b\n1,2\n3\n4,5\n")
    put(folder, "texts/two ways.csv", "a;b,c;d\ne;f,g;h\ni;j,k;l\n")
    put(folder, "texts/notes.txt", "left out")
    put(folder, "others/good.json", '[{"a": 1, "b": [1.5, null]}, {"a": 2}]')
    put(folder, "others/lines.jsonl", '{"a": 1}\n{"a": "x"}\n')
    put(folder, "others/bad.json", '[{"a": }]')
    put(folder, "others/empty key.json", '{"": 1}')
    table = pa.table({"n": [1, None], "t": pa.array([0, 1], pa.timestamp("us")), "s": [{"x": [b"\x01"]}, None]})
    pq.write_table(table, folder / "others/good.parquet")
    put(folder, "others/bad.parquet", "PAR1")
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [["n", "word"], [1, "one"], [2.5, None]]:
        book.active.append(row)
    book.save(folder / "others/good.xlsx")


def test_the_table_and_the_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "suites"
    suite(folder)
    main([str(folder), "--json", str(tmp_path / "all.json"), "--processes", "1"])
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[1] == "1 files of formats that Mason does not read were left out"
    head = [name.strip() for name in lines[3].split("|")[1:-1]]
    rows = {
        row[0]: dict(zip(head, row, strict=True))
        for row in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines[5:])
    }
    counted = {
        name: {word: row[word] for word in ("files", "same", "asked", "told", "refused")} for name, row in rows.items()
    }
    assert counted == {
        "others": {"files": "7", "same": "4", "asked": "0", "told": "2", "refused": "1"},
        "texts": {"files": "4", "same": "2", "asked": "1", "told": "1", "refused": "0"},
        "all": {"files": "11", "same": "6", "asked": "1", "told": "3", "refused": "1"},
    }
    assert printed.err.startswith("refused others/empty key.json: others/empty key.json has an empty key")
    document = json.loads((tmp_path / "all.json").read_text())
    words = {each["file"]: each["word"] for each in document["verdicts"]}
    assert words["texts/two ways.csv"] == "asked"
    assert words["others/bad.parquet"] == "told"
    assert all(each["seconds"] > 0 and each["memory"] > 0 for each in document["verdicts"])


CHANGED = [
    ("a.csv", "a,b\n007,1\n", {"rows": [(7, 1)], "kinds": ("BIGINT", "BIGINT")}),
    ("a.csv", "a,b\n1.50,1\n", {"rows": [(1.5, 1)], "kinds": ("DOUBLE", "BIGINT")}),
    ("a.csv", "a,b\nx,1\ny,2\n", {"rows": [("x", 1)], "kinds": ("VARCHAR", "BIGINT")}),
    ("a.csv", "a,b\nx,1\n", {"names": ("a", "c"), "rows": [("x", 1)], "kinds": ("VARCHAR", "BIGINT")}),
    ("a.csv", "t\n\na,b\nx,1\n", {"options": {"skip": 2}, "rows": [("x", 1)], "kinds": ("VARCHAR", "BIGINT")}),
    ("a.csv", 'a,b\n"x" ,1\n', {"rows": [("x", 1)], "kinds": ("VARCHAR", "BIGINT")}),
    ("a.json", '[{"a": 1.000000000000000005, "b": 1}]', {"rows": [(1.0, 1)], "kinds": ("DOUBLE", "BIGINT")}),
    (
        "a.json",
        '[{"a": "2024-01-01T00:00:00+02:00", "b": 1}]',
        {"rows": [("2024-01-01T00:00:00", 1)], "kinds": ("TIMESTAMP", "BIGINT")},
    ),
    ("a.json", '[{"a": 1, "b": 1, "c": 1}]', {"rows": [(1, 1)], "kinds": ("BIGINT", "BIGINT")}),
]


@pytest.mark.parametrize(("name", "content", "changed"), CHANGED)
def test_values_that_were_changed_are_wrong(tmp_path: Path, name: str, content: str, changed: dict) -> None:
    file = put(tmp_path, name, content)
    answer = Answer(**{"names": ("a", "b"), "options": {"delimiter": ",", "header": True}, "notes": (), **changed})
    assert judge(tmp_path, file, answer)[0] == "wrong"


def test_what_a_note_tells_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"t": pa.array([0], pa.timestamp("us", tz="UTC"))}), file)
    answer = Answer(("t",), ("TIMESTAMP",), [("1970-01-01T00:00:00",)], {}, ())
    assert judge(tmp_path, file, answer)[0] == "wrong"
    noted = Answer(
        *(getattr(answer, name) for name in ("names", "kinds", "rows", "options")), ("times are read without a zone",)
    )
    assert judge(tmp_path, file, noted)[0] == "told"


def test_a_file_that_others_find_damaged_is_read_leniently(tmp_path: Path) -> None:
    file = put(tmp_path, "a.json", '{"a": 1,}')
    assert judge(tmp_path, file, Answer(("a",), ("BIGINT",), [(1,)], {}, ()))[0] == "lenient"


def test_what_helps_names_the_file_and_a_remedy(tmp_path: Path) -> None:
    file = tmp_path / "null_padding" / "a.csv"
    assert helps("null_padding/a.csv, line 2: 1 column where 2 are expected. Mend the line.", file)
    assert not helps("line 2: 1 column where 2 are expected. Mend the line.", file)
    assert not helps("null_padding/a.csv: something is wrong.", file)
    assert not helps("null_padding/a.csv: set null_padding=true. Mend the line.", file)
    put(tmp_path, "a.csv", CSV)
    assert judge(tmp_path, tmp_path / "a.csv", Refusal("Out of buffer")) == ("unhelpful", "Out of buffer")
    assert judge(tmp_path, tmp_path / "a.csv", Refusal("a.csv: no. Mend it."))[0] == "refused"


def test_a_file_is_read_as_a_person_reads_it(tmp_path: Path) -> None:
    found = read(tmp_path, put(tmp_path, "a.csv", CSV))
    assert isinstance(found, Answer)
    assert (found.names, found.kinds, list(found.rows)) == (
        ("id", "word"),
        ("BIGINT", "VARCHAR"),
        [(1, "one"), (2, "two")],
    )


def test_files_of_other_formats_are_counted(tmp_path: Path) -> None:
    files = [put(tmp_path, name, "x") for name in ("b/a.csv", "b/c.txt", "b/d.JSON")]
    assert files_of(tmp_path, "") == ([files[0], files[2]], 1)
    assert files_of(tmp_path, "d.") == ([files[2]], 0)


def test_processes_that_end_or_hang_cost_one_file() -> None:
    ended, slow = Child(os._exit), Child(time.sleep)
    try:
        with pytest.raises(Ended, match="the process ended with 3"):
            ended.call(30, 3)
        with pytest.raises(TimeoutError):
            slow.call(0.2, 60)
        assert slow.call(30, 0) is None
    finally:
        ended.stop()
        slow.stop()


@pytest.mark.parametrize(
    ("text", "value", "kind", "same"),
    [
        ("1", 1, "BIGINT", True),
        (" 1 ", 1, "BIGINT", True),
        ("01", 1, "BIGINT", False),
        ("+1", 1, "BIGINT", False),
        ("1.5", 1.5, "DOUBLE", True),
        ("1.0", 1.0, "DOUBLE", True),
        ("1.50", 1.5, "DOUBLE", False),
        ("0.1000000000000000055", 0.1, "DOUBLE", False),
        ("1.50", "1.50", "DECIMAL(18,2)", True),
        ("1.5", "1.50", "DECIMAL(18,2)", False),
        ("inf", "Infinity", "DOUBLE", True),
        ("TRUE", True, "BOOLEAN", True),
        ("t", True, "BOOLEAN", False),
        ("", None, "BIGINT", True),
        ("x", None, "VARCHAR", False),
        ("2024-01-05 10:00:00.120", "2024-01-05T10:00:00.12", "TIMESTAMP", True),
        ("2024-01-05 10:00:00+02", "2024-01-05T08:00:00+00:00", "TIMESTAMP WITH TIME ZONE", True),
        ("2024-01-05 10:00:00+02", "2024-01-05T10:00:00", "TIMESTAMP", False),
        ("2024-01-05", "2024-05-01", "DATE", False),
    ],
)
def test_the_law_of_values(text: str, value: object, kind: str, same: bool) -> None:
    assert values.as_written(text, value, kind) is same


def test_variants_and_geometries_are_decoded() -> None:
    def group(value: str, typed: object = None) -> dict:
        # The names a and b.
        return {
            "metadata": ("bytes", "110200010261 62".replace(" ", "")),
            "value": ("bytes", value) if value else None,
            "typed_value": typed,
        }

    def instant(count: int, unit: str) -> str:
        return f"{count} {unit}"

    assert encodings.variant(group("00"), instant) is None
    assert encodings.variant(group("0c22"), instant) == 34
    assert encodings.variant(group("0d616263"), instant) == "abc"
    assert encodings.variant(group("0202000100020 30c01 04".replace(" ", "")), instant) == {"a": 1, "b": True}
    assert encodings.variant(group("", [{"value": None, "typed_value": 7}, {"value": ("bytes", "08")}]), instant) == [
        7,
        False,
    ]
    with pytest.raises(ValueError, match="no object"):
        encodings.variant(group("0c22", {"a": {"value": None, "typed_value": 1}}), instant)
    point = "0101000000" + "000000000000f03f" + "0000000000000040"
    assert encodings.same_geometry(point, "POINT (1 2)")
    assert not encodings.same_geometry(point, "POINT (1 3)")


def test_references_say_what_is_no_file_of_theirs(tmp_path: Path) -> None:
    with pytest.raises(references.Invalid):
        references.csv_cells(put(tmp_path, "a.csv", "a,b\n1\n"))
    with pytest.raises(references.Ambiguous):
        references.csv_cells(put(tmp_path, "b.csv", "a;b,c\nd;e,f\n"))
    with pytest.raises(references.Ambiguous):
        references.json_records(put(tmp_path, "a.json", '{"a": 1, "a": 2}'))
    with pytest.raises(references.Invalid):
        references.json_records(put(tmp_path, "b.json", '"\\ud800"'))
    assert references.instant(-1, "us") == "1969-12-31T23:59:59.999999000"
