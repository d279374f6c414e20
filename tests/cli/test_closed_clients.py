"""Every client that was connected is closed again, and one that cannot be closed is told of."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mason import packages
from mason.clients.local import LocalClient
from mason.project.opening import open_project
from mason.project.schedules import daemon
from tests.cli.notes import WRITE

WORKFLOW = "type: workflow\nnamespace: note\ncommand: once\ndag:\n  - {id: s, namespace: note, command: write}\n"
NIGHTLY = """\
type: schedule
name: nightly
workflow: note:once
config_id: 1
schedule: "0 2 * * *"
parameters: {s: {parameters: {path: one.txt, text: hello}}}
"""


class CountedClient(LocalClient):
    """As ``local``, and counts. It cannot be closed where it is configured so."""

    name = "counted"
    opened: ClassVar[int] = 0
    closed: ClassVar[int] = 0
    most: ClassVar[int] = 0
    """How many there were at once."""

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return LocalClient.schema()

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        super().__init__(configuration, base=base)
        CountedClient.opened += 1
        CountedClient.most = max(CountedClient.most, CountedClient.opened - CountedClient.closed)

    def close(self) -> None:
        CountedClient.closed += 1
        if self.configuration.get("warehouse") == "stuck":
            raise OSError("it is stuck")
        super().close()


def counts() -> tuple[int, int]:
    """How many were opened and closed since this was asked last."""
    found = CountedClient.opened, CountedClient.closed
    CountedClient.opened = CountedClient.closed = CountedClient.most = 0
    return found


def config(identifier: str = "1", warehouse: str = "warehouse") -> str:
    roles = {f"{role}_engine": "counted" for role in ("metastore", "storage", "execution", "scheduler")}
    clients = {"counted": {"configuration": {"warehouse": warehouse}}}
    return json.dumps({"type": "config", "id": identifier, **roles, "clients": clients}) + "\n"


@pytest.fixture
def counted(mason, folder, monkeypatch):
    """A project with a schedule, applied, whose client counts."""
    info = folder.parent / "site" / "counted-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: counted\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mason.clients]\ncounted = tests.cli.test_closed_clients:CountedClient\n")
    monkeypatch.syspath_prepend(str(info.parent))
    packages.forget()
    (folder / "mason.yaml").write_text("name: p\nstate: state\n")
    for name, text in (("config", config()), ("write", WRITE), ("flow", WORKFLOW), ("nightly", NIGHTLY)):
        (folder / f"{name}.yaml").write_text(text)
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    counts()
    yield folder
    packages.forget()


@pytest.mark.parametrize(
    ("arguments", "opened"),
    [
        (("scheduler", "list"), 1),
        (("scheduler", "trigger", "nightly", "-y"), 2),
        (("scheduler", "trigger", "nightly"), 1),
        (("scheduler", "trigger", "none", "-y"), 1),
        (("scheduler", "start", "--once"), 1),
    ],
    ids=["list", "trigger", "trigger not confirmed", "trigger of nothing", "start once"],
)
def test_clients_of_schedulers_are_closed(mason, counted, arguments, opened):
    mason(*arguments)
    assert counts() == (opened, opened)


MERGE = """\
type: operator
namespace: note
command: merge
parameters: {required: [path]}
do:
  - storage.infer_table: {path: "{{path}}"}
    as: table
  - execution.merge: {table: "{{table}}", output: merged.csv}
"""


@pytest.mark.parametrize(
    ("path", "answer", "told"),
    [
        ("notes", "no\n", "Error: Not confirmed, so nothing was done.\n"),
        ("notes", "yes\n", ""),
        ("nowhere", "", "Error: There is no file or folder nowhere in "),
    ],
    ids=["not confirmed", "done", "not possible"],
)
def test_clients_that_looked_before_the_question_are_closed_whatever_the_answer(mason, counted, path, answer, told):
    (counted / "merge.yaml").write_text(MERGE)
    (counted / "notes").mkdir()
    for name in ("a", "b"):
        (counted / "notes" / f"{name}.csv").write_text("a\n1\n")
    assert mason("apply", "-y").code == 0
    counts()
    ran = mason("run", "operator", "note", "merge", "-p", f"path:{path}", answer=answer)
    assert told in ran.err, ran.err
    assert (ran.code == 0) is not bool(told)
    assert counts() == (1, 1)


def test_two_configs_of_one_place(mason, counted):
    (counted / "other.yaml").write_text(config("2"))
    assert mason("apply", "-y").code == 0
    counts()
    assert [each["name"] for each in mason("scheduler", "list", "--json").json["schedules"]] == ["nightly"]
    assert counts() == (2, 2)


def test_a_fault_of_one_config_closes_the_others(mason, counted):
    (counted / "other.yaml").write_text(config("2", warehouse="{{NOWHERE}}"))
    assert mason("apply", "-y").code == 0
    counts()
    assert mason("scheduler", "list").code == 1
    assert counts() == (1, 1)


def test_a_schedule_that_is_put_by_a_run_of_a_workflow(mason, counted):
    (counted / "given.yaml").write_text(
        "schedule: '0 3 * * *'\nschedule_name: by_hand\ns: {parameters: {path: a.txt, text: a}}\n"
    )
    assert mason("run", "workflow", "note", "once", "-f", "given.yaml", "-y").code == 0
    assert counts() == (2, 2)


def test_the_daemon_closes_what_it_replaces(mason, counted, monkeypatch):
    """It looks at the configs again and again, here without a pause."""
    monkeypatch.setattr(daemon, "_LOOK_AT_CONFIGS", 0.0)
    monkeypatch.setattr(daemon, "_LOOK", 0.01)
    found = daemon.Daemon(open_project(), parallelism=1, tell=lambda event: None)
    waiting = threading.Event()

    def finish() -> None:
        while CountedClient.opened < 5 and not waiting.wait(0.01):
            pass
        found.finish()

    thread = threading.Thread(target=finish)
    thread.start()
    try:
        assert found.run()
    finally:
        waiting.set()
        thread.join()
    assert CountedClient.most <= 2
    opened, closed = counts()
    assert opened == closed >= 5


STUCK = "Client counted could not be closed: OSError: it is stuck"


@pytest.fixture
def stuck(mason, counted):
    """As ``counted``, with another config whose client cannot be closed."""
    (counted / "other.yaml").write_text(config("2", warehouse="stuck"))
    assert mason("apply", "-y").code == 0
    return counted


def test_a_client_that_cannot_be_closed_after_a_workflow_is_warned_of(mason, stuck):
    (stuck / "given.yaml").write_text("s: {parameters: {path: a.txt, text: a}}\n")
    done = mason("run", "workflow", "note", "once", "-f", "given.yaml", "-c", "2", "-y")
    assert (done.code, done.err.splitlines()[-1]) == (0, f"Warning: {STUCK}")


def test_a_client_that_cannot_be_closed_is_warned_of_once(mason, stuck):
    """Steps with different configs connect it each for themselves."""
    (stuck / "flow.yaml").write_text(WORKFLOW + "  - {id: t, namespace: note, command: write}\n")
    (stuck / "third.yaml").write_text(config("3", warehouse="stuck"))
    (stuck / "nightly.yaml").unlink()
    assert mason("apply", "-y", "-o", "--prune").code == 0
    counts()
    parameters = "parameters: {path: a.txt, text: a}"
    (stuck / "given.yaml").write_text(f"s: {{config_id: 2, {parameters}}}\nt: {{config_id: 3, {parameters}}}\n")
    done = mason("run", "workflow", "note", "once", "-f", "given.yaml", "-c", "1", "--parallelism", "1", "-y")
    assert (done.code, done.err.count(STUCK), counts()) == (0, 1, (2, 2))


def test_a_client_that_cannot_be_closed_after_a_run_of_the_project_is_warned_of(mason, stuck):
    (stuck / "run.yaml").write_text(
        "type: run\nname: once\noperator: note:write\nconfig_id: 2\nparameters: {path: a.txt, text: a}\n"
    )
    done = mason("apply", "-y")
    assert done.code == 0
    assert f"Run once: warning: {STUCK}\n" in done.err
