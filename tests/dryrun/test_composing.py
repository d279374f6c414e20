"""Operators made of operators become operators whose sentences are all said to engines."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mason.dryrun.composing import compose, composed
from mason.errors import ParameterError
from mason.resources.kinds import normalize
from mason.resources.operator import Operator

INNER = """\
namespace: note
command: write
parameters:
  required: [path, {name: text, type: string}]
  optional: [{name: twice, type: boolean}, {name: suffix, default: .txt}, {name: n, type: integer}]
do:
  - storage.write: {path: "{{path}}{{suffix}}", content: "{{text}}"}
    as: written
  - storage.copy: {source: "{{written.path}}", target: "{{path}}.2"}
    when: twice
"""


def operator(text: str) -> Operator:
    return Operator.from_definition(normalize({"type": "operator", **yaml.safe_load(text)}))


def outer(do: str, parameters: str = "{required: [where]}", more: str = "") -> Operator:
    return operator(f"namespace: note\ncommand: outer\nparameters: {parameters}\n{more}\ndo:\n{do}")


def known(**others: str) -> Any:
    found = {"operator.note.write": operator(INNER)}
    found |= {f"operator.note.{name}": operator(text) for name, text in others.items()}
    return found.get


def faults(made: Operator, **others: str) -> list[str]:
    return [
        f"{'.'.join(map(str, path))}: {message}" + (f" ({remedy})" if remedy else "")
        for path, message, remedy in compose(made, known(**others))[1]
    ]


def said(made: Operator) -> list[tuple[str, dict[str, Any], tuple[str, ...], tuple[tuple[str, bool], ...]]]:
    return [(each.verb, dict(each.arguments), each.names, each.all_conditions) for each in made.sentences]


def test_parameters_results_and_conditions_are_those_of_the_outer_one():
    made = composed(
        outer(
            "- operator.note.write: {path: '{{where}}/a', text: x, twice: '{{again}}'}\n  as: written\n"
            "- operator.note.write: {path: b, text: '{{written.path}}', suffix: .md}\n  when: again\n"
            "- storage.read: {path: '{{where}}'}\n",
            "{required: [where], optional: [again]}",
        ),
        known(),
    )
    assert said(made) == [
        ("write", {"path": "{{where}}/a.txt", "content": "x"}, ("written_2", "written"), ()),
        (
            "copy",
            {"source": "{{written_2.path}}", "target": "{{where}}/a.2"},
            ("written",),
            (("again", True),),
        ),
        ("write", {"path": "b.md", "content": "{{written.path}}"}, ("written_3",), (("again", True),)),
        ("read", {"path": "{{where}}"}, (), ()),
    ]
    # Passed on whole, it is what the inner operator takes.
    assert {each.name: each.type for each in made.parameters} == {"where": "any", "again": "boolean"}
    assert [each.verb for each in made.said({"where": "w", "again": False})] == ["write", "read"]


def test_what_is_given_as_a_value_decides_at_once():
    made = composed(outer("- operator.note.write: {path: a, text: 5, twice: 'yes'}\n"), known())
    assert said(made)[0][1] == {"path": "a.txt", "content": "5"}
    assert [(verb, conditions) for verb, _, _, conditions in said(made)] == [("write", ()), ("copy", ())]
    made = composed(outer("- operator.note.write: {path: a, text: x}\n"), known())
    assert [verb for verb, *_ in said(made)] == ["write"]


def test_a_part_that_a_given_value_lacks_is_told_and_not_left_out():
    inner = (
        "namespace: note\ncommand: sized\nparameters: {required: [how]}\ndo:\n- storage.read: {path: '{{how.path}}'}\n"
    )
    made = composed(outer("- operator.note.sized: {how: {path: a}}\n"), known(sized=inner))
    assert said(made)[0][1] == {"path": "a"}
    assert faults(outer("- operator.note.sized: {how: {pth: a}}\n"), sized=inner) == [
        "do.0.operator.note.sized: operator.note.sized cannot be said: {{how.path}}: there is no path in it"
    ]


def test_supported_configurations_are_those_of_both():
    text = INNER + "supported_configurations:\n- {storage: local}\n- {storage: s3, metastore: glue}\n"
    find = {"operator.note.write": operator(text)}.get
    do = "- operator.note.write: {path: a, text: x}\n"
    assert composed(outer(do), find).supported_configurations == (
        {"storage": "local"},
        {"storage": "s3", "metastore": "glue"},
    )
    narrowed = outer(do, more="supported_configurations: [{storage: s3, execution: athena}]")
    assert composed(narrowed, find).supported_configurations == (
        {"storage": "s3", "execution": "athena", "metastore": "glue"},
    )
    other = outer(do, more="supported_configurations: [{storage: hdfs}]")
    with pytest.raises(ParameterError, match="supports none of the configurations that the rest of this operator"):
        composed(other, find)


def test_each_sentence_keeps_its_own_dialect_and_trust():
    inner = "namespace: note\ncommand: ask\nsql: trust\ndo:\n- execution.query: {sql: SELECT 1}\n"
    made = composed(
        outer("- operator.note.ask: {}\n- execution.query: {sql: SELECT 2}\n", more="dialect: spark"),
        known(ask=inner),
    )
    assert [(each.dialect, each.trust) for each in made.sentences] == [("", True), ("spark", False)]
    assert (made.dialect, made.trust) == ("", False)


@pytest.mark.parametrize(
    ("do", "told"),
    [
        ("{path: a}", ["do.0.operator.note.write: Operator note:write needs 'text'"]),
        (
            "{path: a, text: x, pth: b, n: many}",
            [
                "do.0.operator.note.write.n: 'n' must be a whole number",
                "do.0.operator.note.write.pth: Operator note:write takes no 'pth' (did you mean 'path'?)",
            ],
        ),
        (
            "{path: a, text: x, n: 'a {{where}}'}",
            ["do.0.operator.note.write.n: 'n' must be a whole number, and text with {{...}} in it is text"],
        ),
        (
            "{path: a, text: x, n: '{{flag}}'}",
            [
                "do.0.operator.note.write.n: 'n' must be a whole number, and parameter flag is true or false "
                "(give both the same type)"
            ],
        ),
    ],
)
def test_what_does_not_fit_is_told_at_its_place(do, told):
    parameters = "{required: [where, {name: flag, type: boolean}]}"
    assert faults(outer(f"- operator.note.write: {do}\n", parameters)) == told


def test_a_default_of_the_inner_one_does_not_get_lost():
    inner = "namespace: note\ncommand: x\nparameters: {optional: [{name: n, type: integer, default: 3}]}\ndo:\n"
    inner += "- storage.read: {path: '{{n}}'}\n"
    passed = outer("- operator.note.x: {n: '{{m}}'}\n", "{optional: [m]}")
    assert faults(passed, x=inner) == [
        "do.0.operator.note.x.n: 'n' is 3 where it is left out, and parameter m may hold nothing (give it a default)"
    ]


def test_results_do_not_decide_what_is_said():
    do = "- storage.read: {path: a}\n  as: found\n- operator.note.write: {path: a, text: x, twice: '{{found}}'}\n"
    assert faults(outer(do)) == [
        "do.1.operator.note.write.twice: 'twice' decides what operator.note.write says, and {{found}} is known only "
        "when it runs (give it a parameter, or a value)"
    ]


def test_a_result_that_may_be_missing_has_no_name():
    inner = "namespace: note\ncommand: x\nparameters: {optional: [a]}\ndo:\n- storage.read: {path: p}\n  when: a\n"
    do = "- operator.note.x: {a: '{{where}}'}\n  as: found\n"
    assert faults(outer(do), x=inner) == [
        "do.0.as: operator.note.x may say nothing, so that there is no result to be called 'found' "
        "(leave 'as' out, or give what it needs to say something)"
    ]


def test_secrets_are_passed_on_as_secrets():
    inner = "namespace: note\ncommand: x\nparameters: {required: [{name: key, secret: true}]}\n"
    inner += "do:\n- storage.read: {path: '{{key}}'}\n"
    remedy = "(write {{name}} of one with secret: true)"
    for value in ("literal", "'{{where}}'"):
        assert faults(outer(f"- operator.note.x: {{key: {value}}}\n"), x=inner) == [
            f"do.0.operator.note.x.key: 'key' is secret, and must be given a parameter that is {remedy}"
        ]
    passed = outer("- operator.note.x: {key: '{{pass}}'}\n", "{required: [{name: pass, secret: true}]}")
    assert faults(passed, x=inner) == []


def test_circles_and_python_and_changes_are_refused():
    around = "namespace: note\ncommand: x\ndo:\n- operator.note.outer: {}\n"
    assert faults(outer("- operator.note.x: {}\n"), x=around) == [
        "do.0.operator.note.x: Operator note:x cannot be said: operators say one another: operator.note.outer -> "
        "operator.note.x -> operator.note.outer (take one of these sentences out)"
    ]
    assert faults(outer("- operator.note.py: {}\n"), py="namespace: note\ncommand: py\n") == [
        "do.0.operator.note.py: Operator note:py is written in Python, which is no sentence that can be said within "
        "another operator (let both be steps of a workflow)"
    ]
    reading = outer("- operator.note.write: {path: a, text: x}\n", more="read_only: true")
    assert faults(reading) == [
        "do.0.operator.note.write: operator.note.write says storage.write, which changes things, but read_only is true "
        "(remove read_only: true, or the sentence)"
    ]
