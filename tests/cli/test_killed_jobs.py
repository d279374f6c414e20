"""Processes that are killed while they wait for jobs elsewhere: nothing is submitted twice, forgotten, or called done.

The service is the asynchronous client ``memory`` with a folder, which outlives what submits to it. MASON_KILLS says how
many processes are killed; MASON_KILLS_SEED makes the moments the same again.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_for

POINTS = ("asked", "kept", "looked")
"""Where the service hangs on request; see ``mason.clients.memory.service``."""

# Kills of one run, at most: then it is let go on.
_MOST = 6
OPERATOR = """\
type: operator
namespace: far
command: work
parameters:
  required: [name]
do:
  - execution.fake: {schema: {id: BIGINT}, size: 1, output: "{{name}}_1.csv", overwrite: true}
    as: first
  - execution.fake: {schema: {id: BIGINT}, size: 1, output: "{{name}}_2.csv", overwrite: true}
"""
WORKFLOW = """\
type: workflow
namespace: far
command: all
dag:
  - {id: a, namespace: far, command: work}
  - {id: b, namespace: far, command: work, dependencies: [a]}
"""
GIVEN = {"a": {"parameters": {"name": "a"}}, "b": {"parameters": {"name": "b"}}}
CONFIG = {
    "type": "config",
    "id": "1",
    "execution_engine": "memory",
    "clients": {"memory": {"configuration": {"asynchronous": {}}}},
}


class Far:
    """A project whose work is done by a service that outlives it."""

    def __init__(self, folder: Path, **how: Any) -> None:
        self.folder = folder
        self.service = folder / "service"
        self.kills = 0
        self.moments: Counter[str] = Counter()
        folder.mkdir()
        asynchronous = {"folder": "service", "polls": 1, **how}
        config = {**CONFIG, "clients": {"memory": {"configuration": {"asynchronous": asynchronous}}}}
        run = {"type": "run", "name": "far", "workflow": "far:all", "config_id": "1", "parameters": GIVEN}
        for name, text in {
            "mason.yaml": "name: far\n",
            "config.yaml": json.dumps(config),
            "work.yaml": OPERATOR,
            "all.yaml": WORKFLOW,
            "given.json": json.dumps(GIVEN),
            "later/run.yaml": json.dumps(run),
        }.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        self.done("apply", "-y", "config.yaml", "work.yaml", "all.yaml")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = os.environ | {"MASON_HOME": str(self.folder / "home"), "MASON_STATE": str(self.folder / "state")}
        return subprocess.Popen(
            [sys.executable, "-m", "mason", *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out + err

    def done(self, *arguments: str) -> str:
        code, told = self.call(*arguments)
        assert code == 0, told
        return told

    @property
    def submissions(self) -> list[dict[str, Any]]:
        """What the service took, in its order."""
        kept = [json.loads(each.read_bytes()) for each in self.service.glob("*.json")]
        return sorted(kept, key=lambda each: int(each["number"]))

    def events(self) -> list[dict[str, Any]]:
        """What the journal of the only run tells."""
        content = b"".join(each.read_bytes() for each in (self.folder / "home" / "journals").glob("*.jsonl"))
        return [json.loads(line) for line in content.split(b"\n")[:-1] if line.endswith(b"}")]

    @contextmanager
    def holding(self, point: str) -> Iterator[Path]:
        """Within it, the service hangs at a point; the path says when somebody is there."""
        hold, held = self.service / "hold" / point, self.service / "held" / point
        for each in (hold, held):
            each.parent.mkdir(parents=True, exist_ok=True)
        held.unlink(missing_ok=True)
        hold.touch()
        try:
            yield held
        finally:
            hold.unlink()

    def kill(self, process: subprocess.Popen[str], chance: random.Random) -> None:
        """Kill it at some moment, by name or by chance, unless it has ended by then."""
        point = chance.choice((*POINTS, "by chance"))
        if point == "by chance":
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.2, 2.5))
        else:
            self.wait_at(point, process, times=chance.randrange(3))
            with self.holding(point) as held:
                wait_for(lambda: held.exists() or process.poll() is not None)
                if chance.random() < 0.5:
                    process.kill()
            # Else the answer is on its way.
        process.kill()
        process.wait(60)
        if process.returncode < 0:
            self.kills += 1
            told = [each["event"] for each in self.events()]
            self.moments[f"{point}, after {told[-1] if told else 'nothing'}"] += 1

    def wait_at(self, point: str, process: subprocess.Popen[str], *, times: int) -> None:
        """Let it pass a point so many times."""
        for _ in range(times):
            with self.holding(point) as held:
                wait_for(lambda: held.exists() or process.poll() is not None)

    def check(self, *, whole: bool) -> None:
        """What holds at every moment when nothing runs, and of a run that succeeded."""
        taken, events = self.submissions, self.events()
        tokens = Counter(each["token"] for each in taken)
        assert "" not in tokens, tokens
        assert set(tokens.values()) <= {1}, tokens
        succeeded = Counter(
            tuple(each["token"].split("/")[1:3]) for each in taken if each["job"]["status"] == "succeeded"
        )
        assert set(succeeded.values()) <= {1}, succeeded
        begun = {each["token"] for each in events if each["event"] == "submitting"}
        assert tokens.keys() <= begun
        told = {
            each["token"]: (each["job_id"], each["status"])
            for each in events
            if each["event"] in ("submitted", "job") and each["status"] not in ("queued", "running")
        }
        for each in taken:
            if each["token"] in told:
                assert told[each["token"]] == (each["job"]["job_id"], each["job"]["status"])
        ended = {each["step"]: each["status"] for each in events if each["event"] == "ended"}
        for step, status in ended.items():
            if status == "succeeded":
                assert [succeeded[step, number] for number in ("1", "2")] == [1, 1], (step, succeeded)
        if whole:
            assert ended == {"a": "succeeded", "b": "succeeded"}
            assert tokens.keys() == told.keys()
            assert succeeded == dict.fromkeys(((step, number) for step in "ab" for number in "12"), 1)


BEGIN = {
    "run": ("run", "workflow", "far", "all", "-f", "given.json", "-y"),
    "apply": ("apply", "-y"),
}


@pytest.mark.slow
@pytest.mark.parametrize("begin", BEGIN)
@pytest.mark.parametrize("known_by", ["token", "key"])
def test_killed_at_any_moment_and_resumed(tmp_path: Path, known_by: str, begin: str) -> None:
    wanted = int(os.environ.get("MASON_KILLS", "12")) / 4
    seed = int(os.environ.get("MASON_KILLS_SEED", str(random.randrange(10**6))))
    chance = random.Random(f"{seed} {known_by} {begin}")
    kills, rounds, resumed, moments = 0, 0, 0, Counter[str]()
    while kills < wanted:
        rounds += 1
        # Every third round, the service lets the first two jobs fail; it always keeps who asks waiting once.
        fails = 2 if rounds % 3 == 0 else 0
        far = Far(tmp_path / f"round{rounds}", known_by=known_by, fails=fails, late=rounds % 2)
        process = far.start(*BEGIN[begin])
        ended, tries = False, 0
        while not ended:
            if far.kills < _MOST and kills + far.kills < wanted:
                far.kill(process, chance)
                far.check(whole=False)
            told = "".join(process.communicate(timeout=120))
            # It may have been killed when nothing was left to be done but to say so.
            tries += 1
            assert tries < 20, told
            ended = process.returncode == 0 or "there is nothing left to do" in told
            if not ended:
                # Before there is a record, nothing was done.
                begun = any((far.folder / "state" / "runs").glob("*.json"))
                process = far.start(*(("runs", "resume", "last", "-y") if begun else BEGIN[begin]))
                resumed += begun
        far.check(whole=True)
        assert sum(each["job"]["status"] == "failed" for each in far.submissions) == fails
        if begin == "apply":
            far.done("apply", "-y")
            assert far.done("plan") == "No changes.\n"
        kills += far.kills
        moments += far.moments
    print(f"\n{known_by}, {begin}: {kills} kills in {rounds} runs, {resumed} times resumed (seed {seed})")
    for moment, count in moments.most_common():
        print(f"  {count:4} {moment}")


@pytest.mark.parametrize("point", ["asked", "kept"])
def test_where_nobody_can_tell_nothing_is_submitted_unasked(tmp_path: Path, point: str) -> None:
    far = Far(tmp_path / "far", known_by="nothing")
    process = far.start(*BEGIN["run"])
    with far.holding(point) as held:
        wait_for(held.exists)
        process.kill()
        process.communicate(timeout=60)
    there = len(far.submissions)
    assert there == (point == "kept")
    code, told = far.call("runs", "resume", "last", "-y")
    assert code == 1
    assert "execution.fake was submitted to client memory and not answered" in told
    assert "--submit-again" in told
    assert len(far.submissions) == there
    far.done("runs", "resume", "last", "-y", "--submit-again")
    assert [each["token"].split("/", 1)[1] for each in far.submissions] == [
        *(["a/1/1"] if point == "kept" else []),
        *("a/1/2", "a/2/1", "b/1/1", "b/2/1"),
    ]


def test_a_job_that_fails_is_a_failure_of_run_apply_and_state(tmp_path: Path) -> None:
    far = Far(tmp_path / "far", fails=1, reason="No such bucket.")
    code, told = far.call("apply", "-y")
    (job,) = [each["job"]["job_id"] for each in far.submissions]
    why = f"Job {job} of client memory failed: No such bucket. Its last line is: It began."
    assert code == 1
    assert f"a: failed after 1 attempt: {why}" in told or why in told
    assert "run.far" in far.done("plan")
    pulled = json.loads(far.done("state", "pull"))
    assert pulled["resources"]["run.far"]["outcome"]["status"] == "failed"
    assert why in pulled["resources"]["run.far"]["outcome"]["error"]
    far.done("apply", "-y")
    assert far.done("plan") == "No changes.\n"
