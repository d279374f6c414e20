"""SQL in other dialects in DuckDB's words: texts, and refusals with their places. Answers are compared elsewhere."""

from __future__ import annotations

import pytest

from mason.errors import TranslationError
from mason.sql import dialects
from tests.sql.corpus import TABLES, queries

pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")

STAFF = {
    "staff": {"id": "INTEGER", "dept": "VARCHAR", "pay": "DECIMAL(10,2)", "hired": "DATE", "rate": "DOUBLE"}
    | {"seen": "TIMESTAMP", "at": "TIMESTAMPTZ", "ok": "BOOLEAN", "tiny": "TINYINT", "l": "INTEGER[]", "j": "TIME"}
}
WRITTEN = [each for each in dialects.sources() if each != "duckdb"]


def expression(written: str, sql: str) -> str:
    """What becomes of an expression over the table."""
    text = dialects.translate(f"SELECT {sql} AS x FROM staff", STAFF, to="duckdb", written=written).text
    return text.removeprefix("SELECT ").removesuffix(' AS "x" FROM "staff" AS "staff"').replace('"staff".', "")


def refusal(written: str, sql: str) -> str:
    """Why a query is refused, with its place; empty where it is not."""
    try:
        dialects.translate(sql, STAFF, to="duckdb", written=written)
    except TranslationError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("written", "sql", "expected"),
    [
        ("spark", "id", '"id"'),
        ("spark", "tiny + id", 'CAST(CAST("tiny" AS INTEGER) + "id" AS INTEGER)'),
        ("spark", "concat(dept, id)", '("dept" || CAST("id" AS VARCHAR))'),
        ("spark", "size(l)", 'CAST(len("l") AS INTEGER)'),
        ("spark", "dayofweek(hired)", "CAST(date_part('dow', \"hired\") + 1 AS INTEGER)"),
        ("spark", "date_add(hired, 3)", '("hired" + 3)'),
        ("spark", "CAST(rate AS INT)", 'CAST(trunc("rate") AS INTEGER)'),
        ("spark", "trim(dept)", "trim(\"dept\", ' ')"),
        ("spark", "id <=> 1", '("id" IS NOT DISTINCT FROM 1)'),
        ("spark", "sum(id) OVER (ORDER BY id)", 'CAST(sum("id") OVER (ORDER BY "id" ASC NULLS FIRST) AS BIGINT)'),
        ("spark", "regexp_replace(dept, '([a-z])', '<$1>')", "regexp_replace(\"dept\", '([a-z])', '<\\1>', 'g')"),
        ("spark", "hour(at)", "CAST(date_part('hour', (\"at\" AT TIME ZONE 'UTC')) AS INTEGER)"),
        (
            "trino",
            "id % 2",
            """CASE WHEN 2 = 0 AND "id" IS NOT NULL THEN CAST(error('Division by zero') AS INTEGER)"""
            """ ELSE CAST("id" % 2 AS INTEGER) END""",
        ),
        ("trino", "greatest(id, 5)", 'CASE WHEN "id" IS NOT NULL AND 5 IS NOT NULL THEN greatest("id", 5) END'),
        ("trino", "length(dept)", 'CAST(length("dept") AS BIGINT)'),
        ("trino", "day_of_week(hired)", "CAST(date_part('isodow', \"hired\") AS BIGINT)"),
        ("trino", "dept LIKE 'a\\%'", "(\"dept\" LIKE 'a\\%')"),
        ("trino", "sum(pay)", 'CAST(sum("pay") AS DECIMAL(38,2))'),
        ("athena", "avg(id)", 'avg(CAST("id" AS DOUBLE))'),
        ("redshift", "sum(id)", 'CAST(sum("id") AS BIGINT)'),
        ("redshift", "dept || dept", '("dept" || "dept")'),
        ("postgres", "id", '"id"'),
        ("postgres", "tiny", 'CAST("tiny" AS SMALLINT)'),
        ("postgres", "l[1]", '"l"[1]'),
        ("postgres", "hired - 3", '("hired" - 3)'),
        ("postgres", "pay * 2", 'CAST(CAST("pay" AS DECIMAL(38,2)) * CAST(2 AS DECIMAL(10,0)) AS DECIMAL(20,2))'),
        ("postgres", "dept COLLATE \"C\" < 'b'", "(\"dept\" < 'b')"),
        ("postgres", "CAST(rate AS int)", 'CAST("rate" AS INTEGER)'),
        ("postgres", "sum(id)", 'CAST(sum("id") AS BIGINT)'),
        ("postgres", "extract(year FROM hired)", "CAST(date_part('year', \"hired\") AS DECIMAL(18,0))"),
    ],
)
def test_expressions(written, sql, expected):
    assert expression(written, sql) == expected


REFUSED = [
    (
        "spark",
        "SELECT INTERVAL 1 DAY AS x",
        "Line 1, column 26: the column x is an interval, which engines keep otherwise. Leave it out.",
    ),
    (
        "postgres",
        "SELECT INTERVAL '1 day' AS x",
        "Line 1, column 28: the column x is an interval, which engines keep otherwise. Leave it out.",
    ),
    (
        "trino",
        "SELECT pay / 3 AS x FROM staff",
        "Line 1, column 8: how a quotient of decimals is rounded is not said. Cast one side to double.",
    ),
    (
        "trino",
        "SELECT round(pay, 1) AS x FROM staff",
        "Line 1, column 8: round of Trino has no rule. Write it otherwise.",
    ),
    (
        "athena",
        "SELECT seen FROM staff",
        "Line 1, column 8: a column of TIMESTAMP is of no type that this dialect has. Leave it out, or name the "
        "others.",
    ),
    ("redshift", "SELECT if(ok, 1, 2) AS x FROM staff", "Line 1, column 11: Redshift has no IF. Write CASE WHEN."),
    (
        "redshift",
        "SELECT count(*) FILTER (WHERE ok) AS x FROM staff",
        "Line 1, column 8: FILTER for count has no rule. Write CASE WHEN in an aggregate.",
    ),
    (
        "redshift",
        "SELECT CAST(pay AS integer) AS x FROM staff",
        "Line 1, column 13: how DECIMAL(10,2) is rounded to INTEGER is not said. Leave the cast out.",
    ),
    (
        "redshift",
        "SELECT 'a\\b' AS x",
        "Line 1, column 8: it depends on a setting whether a backslash is an escape. Leave it out.",
    ),
    (
        "spark",
        "SELECT initcap(dept) AS x FROM staff",
        "Line 1, column 8: initcap of Spark has no rule. Use upper and substring.",
    ),
    (
        "spark",
        "SELECT id,\n  foo(id) AS x FROM staff",
        "Line 2, column 3: foo of Spark has no rule. Write it otherwise.",
    ),
    (
        "spark",
        "SELECT idd AS x FROM staff",
        "Line 1, column 8: there is no column idd that is known here. Use one of id, dept, pay, hired, "
        "rate, seen, at, ok, tiny, l.",
    ),
    (
        "spark",
        "SELECT id FROM nowhere",
        "Line 1, column 16: the columns of the table nowhere are not known (known are: staff). Give its columns.",
    ),
    (
        "spark",
        "SELECT id FROM staff SORT BY id",
        "Line 1, column 8: sort is not known to mean the same. Leave it out, or write it otherwise.",
    ),
    (
        "spark",
        "SELECT id FROM",
        "Line 1, column 14: this is no SQL of spark's: Expected table name but got the end. Mend the query.",
    ),
    (
        "spark",
        "DROP TABLE staff",
        "Line 1, column 1: only a query is translated. Write one SELECT.",
    ),
    (
        "spark",
        "SELECT 1; SELECT 2",
        "Line 1, column 1: there are 2 statements. Give one query.",
    ),
    (
        "spark",
        "SELECT 'a' || 1 + 2 AS x",
        "Line 1, column 8: which operator comes first is not the same everywhere. Put parentheses.",
    ),
    (
        "spark",
        "SELECT '${x}' AS x",
        "Line 1, column 8: ${ in a text is filled in by Spark. Write concat('$', '{').",
    ),
    (
        "spark",
        "SELECT array(1, 2)[1] AS x",
        "Line 1, column 20: array in Spark's SQL has no rule. Write it otherwise.",
    ),
    (
        "spark",
        "SELECT count(*) OVER () FROM staff",
        "Line 1, column 8: the name of this column is not known. Give it one by AS.",
    ),
    (
        "spark",
        "SELECT j FROM staff",
        "Line 1, column 8: a column of TIME is of no type that this dialect has. Leave it out, or name the others.",
    ),
    (
        "postgres",
        "SELECT dept FROM staff ORDER BY dept",
        "Line 1, column 33: texts are ordered by the language of PostgreSQL's database, which is not "
        'known. Write COLLATE "C".',
    ),
    (
        "postgres",
        "SELECT avg(pay) FROM staff",
        "Line 1, column 8: the digits of avg of whole numbers and numerics depend on its value. Write "
        "avg(CAST(x AS double precision)).",
    ),
    (
        "postgres",
        "SELECT date_trunc('month', hired) FROM staff",
        "Line 1, column 8: date_trunc of DATE is not known to be the same. Cast it to timestamp: a date "
        "takes the session's zone.",
    ),
    (
        "postgres",
        "SELECT pay / 3 FROM staff",
        "Line 1, column 8: the digits of a quotient of numerics depend on its value. Cast one side to "
        "double precision.",
    ),
    (
        "postgres",
        'SELECT "ID" FROM staff',
        "Line 1, column 8: there is no column ID that is known here. Use one of id, dept, pay, hired, "
        "rate, seen, at, ok, tiny, l.",
    ),
    (
        "spark",
        "SELECT CAST(id AS DECIMAL(x)) AS x FROM staff",
        "Line 1, column 13: the type DECIMAL(X) is not known to be the same. Use another one, with its digits.",
    ),
    (
        "trino",
        "SELECT CAST(id AS DECIMAL(5, x)) AS x FROM staff",
        "Line 1, column 13: the type DECIMAL(5, X) is not known to be the same. Use another one, with its digits.",
    ),
    (
        "spark",
        "SELECT percentile(rate, 'a') AS x FROM staff",
        "Line 1, column 8: percentile takes a fraction that is written out. Write one from 0 to 1.",
    ),
    (
        "postgres",
        "SELECT percentile_disc(true) WITHIN GROUP (ORDER BY rate) AS x FROM staff",
        "Line 1, column 8: percentile_disc takes a fraction that is written out. Write one from 0 to 1.",
    ),
    (
        "spark",
        "SELECT isnull() AS x FROM staff",
        "Line 1, column 8: isnull is not known with 0 arguments. Use its common form.",
    ),
    (
        "spark",
        "SELECT isnotnull(id, rate) AS x FROM staff",
        "Line 1, column 8: isnotnull is not known with 2 arguments. Use its common form.",
    ),
    (
        "spark",
        "SELECT dayname() AS x FROM staff",
        "Line 1, column 8: dayname is not known with 0 arguments. Use its common form.",
    ),
    (
        "spark",
        "SELECT sum( ORDER BY id) AS x FROM staff",
        "Line 1, column 22: something is left out here. Write it in full.",
    ),
    (
        "trino",
        "SELECT x FROM (VALUES (1, 2), (3, 4)) AS t(x)",
        "Line 1, column 24: 1 names stand for 2 columns. Name them all.",
    ),
    (
        "postgres",
        "SELECT x FROM staff, UNNEST(l, l) AS t(x)",
        "Line 1, column 29: such an UNNEST is not known to be the same. Write UNNEST(list) AS t(x).",
    ),
    (
        "spark",
        "SELECT e FROM staff LATERAL VIEW explode() t AS e",
        "Line 1, column 34: explode is not known with 0 arguments. Use a list.",
    ),
    (
        "postgres",
        "SELECT NULL AS x",
        "Line 1, column 16: the column x is only NULL and of no type. Cast it.",
    ),
]


@pytest.mark.parametrize(("written", "sql", "expected"), REFUSED)
def test_refusals(written, sql, expected):
    assert refusal(written, sql) == expected


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(
    "sql",
    [
        "",
        "INSERT INTO staff SELECT 1",
        "WITH x AS (DELETE FROM staff RETURNING id) SELECT id FROM x",
        "SELECT id FROM staff FOR UPDATE",
        "SELECT id INTO t FROM staff",
        "SELECT pg_read_file('/etc/passwd') AS x",
        "SELECT java_method('a', 'b') AS x",
        "SELECT getenv('HOME') AS x",
        "SELECT id FROM parquet.`/etc/passwd`",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT " + "(" * 3000 + "1" + ")" * 3000 + " AS x",
        "SELECT 'a",
        "\x00",
    ],
)
def test_nothing_else_than_a_query_over_known_tables_passes(written, sql):
    assert refusal(written, sql) != ""


@pytest.mark.parametrize("written", WRITTEN)
def test_what_is_translated_has_the_types_that_duckdb_says(written):
    grammar = {"redshift": "postgres", "athena": "trino"}.get(written, written)
    pairs = [(sql, found) for _, sql in queries(grammar) if (found := _translated(sql, written)) is not None]
    assert pairs
    for sql, found in pairs:
        said = dialects.translate(found.text, TABLES, to="duckdb")
        assert said.columns == found.columns, sql


def _translated(sql: str, written: str):
    try:
        return dialects.translate(sql, TABLES, to="duckdb", written=written)
    except TranslationError:
        return None


def test_what_is_not_said_of_comparisons_is_noted():
    def notes(written: str, sql: str) -> list[str]:
        return [each.why for each in dialects.translate(sql, STAFF, to="duckdb", written=written).notes]

    assert notes("trino", "SELECT id FROM staff WHERE rate > 1e0") == ["how NaN compares is not known in Trino"]
    assert notes("redshift", "SELECT id FROM staff WHERE dept = 'a'") == [
        "texts that differ only in blanks at their end are the same in Redshift"
    ]


def test_tables_are_named_as_the_engine_knows_them():
    sql = 'WITH a AS (SELECT 1 AS x) SELECT * FROM Data.Flights, "Planes", $table, a'
    assert dialects.tables_named(sql, "postgres") == ["$table", "Planes", "data.flights"]
    assert dialects.tables_named(sql.replace('"', "`"), "spark") == ["$table", "Data.Flights", "Planes"]


def test_places_are_those_of_the_text_as_it_was_written():
    tables = {"$table": STAFF["staff"]}
    with pytest.raises(TranslationError, match="Line 2, column 20: initcap of Spark"):
        dialects.translate("SELECT id\nFROM $table WHERE (initcap(dept) = 'a')", tables, to="duckdb", written="spark")


def test_from_a_dialect_to_another_both_steps_are_told():
    found = dialects.translate("SELECT sum(id) AS s FROM staff", STAFF, to="postgres", written="spark")
    assert [(each.column, each.what) for each in found.rewrites] == [(8, "sum"), (1, "sum (of DuckDB's SQL)")]
    with pytest.raises(TranslationError) as refused:
        dialects.translate("SELECT id div 2 AS s FROM staff", STAFF, to="trino", written="spark")
    assert str(refused.value) == (
        "Line 1, column 1: what it is in DuckDB's SQL is not known to be the same in trino's: error is not known to be "
        "the same in Trino. Write it otherwise."
    )


def test_what_has_no_rule_is_found_before_types_are_known():
    sql = "SELECT foo(x), a << 2, rank() OVER (ORDER BY x), explode(l), sum(y), upper(z) FROM t"
    found, refused = dialects.looked_at(sql, to="duckdb", written="spark")
    assert (found, [str(each) for each in refused]) == (
        None,
        [
            "Line 1, column 8: foo of Spark has no rule. Write it otherwise.",
            "Line 1, column 16: bitwise left shift in Spark's SQL has no rule. Write it otherwise.",
        ],
    )
