"""Arguments of sentences: the types that verbs ask for, and the words for what does not fit."""

from __future__ import annotations

import pytest

from mason.dryrun.arguments import fit, fitting
from mason.dryrun.sentences import finish
from mason.engines import ENGINES, models
from mason.engines.models import Schema, Table
from mason.resources.operator import Sentence

PLAIN = {"str", "bytes", "int", "bool", "Sequence[str]", "Mapping[str, Any]", "None"}


def fitted(call, arguments, values=()):
    sentence = Sentence(*call.split("."), arguments)
    return fit(sentence, finish(sentence, dict(values)), dict(values))


def test_the_types_of_all_verbs_are_understood():
    for engine in ENGINES.values():
        for verb in engine.verbs.values():
            assert set(verb.annotations) == set(verb.arguments)
            for annotation in verb.annotations.values():
                assert all(kind in PLAIN or hasattr(models, kind) for kind in annotation.split(" | ")), annotation


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        ("5", "int | None", 5),
        (5, "int", 5),
        ("true", "bool", True),
        ("no", "bool | None", False),
        (5, "str", "5"),
        (True, "str", "true"),
        ("5", "str", "5"),
        ('["a", "b"]', "Sequence[str] | None", ["a", "b"]),
        ([1, "b"], "Sequence[str]", ["1", "b"]),
        (("a",), "Sequence[str]", ("a",)),
        ("a, b", "Sequence[str]", ["a", "b"]),
        ('{"a": 1}', "Table | Mapping[str, Any]", {"a": 1}),
        (Table("t"), "Table | Mapping[str, Any]", Table("t")),
        (b"x", "str | bytes", b"x"),
    ],
)
def test_values_become_what_the_verb_takes(value, annotation, expected):
    assert fitting(value, annotation) == expected


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ("abc", "int"),
        (True, "int"),
        (5.5, "int"),
        ("perhaps", "bool"),
        ([["a"]], "Sequence[str]"),
        ({"a": 1}, "str"),
        (["a"], "str"),
        ("flights", "Table"),
        ({"name": "t"}, "Table"),
        (Table("t"), "str"),
        (Schema(()), "Table"),
        (b"x", "str"),
    ],
)
def test_what_cannot_become_it_is_refused(value, annotation):
    with pytest.raises(ValueError, match=r"^."):
        fitting(value, annotation)


@pytest.mark.parametrize(
    ("call", "arguments", "values", "fault"),
    [
        (
            "execution.query",
            {"sql": "SELECT 1", "limit": "{{limit}}"},
            {"limit": "abc"},
            "execution.query needs a whole number for 'limit', not 'abc' ({{limit}})",
        ),
        (
            "metastore.get_table",
            {"database": "{{db}}", "table": "t"},
            {"db": None},
            "metastore.get_table needs 'database', but parameter db was not given",
        ),
        ("metastore.get_table", {"database": "d", "table": None}, {}, "metastore.get_table needs 'table'"),
        (
            "execution.preview",
            {"table": "flights"},
            {},
            "execution.preview needs a Table (the result of an earlier sentence) for 'table', not 'flights'",
        ),
        (
            "storage.read",
            {"path": "{{found}}"},
            {"found": Table("t")},
            "storage.read needs text for 'path', not a Table ({{found}})",
        ),
        ("storage.read", {"path": "x", "pth": "y"}, {}, "storage.read takes no 'pth'"),
    ],
)
def test_faults_say_which_verb_wants_what(call, arguments, values, fault):
    assert fitted(call, arguments, values)[1] == [fault]


def test_arguments_that_wait_for_results_are_left_alone_and_stand_in_order():
    arguments = {"limit": "{{found.count}}", "sql": "SELECT {{x}}", "table": "{{found}}"}
    expected = {"sql": "SELECT 1", "table": "{{found}}", "limit": "{{found.count}}"}
    finished, faults = fitted("execution.query", arguments, {"x": 1})
    assert (finished, list(finished), faults) == (expected, list(expected), [])


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        ("1.5", "float", 1.5),
        (2, "float", 2),
        ({"a": 1}, "Any", {"a": 1}),
        # Types that only the package of the engine knows.
        ([1], "list[Note]", [1]),
        ("x", "Note", "x"),
    ],
)
def test_types_of_engines_that_other_packages_bring(value, annotation, expected):
    assert fitting(value, annotation) == expected
