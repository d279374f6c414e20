"""Values in one form: what they mean is kept, and how a client writes them is dropped."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from mason.engines.models import Column
from mason.project.comparing.canonical import change_of, paired, told, type_of


def form(value, type_: str | None):
    floats: list[float] = []
    kept = change_of(type_of(type_ or ""))(value, floats)
    return json.dumps(kept), [each + 0.0 for each in floats]


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("DECIMAL(10,2)", "1.50", "1.5"),
        ("DECIMAL(10,2)", "2.00", 2),
        ("DECIMAL(10,2)", Decimal("0.00"), "-0.0"),
        ("DECIMAL(38,0)", "100", 100),
        ("HUGEINT", 2**63, "9223372036854775808"),
        ("HUGEINT", "170141183460469231731687303715884105727", Decimal(2**127 - 1)),
        ("DOUBLE", "NaN", float("nan")),
        ("DOUBLE", "-Infinity", float("-inf")),
        ("DOUBLE", -0.0, 0),
        ("FLOAT", 0.1, 0.10000000149011612),
        ("TIMESTAMP", "2024-01-01T10:00:00.500", "2024-01-01 10:00:00.5"),
        ("TIMESTAMP", "2024-01-01T10:00:00.000", "2024-01-01T10:00:00"),
        ("TIMESTAMPTZ", "2024-01-01T00:30:00+02:00", "2023-12-31T22:30:00Z"),
        ("TIMESTAMPTZ", "2024-01-01T00:30:00-05:30", "2024-01-01T06:00:00+00:00"),
        ("STRUCT(b INTEGER, a DOUBLE)", {"b": 1, "a": 0.5}, {"a": 0.5, "b": 1}),
        ("MAP(VARCHAR, DECIMAL(4,2))", {"y": "1.50", "x": "1.00"}, {"x": 1, "y": "1.5"}),
        ("DOUBLE[]", [1, None, 2.5], (1.0, None, 2.5)),
        ("JSON", '{"a": [1, 2.0]}', {"a": [1, 2.0]}),
        (None, 1, Decimal("1.00")),
        ("BLOB", b"\x00\xff", "00ff"),
    ],
)
def test_values_that_mean_the_same_have_one_form(type_, one, other):
    assert form(one, type_) == form(other, type_)


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("VARCHAR", None, ""),
        ("VARCHAR", "1.50", "1.5"),
        ("VARCHAR", None, "NULL"),
        ("VARCHAR", "\x00", ""),
        ("VARCHAR", "NaN", None),
        ("DOUBLE", None, float("nan")),
        ("DOUBLE", None, 0.0),
        ("DOUBLE", float("inf"), float("-inf")),
        ("BIGINT", 2**53, 2**53 + 1),
        ("DECIMAL(10,2)", "1.50", "1.51"),
        ("TIMESTAMP", "2024-01-01T10:00:00.5", "2024-01-01T10:00:00.05"),
        ("TIMESTAMPTZ", "2024-01-01T00:30:00+02:00", "2024-01-01T00:30:00+00:00"),
        ("INTEGER[]", [1, 2], [2, 1]),
        ("INTEGER[]", [], None),
        ("INTEGER[]", [None], []),
        ("MAP(VARCHAR, INTEGER)", {}, {"a": None}),
        (None, "1", 1),
        (None, True, 1),
    ],
)
def test_values_that_differ_have_two(type_, one, other):
    assert form(one, type_) != form(other, type_)


@pytest.mark.parametrize(
    "value", [None, "\x00", "\x01x", "", "a", 1.5, [1.5, "\x00", None, {"a": 2.5, "b": "\x01"}], True, 2**70]
)
def test_the_form_can_be_told_again(value):
    floats: list[float] = []
    kept = json.loads(json.dumps(change_of(None)(value, floats)))
    assert told(kept, floats) == (str(value) if value == 2**70 else value)


def test_columns_belong_together_by_their_names():
    first = [Column("a", "INTEGER"), Column("b", "HUGEINT"), Column("a", "VARCHAR"), Column("d", "DOUBLE")]
    second = [Column("b", "DECIMAL(38,0)"), Column("a", "BIGINT"), Column("a", "VARCHAR"), Column("c", "DOUBLE")]
    found = paired(first, second)
    assert (found.names, found.first, found.second) == (("a", "b", "a (2)"), (0, 1, 2), (1, 0, 2))
    assert [(each.name, each.first, each.second, each.what) for each in found.differences] == [
        ("d", "DOUBLE", "", "only with the first config"),
        ("c", "", "DOUBLE", "only with the second config"),
        ("a", "", "", "another order of columns: b, a, a (2)"),
        ("a", "INTEGER", "BIGINT", "another type"),
    ]
    assert found.notes == ("b: HUGEINT and DECIMAL(38,0) hold the same values here",)


def test_names_that_differ_in_case_are_two():
    assert [each.what for each in paired([Column("A", "INTEGER")], [Column("a", "INTEGER")]).differences] == [
        "only with the first config",
        "only with the second config",
    ]


def test_a_client_that_tells_no_type_is_taken_at_its_values():
    found = paired([Column("a", "ANY")], [Column("a", "INTEGER")])
    assert (found.differences, found.notes) == ((), ("a: one client tells no type, the other one INTEGER",))


def test_types_are_compared_by_duckdbs_names():
    found = paired([Column("a", "string"), Column("b", "int8")], [Column("a", "VARCHAR"), Column("b", "BIGINT")])
    assert found.differences == ()
