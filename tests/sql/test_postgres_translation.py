"""What becomes of a query for PostgreSQL: its text, what is said of it, where it is refused. No engine runs it here."""

from __future__ import annotations

import re

import pytest

from mason.errors import TranslationError
from mason.sql.postgres.postgres import to_postgres

STAFF = {"Staff": {"id": "INTEGER", "dept": "VARCHAR", "pay": "DECIMAL(10,2)", "hired": "DATE", "rate": "DOUBLE"}}
# A catalog's own name is written, because names in quotes are those of their case.
FROM = ' FROM "Staff" AS "staff"'


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Id", '"staff"."id"'),
        ("dept < 'b'", """("staff"."dept" COLLATE "C" < 'b' COLLATE "C")"""),
        ("dept = 'b'", """("staff"."dept" = 'b')"""),
        ("hired + INTERVAL 1 MONTH", """(CAST("staff"."hired" AS timestamp) + INTERVAL '1' MONTH)"""),
        ("dept LIKE '5\\%'", """("staff"."dept" LIKE '5\\\\%' ESCAPE '\\')"""),
        ("'it''s'", """'it''s' COLLATE "C\""""),
        ("id IS DISTINCT FROM 2", '(NOT ("staff"."id" IS NOT DISTINCT FROM 2))'),
        ("id // 2", 'CAST("staff"."id" / nullif(2, CAST(0 AS integer)) AS integer)'),
        ("isodow(hired)", 'CAST(extract(isodow FROM "staff"."hired") AS bigint)'),
        (
            "strftime(hired, '%Y at %H')",
            """to_char(CAST("staff"."hired" AS timestamp), 'YYYY" at "HH24') COLLATE "C\"""",
        ),
        ("regexp_matches(dept, '^a.c$')", """("staff"."dept" ~ '\\Aa[^\\n]c\\Z')"""),
        ("count_if(id > 1)", 'CAST(count(CASE WHEN ("staff"."id" > 1) THEN 1 END) AS numeric(38,0))'),
        (
            "sum(id) FILTER (WHERE id > 1)",
            'CAST(sum(CAST("staff"."id" AS numeric(28,0))) FILTER (WHERE ("staff"."id" > 1)) AS numeric(38,0))',
        ),
        ("list(id ORDER BY id DESC)", 'array_agg("staff"."id" ORDER BY "staff"."id" DESC NULLS LAST)'),
    ],
)
def test_texts_of_expressions(expression, expected):
    assert to_postgres(f"SELECT {expression} AS x FROM staff", STAFF).text == f'SELECT {expected} AS "x"{FROM}'


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "WITH A AS (SELECT 1 AS x) SELECT x FROM a",
            'WITH "A"("x") AS (SELECT 1 AS "x") SELECT "a"."x" AS "x" FROM "A" AS "a"',
        ),
        (
            "SELECT id FROM staff ORDER BY dept DESC LIMIT 2 OFFSET 1",
            f'SELECT "staff"."id" AS "id"{FROM} ORDER BY "staff"."dept" COLLATE "C" DESC NULLS LAST LIMIT 2 OFFSET 1',
        ),
        (
            "SELECT dept FROM staff ORDER BY 1 NULLS FIRST",
            f'SELECT "staff"."dept" COLLATE "C" AS "dept"{FROM} ORDER BY "dept" ASC NULLS FIRST',
        ),
        (
            "SELECT id FROM staff QUALIFY row_number() OVER (ORDER BY id) = 2",
            'SELECT "id" FROM (SELECT "staff"."id" AS "id", (row_number() OVER (ORDER BY "staff"."id" ASC NULLS LAST) ='
            f' CAST(2 AS bigint)) AS "_mason_keep"{FROM}) AS "_mason_kept" WHERE "_mason_keep"',
        ),
    ],
)
def test_texts_of_queries(sql, expected):
    assert to_postgres(sql, STAFF).text == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT reverse(dept) FROM staff", "reverse is not known to be the same in PostgreSQL. Write it otherwise."),
        (
            f"SELECT 1 AS {'x' * 64}",
            "the name of a column is longer than 63 bytes, and would be cut. Give it another one by AS.",
        ),
        (
            "SELECT a.id FROM staff a FULL JOIN staff b ON a.id < b.id",
            "PostgreSQL takes FULL JOIN only on equal columns. Write ON a.x = b.y, or USING.",
        ),
        (
            "SELECT regexp_extract(dept, 'a|ab') AS x FROM staff",
            "a pattern with alternatives, counted groups or lazy counts finds another match there."
            " Use classes and counts: [a-z]+.",
        ),
        (
            "SELECT last_value(id IGNORE NULLS) OVER (ORDER BY id) AS x FROM staff",
            "PostgreSQL has no IGNORE NULLS. Leave NULL out in a subquery.",
        ),
        (
            "SELECT CAST(id AS TINYINT) AS x FROM staff",
            "a cast of INTEGER to TINYINT is not known to be the same. Leave it out.",
        ),
    ],
)
def test_refusals(sql, expected):
    with pytest.raises(TranslationError) as found:
        to_postgres(sql, STAFF)
    assert re.sub(r"^Line \d+, column \d+: ", "", str(found.value)) == expected


def test_a_column_of_a_type_that_postgresql_has_not_is_refused():
    with pytest.raises(TranslationError, match=r"a column of STRUCT\(a INTEGER\) is not known there"):
        to_postgres("SELECT count(s) FROM t", {"t": {"s": "STRUCT(a INTEGER)"}})


@pytest.mark.parametrize("computed", ["abs(n)", "-n", "n + n", "n // n"])
def test_a_type_that_postgresql_has_not_is_not_computed_in(computed):
    with pytest.raises(TranslationError, match=r"PostgreSQL has no TINYINT to compute in. Cast it to a wider type\."):
        to_postgres(f"SELECT {computed} AS x FROM t", {"t": {"n": "TINYINT"}})


def test_what_is_computed_in_double_has_a_note():
    (note,) = to_postgres("SELECT rate * 2 AS x FROM staff", STAFF).notes
    assert note.why == "a DOUBLE too large or too small stops the query, where DuckDB goes on with infinity or zero"
