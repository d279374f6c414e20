"""``mason graph``: one workflow, or everything, in three forms."""

from __future__ import annotations

import pytest

OPERATOR = "type: operator\nnamespace: a\ncommand: {}\ndo:\n  - metastore.list_databases: {{}}\n"
WORKFLOW = """\
type: workflow
namespace: a
command: all
dag:
  - {id: one, namespace: a, command: first}
  - {id: two, namespace: a, command: second, dependencies: [one]}
"""


@pytest.fixture
def applied(mason, folder):
    (folder / "a.yaml").write_text("---\n".join([OPERATOR.format("first"), OPERATOR.format("second"), WORKFLOW]))
    assert mason("apply", "-y").code == 0


def test_a_workflow(mason, applied):
    assert mason("graph", "workflow", "a", "all").out == "o  one  a:first\nv\no  two  a:second\n"
    mermaid = mason("graph", "workflow", "a", "all", "--format", "mermaid").out.splitlines()
    assert (mermaid[0], mermaid[-1]) == ("flowchart TD", "    n0 --> n1")
    dot = mason("graph", "workflow", "a", "all", "--format", "dot").out.splitlines()
    assert (dot[0], dot[-2:]) == ('digraph "a:all" {', ['    "one" -> "two";', "}"])


def test_everything(mason, applied):
    assert mason("graph", "--format", "dot").out.splitlines()[3:] == [
        '    "operator.a.first" [label="operator.a.first"];',
        '    "operator.a.second" [label="operator.a.second"];',
        '    "workflow.a.all" [label="workflow.a.all"];',
        '    "operator.a.first" -> "workflow.a.all";',
        '    "operator.a.second" -> "workflow.a.all";',
        "}",
    ]


def test_what_is_not_there(mason, folder, applied):
    assert mason("graph", "workflow", "a", "al").err == (
        "Error: There is no workflow a:al in the state. Did you mean a:all?\n"
    )
    assert mason("graph", "workflow", "a").code == 1


def test_nothing(mason, folder):
    assert mason("graph").out == "There is nothing in the state to draw. Apply something first: mason apply\n"
