"""Queries of a run before they are asked: what they will write, what changed of what they read, what will fail."""

from __future__ import annotations

import pytest

from mason.dryrun.changed_columns import Changed, changes, difference
from mason.dryrun.planned import PlannedStep
from mason.resources.output_checks import of_definition
from mason.runtime.ahead import Reading
from mason.runtime.outlook import outlook

BEFORE = {"id": "BIGINT", "delay": "BIGINT", "tail": "VARCHAR"}
NOW = {"id": "BIGINT", "delay": "DOUBLE", "gate": "VARCHAR"}
CHANGED = Changed("data/flights", BEFORE, NOW)


def step(*checks):
    return PlannedStep(
        "a", None, None, (), {}, (), (), "all_success", "", None, None, None, "", checks=of_definition(checks)
    )  # fmt: skip


def reading(sql, columns=NOW, output="o.parquet", place="data/flights"):
    return Reading("a", 2, output, sql, {"$table": columns}, {"$table": place})


def told(sql, *checks, changed=(CHANGED,), **more):
    found = outlook(step(*checks), [reading(sql, **more)], changed)
    return list(found.notes), list(found.warnings), [fault for _, _, fault in found.faults]


def test_what_changed_is_told_in_the_order_of_the_columns():
    assert str(CHANGED) == "+ gate VARCHAR, delay BIGINT -> DOUBLE, - tail VARCHAR"
    assert CHANGED.names == ["delay", "tail"]
    assert difference(NOW, NOW) == ""
    assert changes({"a": BEFORE, "b": NOW}, {"a": NOW, "b": dict(NOW), "c": NOW}) == [Changed("a", BEFORE, NOW)]


@pytest.mark.parametrize(
    ("path", "place", "is_of"),
    [
        ("data/flights", "data/flights", True),
        ("data/flights/", "data/flights", True),
        ("data", "data/flights.csv", True),
        ("data/orders/*.csv", "data/orders/a.csv", True),
        ("data/orders/2024.csv", "data/orders", True),
        ("data/flight", "data/flights", False),
        ("data/flights", "other/flights", False),
    ],
)
def test_which_tables_an_input_is_of(path, place, is_of):
    assert Changed(path, {}, {}).is_of(place) is is_of


def test_a_query_says_what_it_writes_and_which_changed_columns_it_reads():
    assert told("SELECT id, delay * 2 AS twice FROM $table") == (
        [
            "sentence 2 writes id BIGINT, twice DOUBLE",
            "sentence 2 reads delay of data/flights, which changed",
            "the columns that sentence 2 gives change: twice BIGINT -> DOUBLE",
        ],
        [],
        [],
    )


def test_a_star_reads_no_column_by_name_and_its_answer_changes():
    assert told("SELECT * FROM $table")[0][1:] == [
        "the columns that sentence 2 gives change: + gate VARCHAR, delay BIGINT -> DOUBLE, - tail VARCHAR"
    ]


def test_a_query_that_reads_a_column_that_is_gone_will_fail_at_a_place():
    notes, warnings, _ = told("SELECT id,\n  upper(tail) AS t FROM $table")
    assert notes == ["sentence 2 reads tail of data/flights, which changed"]
    assert [each.partition(" not found")[0] for each in warnings] == [
        'sentence 2 will fail: Line 2, column 9: DuckDB refuses this: Referenced column "tail"'
    ]


def test_what_did_not_change_is_not_told():
    assert told("SELECT id FROM $table", changed=()) == (["sentence 2 writes id BIGINT"], [], [])
    assert told("SELECT delay FROM $table", place="data/others")[0] == ["sentence 2 writes delay DOUBLE"]


def test_a_verb_that_takes_a_table_as_it_is_writes_its_columns():
    assert told("")[0] == [
        "sentence 2 writes id BIGINT, delay DOUBLE, gate VARCHAR",
        "the columns that sentence 2 gives change: + gate VARCHAR, delay BIGINT -> DOUBLE, - tail VARCHAR",
    ]


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ({"not_null": "id"}, []),
        (
            {"not_null": "dely"},
            ["check not_null_dely: there is no column dely in the output (did you mean 'delay'?)"],
        ),
        (
            {"freshness": {"column": "gate", "within": "1d"}},
            ["check freshness_gate: gate is VARCHAR, which is no date or time, so it has no age"],
        ),
        ({"sql": "SELECT * FROM $table WHERE delay > 0"}, []),
        ({"sql": "SELECT * FROM $table ANTI JOIN data.airlines USING (id)"}, []),
        (
            {"sql": "SELECT * FROM $table WHERE nope"},
            ["check sql: its query cannot be asked: Line 1, column 28: DuckDB refuses this: Referenced column"],
        ),
    ],
)
def test_checks_are_held_to_the_columns_that_will_be_written(check, fault):
    found = told("SELECT * FROM $table", check, changed=())[2]
    assert [each.partition(' "nope"')[0] for each in found] == fault
