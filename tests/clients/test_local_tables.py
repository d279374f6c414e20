"""Folders as databases, files as tables: which there are, how they are called, and whether their files agree."""

from __future__ import annotations

import gzip
import os

import duckdb
import pytest

from mason.engines.models import Location, Table
from tests.clients.conftest import Local, make, refusal


def names(local: Local) -> list[str]:
    return [database.name for database in local.metastore.list_databases()]


def test_databases_are_folders_with_data(local: Local) -> None:
    for path in (
        "data/a.csv",
        "data/orders/1.csv",
        "lake/raw/orders/year=2013/1.parquet",
        "lake/raw/people/1.csv",
        "docs/readme.md",
        ".hidden/a.csv",
        "node_modules/x/a.csv",
        "env/a.csv",
        "warehouse/a.csv",
    ):
        local.put(path, "a\n1\n")
    local.put("env/pyvenv.cfg", "")
    assert names(local) == ["data", "lake/raw"]
    assert [table.name for table in local.metastore.list_tables("data")] == ["a", "orders"]
    assert [table.name for table in local.metastore.list_tables("lake/raw")] == ["orders", "people"]
    assert [table.name for table in local.metastore.list_tables("data/orders")] == ["1"]


def test_the_root_is_a_database_when_files_lie_in_it(local: Local) -> None:
    local.put("a.csv", "x\n1\n")
    assert names(local) == ["."]
    assert local.metastore.get_table(".", "a").to_dict()["location"] == "a.csv"


def test_looking_makes_nothing(local: Local) -> None:
    local.put("data/a.csv", "x\n1\n")
    local.metastore.list_databases()
    local.metastore.list_tables("data")
    local.execution.summarize(local.metastore.get_table("data", "a"))
    assert sorted(path.name for path in local.root.iterdir()) == ["data"]


def test_missing_names_are_suggested(local: Local) -> None:
    local.put("data/flights.csv", "x\n1\n")
    local.put("data/airlines.csv", "x\n1\n")
    assert refusal(local.metastore.get_table, "data", "flihgts") == (
        "NotFoundError: Table flihgts not found in database data. Did you mean flights?"
    )
    assert refusal(local.metastore.get_table, "data", "zzz") == (
        "NotFoundError: Table zzz not found in database data. Tables: airlines, flights."
    )
    assert refusal(local.metastore.list_tables, "dta") == "NotFoundError: Database dta not found. Did you mean data?"
    assert refusal(local.metastore.get_database, "zzz") == "NotFoundError: Database zzz not found. Databases: data."


def test_nothing_at_all(local: Local) -> None:
    assert names(local) == []
    expected = "NotFoundError: Database data not found. There are no databases."
    assert refusal(local.metastore.get_database, "data") == expected


def test_files_of_one_name(local: Local) -> None:
    local.put("data/a.csv", "x\n1\n")
    local.put("data/a.json", '[{"x": 2}]')
    local.put("data/a/1.csv", "x\n3\n")
    assert [table.name for table in local.metastore.list_tables("data")] == ["a.csv", "a.json", "a/"]
    assert refusal(local.metastore.get_table, "data", "a") == (
        "ConflictError: Several files are table a in database data: a.csv, a.json, a/. "
        "Ask for one of them by its full name."
    )
    assert [local.rows(name) for name in ("a.csv", "a.json", "a/")] == [[(1,)], [(2,)], [(3,)]]


def test_a_folder_is_one_table(local: Local) -> None:
    local.put("data/t/a.csv", "id,delay\n1,2\n")
    local.put("data/t/b.csv", "delay,id\n4,3\n")
    local.put("data/t/c.csv", "id;delay\r5;6\r")
    local.put("data/t/d.csv", "")
    local.put("data/t/e.csv", "id,delay\n")
    local.put("data/t/2013/f.csv.gz", gzip.compress(b"id,delay\n7,\n"))
    for hidden in ("_SUCCESS", ".a.csv.crc", "_temporary/x.csv"):
        local.put(f"data/t/{hidden}", "?")
    assert local.columns("t") == {"id": "BIGINT", "delay": "BIGINT"}
    assert sorted(local.rows("t")) == [(1, 2), (3, 4), (5, 6), (7, None)]


def test_many_files(local: Local) -> None:
    for number in range(60):
        local.put(f"data/t/{number}.csv", f"id,name\n{number},x\n")
    assert local.rows("t", "SELECT count(*), sum(id) FROM $table") == [(60, 1770)]


def test_types_in_text_widen(local: Local) -> None:
    local.put("data/t/a.csv", "n,day,none\n1,2013-01-02,\n")
    local.put("data/t/b.csv", "n,day,none\n1.5,2013-01-02 10:00:00,5\n")
    assert local.columns("t") == {"n": "DOUBLE", "day": "TIMESTAMP", "none": "BIGINT"}


def test_differing_schemas_are_listed(local: Local) -> None:
    local.put("data/t/a.csv", "id,delay\n1,2\n")
    local.put("data/t/b.csv", "id,delay,extra\n1,late,1\n")
    assert refusal(local.columns, "t") == (
        "ConflictError: The files of table t in database data have different schemas: "
        "column delay: BIGINT in a.csv, VARCHAR in b.csv; column extra: only in b.csv. "
        "Make the files alike, or register a glob of those that are."
    )


def test_the_fewer_files_are_named(local: Local) -> None:
    for number in range(8):
        local.put(f"data/t/{number}.csv", "id\n1\n" if number < 5 else "id,more\n1,1\n")
    local.put("data/u/1.csv", "id,more\n1,1\n")
    local.put("data/u/2.csv", "id,more\n1,1\n")
    local.put("data/u/3.csv", "id\n1\n")
    assert "column more: only in 5.csv, 6.csv, 7.csv." in refusal(local.columns, "t")
    assert "column more: missing in 3.csv." in refusal(local.columns, "u")


def test_long_lists_are_cut(local: Local) -> None:
    local.put("data/t/a.csv", "id\n1\n")
    wide = ",".join(f"c{index}" for index in range(20))
    local.put("data/t/b.csv", f"id,{wide}\n1{',1' * 20}\n")
    assert "column c9: only in b.csv; and 10 more columns." in refusal(local.columns, "t")


def test_parquet_types_are_promises(local: Local) -> None:
    (local.root / "data/t").mkdir(parents=True)
    duckdb.execute(f"COPY (SELECT 1::INT AS id, NULL::INT AS v) TO '{local.root}/data/t/a.parquet'")
    duckdb.execute(f"COPY (SELECT 'x' AS v, 2::INT AS id) TO '{local.root}/data/t/b.parquet'")
    assert local.rows("t", "SELECT * FROM $table ORDER BY id") == [(1, None), (2, "x")]
    duckdb.execute(f"COPY (SELECT 'x' AS v, 2::BIGINT AS id) TO '{local.root}/data/t/b.parquet'")
    assert "column id: INTEGER in a.parquet, BIGINT in b.parquet." in refusal(local.columns, "t")


def test_formats_do_not_mix(local: Local) -> None:
    local.put("data/t/a.csv", "id\n1\n")
    local.put("data/t/b.json", '{"id": 1}')
    assert refusal(local.columns, "t") == (
        "ConflictError: The files at data/t have different formats: csv (a.csv), json (b.json). "
        "Ask for them one by one."
    )


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_partitions(local: Local, ending: str) -> None:
    for year, month in ((2012, "02"), (2013, "11")):
        folder = local.root / f"data/t/year={year}/month={month}"
        folder.mkdir(parents=True)
        formats = {"csv": "csv, HEADER", "parquet": "parquet", "jsonl": "json"}
        duckdb.execute(f"COPY (SELECT {year - 2000} AS id) TO '{folder}/1.{ending}' (FORMAT {formats[ending]})")
    table = local.metastore.get_table("data", "t")
    assert table.partition_columns == ("year", "month")
    assert list(local.columns("t"))[1:] == ["year", "month"]
    assert local.rows("t", "SELECT * FROM $table ORDER BY id") == [(12, 2012, "02"), (13, 2013, "11")]
    assert [partition.to_dict() for partition in local.metastore.list_partitions("data", "t")] == [
        {"values": {"year": 2012, "month": "02"}, "location": "data/t/year=2012/month=02"},
        {"values": {"year": 2013, "month": "11"}, "location": "data/t/year=2013/month=11"},
    ]


def test_odd_partitions(local: Local) -> None:
    local.put("data/t/d=a%20b/x.csv", "id,d\n1,old\n")
    local.put("data/t/d=__HIVE_DEFAULT_PARTITION__/x.csv", "id,d\n2,old\n")
    assert local.rows("t", "SELECT * FROM $table ORDER BY id") == [(1, "a b"), (2, None)]


def test_partition_folders_must_be_alike(local: Local) -> None:
    local.put("data/t/year=2012/x.csv", "id\n1\n")
    local.put("data/t/x.csv", "id\n1\n")
    assert refusal(local.columns, "t") == (
        "ConflictError: The files at data/t have different partition columns: none (x.csv), year (year=2012/x.csv)."
    )


@pytest.mark.parametrize(
    "name", ["a b", "sel'ect", 'quo"te', "[x]", "st*r", "q?", "Ünï", "semi;colon", "a.b", "x--", "100%", "new\nline"]
)
def test_any_file_name_and_column_name(local: Local, name: str) -> None:
    local.put(f"data/{name}.csv", '"a""b",select,x y,"d;e"\n1,2,3,4\n')
    assert local.rows(name) == [(1, 2, 3, 4)]
    quoted = name.replace('"', '""')
    assert local.rows(name, f'SELECT "a""b", "select" FROM "{quoted}"') == [(1, 2)]
    assert len(local.execution.summarize(local.metastore.get_table("data", name)).rows) == 4


def test_a_changed_file_is_looked_at_again(local: Local) -> None:
    local.put("data/t.csv", "a\n1\n")
    table = local.metastore.get_table("data", "t")
    local.put("data/t.csv", "b,c\nx,y\n")
    assert local.columns("t") == {"b": "VARCHAR", "c": "VARCHAR"}
    assert "column a: only in the registration" in refusal(local.execution.preview, table)


def test_configured_root(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.mktemp("base")
    local = make(base, root="lake", warehouse="lake/house.duckdb")
    local.put("lake/data/t.csv", "a\n1\n")
    local.metastore.create_table("r", "t", definition={"location": "data/t.csv"})
    assert names(local) == ["data", "r"]
    assert sorted(path.name for path in (base / "lake").iterdir()) == ["data", "house.duckdb", "house_files"]


def test_stamps_tell_each_change_of_what_a_table_is_made_of(local: Local) -> None:
    file = local.put("data/orders/1.csv", "id\n1\n")
    registered = Table("orders", "lake", location=Location("data/orders"))
    seen = [local.metastore.stamps(registered)]

    def is_news() -> bool:
        seen.append(local.metastore.stamps(registered))
        return seen[-1] not in (None, *seen[:-1])

    before = file.stat()
    file.write_text("id\n2\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert is_news()
    local.put("data/orders/2.csv", "id\n1\n")
    assert is_news()
    local.put("data/other.txt", "id\n3\n").replace(file)
    assert is_news()
    local.metastore.create_table("lake", "orders", definition=registered)
    assert is_news()
    local.root.joinpath("warehouse", "warehouse.duckdb.wal").write_bytes(b"")
    assert is_news()
    file.unlink()
    assert is_news()


def test_what_files_do_not_tell_has_no_stamps(local: Local) -> None:
    assert local.metastore.stamps(Table("orders", "lake", location=Location("s3://bucket/orders"))) is None
    assert local.metastore.stamps(Table("orders", "lake", location=Location("nowhere"))) is None
    # Of a table that was deleted nobody knows in which folder it would be.
    assert local.metastore.stamps(Table("csv/orders", "lake")) is None
