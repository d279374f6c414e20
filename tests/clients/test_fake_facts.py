"""What a table tells of itself so that it can be imitated, and what it must not tell."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from mason.clients._duckdb.fake import FakeColumn, facts, select
from mason.clients._duckdb.fake.column import TextShape


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def seen(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, FakeColumn]:
    columns = [(row[0], row[1]) for row in connection.execute(f"DESCRIBE {sql}").fetchall()]
    return {column.name: column for column in facts(connection, sql, columns)}


def test_facts(connection):
    found = seen(
        connection,
        "SELECT i + 11 AS id, CASE WHEN i % 4 > 0 THEN 1 + i % 9 END AS digit, i / 8 AS share, "
        "(i % 20) / 4 AS quarter, "
        "CAST(i % 7 AS DOUBLE) AS whole, CASE i % 4 WHEN 0 THEN 'it''s' ELSE 'b' END AS word, "
        "'K' || (i + 1000) AS code_seen, CAST(i * 7 AS VARCHAR) AS digits, 'a b ' || i AS spaced, i % 5 = 0 AS flag, "
        "DATE '2013-01-01' + CAST(i AS INTEGER) AS day, TIMESTAMP '2013-01-01' + to_days(CAST(i AS INTEGER)) AS at, "
        "CAST((i % 3)::VARCHAR AS ENUM ('0', '1', '2', '3')) AS choice, [i] AS list, NULL::INTEGER AS nothing "
        "FROM range(200) t(i)",
    )
    assert found == {
        "id": FakeColumn("id", "BIGINT", min="11", max="210", unique=True),
        "digit": FakeColumn("digit", "BIGINT", null_share=0.25, min="1", max="9", distinct=found["digit"].distinct),
        "share": FakeColumn("share", "DOUBLE", min="0.0", max="24.875"),
        "quarter": FakeColumn(
            "quarter", "DOUBLE", min="0.0", max="4.75", step="0.01", distinct=found["quarter"].distinct
        ),
        "whole": FakeColumn("whole", "DOUBLE", min="0.0", max="6.0", step="1", distinct=found["whole"].distinct),
        "word": FakeColumn(
            "word", "VARCHAR", distinct=2, values=(("b", 0.75), ("it's", 0.25)), text=TextShape(1, 4, "lower")
        ),
        "code_seen": FakeColumn("code_seen", "VARCHAR", text=TextShape(5, 5, "upper")),
        "digits": FakeColumn("digits", "VARCHAR", text=TextShape(1, 4, "digits")),
        "spaced": FakeColumn("spaced", "VARCHAR", text=TextShape(5, 7, "words")),
        "flag": FakeColumn("flag", "BOOLEAN", distinct=2, values=(("false", 0.8), ("true", 0.2))),
        "day": FakeColumn("day", "DATE", min="2013-01-01", max="2013-07-19"),
        "at": FakeColumn("at", "TIMESTAMP", min="2013-01-01 00:00:00", max="2013-07-19 00:00:00", step="day"),
        "choice": FakeColumn(
            "choice",
            "ENUM('0', '1', '2', '3')",
            distinct=3,
            values=(("0", 0.335), ("1", 0.335), ("2", 0.33)),
        ),
        "list": FakeColumn("list", "BIGINT[]"),
        "nothing": FakeColumn("nothing", "INTEGER", null_share=1.0),
    }


def test_persons_are_never_copied(connection):
    sql = "SELECT ['Ada Fox', 'Bo Lee'][1 + i % 2] AS customer_name, 'x@y.org' AS mail FROM range(90) t(i)"
    found = seen(connection, sql)
    assert [column.values for column in found.values()] == [(), ()]
    sql = select(connection, list(found.values()), size=1000, seed=1)
    copied = "customer_name IN ('Ada Fox', 'Bo Lee') OR mail = 'x@y.org'"
    assert connection.execute(f"FROM ({sql}) WHERE {copied}").fetchall() == []


def test_texts_that_hardly_repeat_are_not_copied(connection):
    found = seen(connection, "SELECT 'Project ' || i AS secret FROM range(30) t(i)")
    assert found["secret"].values == ()


def test_a_few_unique_numbers_are_no_key_unless_named_so(connection):
    found = seen(connection, "SELECT i + 20 AS age, i AS user_id FROM range(5) t(i)")
    assert (found["age"].unique, found["user_id"].unique) == (False, True)


def test_infinite_values_are_no_bounds(connection):
    found = seen(
        connection,
        "SELECT unnest(['nan'::DOUBLE, 'inf', 1.5, NULL]) AS x, unnest(['infinity'::DATE, '2013-01-01']) AS day, "
        "unnest(['-infinity'::TIMESTAMP]) AS at",
    )
    assert [(column.min, column.max) for column in found.values()] == [
        ("1.5", "1.5"),
        ("2013-01-01", "2013-01-01"),
        (None, None),
    ]


def test_an_empty_table_and_one_without_columns(connection):
    assert seen(connection, "SELECT 1 AS a, 'x' AS b, true AS c WHERE false") == {
        "a": FakeColumn("a", "INTEGER"),
        "b": FakeColumn("b", "VARCHAR"),
        "c": FakeColumn("c", "BOOLEAN"),
    }
    assert facts(connection, "SELECT 1", []) == []


NUMBERS = ("TINYINT", "BIGINT", "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL(9,3)")
MOMENTS = (
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP_S",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMPTZ",
    "TIME",
    "TIME_NS",
    "INTERVAL",
)


@pytest.mark.parametrize("kind", [*NUMBERS, *MOMENTS])
def test_an_imitation_keeps_bounds_and_nulls(connection, kind):
    connection.execute(
        f"CREATE TABLE t AS SELECT x, x AS y FROM ({select(connection, [FakeColumn('x', kind)], size=400, seed=3)})"
    )
    connection.execute("UPDATE t SET x = NULL WHERE rowid % 4 = 0")
    columns = list(seen(connection, "SELECT * FROM t").values())
    copy = select(connection, columns, size=20_000, seed=5)
    inside = (
        "x BETWEEN (SELECT min(x) FROM t) AND (SELECT max(x) FROM t) "
        "AND y BETWEEN (SELECT min(y) FROM t) AND (SELECT max(y) FROM t)"
    )
    row = connection.execute(
        f"SELECT bool_and(x IS NULL OR {inside}), count(*) - count(x), count(y), typeof(any_value(y)) FROM ({copy})"
    ).fetchone()
    (kind,) = connection.execute("SELECT typeof(y) FROM t LIMIT 1").fetchone()
    assert row == (True, pytest.approx(5000, rel=0.05), 20_000, kind)


def test_an_imitation_keeps_keys_and_the_shares_of_values(connection):
    found = seen(
        connection,
        "SELECT 3 * i AS key, ['open', 'closed', 'closed', NULL][1 + i % 4] AS word FROM range(1000) t(i)",
    )
    copy = select(connection, list(found.values()), size=2000, seed=5)
    keys = connection.execute(f"SELECT count(DISTINCT key), min(key) >= 0, max(key) <= 2997 FROM ({copy})").fetchone()
    assert keys == (2000, True, True)
    shares = connection.execute(f"SELECT word, count(*) / 2000 FROM ({copy}) GROUP BY ALL").fetchall()
    assert dict(shares) == {
        "closed": pytest.approx(0.5, abs=0.05),
        "open": pytest.approx(0.25, abs=0.05),
        None: pytest.approx(0.25, abs=0.05),
    }


def test_hidden_characters_and_odd_names_survive(connection):
    sql = "SELECT ['a' || chr(0) || 'b', '日本'][1 + i % 2] AS \"it's \"\"x\"\"\" FROM range(90) t(i)"
    found = seen(connection, sql)
    copy = select(connection, list(found.values()), size=100, seed=5)
    assert set(connection.execute(copy).fetchall()) == {("a\0b",), ("日本",)}
