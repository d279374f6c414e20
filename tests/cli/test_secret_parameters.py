"""Canaries in parameters, in the environment and in URLs: in no output, record, journal or exception."""

from __future__ import annotations

import hashlib
import json

import pytest

CANARY = "qzvkxwjpgtrmhdns"
OPERATOR = """\
type: operator
namespace: db
command: load
parameters:
  required: [{name: password, secret: true}]
  optional: [{name: how, default: return}, {name: pin, type: integer, secret: true}]
"""
CODE = """\
import hashlib, os, sys
import mason

class DbLoad(mason.Operator):
    def run(self, ctx):
        secret = ctx.params["password"]
        how = ctx.params["how"]
        if how == "environment":
            secret = os.environ["SERVICE_TOKEN"]
        elif how == "url":
            secret = "postgresql://ann:%s@db.example.com/x" % ctx.params["password"][::-1]
        elif how == "endpoint":
            secret = os.environ["AWS_ENDPOINT_URL"].partition(":")[2].partition(":")[2].partition("@")[0]
        ctx.info("info " + secret)
        ctx.warn("warning " + secret)
        print("printed", secret)
        print("printed", secret, file=sys.stderr)
        if how == "raise":
            raise ValueError("wrong: " + secret)
        digest = hashlib.sha256(ctx.params["password"].encode()).hexdigest()
        return {"told": secret, secret: 1, "digest": digest, "pin": ctx.params["pin"]}
"""
WORKFLOW = """\
type: workflow
namespace: db
command: all
dag:
  - {id: load, type: operator, namespace: db, command: load}
"""


@pytest.fixture
def world(mason, project, monkeypatch):
    """Calls the command line, and looks for the canary in what was printed and in each file but the .env."""
    folder = project / "operators" / "load"
    folder.mkdir(parents=True)
    (folder / "operator.yaml").write_text(OPERATOR)
    (folder / "__init__.py").write_text(CODE)
    (project / "workflow.yaml").write_text(WORKFLOW)
    monkeypatch.setenv("MASON_HOME", str(project / "home"))
    assert mason("apply", "-y").code == 0

    def call(*arguments, canary=CANARY, **options):
        result = mason(*arguments, **options)
        for told in (result.out, result.err):
            assert canary not in told, told
        for file in project.rglob("*"):
            if file.is_file() and file.name != ".env":
                assert canary.encode() not in file.read_bytes(), file
        return result

    return call


RUN = ("run", "operator", "db", "load", "-y")
FLOW = ("run", "workflow", "db", "all", "-y")


@pytest.mark.parametrize("how", ["return", "raise"])
@pytest.mark.parametrize("json_too", [(), ("--json",), ("-l", "debug")])
def test_a_secret_parameter(world, how, json_too):
    options = json_too if json_too != ("-l", "debug") else ()
    before = json_too if json_too == ("-l", "debug") else ()
    ran = world(*before, *RUN, "-p", f"password:{CANARY},how:{how}", *options)
    assert ran.code == (how == "raise")
    assert "REDACTED" in ran.out + ran.err
    listed = world("runs", "list", "--json").json["runs"]
    shown = world("runs", "show", listed[0]["run_id"], "--json").json
    assert shown["parameters"] in ({"password": "REDACTED", "how": how, "pin": None}, shown["parameters"])
    assert "REDACTED" in json.dumps(shown["parameters"])


def test_a_secret_parameter_of_a_step(world, project):
    (project / "given.json").write_text(
        json.dumps({"load": {"parameters": {"password": "{{DB_PASS}}", "how": "raise"}}})
    )
    (project / ".env").write_text(f"DB_PASS={CANARY}\n")
    failed = world(*FLOW, "-f", "given.json")
    assert failed.code == 1
    assert "wrong: REDACTED" in failed.err
    run = world("runs", "list", "--json").json["runs"][0]["run_id"]
    assert "{{DB_PASS}}" in json.dumps(world("runs", "show", run, "--json").json["parameters"])
    assert world("runs", "resume", run, "-y").code == 1


def test_a_reference_is_looked_up_when_it_runs(world, monkeypatch):
    asked = world(*RUN, "-p", "password:{{DB_PASS}}")
    assert asked.code == 1
    assert "Not set: DB_PASS, wanted by a parameter of Operator db:load." in asked.err
    monkeypatch.setenv("DB_PASS", CANARY)
    (told,) = world(*RUN, "-p", "password:{{DB_PASS}}", "--json").json["Data"]
    assert told["digest"] == hashlib.sha256(CANARY.encode()).hexdigest()
    monkeypatch.setenv("DB_PIN", "40712958")
    (told,) = world(*RUN, "-p", "password:x,pin:{{DB_PIN}}", "--json", canary="40712958").json["Data"]
    assert told["pin"] == "REDACTED"
    monkeypatch.setenv("DB_PIN", "none")
    assert (
        "A secret parameter of Operator db:load must be integer" in world(*RUN, "-p", "password:x,pin:{{DB_PIN}}").err
    )


@pytest.mark.parametrize("how", ["environment", "url", "endpoint"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_the_environment_and_urls_hold(world, monkeypatch, how, options):
    monkeypatch.setenv("SERVICE_TOKEN", CANARY)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://ann:{CANARY}@store.example.com")
    ran = world(*RUN, "-p", f"password:{CANARY[::-1] if how == 'url' else 'x'},how:{how}", *options)
    assert ran.code == 0, ran.err
    assert "REDACTED" in ran.out
    run = world("runs", "list", "--json").json["runs"][0]["run_id"]
    assert world("runs", "show", run).code == 0


def test_a_literal_in_a_run_is_refused(world, project):
    (project / "run.yaml").write_text(
        f"type: run\nname: now\noperator: db:load\nconfig_id: '1'\nparameters: {{password: {CANARY}}}\n"
    )
    refused = world("plan", canary="not looked for")
    assert refused.code == 1
    assert CANARY not in refused.err
    assert "run.yaml:1: Run now: parameters.password holds the value of a secret" in refused.err
    (project / "run.yaml").write_text((project / "run.yaml").read_text().replace(CANARY, "'{{DB_PASS}}'"))
    (project / ".env").write_text(f"DB_PASS={CANARY}\n")
    assert world("apply", "-y").code == 0


def test_a_secret_has_no_default(mason, project):
    (project / "more.yaml").write_text(
        "type: operator\nnamespace: a\ncommand: b\ndo: [{metastore.list_databases: {}}]\n"
        "parameters: {optional: [{name: key, default: abc, secret: true}]}\n"
    )
    assert mason("plan").err == (
        "Error: more.yaml:5: parameters.optional[0] is secret, and a default would be kept in the state (leave it out, "
        "and give {{NAME}} where it is run)\n"
    )


def test_secrets_of_a_definition_are_shown_as_such(world):
    shown = json.loads(world("get", "operator", "db", "load").out)
    assert shown["parameters"]["required"] == [{"name": "password", "secret": True}]
