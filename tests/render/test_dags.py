"""Pictures of DAGs, and the dry run of a workflow in words and as JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.clients import registry
from mason.dryrun.planned import PlannedWorkflow
from mason.dryrun.prepare import prepare
from mason.render.dags import Node, ascii_dag, dot_dag, mermaid_dag, nodes_of, workflow_json, workflow_text
from mason.render.terminal import Terminal
from mason.resources.workflow import Workflow
from mason.resources.workflow_file import given_for_workflow
from tests.planner.conftest import snapshot


def nodes(**steps):
    return [Node(name, f"table:{name}", tuple(after.split())) for name, after in steps.items()]


PICTURES = {
    "chain": (
        nodes(a="", bb="a", c="bb"),
        "o  a   table:a\nv\no  bb  table:bb\nv\no  c   table:c",
    ),
    "fan": (
        nodes(a="", b="a", c="a", d="a"),
        "o     a  table:a\n+->o  b  table:b\n+->o  c  table:c\n+->o  d  table:d",
    ),
    "roots": (
        nodes(a="", b="", c="", d="a b c", e=""),
        "o        a  table:a\n"
        "|  o     b  table:b\n"
        "|  |  o  c  table:c\n"
        "v  |  |\n"
        "o<-+--+  d  table:d\n"
        "o        e  table:e",
    ),
    "diamond": (
        nodes(a="", b="a", c="a", d="b c"),
        "o        a  table:a\n+->o     b  table:b\n+--|->o  c  table:c\n   v  |\n   o<-+  d  table:d",
    ),
    "crossings": (
        nodes(a="", b="", c="a b", d="a b", e="c d", f="a e"),
        "o           a  table:a\n"
        "|  o        b  table:b\n"
        "+--+->o     c  table:c\n"
        "+--+--|->o  d  table:d\n"
        "|     v  |\n"
        "|     o<-+  e  table:e\n"
        "|     v\n"
        "+---->o     f  table:f",
    ),
    "nothing": ([], ""),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name):
    drawn, expected = PICTURES[name]
    assert ascii_dag(drawn, Terminal()) == expected


def test_narrow_terminals_get_a_list():
    drawn, picture = PICTURES["diamond"]
    assert ascii_dag(drawn, Terminal(width=19)) == picture
    assert ascii_dag(drawn, Terminal(width=18)) == (
        "a  table:a\n  b  table:b  (after a)\n  c  table:c  (after a)\n    d  table:d  (after b, c)"
    )


def test_many_steps_are_listed():
    chain = [Node("s0"), *(Node(f"s{n}", "", (f"s{n - 1}",)) for n in range(1, 5000))]
    lines = ascii_dag(chain, Terminal()).splitlines()
    assert lines[:2] == ["s0", "  s1  (after s0)"]
    assert lines[-1] == " " * 20 + "s4999  (after s4998)"
    collected = [Node(f"s{n}") for n in range(5000)]
    drawn = [*collected, Node("last", "", tuple(node.id for node in collected))]
    assert ascii_dag(drawn, Terminal()).splitlines()[-1] == (
        "  last  (after s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11 and 4988 more)"
    )


STRANGE = [Node('a"b\\', "x<y>`\n&#"), Node("end", "", ('a"b\\',))]


def test_mermaid():
    assert mermaid_dag(PICTURES["fan"][0][:2]) == (
        'flowchart TD\n    n0["a<br/>table:a"]\n    n1["b<br/>table:b"]\n    n0 --> n1'
    )
    assert mermaid_dag(STRANGE) == (
        'flowchart TD\n    n0["a#34;b#92;<br/>x#60;y#62;#96;#10;#38;#35;"]\n    n1["end"]\n    n0 --> n1'
    )


def test_dot():
    assert dot_dag(STRANGE, name="w:main") == (
        'digraph "w:main" {\n'
        "    rankdir=LR;\n"
        "    node [shape=box];\n"
        '    "a\\"b\\\\" [label="a\\"b\\\\\\nx<y>`\\n&#"];\n'
        '    "end" [label="end"];\n'
        '    "a\\"b\\\\" -> "end";\n'
        "}"
    )


def workflow():
    steps = [
        {"id": "step_2", "type": "operator", "namespace": "job", "command": "get", "dependencies": ["step_1"]}
        | {"retry": "exponential(5)", "retry_max": 4, "timeout": 60, "trigger_rule": "all_done"},
        {"id": "step_1", "type": "operator", "namespace": "db", "command": "make"},
        {"id": "step_3", "type": "operator", "namespace": "job", "command": "get"},
    ]
    return {"type": "workflow", "namespace": "w", "command": "main", "dag": steps}


def plan():
    make = {"type": "operator", "namespace": "db", "command": "make"}
    get = {"type": "operator", "namespace": "job", "command": "get", "parameters": {"required": [{"name": "job_id"}]}}
    config = {"type": "config", "id": "1", "metastore_clients": ["memory"], "execution_clients": ["memory"]}
    state = snapshot(
        make | {"do": [{"metastore.create_database": {"database": "x"}}]},
        get | {"do": [{"execution.get_job": {"job_id": "{{job_id}}"}}]},
        config,
        workflow(),
    )
    given = {"strict": False, "step_2": {"parameters": {"job_id": "{{steps.step_1.job_id}}"}}}
    return prepare(
        "workflow.w.main",
        given_for_workflow(given),
        lookup=state.resources.get,
        read_source={}.__getitem__,
        catalog=registry,
        config_id="1",
    )


def test_the_dry_run_of_a_workflow():
    assert workflow_text(plan(), Terminal()) == (
        "Workflow w:main with config 1 would:\n"
        "\n"
        "  o  step_1  db:make\n"
        "  v\n"
        "  o  step_2  job:get\n"
        "\n"
        "step_1: Operator db:make with config 1\n"
        "  1. for memory as metastore do create_database(database='x')  [changes things]\n"
        "\n"
        "step_2: Operator job:get with config 1, after step_1 (all_done), retry exponential(5) up to 4 times,"
        " timeout 60 s\n"
        "  1. for memory as execution do get_job(job_id='{{steps.step_1.job_id}}')  [read-only]\n"
        "\n"
        "Warning: Step step_3 is left out: Required parameter not specified: job_id"
    )


def test_the_dry_run_says_which_classes_decide():
    source = b'{"__init__.py":""}'
    decided = PlannedWorkflow("workflow.w.main", "sha256:1", source)
    inner = PlannedWorkflow("workflow.w.inner-one", "sha256:2", source, is_promised=True)
    plain = PlannedWorkflow("workflow.w.plain", "sha256:3")
    shown = replace(plan(), workflows={"": decided, "step_2": inner, "step_3": plain, "step_3.again": inner})
    assert workflow_text(shown, Terminal()).split("\n\n")[2] == (
        "Steps are decided by class WMain (its step is asked before each step), "
        "which can do anything on this machine.\n"
        "Steps of step_2, step_3.again are decided by class WInnerOne (its step is asked before each step), "
        "which only reads, as its author promises (read_only: true)."
    )
    assert workflow_json(shown)["classes"] == [
        {"within": "", "address": "workflow.w.main", "class": "WMain", "promised_read_only": False},
        {"within": "step_2", "address": "workflow.w.inner-one", "class": "WInnerOne", "promised_read_only": True},
        {"within": "step_3.again", "address": "workflow.w.inner-one", "class": "WInnerOne", "promised_read_only": True},
    ]


def test_the_dry_run_as_json():
    shown = workflow_json(plan())
    steps = shown.pop("steps")
    assert shown == {
        "format_version": "1.0",
        "address": "workflow.w.main",
        "config_id": "1",
        "schedule": "",
        "schedule_name": "",
        "classes": [],
        "left_out": ["step_3"],
        "warnings": ["Step step_3 is left out: Required parameter not specified: job_id"],
        "read_only": False,
    }
    assert steps[1] == {
        "id": "step_2",
        "dependencies": ["step_1"],
        "trigger_rule": "all_done",
        "retry": "exponential(5)",
        "retry_max": 4,
        "timeout": 60,
        "references": [{"text": "{{steps.step_1.job_id}}", "step": "step_1", "path": ["job_id"]}],
        "address": "operator.job.get",
        "config_id": "1",
        "parameters": {"job_id": "{{steps.step_1.job_id}}"},
        "clients": {"metastore": "memory", "execution": "memory"},
        "calls": [
            {
                "client": "memory",
                "engine": "execution",
                "verb": "get_job",
                "arguments": {"job_id": "{{steps.step_1.job_id}}"},
                "read_only": True,
            }
        ],
        "certain": True,
        "python": False,
        "promised_read_only": False,
        "root": "",
        "read_only": True,
    }


def test_a_workflow_as_it_is_written():
    assert ascii_dag(nodes_of(Workflow.from_definition(workflow())), Terminal()) == (
        "o  step_1  db:make\nv\no  step_2  job:get\no  step_3  job:get"
    )
