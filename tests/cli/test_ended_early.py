"""Applies that a signal ends, or that nobody listens to: what was begun is told, and what was not is not begun."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mason.state.local import LocalStateStore
from mason.state.s3.bucket_store import S3StateStore
from tests.cli.notes import ALL_LOCAL, WRITE
from tests.servers import BUCKET
from tests.state import faults
from tests.state.faults import proxied
from tests.waiting import wait_for

REPOSITORY = Path(__file__).parents[2]
RUN = "type: run\nname: write\noperator: note:write\nconfig_id: 1\nparameters: {path: a.txt, text: done}\n"
TAKE = """\
import os

import mason


class NoteTake(mason.Operator):
    def run(self, ctx: mason.Context) -> None:
        os.rename(ctx.params["state"] + "/state.json", "taken.json")
"""


@pytest.fixture
def notes(folder):
    """A project with a run, of which nothing was applied."""
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")
    (folder / "config.yaml").write_text(ALL_LOCAL)
    (folder / "write.yaml").write_text(WRITE)
    (folder / "run.yaml").write_text(RUN)
    return folder


@pytest.fixture
def taking(notes):
    """A project with a run that takes the state away while it is done; gives what sets where that is."""
    (notes / "take").mkdir()
    (notes / "take" / "operator.yaml").write_text(
        "type: operator\nnamespace: note\ncommand: take\nparameters: {required: [state]}\n"
    )
    (notes / "take" / "__init__.py").write_text(TAKE)

    def in_state(place: str) -> None:
        (notes / "run.yaml").write_text(
            f"type: run\nname: take\noperator: note:take\nconfig_id: 1\nparameters: {{state: {place}}}\n"
        )

    in_state(".state")
    return in_state


def start(*arguments: str, stdout=subprocess.PIPE, stderr=subprocess.PIPE) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    env.pop("CI", None)
    return subprocess.Popen(
        [sys.executable, "-m", "mason", *arguments], stdout=stdout, stderr=stderr, text=True, env=env
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_waits_for_the_lock_is_let_go_at_once(notes, number):
    """Also where the plan has runs, for which the first Ctrl-C else means to finish what runs: nothing does."""
    store = LocalStateStore((notes / ".state").as_uri())
    with store.lock("apply"):
        process = start("apply", "-y", "--lock-timeout", "600")
        with process, process.stdout, process.stderr:
            waits = iter(process.stderr.readline, "")
            assert any("waiting for at most 600 seconds" in line for line in waits)
            process.send_signal(number)
            assert process.stderr.read().splitlines() == ["Error: Interrupted. Nothing was applied."]
    assert process.returncode == 130
    assert (store.read().serial, (notes / "a.txt").exists()) == (0, False)


@pytest.mark.xdist_group("moto")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_a_signal_ends_while_it_writes_says_so_and_gives_the_lock_back(notes, moto, prefix, aws, number):
    """The write may arrive afterwards, and nobody is told that nothing was applied."""
    (notes / "run.yaml").unlink()
    store = S3StateStore(moto.url(BUCKET, prefix))
    writing, ended = threading.Event(), threading.Event()

    def plan(method: str, key: str) -> str:
        if method == "PUT" and key.endswith("/state.json"):
            writing.set()
            ended.wait(60)
        return faults.PASS

    with proxied(moto.endpoint) as proxy:
        proxy.plan = plan
        url = store.url.replace(moto.endpoint, proxy.endpoint)
        process = start("--state", f"{url}&timeout=60", "apply", "-y")
        with process, process.stdout, process.stderr:
            assert writing.wait(60)
            process.send_signal(number)
            told = process.stderr.read()
            ended.set()
        wait_for(lambda: proxy.asked("PUT", "/state.json"))
    # The first line says that the bucket is met for the first time.
    assert (process.returncode, told.partition("\n")[2]) == (
        130,
        "Error: Interrupted. The state was being written: it is as it was (serial 0) or as it was to become "
        "(serial 1), and whole. See which with: mason plan\n",
    )
    assert (store.read().serial, store.lock_info()) == (1, None)


@pytest.mark.parametrize("deaf", ["stdout", "stderr"])
def test_a_run_goes_on_when_nobody_listens(mason, notes, deaf):
    with Path("/dev/full").open("w") as full:
        # With --json the plan is told on stderr, and only what was done is not heard.
        process = start("apply", "-y", *(["--json"] if deaf == "stdout" else []), **{deaf: full})
        process.communicate(timeout=60)
    assert (notes / "a.txt").read_text() == "done"
    assert mason("plan").out == "No changes.\n"
    assert process.returncode == (1 if deaf == "stdout" else 0)


def test_a_state_that_could_not_be_written_is_kept_also_when_nobody_listens(notes, taking):
    with Path("/dev/full").open("w") as full:
        process = start("apply", "-y", "--json", stdout=full)
        _, told = process.communicate(timeout=60)
    kept = notes / "errored.state.json"
    assert json.loads(kept.read_text())["resources"]["run.take"]["outcome"]["status"] == "succeeded"
    assert f"|     mason state push {kept}" in told
    assert process.returncode == 1


def test_a_state_that_could_not_be_written_goes_back_to_where_it_is_from(mason, notes, taking):
    """The command that is told leads to the same workspace of the same state, and so does that of a saved plan."""
    where = ("--state", f"{notes}/elsewhere", "--workspace", "staging")
    place = notes / "elsewhere" / "workspaces" / "staging"
    taking(str(place))
    saved = mason(*where, "plan", "--out", "release.plan")
    typed = f"mason --state {notes}/elsewhere --workspace staging"
    assert f"Apply exactly this with: {typed} apply release.plan" in saved.err
    failed = mason(*where, "apply", "-y", "--json")
    kept = notes / "errored.state.json"
    assert failed.json["unsaved_file"] == str(kept)
    assert f"|     {typed} state push {kept}\n" in failed.err
    assert f"Then see what is pending: {typed} plan\n" in failed.err
    (notes / "taken.json").rename(place / "state.json")
    assert mason(*where, "state", "push", "-y", str(kept)).code == 0
    assert mason(*where, "plan").out == "Workspace: staging\nNo changes.\n"
