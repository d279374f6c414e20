"""What becomes of a query for Redshift, of which there is none to ask: its texts, and the same run on PostgreSQL."""

from __future__ import annotations

import re

import pytest

from mason.sql.redshift.redshift import to_redshift
from tests.sql.comparing import Engine, postgres_type
from tests.sql.composed import composed
from tests.sql.corpus import connected, queries
from tests.sql.real_postgres import Postgres, missing
from tests.sql.texts import expression, notes, query, refusal

_UNKNOWN = "is not known to be the same in Redshift. Write it otherwise."
_BLANKS = "texts that differ only in blanks at their end are the same in Redshift"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("id + 1", '("id" + 1)'),
        ("rate / id", '("rate" / CAST("id" AS double precision))'),
        ("id // 2", 'CAST("id" / nullif(2, CAST(0 AS integer)) AS integer)'),
        ("hired - 3", 'CAST(dateadd(day, -3, "hired") AS date)'),
        ("hired - hired", 'CAST(datediff(day, "hired", "hired") AS bigint)'),
        ("hired + INTERVAL 1 MONTH", 'dateadd(month, 1, CAST("hired" AS timestamp))'),
        ("seen - INTERVAL 2 DAY", 'dateadd(day, -2, "seen")'),
        ("date_diff('hour', seen, seen)", 'CAST(datediff(hour, "seen", "seen") AS bigint)'),
        ("strftime(seen, '%Y-%m-%d %H:%M')", """to_char("seen", 'YYYY-MM-DD HH24:MI')"""),
        ("dayofweek(hired)", 'CAST(extract(dow FROM "hired") AS bigint)'),
        ("dept < 'b'", """("dept" < 'b')"""),
        ("dept LIKE '5!%' ESCAPE '!'", """("dept" LIKE '5^%' ESCAPE '^')"""),
        ("id IS NOT DISTINCT FROM 2", '(coalesce("id" = 2, "id" IS NULL AND 2 IS NULL))'),
        ("round(pay, 1)", 'CAST(trunc("pay" + sign("pay") * CAST(0.05 AS numeric(2,2)), 1) AS numeric(10,1))'),
        ("CAST(ok AS INTEGER)", 'CAST(CASE WHEN "ok" THEN 1 WHEN NOT "ok" THEN 0 END AS integer)'),
        ("CAST(ok AS VARCHAR)", """CASE WHEN "ok" THEN 'true' WHEN NOT "ok" THEN 'false' END"""),
        ("CAST(hired AS VARCHAR)", """to_char("hired", 'YYYY-MM-DD')"""),
        # A cast to text would cut off after 256 bytes.
        ("CAST(id AS VARCHAR)", 'CAST("id" AS varchar(65535))'),
        ("concat(dept, id)", """(coalesce("dept", '') || coalesce(CAST("id" AS varchar(65535)), ''))"""),
        ("contains(dept, 'a')", """(strpos("dept", 'a') > 0)"""),
        ("ends_with(dept, 'a')", """(strpos(reverse("dept"), reverse('a')) = 1)"""),
        ("sha256(dept)", 'sha2("dept", 256)'),
        ("max(ok)", 'bool_or("ok")'),
        ("median(rate)", 'percentile_cont(0.5) WITHIN GROUP (ORDER BY "rate")'),
        ("string_agg(dept, ';' ORDER BY dept)", """listagg("dept", ';') WITHIN GROUP (ORDER BY "dept")"""),
        ("approx_count_distinct(id)", 'APPROXIMATE COUNT(DISTINCT "id")'),
        ("lag(id) OVER (ORDER BY id)", 'lag("id", 1) OVER (ORDER BY "id" ASC NULLS LAST)'),
        (
            "sum(id) OVER (PARTITION BY dept)",
            'CAST(sum(CAST("id" AS numeric(28,0))) OVER (PARTITION BY "dept") AS numeric(38,0))',
        ),
    ],
)
def test_texts_of_expressions(written, expected):
    assert expression(written, "redshift") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "SELECT id FROM staff ORDER BY dept DESC LIMIT 2 OFFSET 1",
            'SELECT "id" AS "id" FROM staff ORDER BY "dept" DESC NULLS LAST LIMIT 2 OFFSET 1',
        ),
        (
            "SELECT id FROM staff QUALIFY row_number() OVER (ORDER BY id) = 2",
            'SELECT "id" FROM (SELECT "id" AS "id", (row_number() OVER (ORDER BY "id" ASC NULLS LAST) = CAST(2 AS'
            ' bigint)) AS "_mason_keep" FROM staff) AS "_mason_kept" WHERE "_mason_keep"',
        ),
        (
            "SELECT dept, count(*) AS n FROM staff GROUP BY ROLLUP (dept)",
            'SELECT "dept" AS "dept", count(*) AS "n" FROM staff GROUP BY GROUPING SETS ((), ("dept"))',
        ),
    ],
)
def test_texts_of_queries(written, expected):
    assert query(written, "redshift") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "sum(id) FILTER (WHERE ok) AS x",
            "Redshift has no FILTER. Write CASE WHEN ... THEN ... END in the aggregate.",
        ),
        (
            "sum(id) OVER (ORDER BY id) AS x",
            "Redshift takes sum with ORDER BY only with a frame."
            " Write ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW.",
        ),
        ("lag(id, 1, 0) OVER (ORDER BY id) AS x", "lag of Redshift takes no default. Use coalesce."),
        ("list(id ORDER BY id) AS x", f"list {_UNKNOWN}"),
        ("week(hired) AS x", "week is not known to be the same in Redshift. Leave it out."),
        ("epoch(seen) AS x", "epoch is not known to be the same in Redshift. Leave it out."),
        (
            "regexp_matches(dept, 'a') AS x",
            "regexp_matches is not known to be the same in Redshift. Write it otherwise.",
        ),
        ("strftime(seen, '%Yw%m') AS x", "'w' in a format is not known to be the same. Join the parts by ||."),
        ("CAST(pay AS VARCHAR) AS x", "texts of DECIMAL(10,2) look different in Redshift. Leave the cast out."),
        ("'a\\b' AS x", "a value of VARCHAR is not known to be the same. Write it otherwise."),
        (
            "CAST('nan' AS DOUBLE) AS x",
            "CAST of the text 'nan' to DOUBLE is not known to be the same."
            " Write it as in 2024-01-31, 2024-01-31 10:00:00, 42, 1.5 or true.",
        ),
        (
            "id AS Big",
            "the name of a column is longer than 127 bytes, or has capital letters, which become small ones."
            " Give it another one by AS.",
        ),
        ("id FROM staff EXCEPT ALL SELECT 1", "Redshift has no EXCEPT ALL. Use a join."),
        (
            "x FROM (VALUES (1)) AS v(x)",
            "Redshift has no VALUES in FROM. Use a table, or SELECT with UNION ALL.",
        ),
        ("x FROM range(3) AS r(x)", "range in FROM is not known to be the same in Redshift. Use a table."),
        (
            "CAST(id AS HUGEINT) // 2 AS x",
            "// of HUGEINT is not known to be the same in Redshift. Cast to BIGINT.",
        ),
    ],
)
def test_refusals(written, expected):
    sql = f"SELECT {written}"
    assert refusal(sql if "FROM" in written.replace("ROWS", "") else f"{sql} FROM staff", "redshift") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "SELECT id FROM staff WHERE dept = 'a'",
            "texts that differ only in blanks at their end are the same in Redshift",
        ),
        ("SELECT DISTINCT dept FROM staff", _BLANKS),
        (
            "SELECT dept, count(*) AS n FROM staff GROUP BY 1",
            "texts that differ only in blanks at their end are the same in Redshift",
        ),
        (
            "SELECT id FROM staff JOIN staff b USING (id, dept)",
            "texts that differ only in blanks at their end are the same in Redshift",
        ),
        ("SELECT id FROM staff WHERE rate > 1", "how NaN compares is not known in Redshift"),
        ("SELECT rate / id AS x FROM staff", "a division by zero stops the query, where DuckDB says infinity"),
    ],
)
def test_what_may_differ_is_noted(written, expected):
    assert expected in notes(written, "redshift")


_STAND_INS = (
    "CREATE FUNCTION dateadd(unit text, number integer, at timestamp) RETURNS timestamp LANGUAGE sql"
    " AS $$ SELECT at + (number || ' ' || unit)::interval $$",
    "CREATE FUNCTION sha2(x text, bits integer) RETURNS text LANGUAGE sql"
    " AS $$ SELECT encode(sha256(convert_to(x, 'UTF8')), 'hex') $$",
    "CREATE FUNCTION last_day(x date) RETURNS date LANGUAGE sql"
    " AS $$ SELECT (date_trunc('month', x) + interval '1 month' - interval '1 day')::date $$",
)


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_what_redshift_shares_with_postgresql_answers_the_same_there():
    """Redshift's texts on PostgreSQL, with stand-ins for its own words: no answer is another one, but some stop."""
    duck = connected()
    server = Postgres(by_bytes=True)
    try:
        server.fill(duck)
        for each in server.ask(_STAND_INS):
            assert "refused" not in each, each
        engine = Engine(
            "PostgreSQL", to_redshift, postgres_type, lambda texts: server.ask([_stood_in(x) for x in texts])
        )
        pairs = engine.translated([*(sql for _, sql in queries()), *composed(150, seed=13)])
        told = engine.differences(duck, pairs)
    finally:
        server.close()
        duck.close()
    differ = [each for each in told if "PostgreSQL refuses" not in each and "the types are" not in each]
    assert differ == []
    # Divisions by zero, letters beyond ASCII and datediff.
    assert len(told) < len(pairs) / 5


def _stood_in(text: str) -> str:
    text = re.sub(r"dateadd\((\w+), ", r"dateadd('\1', ", text).replace("APPROXIMATE COUNT", "count")
    return re.sub(r"listagg\((.*?), ('.*?')\) WITHIN GROUP \(ORDER BY", r"string_agg(\1, \2 ORDER BY", text)
