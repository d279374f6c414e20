"""Jobs that go on elsewhere, as people meet them: shown, waited for, polled, handed on, failed, cancelled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import read_until, rest_of, wait_for

FAKE = 'execution.fake: {schema: {id: BIGINT}, size: 1, output: "{{output}}", overwrite: true}'
OPERATORS = """\
type: operator
namespace: far
command: make
parameters: {required: [output]}
do:
  - FAKE
---
type: operator
namespace: far
command: begin
parameters: {required: [output]}
do:
  - FAKE
    wait: false
---
type: operator
namespace: job
command: get
parameters: {required: [job_id]}
do:
  - any.get_job: {job_id: "{{job_id}}"}
""".replace("FAKE", FAKE)
MAKE = ("run", "operator", "far", "make", "-p", "output:a.csv", "-y")
BEGIN = ("run", "operator", "far", "begin", "-p", "output:a.csv", "-y")


@pytest.fixture
def far(mason, folder: Path):
    """Applies operators whose work is done by a service, and a workflow ``far:all`` of the steps given."""

    def apply(*steps: str, **how: Any) -> None:
        (folder / "mason.yaml").write_text("name: far\n")
        asynchronous = {"folder": "service", "polls": 1, **how}
        config = {
            "type": "config",
            "id": "1",
            "metastore_engine": "memory",
            "execution_engine": "memory",
            "clients": {"memory": {"configuration": {"asynchronous": asynchronous}}},
        }
        (folder / "config.yaml").write_text(json.dumps(config))
        (folder / "operators.yaml").write_text(OPERATORS)
        if steps:
            dag = "".join(f"  - {{{step}}}\n" for step in steps)
            (folder / "all.yaml").write_text(f"type: workflow\nnamespace: far\ncommand: all\ndag:\n{dag}")
        applied = mason("apply", "-y", "-o")
        assert applied.code == 0, applied.err
        assert mason("config", "1", "-s").code == 0

    return apply


def submissions(folder: Path) -> list[dict[str, Any]]:
    kept = [json.loads(each.read_bytes()) for each in (folder / "service").glob("*.json")]
    return sorted(kept, key=lambda each: int(each["number"]))


def job_ids(folder: Path) -> list[str]:
    return [each["job"]["job_id"] for each in submissions(folder)]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mason", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_operator_waits_for_its_job(mason, folder, far):
    far(cost={"bytes_scanned": 1000})
    ran = mason(*MAKE)
    (job_id,) = job_ids(folder)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"job_id: {job_id}\nstatus: succeeded\nengine: execution\nverb: execution.fake\n")
    assert "\ncost:\n  bytes_scanned: 1000\n" in ran.out
    shown = mason("runs", "show", "last")
    assert f"{job_id}  memory  fake  succeeded  bytes_scanned 1,000\n" in shown.out
    (told,) = json.loads(mason("runs", "show", "last", "--json").out)["jobs"]
    assert (told["job_id"], told["cost"]) == (job_id, {"bytes_scanned": 1000})


def test_what_it_would_cost_is_told_before_it_is_confirmed(mason, folder, far):
    far(
        "id: one, namespace: far, command: make", "id: two, namespace: far, command: make", cost={"bytes_scanned": 1000}
    )
    asked = mason(*MAKE[:-1])
    assert "\nEstimated cost of sentence 1 (memory, execution.fake): bytes_scanned 1,000\n" in asked.err
    assert asked.code == 1
    asked = mason("run", "workflow", "far", "all", "-p", "one.output:a.csv", "-p", "two.output:b.csv")
    assert [line for line in asked.err.splitlines() if line.startswith("Estimated")] == [
        f"Estimated cost of {step}, sentence 1 (memory, execution.fake): bytes_scanned 1,000" for step in ("one", "two")
    ]
    assert submissions(folder) == []


def test_a_plan_tells_what_its_runs_would_cost_as_far_as_that_is_known(mason, folder, far):
    step = "id: two, namespace: far, command: make, dependencies: [one]"
    far("id: one, namespace: far, command: make", step, cost={"bytes_scanned": 1000})
    given = {"one": {"output": "a.csv"}, "two": {"output": "{{steps.one.output}}"}}
    run = {
        "type": "run",
        "name": "all",
        "workflow": "far:all",
        "config_id": "1",
        "parameters": {name: {"parameters": each} for name, each in given.items()},
    }
    (folder / "run.yaml").write_text(json.dumps(run))
    planned = mason("plan", "--out", "all.plan")
    first = "Estimated cost of one, sentence 1 (memory, execution.fake): bytes_scanned 1,000\n"
    second = (
        "Estimated cost of two, sentence 1 (memory, execution.fake): not known (it depends on what is done before it)\n"
    )
    for said in (planned, mason("show", "all.plan")):
        assert first in said.out
        assert second in said.out
    (action,) = json.loads(mason("plan", "--json").out)["actions"]
    one = {"step": "one", "sentence": 1, "client": "memory", "call": "execution.fake"}
    assert action["estimates"] == [
        {**one, "cost": {"bytes_scanned": 1000}, "unknown": ""},
        {**one, "step": "two", "cost": {}, "unknown": "it depends on what is done before it"},
    ]
    assert submissions(folder) == []


def test_a_failed_job_fails_the_operator_and_is_shown(mason, folder, far):
    far(fails=1, reason="No such bucket.")
    ran = mason(*MAKE)
    (job_id,) = job_ids(folder)
    why = f"Job {job_id} of client memory failed: No such bucket. Its last line is: It began."
    assert (ran.code, ran.err.splitlines()[-1]) == (1, f"Error: {why}")
    answer = json.loads(ran.out)
    assert answer["Errors"] == [why]
    assert (answer["Data"][0]["status"], answer["Data"][0]["reason"]) == ("failed", "No such bucket.")


def test_a_failed_job_is_no_success_of_job_get_either(mason, folder, far):
    far(fails=1, polls=0)
    assert mason(*BEGIN).code == 1
    (job_id,) = job_ids(folder)
    got = mason("run", "operator", "job", "get", "-p", f"job_id:{job_id}")
    assert (got.code, got.err.splitlines()[-1]) == (
        1,
        f"Error: Job {job_id} of client memory failed: The service gave up. Its last line is: It began.",
    )


def test_not_to_wait_is_shown_and_hands_the_open_job_on(mason, folder, far):
    far()
    begun = mason(*BEGIN)
    assert "overwrite=True)  [changes things, does not wait]\n" in begun.err
    (job_id,) = job_ids(folder)
    assert begun.out.startswith(f"job_id: {job_id}\nstatus: queued\n")
    got = mason("run", "operator", "job", "get", "-p", f"job_id:{job_id}")
    assert f"  1. for memory as any do get_job(job_id='{job_id}')  [read-only]\n" in got.err
    assert (got.code, got.out.splitlines()[1]) == (0, "status: succeeded")


def test_job_get_asks_all_engines(mason, far):
    far()
    got = mason("run", "operator", "job", "get", "-p", "job_id:nowhere")
    assert (got.code, got.err.splitlines()[-1]) == (
        1,
        "Error: There is no job nowhere. Asked were: memory as execution, memory as metastore.",
    )


def test_a_step_that_does_not_wait_and_one_that_polls(mason, folder, far):
    far(
        "id: a, namespace: far, command: make, wait: false",
        "id: b, namespace: job, command: get, dependencies: [a], retry: constant(1), retry_max: 5",
        polls=2,
    )
    given = ("-p", "a.output:a.csv", "-p", "b.job_id:{{steps.a.job_id}}")
    shown = mason("validate", "workflow", "far", "all", *given)
    assert "a: Operator far:make with config 1, without waiting for its jobs\n" in shown.out
    assert "[changes things, does not wait]" in shown.out
    ran = mason("run", "workflow", "far", "all", *given, "-y")
    (job_id,) = job_ids(folder)
    assert ran.code == 0, ran.err
    assert "b: attempt 1 failed, the next one in " in ran.err
    assert f": Job {job_id} is still running.\n" in ran.err


def test_a_step_that_polls_too_seldom_fails(mason, folder, far):
    far(
        "id: a, namespace: far, command: make, wait: false",
        "id: b, namespace: job, command: get, dependencies: [a], retry: constant(1), retry_max: 0",
        polls=100,
    )
    given = ("-p", "a.output:a.csv", "-p", "b.job_id:{{steps.a.job_id}}")
    ran = mason("run", "workflow", "far", "all", *given, "-y")
    (job_id,) = job_ids(folder)
    assert ran.code == 1
    assert f": Job {job_id} is still running.\n" in ran.err


def test_a_timeout_cancels_the_job_and_says_so(mason, folder, far):
    far("id: a, namespace: far, command: make, timeout: 1", seconds=1000)
    ran = mason("run", "workflow", "far", "all", "-p", "a.output:a.csv", "-y")
    (job_id,) = job_ids(folder)
    assert ran.code == 1
    assert f"a: Job {job_id} of client memory was cancelled (its step was given up).\n" in ran.err
    assert "a: failed after 1.0 s: gave up after 1 second\n" in ran.err
    assert submissions(folder)[0]["job"]["status"] == "cancelled"


def test_ctrl_c_lets_a_job_end_and_a_second_one_cancels_it(mason, folder, far):
    far("id: a, namespace: far, command: make", seconds=1000)
    process = start(folder, "run", "workflow", "far", "all", "-p", "a.output:a.csv", "-y")
    assert process.stderr is not None
    read_until(process.stderr, " of client memory queued\n")
    (job_id,) = job_ids(folder)
    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "; press Ctrl-C again to stop at once.\n")
    assert submissions(folder)[0]["job"]["status"] != "cancelled"
    process.send_signal(signal.SIGINT)
    _, err = rest_of(process)
    assert process.returncode == 130
    assert f"a: Job {job_id} of client memory was cancelled (its step was given up).\n" in err
    assert submissions(folder)[0]["job"]["status"] == "cancelled"


def test_runs_cancel_cancels_the_job(mason, folder, far):
    far("id: a, namespace: far, command: make", seconds=1000)
    process = start(folder, "run", "workflow", "far", "all", "-p", "a.output:a.csv", "-y")
    assert process.stderr is not None
    read_until(process.stderr, " of client memory queued\n")
    (job_id,) = job_ids(folder)
    assert mason("runs", "cancel", "last").code == 0
    _, err = rest_of(process)
    assert f"a: Job {job_id} of client memory was cancelled (the run was cancelled).\n" in err
    assert submissions(folder)[0]["job"]["status"] == "cancelled"


def test_apply_begins_nothing_anew_while_a_job_of_a_killed_run_goes_on(mason, folder, far):
    far("id: a, namespace: far, command: make", seconds=1000)
    run = {"type": "run", "name": "r", "workflow": "far:all", "config_id": "1", "parameters": {}}
    run["parameters"] = {"a": {"parameters": {"output": "a.csv"}}}
    (folder / "run.yaml").write_text(json.dumps(run))
    process = start(folder, "apply", "-y")
    wait_for(lambda: "client memory queued" in mason("runs", "logs", "last").out)
    process.kill()
    process.communicate()
    (job_id,) = job_ids(folder)
    run_id = json.loads(mason("runs", "list", "--json").out)["runs"][0]["run_id"]
    applied = mason("apply", "-y")
    assert applied.code == 1
    assert (
        f"run.r was not begun anew: of run {run_id} it is not known how it ended (step a waits for job {job_id} of "
        f"client memory). Go on with that: mason runs resume {run_id}" in applied.err + applied.out
    )
    # Ten minutes later.
    for each in (folder / "service").glob("*.json"):
        each.write_text(json.dumps({**json.loads(each.read_text()), "began": ""}))
    assert mason("runs", "resume", "last", "-y").code == 0
    assert mason("plan").out == "No changes.\n"
    assert job_ids(folder) == [job_id]
