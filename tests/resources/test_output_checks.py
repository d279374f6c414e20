"""Checks as they are written: what they come to, what they are called and how they are told, and every refusal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mason.resources.check_findings import check_findings
from mason.resources.output_checks import Check, allowance_of, change_of, of_definition, seconds_of, with_others

ALL = [
    {"not_null": ["id", "n"], "at_most": "0.50 %"},
    {"unique": "id"},
    {"unique": ["a", "b"], "severity": "warn", "name": "key", "description": "One a day."},
    {"accepted_values": {"column": "c", "values": ["x", 1, True, 1.5]}},
    {"row_count": {"min": 1, "max": 10000, "change": "-10% .. +50%"}},
    {"row_count": {"max": 0}},
    {"row_count": {"min": 3, "max": 3}},
    {"freshness": {"column": "t", "within": "36h"}},
    {"sql": "SELECT *\n  FROM $table WHERE a < 0", "at_most": 1},
]
TOLD = [
    ("not_null_id_n", "id and n are never null, but for at most 0.5% of the rows"),
    ("unique_id", "id is unique (null aside)"),
    ("key", "a and b together are unique (rows with a null in them aside)"),
    ("accepted_values_c", "c is null or one of 'x', 1, true, 1.5"),
    (
        "row_count",
        "there are at least 1 and at most 10,000 rows and their number differs by -10%..+50% from that of the last "
        "success",
    ),
    ("row_count_2", "there are at most 0 rows"),
    ("row_count_3", "there are exactly 3 rows"),
    ("freshness_t", "the newest value of t is at most 36h old (times without a zone are UTC)"),
    ("sql", "no row comes from SELECT * FROM $table WHERE a < 0, but for at most 1 row"),
]


def test_each_check_has_a_name_and_a_sentence():
    assert [(check.name, check.sentence) for check in of_definition(ALL)] == TOLD


def test_what_is_kept_of_a_check_is_the_check():
    checks = of_definition(ALL)
    assert tuple(Check.from_dict(check.to_dict()) for check in checks) == checks


def test_of_two_lists_all_checks_have_names_of_their_own():
    one = of_definition([{"unique": "id"}])
    assert [check.name for check in with_others(one, (*one, *one))] == ["unique_id", "unique_id_2", "unique_id_3"]


def test_a_name_that_is_written_is_not_given_to_another():
    checks = of_definition([{"unique": "id"}, {"not_null": "x", "name": "unique_id"}])
    assert [check.name for check in checks] == ["unique_id_2", "unique_id"]


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("-10%..+50%", (Decimal(-10), Decimal(50))),
        ("-10%..", (Decimal(-10), None)),
        ("..50%", (None, Decimal(50))),
        ("0%..0%", (Decimal(0), Decimal(0))),
        ("+0.5%..+1.25%", (Decimal("0.5"), Decimal("1.25"))),
        ("..", None),
        ("5%", None),
        ("50%..10%", None),
        ("..-101%", None),
        ("1..2", None),
        (5, None),
    ],
)
def test_changes(text, change):
    assert change_of(text) == change


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("24h", 86400),
        ("7d", 604800),
        ("2 w", 1209600),
        ("0h", None),
        ("h", None),
        (5, None),
    ],
)
def test_times(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("given", "allowed"),
    [(5, "5"), (0, "0"), ("5", "5"), ("0.50 %", "0.5%"), ("100%", "100%"), ("101%", None), (-1, None), (True, None)],
)
def test_allowances(given, allowed):
    assert allowance_of(given) == allowed


@pytest.mark.parametrize(
    ("check", "faults"),
    [
        ({}, ["c[0] checks nothing"]),
        ({"not_null": "a", "unique": "b"}, ["c[0] says more than one thing: not_null, unique"]),
        ({"not_null": ["a", "A"]}, ["c[0].not_null names A twice"]),
        ({"unique": []}, ["c[0].unique is empty"]),
        ({"unique": "a", "at_most": "x"}, ["c[0].at_most cannot be the text 'x'"]),
        (
            {"row_count": {"min": 1}, "at_most": 1},
            ["c[0].at_most means nothing for row_count, which no row passes or fails"],
        ),
        ({"row_count": {}}, ["c[0].row_count asks for nothing"]),
        ({"row_count": {"min": 2, "max": 1}}, ["c[0].row_count: min is 2, which is more than max, 1"]),
        ({"row_count": {"change": "5"}}, ["c[0].row_count.change cannot be the text '5'"]),
        ({"freshness": {"column": "t", "within": "soon"}}, ["c[0].freshness.within cannot be the text 'soon'"]),
        (
            {"accepted_values": {"column": "c", "values": ["a", None, []]}},
            ["c[0].accepted_values.values[1] cannot be empty", "c[0].accepted_values.values[2] cannot be a list"],
        ),
        ({"sql": " "}, ["c[0].sql is empty"]),
    ],
)
def test_faults(check, faults):
    assert [found.message for found in check_findings([check], ("c",))] == faults


def test_two_checks_of_one_name():
    given = [{"unique": "a", "name": "x"}, {"unique": "b", "name": "x"}]
    assert check_findings(given, ("c",)) == [
        (("c", 1, "name"), "check x is there twice: c[0] too", "give it another name")
    ]
