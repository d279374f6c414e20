"""The standard operators on the real flight data, against numbers counted with Python's own csv and gzip."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "examples" / "data"


def rows_of(name: str) -> list[dict[str, str]]:
    file = DATA / name
    with gzip.open(file, "rt", newline="") if name.endswith(".gz") else file.open(newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture
def run(mason, folder):
    """Runs a standard operator in a scaffolded project and returns its ``Data``."""
    mason("init")
    mason("apply", "-y")

    def call(namespace: str, command: str, *pairs: str, answer: str = ""):
        options = [part for pair in pairs for part in ("-p", pair)]
        result = mason("run", "operator", namespace, command, *options, "--json", answer=answer)
        assert result.code == 0, result.err
        return result.json.get("Data", [])

    return call


def test_at_least_100_000_real_flights_in_several_files():
    files = sorted((DATA / "flights").iterdir())
    assert len(files) > 1
    assert sum(len(rows_of(f"flights/{file.name}")) for file in files) >= 100_000
    assert sum(file.stat().st_size for file in DATA.rglob("*") if file.is_file()) < 12_000_000


def test_database_list_and_table_list(run):
    assert "data" in [database["name"] for database in run("database", "list")]
    tables = run("table", "list", "database_name:data")
    assert [table["name"] for table in tables] == ["airlines", "airports", "flights", "planes", "weather"]


def test_table_get(run):
    columns = run("table", "get", "database_name:data,table_name:airports")[0]["columns"]
    assert [column["name"] for column in columns] == list(rows_of("airports.csv")[0])
    assert {column["name"]: column["type"] for column in columns}["lat"] == "DOUBLE"


def test_table_query_counts_what_is_there(run):
    counted = Counter(
        row["carrier"] for file in (DATA / "flights").iterdir() for row in rows_of(f"flights/{file.name}")
    )
    sql = "SELECT carrier, count(*) AS n FROM $table GROUP BY carrier ORDER BY n DESC, carrier"
    found = run("table", "query", "database_name:data,table_name:flights", f'query_string:"{sql}"')
    assert [(row["carrier"], row["n"]) for row in found] == sorted(
        counted.items(), key=lambda pair: (-pair[1], pair[0])
    )


def test_table_query_joins_other_tables_by_name_and_limits(run):
    sql = "SELECT DISTINCT a.name FROM $table f JOIN airlines a USING (carrier) ORDER BY 1"
    found = run("table", "query", "database_name:data,table_name:flights,limit:3", f'query_string:"{sql}"')
    assert [row["name"] for row in found] == sorted(row["name"] for row in rows_of("airlines.csv"))[:3]


@pytest.mark.parametrize(("output", "written"), [("out/planes", "csv"), ("out/planes.parquet", "parquet")])
def test_table_format_keeps_the_format_where_none_is_named(run, output, written):
    """A folder has that of the table, a file that of its ending."""
    pairs = f"database_name:data,table_name:planes,output_path:{output}"
    result = run("table", "format", pairs, answer="yes\n")[0]["result"]
    assert (result["format"], result["rows"]) == (written, len(rows_of("planes.csv")))
    assert all(file["path"].endswith(f".{written}") for file in result["files"])


def test_table_query_writes_all_rows_to_a_file_after_a_yes(run, folder):
    pairs = ("database_name:data,table_name:airlines,output_path:out/names.csv", "query_string:SELECT name FROM $table")
    job = run("table", "query", *pairs, answer="yes\n")[0]
    assert job["status"] == "succeeded"
    written = (folder / "out" / "names.csv").read_text().splitlines()
    assert sorted(written[1:]) == sorted(row["name"] for row in rows_of("airlines.csv"))
    assert run("job", "get", f"job_id:{job['job_id']}") == [job]


def test_table_query_replaces_a_file_only_when_told_to(mason, run, folder):
    (folder / "names.txt").write_text("old")
    pairs = ("database_name:data,table_name:airlines,output_path:names.txt,format:jsonl", "query_string:SELECT 1 AS a")
    options = [part for pair in pairs for part in ("-p", pair)]
    refused = mason("run", "operator", "table", "query", *options, answer="yes\n")
    assert refused.json["Errors"] == ["names.txt exists already. Ask for overwrite to replace it."]
    run("table", "query", *pairs, "overwrite:true", answer="yes\n")
    assert (folder / "names.txt").read_text() == '{"a":1}\n'


def test_table_infer_takes_options_and_columns(run, folder):
    (folder / "l.csv").write_bytes("a title\nname;n\nMüller;1\n".encode("latin-1"))
    pairs = ("database_name:lake,table_name:l,path:l.csv", 'options:{"encoding":"latin-1","skip":1}')
    job = run("table", "infer", *pairs, 'columns:{"n":"VARCHAR"}', answer="yes\n")[0]
    assert job["result"]["options"] == {"delimiter": ";", "header": True, "skip": 1, "encoding": "latin-1"}
    assert run("table", "query", "database_name:lake,table_name:l", "query_string:SELECT * FROM lake.l") == [
        {"name": "Müller", "n": "1"}
    ]


def test_table_summarize_is_exact(run):
    rows = rows_of("planes.csv")
    found = {row["column"]: row for row in run("table", "summarize", "database_name:data,table_name:planes")}
    assert list(found) == list(rows[0])
    for name in ("year", "seats", "engines"):
        values = [int(row[name]) for row in rows if row[name]]
        assert (found[name]["rows"], found[name]["non_null"]) == (len(rows), len(values))
        assert (found[name]["distinct"], found[name]["min"], found[name]["max"]) == (
            len(set(values)),
            min(values),
            max(values),
        )
        assert found[name]["mean"] == pytest.approx(sum(values) / len(values))
    models = [row["model"] for row in rows if row["model"]]
    assert (found["model"]["distinct"], found["model"]["min"], found["model"]["mean"]) == (
        len(set(models)),
        min(models),
        None,
    )


def test_table_infer_then_delete_keeps_the_files(run, folder):
    pair = "database_name:lake,table_name:winter,path:data/flights/2013-0[12].csv.gz"
    job = run("table", "infer", pair, answer="yes\n")[0]
    assert job["result"]["database"] == "lake"
    count = run(
        "table", "query", "database_name:lake,table_name:winter", "query_string:SELECT count(*) AS n FROM $table"
    )
    assert count == [{"n": len(rows_of("flights/2013-01.csv.gz")) + len(rows_of("flights/2013-02.csv.gz"))}]
    run("table", "delete", "database_name:lake,table_name:winter", answer="yes\n")
    assert run("table", "list", "database_name:lake") == []
    assert (folder / "data" / "flights" / "2013-01.csv.gz").exists()


def test_table_delete_always_asks(mason, run, folder):
    result = mason("run", "operator", "table", "delete", "-p", "database_name:data,table_name:airlines")
    assert result.code == 1
    assert "[changes things]" in result.err
    assert (folder / "data" / "airlines.csv").exists()
    shown = json.loads(
        mason("validate", "operator", "table", "delete", "-p", "database_name:data,table_name:x", "--json").out
    )
    assert shown["read_only"] is False


def test_table_get_writes_what_it_finds_only_when_asked_to(mason, run, folder):
    shown = mason("validate", "operator", "table", "get", "-p", "database_name:data,table_name:airlines", "--json").json
    assert [call["verb"] for call in shown["calls"]] == ["get_table"]
    job = run("table", "get", "database_name:data,table_name:airlines,output_path:o/columns.csv", answer="yes\n")[0]
    assert job["result"]["rows"] == 2
    assert (folder / "o" / "columns.csv").read_text() == "column,type\ncarrier,VARCHAR\nname,VARCHAR\n"
