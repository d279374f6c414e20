"""Going on with other parameters: what lies over what, and what stays as it was because it is done."""

from __future__ import annotations

import pytest

from mason import secrets
from mason.project.opening import open_project
from tests.cli.test_workflows import notes, runs, step, steps_of, workflow

__all__ = ["notes"]

INNER = workflow(step("x", "write"), step("y", "read", "x"), command="inner")


def failed(mason, *pairs: str) -> dict:
    """The record of a run of ``note all`` that failed."""
    assert mason("run", "workflow", "note", "all", *(each for pair in pairs for each in ("-p", pair)), "-y").code == 1
    return runs(mason)[0]


def test_what_is_given_lies_over_what_the_run_had(mason, folder, notes):
    notes(step("a", "write"), step("b", "read", "a"), step("c", "write", "b"))
    failed(mason, "a.path:a.txt,a.text:A,b.path:nope,c.path:c.txt,c.text:C")
    resumed = mason("runs", "resume", "last", "-p", "b.path:a.txt", "-y")
    assert (resumed.code, "Warning" in resumed.err) == (0, False), resumed.err
    (record,) = runs(mason)
    assert record["parameters"] == {
        "a": {"path": "a.txt", "text": "A"},
        "b": {"path": "a.txt"},
        "c": {"path": "c.txt", "text": "C"},
    }
    assert (folder / "c.txt").read_text() == "C"


def test_a_file_lies_over_pairs_that_were_given_before(mason, folder, notes):
    notes(step("a", "read"), step("b", "write", "a"))
    failed(mason, "a.path:nope,b.path:b.txt,b.text:B")
    (folder / "a.txt").write_text("A")
    (folder / "other.yaml").write_text("a: {parameters: {path: nope}}\nb: {parameters: {text: other}}\n")
    assert mason("runs", "resume", "last", "-f", "other.yaml", "-y").code == 1
    # What was given the last time counts, and what was given the time before that where nothing was given since.
    assert mason("runs", "resume", "last", "-y").code == 1
    assert mason("runs", "resume", "last", "-p", "a.path:a.txt", "-y").code == 0
    assert (folder / "b.txt").read_text() == "other"


def test_parameters_of_workflows_within_lie_over_one_another(mason, folder, notes):
    inner = "id: a, type: workflow, namespace: note, command: inner"
    notes(inner, step("b", "write", "a"), inner=INNER)
    failed(mason, "a.x.path:x.txt,a.x.text:X,a.y.path:nope,b.path:b.txt,b.text:B")
    (folder / "other.yaml").write_text("a: {parameters: {y: {parameters: {path: x.txt}}}}\n")
    assert mason("runs", "resume", "last", "-f", "other.yaml", "-y").code == 0
    assert (folder / "b.txt").read_text() == "B"


def test_faults_of_what_is_given_stand_where_they_are(mason, folder, notes):
    notes(step("a", "read"))
    failed(mason, "a.path:nope")
    (folder / "other.yaml").write_text("a:\n  parameters:\n    pth: x\nb: {}\n")
    assert mason("runs", "resume", "last", "-f", "other.yaml", "-y").err.splitlines()[-3:] == [
        "Error: other.yaml:3: Step a: Unknown parameter: pth (did you mean path?)",
        "Error: other.yaml:4: Unknown step: b (the steps are a)",
        "2 errors.",
    ]


def test_what_an_operator_does_not_take_any_more_is_left_out(mason, folder, notes):
    notes(step("a", "write"))
    (folder / "no").write_text("a file")
    record = failed(mason, "a.path:no/a.txt,a.text:A")
    changed = (folder / "write.yaml").read_text().replace("[path, text]", "[path]").replace("{{text}}", "new")
    notes(step("a", "write"), write=changed)
    (folder / "no").unlink()
    resumed = mason("runs", "resume", record["run_id"], "-y")
    assert (resumed.code, (folder / "no" / "a.txt").read_text()) == (0, "new")
    assert "Warning: Step a: operator note:write does not take text any more, so it is left out\n" in resumed.err


def test_a_secret_is_given_again_only_for_steps_that_are_not_done(mason, folder, notes):
    secrets.remember("s3cr3t-value")
    notes(step("a", "write"), step("b", "read", "a"))
    record = failed(mason, "a.path:a.txt,a.text:s3cr3t-value,b.path:s3cr3t-value")
    assert record["parameters"]["a"] == {"path": "a.txt", "text": "REDACTED"}
    assert mason("runs", "resume", "last", "-y").err == (
        f"Error: Run {record['run_id']} had a secret among its parameters, which is kept nowhere. "
        "Give it again, with -f or -p: b.path.\n"
    )
    resumed = mason("runs", "resume", "last", "-p", "b.path:a.txt", "-p", "a.text:s3cr3t-value", "-y")
    assert (resumed.code, "Warning" in resumed.err) == (0, False), resumed.err
    (record,) = runs(mason)
    assert record["parameters"] == {"a": {"path": "a.txt", "text": "REDACTED"}, "b": {"path": "a.txt"}}


@pytest.mark.parametrize("given", ["a.text:other", 'a.text:"{{steps.b.x}}"', "a.txt:new"])
def test_a_step_that_is_done_keeps_its_parameters(mason, folder, notes, given):
    notes(step("a", "write"), step("b", "read", "a"))
    failed(mason, "a.path:a.txt,a.text:A,b.path:nope")
    resumed = mason("runs", "resume", "last", "-p", given, "-p", "b.path:a.txt", "-y")
    assert resumed.code == 0, resumed.err
    assert [line for line in resumed.err.splitlines() if "Warning" in line] == [
        "Warning: Step a is done: it keeps the parameters that it ran with"
    ]
    (record,) = runs(mason)
    assert record["parameters"]["a"] == {"path": "a.txt", "text": "A"}


def test_the_same_reference_is_no_other_parameter(mason, folder, notes):
    notes(step("a", "wait"), step("b", "write", "a"), step("c", "read", "b"))
    text = 'b.text:"<<steps.a.waited>>"'
    failed(mason, "a.seconds:0,b.path:b.txt,c.path:nope", text)
    resumed = mason("runs", "resume", "last", "-p", text, "-p", "c.path:b.txt", "-p", "a.seconds:0", "-y")
    assert (resumed.code, "keeps" in resumed.err) == (0, False), resumed.err


def test_a_step_that_is_done_needs_nothing_that_its_operator_wants_by_now(mason, folder, notes):
    notes(step("a", "write"), step("b", "read", "a"))
    record = failed(mason, "a.path:a.txt,a.text:A,b.path:nope")
    changed = (
        (folder / "write.yaml").read_text().replace("[path, text]", "[path, words]").replace("{{text}}", "{{words}}")
    )
    notes(step("a", "write"), step("b", "read", "a"), write=changed)
    resumed = mason("runs", "resume", record["run_id"], "-p", "b.path:a.txt", "-y")
    assert resumed.code == 0, resumed.err
    (record,) = runs(mason)
    assert (steps_of(record), record["parameters"]["a"]) == (
        {"a": "succeeded", "b": "succeeded"},
        {"path": "a.txt", "text": "A"},
    )


def digest_of(address: str) -> str:
    return open_project().store.read().resources[address].digest


def changed(folder) -> str:
    return (folder / "write.yaml").read_text().replace("{{text}}", "new {{text}}")


def test_the_record_says_by_what_a_step_was_done(mason, folder, notes):
    steps = (step("a", "write"), step("b", "read", "a"))
    notes(*steps)
    failed(mason, "a.path:a.txt,a.text:A,b.path:nope")
    before = digest_of("operator.note.write")
    notes(*steps, write=changed(folder))
    assert mason("runs", "resume", "last", "-p", "b.path:a.txt", "-y").code == 0
    (record,) = runs(mason)
    assert record["digests"]["operator.note.write"] == before != digest_of("operator.note.write")
    assert ["digests" in each for each in record["steps"]] == [False, False]


def test_steps_that_were_done_by_another_definition_than_later_ones_say_so(mason, folder, notes):
    steps = (step("a", "write"), step("b", "read", "a"), step("c", "write", "b"), step("d", "read", "c"))
    notes(*steps)
    failed(mason, "a.path:a.txt,a.text:A,b.path:nope,c.path:c.txt,c.text:C,d.path:nope")
    before = digest_of("operator.note.write")
    notes(*steps, write=changed(folder))
    for more in ("b.path:a.txt", "d.path:c.txt"):
        mason("runs", "resume", "last", "-p", more, "-y")
        record = mason("runs", "show", "last", "--json").json
        assert record["digests"]["operator.note.write"] == digest_of("operator.note.write")
        own = {each["step"]: each["digests"] for each in record["steps"] if "digests" in each}
        assert own == {"a": {"operator.note.write": before}}
    # As long as nobody said how it ended.
    store = open_project().store
    store.put_run(record["run_id"], {**store.get_run(record["run_id"]), "status": "running"})
    told = mason("runs", "show", "last", "--json").json
    assert told["steps"] == record["steps"]


def test_a_record_without_its_parameters_is_resumed(mason, folder, notes):
    notes(step("a", "write"), step("b", "read", "a"))
    record = failed(mason, "a.path:a.txt,a.text:A,b.path:nope")
    open_project().store.put_run(record["run_id"], {"status": "failed", "parameters": 7})
    assert mason("runs", "resume", record["run_id"], "-p", "b.path:a.txt", "-y").code == 0
