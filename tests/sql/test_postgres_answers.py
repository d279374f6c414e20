"""The proof: every query that is translated answers on a real PostgreSQL as it does on DuckDB, values and types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import duckdb
import pyarrow
import pytest

from mason.errors import TranslationError
from mason.sql import dialects
from mason.sql.foreign.work_back import to_duckdb
from mason.sql.postgres.from_postgres import FROM_POSTGRES
from mason.sql.postgres.postgres import to_postgres
from mason.sql.translating.text_rules import UNLIKE_LOWER, UNLIKE_UPPER
from tests.sql.comparing import Engine, is_ordered, postgres_type, without_zeros
from tests.sql.composed import composed
from tests.sql.composed_back import composed_back
from tests.sql.corpus import TABLES, connected, queries
from tests.sql.real_postgres import Postgres, missing

psycopg = pytest.importorskip("psycopg", reason=missing())

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("postgres"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


@pytest.fixture(scope="module")
def duck():
    connection = connected()
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def postgres(duck):
    server = Postgres()
    try:
        server.fill(duck)
        yield server
    finally:
        server.close()


@pytest.fixture
def engine(postgres):
    return Engine("PostgreSQL", to_postgres, postgres_type, postgres.ask)


def test_a_server_that_cannot_be_reached_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was started, and refuses the connection: neither its process nor its folder is left."""
    monkeypatch.setenv("PGOPTIONS", "-c no_such_setting=1")
    before = set(Path("/tmp").glob("mason-pg-*"))
    with pytest.raises(psycopg.OperationalError, match="no_such_setting"):
        Postgres()
    assert set(Path("/tmp").glob("mason-pg-*")) <= before


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _ in queries()))
def test_answers_are_the_same(engine, duck, kind):
    pairs = engine.translated(sql for each, sql in queries() if each == kind)
    assert engine.differences(duck, pairs) == []


_MORE = """
SELECT kind, string_agg(name, ',' ORDER BY name DESC) AS x, list(name ORDER BY name) AS y FROM items GROUP BY 1
SELECT kind, arg_max(id, name) AS x, arg_min(name, price) FILTER (WHERE id > 2) AS y FROM items GROUP BY ALL ORDER BY 1
SELECT max(name) AS a, min(lower(name)) AS b, greatest(max(name), 'zz') AS c FROM items WHERE id <> 3
SELECT rank() OVER (PARTITION BY kind ORDER BY name DESC NULLS FIRST) AS r, max(name) OVER () AS m FROM items
SELECT name FROM items UNION SELECT kind FROM items ORDER BY name
SELECT lower(name) AS n FROM items WHERE id <> 3 INTERSECT SELECT lower(kind) FROM items
SELECT DISTINCT upper(kind) AS k FROM items ORDER BY k
SELECT id FROM items WHERE name BETWEEN 'A' AND 'b' OR lower(kind) BETWEEN upper(kind) AND kind ORDER BY id
SELECT first_value('a') OVER (ORDER BY id) AS x, lag('b') OVER (ORDER BY id) AS y FROM staff ORDER BY id
SELECT list('x' ORDER BY id) AS x, string_agg('y', '' ORDER BY id) AS y, arg_max('z', id) AS z FROM staff
SELECT id, weight / 0 AS x, 0 / weight AS y, -weight / 0 AS z, greatest(weight, 0) AS g FROM items ORDER BY id
SELECT id FROM items WHERE weight > 1 ORDER BY weight, id
SELECT huge // 3 AS a, huge // -7 AS b, (huge + 1) // 2 AS c, huge % 7 AS d FROM numbers
SELECT s.id, d.title FROM staff s FULL JOIN depts d ON s.dept = d.dept AND s.id = d.floor ORDER BY s.id, d.title
SELECT id, (SELECT title FROM depts d WHERE d.dept = a.dept) AS m FROM staff a ORDER BY id
SELECT id, dept IN (SELECT dept FROM depts) AS x FROM staff ORDER BY id
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY CUBE (dept, boss) ORDER BY dept NULLS FIRST, boss NULLS FIRST, s
SELECT x FROM range(3, 1) AS r(x)
"""
"""Where PostgreSQL has ways of its own: texts that meet no type, collations, NaN, the joins that it takes."""


def test_what_is_postgresqls_own_answers_the_same(engine, duck):
    pairs = engine.translated(_MORE.strip().splitlines())
    assert len(pairs) == len(_MORE.strip().splitlines())
    assert engine.differences(duck, pairs) == []


@pytest.mark.parametrize("seed", [13, 14, 15, 16])
def test_composed_queries_answer_the_same(engine, duck, seed):
    pairs = engine.translated(composed(150, seed=seed))
    assert len(pairs) > 100
    assert engine.differences(duck, pairs) == []


@pytest.mark.parametrize(("name", "unlike"), [("upper", UNLIKE_UPPER), ("lower", UNLIKE_LOWER)])
def test_each_letter_that_is_not_refused_is_folded_as_duckdb_does(postgres, duck, name, unlike):
    """All of Unicode's signs that may have another case."""
    refused = re.compile(f"[{unlike}]")
    signs = [chr(each) for each in range(1, 0x110000) if unicodedata.category(chr(each)) not in _CASELESS]
    letters = [each for each in signs if not refused.match(each)]
    table = f"letters_{name}"
    duck.execute(f"CREATE TABLE {table}(c VARCHAR)")
    duck.register("arrow", pyarrow.table({"c": letters}))
    duck.execute(f"INSERT INTO {table} SELECT c FROM arrow")
    postgres.ask([f"CREATE TABLE {table}(c text)"])
    postgres.copy(table, letters)
    sql = f"SELECT c, {name}(c) AS x FROM {table}"
    (answer,) = postgres.ask([to_postgres(sql, {table: {"c": "VARCHAR"}}).text])
    assert len(letters) > 5000
    assert set(map(tuple, answer["rows"])) ^ set(duck.execute(sql).fetchall()) == set()


_CASELESS = {"Lo", "Cn", "Co", "Cs", "So", "Sm", "Po", "Mn"}


@pytest.fixture
def back(postgres):
    return Engine("PostgreSQL", partial(to_duckdb, written=FROM_POSTGRES), postgres_type, postgres.ask, without_zeros)


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _ in queries("postgres")))
def test_queries_in_postgresqls_sql_are_answered_by_duckdb_as_by_postgresql(back, duck, kind):
    pairs = back.translated(sql for each, sql in queries("postgres") if each == kind)
    assert pairs
    assert back.differences_back(duck, pairs) == []


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_composed_queries_in_postgresqls_sql_are_answered_by_duckdb_as_by_postgresql(back, duck, seed):
    pairs = back.translated(composed_back("postgres", 150, seed=seed))
    assert len(pairs) > 140
    assert back.differences_back(duck, pairs) == []


def test_queries_in_postgresqls_sql_would_be_answered_otherwise_as_they_stand(back, duck):
    for sql in ("SELECT 7 / 2 AS x", "SELECT id, boss FROM staff ORDER BY boss DESC, id", "SELECT 7 % 0 AS x"):
        (answer,) = back.ask([sql])
        assert back.compared(duck, sql, answer) != ""


def _chained(engine: Engine, duck: duckdb.DuckDBPyConnection, written: str, texts: Iterable[str]) -> list[str]:
    """What PostgreSQL answers otherwise to queries in the dialect ``written``, than DuckDB to their translations, which
    are held to the engine of that dialect elsewhere."""
    known = []
    for sql in texts:
        with suppress(TranslationError):
            chained = dialects.translate(sql, TABLES, written=written, to="postgres")
            known.append((sql, dialects.translate(sql, TABLES, written=written, to="duckdb").text, chained.text))
    assert known
    answers = engine.ask([text for _, _, text in known])
    found = []
    for (sql, first, text), answer in zip(known, answers, strict=True):
        if said := engine.compared(duck, first, answer, ordered=is_ordered(sql)):
            found.append(f"{sql}\n    {first}\n    {text}\n    {said}")
    return found


@pytest.mark.parametrize("written", ["spark", "trino"])
def test_queries_of_other_engines_are_answered_by_postgresql_as_by_duckdb(engine, duck, written):
    assert _chained(engine, duck, written, [sql for _, sql in queries(written)]) == []


@pytest.mark.parametrize("written", ["spark", "trino"])
def test_composed_queries_of_other_engines_are_answered_by_postgresql_as_by_duckdb(engine, duck, written):
    assert _chained(engine, duck, written, composed_back(written, 150, seed=31)) == []


def test_the_page_names_the_versions_that_answered(postgres):
    for name in ("sql_on_postgres.md", "sql_of_postgres.md"):
        page = (Path(__file__).parents[2] / "docs" / name).read_text("utf-8")
        assert f"DuckDB {duckdb.__version__} and PostgreSQL {postgres.version.split('.')[0]}" in page


def test_plain_texts_would_differ(engine, duck):
    """Were queries handed on as they are, this is what would be seen: the comparison tells it."""
    for sql in ("SELECT round(CAST(2.5 AS DOUBLE PRECISION)) AS x", "SELECT id, name FROM items ORDER BY name, id"):
        (answer,) = engine.ask([sql])
        assert engine.compared(duck, sql, answer) != ""
