"""What becomes of a query for Spark: its text, what is said of it, and where it is refused. No engine runs it here."""

from __future__ import annotations

import subprocess
import sys
import threading

import duckdb
import pytest

from mason.errors import TranslationError
from mason.sql import dialects
from mason.sql.spark.translation import to_spark
from tests.sql.corpus import TABLES, connected, queries

STAFF = {"staff": {"id": "INTEGER", "dept": "VARCHAR", "pay": "DECIMAL(10,2)", "hired": "DATE"}}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id FROM staff", "SELECT `staff`.`id` AS `id` FROM `staff` AS `staff`"),
        (
            "FROM staff s ORDER BY pay DESC LIMIT 2",
            "SELECT `s`.`id` AS `id`, `s`.`dept` AS `dept`, `s`.`pay` AS `pay`, `s`.`hired` AS `hired`"
            " FROM `staff` AS `s` ORDER BY `s`.`pay` DESC NULLS LAST LIMIT 2",
        ),
        ("SELECT count(*) FROM staff", "SELECT count(*) AS `count_star()` FROM `staff` AS `staff`"),
        (
            "SELECT dept, sum(id) AS s FROM staff GROUP BY dept HAVING s > 1",
            "SELECT `staff`.`dept` AS `dept`, CAST(sum(`staff`.`id`) AS DECIMAL(38,0)) AS `s` FROM `staff` AS `staff`"
            " GROUP BY `staff`.`dept`"
            " HAVING (CAST(sum(`staff`.`id`) AS DECIMAL(38,0)) > CAST(1BD AS DECIMAL(38,0)))",
        ),
        ("SELECT '${HOME}\\' AS x", "SELECT '\\u0024{HOME}\\\\' AS `x`"),
        (
            "SELECT id // 2 AS x FROM staff",
            "SELECT CAST(`staff`.`id` div nullif(2, CAST(0 AS INT)) AS INT) AS `x` FROM `staff` AS `staff`",
        ),
        (
            "SELECT id FROM staff QUALIFY row_number() OVER (ORDER BY id) = 2",
            "SELECT `id` FROM (SELECT `staff`.`id` AS `id`, (CAST(row_number() OVER (ORDER BY `staff`.`id` ASC"
            " NULLS LAST) AS BIGINT) = 2L) AS `_mason_keep` FROM `staff` AS `staff`) WHERE `_mason_keep`",
        ),
        (
            "SELECT DATE '2024-01-31' + INTERVAL 1 MONTH AS x",
            "SELECT (CAST(DATE'2024-01-31' AS TIMESTAMP_NTZ) + INTERVAL '1' MONTH) AS `x`",
        ),
    ],
)
def test_texts(sql, expected):
    assert to_spark(sql, STAFF).text == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "SELECT id,\n  reverse(dept)\nFROM staff",
            "Line 2, column 3: reverse is not known to be the same in Spark. Write it otherwise.",
        ),
        (
            "SELECT 'é', random()",
            "Line 1, column 13: random is not known to be the same in Spark."
            " Make such values where the table is written.",
        ),
        (
            "SELECT b.id FROM staff ASOF JOIN staff b ON staff.id >= b.id",
            "Line 1, column 24: the ASOF INNER join is not known to be the same in Spark. Use JOIN with ON.",
        ),
        (
            "SELECT id\nFROM staf",
            'Line 2, column 6: DuckDB refuses this: Table with name staf does not exist. Did you mean "staff".'
            " Mend the query.",
        ),
        (
            "SELECT ids FROM staff",
            'Line 1, column 8: DuckDB refuses this: Referenced column "ids" not found in FROM clause.'
            ' Candidate bindings: "id", "dept", "hired". Mend the query.',
        ),
        (
            "SELECT list(id) FROM staff",
            "Line 1, column 8: list without ORDER BY is in no certain order in Spark. Write list(... ORDER BY ...).",
        ),
        ("DROP TABLE staff", "Line 1, column 1: only a query is translated. Begin with SELECT, FROM, VALUES or WITH."),
        ("SELECT 1; SELECT 2", "Line 1, column 1: there are 2 statements. Give one query."),
    ],
)
def test_refusals_name_place_reason_and_remedy(sql, expected):
    with pytest.raises(TranslationError) as raised:
        to_spark(sql, STAFF)
    assert str(raised.value) == expected


def test_rewrites_and_notes_are_told_with_their_places():
    found = to_spark("SELECT upper(dept),\n sum(id) FROM staff GROUP BY 1 LIMIT 1", STAFF)
    assert [(each.line, each.column, each.what) for each in found.rewrites] == [(1, 8, "upper"), (2, 2, "sum")]
    assert [(each.line, each.why) for each in found.notes] == [
        (1, "rare letters (ligatures, Greek with marks, the newest of Unicode) stop the query"),
        (1, "without ORDER BY it is not certain which rows LIMIT takes"),
    ]


def test_types_that_are_not_known_are_refused_where_they_are_read_only():
    tables = {"t": {"a": "INTEGER", "b": "TIME", "c": "UBIGINT"}}
    assert to_spark("SELECT a FROM t", tables).text == "SELECT `t`.`a` AS `a` FROM `t` AS `t`"
    with pytest.raises(TranslationError, match="The column b is of TIME, which Spark has not"):
        to_spark("SELECT b FROM t", tables)
    with pytest.raises(TranslationError, match=r"Line 1, column \d+: comparing UBIGINT is not known to be the same"):
        to_spark("SELECT c = c FROM t", tables)
    with pytest.raises(TranslationError, match="Column a of t has the type 'INTEGR', which DuckDB does not know"):
        to_spark("SELECT a FROM t", {"t": {"a": "INTEGR"}})


def test_tables_of_one_translation_are_not_those_of_the_next():
    assert to_spark("SELECT x FROM a", {"a": {"x": "INTEGER"}}).columns[0].type.name == "INTEGER"
    assert to_spark("SELECT x FROM a", {"a": {"x": "VARCHAR"}}).columns[0].type.name == "VARCHAR"
    assert to_spark("SELECT x FROM d.a", {"d.a": {"x": "DATE"}}).columns[0].type.name == "DATE"
    with pytest.raises(TranslationError, match="Table with name a does not exist"):
        to_spark("SELECT x FROM a", {"b": {"x": "VARCHAR"}})


def test_variables_of_the_program_are_no_tables():
    sql = tables = columns = duckdb.sql("SELECT 1 AS x")
    assert (sql, tables) == (columns, columns)
    for name in ("sql", "tables", "columns"):
        with pytest.raises(TranslationError, match=f"Table with name {name} does not exist"):
            to_spark(f"SELECT * FROM {name}", {})


def test_files_are_not_opened(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x\n1\n")
    for sql in (f"SELECT * FROM '{file}'", f"SELECT * FROM read_csv('{file}')"):
        with pytest.raises(TranslationError):
            to_spark(sql, {})


def test_names_and_types_are_those_of_duckdb():
    connection = connected()
    seen = 0
    for _, sql in queries():
        try:
            found = to_spark(sql, TABLES)
        except TranslationError:
            continue
        answer = connection.sql(sql)
        assert [column.name for column in found.columns] == answer.columns
        seen += 1
    assert seen > 500


def test_every_refusal_has_a_remedy_and_nothing_crashes():
    """Whatever is cut out of queries that people write is translated, or refused in words."""
    cut = [sql[:end] for _, sql in queries() for end in range(len(sql), 0, -max(1, len(sql) // 3))]
    assert [sql for sql in cut if not is_translated_or_told(sql)] == []


def is_translated_or_told(sql):
    try:
        return bool(to_spark(sql, TABLES).text)
    except TranslationError as error:
        return bool(error.reason) and error.remedy.endswith(".")


def test_threads_translate_side_by_side():
    found: list[str] = []

    def work(name: str) -> None:
        found.extend(to_spark("SELECT x FROM t", {"t": {"x": name}}).columns[0].type.name for _ in range(30))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("DATE", "VARCHAR", "BIGINT")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {name: found.count(name) for name in set(found)} == {"DATE": 30, "VARCHAR": 30, "BIGINT": 30}


def test_nothing_heavy_is_loaded_before_a_query_is_translated():
    code = "import sys, mason.sql.spark.translation; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"duckdb", "orjson", "pyspark"} & set(loaded) == set()


def test_a_table_is_read_from_where_it_is_said_to_be() -> None:
    """It keeps its name in the rest of the query, in whatever case it is written."""
    tables = {"data.flights": {"delay": "BIGINT"}, "$table": {"id": "INTEGER"}}
    places = {"data.flights": "`v_1`", "$table": "`v_2`"}
    assert to_spark("SELECT flights.delay FROM Data.flights", tables, places).text == (
        "SELECT `flights`.`delay` AS `delay` FROM `v_1` AS `flights`"
    )
    assert dialects.translate("SELECT id FROM $table", tables, to="spark", places=places).text == (
        "SELECT `$table`.`id` AS `id` FROM `v_2` AS `$table`"
    )
