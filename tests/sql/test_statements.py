"""Which statements a text holds, as Mason sees it before any engine does."""

from __future__ import annotations

import duckdb
import pytest

from mason.sql.functions import refusal
from mason.sql.statements import first_word, kinds


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("", []),
        (" ; -- nothing\n ;/* a /* nested */ comment */", []),
        ("SELECT 1", ["SELECT"]),
        ("(select 1) UNION ALL (select 2);", ["SELECT"]),
        ("((SELECT 1))", ["SELECT"]),
        ("FROM t", ["SELECT"]),
        ("values (1)", ["SELECT"]),
        ("DESCRIBE t", ["SELECT"]),
        ("WITH a AS (DELETE) SELECT 1", ["SELECT"]),
        ("(WITH a AS (SELECT 1) SELECT * FROM a)", ["SELECT"]),
        ("with recursive a(x) as (select 1) insert into t select * from a", ["INSERT"]),
        ("WITH a AS (SELECT 1) (SELECT 1)", ["SELECT"]),
        ("DROP TABLE t", ["DROP"]),
        ("-- SELECT\ndrop table t", ["DROP"]),
        ("/* /* */ ; */ SELECT ';', \"a;b\", $$;$$, $x$ ; $$ $x$, e'\\';' ; COPY t TO 'x'", ["SELECT", "COPY"]),
        ("SELECT 'it''s; DROP'", ["SELECT"]),
        ("SELECT 'open; DROP", ["SELECT"]),
        ("/* open; DROP", []),
        ("1; 2", ["1", "2"]),
        ("'SELECT'", ["'"]),
    ],
)
def test_kinds(sql: str, expected: list[str]) -> None:
    assert kinds(sql) == expected


def test_first_words() -> None:
    assert first_word("/* x */ pivot t ON a; SELECT 1") == "PIVOT"
    assert first_word(" ; ") == ""


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT $a$;$a$; SELECT '$a$'",
        "SELECT E'\\\\'; SELECT 2",
        "SELECT E'a\\'b;c'",
        "SELECT 'a\\'; SELECT 2",
        "SELECT 1 -- ;\n; SELECT 2",
        "SELECT 1 /* ; /* ; */ ; */ ; SELECT 2",
        'SELECT ";" FROM (SELECT 1 AS ";"); SELECT 2',
        "SELECT $1; SELECT $2",
        "SELECT x'41'; SELECT 2",
    ],
)
def test_statements_end_where_duckdb_ends_them(sql: str) -> None:
    assert len(kinds(sql)) == len(duckdb.connect().extract_statements(sql))


@pytest.mark.parametrize("name", ["sum", "read_csv", "enabled", "pragmatic", "duckdb", "list_transform", "queries", ""])
def test_what_asks_is_allowed(name: str) -> None:
    assert refusal(name) == ""


@pytest.mark.parametrize("name", ["Current_Setting", "duckdb_settings", "pragma_version", "ENABLE_PROFILING", "query"])
def test_what_tells_or_does_more_is_refused(name: str) -> None:
    assert refusal(name).startswith(f"A query may not use {name.lower()}: ")
