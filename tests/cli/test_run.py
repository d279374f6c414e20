"""Runs: parameters, dry runs, confirmation, Python operators and what they may not do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.waiting import read_until

PARAMETERS = ("-p", "database_name:data,table_name:airlines")


@pytest.fixture
def applied(mason, project):
    """The small project, applied; writes and applies further operators written in Python."""

    def python(body: str, *, command: str = "go", top: str = "", more: str = "") -> None:
        folder = project / "operators" / command
        folder.mkdir(parents=True)
        (folder / "operator.yaml").write_text(f"type: operator\nnamespace: py\ncommand: {command}\n{more}")
        lines = "".join(f"        {line}\n" for line in body.splitlines())
        source = (
            f"import mason\n{top}\nclass Py{command.capitalize()}(mason.Operator):\n    def run(self, ctx):\n{lines}"
        )
        (folder / "__init__.py").write_text(source)
        result = mason("apply", "-y", "-o")
        assert result.code == 0, result.err

    mason("apply", "-y")
    return python


def test_a_read_only_run_asks_nobody(mason, project, applied):
    result = mason("run", "operator", "table", "get", *PARAMETERS, "--json")
    assert result.code == 0
    assert result.err == (
        "Operator table:get with config 1 would:\n"
        "  1. for local as metastore do get_table(database='data', table='airlines')  [read-only]\n"
    )
    assert result.json["Data"][0]["columns"] == [
        {"name": "carrier", "type": "VARCHAR"},
        {"name": "name", "type": "VARCHAR"},
    ]
    assert set(result.json) == {"Data"}


def test_validate_calls_nothing(mason, project, applied):
    result = mason("validate", "operator", "table", "get", "-p", "database_name:no,table_name:such")
    assert result.code == 0
    assert result.out == (
        "Operator table:get with config 1 would:\n"
        "  1. for local as metastore do get_table(database='no', table='such')  [read-only]\n"
        "\n"
        "Valid: operator table:get can run with config 1.\n"
    )
    document = mason("validate", "operator", "table", "get", *PARAMETERS, "--json").json
    assert document["read_only"] is True
    assert document["calls"] == [
        {
            "client": "local",
            "engine": "metastore",
            "verb": "get_table",
            "arguments": {"database": "data", "table": "airlines"},
            "read_only": True,
        }
    ]


def test_all_faulty_parameters_are_named_at_once(mason, project, applied):
    result = mason("run", "operator", "table", "get", "-p", "tabel_name:x")
    assert result.code == 1
    assert result.out == ""
    assert result.err.splitlines() == [
        "Error: Required parameter not specified: database_name",
        "Error: Required parameter not specified: table_name",
        "Error: Unknown parameter: tabel_name (did you mean table_name?)",
        "3 errors.",
    ]


def test_parameters_come_from_a_file_and_the_option_wins(mason, project, applied):
    (project / "given.yaml").write_text("database_name: data\ntable_name: wrong\n")
    assert mason("run", "operator", "table", "get", "-f", "given.yaml", "-p", "table_name:airlines").code == 0
    (project / "given.json").write_text('{"database_name": "data", "table_name": "airlines"}')
    assert mason("run", "operator", "table", "get", "-f", "given.json").code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "given.yaml:2: "),
        ("- a", "given.yaml:1: "),
        ("a: 1\na: 2", "given.yaml:2: "),
        ("", "given.yaml: the parameter file is empty (write name: value lines, or leave it out)\n"),
    ],
)
def test_a_faulty_parameter_file_is_named_with_its_line(mason, project, applied, text, message):
    (project / "given.yaml").write_text(text)
    assert mason("run", "operator", "table", "get", "-f", "given.yaml").err.startswith(f"Error: {message}")
    assert mason("run", "operator", "table", "get", "-f", "none.yaml").err == (
        "Error: none.yaml: the parameter file cannot be read: no such file or directory\n"
    )


def test_faults_of_file_pairs_and_operator_are_told_together(mason, project, applied):
    (project / "given.yaml").write_text("a: 1\na: 2")
    result = mason("run", "operator", "table", "get", "-f", "given.yaml", "-p", "x:1", "-p", "nothing")
    lines = result.err.splitlines()
    assert lines[:2] == [
        "Error: Malformed parameter: 'nothing' (write key:value)",
        "Error: Unknown parameter: x (operator table:get takes: database_name, table_name)",
    ]
    assert lines[2].startswith("Error: given.yaml:2: ")
    assert lines[3:] == ["3 errors."]


def test_a_failing_engine_is_told_in_the_answer_and_last(mason, project, applied):
    result = mason("run", "operator", "table", "get", "-p", "database_name:data,table_name:airlimes")
    assert result.code == 1
    assert result.json == {"Errors": ["Table airlimes not found in database data. Did you mean airlines?"]}
    assert result.err.splitlines()[-1] == "Error: Table airlimes not found in database data. Did you mean airlines?"


DELETE = """\
type: operator
namespace: table
command: delete
parameters: {required: [table_name]}
do:
  - metastore.delete_table: {database: data, table: "{{table_name}}", delete_files: true}
"""


def test_what_changes_things_is_asked_for(mason, project, applied):
    (project / "delete.yaml").write_text(DELETE)
    mason("apply", "-y")
    refused = mason("run", "operator", "table", "delete", "-p", "table_name:airlines", answer="no\n")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.splitlines()[-1] == "Error: Not confirmed, so nothing was done."
    assert (project / "data" / "airlines.csv").exists()
    done = mason("run", "operator", "table", "delete", "-p", "table_name:airlines", answer="yes\n")
    assert (done.code, (project / "data" / "airlines.csv").exists()) == (0, False)


def test_a_python_operator_answers(mason, project, applied):
    applied("ctx.info('hello')\nctx.warn('careful')\nreturn ctx.metastore.get_table('data', 'airlines')")
    result = mason("run", "operator", "py", "go", "--json", "-y")
    assert result.code == 0, result.err
    assert list(result.json) == ["Warnings", "Info", "Data"]
    assert result.json["Info"] == ["hello"]
    assert "  1. for local as metastore do get_table(...)  [read-only]\n" in result.err


@pytest.mark.parametrize(
    ("returned", "data"),
    [
        ("None", None),
        ("{'a': 1}", [{"a": 1}]),
        ("[{'a': 1}, {'a': 2}]", [{"a": 1}, {"a": 2}]),
        ("5", [5]),
        ("'text'", ["text"]),
        ("b'bytes'", ["bytes"]),
        (
            "mason.Rows(mason.Schema((mason.Column('x', 'INT'), mason.Column('x', 'INT'))), [(1, 2)])",
            [{"x": 1, "x_1": 2}],
        ),
    ],
)
def test_what_a_python_operator_may_return(mason, project, applied, returned, data):
    applied(f"return {returned}")
    result = mason("run", "operator", "py", "go", "--json", "-y")
    assert result.code == 0, result.err
    assert result.json.get("Data") == data


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1 / 0", "Operator py:go raised ZeroDivisionError: division by zero (__init__.py:5)"),
        ("raise GeneratorExit('odd')", "Operator py:go raised GeneratorExit: odd (__init__.py:5)"),
        (
            "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
            "Operator py:go raised Mute (__init__.py:7)",
        ),
        (
            "from mason.errors import EngineError\nraise EngineError('')",
            "Operator py:go failed: EngineError",
        ),
        ("raise SystemExit(3)", "Operator py:go raised SystemExit: 3 (__init__.py:5)"),
        ("return object()", "Operator py:go returned an object that cannot be shown"),
        ("return float('nan')", "Operator py:go returned a float that cannot be shown"),
        (
            "return [{1: 'a', '1': 'b'}]",
            "Operator py:go returned a list that cannot be shown "
            "(two of its keys are '1' as text, which is what keys are in JSON). ",
        ),
    ],
)
def test_a_python_operator_that_fails_is_an_answer_without_traceback(mason, project, applied, body, message):
    applied(body)
    result = mason("run", "operator", "py", "go", answer="yes\n")
    assert result.code == 1
    assert result.json["Errors"][0].startswith(message)
    assert "Traceback" not in result.err


def test_what_a_python_operator_prints_stays_out_of_the_answer(mason, project, applied):
    applied("print('noise')\nreturn 1")
    result = mason("run", "operator", "py", "go", "--json", "-y")
    assert result.json == {"Data": [1]}
    assert "noise" in result.err


@pytest.mark.parametrize(
    "gone", ["sys.stdout.close()", "sys.stdout.detach()", "sys.stdout.buffer.close()", "os.close(1)"]
)
def test_a_python_operator_that_closes_its_stdout_still_answers(project, applied, gone):
    """In a process of its own, whose stdout is a real one."""
    applied(f"print('noise', flush=True)\n{gone}\nreturn 1", top="import os, sys")
    command = [sys.executable, "-m", "mason", "run", "operator", "py", "go", "--json", "-y"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"Data": [1]})
    assert "noise\n" in done.stderr


FORK = """\
child = os.fork()
if child == 0:
    print('from the child')
    {}
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
from .numbers import ANSWER
return [status, ANSWER]"""


@pytest.mark.parametrize(
    ("ending", "status"),
    [("return 'child'", 0), ("sys.exit(3)", 3), ("sys.exit('no')", 1), ("sys.exit()", 0), ("raise ValueError", 1)],
)
def test_a_process_that_a_python_operator_forks_gives_no_answer_of_its_own(project, applied, ending, status):
    (project / "operators" / "fork").mkdir(parents=True)
    (project / "operators" / "fork" / "numbers.py").write_text("ANSWER = 42\n")
    (project / "operators" / "fork").rename(project / "operators" / "kept")
    applied(FORK.format(ending), top="import os, sys")
    (project / "operators" / "kept" / "numbers.py").rename(project / "operators" / "go" / "numbers.py")
    command = [sys.executable, "-m", "mason"]
    subprocess.run([*command, "apply", "-y", "-o"], capture_output=True, check=True)
    done = subprocess.run(
        [*command, "run", "operator", "py", "go", "--json", "-y"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, json.loads(done.stdout)) == (0, {"Data": [status, 42]})
    assert done.stderr.endswith("from the child\n")
    assert len(list((project / "state" / "runs").iterdir())) == 1


def test_what_a_python_operator_says_is_text(mason, project, applied):
    applied("ctx.info('half \\ud800')\nreturn 1")
    result = mason("run", "operator", "py", "go", "--json", "-y")
    assert result.json == {"Info": ["half \\ud800"], "Data": [1]}


@pytest.mark.parametrize("level", ["info", "debug"])
def test_the_log_tells_each_call_without_its_values(project, applied, level):
    command = [sys.executable, "-m", "mason", "-l", level, "run", "operator", "table", "get", *PARAMETERS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = "for local as metastore do get_table(database=..., table=...)"
    assert f"\nINFO mason: {said}\n" in done.stderr
    took = re.findall(rf"\nDEBUG mason: {re.escape(said)} took \d+\.\d{{3}} seconds\n", done.stderr)
    assert len(took) == (1 if level == "debug" else 0)


def test_ctrl_c_is_told_as_json_where_json_was_asked_for(project, applied):
    applied("import time\nprint('sleeping', flush=True)\ntime.sleep(60)")
    command = [sys.executable, "-m", "mason", "run", "operator", "py", "go", "-y", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        read_until(process.stderr, "sleeping\n")
        process.send_signal(signal.SIGINT)
        fault = {"file": "", "line": 0, "message": "Interrupted.", "remedy": ""}
        assert json.loads(process.stdout.read()) == {
            "format_version": "1.0",
            "error": "CancelledError",
            "errors": [fault],
        }
    assert process.returncode == 130


def test_a_python_operator_may_use_its_own_files(mason, project, applied):
    (project / "operators" / "go").mkdir(parents=True)
    (project / "operators" / "go" / "numbers.py").write_text("ANSWER = 42\n")
    (project / "operators" / "go").rename(project / "operators" / "kept")
    applied("from .numbers import ANSWER\nreturn ANSWER", command="stop")
    (project / "operators" / "kept" / "numbers.py").rename(project / "operators" / "stop" / "numbers.py")
    assert mason("apply", "-y", "-o").code == 0
    (project / "operators" / "stop" / "numbers.py").unlink()
    assert mason("run", "operator", "py", "stop", "-y").json == {"Data": [42]}


def test_a_verb_that_the_dry_run_did_not_show_is_refused(mason, project, applied):
    applied("engine = type(ctx).__dict__['storage'].fget(ctx)\nreturn getattr(engine, 'wri' + 'te')('x.txt', 'text')")
    shown = mason("validate", "operator", "py", "go", "--json").json
    result = mason("run", "operator", "py", "go", answer="no\n")
    assert shown["certain"] is False
    assert result.code == 1
    assert not (project / "x.txt").exists()


def test_a_changing_argument_in_disguise_is_refused(mason, project, applied):
    applied(
        "table = ctx.metastore.get_table('data', 'airlines')\nreturn ctx.execution.query('SELECT 1', table, 'out.csv')"
    )
    result = mason("run", "operator", "py", "go", "-y")
    assert result.code == 1
    assert result.json["Errors"] == [
        "The operator asked for execution.query, which changes things and was not in the dry run. It was not called."
    ]
    assert not (project / "out.csv").exists()


def test_a_changing_argument_in_the_open_is_asked_for(mason, project, applied):
    applied(
        "table = ctx.metastore.get_table('data', 'airlines')\n"
        "return ctx.execution.query('SELECT * FROM $table', table=table, output='out.csv')"
    )
    assert mason("run", "operator", "py", "go", answer="no\n").code == 1
    assert not (project / "out.csv").exists()
    result = mason("run", "operator", "py", "go", answer="yes\n")
    assert result.code == 0, result.err
    assert (project / "out.csv").read_text() == "carrier,name\nAA,American\nUA,United\n"


def test_a_source_that_was_tampered_with_does_not_run(mason, project, applied):
    applied("return 1")
    source = next((project / "state" / "sources" / "sha256").iterdir())
    source.chmod(0o600)
    source.write_text(source.read_text().replace("return 1", "return 2"))
    result = mason("run", "operator", "py", "go")
    assert result.code == 1
    assert result.out == ""


def test_a_definition_that_was_edited_in_the_state_does_not_run(mason, project, applied):
    file = project / "state" / "state.json"
    edited = file.read_text().replace('"metastore.get_table"', '"metastore.delete_table"')
    file.write_text(edited)
    assert mason("run", "operator", "table", "get", *PARAMETERS, "-y").err == (
        "Error: operator.table.get was edited in the state (serial 1): it is not what was applied. "
        "See what differs with: mason plan. Put back what the files say with: mason apply\n"
    )


def test_every_run_leaves_a_record(mason, project, applied):
    mason("run", "operator", "table", "get", *PARAMETERS)
    mason("run", "operator", "table", "get", "-p", "database_name:data,table_name:none")
    records = [json.loads(file.read_text()) for file in sorted((project / "state" / "runs").iterdir())]
    assert sorted(record["status"] for record in records) == ["failed", "succeeded"]
    assert {record["address"] for record in records} == {"operator.table.get"}
    assert all(record["serial"] == 1 for record in records)


def test_a_run_that_is_killed_or_interrupted_leaves_a_record_that_says_so(project, applied):
    applied("import time\nprint('sleeping', flush=True)\ntime.sleep(60)")
    ended = {}
    for number in (signal.SIGINT, signal.SIGKILL):
        command = [sys.executable, "-m", "mason", "run", "operator", "py", "go", "-y"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
        with process:
            read_until(process.stderr, "sleeping\n")
            process.send_signal(number)
            assert process.stdout.read() == ""
        ended[number] = process.returncode
    assert ended == {signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}
    records = [json.loads(file.read_text()) for file in sorted((project / "state" / "runs").iterdir())]
    assert [(record["status"], record["errors"]) for record in records] == [
        ("interrupted", ["Interrupted."]),
        ("running", []),
    ]
    assert (records[0]["finished_at"] != "", records[1]["finished_at"]) == (True, "")


def test_an_answer_is_told_even_when_its_record_cannot_be_kept(mason, project, applied):
    (project / "state" / "runs").write_text("in the way")
    result = mason("run", "operator", "table", "get", *PARAMETERS, "--json")
    assert result.code == 0, result.err
    assert list(result.json) == ["Warnings", "Data"]
    assert result.json["Warnings"][0].startswith("The record of this run could not be kept: ")


def test_what_a_person_gives_cannot_be_changed_by_the_operator(mason, project, applied):
    applied("ctx.params['a'] = 1")
    assert mason("run", "operator", "py", "go", "-y").json["Errors"] == [
        "Operator py:go raised TypeError: 'mappingproxy' object does not support item assignment (__init__.py:5)"
    ]


QUERY = """\
type: operator
namespace: table
command: ask
parameters: {required: [sql], optional: [db, limit]}
do:
  - metastore.list_tables: {database: "{{db}}"}
  - execution.query: {sql: "{{sql}}", limit: "{{limit}}"}
"""


def test_arguments_that_a_verb_cannot_take_are_refused_in_the_dry_run(mason, project, applied):
    (project / "ask.yaml").write_text(QUERY)
    mason("apply", "-y")
    for command in ("validate", "run"):
        result = mason(command, "operator", "table", "ask", "-p", "sql:SELECT 1,limit:abc")
        assert (result.code, result.out) == (1, "")
        assert result.err.splitlines() == [
            "Error: execution.query needs a whole number for 'limit', not 'abc' ({{limit}})",
            "Error: metastore.list_tables needs 'database', but parameter db was not given",
            "2 errors.",
        ]


def test_rows_that_were_cut_are_told(mason, project, applied):
    (project / "ask.yaml").write_text(QUERY)
    mason("apply", "-y")
    given = ("run", "operator", "table", "ask", "-p", "db:data,sql:SELECT * FROM range(5)", "--json")
    cut = mason(*given, "-p", "limit:2")
    assert cut.json["Info"] == ["Showing the first 2 rows; there are more (raise limit)."]
    assert [len(mason(*given, "-p", f"limit:{limit}").json["Data"]) for limit in (4, 5)] == [4, 5]
    assert "Info" not in mason(*given, "-p", "limit:5").json


def test_the_word_false_does_not_switch_on_what_it_says(mason, project, applied, monkeypatch):
    monkeypatch.setenv("FLAG", "false")
    (project / "two.yaml").write_text(
        "type: config\nid: 2\nstorage_engine: local\n"
        "clients: {local: {configuration: {root: data, allow_outside_root: '{{FLAG}}'}}}\n"
    )
    (project / "read.yaml").write_text(
        "type: operator\nnamespace: file\ncommand: read\ndo:\n  - storage.read: {path: ../config.yaml}\n"
    )
    mason("apply", "-y")
    refused = mason("run", "operator", "file", "read", "-c", "2")
    assert (refused.code, list(refused.json)) == (1, ["Errors"])
    monkeypatch.setenv("FLAG", "hush-hush")
    assert mason("run", "operator", "file", "read", "-c", "2").json["Errors"] == [
        "In the configuration of client local of config 2, "
        "allow_outside_root must be true or false, but the value of {{FLAG}} does not fit."
    ]
    monkeypatch.setenv("FLAG", "true")
    assert mason("run", "operator", "file", "read", "-c", "2").code == 0


def test_configs_are_chosen_by_option_then_by_person(mason, project, applied):
    (project / "two.yaml").write_text("type: config\nid: 2\nmetastore_engine: memory\n")
    mason("apply", "-y")
    assert mason("run", "operator", "table", "get", *PARAMETERS).err == (
        "Error: There are several configs (1, 2) and none is current. "
        "Name one with -c ID, or choose it for good with: mason config ID -s\n"
    )
    assert mason("run", "operator", "table", "get", *PARAMETERS, "-c", "1").code == 0
    mason("config", "2", "-s")
    assert "Operator table:get with config 2 would:" in mason("run", "operator", "table", "get", *PARAMETERS).err
    assert mason("run", "operator", "table", "get", *PARAMETERS, "-c", "9").err == (
        "Error: There is no config 9 in the state. See what there is with: mason get\n"
    )


def test_a_config_that_cannot_run_the_operator_is_refused_before_any_call(mason, project, applied):
    (project / "two.yaml").write_text("type: config\nid: 2\nstorage_engine: local\n")
    mason("apply", "-y")
    assert mason("validate", "operator", "table", "get", *PARAMETERS, "-c", "2").err == (
        "Error: Configuration 2 not supported by configured engines for operator table:get. "
        "No client is configured for metastore. "
        "Check operator.yaml for supported engine configurations.\n"
    )


LEAK = """\
type: operator
namespace: py
command: leak
parameters: {optional: [path, deep, {name: number, type: integer}]}
do:
  - storage.exists: {path: "{{path}}"}
  - storage.read: {path: "{{path}}"}
"""


def test_secrets_stay_unseen_wherever_they_go(mason, project, applied, monkeypatch, tmp_path):
    """A canary in a secret field: resolved, used, and found nowhere that anything was written or printed."""
    canary = "canary-ab\\cd'\"é-yranac"
    monkeypatch.setenv("CANARY", canary)
    (project / "two.yaml").write_text(
        "type: config\nid: 2\nmetastore_engine: memory\nstorage_engine: memory\n"
        "clients: {memory: {configuration: {token: '{{CANARY}}'}}}\n"
    )
    applied(
        "engine = ctx.metastore.list_databases()\n"
        "import logging, os\n"
        "token = os.environ['CANARY']\n"
        "ctx.info('token ' + token)\n"
        "print('printed', token, repr(token))\n"
        "logging.getLogger('some.library').error('logged %r', [token])\n"
        "raise KeyError('denied for ' + token)"
    )
    (project / "leak.yaml").write_text(LEAK)
    assert mason("apply", "-y").code == 0
    leak = ("operator", "py", "leak", "-c", "2", "-f", "leak.json")
    given = {"path": canary, "deep": [{"of": canary}]}
    (project / "leak.json").write_text(json.dumps(given))
    printed = ""
    for arguments in (
        ("plan", "--json"),
        ("get", "config", "2"),
        ("get", "--json"),
        ("validate", "operator", "py", "go", "-c", "2"),
        ("run", "operator", "py", "go", "-c", "2", "-y"),
        ("-l", "debug", "run", "operator", "py", "go", "-c", "2", "-y", "--json"),
        ("validate", *leak),
        ("validate", *leak, "--json"),
        ("-l", "debug", "run", *leak, "-y"),
        ("run", *leak, "-y", "--json"),
        ("run", "operator", "py", "leak", "-c", "2", "-p", f"number:{canary}"),
        ("run", "operator", "py", "leak", "-c", "2", "-p", f"'{canary}"),
    ):
        result = mason(*arguments)
        printed += result.out + result.err
    # As a process of its own, because here the log belongs to the tests.
    command = [sys.executable, "-m", "mason", "-l", "debug", "run", "operator", "py", "go", "-c", "2", "-y"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    printed += done.stdout + done.stderr
    assert "denied for REDACTED" in printed
    assert "printed REDACTED 'REDACTED'" in printed
    assert "ERROR some.library: logged ['REDACTED']" in printed
    assert "exists(path='REDACTED')" in printed
    assert "Malformed parameter: '\\'REDACTED' (write key:value)" in printed
    assert "Parameter number must be a whole number, not 'REDACTED'" in printed
    assert [part for part in ("canary", "yranac") if part in printed] == []
    (project / "leak.json").unlink()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"canary" not in file.read_bytes(), file
            assert b"yranac" not in file.read_bytes(), file


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_secret_given_as_a_parameter_is_scrubbed_before_any_client_connects(
    mason, project, applied, monkeypatch, command
):
    # A value for each command: what one run of this process has met, the next ones know.
    monkeypatch.setenv("EARLY", f"early-{command}-secret")
    (project / "two.yaml").write_text(
        "type: config\nid: 2\nmetastore_engine: memory\nclients: {memory: {configuration: {token: '{{EARLY}}'}}}\n"
    )
    mason("apply", "-y")
    given = ("-p", f"database_name:early-{command}-secret,table_name:t", "-c", "2")
    result = mason(command, "operator", "table", "get", *given)
    assert "get_table(database='REDACTED', table='t')" in result.out + result.err
    assert "early" not in result.out + result.err


def test_a_reference_that_is_not_set_is_named(mason, project, applied):
    (project / "two.yaml").write_text(
        "type: config\nid: 2\nmetastore_engine: memory\nclients: {memory: {configuration: {token: '{{NOT_SET}}'}}}\n"
    )
    mason("apply", "-y")
    result = mason("run", "operator", "table", "get", *PARAMETERS, "-c", "2")
    assert result.err.splitlines()[-1] == (
        "Error: Not set: NOT_SET, wanted by client memory of config 2. Set it in the environment or in a .env file."
    )


def test_rows_are_a_table_and_messages_stay_off_stdout(mason, project, applied):
    rows = (
        "mason.Rows(mason.Schema((mason.Column('n', 'INT'), mason.Column('s', 'VARCHAR'))), [(1, 'a\\nb'), (None, '')])"
    )
    applied(f"ctx.info('hello')\nctx.warn('careful')\nreturn {rows}")
    result = mason("run", "operator", "py", "go", "-y")
    assert (result.code, result.out) == (0, "   n  s\n   1  a\\nb\nNULL\n\n2 rows.\n")
    assert result.err.splitlines()[-2:] == ["Info: hello", "Warning: careful"]


def test_rows_that_were_cut_end_with_the_sentence_that_says_so(mason, project, applied):
    (project / "ask.yaml").write_text(QUERY)
    mason("apply", "-y")
    result = mason("run", "operator", "table", "ask", "-p", "db:data,sql:SELECT * FROM range(5),limit:2")
    assert result.out == "range\n    0\n    1\n\nShowing the first 2 rows; there are more (raise limit).\n"
    assert "Showing" not in result.err


def test_a_table_is_told_with_its_columns(mason, project, applied):
    assert mason("run", "operator", "table", "get", *PARAMETERS).out == (
        "Table data.airlines\n"
        "  format    csv\n"
        "  location  data/airlines.csv\n"
        "  size      35\n"
        '  options   {"delimiter":",","header":true}\n'
        "\n"
        "column   type\n"
        "carrier  VARCHAR\n"
        "name     VARCHAR\n"
        "\n"
        "2 columns.\n"
    )


def test_what_is_no_table_stays_json(mason, project, applied):
    applied("ctx.info('hello')\nreturn {'a': 1}")
    assert mason("run", "operator", "py", "go", "-y").out == '{\n  "Info": ["hello"],\n  "Data": [{"a": 1}]\n}\n'


def test_secrets_stay_unseen_in_tables(mason, project, applied, monkeypatch):
    """Also where a column is so narrow that only a part of it would be left."""
    monkeypatch.setenv("HUSH", "hush-of-tables")
    (project / "two.yaml").write_text(
        "type: config\nid: 2\nmetastore_engine: memory\nclients: {memory: {configuration: {token: '{{HUSH}}'}}}\n"
    )
    applied(
        "import os\nhush = os.environ['HUSH']\n"
        "columns = tuple(mason.Column(name, 'VARCHAR') for name in ('a', hush))\n"
        "return mason.Rows(mason.Schema(columns), [(hush, {'of': [hush]})])"
    )
    mason("apply", "-y")
    assert mason("run", "operator", "py", "go", "-c", "2", "-y").out == (
        'a         REDACTED\nREDACTED  {"of":["REDACTED"]}\n\n1 row.\n'
    )


SYSTEM = "import os\nos.system('echo was here >> ran.txt')\nreturn []"


def test_python_that_names_no_engine_is_asked_for(mason, project, applied):
    applied(SYSTEM)
    asked = mason("run", "operator", "py", "go", answer="no\n")
    assert (asked.code, asked.err) == (
        1,
        "Operator py:go with config 1 would:\n"
        "  call no engine\n"
        "  and run its Python, which can do anything on this machine\n"
        "\nDo this? Only yes is accepted: \n"
        "Error: Not confirmed, so nothing was done.\n",
    )
    unanswered = mason("run", "operator", "py", "go")
    assert (unanswered.code, unanswered.err.splitlines()[-1]) == (
        1,
        "Error: Nobody answered, so nothing was done. Without a prompt, pass -y.",
    )
    assert not (project / "ran.txt").exists()
    assert mason("run", "operator", "py", "go", answer="yes\n").code == 0
    assert mason("run", "operator", "py", "go", "-y").code == 0
    assert (project / "ran.txt").read_text() == "was here\nwas here\n"


def test_python_whose_author_promises_that_it_only_reads_asks_nobody(mason, project, applied):
    applied("return ctx.metastore.list_databases()", more="read_only: true\n")
    done = mason("run", "operator", "py", "go", "--json")
    assert (done.code, done.err) == (
        0,
        "Operator py:go with config 1 would:\n"
        "  1. for local as metastore do list_databases(...)  [read-only]\n"
        "  and run its Python, which only reads, as its author promises (read_only: true)\n",
    )
    assert mason("get", "operator", "py", "go").json["read_only"] is True


@pytest.mark.parametrize("options", [(), ("-y",)])
def test_a_promise_that_is_broken_is_refused_before_the_call(mason, project, applied, options):
    applied(
        "engine = getattr(ctx, 'metastore')\nreturn getattr(engine, 'create_' + 'database')('new')",
        more="read_only: true\n",
    )
    refused = mason("run", "operator", "py", "go", *options)
    assert refused.code == 1
    assert refused.err.splitlines()[-1] == (
        "Error: The operator asked for metastore.create_database, which changes things, but its YAML says "
        "read_only: true. It was not called."
    )
    assert "new" not in mason("run", "operator", "py", "go", *options).out


def test_a_promise_that_the_class_visibly_breaks_is_a_fault(mason, project, applied):
    with pytest.raises(AssertionError) as refused:
        applied("return ctx.metastore.create_database('new')", more="read_only: true\n")
    assert (
        "operators/go/__init__.py:5: the class calls metastore.create_database, which changes things, but read_only "
        "is true (remove read_only: true, or the call)"
    ) in str(refused.value)


def test_nothing_but_a_run_runs_python(mason, project, applied):
    applied(SYSTEM, top="open('imported.txt', 'w').close()")
    (project / "run.yaml").write_text("type: run\nname: once\noperator: py:go\nconfig_id: '1'\n")
    for command in (
        ("plan",),
        ("plan", "--strict", "--refresh", "--json"),
        ("plan", "--out", "saved.plan"),
        ("show", "saved.plan"),
        ("validate", "operator", "py", "go"),
        ("get", "operator", "py", "go"),
        ("graph",),
    ):
        assert mason(*command).code == 0, command
    assert not (project / "ran.txt").exists()
    assert not (project / "imported.txt").exists()
