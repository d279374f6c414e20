"""Going on with the run of a run resource: under the lock of the state, and only with what was shown."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial

import pytest

from mason.errors import StalePlanError, StateLockedError
from mason.project.opening import open_project
from mason.project.runs.resumption import prepare_resumption, resume
from mason.runtime.workers import Control

FILES = """\
type: config
id: 1
metastore_engine: local
storage_engine: local
execution_engine: local
---
type: operator
namespace: note
command: read
parameters: {required: [path]}
do:
  - storage.read: {path: "{{path}}"}
---
type: run
name: note
config_id: 1
operator: note:read
parameters: {path: note.txt}
"""


@pytest.fixture
def failed(mason, folder):
    """A project with a run resource whose run failed; gives what prepares its resumption."""
    (folder / "mason.yaml").write_text("name: notes\nstate: .state\n")
    (folder / "all.yaml").write_text(FILES)
    assert mason("apply", "-y").code == 1
    (run_id,) = open_project().store.list_runs()
    (folder / "note.txt").write_text("hello")
    return partial(prepare_resumption, open_project(), run_id)


def do(prepared, again, *, calling=None, lock_timeout=0.0):
    more = {"calling": calling} if calling is not None else {}
    return resume(
        open_project(),
        prepared,
        again=again,
        lock_timeout=lock_timeout,
        parallelism=1,
        tell=lambda event: None,
        control=Control(),
        **more,
    )


def status(resource):
    return (open_project().store.read().resources[resource].outcome or {})["status"]


def test_steps_are_done_while_the_lock_is_held_and_the_state_is_told(failed):
    held = []

    @contextmanager
    def calling():
        held.append(open_project().store.lock_info())
        yield

    end = do(failed(), failed, calling=calling)
    assert (end.status, end.warnings, status("run.note")) == ("succeeded", (), "succeeded")
    assert [each.operation for each in held] == ["resume"]
    assert open_project().store.lock_info() is None


def test_nothing_is_done_while_somebody_else_holds_the_lock(failed):
    prepared = failed()
    with open_project().store.lock("apply"), pytest.raises(StateLockedError, match="has held it for 'apply' since"):
        do(prepared, failed)
    assert status("run.note") == "failed"


def test_a_state_that_moved_without_changing_the_run_is_no_obstacle(failed, folder, mason):
    prepared = failed()
    (folder / "other.yaml").write_text(FILES.split("---\n")[1].replace("command: read", "command: other"))
    assert mason("apply", "-y", "other.yaml").code == 0
    end = do(prepared, failed)
    assert (end.status, status("run.note")) == ("succeeded", "succeeded")


def test_what_was_not_shown_is_not_done(failed, folder, mason):
    prepared = failed()
    (folder / "all.yaml").write_text(
        FILES.replace("path: note.txt", "path: other.txt").replace("{{path}}", "x{{path}}")
    )
    mason("apply", "-y", "-o", "--target", "operator.note.read")
    with pytest.raises(StalePlanError) as raised:
        do(prepared, failed)
    assert str(raised.value) == (
        f"The state has moved, and run {prepared.run_id} would do something else now than what was shown, so nothing "
        f"was done. Resume it again: mason runs resume {prepared.run_id}"
    )
    assert status("run.note") == "failed"
