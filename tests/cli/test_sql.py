"""``mason sql``: a query for another engine, with the columns of its tables from the command line or a metastore."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

TABLE = ("--table", "t=id INTEGER, name VARCHAR")


def test_the_translation_is_printed_and_what_is_written_otherwise_is_told(mason):
    result = mason("sql", "SELECT id // 2 AS half FROM t LIMIT 1", "--to", "spark", *TABLE)
    assert (result.code, result.out) == (
        0,
        "SELECT CAST(`t`.`id` div nullif(2, CAST(0 AS INT)) AS INT) AS `half` FROM `t` AS `t` LIMIT 1\n",
    )
    assert result.err == (
        "Line 1, column 11: // is written otherwise: DuckDB's result is NULL where the divisor is zero, Spark stops; "
        "its type is that of the operands.\n"
        "Line 1, column 1: note that without ORDER BY it is not certain which rows LIMIT takes.\n"
    )


def test_as_json(mason):
    assert mason("sql", "SELECT len(name) AS n FROM t", "--to", "spark", *TABLE, "--json").json == {
        "format_version": "1.0",
        "from": "duckdb",
        "to": "spark",
        "sql": "SELECT CAST(char_length(`t`.`name`) AS BIGINT) AS `n` FROM `t` AS `t`",
        "columns": [{"name": "n", "type": "BIGINT"}],
        "rewrites": [{"line": 1, "column": 8, "what": "len", "why": "Spark counts in INT"}],
        "notes": [],
    }


def test_documents_of_json_are_no_texts(mason):
    table = ("--table", "t=id INTEGER, doc JSON")
    found = mason("sql", "SELECT doc, [doc] AS docs, doc::VARCHAR AS text FROM t", "--to", "duckdb", *table, "--json")
    assert [(each["name"], each["type"]) for each in found.json["columns"]] == [
        ("doc", "JSON"),
        ("docs", "JSON[]"),
        ("text", "VARCHAR"),
    ]
    assert mason("sql", "SELECT id FROM t WHERE doc IS NULL", "--to", "spark", *table).code == 0
    refused = {
        "SELECT doc FROM t": (
            "The column doc is of JSON, which Spark has not. Cast it to another type, or leave it out."
        ),
        "SELECT doc || 'a' AS d FROM t": "Line 1, column 12: texts of JSON look different in Spark. Leave it out.",
        "SELECT doc::VARCHAR AS d FROM t": (
            "Line 1, column 11: texts of JSON look different in Spark. Leave the cast out."
        ),
    }
    for query, why in refused.items():
        result = mason("sql", query, "--to", "spark", *table)
        assert (result.code, result.out, result.err) == (1, "", f"Error: {why}\n")


def test_a_query_in_another_dialect(mason):
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")
    result = mason("sql", "SELECT id div 2 AS half FROM t", "--from", "spark", "--to", "duckdb", *TABLE)
    assert (result.code, result.out) == (
        0,
        'SELECT CASE WHEN CAST(2 AS BIGINT) = 0 AND CAST("t"."id" AS BIGINT) IS NOT NULL THEN'
        ' CAST(error(\'Division by zero\') AS BIGINT) ELSE CAST("t"."id" AS BIGINT) // CAST(2 AS BIGINT) END'
        ' AS "half" FROM "t" AS "t"\n',
    )
    assert result.err == (
        "Line 1, column 8: div is written otherwise: DuckDB's / of whole numbers is a DOUBLE, and // is NULL where the "
        "divisor is zero.\n"
    )
    refused = mason("sql", "SELECT name FROM t ORDER BY name", "--from", "postgres", "--to", "duckdb", *TABLE)
    assert (refused.code, refused.out, refused.err) == (
        1,
        "",
        "Error: Line 1, column 29: texts are ordered by the language of PostgreSQL's database, which is not known. "
        'Write COLLATE "C".\n',
    )


def test_a_query_gets_from_a_dialect_to_another_by_duckdbs(mason):
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")
    result = mason("sql", "SELECT id FROM t ORDER BY id", "--from", "spark", "--to", "postgres", *TABLE)
    assert (result.code, result.out) == (
        0,
        'SELECT "t"."id" AS "id" FROM "t" AS "t" ORDER BY "id" ASC NULLS FIRST\n',
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["SELECT 1,\n reverse(name) FROM t", *TABLE],
            "Error: Line 2, column 2: reverse is not known to be the same in Spark. Write it otherwise.\n",
        ),
        (
            ["SELECT 1", "--table", "t=id INTEGR"],
            "Error: 'id INTEGR' names no columns with their types. Write them as in: id INTEGER, name VARCHAR.\n",
        ),
        (
            ["SELECT 1", "--table", "t"],
            "Error: --table 't' names no table. Write --table 't=id INTEGER, name VARCHAR'.\n",
        ),
    ],
)
def test_refusals(mason, arguments, expected):
    result = mason("sql", *arguments, "--to", "spark")
    assert (result.code, result.out, result.err) == (1, "", expected)


def test_columns_of_the_metastore(mason, project):
    mason("apply", "-y")
    result = mason("sql", "SELECT name FROM airlines ORDER BY name LIMIT 2", "--to", "spark", "-c", "1", "-d", "data")
    assert result.out == (
        "SELECT `airlines`.`name` AS `name` FROM `airlines` AS `airlines`"
        " ORDER BY `airlines`.`name` ASC NULLS LAST LIMIT 2\n"
    )
    named = mason("sql", "SELECT count(*) AS n FROM data.airlines a", "--to", "spark")
    assert named.out == "SELECT count(*) AS `n` FROM `data`.`airlines` AS `a`\n"
    unnamed = mason("sql", "SELECT 1 FROM airlines", "--to", "spark")
    assert (unnamed.code, unnamed.err) == (
        1,
        "Error: The database of the table airlines is not known. Name it with -d, or write database.airlines; "
        "or give the columns with --table.\n",
    )
    unknown = mason("sql", "SELECT 1 FROM data.airline", "--to", "spark")
    assert unknown.code == 1
    assert "airline" in unknown.err


def test_without_tables_no_project_is_opened(mason, folder):
    (folder / "mason.yaml").write_text("state: nowhere://\n")
    assert mason("sql", "SELECT 1 AS x", "--to", "spark").out == "SELECT 1 AS `x`\n"


def test_the_page_shows_what_is_answered(mason):
    page = (Path(__file__).parents[2] / "docs" / "sql.md").read_text("utf-8")
    block = page.partition("```console\n")[2].partition("```")[0]
    shown = [each.partition("\n") for each in block.split("$ ")[1:]]
    assert len(shown) == 2
    for command, _, answer in shown:
        result = mason(*shlex.split(command)[1:])
        assert result.out + result.err == answer
