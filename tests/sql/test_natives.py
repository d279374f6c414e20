"""SQL that runs as it stands in an engine's own dialect: one query that only asks, as sqlglot reads it there."""

from __future__ import annotations

import pytest

from mason.errors import TranslationError
from mason.sql import dialects
from mason.sql.natives import one_query, translated_plainly

pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")


@pytest.mark.parametrize(
    ("dialect", "sql", "expected"),
    [
        ("spark", "SELECT 1 -- done;\n;", "SELECT 1 -- done;"),
        ("spark", "SELECT `a b`, 'it\\'s; x', '$table' FROM $table t", None),
        ("spark", "SELECT * FROM db.t LATERAL VIEW explode(a) x AS y", None),
        ("spark", "FROM t SELECT a |> WHERE a > 1", None),
        ("spark", "WITH a AS (SELECT 1 AS x) (SELECT * FROM a) UNION ALL VALUES (2)", None),
        ("trino", "SELECT approx_distinct(a) FROM $TABLE", 'SELECT approx_distinct(a) FROM "$table"'),
        ("postgres", "SELECT a::text, pg_typeof(a) FROM $table", 'SELECT a::text, pg_typeof(a) FROM "$table"'),
        ("postgres", "SELECT 'INTO x; DELETE' AS t", None),
    ],
)
def test_one_query_stays_as_it_stands(dialect, sql, expected):
    assert one_query(sql, dialect) == (expected or sql.replace(" $table", " `$table`"))


def test_tables_may_be_read_from_other_places():
    places = {"$table": "parquet.`/data/x`", "data.planes": "v1", "c": "v2"}
    sql = "WITH c AS (SELECT 1) SELECT t.a, '$table', planes.b FROM $table t JOIN data.`planes` USING (a), c, $table"
    assert one_query(sql, "spark", places) == (
        "WITH c AS (SELECT 1) SELECT t.a, '$table', planes.b FROM parquet.`/data/x` t JOIN v1 AS `planes` USING (a), "
        "c, parquet.`/data/x` AS `$table`"
    )


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("spark", ""),
        ("spark", "-- nothing"),
        ("spark", "SELECT 1; DROP TABLE t"),
        ("spark", "FROM t INSERT OVERWRITE TABLE x SELECT *"),
        ("spark", "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a"),
        ("spark", "SELECT TRANSFORM(a) USING 'cat' FROM t"),
        ("spark", "SELECT reflect('java.lang.System', 'exit', 1)"),
        ("spark", "SELECT java_method('java.lang.System', 'exit', 1)"),
        ("spark", "SELECT * FROM parquet.`/etc`"),
        ("spark", "SELECT * FROM (SELECT * FROM csv.`x.csv`)"),
        ("spark", "SELECT * FROM read_files('/x')"),
        ("spark", "CACHE TABLE x AS SELECT 1"),
        ("spark", "SHOW TABLES"),
        ("spark", "EXPLAIN SELECT 1"),
        ("spark", "SELECT FROM WHERE ("),
        ("spark", "SELECT 'open"),
        ("postgres", "SELECT * INTO x FROM t"),
        ("postgres", "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x"),
        ("postgres", "SELECT * FROM t FOR UPDATE"),
        ("postgres", "SELECT pg_read_file('/etc/passwd')"),
        ("postgres", "SELECT PG_TERMINATE_BACKEND(1)"),
        ("postgres", "SELECT lo_import('/etc/passwd')"),
        ("postgres", "SELECT nextval('s')"),
        ("postgres", "COPY (SELECT 1) TO PROGRAM 'x'"),
        ("trino", "SELECT * FROM TABLE(system.query(query => 'DROP TABLE x'))"),
        ("trino", "EXECUTE x"),
        ("no_dialect", "SELECT 1"),
        ("spark", "SELECT " + "(" * 5000 + "1" + ")" * 5000),
    ],
)
def test_all_else_is_refused(dialect, sql):
    with pytest.raises(TranslationError):
        one_query(sql, dialect)


def test_what_is_trusted_is_translated_plainly_and_a_note_says_so():
    found = dialects.given_to_engine("SELECT reverse(name) FROM t", {"t": {"name": "VARCHAR"}}, to="spark", trust=True)
    assert found.text == "SELECT REVERSE(name) FROM t"
    assert [(each.line, each.column, each.why) for each in found.notes] == [
        (1, 8, "reverse is not known to be the same in Spark, and it is trusted (sql: trust)")
    ]


def test_what_is_trusted_in_another_dialect_is_translated_plainly_too():
    tables = {"t": {"name": "VARCHAR"}}
    sql = "SELECT soundex(name) AS n FROM t"
    found = dialects.given_to_engine(sql, tables, to="duckdb", written="spark", trust=True)
    assert found.text == "SELECT SOUNDEX(name) AS n FROM t"
    assert [(each.line, each.column, each.why) for each in found.notes] == [
        (1, 8, "soundex of Spark has no rule, and it is trusted (sql: trust)")
    ]


def test_what_is_known_to_be_the_same_needs_no_trust():
    tables = {"t": {"name": "VARCHAR"}}
    trusted = dialects.given_to_engine("SELECT name FROM t", tables, to="spark", trust=True)
    assert trusted == dialects.translate("SELECT name FROM t", tables, to="spark")


def test_sql_in_the_engines_own_dialect_runs_as_it_stands():
    found = dialects.given_to_engine("SELECT reverse(name) FROM t", {}, to="spark", written="spark")
    assert (found.text, found.columns, found.notes) == ("SELECT reverse(name) FROM t", (), ())


@pytest.mark.parametrize("written", ["duckdb", "spark", "postgres"])
@pytest.mark.parametrize("sql", ["DROP TABLE t", "SELECT 1; DROP TABLE t", "INSERT INTO t SELECT 1", ""])
def test_trust_lets_nothing_through_that_does_more_than_to_ask(written, sql):
    with pytest.raises(TranslationError):
        dialects.given_to_engine(sql, {}, to="spark", written=written, trust=True)


@pytest.mark.parametrize("sql", ["SELECT getenv('HOME')", "SELECT * FROM duckdb_secrets()", "SELECT nextval('s')"])
def test_trust_lets_no_function_through_that_no_query_may_use(sql):
    with pytest.raises(TranslationError, match="may not use"):
        translated_plainly(sql, "duckdb", "spark")
