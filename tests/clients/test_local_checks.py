"""Checks of what is written: looked at before it is published, right for every kind of value, in every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mason.engines.checking import Asked, asking
from mason.engines.models import Job
from mason.errors import CheckFailedError
from mason.resources.output_checks import of_definition
from tests.clients.conftest import Local, refusal

VALUES = (
    "SELECT * FROM (VALUES (1, 'a', 1.5::DOUBLE, 170141183460469231731687303715884105727::HUGEINT, DATE '2024-01-01'), "
    "(2, NULL, 'nan'::DOUBLE, 1::HUGEINT, NULL), (2, 'b', NULL, NULL, DATE '2024-01-02')) t(id, n, v, h, d)"
)
PLAIN = f"SELECT id, n, d FROM ({VALUES})"
FORMATS = ["o.csv", "o.parquet", "o.jsonl", "o.xlsx", "o.csv.gz"]


def write(
    local: Local, checks: list[dict[str, Any]], sql: str = VALUES, output: str = "out/o.jsonl", **options: Any
) -> list[dict[str, Any]]:
    """The results of the checks of what a query wrote."""
    before = options.pop("before", None)
    with asking(Asked(of_definition(checks), before)):
        job = local.execution.query(sql, output=output, overwrite=True, **options)
    assert isinstance(job, Job)
    found = job.result["checks"]
    assert isinstance(found, list)
    return found


def failing(local: Local, check: dict[str, Any], sql: str = VALUES, output: str = "out/o.jsonl") -> int:
    """How many rows fail one check."""
    (result,) = write(local, [{**check, "severity": "warn"}], sql, output)
    assert result["status"] == ("warned" if result["failing"] else "passed")
    return int(result["failing"])


@pytest.mark.parametrize("name", FORMATS)
def test_what_fails_a_check_is_not_published_and_what_was_there_stays(local: Local, name: str) -> None:
    output = f"out/{name}"
    write(local, [{"unique": "id"}], "SELECT 1 AS id", output)
    before = (local.root / output).read_bytes()
    told = refusal(write, local, [{"unique": "id"}, {"not_null": "n", "severity": "warn"}], PLAIN, output)
    assert told == (
        "CheckFailedError: Check unique_id failed: 1 row of 3 repeats the id of another.\n"
        "Nothing was published: what was there before is still there."
    )
    assert (local.root / output).read_bytes() == before
    assert sorted(each.name for each in (local.root / "out").iterdir()) == [name]


def test_nothing_is_there_where_nothing_was(local: Local) -> None:
    with pytest.raises(CheckFailedError) as raised:
        write(local, [{"row_count": {"max": 2}}], PLAIN, "new/folder/o.parquet")
    assert raised.value.results[0]["status"] == "failed"
    assert not (local.root / "new").exists()


def test_a_folder_of_partitions_is_checked_with_the_columns_of_its_partitions(local: Local) -> None:
    local.put("data/t.csv", "id,k\n1,a\n2,b\n3,\n")
    table = local.metastore.get_table("data", "t")
    checks = [{"not_null": "k", "at_most": 1}, {"accepted_values": {"column": "k", "values": ["a", "b"]}}]
    with asking(Asked(of_definition(checks))):
        job = local.execution.format(table, output="out/p", format="parquet", partition_columns=["k"])
    assert isinstance(job, Job)
    assert [(each["status"], each["failing"]) for each in job.result["checks"]] == [("passed", 1), ("passed", 0)]
    with asking(Asked(of_definition([{"not_null": "k"}]))):
        told = refusal(
            local.execution.format, table, output="out/p", format="parquet", partition_columns=["k"], overwrite=True
        )
    assert told.startswith("CheckFailedError: Check not_null_k failed: 1 row of 3 has no value in k.")
    assert len(list((local.root / "out/p").rglob("*.parquet"))) == 3


@pytest.mark.parametrize("verb", ["format", "merge", "dedupe", "fake"])
def test_every_verb_that_writes_looks(local: Local, verb: str) -> None:
    local.put("data/t/a.csv", "id\n1\n2\n")
    local.put("data/t/b.csv", "id\n2\n3\n")
    table = local.metastore.get_table("data", "t")
    more = {"dedupe": {"keys": ["id"]}, "fake": {"size": 4}}.get(verb, {})
    with asking(Asked(of_definition([{"row_count": {"min": 99}}]))):
        told = refusal(getattr(local.execution, verb), table, output="out/o.parquet", **more)
    rows = 3 if verb == "dedupe" else 4
    assert told.startswith(f"CheckFailedError: Check row_count failed: there are {rows} rows, fewer than 99.")
    assert not (local.root / "out").exists()


@pytest.mark.parametrize(
    ("check", "count"),
    [
        ({"not_null": "id"}, 0),
        ({"not_null": ["n", "v"]}, 2),
        # NaN is a value, and one like itself.
        ({"not_null": "v"}, 1),
        ({"unique": "id"}, 1),
        ({"unique": ["id", "n"]}, 0),
        ({"unique": "v"}, 0),
        ({"accepted_values": {"column": "id", "values": [1]}}, 2),
        ({"accepted_values": {"column": "n", "values": ["a"]}}, 1),
        ({"accepted_values": {"column": "v", "values": [1.5, float("nan")]}}, 0),
        ({"accepted_values": {"column": "v", "values": [1.5]}}, 1),
        ({"accepted_values": {"column": "h", "values": [2**127 - 1]}}, 1),
        ({"accepted_values": {"column": "h", "values": [2**127 - 2, 2**127, 1]}}, 1),
        ({"accepted_values": {"column": "d", "values": ["2024-01-01"]}}, 1),
        ({"sql": "SELECT * FROM $table WHERE id > 1"}, 2),
        ({"sql": "SELECT id FROM $table GROUP BY id HAVING count(*) > 1"}, 1),
        ({"sql": "WITH t AS (FROM $table) SELECT * FROM t WHERE false;"}, 0),
    ],
)
@pytest.mark.parametrize("name", ["o.jsonl", "o.csv"])
def test_rows_that_fail(local: Local, check: dict[str, Any], count: int, name: str) -> None:
    assert failing(local, check, output=f"out/{name}") == count


def test_what_parquet_holds_is_what_is_checked(local: Local) -> None:
    sql = "SELECT 12345678901234567890123456789::HUGEINT AS h UNION ALL SELECT 12345678901234567890123456788"
    output = "out/o.parquet"
    assert failing(local, {"unique": "h"}, sql, output) == 0
    accepted = {"accepted_values": {"column": "h", "values": [12345678901234567890123456789]}}
    assert failing(local, accepted, sql, output) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_without_rows_passes_what_rows_could_fail(local: Local, name: str) -> None:
    checks = [
        {"not_null": "id", "at_most": "0%"},
        {"unique": "id"},
        {"accepted_values": {"column": "n", "values": ["x"]}},
        {"row_count": {"min": 1}, "severity": "warn"},
        {"freshness": {"column": "d", "within": "1d"}, "severity": "warn"},
    ]
    found = write(local, checks, f"SELECT * FROM ({VALUES}) WHERE false", f"out/{name}")
    assert [each["status"] for each in found] == ["passed", "passed", "passed", "warned", "warned"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("now()", ("passed", None)),
        ("now()::TIMESTAMP", ("passed", None)),
        ("current_date", ("passed", None)),
        ("now() - INTERVAL 3 DAY", ("warned", None)),
        ("NULL::DATE", ("warned", "t has no value")),
        ("DATE '9999-12-31'", ("warned", "t has no value; 1 row more than a day ahead does not count")),
        ("DATE 'infinity'", ("warned", "t has no value; 1 row more than a day ahead does not count")),
        ("TIMESTAMP '-infinity'", ("warned", "t has no value")),
        ("DATE '0044-03-15 (BC)'", ("warned", "the newest value is 0044-03-15 (BC) 00:00:00, more than 2d ago")),
        (
            "TIMESTAMP_NS '2020-01-01 00:00:00.123456789'",
            ("warned", "the newest value is 2020-01-01 00:00:00.123456, more than 2d ago"),
        ),
    ],
)
def test_how_old_the_newest_value_is(local: Local, value: str, told: tuple[str, str | None]) -> None:
    check = {"freshness": {"column": "t", "within": "2d"}, "severity": "warn"}
    (found,) = write(local, [check], f"SELECT {value} AS t", "out/o.jsonl")
    assert (found["status"], found.get("message") if told[1] else None) == told


def test_examples_are_few_and_short(local: Local) -> None:
    sql = "SELECT range AS id, repeat('x', 500) AS text, {'a': [1]} AS s, 2::HUGEINT AS h FROM range(20)"
    (found,) = write(local, [{"sql": "SELECT * FROM $table ORDER BY id", "severity": "warn"}], sql)
    assert found["failing"] == 20
    assert found["examples"] == [
        {"id": number, "text": f"{'x' * 100}...", "s": "{'a': [1]}", "h": 2} for number in range(5)
    ]


def test_examples_of_what_is_repeated_say_how_often(local: Local) -> None:
    sql = "SELECT * FROM (VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, 'x')) t(a, rows)"
    (found,) = write(local, [{"unique": ["a", "rows"], "severity": "warn"}], sql)
    assert (found["failing"], found["examples"]) == (2, [{"a": 1, "rows": "x", "mason_rows": 3}])


def test_a_query_may_read_other_tables(local: Local) -> None:
    local.put("data/ids.csv", "id\n1\n")
    local.put("data/t.csv", "id\n1\n2\n")
    table = local.metastore.get_table("data", "t")
    orphans = {"sql": "SELECT * FROM $table ANTI JOIN ids USING (id)", "severity": "warn"}
    (found,) = write(local, [orphans], "SELECT * FROM $table", table=table)
    assert found["examples"] == [{"id": 2}]
    # Also one that the output is made of.
    (found,) = write(local, [orphans], "SELECT t.id FROM $table t LEFT JOIN ids USING (id)", table=table)
    assert found["examples"] == [{"id": 2}]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "SELECT * FROM $table WHERE nope",
            'EngineError: Check sql cannot be asked: Referenced column "nope" not found',
        ),
        (
            "SELECT * FROM read_csv('/etc/passwd')",
            "AccessDeniedError: Check sql cannot be asked: SQL may not open the file /etc/passwd",
        ),
        ("SELECT * FROM data.nope", "NotFoundError: Database data not found."),
        (
            "DROP TABLE x",
            "EngineError: Check sql cannot be asked: A query must be one SELECT statement, but this is DROP.",
        ),
    ],
)
def test_queries_that_cannot_be_asked(local: Local, sql: str, told: str) -> None:
    assert refusal(write, local, [{"sql": sql}]).startswith(told)
    assert not (local.root / "out").exists()


def test_all_checks_that_mean_nothing_for_the_columns_are_told(local: Local) -> None:
    checks = [{"not_null": "nope"}, {"freshness": {"column": "id", "within": "1h"}}]
    assert refusal(write, local, checks) == (
        "EngineError: Check not_null_nope: there is no column nope in the output (its columns: id, n, v, h, d).\n"
        "Check freshness_id: id is INTEGER, which is no date or time, so it has no age."
    )


def test_rows_are_asked_for_once(local: Local) -> None:
    """What is random is the same for the checks and in the file."""
    (found,) = write(
        local, [{"sql": "SELECT * FROM $table", "severity": "warn"}], "SELECT random() AS r", "data/o.jsonl"
    )
    assert [tuple(found["examples"][0].values())] == local.rows("o")


def test_who_asks_for_no_checks_is_told_of_none(local: Local, tmp_path: Path) -> None:
    job = local.execution.query("SELECT 1 AS a", output="out/o.parquet")
    assert isinstance(job, Job)
    assert "checks" not in job.result
