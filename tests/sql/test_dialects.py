"""The dialects that are known, and what is asked of all of them."""

from __future__ import annotations

import duckdb
import pytest

from mason.errors import TranslationError
from mason.sql import dialects, parsed
from mason.sql.translations import Translation

TABLES = {"$table": {"id": "INTEGER", "name": "VARCHAR"}}


@pytest.mark.parametrize("to", dialects.targets())
def test_each_dialect_translates_to_the_same_value(to):
    found = dialects.translate("SELECT id, name FROM $table ORDER BY id;", TABLES, to=to)
    assert isinstance(found, Translation)
    assert [(each.name, str(each.type)) for each in found.columns] == [("id", "INTEGER"), ("name", "VARCHAR")]


@pytest.mark.parametrize("to", dialects.targets())
@pytest.mark.parametrize(
    "sql", ["", "DROP TABLE t", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE t", "SELECT FROM WHERE"]
)
def test_no_dialect_takes_what_is_no_query(to, sql):
    with pytest.raises(TranslationError):
        dialects.translate(sql, {}, to=to)


def test_duckdbs_own_sql_stays_as_it_is():
    assert dialects.translate("SELECT id FROM $table", TABLES, to="duckdb").text == 'SELECT id FROM "$table"'


def test_places_are_those_of_the_text_as_it_was_written():
    with pytest.raises(TranslationError, match="Line 2, column 19: reverse is not"):
        dialects.translate("SELECT id\nFROM $table WHERE reverse(name) = 'a'", TABLES, to="spark")


def test_a_dialect_without_a_translation_is_refused_by_name():
    assert not dialects.can_translate("duckdb", "sqlite")
    with pytest.raises(TranslationError) as caught:
        dialects.translate("SELECT 1", {}, to="sqlite")
    assert str(caught.value).startswith(
        "There is no translation of SQL in the dialect duckdb to sqlite. Write it in sqlite's with dialect: sqlite, or "
    )


def test_a_type_that_is_refused_spoils_no_other_one():
    duckdb.execute("SELECT range FROM range(10000)").fetchone()
    parsed.parse("SELECT 1")
    with pytest.raises(TranslationError, match="has the type 'ANY', which DuckDB does not know"):
        parsed.types_of({"t": {"a": "ANY"}})
    assert str(parsed.types_of({"u": {"b": "TINYINT"}})["u"]["b"]) == "TINYINT"
    assert duckdb.execute("SELECT 1").fetchall() == [(1,)]
