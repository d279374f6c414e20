"""What becomes of a query for Trino and Athena, of which there is none to ask: its texts, held to Trino's grammar."""

from __future__ import annotations

from contextlib import suppress

import pytest

from mason.errors import TranslationError
from mason.sql.dialects import translate
from mason.sql.trino.athena import LACKS
from tests.sql.composed import composed
from tests.sql.corpus import TABLES, queries
from tests.sql.texts import expression, notes, query, refusal
from tests.sql.trino_grammar import faults_of, needs_grammar


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("id + 1", '("id" + 1)'),
        ("rate / id", '("rate" / CAST("id" AS double))'),
        ("id // 2", 'CAST("id" / nullif(2, CAST(0 AS integer)) AS integer)'),
        ("hired - 3", "date_add('day', -3, \"hired\")"),
        ("hired - hired", 'CAST(date_diff(\'day\', "hired", "hired") AS bigint)'),
        ("hired - INTERVAL 1 MONTH", "(CAST(\"hired\" AS timestamp(6)) - INTERVAL '1' MONTH)"),
        ("hired + INTERVAL (-1) MONTH", "(CAST(\"hired\" AS timestamp(6)) + INTERVAL -'1' MONTH)"),
        (
            "date_diff('hour', seen, seen)",
            "CAST(date_diff('hour', date_trunc('hour', \"seen\"), date_trunc('hour', \"seen\")) AS bigint)",
        ),
        ("strftime(seen, '%Y-%m-%d at %H:%M')", "date_format(\"seen\", '%Y-%m-%d at %H:%i')"),
        ("dayofweek(hired)", 'CAST((extract(DAY_OF_WEEK FROM "hired") % 7) AS bigint)'),
        ("last_day(hired)", 'last_day_of_month(CAST("hired" AS date))'),
        ("dept LIKE '5!%' ESCAPE '!'", "(\"dept\" LIKE '5\\%' ESCAPE '\\')"),
        ("id IS DISTINCT FROM 2", '(NOT ("id" IS NOT DISTINCT FROM 2))'),
        ("TIMESTAMP '2024-01-31 10:00:00'", "CAST(TIMESTAMP '2024-01-31 10:00:00' AS timestamp(6))"),
        ("1.5", "CAST(DECIMAL '1.5' AS decimal(2,1))"),
        ("1e3", "DOUBLE '1000.0'"),
        ("CAST('nan' AS DOUBLE)", "nan()"),
        ("CAST(hired AS VARCHAR)", "date_format(\"hired\", '%Y-%m-%d')"),
        ("concat(dept, id)", "(coalesce(\"dept\", '') || coalesce(CAST(\"id\" AS varchar), ''))"),
        (
            "right(dept, 2)",
            'CASE WHEN length("dept") <= 2 THEN "dept" ELSE substring("dept", length("dept") - 2 + 1) END',
        ),
        ("regexp_matches(dept, '^a')", "regexp_like(\"dept\", '\\Aa')"),
        ("regexp_replace(dept, 'a(b)', '\\1', 'g')", "regexp_replace(\"dept\", 'a(b)', '$1')"),
        ("greatest(rate, 2.5)", "greatest(coalesce(\"rate\", DOUBLE '2.5'), coalesce(DOUBLE '2.5', \"rate\"))"),
        ("id & 3", 'CAST(bitwise_and("id", 3) AS integer)'),
        ("max(ok)", 'bool_or("ok")'),
        ("sum(id) FILTER (WHERE ok)", 'CAST(sum(CAST("id" AS decimal(28,0))) FILTER (WHERE "ok") AS decimal(38,0))'),
        ("list(id ORDER BY id DESC)", 'array_agg("id" ORDER BY "id" DESC NULLS LAST)'),
        ("string_agg(dept, ';' ORDER BY id)", 'listagg("dept", \';\') WITHIN GROUP (ORDER BY "id" ASC NULLS LAST)'),
        ("approx_count_distinct(id)", 'approx_distinct("id")'),
        ("lag(id, 1, 0) OVER (ORDER BY id)", 'lag("id", 1, 0) OVER (ORDER BY "id" ASC NULLS LAST)'),
    ],
)
def test_texts_of_expressions(written, expected):
    assert expression(written, "trino") == expected
    assert expression(written, "athena") == expected.replace("timestamp(6)", "timestamp(3)")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "SELECT id FROM staff ORDER BY dept DESC LIMIT 2 OFFSET 1",
            'SELECT "id" AS "id" FROM staff ORDER BY "dept" DESC NULLS LAST OFFSET 1 LIMIT 2',
        ),
        (
            "SELECT x FROM range(3) AS r(x)",
            'SELECT "r"."x" AS "x" FROM UNNEST(sequence(CAST(0 AS bigint), CAST(2 AS bigint))) AS "r"("x")',
        ),
        (
            "SELECT id FROM staff EXCEPT ALL SELECT 1",
            '(SELECT "id" AS "id" FROM staff) EXCEPT ALL (SELECT "1" AS "id" FROM (SELECT 1 AS "1") AS "_mason_kept")',
        ),
    ],
)
def test_texts_of_queries(written, expected):
    assert query(written, "trino") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("median(rate)", "median is not known to be the same in Trino. Write it otherwise."),
        ("epoch(seen)", "epoch is not known to be the same in Trino. Leave it out."),
        ("strftime(seen, '%f')", "%f in a format is not known to be the same. Use %Y %m %d %H %M %S %b %a %j."),
        ("greatest(id, 2)", "greatest of INTEGER is not known to be the same in Trino. Cast to BIGINT or DOUBLE."),
        (
            "regexp_replace(dept, 'a', 'b')",
            "replacing the first place only is not known to be the same in Trino. Use the flag g.",
        ),
        ("CAST(id AS HUGEINT) // 2", "// of HUGEINT is not known to be the same in Trino. Cast to BIGINT."),
    ],
)
def test_refusals(written, expected):
    assert refusal(f"SELECT {written} AS x FROM staff", "trino") == expected
    assert refusal(f"SELECT {written} AS x FROM staff", "athena") == expected.replace("Trino", "Athena")


def test_what_athena_lacks():
    assert refusal("SELECT id AS Big FROM staff", "athena") == (
        "the name of a column has capital letters, which Athena makes small. Give it another one by AS."
    )
    assert refusal("SELECT TIMESTAMP '2024-01-31 10:00:00.1234' AS x", "athena").startswith("CAST of the text")
    assert refusal("SELECT TIMESTAMP '2024-01-31 10:00:00.1230' AS x", "athena") == ""
    assert notes("SELECT seen FROM staff", "athena") == ["times have milliseconds in Athena, further digits are lost"]
    assert notes("SELECT seen FROM staff", "trino") == []
    assert all(each.what and each.source for each in LACKS)


def test_what_is_not_known_of_nan_is_noted():
    assert notes("SELECT id FROM staff WHERE rate > 1", "trino") == ["how NaN compares is not known in Trino"]


def _is_translated(sql: str) -> bool:
    with suppress(TranslationError):
        return bool(translate(sql, TABLES, written="trino", to="duckdb").text)
    return False


@pytest.mark.slow
@needs_grammar
def test_trinos_grammar_takes_every_text():
    texts = []
    # Athena's are Trino's, but for the digits of times.
    for dialect, least in (("trino", ""), ("athena", "timestamp")):
        for sql in [*(sql for _, sql in queries()), *composed(40, seed=13)]:
            with suppress(TranslationError):
                texts += [text for text in [translate(sql, TABLES, to=dialect).text] if least in text]
    # What is translated from Trino's SQL has to be that.
    back = [sql for _, sql in queries("trino") if _is_translated(sql)]
    assert len(back) > 25
    texts += back
    wrong = ["SELECT FROM", "SELECT 1 LIMIT 2 OFFSET 1", "SELECT a QUALIFY b FROM t"]
    faults = faults_of([*texts, *wrong])
    assert [(text, found) for text, found in zip(texts, faults, strict=False) if found] == []
    assert all(faults[len(texts) :])
