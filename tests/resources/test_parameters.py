"""``-p`` text and ``-f`` values: what they mean, and that every fault is named at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mason.errors import ParameterError
from mason.resources.kinds import Parameter
from mason.resources.parameters import bind, parse_pairs


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a:b", {"a": "b"}),
        ("a:b,c:d", {"a": "b", "c": "d"}),
        ("a: b , c : d", {"a": "b", "c": "d"}),
        ("path:s3://bucket/a,b.csv", {"path": "s3://bucket/a,b.csv"}),
        ("path:s3://a/b,table:t", {"path": "s3://a/b", "table": "t"}),
        ("from:file://x,s3://a/b", {"from": "file://x,s3://a/b"}),
        ("at:12:30:00", {"at": "12:30:00"}),
        ("q:SELECT a, b FROM t WHERE x = 'y'", {"q": "SELECT a, b FROM t WHERE x = 'y'"}),
        ("q:SELECT a::int, b::text FROM t", {"q": "SELECT a::int, b::text FROM t"}),
        ('q:"SELECT 1, a: 2",limit:5', {"q": "SELECT 1, a: 2", "limit": "5"}),
        ("q:'it''s', x:1", None),
        (r'q:"say \"hi\""', {"q": 'say "hi"'}),
        (r"q:'c:\\x'", {"q": "c:\\x"}),
        ("a:", {"a": ""}),
        ("a:,b:1", {"a": "", "b": "1"}),
        ("", {}),
    ],
)
def test_pairs(text, pairs):
    if pairs is None:
        with pytest.raises(ParameterError):
            parse_pairs([text])
    else:
        assert parse_pairs([text]) == pairs


def test_repeated_options_add_up():
    assert parse_pairs(["a:1", "b:2,c:3"]) == {"a": "1", "b": "2", "c": "3"}


def test_all_malformed_pairs_are_named_at_once():
    with pytest.raises(ParameterError) as refused:
        parse_pairs(["nothing", ":x", 'q:"open', "a:1", "a:2"])
    assert str(refused.value).splitlines() == [
        "Malformed parameter: ':x' (write key:value)",
        "Malformed parameter: 'nothing' (write key:value)",
        "Malformed parameter: q (its value starts with a quote; quote the whole value)",
        "Parameter given twice: a",
    ]


@given(st.text(max_size=40).filter(lambda text: "\\" not in text and '"' not in text))
def test_any_quoted_value_comes_back(value):
    assert parse_pairs([f'key:"{value}",other:1']) == {"key": value, "other": "1"}


DECLARED = (
    Parameter("database_name", True, "string"),
    Parameter("limit", False, "integer", 100),
    Parameter("deep", False, "boolean"),
    Parameter("columns", False, "array"),
    Parameter("free", False),
)


def test_values_take_their_declared_types_and_defaults():
    given = {"database_name": "7", "deep": "yes", "columns": '["a"]', "free": "1"}
    assert bind(DECLARED, given, of="operator table:get") == {
        "database_name": "7",
        "limit": 100,
        "deep": True,
        "columns": ["a"],
        "free": "1",
    }


def test_values_of_a_file_have_types_already():
    given = {"database_name": 7, "limit": 5, "deep": False, "columns": ["a"], "free": {"x": 1}}
    assert bind(DECLARED, given, of="operator table:get") == {
        "database_name": "7",
        "limit": 5,
        "deep": False,
        "columns": ["a"],
        "free": {"x": 1},
    }


def test_all_faults_are_named_at_once():
    given = {"limit": "many", "deep": "perhaps", "columns": "{}", "colums": "[]", "x": 1}
    with pytest.raises(ParameterError) as refused:
        bind(DECLARED, given, of="operator table:get")
    assert str(refused.value).splitlines() == [
        "Parameter columns must be a list (JSON, such as [1, 2]), not '{}'",
        "Parameter deep must be true or false, not 'perhaps'",
        "Parameter limit must be a whole number, not 'many'",
        "Required parameter not specified: database_name",
        "Unknown parameter: colums (did you mean columns?)",
        "Unknown parameter: x (operator table:get takes: database_name, limit, deep, columns, free)",
    ]
