"""Checks and the columns that they are of: which mean nothing, and which values a column can have."""

from __future__ import annotations

import pytest

from mason.engines.check_columns import as_texts, faults
from mason.resources.output_checks import of_definition

COLUMNS = {"id": "BIGINT", "Name": "VARCHAR", "day": "DATE", "at": "TIMESTAMP WITH TIME ZONE", "p": "DECIMAL(5,2)"}


def told(check, columns=None):
    (made,) = of_definition([check])
    return list(faults(made, columns or COLUMNS))


def test_names_are_found_as_sql_finds_them():
    assert told({"unique": ["ID", "name"]}) == []
    assert told({"not_null": ["idd"]}) == [
        "check not_null_idd: there is no column idd in the output (did you mean 'id'?)"
    ]
    assert told({"not_null": "A"}, {"a": "BIGINT", "b": "BIGINT"}) == []


@pytest.mark.parametrize("column", ["day", "at"])
def test_times_have_an_age(column):
    assert told({"freshness": {"column": column, "within": "1d"}}) == []


def test_what_has_no_age():
    assert told({"freshness": {"column": "Name", "within": "1d"}}) == [
        "check freshness_Name: Name is VARCHAR, which is no date or time, so it has no age"
    ]


@pytest.mark.parametrize(
    ("kind", "fitting", "others"),
    [
        ("BIGINT", [1, 2.0, 10**30], ["1", 1.5, True]),
        ("DOUBLE", [1, 1.5, float("nan")], ["1", False]),
        ("DECIMAL(5,2)", [1, 1.005, "1.50", 10**9], ["x", True, float("inf")]),
        ("BOOLEAN", [True, False], [1, "true"]),
        ("VARCHAR", ["a", "1"], [1, 1.5, True]),
        ("DATE", ["2024-02-29"], ["2024-02-30", "tomorrow", 20240101]),
        ("TIMESTAMP", ["2024-01-01 10:00:00"], ["2024-01-01 10:00:00+02:00", "x"]),
        ("TIMESTAMP WITH TIME ZONE", ["2024-01-01 10:00:00+02:00", "2024-01-01T00:00:00Z"], ["x"]),
        ("TIME", ["10:00"], ["25:00"]),
        ("INTEGER[]", [], [1, "x"]),
        ("STRUCT(a INTEGER)", [], ["x"]),
    ],
)
def test_values_are_of_the_type_of_the_column(kind, fitting, others):
    for value in fitting:
        assert told({"accepted_values": {"column": "c", "values": [value]}}, {"c": kind}) == []
    for value in others:
        found = told({"accepted_values": {"column": "c", "values": [value]}}, {"c": kind})
        assert [each.partition(" is ")[2].partition(",")[0] for each in found] == [kind.partition(",")[0]]


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([1, 300, -1, 2.0], "UTINYINT", ["1", "2"]),
        ([2**127 - 1, 2**127], "HUGEINT", [str(2**127 - 1)]),
        ([1.005, "1.50", 12.5, 1000, 1], "DECIMAL(5,2)", ["1.50", "12.5", "1"]),
        ([True, False], "BOOLEAN", ["true", "false"]),
        ([0.1, 1, float("nan"), float("-inf")], "DOUBLE", ["0.1", "1", "nan", "-inf"]),
        (["AB", "ab"], "UUID", ["ab"]),
        (["AB", "ab"], "VARCHAR", ["AB", "ab"]),
    ],
)
def test_values_that_no_value_of_the_column_can_be_are_left_out(values, kind, texts):
    assert as_texts(values, kind) == texts
