"""The command of each step of a DAG, as schedulers are given it: done one after the other, each in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mason.engines.models import Dag, DagStep
from tests.cli.test_schedule_resources import config

OPERATORS = """\
type: operator
namespace: note
command: write
parameters:
  required: [path]
  optional: [{name: content, type: any, default: hello}]
do:
  - storage.write: {path: "{{path}}", content: "{{content}}", overwrite: true}
---
type: operator
namespace: note
command: read
parameters:
  required: [path]
do:
  - storage.list_paths: {path: "{{path}}"}
---
type: operator
namespace: table
command: count
parameters:
  required: [sql]
do:
  - execution.query: {sql: "{{sql}}"}
"""
WORKFLOW = """\
type: workflow
namespace: note
command: {command}
dag: [{steps}]
"""
SCHEDULE = """\
type: schedule
name: nightly
workflow: note:flow
config_id: 1
schedule: "0 12 * * *"
parameters:
{parameters}
"""


def put(mason, folder: Path, workflows: str, parameters: str) -> Dag:
    """The DAG that the scheduler has after these were applied."""
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")
    (folder / "all.yaml").write_text(
        "---\n".join((config(), OPERATORS, workflows, SCHEDULE.format(parameters=parameters)))
    )
    done = mason("apply", "-y")
    assert done.code == 0, done.err
    return Dag.from_dict(json.loads((folder / "wh" / "schedules" / "nightly.json").read_text())["dag"])


def done(step: DagStep, results: dict[str, Any]) -> dict[str, Any]:
    """What the command of a step answers."""
    assert step.command[0] == "mason"
    # The command of the environment that the tests are in.
    command = [sys.executable, "-m", *step.command]
    handed = json.dumps({each: results[each] for each in step.results_of})
    ended = subprocess.run(command, input=handed, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def test_commands_without_references_are_exact(mason, folder):
    hostile = 'it\'s, "quoted": $HOME `id`\n{not.a.reference} \u00e9'
    parameters = "  one: {parameters: {path: 'a b.txt', content: " + json.dumps(hostile) + "}}\n"
    parameters += "  two: {parameters: {path: 'a b.txt'}}"
    steps = "{id: one, namespace: note, command: write}, {id: two, namespace: note, command: read, dependencies: [one]}"
    dag = put(mason, folder, WORKFLOW.format(command="flow", steps=steps), parameters)
    answers = [done(step, {}) for step in dag.steps]
    assert (folder / "a b.txt").read_text() == hostile
    assert [found["path"] for found in answers[1]["Data"]] == ["a b.txt"]


def test_a_command_that_refers_to_earlier_steps_is_handed_what_these_printed(mason, folder):
    inner = WORKFLOW.format(command="inner", steps="{id: made, namespace: note, command: write}")
    steps = (
        "{id: part, type: workflow, namespace: note, command: inner}, "
        "{id: count, namespace: table, command: count, dependencies: [part]}, "
        "{id: last, namespace: note, command: write, dependencies: [count]}"
    )
    parameters = (
        "  part: {parameters: {made: {parameters: {path: a.txt}}}}\n"
        "  count: {parameters: {sql: \"SELECT '{{steps.part.made.path}}' AS path, 5 AS n\"}}\n"
        '  last: {parameters: {path: "{{steps.count.path}}.copy", content: "{{steps.part.made.path}}!"}}'
    )
    dag = put(mason, folder, inner + "---\n" + WORKFLOW.format(command="flow", steps=steps), parameters)
    assert [(step.id, step.group, step.results_of) for step in dag.steps] == [
        ("part.made", "part", ()),
        ("count", "", ("part.made",)),
        ("last", "", ("part.made", "count")),
    ]
    assert dag.groups == {"part": "note:inner"}
    answers: dict[str, Any] = {}
    for step in dag.steps:
        answers[step.id] = done(step, answers)
    assert (folder / "a.txt.copy").read_text() == "a.txt!"


def test_results_that_cannot_be_read_or_lack_a_step(mason, folder):
    steps = "{id: one, namespace: note, command: write}"
    put(mason, folder, WORKFLOW.format(command="flow", steps=steps), "  one: {parameters: {path: a.txt}}")
    run = ("run", "operator", "note", "read", "-c", "1", "-p", '{"path": "{{steps.one.path}}"}')
    assert mason(*run).err.splitlines()[-1] == (
        "Error: Parameter path: it needs {{steps.one.path}}, but nothing was handed over of earlier steps "
        "(pass --results FILE)"
    )
    assert mason(*run, "--results", "-", answer='{"two": {"Data": []}}').err.splitlines()[-1] == (
        "Error: Parameter path: it needs {{steps.one.path}}, but nothing was handed over of one (what was handed over "
        "is of: two)"
    )
    assert mason(*run, "--results", "-", answer="[").err.startswith("Error: The results of earlier steps: Expecting")
    assert mason(*run, "--results", "no.json").err == (
        "Error: no.json: The results of earlier steps: no such file or directory\n"
    )
    (folder / "results.json").write_text('{"one": {"Data": [{"path": "a.txt"}]}}')
    (folder / "a.txt").write_text("x")
    assert mason(*run, "--results", "results.json", "--json").json["Data"][0]["path"] == "a.txt"
