"""The standard operators answer the same on a real PostgreSQL as on this machine, on the data that ``mason init``
brings, with the config of the page about the client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients import registry
from mason.clients.local import LocalClient
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Rows
from tests.cli.test_aws_configs import configs
from tests.conftest import Mason
from tests.postgres_servers import emptied, load
from tests.sql.real_postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]

PLANES, WEATHER = "database_name:data,table_name:planes", "database_name:data,table_name:weather"
# Each operator with the verb that PostgreSQL has to do, and its parameters.
ASKED = {
    "grouped": (
        "query",
        WEATHER,
        "SELECT origin, month, avg(temp) AS warm, max(wind_gust) AS gust, count(*) FILTER (WHERE precip > 0) AS wet "
        "FROM $table GROUP BY ALL",
    ),
    "joined": (
        "query",
        PLANES,
        "SELECT p.manufacturer, a.name, count(*) AS n, avg(p.seats) AS seats FROM $table p LEFT JOIN airlines a ON "
        "left(p.tailnum, 2) = a.carrier GROUP BY ALL ORDER BY n DESC, 1, 2",
    ),
    "written": (
        "query",
        f"{PLANES},output_path:out/q.parquet",
        "SELECT model, count(*) AS n FROM $table GROUP BY model",
    ),
    "summary": ("summarize", PLANES, ""),
    "format": ("format", f"{WEATHER},output_path:out/f,format:parquet,partition_columns:origin", ""),
    "dedupe": ("dedupe", f"{PLANES},output_path:out/d,format:parquet,keys:model,order_by:tailnum", ""),
    "fake": ("fake", f"{PLANES},output_path:out/fake.csv,size:50", ""),
}


@pytest.fixture
def project(folder: Path, mason: Mason, postgres_server: Postgres) -> Iterator[Path]:
    """What ``mason init`` makes, with the config of the page, and the tables of its data in the server."""
    assert mason("init", ".").code == 0
    with emptied(postgres_server) as configuration:
        (config,) = configs("postgres.md")
        config["id"] = "pg"
        config["clients"]["postgres"]["configuration"] = configuration
        (folder / "configs" / "pg.yaml").write_text(json.dumps(config))
        assert mason("apply", "-y").code == 0
        client = LocalClient({}, base=folder)
        metastore, execution = client.engine("metastore"), client.engine("execution")
        assert isinstance(metastore, Metastore)
        assert isinstance(execution, Execution)
        for name in ("planes", "weather", "airlines"):
            rows = execution.query("SELECT * FROM $table", table=metastore.get_table("data", name))
            assert isinstance(rows, Rows)
            load(configuration, "data", name, rows)
        yield folder


def compared(mason: Mason, verb: str, given: str, sql: str) -> Any:
    query = ("-p", f"query_string:'{sql}'") if sql else ()
    return mason("compare", "operator", "table", verb, "-c", "1", "-c", "pg", "-p", given, *query, "-y")


def test_standard_operators_answer_the_same(project: Path, mason: Mason) -> None:
    able = registry.roles("postgres")["execution"]
    assert {verb for verb, _, _ in ASKED.values()} <= able
    found = {name: compared(mason, *asked) for name, asked in ASKED.items()}
    told = [f"{name}: {result.out} {result.err}" for name, result in found.items() if result.code]
    assert told == []
    assert "compared in their order: the same." in found["joined"].out
    assert not list(project.rglob("mason-compare-*"))


def test_a_life_of_a_table(project: Path, mason: Mason) -> None:
    def run(command: str, given: str, *more: str) -> Any:
        namespace, _, name = command.partition(":")
        result = mason("run", "operator", namespace, name, "-c", "pg", "-y", "--json", "-p", given, *more)
        assert result.code == 0, result.err
        return result.json["Data"]

    query = ("-p", "query_string:'SELECT model, count(*) AS n FROM $table GROUP BY model'")
    (job,) = run("table:query", f"{PLANES},output_path:table://data/models", *query)
    assert job["result"]["rows"] == 127
    assert run("job:get", f"job_id:{job['job_id']}")[0]["result"] == job["result"]
    run("table:get", f"{PLANES},output_path:out/columns.csv")
    assert (project / "out" / "columns.csv").read_text().splitlines()[:2] == ["column,type", "tailnum,VARCHAR"]
    assert [each["name"] for each in run("table:list", "database_name:data")] == [
        "airlines",
        "models",
        "planes",
        "weather",
    ]
    models = "database_name:data,table_name:models"
    refused = mason("run", "operator", "table", "delete", "-c", "pg", "-y", "-p", models)
    assert (refused.code, refused.err.splitlines()[-1]) == (
        1,
        "Error: Table models in database data holds rows, which PostgreSQL would delete with it. Ask for delete_files "
        "to do that.",
    )
    run("table:delete", f"{models},delete_files:true")
    merged = mason("run", "operator", "table", "merge", "-c", "pg", "-y", "-p", f"{PLANES},output_path:out/m.csv")
    assert (merged.code, "postgres does not support execution.merge" in merged.err) == (1, True)
