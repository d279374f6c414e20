"""The parameters of Python operators stand in dry runs and plans: their calls do not show what becomes of them."""

from __future__ import annotations

import pytest

from mason import secrets
from tests.cli.notes import ALL_LOCAL
from tests.cli.test_workflows import step, workflow

ECHO = """\
type: operator
namespace: note
command: echo
parameters:
  optional: [text, {name: n, type: integer, default: 5}, more]
"""
ECHO_CLASS = """\
import mason


class NoteEcho(mason.Operator):
    def run(self, ctx):
        if ctx.params["text"] == "drop":
            ctx.metastore.delete_table("data", ctx.params["more"])
        return {"value": 1}
"""
RUN = """\
type: run
name: drop
workflow: note:all
config_id: "1"
parameters: {b: {parameters: {text: drop, more: flights}}}
"""


@pytest.fixture
def applied(mason, folder):
    (folder / "config.yaml").write_text(ALL_LOCAL)
    (folder / "echo").mkdir()
    (folder / "echo" / "operator.yaml").write_text(ECHO)
    (folder / "echo" / "__init__.py").write_text(ECHO_CLASS)
    (folder / "all.yaml").write_text(workflow(step("a", "echo"), step("b", "echo", "a")))
    done = mason("apply", "-y")
    assert done.code == 0, done.err


CALL = (
    "  1. for local as metastore do delete_table(...)  [changes things]\n"
    "  and run its Python, which can do anything on this machine\n"
)


@pytest.mark.parametrize("command", ["validate", "run"])
def test_steps_show_what_they_are_given_and_references_as_written(mason, applied, command):
    long = "x" * 120
    pairs = ("-p", "b.text:'{{steps.a.value}}'", "-p", f"b.more:'<{{{{steps.a.value}}}}> {long}'")
    done = mason(command, "workflow", "note", "all", *pairs, answer="no\n")
    shown = f"'<{{{{steps.a.value}}}}> {'x' * 49} … {'x' * 19}'"
    assert (
        f"a: Operator note:echo with config 1\n  with n=5\n{CALL}\n"
        f"b: Operator note:echo with config 1, after a\n  with text={{{{steps.a.value}}}}, n=5, more={shown}\n{CALL}"
    ) in done.out + done.err


def test_an_operator_shows_them_without_secrets(mason, applied):
    secrets.remember("a-secret-of-shown-parameters")
    given = ("-p", f"text:'{'x' * 60}a-secret-of-shown-parameters'")
    assert mason("validate", "operator", "note", "echo", *given).out == (
        "Operator note:echo with config 1 would:\n"
        f"  with text='{'x' * 60}REDACTED', n=5\n{CALL}\n"
        "Valid: operator note:echo can run with config 1.\n"
    )


def test_plans_show_them_also_where_they_are_saved(mason, applied, folder):
    (folder / "run.yaml").write_text(RUN)
    shown = "      b: Operator note:echo with config 1, after a\n        with text='drop', n=5, more='flights'\n"
    planned = mason("plan", "--out", "release.plan")
    assert shown in planned.out
    assert mason("show", "release.plan").out.count(shown) == 1
    assert "  with text='drop', n=5, more='flights'\n" in mason("plan", "--markdown").out
    (action,) = mason("plan", "--json").json["actions"]
    assert [each["parameters"] for each in action["steps"]] == [{"n": 5}, {"text": "drop", "n": 5, "more": "flights"}]


def test_sentences_show_their_arguments_themselves(mason, applied, folder):
    do = "do:\n  - metastore.list_tables: {database: '{{database}}'}\n"
    text = "type: operator\nnamespace: note\ncommand: list\nparameters: {optional: [database]}\n" + do
    (folder / "list.yaml").write_text(text)
    assert mason("apply", "-y").code == 0
    assert mason("validate", "operator", "note", "list", "-p", "database:data").out == (
        "Operator note:list with config 1 would:\n"
        "  1. for local as metastore do list_tables(database='data')  [read-only]\n\n"
        "Valid: operator note:list can run with config 1.\n"
    )
