"""What is refused before any type is known is what the translation refuses, too."""

from __future__ import annotations

import pytest

from mason.errors import TranslationError
from mason.sql import dialects
from mason.sql.spark.translation import SPARK
from mason.sql.translating.untyped import faults
from tests.sql.corpus import TABLES, queries


def said(function) -> list[str]:
    try:
        return [str(each) for each in function()]
    except TranslationError as error:
        return [str(error)]


@pytest.mark.parametrize("to", [each for each in dialects.targets() if each != dialects.DIALECT])
def test_nothing_is_refused_that_is_translated(to):
    found = 0
    for _, sql in queries():
        refused = said(lambda sql=sql: dialects.translate(sql, TABLES, to=to) and [])
        early = said(lambda sql=sql: dialects.looked_at(sql, to=to)[1])
        assert not early or refused, f"{sql}: {early}"
        found += bool(early)
    # It is no check of nothing.
    assert found > 60


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id FROM t WHERE id > 1 ORDER BY id", []),
        ("SELECT list(x ORDER BY x), list_sort(list(x)), unnest(y), INTERVAL 3 DAY FROM t, range(3) r(i)", []),
        (
            "SELECT reverse(a),\n  soundex(b) OVER () FROM pragma_version()",
            [
                "Line 1, column 8: reverse is not known to be the same in Spark. Write it otherwise.",
                "Line 2, column 3: the window function soundex is not known to be the same. Use row_number, rank, lag "
                "or lead.",
                "Line 2, column 27: pragma_version in FROM is not known to be the same in Spark. Use a table.",
            ],
        ),
        (
            "SELECT getenv('HOME') FROM t",
            [
                "Line 1, column 8: A query may not use getenv: it tells of the engine and its "
                "machine, not of tables. Leave it out."
            ],
        ),
        (
            "FROM t POSITIONAL JOIN u",
            ["Line 1, column 8: the POSITIONAL INNER join is not known to be the same in Spark. Use JOIN with ON."],
        ),
        (
            "PIVOT t ON a IN (1, 2) USING sum(b)",
            ["Line 1, column 1: pivot in FROM is not known to be the same in Spark. Use tables, joins and subqueries."],
        ),
    ],
)
def test_each_has_its_place_and_its_reason(sql, expected):
    assert said(lambda: faults(sql, SPARK)) == expected
