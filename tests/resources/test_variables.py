"""Declarations of variables, their values, and what they become in documents."""

from __future__ import annotations

import pytest

from mason.resources.loader import load
from mason.resources.variables import Assigned, Variables, are_used, assigned, declared_in
from tests.resources.conftest import Project

DECLARED = """\
name: p
vars:
  database: {type: string, description: where tables are, workspaces: {prod: sales}}
  limit: 3
  flags: {default: [a, b]}
  needed:
"""


def variables(text: str = DECLARED, workspace: str = "default", environment=None, given=()) -> Variables:
    found, faults = declared_in(text.encode(), "mason.yaml")
    made, wrong = assigned(found, workspace, environment or {}, given, shown="mason.yaml")
    assert (faults, wrong) == ([], [])
    return made


def faults_of(text: str) -> list[str]:
    return [str(fault) for fault in declared_in(text.encode(), "mason.yaml")[1]]


def test_later_values_win():
    assert variables().values == {"limit": 3, "flags": ["a", "b"]}
    assert variables(workspace="prod").values["database"] == "sales"
    environment = {"MASON_VAR_database": "env", "MASON_VAR_limit": "7", "MASON_VAR_other": "passed over"}
    assert variables(workspace="prod", environment=environment).values == {
        "database": "env",
        "limit": 7,
        "flags": ["a", "b"],
    }
    given = [Assigned("limit", "8", "--var"), Assigned("limit", 9, "a.yaml", 2), Assigned("database", "x", "--var")]
    made = variables(environment=environment, given=given)
    assert (made.values["limit"], made.values["database"]) == (9, "x")


def test_the_environment_may_write_names_in_capitals():
    assert variables(environment={"MASON_VAR_DATABASE": "env"}).values["database"] == "env"
    both = {"MASON_VAR_DATABASE": "one", "MASON_VAR_database": "other"}
    declared, _ = declared_in(b"vars: {database: x, limit: 3}\n", "mason.yaml")
    _, wrong = assigned(declared, "default", both, [], shown="mason.yaml")
    assert [str(fault) for fault in wrong] == [
        "MASON_VAR_DATABASE and MASON_VAR_database give variable 'database' different values (keep one of them)"
    ]
    assert assigned(declared, "default", dict.fromkeys(both, "one"), [], shown="")[0].values["database"] == "one"


def test_names_that_differ_in_case_only_are_meant_exactly():
    declared, _ = declared_in(b"vars: {a: x, A: y}\n", "mason.yaml")
    found, wrong = assigned(declared, "default", {"MASON_VAR_A": "env"}, [], shown="mason.yaml")
    assert (found.values, wrong) == ({"a": "x", "A": "env"}, [])


def test_text_becomes_the_type_of_the_default():
    given = [Assigned("flags", "c,d", "--var"), Assigned("database", "007", "--var")]
    assert variables(given=given).values == {"limit": 3, "flags": ["c", "d"], "database": "007"}


def test_numbers_stay_as_they_are_spelled_where_text_is_wanted():
    given = [Assigned("database", 7, "a.yaml", 1, "007")]
    assert variables(given=given).values["database"] == "007"


def test_everything_wrong_with_declarations_is_told():
    assert faults_of(
        "vars:\n  a-b: 1\n  c: {typ: string}\n  d: {type: text}\n  e: {type: integer, default: x, workspaces: {p: y}}\n"
        "  f: {secret: true}\n  g: '{{HOME}}'\n  h: {description: 3}\n  i: {workspaces: x}\n"
    ) == [
        "mason.yaml:2: 'a-b' cannot name a variable (use letters, digits and _, not beginning with a digit)",
        "mason.yaml:3: unknown key 'typ' in vars.c (did you mean 'type'?)",
        "mason.yaml:4: vars.d.type must be one of string, integer, number, boolean, array, object, any",
        "mason.yaml:5: vars.e.default must be a whole number",
        "mason.yaml:5: vars.e.workspaces.p must be a whole number",
        "mason.yaml:6: vars.f cannot be secret: plans and the state keep the values of variables (write "
        "{{NAME}} where the secret is used: it is looked up in the environment when a client connects)",
        "mason.yaml:7: vars.g holds {{...}}, which stays text in a variable: write it where the variable is used",
        "mason.yaml:8: vars.h.description must be text, but it is the number 3 (put it in quotes)",
        "mason.yaml:9: vars.i.workspaces must be a mapping, but it is the text 'x' (write WORKSPACE: VALUE lines "
        "below it)",
    ]
    assert faults_of("vars: [a]\n") == [
        "mason.yaml:1: 'vars' must be a mapping of variables, but it is a list (write NAME: DEFAULT lines below it)"
    ]


def test_everything_wrong_with_values_is_told():
    found, _ = declared_in(DECLARED.encode(), "mason.yaml")
    given = [
        Assigned("limit", "many", "--var"),
        Assigned("limit", "3", "a.yaml", 4),
        Assigned("databse", "x", "--var"),
        Assigned("limit", "{{X}}", "--var"),
    ]
    _, wrong = assigned(found, "default", {"MASON_VAR_flags": "{"}, given, shown="mason.yaml")
    assert [str(each) for each in wrong] == [
        "MASON_VAR_flags: variable 'flags' must be a list",
        "--var: variable 'limit' must be a whole number",
        "a.yaml:4: variable 'limit' must be a whole number",
        "--var: there is no variable 'databse' (did you mean 'database'?)",
        "--var: variable 'limit' holds {{...}}, which stays text in a variable: write it where the variable is used",
    ]


def test_a_whole_value_keeps_its_type_and_text_takes_text():
    made = variables(workspace="prod")
    value = {"a": "{{vars.limit}}", "b": ["x {{ vars.limit }} {{vars.database}}", "{{other}}"], "c": "{{vars.flags}}"}
    filled, found = made.filled(value)
    assert (filled, found) == ({"a": 3, "b": ["x 3 sales", "{{other}}"], "c": ["a", "b"]}, [])
    assert value["a"] == "{{vars.limit}}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "{{vars.needed}}",
            "variable 'needed' has no value (give it one: --var needed=VALUE, MASON_VAR_needed, or a default at "
            "mason.yaml:6)",
        ),
        ("{{vars.limt}}", "there is no variable 'limt' (did you mean 'limit'?)"),
        ("{{vars}}", "{{vars}} names no variable (write {{vars.NAME}})"),
        (
            "x {{vars.flags}}",
            "{{vars.flags}} is a list, which cannot stand inside of a longer text (let it be the whole value)",
        ),
    ],
)
def test_what_cannot_be_filled_in_is_told(text, told):
    filled, found = variables().filled({"k": text})
    assert filled == {"k": text}
    assert [f"{message} ({remedy})" for _, message, remedy in found] == [told]


@pytest.mark.parametrize(
    ("data", "used"),
    [(b"a: '{{vars.x}}'", True), (b"a: '{{ vars.x}}'", True), (b"a: '{{x}} vars'", False), (b"", False)],
)
def test_files_without_variables_are_not_searched(data, used):
    assert are_used(data) is used


RUN = "type: run\nname: a\noperator: table:get\nconfig_id: '1'\nparameters: {n: '{{vars.limit}}'}\n"


def test_another_value_is_another_resource_also_from_the_cache(project: Project):
    project.write("a.yaml", RUN)

    def digest(value: object) -> str:
        found, _ = declared_in(DECLARED.encode(), "mason.yaml")
        made = load([], root=project.root, cache=project.cache, variables=Variables(found, {"limit": value}))
        assert made.items[0].definition["parameters"] == {"n": value}
        return made.items[0].digest

    assert digest(1) == digest(1)
    assert len({digest(1), digest("1"), digest(True), digest(2), digest(1.0)}) == 5
    # Without its value a file is not what it was with it.
    assert project.faults() == [
        "a.yaml:5: there is no variable 'limit' (declare it under 'vars' in mason.yaml)",
    ]


def test_faults_of_values_say_where_they_come_from(project: Project):
    project.write("a.yaml", RUN.replace("table:get", "'{{vars.work}}'"))
    found, _ = declared_in(b"vars: {limit: 1, work: nothing}", "mason.yaml")
    with pytest.raises(Exception, match="operator") as raised:
        load([], root=project.root, variables=Variables(found, {"limit": 1, "work": "nothing"}))
    assert str(raised.value) == (
        "a.yaml:3: operator must be namespace:command, but it is the text 'nothing' (from {{vars.work}}) "
        "(such as table:export)"
    )
