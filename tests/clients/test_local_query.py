"""What SQL may do and what it may not, what comes back, and what is written."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from mason.clients._duckdb.connection import Limits, confine, connect
from mason.engines.models import Job, Rows
from tests.clients.conftest import Local, make, refusal


@pytest.fixture
def data(local: Local) -> Local:
    local.put("data/flights.csv", "carrier,delay\nAA,5\nUA,\nAA,7\n")
    local.put("data/airlines.csv", "carrier,name\nAA,American\nUA,United\n")
    return local


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) FROM $table", [(3,)]),
        ("SELECT count(*) FROM $TABLE -- $table", [(3,)]),
        ("SELECT '$table', count(*) FROM $table /* $table */;", [("$table", 3)]),
        ("SELECT $$a $table$$ FROM $table LIMIT 1;;", [("a $table",)]),
        ("SELECT 'é', count(*) FROM $table", [("é", 3)]),
        ('SELECT "$table".delay FROM $table WHERE delay > 5', [(7,)]),
        (
            "SELECT name, sum(delay) FROM $table JOIN airlines USING (carrier) GROUP BY 1 ORDER BY 1 LIMIT 1",
            [("American", 12)],
        ),
        ("WITH a AS (SELECT * FROM data.airlines) SELECT count(*) FROM a, FLIGHTS", [(6,)]),
        ("WITH airlines AS (SELECT 1 AS x) SELECT * FROM airlines", [(1,)]),
        ("FROM $table SELECT max(delay)", [(7,)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ("(SELECT 1) UNION ALL (SELECT 2)", [(1,), (2,)]),
        ("FROM (PIVOT $table ON carrier IN ('AA') USING sum(delay)) SELECT count(*)", [(1,)]),
        ("SELECT 1 AS a, 2 AS a", [(1, 2)]),
    ],
)
def test_one_select(data: Local, sql: str, expected: list[tuple[object, ...]]) -> None:
    assert data.rows("flights", sql) == expected


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1; SELECT 2", "2 statements (SELECT, SELECT)"),
        ("SELECT 1; DROP TABLE x", "2 statements (SELECT, DROP)"),
        ("PRAGMA version", "PRAGMA"),
        ("COPY (SELECT 1) TO 'x.csv'", "COPY"),
        ("ATTACH 'x.db'", "ATTACH"),
        ("SET threads = 1", "SET"),
        ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN"),
        ("CALL pragma_version()", "CALL"),
        ("CREATE TABLE x AS SELECT 1", "CREATE"),
        ("INSERT INTO $table VALUES (1)", "INSERT"),
        ("DELETE FROM $table", "DELETE"),
        ("EXPORT DATABASE 'x'", "EXPORT"),
        ("IMPORT DATABASE '{root}/dump'", "IMPORT"),
        ("/* SELECT */ iMpOrT DATABASE '{root}/dump'", "IMPORT"),
        ("PRAGMA import_database('{root}/dump')", "PRAGMA"),
        ("SELECT 1; IMPORT DATABASE '{root}/dump'", "2 statements (SELECT, IMPORT)"),
        ("WITH a AS (SELECT 1) INSERT INTO $table SELECT * FROM a", "INSERT"),
        ("INSTALL httpfs", "INSTALL"),
        ("VACUUM", "VACUUM"),
    ],
)
def test_anything_else_is_refused(data: Local, sql: str, found: str) -> None:
    # Extracting IMPORT DATABASE, DuckDB would put what these files hold in its place.
    data.put("dump/schema.sql", "SELECT 1;")
    data.put("dump/load.sql", "SELECT 2;")
    expected = f"EngineError: A query must be one SELECT statement, but this is {found}."
    assert refusal(data.rows, "flights", sql.format(root=data.root)) == expected


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "The query is empty: it must be one SELECT statement."),
        (" -- nothing", "The query is empty: it must be one SELECT statement."),
        ("SELECT dely FROM $table", 'Referenced column "dely" not found in FROM clause! Candidate bindings: "delay"'),
        ("SELECT FROM WHERE", 'syntax error at or near "WHERE"'),
        ("SELECT * FROM $tables", 'syntax error at or near "$"'),
        ("PIVOT $table ON carrier", "PIVOT needs its values named: PIVOT ... ON column IN (value, value)."),
    ],
)
def test_faults_are_told_shortly(data: Local, sql: str, message: str) -> None:
    told = refusal(data.rows, "flights", sql)
    assert told == f"EngineError: {message}"


def test_missing_tables_are_suggested(data: Local) -> None:
    assert refusal(data.rows, "flights", "SELECT * FROM airlnes") == (
        "NotFoundError: Table airlnes not found in database data. Did you mean airlines?"
    )
    assert refusal(data.ask, "SELECT * FROM data.airlnes") == (
        "NotFoundError: Table airlnes not found in database data. Did you mean airlines?"
    )
    assert refusal(data.ask, "SELECT * FROM dta.x") == "NotFoundError: Database dta not found. Did you mean data?"
    assert refusal(data.ask, "SELECT * FROM $table") == ("EngineError: The query says $table, but no table was given.")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_text('.env')",
        "SELECT * FROM read_text('{root}/.env')",
        "SELECT * FROM read_csv('{root}/data/airlines.csv')",
        "SELECT * FROM glob('/**')",
        "SELECT * FROM sniff_csv('{root}/data/airlines.csv')",
        "SELECT * FROM $table, read_text('{root}/data/../.env')",
    ],
)
def test_no_file_but_those_of_tables(data: Local, sql: str) -> None:
    data.put(".env", "SECRET=1")
    told = refusal(data.rows, "flights", sql.format(root=data.root))
    assert told.startswith("AccessDeniedError: SQL may not open the file ")
    assert told.endswith(
        ": a query reads tables and nothing else. Ask for a table by its name (database.table), "
        "or register the file with metastore.create_table first."
    )


def test_no_view_of_python(data: Local) -> None:
    airports = duckdb.sql("SELECT 1 AS stolen")
    assert refusal(data.ask, "SELECT * FROM airports").startswith(
        "EngineError: Table with name airports does not exist!"
    )
    assert airports.columns == ["stolen"]


def test_settings_are_locked(tmp_path: Path) -> None:
    with connect(Limits("100MB", tmp_path)) as connection:
        confine(connection, [])
        settings = "SELECT current_setting('enable_external_access'), current_setting('lock_configuration')"
        assert connection.execute(settings).fetchall() == [(False, True)]


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT current_setting('temp_directory')", "current_setting"),
        ('SELECT "Current_Setting"(delay) FROM $table', "current_setting"),
        ("SELECT list_transform(['threads'], lambda name: system.main.current_setting(name))", "current_setting"),
        ("SELECT getenv('HOME')", "getenv"),
        ("FROM duckdb_settings()", "duckdb_settings"),
        ("SELECT 1 LIMIT (SELECT count(*) FROM duckdb_secrets())", "duckdb_secrets"),
        ("FROM pg_catalog.pg_settings", "pg_settings"),
        ("FROM system.pg_catalog.pg_settings", "pg_settings"),
        ("FROM duckdb_views", "duckdb_views"),
        ("FROM pragma_platform()", "pragma_platform"),
        ("FROM information_schema.views", "information_schema.views"),
        ("FROM memory.Information_Schema.Views", "information_schema.views"),
        ("SELECT pg_get_viewdef(1)", "pg_get_viewdef"),
    ],
)
def test_queries_tell_nothing_of_the_machine(data: Local, sql: str, name: str) -> None:
    told = (
        f"EngineError: A query may not use {name}: it tells of the engine and its machine, not of tables. Leave it out."
    )
    assert refusal(data.rows, "flights", sql) == told


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT write_log('x')", "write_log"),
        ("FROM enable_logging()", "enable_logging"),
        ("FROM query('FROM duckdb_settings()')", "query"),
        ("FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))", "json_execute_serialized_sql"),
        ("WITH a AS (FROM force_checkpoint()) SELECT 1", "force_checkpoint"),
    ],
)
def test_queries_only_ask(data: Local, sql: str, name: str) -> None:
    told = f"EngineError: A query may not use {name}: it does more than to ask. Leave it out."
    assert refusal(data.rows, "flights", sql) == told


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 1000) AS wide FROM range(40_000)",
        "SELECT list((i % 100)::TINYINT) FROM range(1_000_000) t(i)",
        "SELECT i, i + 1, i + 2 FROM range(1_000_000) t(i)",
        "SELECT [repeat('x', 1000)] AS wide FROM range(40_000)",
        "SELECT {'a': repeat('x', 1000)} AS wide FROM range(40_000)",
    ],
)
def test_an_answer_fits_into_memory(tmp_path: Path, sql: str) -> None:
    local = make(tmp_path / "small", memory_limit="20MB", threads=1)
    assert refusal(local.execution.query, sql) == (
        "EngineError: The answer takes more memory than memory_limit allows (20MB). Ask for fewer rows or columns, or "
        "write it to a file with output."
    )
    assert len(local.ask(sql.replace("_000", ""))) >= 1


@pytest.mark.parametrize("sql", ["SELECT repeat('x', 1_000_000_000)", "SELECT range(100_000_000), 'x' AS more"])
def test_a_value_is_worked_out_in_memory_that_is_counted(tmp_path: Path, sql: str) -> None:
    """DuckDB works out constants while it plans, and holds what that takes to no limit."""
    local = make(tmp_path / "small", memory_limit="20MB", threads=1)
    assert refusal(local.execution.query, sql).startswith("EngineError: DuckDB ran out of memory: failed to allocate")
    assert len(local.ask(sql.replace("00_000_000", ""))) == 1


@pytest.mark.parametrize(
    ("memory", "expected"),
    [("850MB", 850_000_000), ("1.5 GiB", 1_610_612_736), ("100", 100), ("2kb", 2000), ("80%", None), ("much", None)],
)
def test_memory_as_a_number(tmp_path: Path, memory: str, expected: int | None) -> None:
    assert Limits(memory, tmp_path).most_bytes == expected


def test_a_table_may_be_called_like_a_view_that_tells(data: Local) -> None:
    data.put("data/pg_settings.csv", "mine\n1\n")
    assert data.ask("SELECT * FROM data.pg_settings") == [(1,)]


VALUES = """
SELECT 170141183460469231731687303715884105727::HUGEINT, 18446744073709551615::UBIGINT, 1.50::DECIMAL(4, 2),
    TIMESTAMPTZ '2013-01-02 03:04:05.5+02', TIMESTAMP '2013-01-02 03:04:05',
    TIMESTAMP_NS '2013-01-02 03:04:05.123456789',
    DATE '2013-01-02', TIME '03:04:05', INTERVAL '1 day 2 hours', '8d5c9a12-3a3c-4b0e-9f0a-0123456789ab'::UUID,
    'a\\xFF'::BLOB, 'nan'::DOUBLE, '-inf'::FLOAT, [1.5::DECIMAL(2, 1), NULL],
    {'a b': TIMESTAMPTZ '2013-01-01 00:00:00+00'},
    MAP {DATE '2013-01-01': [now() < now()]}, '{"a": [1]}'::JSON, 'x'::ENUM('x'), '101'::BIT, [1, 2]::INT[2],
    union_value(k := 1), true, NULL, row(1, 2), TIMESTAMP 'infinity'
"""


def test_values_are_ready_for_json(data: Local) -> None:
    assert data.ask(VALUES) == [
        (
            "170141183460469231731687303715884105727",
            18446744073709551615,
            "1.50",
            "2013-01-02T01:04:05.5+00:00",
            "2013-01-02T03:04:05",
            "2013-01-02T03:04:05.123456789",
            "2013-01-02",
            "03:04:05",
            "1 day 02:00:00",
            "8d5c9a12-3a3c-4b0e-9f0a-0123456789ab",
            "61ff",
            "NaN",
            "-Infinity",
            ["1.5", None],
            {"a b": "2013-01-01T00:00:00+00:00"},
            {"2013-01-01": [False]},
            {"a": [1]},
            "x",
            "101",
            [1, 2],
            "1",
            True,
            None,
            "(1, 2)",
            "infinity",
        )
    ]


def test_limits(data: Local) -> None:
    def asked(limit: int | None) -> tuple[int, bool]:
        answer = data.execution.query("SELECT * FROM range(1000)", limit=limit)
        assert isinstance(answer, Rows)
        return len(answer.rows), answer.more

    assert [asked(limit) for limit in (None, 0, 10, 999, 1000)] == [
        (1000, False),
        (0, True),
        (10, True),
        (999, True),
        (1000, False),
    ]
    assert refusal(asked, -1) == "EngineError: limit is -1, but it must be 0 or more."


def test_order_is_kept(data: Local) -> None:
    sql = "SELECT i, i::DECIMAL(9, 1) FROM range(300000) t(i) ORDER BY hash(i)"
    expected = [row[0] for row in duckdb.sql(sql).fetchall()]
    assert [row[0] for row in data.ask(sql)] == expected
    assert [row[0] for row in data.ask(sql, limit=1000)] == expected[:1000]


@pytest.mark.parametrize(
    ("output", "format", "content"),
    [
        ("o/a.csv", None, b"a,b\n1,x\n"),
        ("o/a.json", None, b'[\n\t{"a":1,"b":"x"}\n]\n'),
        ("o/a.jsonl", None, b'{"a":1,"b":"x"}\n'),
        ("o/a.dat", "csv", b"a,b\n1,x\n"),
    ],
)
def test_output(data: Local, output: str, format: str | None, content: bytes) -> None:
    job = data.execution.query("SELECT 1 AS a, 'x' AS b; -- done", output=output, format=format)
    assert isinstance(job, Job)
    assert (data.root / output).read_bytes() == content
    assert job.result == {
        "output": output,
        "format": format or output.rpartition(".")[2],
        "rows": 1,
        "bytes": len(content),
        "files": [{"path": output, "bytes": len(content)}],
        "schema": [{"name": "a", "type": "INTEGER"}, {"name": "b", "type": "VARCHAR"}],
    }
    assert [path.name for path in (data.root / "o").iterdir()] == [Path(output).name]


@pytest.mark.parametrize("name", ["p.parquet", "p.csv.gz", "p.jsonl.zst"])
def test_output_can_be_read_again(data: Local, name: str) -> None:
    table = data.metastore.get_table("data", "flights")
    data.execution.query("SELECT * FROM $table", table=table, output=f"data/{name}")
    assert sorted(data.rows("p"), key=str) == sorted(data.rows("flights"), key=str)


def test_output_may_replace_what_it_reads(data: Local) -> None:
    table = data.metastore.get_table("data", "flights")
    sql = "SELECT * FROM $table WHERE delay IS NOT NULL"
    data.execution.query(sql, table=table, output="data/flights.csv", overwrite=True)
    assert data.rows("flights") == [("AA", 5), ("AA", 7)]


def test_outputs_that_are_refused(data: Local) -> None:
    def ask(**options: object) -> str:
        return refusal(data.execution.query, "SELECT 1 AS a", **options)

    assert ask(output="data/flights.csv") == (
        "ConflictError: data/flights.csv exists already. Ask for overwrite to replace it."
    )
    assert ask(output="data", format="csv", overwrite=True) == (
        "ConflictError: data is a folder that Mason did not write, and replacing it would delete all that it holds. "
        "Choose another path, or delete it first."
    )
    assert ask(output="../x.csv") == (
        f"AccessDeniedError: ../x.csv lies outside of the client's root {data.root} "
        "(set allow_outside_root: true in the config's local client to allow it)."
    )
    assert ask(output="x.doc") == (
        "EngineError: The ending of x.doc names no format: give it one of csv, json, jsonl, parquet, xlsx, "
        "or give format."
    )
    assert ask(output="x.csv", format="xml") == (
        "EngineError: Client local does not write xml (it writes: csv, json, jsonl, parquet, xlsx)."
    )
    assert sorted(path.name for path in data.root.iterdir()) == ["data"]


def test_failed_output_leaves_nothing(data: Local) -> None:
    data.put("data/bad.csv", "id,w\n" + f"1,{'w' * 150}\n" * 30_000 + "x,\n")
    table = data.metastore.get_table("data", "bad")
    refusal(data.execution.query, "SELECT * FROM $table", table=table, output="data/o.csv")
    assert sorted(path.name for path in (data.root / "data").iterdir()) == ["airlines.csv", "bad.csv", "flights.csv"]


def test_memory_is_bounded(tmp_path: Path) -> None:
    local = make(tmp_path / "small", memory_limit="20MB", threads=1)
    told = refusal(local.ask, "SELECT count(DISTINCT x) FROM (SELECT list(i) AS x FROM range(20000000) t(i))")
    assert told.startswith("EngineError: DuckDB ran out of memory: ")
    assert told.endswith("Raise memory_limit in the client's configuration, or ask for fewer columns.")
