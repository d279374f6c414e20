"""Checks in the hands of a person: planned as sentences, looked at before anything is published, told afterwards."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mason.clients import registry
from mason.clients._duckdb.execution import DuckDBExecution

CONFIG = """\
type: config
id: "1"
metastore_clients: [local]
storage_clients: [local]
execution_clients: [local]
scheduler_clients: [local]
"""
QUERY = """\
type: operator
namespace: t
command: query
parameters:
  required: [sql]
  optional: [output]
do:
  - metastore.get_table: {database: data, table: t}
    as: table
  - execution.query: {sql: "{{sql}}", table: "{{table}}", output: "{{output}}", overwrite: true}
"""
FLOW = """\
type: workflow
namespace: t
command: flow
dag:
  - {id: first, namespace: t, command: query, retry: constant(1), checks: [{unique: id}]}
  - {id: then, namespace: t, command: query, dependencies: [first]}
"""
RUN = """\
type: run
name: ids
operator: t:query
config_id: "1"
inputs: [data/t.csv]
parameters: {sql: SELECT * FROM $table, output: out/ids.parquet}
checks:
  - unique: id
    description: Each flight once.
  - not_null: n
    severity: warn
  - row_count: {change: -50%..+50%}
"""


@pytest.fixture
def project(mason, folder):
    (folder / "mason.yaml").write_text("name: checks\nstate: .state\n")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "query.yaml").write_text(QUERY)
    (folder / "flow.yaml").write_text(FLOW)
    (folder / "data").mkdir()
    (folder / "data" / "t.csv").write_text("id,n\n1,a\n2,\n")
    assert mason("apply", "-y").code == 0
    return folder


def record(mason):
    return json.loads(mason("runs", "show", "last", "--json").out)


def results(mason):
    """The name, status and message of each check of the last run."""
    return [(each["name"], each["status"], each.get("message", "")) for each in record(mason)["steps"][0]["checks"]]


def outcome(folder):
    return json.loads((folder / ".state" / "state.json").read_text())["resources"]["run.ids"]["outcome"]


def test_a_plan_says_them_as_sentences(mason, project):
    (project / "run.yaml").write_text(RUN)
    planned = mason("plan")
    assert planned.code == 0
    assert planned.out.partition("        Before")[2].partition("\n\n")[0] == (
        " it is published, it is checked that\n"
        "           unique_id: id is unique (null aside) (Each flight once)  [else nothing is published]\n"
        "           not_null_n: n is never null  [else it is warned of]\n"
        "           row_count: their number differs by -50%..+50% from that of the last success"
        "  [else nothing is published]\n"
        "      Sentence 2 writes id BIGINT, n VARCHAR."
    )
    (action,) = json.loads(mason("plan", "--json").out)["actions"]
    assert action["steps"][0]["checks"][1] == {
        "kind": "not_null",
        "name": "not_null_n",
        "columns": ["n"],
        "severity": "warn",
        "says": "n is never null",
    }


def test_what_passes_is_published_and_told(mason, project):
    (project / "run.yaml").write_text(RUN)
    applied = mason("apply", "-y")
    assert applied.code == 0
    assert "Run ids: step_1: Check not_null_n does not hold: 1 row of 2 has no value in n." in applied.err
    assert (project / "out" / "ids.parquet").exists()
    assert results(mason) == [
        ("unique_id", "passed", ""),
        ("not_null_n", "warned", "1 row of 2 has no value in n"),
        ("row_count", "passed", "no earlier success to compare the number of rows with"),
    ]
    assert outcome(project)["rows"] == {"step_1": 2}
    assert "2 passed, 1 warned" in mason("runs", "list").out
    assert mason("plan").out == "No changes.\n"


def test_what_fails_leaves_what_was_there_and_the_next_plan_does_it_again(mason, project):
    (project / "run.yaml").write_text(RUN)
    assert mason("apply", "-y").code == 0
    before = (project / "out" / "ids.parquet").read_bytes()
    (project / "data" / "t.csv").write_text("id,n\n1,a\n1,b\n2,c\n3,d\n")
    applied = mason("apply", "-y")
    assert applied.code == 1
    assert (
        "Run ids failed: step_1: Check unique_id failed: 1 row of 4 repeats the id of another (Each flight once).\n"
        "Check row_count failed: there are 4 rows, and at the last success 2: +100.0%.\n"
        "Nothing was published: what was there before is still there.\n"
    ) in applied.err
    assert (project / "out" / "ids.parquet").read_bytes() == before
    # What the last success had is not forgotten.
    assert (outcome(project)["status"], outcome(project)["rows"]) == ("failed", {"step_1": 2})
    shown = mason("runs", "show", "last").out
    assert "step_1  unique_id   failed  id is unique (null aside)" in shown
    assert 'Rows that fail unique_id:\n  {"id": 1, "rows": 2}\n' in shown
    assert "(it failed last time, as run" in mason("plan").out


def test_a_resumed_run_is_checked_again(mason, project):
    (project / "run.yaml").write_text(RUN)
    (project / "data" / "t.csv").write_text("id,n\n1,a\n1,b\n")
    assert mason("apply", "-y").code == 1
    again = mason("runs", "resume", "last", "-y")
    assert again.code == 1
    assert "unique_id: id is unique (null aside) (Each flight once)  [else nothing is published]" in again.err
    assert not (project / "out").exists()
    (project / "data" / "t.csv").write_text("id,n\n1,a\n2,b\n")
    assert mason("runs", "resume", "last", "-y").code == 0
    assert [status for _, status, _ in results(mason)] == ["passed", "passed", "passed"]
    assert outcome(project)["rows"] == {"step_1": 2}


def test_other_checks_make_another_run(mason, project):
    (project / "run.yaml").write_text(RUN)
    assert mason("apply", "-y").code == 0
    (project / "run.yaml").write_text(RUN.replace("-50%..+50%", "-10%..+50%"))
    assert "> run.ids  run.yaml:1  (its checks changed)" in mason("plan").out


def flow(mason, *more, sql="SELECT * FROM $table"):
    given = {"sql": sql, "output": "out/a.csv"}
    pairs = [
        pair
        for step in ("first", "then")
        for name, value in given.items()
        for pair in ("-p", f"{step}.{name}:'{value}'")
    ]
    return mason("run", "workflow", "t", "flow", "-c", "1", "-y", *pairs, *more)  # fmt: skip


def test_a_step_that_fails_its_checks_stops_what_comes_after_it(mason, project):
    ran = flow(mason, sql="SELECT 1 AS id UNION ALL SELECT 1")
    assert ran.code == 1
    assert "first: failed" in ran.err
    # The same rows would fail again, so it is not retried.
    assert [(each["step"], each["status"], each["attempts"]) for each in record(mason)["steps"]] == [
        ("first", "failed", 1),
        ("then", "upstream_failed", 0),
    ]
    assert not (project / "out").exists()


def test_a_run_of_no_resource_is_compared_with_the_last_that_was_given_the_same(mason, project):
    (project / "flow.yaml").write_text(FLOW.replace("unique: id", "row_count: {change: 0%..0%}"))
    assert mason("apply", "-y", "-o").code == 0
    assert flow(mason).code == 0
    assert flow(mason, sql="SELECT 1 AS id").code == 0
    (project / "data" / "t.csv").write_text("id,n\n1,a\n2,b\n3,c\n")
    assert flow(mason).code == 1
    assert results(mason) == [("row_count", "failed", "there are 3 rows, and at the last success 2: +50.0%")]
    assert flow(mason, sql="SELECT 1 AS id").code == 0


def test_all_faults_are_told_with_their_lines(mason, project):
    (project / "run.yaml").write_text(
        RUN + "  - {sql: DROP TABLE t}\n  - {unique: [a, A]}\n  - {not_nul: a}\n  - {unique: a, severity: maybe}\n"
    )
    planned = mason("plan")
    assert planned.code == 1
    assert planned.err == (
        "Error: run.yaml:13: checks[3].sql must be one SELECT statement, but it is DROP "
        "(write one SELECT that gives the rows that are wrong)\n"
        "Error: run.yaml:14: checks[4].unique names A twice (remove one of them)\n"
        "Error: run.yaml:15: unknown key 'not_nul' in checks[5] (did you mean 'not_null'?)\n"
        "Error: run.yaml:16: checks[6].severity must be fail or warn, but it is the text 'maybe'\n"
        "4 errors.\n"
    )


def test_checks_of_what_writes_nothing_are_refused_at_their_line(mason, project):
    (project / "run.yaml").write_text(RUN.replace(", output: out/ids.parquet", ""))
    planned = mason("plan")
    assert (planned.code, planned.err) == (
        1,
        "Error: run.yaml:12: Run ids: there is nothing to check: it writes no table "
        "(give it an output, or take its checks away)\n",
    )


def test_an_operator_in_python_is_held_to_its_checks(mason, project):
    (project / "own").mkdir()
    (project / "own" / "operator.yaml").write_text(
        "type: operator\nnamespace: t\ncommand: own\nparameters: {required: [{name: outputs, type: array}]}\n"
    )
    (project / "own" / "__init__.py").write_text(
        "import mason\n\n\nclass TOwn(mason.Operator):\n    def run(self, ctx):\n"
        "        for output in ctx.params['outputs']:\n"
        "            job = ctx.execution.query('SELECT 1 AS id UNION ALL SELECT 2', output=output, overwrite=True)\n"
        "        return job\n"
    )
    run = "type: run\nname: own\noperator: t:own\nconfig_id: '1'\nparameters: {outputs: [%s]}\nchecks: [%s]\n"
    (project / "run.yaml").write_text(run % ("out/a.csv", "{unique: id}"))
    assert mason("apply", "-y", "-o").code == 0
    (project / "run.yaml").write_text(run % ("out/a.csv", "row_count: {max: 1}"))
    assert "Check row_count failed: there are 2 rows, more than 1." in mason("apply", "-y").err
    (project / "run.yaml").write_text(run % ("out/a.csv, out/b.csv", "{unique: id}"))
    assert "The checks of this step are those of one output, and it has written one." in mason("apply", "-y").err
    assert not (project / "out" / "b.csv").exists()


def test_checks_that_mean_nothing_for_what_a_query_will_write_are_refused_at_their_lines(mason, project):
    (project / "run.yaml").write_text(
        RUN.replace("not_null: n", "not_null: nn") + "  - sql: SELECT * FROM $table WHERE x\n"
    )
    planned = mason("plan")
    assert planned.code == 1
    assert [line.partition(' "x"')[0] for line in planned.err.splitlines()] == [
        "Error: run.yaml:10: Run ids: check not_null_nn: there is no column nn in the output (did you mean 'n'?)",
        "Error: run.yaml:13: Run ids: check sql: its query cannot be asked: Line 1, column 28: DuckDB refuses this: "
        "Referenced column",
        "2 errors.",
    ]  # fmt: skip


def test_a_plan_says_which_columns_changed_and_what_that_means(mason, project):
    (project / "run.yaml").write_text(RUN.replace("SELECT * FROM $table", "'SELECT id, upper(n) AS n FROM $table'"))
    assert "      Sentence 2 writes id BIGINT, n VARCHAR.\n" in mason("plan").out
    assert mason("apply", "-y").code == 0
    assert outcome(project)["columns"] == {"data/t.csv": {"id": "BIGINT", "n": "VARCHAR"}}
    (project / "data" / "t.csv").write_text("id,m\n1.5,a\n2,b\n")
    planned = mason("plan")
    assert (
        "      Columns of data/t.csv changed since the last success: + m VARCHAR, id BIGINT -> DOUBLE, - n VARCHAR.\n"
        "      Sentence 2 reads id, n of data/t.csv, which changed.\n"
    ) in planned.out
    assert "Warning: run.ids: sentence 2 will fail: Line 1, column 18: DuckDB refuses this: " in planned.out
    (action,) = json.loads(mason("plan", "--json").out)["actions"]
    assert action["notes"][1:] == ["sentence 2 reads id, n of data/t.csv, which changed"]
    # A failed attempt does not forget what the last success read.
    assert mason("apply", "-y").code == 1
    assert "Columns of data/t.csv changed since the last success" in mason("plan").out


def test_a_plan_starts_no_engine_to_look_ahead(mason, project, monkeypatch):
    (project / "run.yaml").write_text(RUN)
    capabilities = registry.capabilities

    def starting(name):
        return {role: replace(each, starts_engine=role == "metastore") for role, each in capabilities(name).items()}

    assert "Sentence 2 writes id BIGINT, n VARCHAR.\n" in mason("plan").out
    monkeypatch.setattr(registry, "capabilities", starting)
    assert "Sentence 2 writes" not in mason("plan").out


def test_a_plan_asks_no_query_of_a_run(mason, project, monkeypatch):
    asked = []
    monkeypatch.setattr(DuckDBExecution, "query", lambda *given, **more: asked.append((given, more)))
    (project / "query.yaml").write_text(
        QUERY.replace("do:\n", "do:\n  - execution.query: {sql: SELECT 1 AS x}\n    as: rows\n")
    )
    (project / "run.yaml").write_text(RUN)
    assert "Sentence 3 writes id BIGINT, n VARCHAR.\n" in mason("plan").out
    assert asked == []


def test_who_is_asked_is_told_what_will_be_written(mason, project):
    given = ("-p", "sql:'SELECT id AS x FROM $table',output:out/o.csv", "-c", "1")
    asked = mason("run", "operator", "t", "query", *given, answer="no\n")
    assert "\nSentence 2 writes x BIGINT.\n" in asked.err
    assert not (project / "out").exists()


def test_so_is_who_runs_an_operator_that_is_made_of_others(mason, project):
    (project / "made.yaml").write_text(
        "type: operator\nnamespace: t\ncommand: table\n"
        "do:\n  - metastore.get_table: {database: data, table: t}\n---\n"
        "type: operator\nnamespace: t\ncommand: made\ndo:\n  - operator.t.table: {}\n    as: found\n"
        "  - execution.query: {sql: SELECT id AS y FROM $table, table: '{{found}}', output: out/o.csv}\n"
    )
    assert mason("apply", "-y").code == 0
    asked = mason("run", "operator", "t", "made", "-c", "1", answer="no\n")
    assert "\nSentence 2 writes y BIGINT.\n" in asked.err


def test_what_was_published_is_looked_at_once_more(mason, project):
    (project / "run.yaml").write_text(RUN)
    assert mason("check").out == "No run that was applied has checks.\n"
    assert mason("apply", "-y").code == 0
    looked = mason("check", "ids")
    assert (looked.code, looked.out.splitlines()[0]) == (0, "run.ids, step step_1, at out/ids.parquet")
    assert [line.split()[1:3] for line in looked.out.splitlines()[2:5]] == [
        ["unique_id", "passed"],
        ["not_null_n", "warned"],
        ["row_count", "passed"],
    ]
    table = "SELECT unnest([1, 1, 2, 3, 4]) AS id, NULL::VARCHAR AS n"
    given = json.dumps({"sql": table, "output": "out/ids.parquet"})
    assert mason("run", "operator", "t", "query", "-p", given, "-c", "1", "-y").code == 0
    looked = mason("check", "run.ids", "--json")
    assert looked.code == 1
    (found,) = looked.json["checked"]
    assert (found["holds"], found["output"], found["why"]) == (False, "out/ids.parquet", "")
    assert [(each["name"], each["status"], each.get("failing")) for each in found["checks"]] == [
        ("unique_id", "failed", 1),
        ("not_null_n", "warned", 5),
        ("row_count", "failed", None),
    ]  # fmt: skip
    (project / "out" / "ids.parquet").write_bytes(b"")
    assert mason("check", "run.ids", "--json").json["checked"][0]["why"] == (
        "The table has no columns, because its files are empty."
    )
    (project / "out" / "ids.parquet").unlink()
    looked = mason("check")
    assert looked.code == 1
    assert "could not be checked: " in looked.out


def test_a_run_that_cannot_be_made_ready_is_not_passed_over(mason, project):
    (project / "outer.yaml").write_text(
        "type: workflow\nnamespace: t\ncommand: outer\ndag:\n"
        "  - {id: all, type: workflow, namespace: t, command: flow}\n"
    )
    given = {
        step: {"parameters": {"sql": "SELECT * FROM $table", "output": f"out/{step}.csv"}} for step in ("first", "then")
    }
    run = {"type": "run", "name": "flows", "workflow": "t:outer", "config_id": "1"}
    (project / "run.yaml").write_text(json.dumps({**run, "parameters": {"all": {"parameters": given}}}))
    assert mason("apply", "-y").code == 0
    assert mason("check").code == 0
    # Of the step whose checks these are.
    (project / "flow.yaml").write_text(FLOW.replace("t, command: query, retry", "t, command: raw, retry"))
    (project / "raw.yaml").write_text(QUERY.replace("command: query", "command: raw").replace("[sql]", "[sql, more]"))
    assert mason("apply", "--target", "workflow.t.flow", "--target", "operator.t.raw", "-y", "-o").code == 0
    looked = mason("check")
    assert (looked.code, looked.out.splitlines()[0]) == (1, "run.flows")
    assert looked.out.splitlines()[1].startswith("could not be checked: ")


def test_checks_of_nothing_are_asked_for_by_no_name(mason, project):
    (project / "run.yaml").write_text(RUN.partition("checks:")[0])
    assert mason("apply", "-y").code == 0
    assert mason("check", "idz").err == "Error: There is no run.idz in the state (did you mean 'run.ids'?).\n"
    assert mason("check", "ids").err == (
        "Error: run.ids has no checks. Write some below checks: in it, or at a step of its workflow.\n"
    )


def test_rows_that_fail_show_no_secret(mason, project, monkeypatch):
    """Not in print, the history, the journal or the state; values that are none are shown."""
    monkeypatch.setenv("MASON_HOME", str(project / "home"))
    monkeypatch.setenv("TOKEN", "qzvkxwjpgtrmhdns")
    (project / "secret.yaml").write_text(
        "type: operator\nnamespace: t\ncommand: secret\n"
        "parameters: {required: [{name: token, secret: true}, output]}\n"
        "do:\n  - execution.query: {sql: \"SELECT '{{token}}' AS t, 7 AS n\", output: '{{output}}'}\n"
    )
    (project / "run.yaml").write_text(
        "type: run\nname: secret\noperator: t:secret\nconfig_id: '1'\n"
        "parameters: {token: '{{TOKEN}}', output: out/o.csv}\nchecks: [sql: SELECT * FROM $table]\n"
    )
    applied = mason("apply", "-y", "-o")
    assert applied.code == 1
    assert "Check sql failed: its query gives 1 row." in applied.err
    shown = mason("runs", "show", "last").out
    assert '{"t": "REDACTED", "n": 7}' in shown
    kept = [each for each in project.rglob("*") if each.is_file()]
    assert [each.name for each in kept if b"qzvkxwjpgtrmhdns" in each.read_bytes()] == []
    assert "qzvkxwjpgtrmhdns" not in applied.out + applied.err + shown
