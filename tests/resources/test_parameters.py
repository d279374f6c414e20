"""``-p`` text and ``-f`` values: what they mean, and that every fault is named at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mason.errors import ParameterError
from mason.resources.operator import Parameter
from mason.resources.parameter_file import read_parameter_file
from mason.resources.parameters import Given, bind, convert, parse_pairs


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
        assert parse_pairs([text]).faults
    else:
        assert parse_pairs([text]) == Given(pairs)


def test_a_text_that_begins_with_a_brace_is_json_whose_values_keep_their_types():
    text = '{"limit": 5, "name": "5", "tags": ["a", null], "at": {"b": 1.5}, "q": "a:1, b:2"}'
    assert parse_pairs([text, "other:1"]) == Given(
        {"limit": 5, "name": "5", "tags": ["a", None], "at": {"b": 1.5}, "q": "a:1, b:2", "other": "1"}
    )
    assert [fault.message for fault in parse_pairs(['{"a": 1}', "a:2"]).faults] == ["Parameter given twice: a"]
    assert [fault.message for fault in parse_pairs(["{a:1}"]).faults] == [
        "Malformed parameters: '{a:1}' begins like a JSON mapping, and is none"
    ]


def test_repeated_options_add_up():
    assert parse_pairs(["a:1", "b:2,c:3"]).values == {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ('q:"c:\\"', {"q": "c:\\"}),
        ('q:"c:\\",other:1', {"q": "c:\\", "other": "1"}),
        ('q:"c:\\",other:"d"', {"q": "c:\\", "other": "d"}),
        ('q:"a \\", b"', {"q": 'a ", b'}),
        ("q:'c:\\'  ,  other:1", {"q": "c:\\", "other": "1"}),
        ('q:"' + "\\a" * 10_000 + '"', {"q": "\\a" * 10_000}),
        ('q:"' + "\\" * 10_000 + '"', {"q": "\\" * 5_000}),
        ('q:"' + "\\a" * 10_000, None),
        ('q:"' + "\\" * 10_001, None),
        ('q:"' + '\\"' * 10_000 + "x", None),
        ('q:"' + '\\" ' * 10_000 + "x", None),
    ],
    ids=range(11),
)
def test_backslashes_in_quoted_values_cost_no_more_than_others(text, pairs):
    given = parse_pairs([text])
    assert given.values == (pairs or {})
    assert bool(given.faults) is (pairs is None)


@given(st.text(max_size=40).filter(lambda text: "\\" not in text and '"' not in text))
def test_any_quoted_value_comes_back(value):
    assert parse_pairs([f'key:"{value}",other:1']).values == {"key": value, "other": "1"}


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


def test_texts_of_a_file_are_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    for written in ("0123", "1e3", "0x1F", "1.50", "+5", "True", "12345678901234567890.5"):
        file.write_text(f"database_name: {written}\nlimit: 7\n")
        bound = bind(DECLARED, read_parameter_file(file), of="operator table:get")
        assert (bound["database_name"], bound["limit"]) == (written, 7)
    file.write_text("limit: 007\ndatabase_name: a\n")
    assert bind(DECLARED, read_parameter_file(file), of="operator table:get")["limit"] == 7


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


def test_malformed_missing_and_unknown_parameters_are_named_at_once():
    given = parse_pairs(["nothing", ":x", 'deep:"open', "limit:1", "limit:2", "colums:[]"])
    with pytest.raises(ParameterError) as refused:
        bind(DECLARED, given, of="operator table:get")
    assert str(refused.value).splitlines() == [
        "Malformed parameter: ':x' (write key:value)",
        "Malformed parameter: 'nothing' (write key:value)",
        "Malformed parameter: deep (its value starts with a quote; quote the whole value)",
        "Parameter given twice: limit",
        "Required parameter not specified: database_name",
        "Unknown parameter: colums (did you mean columns?)",
    ]


@pytest.mark.parametrize("text", ["deep := true", "deep:=true", "database_name:x, deep := true"])
def test_an_assignment_is_no_pair(text):
    given = parse_pairs([text])
    assert [str(fault) for fault in given.faults] == ["Malformed parameter: deep := (write deep:value, without the =)"]
    assert given.unread == {"deep"}
    assert parse_pairs(['deep:"=true"', "limit: =1"]) == Given({"deep": "=true", "limit": "=1"})


def test_a_parameter_whose_value_cannot_be_read_is_not_called_missing():
    with pytest.raises(ParameterError) as refused:
        bind(DECLARED, parse_pairs(['database_name:"open']), of="operator table:get")
    assert str(refused.value).splitlines() == [
        "Malformed parameter: database_name (its value starts with a quote; quote the whole value)"
    ]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("nan", "number"),
        ("inf", "number"),
        ("-Infinity", "number"),
        ("1e999", "number"),
        ("1_000", "number"),
        ("1_000", "integer"),
        ("\u0661", "integer"),
        ("1.0", "integer"),
        ("", "integer"),
        (float("nan"), "number"),
        (float("inf"), "any"),
        (float("nan"), "string"),
        ("[1, NaN]", "array"),
        ("[1, 1e999]", "array"),
        ('{"a": [{"b": -Infinity}]}', "object"),
        ({"a": [float("inf")]}, "object"),
        ([float("nan")], "any"),
        ("[" * 100_000, "array"),
    ],
    ids=range(18),
)
def test_what_is_no_number_in_json_is_none_here(value, wanted):
    with pytest.raises(ParameterError, match="Parameter p must be "):
        bind([Parameter("p", True, wanted)], {"p": value}, of="operator a:b")


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("+5", "integer", 5),
        ("-0", "integer", 0),
        ("5", "number", 5),
        ("5.", "number", 5.0),
        (".5", "number", 0.5),
        ("-1.5E+3", "number", -1500.0),
        ("[1.5]", "array", [1.5]),
        ("nan", "string", "nan"),
    ],
)
def test_numbers_are_read_as_people_write_them(text, wanted, value):
    assert convert(text, wanted) == value
