"""The standard operators answer the same on a real Spark as on this machine, on the data that ``mason init`` brings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mason.clients import registry
from tests.spark_servers import CLIENT, SparkServer
from tests.test_readme import ROOT, blocks, commands, matches

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

CONFIG = """\
type: config
id: spark
metastore_clients: [local]
storage_clients: [local]
execution_clients: [spark]
clients:
  local: {{configuration: {{root: ., warehouse: ./warehouse}}}}
  spark: {{configuration: {{remote: "{remote}"}}}}
"""
FLIGHTS, PLANES = "database_name:data,table_name:flights", "database_name:data,table_name:planes"
# Each operator with the verb that Spark has to do, and its parameters.
ASKED = {
    "delays": (
        "query",
        FLIGHTS,
        "SELECT carrier, month, avg(arr_delay) AS late, max(dep_delay) AS worst, "
        "count(*) FILTER (WHERE arr_delay > 60) AS n FROM $table GROUP BY ALL",
    ),
    "joined": (
        "query",
        FLIGHTS,
        "SELECT a.name, p.manufacturer, count(*) AS n, avg(p.seats) AS seats FROM $table f JOIN airlines a USING "
        "(carrier) LEFT JOIN planes p ON p.tailnum = f.tailnum GROUP BY ALL ORDER BY n DESC, 1, 2",
    ),
    "written": (
        "query",
        f"{PLANES},output_path:out/q.parquet",
        "SELECT model, count(*) AS n FROM $table GROUP BY model",
    ),
    "summary": ("summarize", PLANES, ""),
    "format": ("format", f"{PLANES},output_path:out/f,format:parquet", ""),
    "merge": ("merge", f"{FLIGHTS},output_path:out/m,format:parquet", ""),
    "dedupe": ("dedupe", f"{PLANES},output_path:out/d,format:parquet,keys:model,order_by:tailnum", ""),
}


@pytest.fixture(scope="module")
def able() -> frozenset[str]:
    return registry.roles("spark")["execution"]


def test_standard_operators_answer_the_same(folder: Path, mason, spark_server: SparkServer, able):
    assert mason("init", ".").code == 0
    (folder / "configs" / "spark.yaml").write_text(CONFIG.format(remote=spark_server.remote))
    assert mason("apply", "-y").code == 0
    found = {}
    for name, (verb, given, sql) in ASKED.items():
        if verb in able:
            query = ("-p", f"query_string:'{sql}'") if sql else ()
            found[name] = mason(
                "compare", "operator", "table", verb, "-c", "1", "-c", "spark", "-p", given, *query, "-y"
            )
    assert {name: (result.code, result.out) for name, result in found.items() if result.code} == {}
    assert "compared in their order: the same." in found["joined"].out
    assert not list(folder.rglob("mason-compare-*"))


def test_the_page_on_sql(folder: Path, mason, spark_server: SparkServer):
    """From its section on, the console blocks are typed as written; the server alone is another one."""
    assert mason("init", ".").code == 0
    assert mason("apply", "-y").code == 0
    page = (ROOT / "docs" / "sql.md").read_text("utf-8").partition("## On the laptop, then on Spark")[2]
    environment = {**os.environ, "PYTHONPATH": str(CLIENT)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    ran = 0
    for language, path, text in blocks(page.partition("\n## ")[0]):
        if path:
            (folder / path).write_text(text.replace("sc://localhost:15002", spark_server.remote))
        for command, shown in commands(text) if language == "console" else ():
            done = subprocess.run(
                ["sh", "-c", command],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=180,
            )
            assert matches(shown, done.stdout), f"{command}\n{done.stdout}"
            ran += 1
    assert ran == 4


def test_what_differs_is_found(folder: Path, mason, spark_server: SparkServer):
    assert mason("init", ".").code == 0
    (folder / "configs" / "spark.yaml").write_text(CONFIG.format(remote=spark_server.remote))
    # What is translated plainly counts the days of the week from 1 there, and from 0 here.
    operator = (folder / "operators" / "table" / "query" / "operator.yaml").read_text()
    trusted = operator.replace("command: query", "command: trusted").replace(
        "parameters:", "sql: trust\nparameters:", 1
    )
    (folder / "operators" / "trusted.yaml").write_text(trusted)
    assert mason("apply", "-y").code == 0
    sql = "SELECT tailnum, reverse(type) AS r, dayofweek(make_date(2024, 1, 7)) AS w FROM $table"
    given = ("-p", PLANES, "-p", f"query_string:'{sql}'")
    result = mason("compare", "operator", "table", "trusted", "-c", "1", "-c", "spark", *given)
    assert result.code == 2
    assert "(sql: trust)" in result.err
