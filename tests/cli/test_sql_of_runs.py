"""SQL on an engine that speaks another dialect: what is told and refused before anything runs. No Spark is reached."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

RESOURCES = """\
type: config
id: "1"
metastore_clients: [local]
storage_clients: [local]
execution_clients: [spark]
clients: {local: {configuration: {root: .}}, spark: {configuration: {remote: "sc://127.0.0.1:1"}}}
---
type: config
id: "2"
metastore_clients: [local]
storage_clients: [local]
execution_clients: [local]
clients: {local: {configuration: {root: .}}}
---
type: operator
namespace: table
command: query
parameters: {required: [sql], optional: [output]}
do:
  - metastore.get_table: {database: data, table: planes}
    as: table
  - execution.query: {table: "{{table}}", sql: "{{sql}}", output: "{{output}}"}
---
type: operator
namespace: table
command: trusted
sql: trust
do:
  - metastore.get_table: {database: data, table: planes}
    as: table
  - execution.query: {table: "{{table}}", sql: "SELECT reverse(kind) AS k FROM $table", output: out.parquet}
---
type: operator
namespace: table
command: spark
do:
  - metastore.get_table: {database: data, table: planes}
    as: table
  - execution.query: {table: "{{table}}", sql: "SELECT kind, count(*) FROM $table GROUP BY kind ORDER BY kind"}
    dialect: spark
"""


@pytest.fixture
def applied(folder: Path, mason):
    """The project, applied."""
    (folder / "mason.yaml").write_text("name: planes\nstate: state\n")
    (folder / "all.yaml").write_text(RESOURCES)
    (folder / "data").mkdir()
    (folder / "data" / "planes.csv").write_text("id,kind\n1,a\n2,b\n")
    (folder / "data" / "kinds.csv").write_text("kind,name\na,A\n")
    assert mason("apply", "-y").code == 0
    return mason


def run(mason, command: str, sql: str = "", *more: str, config="1", answer=""):
    given = ("-p", f'sql:"{sql}"') if sql else ()
    return mason("run", "operator", "table", command, "-c", config, *given, *more, answer=answer)


def test_what_is_written_otherwise_is_told_before_the_question(applied):
    result = run(applied, "query", "SELECT id // 2 AS h FROM $table", "-p", "output:out.parquet", answer="no\n")
    assert result.code == 1
    assert (
        "     sql is translated to spark by the columns of its tables when it runs.\n"
        "  Paths are relative to the storage, local.\n"
        "sql, line 1, column 11: // is written otherwise: DuckDB's result is NULL where the divisor is zero, Spark"
    ) in result.err


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT kind + 1 AS x FROM $table", "DuckDB refuses this: No function matches"),
        ("SELECT idd FROM $table", 'Line 1, column 8: DuckDB refuses this: Referenced column "idd" not found'),
        ("SELECT k.nme FROM $table JOIN kinds k ON true", 'DuckDB refuses this: Table "k" does not have a column'),
        ("SELECT kind // 2 AS x FROM $table", "DuckDB refuses this: No function matches"),
        ("SELECT reverse(kind) AS k FROM $table", "Line 1, column 8: reverse is not known to be the same in Spark."),
    ],
)
def test_what_would_be_answered_otherwise_is_refused_before_anybody_is_asked(applied, sql, said):
    result = run(applied, "query", sql, "-p", "output:out.parquet", answer="yes\n")
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith(
        f"Error: sql is not known to answer the same on spark (spark): {said}"
    )
    assert "Do this?" not in result.err


def test_types_decide_when_a_run_is_validated(applied):
    given = ("operator", "table", "query", "-c", "1", "-p")
    refused = applied("validate", *given, 'sql:"SELECT kind + 1 AS x FROM $table"')
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(
        "Error: sql is not known to answer the same on spark (spark): DuckDB refuses this: No function matches"
    )
    valid = applied("validate", *given, 'sql:"SELECT id // 2 AS h FROM $table"')
    assert (valid.code, valid.out.splitlines()[-1]) == (0, "Valid: operator table:query can run with config 1.")
    assert valid.err.startswith("sql, line 1, column 11: // is written otherwise: DuckDB's result is NULL")


def test_what_cannot_be_known_is_left_to_the_run(applied):
    result = run(applied, "query", "SELECT x FROM nowhere", "-p", "output:out.parquet", answer="no\n")
    assert (result.code, "Error: sql is not known" in result.err) == (1, False)


def test_trust_is_said_and_asked_for(applied):
    result = run(applied, "trusted", answer="no\n")
    assert result.code == 1
    assert (
        "     Warning: the SQL of sentence 2 is not known to answer the same on spark and is trusted (sql: trust): "
        "Line 1, column 8: reverse is not known to be the same in Spark. Write it otherwise.\n"
    ) in result.err
    assert "trust=True" in result.err


def test_sql_in_another_dialect_is_translated_where_that_is_not_spoken(applied):
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")
    answered = run(applied, "spark", config="2")
    assert (answered.code, answered.out.split()) == (0, ["kind", "count(1)", "a", "1", "b", "1", "2", "rows."])
    shown = applied("validate", "operator", "table", "spark", "-c", "1", "--json")
    assert shown.json["calls"][1]["arguments"]["dialect"] == "spark"


def test_types_decide_of_sql_in_another_dialect_before_it_runs(applied, folder):
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")
    (folder / "late.yaml").write_text(
        "type: operator\nnamespace: table\ncommand: late\ndialect: postgres\ndo:\n"
        "  - metastore.get_table: {database: data, table: planes}\n    as: table\n"
        "  - execution.query: {table: '{{table}}', sql: 'SELECT avg(id) AS a FROM $table'}\n"
    )
    assert applied("apply", "-y").code == 0
    refused = run(applied, "late", config="2")
    assert (refused.code, refused.err.splitlines()[-1]) == (
        1,
        "Error: the SQL of sentence 2 is not known to answer the same on local (duckdb): Line 1, column 8: the digits "
        "of avg of whole numbers and numerics depend on its value. Write avg(CAST(x AS double precision)).",
    )


def test_runs_are_refused_when_they_are_planned(applied, folder):
    (folder / "run.yaml").write_text(
        "type: run\nname: backwards\noperator: table:query\nconfig_id: '1'\n"
        "parameters: {sql: 'SELECT reverse(kind) FROM $table', output: out.parquet}\n"
    )
    for command in (("plan",), ("validate",)):
        result = applied(*command)
        assert result.code == 1
        assert (
            "sql is not known to answer the same on spark (spark): Line 1, column 8: reverse is not known to be the "
            "same in Spark. Write it otherwise."
        ) in result.err
        assert "run.yaml:" in result.err


def test_runs_that_are_planned_say_what_becomes_of_their_sql(applied, folder):
    (folder / "run.yaml").write_text(
        "type: run\nname: halves\noperator: table:query\nconfig_id: '1'\n"
        "parameters: {sql: 'SELECT 7 // 2 AS h', output: out.parquet}\n"
    )
    assert "// is written otherwise: DuckDB's result is NULL" in applied("plan").out
    assert applied("plan", "--out", "a.plan").code == 0
    assert "// is written otherwise: DuckDB's result is NULL" in applied("show", "a.plan").out


HALVES = "SELECT (id / 2)::VARCHAR AS h FROM $table"
OF_DOUBLES = (
    "sql is not known to answer the same on spark (spark): Line 1, column 16: texts of DOUBLE look different in Spark. "
    "Cast it to a DECIMAL before.\n"
)


def test_types_decide_when_a_run_is_planned(applied, folder):
    (folder / "run.yaml").write_text(
        "type: run\nname: halves\noperator: table:query\nconfig_id: '1'\n"
        f"parameters: {{sql: '{HALVES}', output: out.parquet}}\n"
    )
    for command in (("plan",), ("apply", "-y")):
        result = applied(*command)
        assert (result.code, result.err) == (1, f"Error: run.yaml:5: Run halves: {OF_DOUBLES}")
    # Nothing but files is read, so no types are known.
    assert applied("validate").code == 0


def test_types_decide_when_a_schedule_is_planned(applied, folder):
    (folder / "schedule.yaml").write_text(
        "type: workflow\nnamespace: table\ncommand: halves\n"
        "dag: [{id: count, type: operator, namespace: table, command: query}]\n"
        "---\n"
        "type: schedule\nname: nightly\nworkflow: table:halves\nconfig_id: '1'\nschedule: 30 4 * * *\n"
        f"parameters: {{count: {{parameters: {{sql: '{HALVES}', output: out.parquet}}}}}}\n"
    )
    result = applied("plan")
    assert (result.code, result.err) == (1, f"Error: schedule.yaml:11: Schedule nightly: Step count: {OF_DOUBLES}")


def test_a_plan_tells_what_is_written_otherwise_by_types(applied, folder):
    (folder / "run.yaml").write_text(
        "type: run\nname: halves\noperator: table:query\nconfig_id: '1'\n"
        "parameters: {sql: 'SELECT id // 2 AS a, id // 3 AS b, id // 4 AS c, id // 5 AS d FROM $table', output: o}\n"
    )
    told = [line.strip() for line in applied("plan").out.splitlines() if line.startswith("      Sentence 2: ")]
    assert [line.partition(":")[2].partition(" is written")[0] for line in told] == [
        " sql, line 1, column 11: //",
        " sql, line 1, column 25: //",
        " sql, line 1, column 39: //",
        " 1 more of this kind (mason sql tells all).",
    ]


WORKFLOW = """\
type: operator
namespace: table
command: export
parameters: {required: [sql]}
do:
  - metastore.get_table: {database: data, table: out}
    as: table
  - execution.query: {table: "{{table}}", sql: "{{sql}}", output: other.parquet}
---
type: workflow
namespace: table
command: twice
dag:
  - {id: first, type: operator, namespace: table, command: query}
  - {id: second, type: operator, namespace: table, command: export, dependencies: [first]}
---
type: run
name: halves
workflow: table:twice
config_id: "1"
parameters:
  first: {parameters: {sql: "SELECT id FROM $table", output: data/out.csv}}
  second: {parameters: {sql: "SELECT id::VARCHAR AS h FROM $table"}}
"""


def test_tables_that_a_step_before_makes_are_left_to_the_run(applied, folder):
    (folder / "run.yaml").write_text(WORKFLOW)
    # As the table is now, its numbers are not those that the run will read.
    (folder / "data" / "out.csv").write_text("id\n1.5\n")
    assert applied("apply", "-y").code == 1
    (folder / "given.json").write_text(json.dumps(yaml.safe_load(WORKFLOW.rpartition("---")[2])["parameters"]))
    assert applied("validate", "workflow", "table", "twice", "-c", "1", "-f", "given.json").code == 0
    (folder / "data" / "planes.csv").write_text("id,kind\n1.5,a\n")
    (folder / "run.yaml").write_text(WORKFLOW.replace("SELECT id FROM $table", "SELECT id::VARCHAR AS i FROM $table"))
    result = applied("plan")
    assert (result.code, result.err.partition("Run halves: ")[2]) == (
        1,
        f"Step first: {OF_DOUBLES.replace('column 16', 'column 10')}",
    )


PYTHON = """\
import mason


class TableAsked(mason.Operator):
    def run(self, ctx: mason.Context) -> mason.Rows:
        return ctx.execution.query("SELECT 1 AS x")
"""
ASKED = "type: operator\nnamespace: table\ncommand: asked\nread_only: true\ndialect: sqlite\n"


def test_what_yaml_says_of_sql_holds_for_python(applied, folder):
    (folder / "asked").mkdir()
    (folder / "asked" / "operator.yaml").write_text(ASKED)
    (folder / "asked" / "__init__.py").write_text(PYTHON)
    assert applied("apply", "-y").code == 0
    refused = run(applied, "asked", config="2")
    assert (refused.code, refused.err) == (
        1,
        "Error: the SQL of its Python: There is no translation of SQL in the dialect sqlite to duckdb. Write it in "
        "duckdb's with dialect: duckdb. Client local cannot run it.\n",
    )
    (folder / "asked" / "operator.yaml").write_text(f"{ASKED}sql: trust\n")
    assert applied("apply", "-y", "-o").code == 0
    trusted = run(applied, "asked", config="2")
    assert (trusted.code, trusted.out.split()[:2]) == (0, ["x", "1"])
    said = "Warning: the SQL of its Python is given to local, which speaks duckdb, as it stands (sql: trust)"
    assert said in trusted.err
    assert trusted.err.splitlines()[-1] == (
        "Warning: The SQL of execution.query is trusted (sql: trust): local (duckdb) runs it also where it is not "
        "known to answer the same."
    )
