"""Trino's words in Mason's and back, without a server: names, types, values, what tables are told as, failures."""

from __future__ import annotations

from typing import Any

import pytest

from mason.clients._statements.marked_sql import marked, told_by
from mason.clients._statements.table_targets import target_of
from mason.clients.trino import TrinoClient, made_tables, shown_tables
from mason.clients.trino.trino_failures import failure
from mason.clients.trino.trino_names import place_of
from mason.clients.trino.trino_types import duckdb_type, trino_columns, trino_type
from mason.clients.trino.trino_values import as_told, values_of
from mason.engines.models import Column, Location, Rows, Schema, Table
from mason.errors import EngineError
from mason.sql.sql_types import HUGEINT, VARCHAR
from mason.sql.translations import Column as Told


@pytest.mark.parametrize(
    ("database", "own", "expected"),
    [
        ("club", "lake", ("lake", "club", "club")),
        ("lake.club", "lake", ("lake", "club", "club")),
        ("Ice.Club", "lake", ("ice", "club", "ice.club")),
        ("ice.club", "", ("ice", "club", "ice.club")),
        ('"a.b".c', "", ("a.b", "c", '"a.b".c')),
        ('lake."a.b"', "lake", ("lake", "a.b", '"a.b"')),
        ('quo"te', "lake", ("lake", 'quo"te', 'quo"te')),
        ('"""q"', "lake", ("lake", '"q', '"""q"')),
    ],
)
def test_a_database_is_a_schema_of_a_catalog(database: str, own: str, expected: tuple[str, str, str]) -> None:
    place = place_of(database, own)
    assert (place.catalog, place.schema, place.database) == expected
    assert place_of(place.database, own) == place


@pytest.mark.parametrize(("database", "own"), [("club", ""), ("", "lake"), ("a.", "lake"), ("a.b.c", ""), ('"a', "x")])
def test_names_that_name_no_database(database: str, own: str) -> None:
    with pytest.raises(EngineError, match="names no database of Trino"):
        place_of(database, own)


def test_the_name_of_a_table_is_quoted() -> None:
    assert place_of("club", "lake").table('Peo"ple') == '"lake"."club"."peo""ple"'


BOTH_WAYS = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "decimal(10,2)": "DECIMAL(10,2)",
    "varchar": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "time(6)": "TIME",
    "timestamp(0)": "TIMESTAMP_S",
    "timestamp(3)": "TIMESTAMP_MS",
    "timestamp(6)": "TIMESTAMP",
    "timestamp(9)": "TIMESTAMP_NS",
    "timestamp(6) with time zone": "TIMESTAMP WITH TIME ZONE",
    "uuid": "UUID",
    "json": "JSON",
    "array(varchar)": "VARCHAR[]",
    "map(varchar, array(bigint))": "MAP(VARCHAR, BIGINT[])",
}


@pytest.mark.parametrize(("trino", "duckdb"), BOTH_WAYS.items())
def test_types_both_ways(trino: str, duckdb: str) -> None:
    assert duckdb_type(trino) == duckdb
    assert trino_type(duckdb) == trino


@pytest.mark.parametrize(
    ("trino", "expected"),
    [
        ("varchar(20)", "VARCHAR"),
        ("timestamp", "TIMESTAMP_MS"),
        ("timestamp(2)", "TIMESTAMP"),
        ("timestamp(3) with time zone", "TIMESTAMP WITH TIME ZONE"),
        ('row(a bigint, "b ""c" array(varchar(3)))', 'STRUCT(a BIGINT, "b ""c" VARCHAR[])'),
        ("decimal", "DECIMAL(38,0)"),
        # What DuckDB has not, or not with the same values.
        ("char(3)", "char(3)"),
        ("array(char(3))", "array(char(3))"),
        ("timestamp(12)", "timestamp(12)"),
        ("time(9)", "time(9)"),
        ("time(3) with time zone", "time(3) with time zone"),
        ("row(bigint)", "row(bigint)"),
        ("ipaddress", "ipaddress"),
        ("HyperLogLog", "hyperloglog"),
        ("interval day to second", "interval day to second"),
        ("function(bigint,boolean)", "function(bigint,boolean)"),
        ("(((", "((("),
    ],
)
def test_types_that_are_read(trino: str, expected: str) -> None:
    assert duckdb_type(trino) == expected


def test_types_that_are_written() -> None:
    given = [("A", "UBIGINT"), ("b", "HUGEINT"), ("c", "STRUCT(x INTEGER)"), ("d", "char(3)"), ("e", "ipaddress")]
    assert trino_columns(given) == [
        ("a", "decimal(20,0)"),
        ("b", "decimal(38,0)"),
        ("c", 'row("x" integer)'),
        ("d", "char(3)"),
        ("e", "ipaddress"),
    ]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([("a", "INTERVAL")], "Column a: Trino has no type for INTERVAL: declare it as another one, such as VARCHAR."),
        ([("a", "INTEGER"), ("A", "DATE")], "Columns a and A are one in lower case, in which Trino keeps names."),
        ([("a", "ipaddress) with (x")], "Column a: 'ipaddress) with (x' is no SQL type."),
        ([("a", "x'; drop")], 'Column a: "x\'; drop" is no SQL type.'),
        ([("", "INTEGER")], "A column has an empty name."),
    ],
)
def test_columns_that_trino_cannot_keep(columns: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(EngineError) as raised:
        trino_columns(columns)
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("timestamp(6)", "2024-01-31 10:00:00.500000", "2024-01-31T10:00:00.5"),
        ("timestamp(3)", "2024-01-31 10:00:00.000", "2024-01-31T10:00:00"),
        ("timestamp(6) with time zone", "2024-01-31 10:00:00.000000 UTC", "2024-01-31T10:00:00+00:00"),
        ("timestamp(3) with time zone", "2024-07-01 10:00:00.250 Europe/Berlin", "2024-07-01T08:00:00.25+00:00"),
        ("timestamp(3) with time zone", "2024-07-01 10:00:00.000 +05:30", "2024-07-01T04:30:00+00:00"),
        ("timestamp(3) with time zone", "2024-07-01 10:00:00.000 Nowhere", "2024-07-01 10:00:00.000 Nowhere"),
        ("time(6)", "10:30:00.000000", "10:30:00"),
        ("date", "0001-01-01", "0001-01-01"),
        ("decimal(10,2)", "1.50", "1.50"),
        ("bigint", 9223372036854775807, 9223372036854775807),
        ("double", "NaN", "NaN"),
        ("double", 1, 1.0),
        ("real", 0.1, 0.10000000149011612),
        ("real", "-Infinity", "-Infinity"),
        ("varbinary", "AP8=", "00ff"),
        ("array(varbinary)", ["AP8=", None], ["00ff", None]),
        ("row(a bigint, b timestamp(3))", [1, "2024-01-31 10:00:00.000"], {"a": 1, "b": "2024-01-31T10:00:00"}),
        ("map(varchar, double)", {"k": 1}, {"k": 1.0}),
        ("ipaddress", "10.0.0.1", "10.0.0.1"),
        ("bigint", None, None),
    ],
)
def test_values(kind: str, value: Any, expected: Any) -> None:
    assert values_of([("x", kind)], [[value]]) == [(expected,)]


def test_whole_numbers_of_any_size() -> None:
    rows = Rows(Schema((Column("n", "DECIMAL(38,0)"), Column("t", "VARCHAR"))), [("12", "a"), ("9" * 30, None)])
    found = as_told(rows, [Told("n", HUGEINT), Told("t", VARCHAR)])
    assert (found.schema.columns[0].type, found.rows) == ("HUGEINT", [(12, "a"), ("9" * 30, None)])


DDL = """\
CREATE TABLE lake.club.people (
   id bigint COMMENT 'WITH (\n format',
   at varchar
)
COMMENT 'it''s ours'
WITH (
   csv_separator = ';',
   external_location = 's3://lake/it''s, here',
   format = 'CSV',
   partitioned_by = ARRAY['a','b''c'],
   skip_header_line_count = 1
)"""


def test_what_a_statement_tells_of_a_table() -> None:
    found = shown_tables.properties_of(DDL)
    assert found == {
        "csv_separator": ";",
        "external_location": "s3://lake/it's, here",
        "format": "CSV",
        "partitioned_by": ["a", "b'c"],
        "skip_header_line_count": "1",
    }
    assert shown_tables.location_of(found) == "s3://lake/it's, here"
    assert shown_tables.options_of(found) == {"delimiter": ";", "header": True}
    assert shown_tables.partition_columns_of(found) == ("a", "b'c")
    assert shown_tables.comment_of(DDL) == "it's ours"
    assert shown_tables.is_external(DDL)


def test_partitions_of_iceberg_are_columns_or_expressions() -> None:
    given = {"partitioning": ["day(at)", "city"]}
    assert shown_tables.partition_columns_of(given) == ("city",)
    assert made_tables.partitioning(["City", "a b"], {"partitioning"}, "ice") == {"partitioning": ["city", '"a b"']}


def test_the_statement_of_a_table() -> None:
    columns = (Column("Day", "DATE"), Column("id", "BIGINT", nullable=False, comment="it's"))
    options = {"delimiter": ";", "header": True}
    table = Table("t", "club", Schema(columns), Location("s3://lake/t/"), "jsonl", options, ("Day",), comment="x")
    known = {"external_location", "format", "partitioned_by"}
    assert made_tables.registering(table, '"lake"."club"."t"', known, "lake") == (
        'CREATE TABLE "lake"."club"."t" (\n'
        "   \"id\" bigint NOT NULL COMMENT 'it''s',\n"
        '   "day" date\n'
        ")\n"
        "COMMENT 'x'\n"
        "WITH (\n"
        "   external_location = 's3://lake/t',\n"
        "   format = 'JSON',\n"
        "   partitioned_by = ARRAY['day']\n"
        ")"
    )


def table_at(place: str, format: str = "parquet", kind: str = "BIGINT") -> Table:
    return Table("t", "club", Schema((Column("id", kind),)), Location(place), format)


@pytest.mark.parametrize(
    ("table", "known", "said"),
    [
        (table_at("s3://l/t"), (), "Catalog lake keeps the files of its tables itself"),
        (table_at("ftp://l/t"), ("external_location",), "Trino takes URLs (s3://, hdfs://, gs:// and others)"),
        (table_at("s3://l/*"), ("external_location",), "Trino takes folders as locations, and no pattern"),
        (table_at("s3://l/t.parquet"), ("external_location",), "Trino reads folders, and s3://l/t.parquet is a file"),
        (table_at("s3://l/t", "xlsx"), ("external_location", "format"), "Trino has no tables of xlsx"),
        (table_at("s3://l/t"), ("external_location",), "Tables of catalog lake have no format that is chosen"),
        (
            table_at("s3://l/t", "csv"),
            ("external_location", "format"),
            "Trino reads columns of CSV files as texts alone, and id of t is none.",
        ),
    ],
)
def test_tables_that_are_not_registered(table: Table, known: tuple[str, ...], said: str) -> None:
    with pytest.raises(EngineError) as raised:
        made_tables.registering(table, "t", known, "lake")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("name", "kind", "raised"),
    [
        ("TABLE_NOT_FOUND", "USER_ERROR", "NotFoundError"),
        ("SCHEMA_ALREADY_EXISTS", "USER_ERROR", "ConflictError"),
        ("PERMISSION_DENIED", "USER_ERROR", "AccessDeniedError"),
        ("DIVISION_BY_ZERO", "USER_ERROR", "EngineError"),
        ("CLUSTER_OUT_OF_MEMORY", "INSUFFICIENT_RESOURCES", "TransientEngineError"),
        ("QUERY_QUEUE_FULL", "INSUFFICIENT_RESOURCES", "TransientEngineError"),
        ("EXCEEDED_TIME_LIMIT", "INSUFFICIENT_RESOURCES", "EngineError"),
        ("SERVER_STARTING_UP", "INTERNAL_ERROR", "TransientEngineError"),
        ("JDBC_ERROR", "EXTERNAL", "EngineError"),
        ("GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR", "EngineError"),
    ],
)
def test_failures(name: str, kind: str, raised: str) -> None:
    assert type(failure("read", name, kind, "line 3:1: no.", "q")).__name__ == raised


def test_a_failure_says_what_was_done_and_what_trino_says() -> None:
    assert str(failure("read club.t", "JDBC_ERROR", "EXTERNAL", "line 3:1: It\nbroke.", "q")) == (
        "Cannot read club.t: It broke (JDBC_ERROR, query q). What is behind the catalog failed, and not Trino."
    )


def test_what_a_statement_says_of_itself() -> None:
    assert told_by(marked("SELECT 1", {"token": "a", "overwrite": False, "rows_in": None, "n": 3})) == {
        "token": "a",
        "n": 3,
    }
    assert told_by("SELECT 1") is None
    assert told_by("SELECT 1\n-- mason bm90aGluZw==") is None


@pytest.mark.parametrize("output", ["table://club", "table://club/a/b", "table:///a", "table://club/a.b"])
def test_outputs_that_name_no_table(output: str) -> None:
    with pytest.raises(EngineError) as raised:
        target_of(output)
    assert str(raised.value) == f"{output} names no table: write table://DATABASE/NAME, without an ending."
    assert target_of("table://ice.club/a") == ("ice.club", "a")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": "http://t", "password": "x"}, "password would be sent without encryption"),
        ({"url": "http://t", "token": "x"}, "token would be sent without encryption"),
        ({"url": "http://t", "certificate": "x.pem"}, "certificate is for https alone"),
    ],
)
def test_keys_that_do_not_go_together(given: dict[str, str], said: str) -> None:
    assert said in [each.message for each in TrinoClient.faults(given, ["execution"])]
