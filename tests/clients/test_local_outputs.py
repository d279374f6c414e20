"""What is written: formats, folders of files, names and values of all kinds, whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mason.clients._duckdb.writing.outputs import NOTE
from mason.engines.models import Job
from tests.clients.conftest import Local, make, refusal

ROWS = [(1, "x", 0.5), (2, None, None), (3, 'a,"b"\n;', 1.0)]
CSV = 'id,n,v\n1,x,0.5\n2,,\n3,"a,""b""\n;",1.0\n'


@pytest.fixture
def data(local: Local) -> Local:
    local.put("data/t.csv", CSV)
    return local


def convert(local: Local, output: str, table: str = "t", **options: Any) -> dict[str, Any]:
    """The manifest of a table of the database ``data`` that was written."""
    job = local.execution.format(local.metastore.get_table("data", table), output=output, **options)
    assert isinstance(job, Job)
    assert local.execution.get_job(job.job_id) == job
    return dict(job.result)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "name",
    ["o.csv", "o.csv.gz", "o.tsv", "o.psv.zst", "o.json", "o.jsonl", "o.ndjson.gz", "o.parquet", "o.xlsx"],
)
def test_every_format_holds_the_same(data: Local, name: str) -> None:
    manifest = convert(data, f"data/{name}")
    assert data.rows(name) == ROWS
    size = (data.root / "data" / name).stat().st_size
    assert manifest == {
        "output": f"data/{name}",
        "format": {"o.tsv": "csv", "o.psv.zst": "csv", "o.ndjson.gz": "jsonl"}.get(name, name.split(".")[1]),
        "rows": 3,
        "bytes": size,
        "files": [{"path": f"data/{name}", "bytes": size}],
        "schema": [
            {"name": "id", "type": "BIGINT"},
            {"name": "n", "type": "VARCHAR"},
            {"name": "v", "type": "DOUBLE"},
        ],
        "source": data.storage.fingerprint("data/t.csv"),
    }


@pytest.mark.parametrize(
    ("format", "compression", "ending"),
    [
        ("csv", None, "csv"),
        ("csv", "gzip", "csv.gz"),
        ("json", None, "json"),
        ("jsonl", "zstd", "jsonl.zst"),
        ("parquet", "zstd", "parquet"),
    ],
)
def test_a_folder_by_columns(data: Local, format: str, compression: str | None, ending: str) -> None:
    data.put("data/t.csv", "id,place,year\n1,a b/c,2013\n2,ü,2013\n3,,2014\n4,ü,2014\n")
    manifest = convert(
        data,
        "data/o",
        format=format,
        compression=compression,
        partition_columns=["year", "place"],
        filter_columns=["id"],
    )
    folders = ["year=2013/place=ü", "year=2013/place=a%20b%2Fc", "year=2014/place=ü"]
    folders.append("year=2014/place=__HIVE_DEFAULT_PARTITION__")
    expected = sorted(f"data/o/{folder}/data_0.{ending}" for folder in folders)
    assert sorted(file["path"] for file in manifest["files"]) == expected
    assert manifest["rows"] == 4
    assert json.loads((data.root / "data/o" / NOTE).read_text()) == manifest
    assert sorted(data.rows("o", "SELECT id, place, year FROM $table"), key=str) == [
        (1, "a b/c", 2013),
        (2, "ü", 2013),
        (3, None, 2014),
        (4, "ü", 2014),
    ]


@pytest.mark.parametrize("format", ["csv", "json", "jsonl", "parquet"])
def test_a_folder_of_so_many_files(data: Local, format: str) -> None:
    data.put("data/t.csv", "id\n" + "".join(f"{number}\n" for number in range(10)))
    assert convert(data, "data/o", format=format, partitions=3)["rows"] == 10
    assert files(data.root / "data/o") == [NOTE, *(f"data_{number}.{format}" for number in range(3))]
    assert sorted(data.rows("o")) == [(number,) for number in range(10)]


@pytest.mark.parametrize("format", ["csv", "json", "jsonl", "parquet"])
def test_a_folder_of_as_many_files_as_it_takes(data: Local, format: str) -> None:
    manifest = convert(data, "data/o", format=format)
    assert [file["path"] for file in manifest["files"]] == [f"data/o/data_0.{format}"]
    assert data.rows("o") == ROWS


def test_columns_and_samples(data: Local) -> None:
    data.put("data/t.csv", "id,n\n" + "".join(f"{number},x\n" for number in range(1000)))
    assert convert(data, "o.csv", filter_columns=["n"], sample_size=10)["rows"] == 10
    assert (data.root / "o.csv").read_text() == "n\n" + "x\n" * 10
    assert convert(data, "p.csv", sample_size=10_000)["rows"] == 1000


@pytest.mark.parametrize("own", ["csv", "parquet", "json", "jsonl", "xlsx"])
def test_a_folder_takes_the_format_of_the_table(data: Local, own: str) -> None:
    convert(data, f"data/source.{own}")
    expected = {"jsonl": "json", "xlsx": "parquet"}.get(own, own)
    manifest = convert(data, "out/folder", table=f"source.{own}")
    assert (manifest["format"], {Path(each["path"]).suffix for each in manifest["files"]}) == (
        expected,
        {f".{expected}"},
    )
    table = data.metastore.get_table("data", f"source.{own}")
    for job in (
        data.execution.query("SELECT id FROM $table", table=table, output="out/query"),
        data.execution.dedupe(table, keys=["id"], output="out/dedupe"),
        data.execution.fake(table, size=2, output="out/fake"),
    ):
        assert isinstance(job, Job)
        assert job.result["format"] == expected
    assert convert(data, "out/named", table=f"source.{own}", format="parquet")["format"] == "parquet"


def test_merged_files_stay_in_their_format(data: Local) -> None:
    for name in "ab":
        data.put(f"data/many/{name}.csv", CSV)
    job = data.execution.merge(data.metastore.get_table("data", "many"), output="out/merged")
    assert job.result["format"] == "csv"


def test_a_folder_without_a_table_is_parquet(data: Local) -> None:
    query = data.execution.query("SELECT 1 AS n", output="out/query")
    fake = data.execution.fake({"id": "BIGINT"}, size=2, output="out/fake")
    assert isinstance(query, Job)
    assert [query.result["format"], fake.result["format"]] == ["parquet", "parquet"]


def test_order_is_kept_in_one_file(data: Local) -> None:
    data.put("data/t.csv", "id\n" + "".join(f"{(number * 7919) % 300_007}\n" for number in range(300_000)))
    for name in ("o.csv", "o.parquet", "o.jsonl"):
        convert(data, f"data/{name}")
        assert data.rows(name, "SELECT id FROM $table") == data.rows("t", "SELECT id FROM $table")


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        (
            "o.doc",
            {},
            "EngineError: The ending of o.doc names no format: give it one of csv, json, jsonl, parquet, xlsx, "
            "or give format.",
        ),
        (
            "o.csv",
            {"format": "parquet"},
            "EngineError: The ending of o.csv says csv, but format is parquet. Change one of them.",
        ),
        (
            "o.csv",
            {"partition_columns": ["id"]},
            "EngineError: o.csv is the name of a file, but partitions make a folder of files. Leave out the ending.",
        ),
        (
            "o",
            {"format": "xlsx"},
            "EngineError: Client local writes xlsx as one file: end the path with .xlsx (o.xlsx).",
        ),
        (
            "o",
            {"format": "csv", "partitions": 0},
            "EngineError: partitions is 0, but it must be 1 to 1000.",
        ),
        (
            "o",
            {"format": "csv", "partitions": 2, "partition_columns": ["id"]},
            "EngineError: Give partition_columns or partitions, not both: each says which files there are to be.",
        ),
        (
            "o",
            {"format": "csv", "partition_columns": ["nope"]},
            "EngineError: There is no column nope to partition by. Columns: id, n, v.",
        ),
        (
            "o",
            {"format": "csv", "partition_columns": ["id", "n", "v"]},
            "EngineError: All columns are partition columns, so there would be nothing in the files. Leave one out.",
        ),
        (
            "o.csv",
            {"filter_columns": ["id", "nope"]},
            "NotFoundError: There is no column nope. Columns: id, n, v.",
        ),
        (
            "o.csv",
            {"sample_size": 0},
            "EngineError: sample_size is 0, but it must be 1 or more.",
        ),
        (
            "o.csv",
            {"compression": "gzip"},
            "EngineError: Compression by gzip shows in the name of a file: write to o.csv.gz.",
        ),
        (
            "o.parquet",
            {"compression": "rar"},
            "EngineError: Client local does not compress parquet by rar (it can: snappy, zstd, gzip, lz4, brotli, "
            "none).",
        ),
        (
            "data",
            {"format": "csv"},
            "ConflictError: data exists already. Ask for overwrite to replace it.",
        ),
        (
            "data",
            {"format": "csv", "overwrite": True},
            "ConflictError: data is a folder that Mason did not write, and replacing it would delete all "
            "that it holds. Choose another path, or delete it first.",
        ),
        (
            ".",
            {"format": "csv", "overwrite": True},
            "ConflictError: . is the client's root, which is not replaced. Name a folder in it.",
        ),
        (
            "data/t.csv/x.csv",
            {},
            "ConflictError: data/t.csv/x.csv cannot be written: data/t.csv is a file, not a folder. Choose "
            "another path.",
        ),
    ],
)
def test_what_is_refused_leaves_nothing(data: Local, output: str, options: dict[str, Any], message: str) -> None:
    before = files(data.root)
    assert refusal(convert, data, output, **options) == message
    assert files(data.root) == before
    assert sorted(path.name for path in data.root.iterdir() if path.name != "warehouse") == ["data"]


def test_outside_of_the_root(data: Local) -> None:
    for output in ("../o.csv", "/tmp/o.csv", "../o"):
        told = refusal(convert, data, output, format="csv")
        assert told == (
            f"AccessDeniedError: {output} lies outside of the client's root {data.root} "
            "(set allow_outside_root: true in the config's local client to allow it)."
        )


def test_an_output_does_not_become_part_of_its_table(data: Local) -> None:
    data.put("data/parts/a.csv", "id\n1\n")
    data.put("data/parts/b.csv", "id\n2\n")
    for output in ("data/parts/c.csv", "data/parts/c", "data/parts/c/d.csv"):
        assert refusal(convert, data, output, "parts", format="csv") == (
            f"ConflictError: {output} lies in data/parts, all of which is the table that is read: it would become part "
            "of it. Choose a path outside."
        )


def test_a_folder_that_mason_wrote_is_replaced(data: Local) -> None:
    convert(data, "data/o", format="parquet", partition_columns=["id"])
    assert refusal(convert, data, "data/o", format="csv") == (
        "ConflictError: data/o exists already. Ask for overwrite to replace it."
    )
    convert(data, "data/o", format="csv", overwrite=True)
    assert files(data.root / "data/o") == [NOTE, "data_0.csv"]
    # Also by what it is made from.
    convert(data, "data/o", "o", format="parquet", overwrite=True)
    assert files(data.root / "data/o") == [NOTE, "data_0.parquet"]
    assert data.rows("o") == ROWS
    assert sorted(path.name for path in (data.root / "data").iterdir()) == ["o", "t.csv"]


def test_odd_values_survive(local: Local, tmp_path: Path) -> None:
    values = """
        SELECT 1 AS i, 'NaN'::DOUBLE AS f, 99999999999999999999999999999999999999::HUGEINT AS h,
            0.10::DECIMAL(5, 2) AS d, '2013-01-01 10:00:00.123456789'::TIMESTAMP_NS AS ns,
            '2013-01-01 10:00:00+02'::TIMESTAMPTZ AS z, {'a': [1, NULL], 'b': {'c': 'x'}} AS s, MAP {'k': 1} AS m,
            '\\xAA'::BLOB AS b, '' AS empty, NULL::VARCHAR AS nothing, 'ü"''\n' AS "select", true AS t,
            '2013-01-01'::DATE AS day, '10:00:00.5'::TIME AS time, 9007199254740993 AS odd
        UNION ALL
        SELECT 2147483648, 'inf'::DOUBLE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'x', NULL, NULL, NULL, NULL,
            NULL
    """
    local.execution.query(values, output="data/t.parquet")
    expected = local.rows("t")
    assert expected[0][:4] == (1, "NaN", "99999999999999999999999999999999999999", "0.10")
    convert(local, "data/p.parquet")
    assert local.rows("p") == expected
    # Text formats have fewer types, but no value is another one, and none is lost.
    convert(local, "data/j.jsonl")
    lines = [json.loads(line) for line in (local.root / "data/j.jsonl").read_text().splitlines()]
    assert lines[0]["f"] == "NaN"
    assert lines[1]["f"] == "Infinity"
    assert lines[0]["h"] == "99999999999999999999999999999999999999"
    assert lines[0]["s"] == {"a": [1, None], "b": {"c": "x"}}
    assert (lines[0]["select"], lines[0]["empty"], lines[0]["nothing"]) == ("ü\"'\n", "", None)
    convert(local, "data/c.csv")
    (first, second) = local.rows("c")
    names = list(local.columns("c"))
    row = dict(zip(names, first, strict=True))
    assert row["h"] == "99999999999999999999999999999999999999"
    assert json.loads(row["s"]) == {"a": [1, None], "b": {"c": "x"}}
    assert row["ns"] == "2013-01-01T10:00:00.123456789"
    assert row["z"] == "2013-01-01T08:00:00+00:00"
    assert row["f"] == "NaN"
    assert dict(zip(names, second, strict=True))["i"] == 2147483648
    convert(local, "data/x.xlsx")
    (first, second) = local.rows("x.xlsx")
    row = dict(zip(list(local.columns("x.xlsx")), first, strict=True))
    assert (row["odd"], row["h"], row["f"]) == (
        "9007199254740993",
        "99999999999999999999999999999999999999",
        "nan",
    )


def test_names_that_are_alike(local: Local) -> None:
    job = local.execution.query('SELECT 1 AS a, 2 AS a, 3 AS "A", 4 AS a_1', output="data/o.parquet")
    assert isinstance(job, Job)
    assert local.columns("o") == {"a": "INTEGER", "a_2": "INTEGER", "A_3": "INTEGER", "a_1": "INTEGER"}
    assert local.rows("o") == [(1, 2, 3, 4)]


def test_a_thousand_columns_and_no_rows(local: Local) -> None:
    names = [f"c{number}" for number in range(1000)]
    local.put("data/wide.csv", ",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    local.put("data/none.csv", "id,n\n")
    for name in ("csv", "parquet", "jsonl", "xlsx"):
        convert(local, f"data/w.{name}", "wide")
        assert local.rows(f"w.{name}", "SELECT c0, c999 FROM $table") == [(1, 1)]
        assert convert(local, f"data/n.{name}", "none")["rows"] == 0
    for name in ("csv", "parquet"):
        assert local.columns(f"n.{name}") == {"id": "VARCHAR", "n": "VARCHAR"}


def test_spreadsheets_have_limits(local: Local) -> None:
    def ask(sql: str) -> str:
        return refusal(local.execution.query, sql, output="o.xlsx")

    assert ask("SELECT * FROM range(1048576)") == (
        "EngineError: A spreadsheet has at most 1,048,575 rows below its header, but these are 1,048,576. "
        "Write csv or parquet instead, or less."
    )
    assert ask("SELECT repeat('x', 40000) AS long") == (
        "EngineError: A cell of a spreadsheet holds at most 32,767 characters, but column long has a text of 40,000. "
        "Write csv or parquet instead, or less."
    )
    assert ask("SELECT chr(1) AS c") == (
        "EngineError: Some text holds control characters, which a spreadsheet cannot. "
        "Write csv or parquet instead, or less."
    )
    assert not (local.root / "o.xlsx").exists()


def test_a_source_that_changes_meanwhile(data: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    from mason.clients._duckdb.writing import copying

    copy = copying._copy

    def changing(*arguments: Any) -> int:
        rows = copy(*arguments)
        data.put("data/t.csv", CSV + "4,y,1\n")
        return rows

    monkeypatch.setattr(copying, "_copy", changing)
    assert refusal(convert, data, "o.csv") == (
        "EngineError: The files that were read changed meanwhile, so nothing was written. Run it again."
    )
    assert not (data.root / "o.csv").exists()


WRITE = """
import sys
from pathlib import Path

from mason.clients.local import LocalClient

client = LocalClient({}, base=Path(sys.argv[1]))
table = client.engine("metastore").get_table("data", "t")
print("writing", flush=True)
client.engine("execution").format(table, output="data/o", format="parquet", partition_columns=["key"], overwrite=True)
"""


@pytest.mark.parametrize("delay", [0.02, 0.1, 0.2, 0.4])
def test_killed_at_any_moment_the_target_is_the_old_or_the_new(tmp_path: Path, delay: float) -> None:
    local = make(tmp_path / "project")
    local.put("data/t.csv", "id,key\n1,1\n2,2\n")
    convert(local, "data/o", format="parquet", partition_columns=["key"])
    local.put("data/t.csv", "id,key\n" + "".join(f"{number},{number % 40}\n" for number in range(200_000)))
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(local.root)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    ((count,),) = local.rows("o", "SELECT count(*) FROM $table")
    assert count in (2, 200_000)
    assert len(files(local.root / "data/o")) == (3 if count == 2 else 41)


def test_what_a_killed_process_left_is_swept_once_it_is_old(data: Local) -> None:
    for name in (".mason-0011.tmp", ".mason-0022.tmp/part=1"):
        (data.root / "o" / name).mkdir(parents=True)
    os.utime(data.root / "o/.mason-0022.tmp", (1, 1))
    convert(data, "o/t.csv")
    assert sorted(path.name for path in (data.root / "o").iterdir()) == [".mason-0011.tmp", "t.csv"]


FULL = """
import sys
from pathlib import Path
from mason.clients.local import LocalClient
from mason.errors import EngineError

execution = LocalClient({"warehouse": sys.argv[2]}, base=Path(sys.argv[1])).engine("execution")
try:
    execution.query("SELECT range AS a, hash(range) AS b, hash(range + 1) AS c FROM range(30000)", output="x.xlsx")
except EngineError as error:
    print(error)
print(sorted(each.name for each in Path(sys.argv[1]).iterdir()))
execution.query("SELECT 1 AS a", output="x.xlsx")
"""


@pytest.mark.parametrize("size", [300, 6000])
def test_a_spreadsheet_on_a_full_disk(tmp_path: Path, size: int) -> None:
    mount = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-ec",
        f'mount -t tmpfs -o size={size}k tmpfs "$0"; exec "$@"',
    ]
    small = tmp_path / "small"
    small.mkdir()
    try:
        subprocess.run([*mount, small, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system of its own")
    command = [*mount, small, sys.executable, "-c", FULL, small, tmp_path / "warehouse"]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    told, left = done.stdout.splitlines()
    assert told == "The disk is full, so nothing was written. Make room on it, or write to another one."
    assert left == "[]"
    assert done.returncode == 0, done.stderr
