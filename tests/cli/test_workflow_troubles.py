"""Runs of workflows when things go wrong around them: timeouts, signals, full disks, edited journals, two at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mason.project.opening import open_project
from mason.state.journal import Journal, journal_path
from tests.cli.notes import ALL_LOCAL
from tests.cli.test_workflows import REPOSITORY, begin, notes, runs, step, steps_of, until, workflow
from tests.waiting import interrupt, rest_of, wait_for

__all__ = ["notes"]

SQL = "SELECT a.* FROM data.flights a, data.flights b, data.flights c WHERE a.delay * b.delay = 3.5"
ASK = f"""\
type: operator
namespace: note
command: ask
parameters:
  optional: [output]
do:
  - execution.query: {{sql: "{SQL}", output: "{{{{output}}}}"}}
"""
PYTHON = """\
type: operator
namespace: note
command: python
parameters:
  optional: [more]
"""


@pytest.fixture
def python(mason, folder):
    """Applies a workflow of one step, ``a``, that is done by the given body of ``run``, and others."""

    def apply(body: str, *steps: str, imports: str = "") -> None:
        (folder / "config.yaml").write_text(ALL_LOCAL)
        (folder / "python").mkdir(exist_ok=True)
        (folder / "python" / "operator.yaml").write_text(PYTHON)
        indented = "".join(f"        {line}\n" for line in body.splitlines())
        (folder / "python" / "__init__.py").write_text(
            f"import os, signal, sys, threading, time\nimport mason\n{imports}\n\n"
            f"class NotePython(mason.Operator):\n    def run(self, ctx):\n{indented}"
        )
        (folder / "workflow.yaml").write_text(workflow(step("a", "python"), *steps))
        applied = mason("apply", "-y", "-o")
        assert applied.code == 0, applied.err

    return apply


def call(*arguments: str, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "mason", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **more},
    )


def many_rows(folder: Path) -> None:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "flights.csv").write_text("delay\n" + "".join(f"{number}\n" for number in range(100_000)))


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith((".mason-", "out"))]


def test_a_timeout_ends_the_query_and_leaves_nothing(mason, folder, notes):
    many_rows(folder)
    notes(
        step("a", "ask", more=", timeout: 1"),
        step("b", "wait", "a", more=", trigger_rule: all_done"),
        ask=ASK,
    )
    pairs = ("-p", "a.output:out.csv,b.seconds:1")
    done = call("run", "workflow", "note", "all", *pairs, "-y")
    (record,) = runs(mason)
    assert steps_of(record) == {"a": "failed", "b": "succeeded"}
    assert record["errors"] == ["a: gave up after 1 second"]
    assert done.returncode == 1
    assert leftovers(folder) == []


def test_the_second_ctrl_c_ends_the_query_and_leaves_nothing(mason, folder, notes):
    many_rows(folder)
    notes(step("a", "ask"), ask=ASK)
    with begin("a.output:out.csv") as process:
        until(process, "started", "a")
        # Written to from the beginning of the query.
        wait_for(lambda: leftovers(folder))
        interrupt(process)
        process.send_signal(signal.SIGINT)
        _, err = rest_of(process)
    assert (process.returncode, err.splitlines()[-1]) == (130, "Stopping at once.")
    assert leftovers(folder) == []
    (record,) = runs(mason)
    assert steps_of(record) == {"a": "interrupted"}


def test_nothing_that_a_given_up_operator_started_keeps_the_process(mason, folder, python):
    python("threading.Thread(target=time.sleep, args=(300,)).start()\nopen('begun', 'w').close()\ntime.sleep(300)")
    with begin("a.more:1") as process:
        until(process, "started", "a")
        wait_for((folder / "begun").exists)
        interrupt(process)
        process.send_signal(signal.SIGINT)
        rest_of(process)
    assert process.returncode == 130


def test_an_operator_that_was_given_up_calls_nothing_more(mason, folder, notes, python):
    body = "try:\n    while True:\n        ctx.storage.exists('x')\nexcept Exception as error:\n"
    python(f"{body}    open('telling', 'w').write(str(error))\n    os.rename('telling', 'told')\n    raise")
    notes("id: a, namespace: note, command: python, timeout: 1", "id: b, namespace: note, command: wait, timeout: 60")
    call("run", "workflow", "note", "all", "-p", "b.seconds:0,b.until:told", "-y", "--parallelism", "2")
    assert (folder / "told").read_text() == "storage.exists was not called: nobody waits for this work any more."


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_and_sighup_finish_what_runs(mason, folder, notes, number):
    notes(step("a", "wait"), step("b", "write", "a"))
    with begin("a.seconds:0,a.until:go,b.path:b.txt,b.text:B") as process:
        until(process, "started", "a")
        interrupt(process, number)
        (folder / "go").touch()
        _, err = rest_of(process)
    assert (process.returncode, err) == (130, "")
    (record,) = runs(mason)
    assert (record["status"], steps_of(record)) == ("interrupted", {"a": "succeeded", "b": "cancelled"})


def test_a_run_that_shall_survive_its_terminal_does(mason, folder, notes):
    notes(step("a", "wait"), step("b", "write", "a"))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        # What is ignored is inherited, as from nohup.
        process = begin("a.seconds:1,b.path:b.txt,b.text:B")
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        until(process, "started", "a")
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=30)
    assert (process.returncode, (folder / "b.txt").read_text()) == (0, "B")


def test_the_reader_of_json_may_leave(mason, folder, notes):
    notes(step("a", "wait"), step("b", "write", "a"))
    with begin("a.seconds:1,b.path:b.txt,b.text:B") as process:
        until(process, "started", "a")
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.wait(30)
    assert (process.returncode, "Traceback" in err) == (141, False)
    (record,) = runs(mason)
    assert (record["status"], (folder / "b.txt").read_text()) == ("succeeded", "B")


def test_stdout_without_room_is_told_when_the_run_has_ended(mason, folder, notes):
    notes(step("a", "write"))
    command = ["run", "workflow", "note", "all", "-p", "a.path:a,a.text:A", "-y", "--json"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mason", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
    told = "Error: The result cannot be written to stdout (No space left on device)."
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, told)
    assert runs(mason)[0]["status"] == "succeeded"


def limited(code: str, *arguments: str) -> subprocess.CompletedProcess:
    """Runs mason behind a line of Python that limits what it may do."""
    code = f"import resource, sys, threading; {code}; from mason import cli; sys.exit(cli.call(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def room_for_threads(number: int) -> str:
    """Each thread is given a stack of a gigabyte, and the process that many gigabytes more than it has."""
    return (
        "threading.stack_size(2**30); has = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize(); "
        f"resource.setrlimit(resource.RLIMIT_AS, (has + {number} * 2**30 + 2**29,) * 2)"
    )


def test_steps_wait_for_the_threads_that_there_are(mason, folder, notes):
    names = [f"s{number}" for number in range(5)]
    notes(*(step(name, "wait") for name in names))
    pairs = ",".join(f"{name}.seconds:0.05" for name in names)
    done = limited(room_for_threads(2), "run", "workflow", "note", "all", "-p", pairs, "-y", "--parallelism", "5")
    assert done.returncode == 0, done.stderr
    assert steps_of(runs(mason)[0]) == dict.fromkeys(names, "succeeded")


def test_without_any_thread_the_run_says_so(mason, folder, notes):
    notes(step("a", "wait"))
    done = limited(room_for_threads(0), "run", "workflow", "note", "all", "-p", "a.seconds:0", "-y")
    told = (
        "The system lets Mason start no thread, so no step can run: there are too many processes and threads, or too "
        "little memory. End some of them, or raise the limit (ulimit -u, or that of the container)."
    )
    (record,) = runs(mason)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, f"Error: {told}")
    assert (record["status"], record["errors"]) == ("interrupted", [told])
    assert mason("runs", "resume", record["run_id"], "-y").code == 0


def test_a_journal_without_room_ends_the_run_which_is_resumed_when_there_is(mason, folder, notes):
    names = [f"s{number}" for number in range(8)]
    notes(*(step(name, "write", *names[index - 1 : index] if index else ()) for index, name in enumerate(names)))
    pairs = ",".join(f"{name}.path:{name}.txt,{name}.text:{name}" for name in names)
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (2300, 2300))"
    done = limited(limit, "run", "workflow", "note", "all", "-p", pairs, "-y")
    (record,) = runs(mason)
    run_id = record["run_id"]
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"Error: The journal {journal_path(run_id)} cannot be written: No space left on device. "
        "Make room there, or set MASON_HOME."
    )
    assert record["status"] == "interrupted"
    already = [name for name, status in steps_of(record).items() if status == "succeeded"]
    assert 0 < len(already) < len(names)
    for name in already:
        (folder / f"{name}.txt").unlink()
    left = [name for name in names if name not in already]
    for name in left:
        (folder / f"{name}.txt").unlink(missing_ok=True)
    resumed = mason("runs", "resume", run_id, "-y")
    assert resumed.code == 0, resumed.err
    assert [name for name in names if (folder / f"{name}.txt").exists()] == left


def test_a_resumed_run_began_when_it_began(mason, folder, notes):
    notes(step("a", "read"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt", "-y")
    (failed,) = runs(mason)
    assert "resumed_at" not in failed
    (folder / "a.txt").write_text("A")
    mason("runs", "resume", failed["run_id"], "-y")
    (record,) = runs(mason)
    assert record["started_at"][:19] == failed["started_at"][:19]
    assert failed["finished_at"] <= record["resumed_at"] <= record["finished_at"]
    assert f"resumed: {record['resumed_at']}" in mason("runs", "show", failed["run_id"]).out.splitlines()


def test_what_was_prepared_is_not_resumed_when_somebody_else_was_faster(mason, folder, notes):
    notes(step("a", "write"), step("b", "read", "a"))
    pairs = ("-p", "a.path:a.txt,a.text:A,b.path:b.txt")
    assert mason("run", "workflow", "note", "all", *pairs, "-y").code == 1
    run_id = runs(mason)[0]["run_id"]
    (folder / "b.txt").write_text("B")

    class Slow:
        """A person who says yes when the run has been resumed elsewhere."""

        def readline(self, *_: object) -> str:
            done = call("runs", "resume", run_id, "-y")
            assert done.returncode == 0, done.stderr
            return "yes\n"

        def isatty(self) -> bool:
            return False

        def fileno(self) -> int:
            raise OSError

    told = mason("runs", "resume", run_id, answer=Slow())
    expected = f"Error: Run {run_id} went on since you were asked. See: mason runs show {run_id}"
    assert told.err.splitlines()[-1] == expected


def edit(run_id: str, change) -> None:
    path = journal_path(run_id)
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line}\n" for line in change(lines)))


BROKEN = ["", "{", "null", "[]", "7", '{"event": []}', '{"event": "ended", "at": "x", "step": ["a"]}', "[" * 100_000]


@pytest.mark.parametrize("line", BROKEN, ids=range(len(BROKEN)))
def test_a_journal_that_was_edited(mason, folder, notes, line):
    notes(step("a", "write"), step("b", "read", "a"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt,a.text:A,b.path:b.txt", "-y")
    run_id = runs(mason)[0]["run_id"]
    before = mason("runs", "logs", run_id).out
    edit(run_id, lambda lines: [*lines[:2], line, *lines[2:]])
    assert mason("runs", "logs", run_id).out == before
    assert mason("runs", "show", run_id).code == 0
    told = mason("runs", "resume", run_id, "-y")
    assert told.err.splitlines()[-1] == (
        f"Error: {journal_path(run_id)}:3: this is not what Mason wrote. Put it back, or delete the line: then a step "
        "of whose end it told is done again."
    )
    edit(run_id, lambda lines: [*lines[:2], *lines[3:]])
    (folder / "b.txt").write_text("B")
    assert mason("runs", "resume", run_id, "-y").code == 0


def test_a_journal_without_its_beginning(mason, folder, notes):
    notes(step("a", "read"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt", "-y")
    run_id = runs(mason)[0]["run_id"]
    edit(run_id, lambda lines: lines[1:])
    told = mason("runs", "resume", run_id, "-y")
    assert told.err.splitlines()[-1] == (
        f"Error: The journal {journal_path(run_id)} does not tell how the run began. Run the workflow anew."
    )
    with Journal.resume(run_id):
        assert "does not tell how it began" in mason("runs", "cancel", run_id).err


def test_unknown_facts_and_events_are_passed_over(mason, folder, notes):
    notes(step("a", "read"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt", "-y")
    run_id = runs(mason)[0]["run_id"]
    strange = json.dumps({"event": "dreamt", "at": "2026-11-21T10:15:00.042+00:00", "of": "sheep"})
    edit(run_id, lambda lines: [lines[0][:-1] + ',"more":1}', strange, *lines[1:]])
    assert mason("runs", "logs", run_id).code == 0
    (folder / "a.txt").write_text("A")
    assert mason("runs", "resume", run_id, "-y").code == 0


def test_a_run_of_another_machine_is_not_cancelled(mason, folder, notes):
    notes(step("a", "read"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt", "-y")
    run_id = runs(mason)[0]["run_id"]
    begun = json.loads(journal_path(run_id).read_text().splitlines()[0])
    edit(run_id, lambda lines: [json.dumps({**begun, "by": "ann@elsewhere", "pid": os.getpid()}), *lines[1:]])
    with Journal.resume(run_id):
        told = mason("runs", "cancel", run_id)
    assert told.err == f"Error: Run {run_id} is done on elsewhere: cancel it there.\n"


def test_two_resume_at_once_and_one_does_it(mason, folder, notes):
    notes(step("a", "read"), step("b", "wait", "a"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt,b.seconds:1", "-y")
    run_id = runs(mason)[0]["run_id"]
    (folder / "a.txt").write_text("A")
    command = [sys.executable, "-m", "mason", "runs", "resume", run_id, "-y"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) for _ in range(2)]
    for process in both:
        process.communicate(timeout=60)
    assert sorted(process.returncode for process in both) == [0, 1]
    ended = [event for event in mason("runs", "logs", run_id, "--json").json["events"] if event["event"] == "ended"]
    assert [(event["step"], event["status"]) for event in ended] == [
        ("a", "failed"),
        ("b", "upstream_failed"),
        ("a", "succeeded"),
        ("b", "succeeded"),
    ]


@pytest.mark.parametrize(
    ("last", "status"),
    [("ended", "succeeded"), ("finished", "succeeded"), ("started", "interrupted")],
)
def test_a_run_that_was_killed_at_its_end(mason, folder, notes, last, status):
    notes(step("a", "write"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt,a.text:A", "-y")
    run_id = runs(mason)[0]["run_id"]
    # What the store holds as long as nobody said how the run ended.
    store = open_project().store
    store.put_run(run_id, {**store.get_run(run_id), "status": "running", "steps": []})

    def killed(lines: list[str]) -> list[str]:
        end = next(number for number, line in enumerate(lines) if json.loads(line)["event"] == last)
        return lines[: end + 1]

    edit(run_id, killed)
    (folder / "a.txt").unlink()
    assert runs(mason)[0]["status"] == status
    told = mason("runs", "resume", run_id, "-y")
    if status == "succeeded":
        assert told.err == f"Error: Run {run_id} succeeded; there is nothing left to do.\n"
    else:
        assert told.code == 0


def test_how_a_run_failed_is_told_where_its_record_could_not_be_kept(mason, folder, notes):
    notes(step("a", "read"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt", "-y")
    run_id = runs(mason)[0]["run_id"]
    store = open_project().store
    store.put_run(run_id, {**store.get_run(run_id), "status": "running", "steps": []})
    (record,) = runs(mason)
    assert (record["status"], steps_of(record)) == ("failed", {"a": "failed"})


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ("sys.exit(0)", 1, {"a": "failed"}),
        ("return (each for each in 'ab')", 1, {"a": "failed"}),
        ("return float('nan')", 1, {"a": "failed"}),
        ("if not os.fork():\n    return\nreturn os.wait()[1]", 0, {"a": "succeeded"}),
        ("threading.Thread(target=time.sleep, args=(300,)).start()", 0, {"a": "succeeded"}),
        ("os._exit(7)", 7, {"a": "interrupted"}),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9, {"a": "interrupted"}),
    ],
)
def test_what_operators_do_to_their_process(mason, folder, python, body, code, status):
    python(body)
    done = call("run", "workflow", "note", "all", "-y")
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert steps_of(runs(mason)[0]) == status


INNER = """\
type: workflow
namespace: note
command: inner
dag:
  - {id: x, type: operator, namespace: note, command: once}
  - {id: y, type: operator, namespace: note, command: once, dependencies: [x]}
"""
ONCE = """\
import os, time
import mason


class NoteOnce(mason.Operator):
    def run(self, ctx):
        # One line for each time, in one step of the system.
        file = os.open(ctx.params["file"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, b"done\\n")
        time.sleep(0.02)
"""


@pytest.mark.parametrize("seed", range(6))
def test_killed_with_nested_and_parallel_steps_each_is_done_once(mason, folder, notes, seed):
    (folder / "once").mkdir()
    (folder / "once" / "operator.yaml").write_text(
        "type: operator\nnamespace: note\ncommand: once\nparameters: {required: [file]}\n"
    )
    (folder / "once" / "__init__.py").write_text(ONCE)
    inner = "id: {}, type: workflow, namespace: note, command: inner, dependencies: [{}]"
    notes(
        step("a", "once"),
        inner.format("b", "a"),
        inner.format("c", "a"),
        step("d", "once", "a"),
        step("e", "once", "b", "c", "d"),
        inner=INNER,
    )
    names = ["a", "b.x", "b.y", "c.x", "c.y", "d", "e"]
    pairs = ",".join(f"{name}.file:{name}.txt" for name in names)
    chance = random.Random(seed)
    command = [sys.executable, "-m", "mason", "run", "workflow", "note", "all", "-p", pairs, "-y", "--parallelism", "3"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run_id = ""
    for _ in range(20):
        seen: list[str] = []
        with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True, env=env) as process:
            assert process.stdout is not None
            for line in process.stdout:
                seen.append(line)
                if len(seen) > 1 and chance.random() < 0.2:
                    time.sleep(chance.random() / 30)
                    process.kill()
                    break
        record = runs(mason)[0]
        run_id = record["run_id"]
        if record["status"] == "succeeded":
            break
        assert record["status"] == "interrupted"
        command = [sys.executable, "-m", "mason", "runs", "resume", run_id, "-y", "--parallelism", "3"]
    assert record["status"] == "succeeded"
    assert steps_of(record) == dict.fromkeys(names, "succeeded")
    events = mason("runs", "logs", run_id, "--json").json["events"]
    for name in names:
        told = [event["event"] for event in events if event.get("step") == name]
        # Once its end is written it never begins again.
        assert told.count("ended") == 1
        assert told[-1] == "ended"
        assert 1 <= len((folder / f"{name}.txt").read_text().splitlines()) <= told.count("started")


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["text", "json"])
def test_nobody_reads_on(mason, folder, notes, more):
    notes(step("a", "write"), step("b", "wait", "a"))
    command = [sys.executable, "-m", "mason", "run", "workflow", "note", "all", "-y", *more]
    pairs = ["-p", "a.path:a.txt,a.text:A,b.seconds:0"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen([*command, *pairs], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        process.wait(30)
    assert process.returncode == 141
    assert runs(mason)[0]["status"] == "succeeded"


def test_a_run_whose_record_cannot_be_kept_does_not_begin_and_leaves_nothing(mason, folder, notes):
    (folder / "mason.yaml").write_text("name: notes\nstate: state\n")
    notes(step("a", "write"))
    (folder / "state" / "runs").write_text("")
    told = mason("run", "workflow", "note", "all", "-p", "a.path:a.txt,a.text:A", "-y")
    assert told.code == 1
    assert told.err.splitlines()[-1].startswith(f"Error: Cannot write {folder}/state/runs/")
    assert not (folder / "a.txt").exists()
    assert list(journal_path("x").parent.glob("*.jsonl")) == []


@pytest.mark.parametrize(
    "record",
    [
        {"steps": [1, {"x": 2}], "status": [1], "started_at": 5},
        {"steps": {"a": 1}, "errors": "x", "calls": 7},
        {"status": "running", "steps": [], "parameters": 7, "errors": 5, "address": {}},
        {"calls": [1, None], "status": None},
    ],
)
def test_a_record_that_was_edited(mason, folder, notes, record):
    notes(step("a", "write"))
    mason("run", "workflow", "note", "all", "-p", "a.path:a.txt,a.text:A", "-y")
    run_id = runs(mason)[0]["run_id"]
    open_project().store.put_run(run_id, record)
    for command in (["list"], ["show", run_id], ["show", run_id, "--json"], ["logs", run_id], ["prune"]):
        assert mason("runs", *command).code == 0
