"""Secrets are references only, and redacted everywhere: canaries are planted wherever a secret can be, the command line
is driven with a client that gives away whatever it knows, and all that was written or printed is searched.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mason import packages, secrets
from mason.clients import registry
from tests import leaky
from tests.conftest import Mason, Result
from tests.servers import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server
from tests.waiting import wait_for

pytestmark = pytest.mark.filterwarnings("ignore:deprecated")
REPOSITORY = Path(__file__).parents[2]
# No letters of hexadecimal numbers and no vowels: a part of a canary stands nowhere by chance.
_LETTERS = "ghjkmnpqrtvwxz"
_WINDOW = 8
_chance = random.Random()


def core(length: int = 16) -> str:
    """Letters that stand nowhere else."""
    return "".join(_chance.choice(_LETTERS) for _ in range(length))


class Canaries:
    """Values by the names of the variables that hold them, and what must be found nowhere of them."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def plant(self, name: str, value: str) -> str:
        self.values[name] = value
        return value

    def found_in(self, content: bytes) -> set[str]:
        """The names of the canaries of which ``content`` holds a part that is long enough to be one."""
        text = content.decode("utf-8", "replace").lower()
        return {name for name, value in self.values.items() if any(part in text for part in _parts(value))}


def _parts(value: str) -> Iterator[str]:
    """What nobody may meet of a value, however it is spelled, cut or broken into lines."""
    runs = re.findall(f"[{_LETTERS}]{{{_WINDOW},}}|[0-9]{{9,}}", value)
    for run in runs:
        width = _WINDOW if run.isalpha() else 9
        yield from (run[at : at + width] for at in range(len(run) - width + 1))
    if not runs:
        yield value.lower()


def variety() -> dict[str, str]:
    """A canary for each field of the leaky client, each difficult in its own way."""
    inner = core()
    return {
        "token": f"{core()}'\"{core()}\\",
        "password": f"{core()}%2F&<é☃{core()}>/?+ ''x",
        "pem": f"-----BEGIN PRIVATE KEY-----\n{core()}\r\n\t{core()}==\n-----END PRIVATE KEY-----\n",
        "pin": str(_chance.randrange(10**13, 10**14)),
        "ratio": f"{_chance.randrange(10**11, 10**12)}.250",
        "short": "q§7" + _chance.choice(_LETTERS),
        "inner": inner,
        "outer": f"{core()}{inner}{core()}",
        "long": ".".join(core(90) for _ in range(4)),
    }


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


class World:
    """A person's shell: calls the command line, in this process or one of its own, and keeps all that was printed."""

    def __init__(self, mason: Mason, folder: Path, canaries: Canaries) -> None:
        self.folder = folder
        self._mason = mason
        self._canaries = canaries

    def __call__(self, *arguments: str, code: int | None = None, answer: str = "") -> Result:
        # As ignorant as a process that has just begun: what is remembered would hide leaks of the next call.
        secrets.forget()
        ended = self._mason(*arguments, answer=answer)
        return self._seen(arguments, ended, code)

    def process(self, *arguments: str, code: int | None = None) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "mason", *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        return self._seen(arguments, Result(done.returncode, done.stdout, done.stderr), code)

    def _seen(self, arguments: tuple[str, ...], ended: Result, code: int | None) -> Result:
        told = f"mason {' '.join(arguments)[:200]}\nexit {ended.code}\n{ended.out}\n{ended.err}"
        lines = [each for each in told.splitlines()[1:] if self._canaries.found_in(each.encode())]
        found = self._canaries.found_in(f"{ended.out}\n{ended.err}".encode())
        assert not found, "\n".join([told.splitlines()[0], f"{sorted(found)} in", *lines[:12]])
        assert code is None or ended.code == code, told
        return ended

    def search(self, *, but: tuple[str, ...] = ()) -> int:
        """Search every file of the world but those in which the test itself planted something. Returns how many."""
        count = 0
        for path in self.folder.parent.rglob("*"):
            if path.is_file() and path.name not in (".env", *but) and "site" not in path.parts:
                found = self._canaries.found_in(path.read_bytes()) | self._canaries.found_in(str(path).encode())
                assert not found, f"{sorted(found)} in {path}:\n{path.read_text('utf-8', 'replace')}"
                count += 1
        return count


@pytest.fixture
def world(mason: Mason, folder: Path, canaries: Canaries, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A shell in which the leaky client is installed as a package."""
    site = folder.parent / "site"
    info = site / "leaky-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mason.clients]\nleaky = tests.leaky:LeakyClient\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(REPOSITORY)]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    packages.forget()
    yield World(mason, folder, canaries)
    packages.forget()


def config(identifier: str, client: str, configuration: Mapping[str, Any], **roles: str) -> str:
    """A config in which ``client`` plays every engine that ``roles`` gives to no other."""
    engines = {
        f"{role}_engine": roles.get(role, client)
        for role in ("metastore", "storage", "execution", "scheduler")
        if roles.get(role, client)
    }
    clients = {client: {"configuration": dict(configuration)}}
    return json.dumps({"type": "config", "id": identifier, **engines, "clients": clients}) + "\n---\n"


def dotenv(values: Mapping[str, str]) -> str:
    """A ``.env`` file. Its single quotes know two escapes."""
    return "".join(
        "{}='{}'\n".format(name, value.replace("\\", "\\\\").replace("'", "\\'")) for name, value in values.items()
    )


OPERATORS = """\
type: operator
namespace: leak
command: table
parameters: {required: [database, note]}
do:
  - metastore.get_table: {database: "{{database}}", table: "{{note}}"}
---
type: operator
namespace: leak
command: make
parameters: {required: [database], optional: [note, {name: count, type: integer}]}
do:
  - metastore.create_table: {database: "{{database}}", table: made, definition: {name: made, comment: "{{note}}"}}
---
type: operator
namespace: leak
command: rows
parameters: {required: [sql]}
do:
  - execution.query: {sql: "{{sql}}"}
---
type: operator
namespace: leak
command: merge
parameters: {required: [table]}
do:
  - metastore.get_table: {database: ok, table: "{{table}}"}
    as: found
  - execution.merge: {table: "{{found}}", output: merged.csv}
---
type: workflow
namespace: leak
command: both
dag:
  - {id: first, namespace: leak, command: make}
  - {id: second, namespace: leak, command: python, dependencies: [first]}
"""
PYTHON = """\
type: operator
namespace: leak
command: python
parameters: {required: [end], optional: [note]}
"""
PYTHON_CLASS = """\
import sys

import mason


class LeakPython(mason.Operator):
    def run(self, ctx):
        table = ctx.metastore.get_table("ok", "t")
        ctx.info(f"found {table!r}")
        ctx.warn(str(table.options))
        print(table, file=sys.stderr)
        if ctx.params["end"] == "fail":
            raise RuntimeError(table.options["from"])
        return {"table": table.options["from"], "again": repr(table), **table.options["from"]}
"""
WORKFLOW_PARAMETERS = {"first": {"parameters": {"database": "ok"}}, "second": {"parameters": {"end": "ok"}}}


@pytest.fixture
def leaking(world: World, canaries: Canaries, monkeypatch: pytest.MonkeyPatch) -> World:
    """An applied project: config 1 has all secrets, half of them from ``.env``; what runs make of it ends well."""
    planted = {f"CANARY_{name.upper()}": canaries.plant(name, value) for name, value in variety().items()}
    planted["CANARY_KEY"] = canaries.plant("key", core())
    secret_in_url = canaries.plant("url", core())
    planted["CANARY_URL"] = f"https://someone:{secret_in_url}@host:8080/path"
    (world.folder / ".env").write_text(dotenv(dict(list(planted.items())[::2])), "utf-8")
    for name, value in list(planted.items())[1::2]:
        monkeypatch.setenv(name, value)
    (world.folder / "mason.yaml").write_text("name: leaks\nstate: state\n")
    given = {name: f"{{{{CANARY_{name.upper()}}}}}" for name in (*leaky.SECRETS, "url")}
    given["auth"] = {"key": "{{CANARY_KEY}}"}
    (world.folder / "config.yaml").write_text(
        config("1", "leaky", given)
        + config("2", "leaky", {**given, "end": "chain"}, scheduler="")
        + config("3", "leaky", given, scheduler="local")
    )
    (world.folder / "operators.yaml").write_text(OPERATORS)
    (world.folder / "python").mkdir()
    (world.folder / "python" / "operator.yaml").write_text(PYTHON)
    (world.folder / "python" / "__init__.py").write_text(PYTHON_CLASS)
    world("apply", "-y", code=0)
    world("config", "1", "-s", code=0)
    return world


def test_the_canaries_are_seen_where_they_are(canaries):
    """A search that finds nothing proves nothing by itself."""
    for name, value in variety().items():
        canaries.plant(name, value)
        for spelled in (value, repr(value), json.dumps(value), quote(value), value[2:]):
            if name != "short" or spelled == value:
                assert name in canaries.found_in(f"a text with {spelled} in it".encode()), (name, spelled)
    assert canaries.found_in(canaries.values["long"][:60].encode()) == {"long"}
    assert canaries.found_in(b"REDACTED, 123456789 and sha256:0123456789abcdef") == set()


# --- plans and the state ----------------------------------------------------------------------------------------------


def test_plans_and_the_state_hold_references(leaking, canaries):
    (leaking.folder / "config.yaml").write_text(
        (leaking.folder / "config.yaml").read_text().replace("{{CANARY_PEM}}", "{{ CANARY_TOKEN }}")
    )
    for options in ((), ("--json",), ("--markdown",), ("--refresh",), ("--out", "changes.plan")):
        leaking("plan", *options, code=0)
    for options in ((), ("--json",), ("--markdown",)):
        leaking("show", "changes.plan", *options, code=0)
    leaking("apply", "changes.plan", code=0)
    assert "{{CANARY_TOKEN}}" in (leaking.folder / "state" / "state.json").read_text()
    for arguments in (
        ("get",),
        ("get", "--json"),
        ("get", "config", "1"),
        ("config",),
        ("state", "list"),
        ("state", "show", "config.1"),
        ("state", "show", "config.1", "--json"),
        ("state", "pull"),
        ("state", "history"),
        ("state", "history", "--json"),
        ("state", "mv", "operator.leak.rows", "operator.leak.lines"),
        ("state", "rollback", "1", "--dry-run"),
        ("graph",),
        ("graph", "workflow", "leak", "both", "--format", "mermaid"),
        ("schema", "config"),
        ("drift",),
        ("drift", "--json"),
    ):
        leaking(*arguments, code=0)
    pulled = leaking("state", "pull").out
    (leaking.folder / "pulled.json").write_text(pulled.replace('"serial":3', '"serial":9'))
    leaking("state", "push", "pulled.json", "--force", answer="yes\n")
    leaking("destroy", "config.1", "-y")
    assert leaking.search() > 10


def test_what_the_state_held_before_anybody_knew_is_not_shown(leaking, canaries, monkeypatch):
    """As after a secret field was added to a client, or where a teammate has no such variable."""
    kept = {name: canaries.values[name] for name in ("token", "pem", "outer", "long")}
    for name in kept:
        monkeypatch.delenv(f"CANARY_{name.upper()}", raising=False)
    env = (leaking.folder / ".env").read_text("utf-8")
    (leaking.folder / ".env").unlink()
    operator = {"type": "operator", "namespace": "old", "command": "one", "do": [{"metastore.list_databases": {}}]}
    old = {**operator, "parameters": {"optional": [{"name": name, "default": kept[name]} for name in kept]}}
    descriptions = [
        {**operator, "command": name, "description": f"{'x' * 70}{value}{'x' * 70}"} for name, value in kept.items()
    ]
    (leaking.folder / "old.yaml").write_text("\n---\n".join(map(json.dumps, [old, *descriptions])))
    canaries.values, planted = {}, canaries.values
    leaking("apply", "-y", code=0)
    canaries.values = planted
    (leaking.folder / ".env").write_text(env + dotenv({f"CANARY_{name.upper()}": kept[name] for name in kept}))
    cleaned = [{**each, "description": f"{'x' * 70}{'x' * 70}"} for each in descriptions]
    text = "\n---\n".join(json.dumps(each) for each in [operator, *cleaned])
    (leaking.folder / "old.yaml").write_text(text)
    for options in ((), ("--json",), ("--markdown",), ("--out", "new.plan"), ("--prune",)):
        leaking("plan", *options, code=0)
    assert not canaries.found_in((leaking.folder / "new.plan").read_bytes())
    for options in ((), ("--json",), ("--markdown",)):
        leaking("show", "new.plan", *options, code=0)
    leaking("destroy", "operator.old.one", answer="no\n")
    leaking("state", "rollback", "2", "--dry-run")


def test_outcomes_in_the_state_hold_references(leaking):
    (leaking.folder / "more.yaml").write_text(
        "type: run\nname: failing\noperator: leak:make\nconfig_id: 1\nparameters: {database: chain}\n"
    )
    leaking("apply", "-y", code=1)
    ended = leaking("runs", "list", "--json").json["runs"][0]
    leaking("runs", "show", ended["run_id"])
    leaking("runs", "resume", ended["run_id"], "-y", code=1)
    leaking("state", "show", "run.failing", code=0)
    leaking("get", "run", "failing", code=0)
    leaking.search()


def test_a_state_that_could_not_be_written_holds_references(leaking):
    taking = PYTHON_CLASS.replace(
        "        table =", "        os.rename('state/state.json', 'taken.json')\n        table ="
    )
    (leaking.folder / "python" / "__init__.py").write_text(taking.replace("import sys", "import os\nimport sys"))
    runs = [
        {"type": "run", "name": name, "operator": "leak:python", "config_id": "1", "parameters": {"end": "fail"}}
        for name in ("taking", "never")
    ]
    (leaking.folder / "more.yaml").write_text("\n---\n".join(map(json.dumps, runs)))
    failed = leaking("apply", "-y", "-o", code=1)
    assert "mason state push" in failed.err
    kept = json.loads((leaking.folder / "errored.state.json").read_text())
    assert {each["outcome"]["status"] for each in kept["resources"].values() if "outcome" in each} >= {"failed"}
    leaking.search()


# --- runs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["ok", *leaky.ENDS])
def test_runs_of_operators_tell_nothing(leaking, database):
    for arguments in (
        ("validate", "operator", "leak", "table", "-p", f"database:{database},note:t"),
        ("run", "operator", "leak", "table", "-p", f"database:{database},note:t"),
        ("run", "operator", "leak", "make", "-y", "--json", "-p", f"database:{database}"),
        ("run", "operator", "leak", "rows", "-p", f"sql:{database}"),
        ("run", "operator", "leak", "merge", "-y", "-p", f"table:{database}"),
    ):
        ended = leaking(*arguments)
        assert arguments[0] == "validate" or ended.code == (0 if database == "ok" else 1), ended
    for end in ("ok", "fail"):
        leaking("run", "operator", "leak", "python", "-y", "-p", f"end:{end}", code=0 if end == "ok" else 1)
    for run in leaking("runs", "list", "--json").json["runs"]:
        leaking("runs", "show", run["run_id"], code=0)
    leaking.search()


def test_debug_logs_and_tracebacks_tell_nothing(leaking):
    """In processes of their own: the logs of this one belong to pytest."""
    for database in ("ok", "chain"):
        for level in ("debug", "warning"):
            ended = leaking.process(
                "-l", level, "run", "operator", "leak", "table", "--json", "-p", f"database:{database},note:t"
            )
            if level == "debug":
                assert "connecting with" in ended.err
                assert database == "ok" or "Traceback" in ended.err
    leaking.process("-l", "debug", "drift", "--json")
    leaking.search()


def test_parameters_that_hold_a_secret_are_redacted(leaking, canaries):
    for value in canaries.values.values():
        spelled = json.dumps(value, ensure_ascii=False)
        (leaking.folder / "given.json").write_text(json.dumps({"database": "engine", "note": f"say {value}!"}))
        for arguments in (
            ("validate", "operator", "leak", "table", "-p", f"database:ok,note:{spelled}"),
            ("validate", "operator", "leak", "table", "--json", "-f", "given.json"),
            ("run", "operator", "leak", "make", "-y", "-f", "given.json"),
            ("run", "operator", "leak", "make", "-p", f"database:ok,note:{spelled},count:{spelled}"),
            ("run", "operator", "leak", "table", "-p", f"databas:{spelled}"),
            ("run", "operator", "leak", "table", "-p", f"{spelled}:a"),
            ("run", "operator", "leak", "table", "-c", value),
        ):
            leaking(*arguments)
    leaking.search(but=("given.json",))


def test_parameters_that_hold_a_secret_of_another_config_are_redacted(leaking, canaries, monkeypatch):
    monkeypatch.setenv("OTHER", canaries.plant("other", core()))
    with (leaking.folder / "config.yaml").open("a") as file:
        file.write(config("4", "leaky", {"token": "{{OTHER}}"}))
    leaking("apply", "-y", code=0)
    value = canaries.values["other"]
    leaking("run", "operator", "leak", "make", "-y", "-p", f"database:ok,note:{value}", code=0)
    steps = f"first.database:ok,first.note:{value},second.end:fail"
    leaking("validate", "workflow", "leak", "both", "-p", steps, code=0)
    leaking("run", "workflow", "leak", "both", "-y", "-p", steps, code=1)
    failed = leaking("runs", "list", "--json").json["runs"][0]["run_id"]
    leaking("runs", "resume", failed, "-y", code=1)
    leaking("runs", "resume", failed, "-y", "-p", steps)
    leaking.search()


def test_runs_of_workflows_tell_nothing(leaking, canaries):
    (leaking.folder / "ok.json").write_text(json.dumps(WORKFLOW_PARAMETERS))
    failing = {**WORKFLOW_PARAMETERS, "second": {"parameters": {"end": "fail", "note": canaries.values["pem"]}}}
    (leaking.folder / "failing.json").write_text(json.dumps(failing))
    for file in ("ok.json", "failing.json"):
        leaking("validate", "workflow", "leak", "both", "-f", file, code=0)
        leaking("validate", "workflow", "leak", "both", "--json", "-f", file, code=0)
        for options in ((), ("--json",)):
            leaking("run", "workflow", "leak", "both", "-y", "-f", file, *options, code=0 if file == "ok.json" else 1)
    leaking.process("-l", "debug", "run", "workflow", "leak", "both", "-y", "-f", "failing.json", code=1)
    runs = leaking("runs", "list", "--json", code=0).json["runs"]
    for run in runs:
        leaking("runs", "show", run["run_id"], code=0)
        leaking("runs", "logs", run["run_id"], code=0)
    failed = next(run["run_id"] for run in runs if run["status"] == "failed")
    leaking("runs", "resume", failed, "-y", code=1)
    assert leaking.search(but=("failing.json",)) > 15


def test_a_run_that_is_killed_leaves_nothing_behind(leaking):
    waits = "        open('there', 'w').close()\n        time.sleep(60)\n        if ctx"
    slow = PYTHON_CLASS.replace("        if ctx", waits).replace("import sys", "import sys\nimport time")
    (leaking.folder / "python" / "__init__.py").write_text(slow)
    leaking("apply", "-y", "-o", code=0)
    (leaking.folder / "ok.json").write_text(json.dumps(WORKFLOW_PARAMETERS))
    with (leaking.folder / "printed.txt").open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "mason", "run", "workflow", "leak", "both", "-y", "-f", "ok.json"],
            stdout=printed,
            stderr=printed,
        )
        wait_for((leaking.folder / "there").exists)
        process.send_signal(signal.SIGKILL)
        process.wait()
    leaking("runs", "list", code=0)
    leaking.search()


# --- runs and schedules as resources ----------------------------------------------------------------------------------


def runs_and_schedules(*, end: str, name: str) -> str:
    now = datetime.now(timezone.utc) - timedelta(hours=1)
    documents: list[dict[str, Any]] = [
        {
            "type": "run",
            "name": "made",
            "operator": "leak:make",
            "config_id": "1",
            "parameters": {"database": end},
            "inputs": [f"{end}/*.csv"],
        },
        {
            "type": "run",
            "name": "after",
            "operator": "leak:make",
            "config_id": "1",
            "parameters": {"database": "ok", "note": "{{runs.made.status}}"},
        },
        {
            "type": "schedule",
            "name": name,
            "workflow": "leak:both",
            "config_id": "1",
            "schedule": f"0 {now.hour} * * *",
            "catch_up": "latest",
            "parameters": WORKFLOW_PARAMETERS,
        },
        {
            "type": "schedule",
            "name": "kept",
            "workflow": "leak:both",
            "config_id": "3",
            "schedule": f"0 {now.hour} * * *",
            "catch_up": "latest",
            "parameters": {**WORKFLOW_PARAMETERS, "second": {"parameters": {"end": "fail"}}},
        },
    ]
    return "\n---\n".join(map(json.dumps, documents))


@pytest.mark.parametrize("end", ["ok", *leaky.ENDS])
def test_runs_and_schedules_that_are_applied_tell_nothing(leaking, end):
    name = "nightly" if end == "ok" else end
    (leaking.folder / "more.yaml").write_text(runs_and_schedules(end=end, name=name))
    for options in ((), ("--json",), ("--markdown",), ("--out", "runs.plan")):
        leaking("plan", *options)
    leaking("apply", "-y", code=0 if end == "ok" else 1)
    for arguments in (("plan", "--refresh"), ("drift",), ("drift", "--json"), ("scheduler", "list"), ("get", "run")):
        leaking(*arguments)
    leaking("scheduler", "trigger", "kept", "-c", "3", "-y")
    leaking("scheduler", "trigger", "kept", "-c", "3", "-y", "--json")
    leaking("scheduler", "trigger", name, "-c", "1", answer="no\n")
    leaking("scheduler", "trigger", name, "-c", "1", "-y")
    leaking.search()


def rewind(world: World) -> None:
    """Let all schedules be due."""
    for ledger in world.folder.rglob("ledgers/*.json"):
        kept = json.loads(ledger.read_text())
        kept["considered"] = (datetime.now(timezone.utc) - timedelta(days=2)).isoformat()
        ledger.write_text(json.dumps(kept))


def test_a_daemon_and_its_processes_tell_nothing(leaking):
    (leaking.folder / "more.yaml").write_text(runs_and_schedules(end="ok", name="nightly"))
    leaking("apply", "-y", code=0)
    rewind(leaking)
    ended = leaking.process("scheduler", "start", "--once")
    assert "failed" in ended.err + ended.out
    ended = leaking.process("scheduler", "list", "--json", code=0)
    assert {each["last"]["status"] for each in ended.json["schedules"]} == {"failed", "succeeded"}
    leaking.search()


# --- what is refused --------------------------------------------------------------------------------------------------


def clients_with_secrets() -> list[str]:
    """Every client that comes with Mason and whose schema has a secret field, and the leaky one."""
    return [name for name in registry.BUILTIN if _secret_fields(registry.schema(name))] + ["leaky"]


def _secret_fields(schema: Mapping[str, Any]) -> list[str]:
    return [name for name, given in schema.get("properties", {}).items() if given.get("secret") is True]


def _filled_in(name: str, value: Callable[[str], Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A configuration of a client with ``value`` in its secret fields, and the engines that it plays."""
    schema = registry.schema(name)
    samples = {"string": "sample", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
    required = {field: schema["properties"][field] for field in schema.get("required", ())}
    given = {field: each.get("examples", [samples[each["type"]]])[0] for field, each in required.items()}
    given |= {field: value(field) for field in _secret_fields(schema)}
    return given, {
        role: name if role in registry.roles(name) else ""
        for role in ("metastore", "storage", "execution", "scheduler")
    }


@pytest.mark.parametrize("client", clients_with_secrets())
def test_secret_fields_take_references_only_and_these_are_what_is_kept(world, canaries, monkeypatch, client):
    (world.folder / "mason.yaml").write_text("name: leaks\nstate: state\n")
    given, roles = _filled_in(client, lambda field: f"{{{{CANARY_{field.upper()}}}}}")
    for field in _secret_fields(registry.schema(client)):
        monkeypatch.setenv(f"CANARY_{field.upper()}", canaries.plant(field, core()))
    (world.folder / "config.yaml").write_text(config("1", client, given, **roles))
    world("plan", "--out", "first.plan", code=0)
    world("apply", "first.plan", code=0)
    for arguments in (("get", "config", "1"), ("state", "show", "config.1"), ("state", "pull"), ("schema", "config")):
        world(*arguments, code=0)
    world.search()
    literal, _ = _filled_in(client, lambda field: canaries.values[field])
    (world.folder / "config.yaml").write_text(config("1", client, literal, **roles))
    for options in ((), ("--json",), ("--markdown",), ("--out", "second.plan")):
        refused = world("plan", *options, code=1)
    for field in _secret_fields(registry.schema(client)):
        assert (
            f"Error: config.yaml:1: a literal value for the secret {field!r} of client {client} would end up in the "
            "state (use {{NAME}})\n"
        ) in refused.err
    world.search(but=("config.yaml",))


CLIENTS = "type: config\nid: 1\nmetastore_engine: leaky\nclients:\n  leaky:\n    configuration:\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            CLIENTS + "      auth:\n        key: CANARY\n",
            "config.yaml:8: a literal value for the secret 'auth.key' of client leaky would end up in the state "
            "(use {{NAME}})",
        ),
        (
            CLIENTS + "      url: https://someone:CANARY@host/\n",
            "config.yaml:7: a password in a URL of client leaky would end up in the state (use {{NAME}} for the whole "
            "URL)",
        ),
        (CLIENTS + "      token: [CANARY\n", ""),
        (CLIENTS + "      token: CANARY: CANARY\n", ""),
        (CLIENTS + '      token: "CANARY\n', ""),
        (CLIENTS + "      token: CANARY\n      token: CANARY\n", ""),
        (CLIENTS + "      token: {{CANARY}}\n", ""),
        (CLIENTS + "      token: &a CANARY\n      pem: *CANARY\n", ""),
        (CLIENTS + "      token: !secret CANARY\n", ""),
        (CLIENTS + "      token: @CANARY\n", ""),
        (CLIENTS + "      token: 'x' CANARY\n", ""),
        (CLIENTS.replace("    configuration", "    configuratoin") + "      token: CANARY\n", ""),
        (CLIENTS.replace("\n    configuration:\n", " {configuration: CANARY}\n"), ""),
        (CLIENTS.replace("\n    configuration:\n", " CANARY\n"), ""),
        (CLIENTS.replace("\n  leaky:\n    configuration:\n", " CANARY\n"), ""),
        (CLIENTS + "      pin: 12CANARY\n      end: [CANARY]\n", ""),
    ],
)
def test_refusals_do_not_quote_what_they_refuse(world, canaries, text, told):
    canary = canaries.plant("literal", core())
    (world.folder / "mason.yaml").write_text("name: leaks\nstate: state\n")
    (world.folder / "config.yaml").write_text(text.replace("CANARY", canary))
    for options in ((), ("--json",), ("--markdown",)):
        refused = world("plan", *options, code=1)
        assert f"Error: {told}" in refused.err
    assert refused.err
    world("-l", "debug", "plan", code=1)
    world.search(but=("config.yaml",))


@pytest.mark.parametrize(
    "state",
    [
        "{url: 's3://bucket/x', secret_key: CANARY}",
        "{url: 's3://bucket/x', secret_key: \"CANARY\\n\"}",
        "{url: 's3://bucket/x', secret_key: [CANARY]}",
        "{url: 's3://someone:CANARY@bucket/x'}",
        "{url: 's3://bucket/x', endpoint_url: 'https://someone:CANARY@host:1/'}",
        "s3://bucket/x?secret_key=CANARY",
        "s3://bucket/x?session_token=CANARY&access_key=CANARY",
        "s3://someone:CANARY@bucket/x",
        "https://someone:CANARY@bucket/x",
        '"file://someone:CANARY@host/x\\x07"',
    ],
)
def test_what_a_state_is_reached_with_is_not_quoted(world, canaries, monkeypatch, state):
    text = state.replace("CANARY", canaries.plant("state", core()))
    (world.folder / "mason.yaml").write_text(f"name: leaks\nstate: {text}\n")
    world("plan", code=1)
    world("plan", "--json", code=1)
    world("-l", "debug", "state", "lock-info", code=1)
    if not text.startswith(("{", '"')):
        (world.folder / "mason.yaml").write_text("name: leaks\n")
        world("--state", text, "plan", code=1)
        monkeypatch.setenv("MASON_STATE", text)
        world("state", "list", code=1)
    world.search(but=("mason.yaml",))


def work_of_secret(value: str) -> dict[str, str]:
    """Files that hold a secret where no secret belongs, and where in the file's one document."""
    parameters = {"first": {"parameters": {"database": "ok"}}, "second": {"parameters": {"end": f"say {value}!"}}}
    run = {"type": "run", "name": "r", "operator": "leak:make", "config_id": "1", "parameters": {"database": value}}
    schedule = {"type": "schedule", "name": "s", "workflow": "leak:both", "config_id": "1", "schedule": "0 1 * * *"}
    operator = {"type": "operator", "namespace": "a", "command": "b", "do": [{"metastore.list_databases": {}}]}
    defaults = [{"name": "o", "default": {"deep": [1, value]}}]
    return {
        "Run r: parameters.database": json.dumps(run),
        "Schedule s: parameters.second.parameters.end": json.dumps({**schedule, "parameters": parameters}),
        "Operator a:b: description": json.dumps({**operator, "description": f"with {value}"}),
        "Operator a:b: parameters.optional[0].default.deep[1]": json.dumps(
            {**operator, "parameters": {"optional": defaults}}
        ),
    }


REFUSED = (
    " holds the value of a secret that a config refers to, which would end up in the state (take it out, and leave it "
    "to the config's {{NAME}})\n"
)


@pytest.mark.parametrize("name", ["token", "pem", "ratio", "outer", "url"])
def test_definitions_that_hold_a_secret_are_refused(leaking, canaries, name):
    before = (leaking.folder / "state" / "state.json").read_bytes()
    for what, text in work_of_secret(canaries.values[name]).items():
        (leaking.folder / "more.yaml").write_text(f"# This is\n{text}")
        for arguments in (("plan", "--json", "--out", "x.plan"), ("apply", "-y", "-o")):
            assert leaking(*arguments, code=1).err == f"Error: more.yaml:2: {what}{REFUSED}"
    (leaking.folder / "more.yaml").unlink()
    source = PYTHON_CLASS.replace('"ok"', repr(canaries.values[name]))
    (leaking.folder / "python" / "__init__.py").write_text(source)
    assert leaking("plan", code=1).err == (
        f"Error: python/operator.yaml:1: Operator leak:python: file __init__.py{REFUSED}"
    )
    assert (leaking.folder / "state" / "state.json").read_bytes() == before
    leaking.search(but=("__init__.py",))


def test_short_words_that_are_secrets_too_are_no_reason_to_refuse(leaking, monkeypatch):
    """`test` is what many emulators take as a key."""
    monkeypatch.setenv("CANARY_TOKEN", "make")
    (leaking.folder / ".env").unlink()
    (leaking.folder / "more.yaml").write_text(work_of_secret("make")["Operator a:b: description"])
    leaking("plan", code=0)


def test_command_lines_that_are_wrong_are_told_without_secrets(leaking, canaries, monkeypatch):
    for name, value in (("deploy", core()), ("private", variety()["pem"])):
        monkeypatch.setenv(f"{name.upper()}_KEY", canaries.plant(name, value))
    for name in ("deploy", "private", "token"):
        value = canaries.values[name]
        for arguments in (
            ("run", "operator", "leak", "table", "-p", "database:", value),
            ("run", "operator", "leak", "table", "--parallelism", value),
            ("run", "operator", "leak", value),
            ("run", "workflow", "leak", value),
            ("apply", "--lock-timeout", value),
            ("plan", f"--{value}"),
            ("plan", "--target", value),
            ("get", "operator", value),
            ("config", value),
            ("runs", "show", value),
            ("state", "show", value),
            ("show", value),
            (value,),
        ):
            leaking(*arguments, code=1)
            leaking(*arguments, "--json")


def test_env_files_that_cannot_be_read_are_not_quoted(leaking, canaries):
    canary = canaries.plant("broken", core())
    for content in (f"TOKEN='{canary}\n".encode(), f"{canary}\n=\n'{canary}".encode(), canary.encode() + b"\xff\n"):
        (leaking.folder / ".env").write_bytes(content)
        leaking("run", "operator", "leak", "table", "-p", "database:ok,note:t", code=1)
        leaking("-l", "debug", "run", "operator", "leak", "table", "-p", "database:ok,note:t", code=1)
    leaking.search()


# --- processes and buckets --------------------------------------------------------------------------------------------

NOSY_CLASS = """\
import json
import os
from pathlib import Path

import mason


class LeakPython(mason.Operator):
    def run(self, ctx):
        told = {"argv": Path("/proc/self/cmdline").read_text().split("\\0"), "names": sorted(os.environ)}
        Path("told.json").write_text(json.dumps(told))
"""


def test_the_process_of_a_schedule_gets_no_secret_that_its_daemon_had_not(leaking):
    (leaking.folder / "python" / "__init__.py").write_text(NOSY_CLASS)
    documents = runs_and_schedules(end="ok", name="nightly").split("\n---\n")
    (leaking.folder / "more.yaml").write_text(documents[-1])
    leaking("apply", "-y", "-o", code=0)
    rewind(leaking)
    leaking.process("scheduler", "start", "--once", code=0)
    told = json.loads((leaking.folder / "told.json").read_text())
    assert "--queued" in told["argv"]
    there = {name for name in told["names"] if name.startswith("CANARY_")}
    assert there == {name for name in os.environ if name.startswith("CANARY_")}
    assert "CANARY_TOKEN" not in there
    leaking.search()


@pytest.mark.xdist_group("moto")
def test_buckets_hold_references(world, canaries, moto, prefix, monkeypatch):
    options = {
        "url": f"s3://{BUCKET}/{prefix}",
        "endpoint_url": moto.endpoint,
        "region": "us-east-1",
        "access_key": "{{S3_ACCESS}}",
        "secret_key": "{{ S3_SECRET }}",
        "session_token": "{{S3_SESSION}}",
    }
    (world.folder / "mason.yaml").write_text(f"name: leaks\nstate: {json.dumps(options)}\n")
    given = {f"S3_{name}": canaries.plant(name, core(32)) for name in ("ACCESS", "SECRET", "SESSION")}
    given["TOKEN"] = canaries.plant("token", variety()["token"])
    (world.folder / ".env").write_text(dotenv(given), "utf-8")
    (world.folder / "config.yaml").write_text(config("1", "leaky", {"token": "{{TOKEN}}"}))
    (world.folder / "operators.yaml").write_text(OPERATORS.partition("---\ntype: workflow")[0])
    (world.folder / "more.yaml").write_text(runs_and_schedules(end="ok", name="nightly").partition("\n---\n")[0])
    world("plan", "--out", "first.plan", code=0)
    world("apply", "first.plan", code=0)
    for end in ("ok", "chain", "other"):
        world("run", "operator", "leak", "make", "-y", "-p", f"database:{end}", code=0 if end == "ok" else 1)
    for arguments in (
        ("plan", "--json"),
        ("state", "pull"),
        ("state", "history"),
        ("state", "lock-info", "--json"),
        ("state", "workspaces"),
        ("runs", "list", "--json"),
        ("get", "--json"),
        ("drift", "--json"),
    ):
        world(*arguments, code=0)
    logged = world.process("-l", "debug", "run", "operator", "leak", "make", "-y", "-p", "database:chain", code=1)
    assert "botocore" in logged.err
    monkeypatch.setenv("S3_SESSION", canaries.plant("other", core(32)))
    (world.folder / "mason.yaml").write_text(
        f"name: leaks\nstate: {json.dumps({**options, 'url': f's3://missing-{core()}/x'})}\n"
    )
    world("plan", code=1)
    nowhere = {**options, "endpoint_url": "http://127.0.0.1:1", "lease": "0.5", "timeout": "0.5"}
    (world.folder / "mason.yaml").write_text(f"name: leaks\nstate: {json.dumps(nowhere)}\n")
    world.process("-l", "debug", "plan", code=1)
    assert in_bucket(moto, prefix, canaries) > 5
    world.search()


def in_bucket(server: S3Server, prefix: str, canaries: Canaries) -> int:
    """Search all objects below a prefix, their names and metadata. Returns how many there are."""
    import boto3

    session = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1")
    client = session.client("s3", endpoint_url=server.endpoint)
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    for each in listed:
        found = client.get_object(Bucket=BUCKET, Key=each["Key"])
        content = found.pop("Body").read() + repr((each["Key"], found)).encode()
        assert not canaries.found_in(content), each["Key"]
    return len(listed)


def test_editors_refuse_what_the_plan_refuses(world):
    """Secrets deep inside, too."""
    import jsonschema_rs

    published = jsonschema_rs.validator_for(world("schema", "config", code=0).json)
    for key, fits in (("{{NAME}}", True), ("literal", False)):
        document = json.loads(config("1", "leaky", {"token": "{{NAME}}", "auth": {"key": key}}).partition("\n---")[0])
        assert published.is_valid(document) is fits
