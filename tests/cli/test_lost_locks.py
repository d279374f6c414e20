"""An apply that loses its lock while a run is under way: what it still does, what it says, and how one goes on."""

from __future__ import annotations

import json

import pytest

from mason.state.s3.bucket_store import S3StateStore
from mason.testing.stores import resources
from tests.servers import BUCKET

pytestmark = pytest.mark.xdist_group("moto")

# Somebody takes the lock meanwhile; a lease that nobody renews for its length is lost for certain.
UNLOCK = """\
import time

import mason
from mason.state.urls import open_store


class NoteUnlock(mason.Operator):
    def run(self, ctx: mason.Context) -> None:
        store = open_store(ctx.params["state"])
        store.break_lock(store.lock_info().id)
        open("unlocked.txt", "a").write("once\\n")
        time.sleep(1.1)
        if ctx.params["text"]:
            ctx.storage.write("wrote.txt", ctx.params["text"])
"""
# What a class does without Mason's engines nobody sees, so it must not even begin.
AFTER = """\
import mason


class NoteAfter(mason.Operator):
    def run(self, ctx: mason.Context) -> None:
        open("after.txt", "w").close()
"""
PROJECT = """\
type: config
id: "1"
metastore_engine: local
storage_engine: local
execution_engine: local
---
type: workflow
namespace: note
command: both
dag:
  - {id: unlock, namespace: note, command: unlock, retry: constant(1), retry_max: 3}
  - {id: after, namespace: note, command: after, dependencies: [unlock], trigger_rule: all_done}
---
type: run
name: both
workflow: note:both
config_id: "1"
parameters:
  unlock: {parameters: {state: STATE, text: TEXT}}
"""
NO_LONGER_HELD = (
    "Somebody else broke it, or took it over when its lease had run out. Nothing more was begun and nothing was "
    "written since. See who holds it with mason state lock-info, then plan again."
)


@pytest.fixture
def store(folder, moto, prefix, aws):
    """The state of a project whose run loses the lock of it."""
    place = moto.url(BUCKET, prefix, lease="1")
    (folder / "mason.yaml").write_text(f"name: notes\nstate: {place}\n")
    for name, text, needs in (("unlock", UNLOCK, "[state, text]"), ("after", AFTER, "[]")):
        (folder / name).mkdir()
        (folder / name / "operator.yaml").write_text(
            f"type: operator\nnamespace: note\ncommand: {name}\nparameters: {{required: {needs}}}\n"
        )
        (folder / name / "__init__.py").write_text(text)
    return S3StateStore(place)


def project(folder, store, text=""):
    (folder / "project.yaml").write_text(PROJECT.replace("STATE", store.url).replace("TEXT", json.dumps(text)))


@pytest.mark.parametrize("text", ["", "too late"])
def test_who_loses_the_lock_begins_no_step_and_calls_no_engine(mason, folder, store, text):
    """Not the step that comes after all others, either, nor the same one again."""
    project(folder, store, text)
    applied = mason("apply", "-y")
    lost = f"This process lost the lock of the state {store.url}. {NO_LONGER_HELD}"
    assert applied.code == 1
    assert not (folder / "wrote.txt").exists()
    assert not (folder / "after.txt").exists()
    assert (folder / "unlocked.txt").read_text() == "once\n"
    step = "unlock" if text else "after"
    assert f"\nError: Run both failed: {step}: {lost}" in applied.err
    kept = folder / "errored.state.json"
    assert applied.err.splitlines()[-7:] == [
        "+--",
        "| Engines were called, and the state could not be told of it:",
        f"| {lost}",
        f"| What it should hold is kept in {kept}. When the store works again:",
        f"|     mason state push {kept}",
        "| That is refused if somebody else has written meanwhile. Then see what is pending: mason plan",
        "+--",
    ]
    # Its record in the history tells.
    assert "(it failed last time, as run " in mason("plan").out
    pushed = mason("state", "push", str(kept))
    # What it says of a lock that takes a moment depends on the machine.
    assert pushed.code == 0, pushed.err
    assert store.read().resources["run.both"].outcome["status"] == "failed"


def test_what_could_not_be_written_does_not_undo_what_others_wrote_since(mason, folder, store):
    project(folder, store)
    assert mason("apply", "-y").code == 1
    base = store.read()
    theirs = store.write({**base.resources, **resources(1)}, base=base)
    error = (
        f"Error: errored.state.json is not pushed to {store.url}: it is what an apply could not write on serial "
        f"{base.serial}, and the state was written since (it is at serial {{serial}}). It would undo what was written "
        "since. How its runs ended stands in their records, too: see what is left with mason plan, and the next apply "
        "tells the state.\n"
    )
    refused = mason("state", "push", "errored.state.json")
    assert (refused.code, refused.out, store.read()) == (1, "", theirs)
    assert refused.err == error.format(serial=theirs.serial)
    # Nor does a higher serial make a successor of it.
    document = json.loads((folder / "errored.state.json").read_text())
    (folder / "errored.state.json").write_text(json.dumps(document | {"serial": 99}))
    theirs = store.write({**theirs.resources, **resources(2)}, base=theirs)
    refused = mason("state", "push", "errored.state.json")
    assert (refused.err, store.read()) == (error.format(serial=theirs.serial), theirs)
    # And what it says to do is right.
    assert "(it failed last time, as run " in mason("plan").out
