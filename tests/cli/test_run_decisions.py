"""Which runs are done: what others returned meanwhile, what they wait for, what the state holds of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.notes import actions

CONFIG = "type: config\nid: '{}'\n" + "".join(
    f"{role}_engine: local\n" for role in ("metastore", "storage", "execution", "scheduler")
)
SAY = "type: operator\nnamespace: note\ncommand: say\nparameters:\n  required: [text]\n"
SAY_CLASS = """\
import os

import mason


class NoteSay(mason.Operator):
    def run(self, ctx: mason.Context) -> dict[str, str]:
        with open("log.txt", "a") as opened:
            opened.write(ctx.params["text"] + "\\n")
        if ctx.params["text"] == "fail":
            raise ValueError("asked to fail")
        return {"said": os.environ["CANARY"] if ctx.params["text"] == "secret" else ctx.params["text"]}
"""
WORKFLOW = """\
type: workflow
namespace: note
command: both
dag:
  - {id: first, namespace: note, command: say}
  - {id: second, namespace: note, command: say, dependencies: [first], trigger_rule: one_failed}
"""
RUN = 'type: run\nname: {}\noperator: note:say\nconfig_id: 1\nparameters: {{text: "{}"}}\n'
A = RUN.format("a", "one")
B = RUN.format("b", "<{{runs.a.said}}>")


@pytest.fixture
def applied(mason, folder):
    """A project whose definitions are applied; gives the function that writes files of runs and applies them."""
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")
    (folder / "config.yaml").write_text(CONFIG.format(1))
    (folder / "say").mkdir()
    (folder / "say" / "operator.yaml").write_text(SAY)
    (folder / "say" / "__init__.py").write_text(SAY_CLASS)
    (folder / "workflow.yaml").write_text(WORKFLOW)
    assert mason("apply", "-y").code == 0

    def apply(*options: str, **files: str):
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text)
        return mason("apply", "-y", *options)

    return apply


def log(folder: Path) -> list[str]:
    return (folder / "log.txt").read_text().splitlines()


def edit(folder: Path, address: str, **outcome: object) -> None:
    """What somebody does to the outcome of a resource with an editor."""
    file = folder / ".state" / "state.json"
    state = json.loads(file.read_text())
    state["resources"][address]["outcome"] |= outcome
    file.write_text(json.dumps(state))


def test_what_a_run_returned_in_an_earlier_apply_than_that_of_the_run_it_is_for(mason, folder, applied):
    applied(a=A, b=B)
    assert applied("--target", "run.a", a=A.replace("one", "two")).code == 0
    assert log(folder) == ["one", "<one>", "two"]
    assert actions(mason) == [("run", "run.b", "what run.a returned changed")]
    assert applied().code == 0
    assert (log(folder)[3:], mason("plan").out) == (["<two>"], "No changes.\n")


def test_a_run_that_failed_since_returned_nothing_else_to_others(mason, folder, applied):
    applied(a=A, b=B)
    assert applied("--target", "run.a", a=A.replace("one", "fail")).code == 1
    assert mason("plan", "b.yaml").out == "No changes.\n"
    assert actions(mason)[1] == ("run", "run.b", "run.a before it may change what it is given")
    assert applied(a=A).code == 0
    assert log(folder) == ["one", "<one>", "fail", "one"]


def test_a_reference_to_a_step_that_was_skipped_does_not_do_the_other_run_again_and_again(mason, folder, applied):
    both = "type: run\nname: both\nworkflow: note:both\nconfig_id: 1\nparameters:\n" + "".join(
        f"  {step}: {{parameters: {{text: {step}}}}}\n" for step in ("first", "second")
    )
    failed = applied(both=both, b=B.replace("runs.a.said", "runs.both.second.said"))
    assert failed.err.splitlines()[-2].endswith(
        "Step step_1 needs {{runs.both.second.said}}, but runs.both.second was skipped"
    )
    assert [address for _, address, _ in actions(mason)] == ["run.b"]
    assert log(folder) == ["first"]


def test_a_run_whose_predecessor_did_not_succeed_and_is_not_in_the_plan(mason, folder, applied):
    assert applied(a=A.replace("one", "fail")).code == 1
    (folder / "b.yaml").write_text(RUN.format("b", "after") + "depends_on: [a]\n")
    told = mason("apply", "-y", "b.yaml")
    warning = "Warning: run.b: run.a did not succeed, and it is not in this plan. Plan both together."
    assert warning in told.out.splitlines()
    assert (told.code, told.err) == (
        1,
        "Error: Run b failed: run.a did not succeed. It was not begun: plan and apply them together.\n",
    )
    assert log(folder) == ["fail"]
    assert applied(a=A).code == 0
    assert log(folder) == ["fail", "one", "after"]


def test_a_run_that_needs_a_result_that_nobody_kept_of_a_run_that_is_not_in_the_plan(mason, folder, applied):
    applied(a=A)
    (folder / "b.yaml").write_text(B)
    assert mason("plan", "b.yaml").out.splitlines()[-3] == (
        "Warning: run.b: what run.a returned was not kept, and it is not in this plan. Plan both together."
    )
    assert mason("apply", "-y", "b.yaml").err == (
        "Error: Run b failed: what run.a returned was not kept. It was not begun: plan and apply them together.\n"
    )
    assert mason("apply", "-y", "a.yaml", "b.yaml").code == 0
    assert log(folder) == ["one", "one", "<one>"]


def test_a_conditional_run_that_has_another_name_and_is_not_needed(mason, folder, applied):
    applied(a=A, b=B)
    moved = "---\ntype: moved\nfrom: run.b\nto: run.c\n"
    # Another definition of what comes before, that returns the same.
    done = applied(a=A + "inputs: [a.yaml]\n", b=B.replace("name: b", "name: c") + moved)
    assert done.code == 0
    assert log(folder) == ["one", "<one>", "one"]
    state = json.loads((folder / ".state" / "state.json").read_text())["resources"]
    assert ("run.b" in state, state["run.c"]["definition"]["name"]) == (False, "c")
    assert mason("plan").out == "No changes.\n"


def test_a_conditional_run_that_is_not_needed_has_its_new_description(mason, folder, applied):
    applied(a=A, b=B)
    assert applied(a=A + "inputs: [a.yaml]\n", b=B + "description: Then\n").code == 0
    assert (log(folder), mason("plan").out) == (["one", "<one>", "one"], "No changes.\n")


def test_a_result_that_holds_a_secret_is_given_to_no_other_run(mason, folder, applied, monkeypatch):
    monkeypatch.setenv("CANARY", "s3cr3t-value")
    clients = "clients: {memory: {configuration: {token: '{{CANARY}}'}}}\n"
    failed = applied("-o", config=CONFIG.format(1) + clients, a=A.replace("one", "secret"), b=B)
    assert log(folder) == ["secret"]
    assert failed.err.splitlines()[-1] == (
        "Error: Run b failed: Step step_1: it needs {{runs.a.said}}, "
        "but it holds a secret, which the state does not keep"
    )
    assert "s3cr3t" not in (folder / ".state" / "state.json").read_text()


def test_a_schedule_that_refers_to_what_a_run_returned(mason, folder, applied):
    nightly = (
        "type: schedule\nname: nightly\nworkflow: note:both\nconfig_id: 1\nschedule: 0 2 * * *\nparameters:\n"
        '  first: {parameters: {text: "<{{runs.a.said}}>"}}\n  second: {parameters: {text: x}}\n'
    )
    assert applied(a=A, nightly=nightly).code == 0
    assert mason("scheduler", "trigger", "nightly", "-y").code == 0
    assert log(folder) == ["one", "<one>"]
    assert mason("plan").out == "No changes.\n"


@pytest.mark.parametrize(
    ("edited", "reason"),
    [
        ({"uses": []}, "nobody knows what it used last time"),
        ({"uses": {"config.1": ["x"]}}, "nobody knows what it used last time"),
        ({"status": ["succeeded"]}, "it was never done"),
        ({"status": "done"}, "it was never done"),
        ({"results": 7}, "run.b refers to what it returned, which was not kept"),
        ({"results": {"step_1": 7}}, "run.b refers to what it returned, which was not kept"),
        ({"results": {"step_1": {"said": "x"}}}, "run.b refers to what it returned, which was not kept"),
    ],
)
def test_outcomes_that_somebody_edited(mason, folder, applied, edited, reason):
    applied(a=A, b=B)
    edit(folder, "run.a", **edited)
    assert ("run", "run.a", reason) in actions(mason)
    assert applied().code == 0
    assert mason("plan").out == "No changes.\n"


@pytest.mark.parametrize("given", [[], {"{{runs.a.said}}": 5}, {"x": "y"}])
def test_what_was_given_that_somebody_edited(mason, folder, applied, given):
    applied(a=A, b=B)
    edit(folder, "run.b", given=given)
    assert mason("plan").code == 0
    assert applied().code == 0
    assert mason("plan").out == "No changes.\n"


def test_tables_that_somebody_edited_are_no_drift(mason, folder, applied):
    applied(a=A)
    table = {"config_id": "1", "client": "local"}
    for tables in ("x", [1], [table | {"table": "x"}], [table | {"table": {"columns": 5}}]):
        edit(folder, "run.a", tables=tables)
        assert (mason("drift").code, mason("drift").out) == (0, "No drift.\n")


def test_an_operator_that_was_edited_in_the_state_and_is_not_among_the_files(mason, folder, applied):
    applied(a=A)
    file = folder / ".state" / "state.json"
    state = json.loads(file.read_text())
    state["resources"]["operator.note.say"]["definition"] = {"type": "operator", "parameters": 5}
    file.write_text(json.dumps(state))
    (folder / "a.yaml").write_text(A.replace("one", "two"))
    told = mason("plan", "a.yaml")
    assert (told.code, told.err.splitlines()[0]) == (
        1,
        "Error: a.yaml:4: Run a: operator.note.say was edited in the state: it is not what was applied "
        "(plan the files that define it, too)",
    )
    assert mason("apply", "-y", "-o").code == 0
    assert log(folder) == ["one", "two"]


def test_a_run_whose_journal_cannot_be_written_is_not_told_to_be_looked_at(mason, folder, applied):
    journals = Path(os.environ["MASON_HOME"]) / "journals"
    journals.write_text("")
    failed = applied(a=A)
    assert (failed.code, failed.err.splitlines()[0].startswith("Error: Run a failed: ")) == (1, True)
    assert "mason runs" not in failed.err
    assert actions(mason) == [("run", "run.a", "it failed last time")]
    journals.unlink()
    assert applied().code == 0
    assert log(folder) == ["one"]


def test_a_run_that_was_edited_in_the_state_and_that_another_refers_to(mason, folder, applied):
    applied(a=A, b=B)
    file = folder / ".state" / "state.json"
    state = json.loads(file.read_text())
    state["resources"]["run.a"]["definition"] = {}
    file.write_text(json.dumps(state))
    (folder / "b.yaml").write_text(B.replace("<", "["))
    assert mason("plan", "b.yaml").err.splitlines()[0] == (
        "Error: b.yaml:5: Run b: run.a was edited in the state: it is not what was applied "
        "(plan the files that define it, too)"
    )
    assert applied().code == 0
    assert (log(folder), mason("plan").out) == (["one", "<one>", "one", "[one>"], "No changes.\n")


def test_a_mapping_among_the_parameters_of_an_operator_names_no_config(mason, folder, applied):
    (folder / "say" / "operator.yaml").write_text(SAY + "  optional: [{name: to, type: object}]\n")
    both = (
        "type: run\nname: both\nworkflow: note:both\nconfig_id: 1\nparameters:\n"
        "  first: {parameters: {text: x, to: {config_id: prod}}}\n  second: {parameters: {text: y}}\n"
    )
    assert applied("-o", both=both).code == 0
    assert log(folder) == ["x"]


def whole_digests(folder: Path) -> None:
    """Puts the digests of whole definitions where effects are, as earlier versions kept them."""
    file = folder / ".state" / "state.json"
    state = json.loads(file.read_text())
    resources = state["resources"]
    for entry in resources.values():
        if "outcome" in entry:
            entry["outcome"]["uses"] = {used: resources[used]["digest"] for used in entry["outcome"]["uses"]}
    file.write_text(json.dumps(state))


@pytest.mark.parametrize("is_old", [False, True], ids=["effects", "whole digests"])
def test_an_edited_description_does_no_run_again(mason, folder, applied, is_old):
    applied(a=A)
    if is_old:
        whole_digests(folder)
        assert mason("plan").out == "No changes.\n"
    (folder / "say" / "operator.yaml").write_text(
        SAY.replace("text", "{name: text, description: What}") + "description: x\n"
    )
    (folder / "config.yaml").write_text(CONFIG.format(1) + "protect: true\n")
    assert actions(mason) == [
        ("overwrite", "config.1", "its definition changed"),
        ("overwrite", "operator.note.say", "its definition changed"),
    ]
    # Where the run is not among the files that are applied, too.
    assert applied("-o", "say", "config.yaml").code == 0
    assert (log(folder), mason("plan").out) == (["one"], "No changes.\n")
    (folder / "say" / "operator.yaml").write_text(SAY.replace("text", "{name: text, type: string}"))
    assert actions(mason)[-1] == ("run", "run.a", "operator.note.say changed")
    assert applied("-o").code == 0
    assert (log(folder), mason("plan").out) == (["one", "one"], "No changes.\n")


@pytest.mark.parametrize("is_old", [False, True], ids=["effects", "whole digests"])
def test_an_edited_comment_in_python_does_a_run_again(mason, folder, applied, is_old):
    applied(a=A)
    if is_old:
        whole_digests(folder)
    (folder / "say" / "__init__.py").write_text(SAY_CLASS + "# the end\n")
    assert actions(mason)[-1] == ("run", "run.a", "operator.note.say changed")


def test_what_does_the_same_again_after_it_did_something_else(mason, folder, applied):
    applied(a=A)
    edited = SAY.replace("required", "optional")
    (folder / "say" / "operator.yaml").write_text(edited)
    assert applied("-o", "say").code == 0
    assert actions(mason) == [("run", "run.a", "operator.note.say changed")]
    (folder / "say" / "operator.yaml").write_text(SAY + "description: x\n")
    assert applied("-o", "say").code == 0
    assert (log(folder), mason("plan").out) == (["one"], "No changes.\n")


def test_an_edited_description_puts_no_schedule_again(mason, folder, applied):
    nightly = (
        "type: schedule\nname: nightly\nworkflow: note:both\nconfig_id: 1\nschedule: 0 2 * * *\nparameters:\n"
        "  first: {parameters: {text: x}}\n  second: {parameters: {text: x}}\n"
    )
    assert applied(nightly=nightly).code == 0
    (folder / "workflow.yaml").write_text(WORKFLOW + "description: Two notes\nname: other\n")
    (folder / "nightly.yaml").write_text(nightly + "description: At night\n")
    shown = mason("plan", "--json").json["actions"]
    assert [(each["action"], each["address"], each["reason"], each["calls"]) for each in shown] == [
        (
            "overwrite",
            "schedule.nightly",
            "its definition changed, but nothing that its scheduler is given",
            [],
        ),
        ("overwrite", "workflow.note.both", "its definition changed", []),
    ] or [each["address"] for each in shown] == ["workflow.note.both", "schedule.nightly"]
    assert applied("-o").code == 0
    assert mason("plan").out == "No changes.\n"
    (folder / "workflow.yaml").write_text(WORKFLOW.replace("one_failed", "all_done"))
    assert actions(mason)[-1] == ("overwrite", "schedule.nightly", "workflow.note.both changed")
    (folder / "workflow.yaml").write_text(WORKFLOW + "supported_schedulers: [memory]\n")
    assert mason("plan").err.startswith("Error: nightly.yaml:4: Schedule nightly: Workflow note:both supports the")
