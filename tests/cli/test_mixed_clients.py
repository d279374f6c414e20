"""Configs whose engines are different clients: every path means the place that the config's storage has.

The storage is ``lake`` and the execution engine ``desk``, two clients ``local`` with roots of their own. In both lie
files of the same names; those of the desk are decoys, and nothing may ever read, count or delete them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CONFIG = """\
type: config
id: "1"
metastore_clients: [{metastore}]
storage_clients: [{storage}]
execution_clients: [{execution}]
scheduler_clients: [{metastore}]
clients:
  lake: {{type: local, configuration: {{root: ./lake, warehouse: ./lake.db}}}}
  desk: {{type: local, configuration: {{root: {desk}, warehouse: ./desk.db}}}}
  bin: {{type: memory}}
"""
ORDERS = "id,item,price\n1,a,1.5\n2,b,2.5\n2,b,2.5\n"
ITEMS = "item,name\na,Apple\nb,Bean\n"
DECOY = "id,item,price\n9,z,99\n"


def write(folder: Path, metastore: str, storage: str, execution: str, desk: str = "./desk") -> None:
    text = CONFIG.format(metastore=metastore, storage=storage, execution=execution, desk=desk)
    (folder / "configs/local.yaml").write_text(text)


@pytest.fixture(params=["lake", "desk"])
def run(mason, folder, request):
    """Runs a standard operator where ``lake`` or ``desk`` is the metastore, and returns its ``Data``."""
    assert mason("init").code == 0
    write(folder, request.param, "lake", "desk")
    for root in ("lake", "desk"):
        (folder / root / "shop").mkdir(parents=True)
    (folder / "lake/shop/orders.csv").write_text(ORDERS)
    (folder / "lake/shop/items.csv").write_text(ITEMS)
    (folder / "desk/shop/orders.csv").write_text(DECOY)
    (folder / "desk/shop/items.csv").write_text("item,name\nz,Decoy\n")
    applied = mason("apply", "-y", "-o")
    assert applied.code == 0, applied.err

    def call(command: str, *pairs: str) -> list:
        options = [part for pair in pairs for part in ("-p", pair)]
        result = mason("run", "operator", "table", command, *options, "-y", "--json")
        assert result.code == 0, result.err
        return result.json.get("Data", [])

    # Where the desk is the metastore its own files would be tables, too: the lake's are registered.
    call("infer", "database_name:sales,table_name:orders,path:shop/orders.csv")
    call("infer", "database_name:sales,table_name:items,path:shop/items.csv")
    call.metastore = request.param
    call.lake = f"file://{folder}/lake"
    return call


ORDERS_OF = "database_name:sales,table_name:orders"


def test_infer_and_get_tell_the_place_in_the_lake(run):
    (table,) = run("get", ORDERS_OF)
    assert table["location"] == ("shop/orders.csv" if run.metastore == "lake" else f"{run.lake}/shop/orders.csv")
    assert [column["name"] for column in table["columns"]] == ["id", "item", "price"]


def test_query_answers_and_joins_what_is_in_the_lake(run):
    (counted,) = run("query", ORDERS_OF, "query_string:SELECT count(*) AS n FROM $table")
    assert counted == {"n": 3}
    sql = "SELECT name, count(*) AS n FROM $table JOIN ITEMS USING (item) GROUP BY name ORDER BY name"
    assert run("query", ORDERS_OF, f"query_string:{sql}") == [{"name": "Apple", "n": 1}, {"name": "Bean", "n": 2}]


@pytest.mark.parametrize(
    ("command", "pairs", "rows"),
    [
        ("query", (ORDERS_OF, "query_string:SELECT DISTINCT id FROM $table"), 2),
        ("format", (ORDERS_OF, "format:csv"), 3),
        ("merge", ("database_name:sales,table_name:every",), 6),
        ("dedupe", (ORDERS_OF, 'keys:["id"]'), 2),
        ("fake", (ORDERS_OF, "size:4"), 4),
    ],
)
def test_outputs_are_written_into_the_lake(run, folder, command, pairs, rows):
    (folder / "lake/shop/orders-2.csv").write_text(ORDERS)
    run("infer", "database_name:sales,table_name:every,path:shop/orders*.csv")
    (job,) = run(command, *pairs, "output_path:out/result.csv")
    assert (job["result"]["output"], job["result"]["rows"]) == (f"{run.lake}/out/result.csv", rows)
    assert [each["path"] for each in job["result"]["files"]] == [f"{run.lake}/out/result.csv"]
    assert len((folder / "lake/out/result.csv").read_text().splitlines()) == rows + 1
    assert not (folder / "desk/out").exists()


def test_folders_are_written_and_replaced(run, folder):
    for overwrite in ("false", "true"):
        (job,) = run(
            "format",
            ORDERS_OF,
            'output_path:out/by item,format:parquet,partition_columns:["item"]',
            f"overwrite:{overwrite}",
        )
    assert [each["path"] for each in job["result"]["files"]] == [
        f"{run.lake}/out/by%20item/item=a/data_0.parquet",
        f"{run.lake}/out/by%20item/item=b/data_0.parquet",
    ]
    run("infer", "database_name:sales,table_name:parts", "path:out/by item")
    (counted,) = run("query", "database_name:sales,table_name:parts", "query_string:SELECT sum(price) AS s FROM $table")
    assert counted == {"s": 6.5}


def test_globs_stay_globs(run, folder):
    (folder / "lake/shop/orders-2.csv").write_text(ORDERS)
    run("infer", "database_name:sales,table_name:all,path:shop/orders*.csv")
    (counted,) = run("query", "database_name:sales,table_name:all", "query_string:SELECT count(*) AS n FROM $table")
    assert counted == {"n": 6}


def test_delete_with_files_deletes_those_of_the_lake(run, folder):
    run("delete", ORDERS_OF, "delete_files:true")
    assert not (folder / "lake/shop/orders.csv").exists()
    assert (folder / "lake/shop/items.csv").exists()
    assert (folder / "desk/shop/orders.csv").read_text() == DECOY


def test_a_table_of_another_root_is_told_by_its_url(mason, folder, run):
    if run.metastore == "lake":
        pytest.skip("the lake's own tables are told by their paths")
    (table,) = run("get", "database_name:shop,table_name:orders")
    assert table["location"] == f"file://{folder}/desk/shop/orders.csv"
    assert run("query", "database_name:shop,table_name:orders", "query_string:FROM $table") == [
        {"id": 9, "item": "z", "price": 99}
    ]


def test_a_desk_around_the_lake(mason, folder, run):
    """Where one root lies in the other, what is shown is still no path relative to the wrong one."""
    write(folder, run.metastore, "lake", "desk", desk=".")
    assert mason("apply", "-y", "-o").code == 0
    (job,) = run("format", ORDERS_OF, "format:csv,output_path:out/result.csv")
    assert job["result"]["output"] == f"{run.lake}/out/result.csv"
    assert (folder / "lake/out/result.csv").exists()


def test_inputs_and_drift_look_into_the_lake(mason, folder, run):
    if run.metastore == "desk":
        pytest.skip("inputs are the storage's, and tables those that were just registered, whoever keeps them")
    (folder / "run.yaml").write_text(
        "type: run\nname: orders\noperator: table:infer\nconfig_id: 1\ninputs: [shop/orders.csv]\n"
        "parameters: {database_name: drifting, table_name: orders, path: shop/orders.csv}\n"
    )
    assert mason("apply", "-y").code == 0
    assert "No changes." in mason("plan").out
    (folder / "desk/shop/orders.csv").write_text(DECOY + "8,y,88\n")
    assert "No changes." in mason("plan").out
    assert mason("drift").code == 0
    (folder / "lake/shop/orders.csv").write_text(ORDERS + "3,c,1\n")
    assert "its inputs changed: shop/orders.csv" in mason("plan").out
    assert mason("run", "operator", "table", "delete", "-p", "database_name:drifting,table_name:orders", "-y").code == 0
    assert "table drifting.orders" in mason("drift").out


def test_a_dry_run_names_the_clients_and_keeps_the_paths(mason, folder, run):
    told = mason(
        "validate", "operator", "table", "query", "-p", ORDERS_OF, "-p", "query_string:FROM $table,output_path:a.csv"
    )
    assert told.code == 0
    assert "for desk as execution do query(" in told.out
    assert "output='a.csv'" in told.out
    assert told.out.splitlines()[3] == "  Paths are relative to the storage, lake."
    (folder / "run.yaml").write_text(
        "type: run\nname: orders\noperator: table:query\nconfig_id: 1\n"
        "parameters: {database_name: shop, table_name: orders, query_string: FROM $table, output_path: a.csv}\n"
    )
    assert "Paths are relative to the storage, lake." in mason("plan").out


@pytest.mark.parametrize(
    ("storage", "execution", "refused"),
    [
        (
            "bin",
            "desk",
            "execution.query cannot reach what client bin keeps (memory:// URLs): client desk reaches file:// URLs",
        ),
        (
            "lake",
            "bin",
            "execution.query cannot reach what client lake keeps (file:// URLs): client bin reaches memory:// URLs",
        ),
    ],
)
def test_clients_without_a_common_scheme_are_refused_before_anything_is_called(
    mason, folder, run, storage, execution, refused
):
    write(folder, run.metastore, storage, execution)
    assert mason("apply", "-y", "-o").code == 0
    told = mason(
        "run", "operator", "table", "query", "-p", ORDERS_OF, "-p", "query_string:FROM $table,output_path:a.csv", "-y"
    )
    assert told.code == 1
    assert f"{refused}. Let one client play both engines, or choose clients that share a scheme" in told.err + told.out


def test_foreign_urls_are_refused_when_planned(mason, run):
    options = ("-p", ORDERS_OF, "-p", "query_string:FROM $table", "-p", "output_path:s3://bucket/a.csv")
    told = mason("validate", "operator", "table", "query", *options)
    assert told.code == 1
    assert "execution.query cannot use s3://bucket/a.csv: client desk reaches file:// URLs" in told.err + told.out


def test_paths_out_of_the_lake_are_refused(mason, folder, run):
    told = mason(
        "run", "operator", "table", "format", "-p", ORDERS_OF, "-p", "format:csv,output_path:../desk/a.csv", "-y"
    )
    assert told.code == 1
    assert f"../desk/a.csv lies outside of the client's root {folder}/lake" in told.err
    assert not (folder / "desk/a.csv").exists()
    secret = folder.parent / "secret.csv"
    secret.write_text(ORDERS)
    url = f"file://{secret}"
    told = mason("run", "operator", "table", "infer", "-p", f"database_name:x,table_name:x,path:{url}", "-y", "--json")
    assert told.code == 1
    assert "lies outside of the client's root" in json.dumps(told.json)


def test_what_is_shown_of_a_config_names_the_types(mason, run):
    shown = mason("get", "config", "1").json
    assert shown["clients"]["desk"] == {
        "type": "local",
        "configuration": {"root": "./desk", "warehouse": "./desk.db"},
    }


IN_MEMORY = """\
type: config
id: "2"
metastore_clients: [shelf]
storage_clients: [box]
execution_clients: [hands]
clients:
  box: {type: memory}
  shelf: {type: memory}
  hands: {type: memory}
---
type: operator
namespace: memory
command: tour
parameters: {optional: [found, made, answer]}
do:
  - storage.write: {path: a b/orders.csv, content: "id,price\\n1,2\\n2,3\\n"}
  - storage.infer_table: {path: a b/*.csv, table: orders}
    as: inferred
  - metastore.create_table: {database: shop, table: orders, definition: "{{inferred}}"}
  - metastore.get_table: {database: shop, table: orders}
    as: table
  - execution.query:
      table: "{{table}}"
      sql: SELECT sum(a.price) AS s FROM $table a JOIN orders b USING (id)
      output: out/s.csv
  - storage.read: {path: out/s.csv}
"""


def test_three_memories_of_one_process_work_together(mason, folder):
    (folder / "memory.yaml").write_text(IN_MEMORY)
    assert mason("apply", "-y").code == 0
    result = mason("run", "operator", "memory", "tour", "-c", "2", "-y", "--json")
    assert (result.code, result.json["Data"]) == (0, ["s\n5\n"])


PYTHON = """\
import mason


class PythonTour(mason.Operator):
    def run(self, ctx):
        table = ctx.storage.infer_table("shop/orders.csv")
        job = ctx.execution.format(table, output="out/all.csv", format="csv")
        again = ctx.storage.infer_table(job.result["output"])
        return [ctx.storage.locate("out"), table.location.path, again.location.path, ctx.execution.get_job(job.job_id)]
"""


def test_python_operators_pass_places_on(mason, folder, run):
    operator = folder / "operators/python/tour"
    operator.mkdir(parents=True)
    (operator / "operator.yaml").write_text("type: operator\nnamespace: python\ncommand: tour\n")
    (operator / "__init__.py").write_text(PYTHON)
    assert mason("apply", "-y").code == 0
    result = mason("run", "operator", "python", "tour", "-y", "--json")
    assert result.code == 0, result.err
    *paths, job = result.json["Data"]
    assert paths == [f"{run.lake}/out", "shop/orders.csv", "out/all.csv"]
    assert job["result"]["output"] == f"{run.lake}/out/all.csv"
    assert (folder / "lake/out/all.csv").read_text() == ORDERS


def test_tables_in_the_warehouse_of_another_client_are_read(folder, run):
    import duckdb

    with duckdb.connect(str(folder / f"{run.metastore}.db")) as connection:
        connection.execute("CREATE SCHEMA own")
        connection.execute("CREATE TABLE own.t AS SELECT 7 AS a")
    sql = "query_string:SELECT t.a + u.a AS s FROM $table t JOIN own.T u USING (a)"
    assert run("query", "database_name:own,table_name:t", sql) == [{"s": 14}]


SCHEDULED = """\
type: workflow
namespace: shop
command: count
supported_schedulers: [local]
dag:
  - {id: s, namespace: table, command: list}
---
type: schedule
name: nightly
workflow: shop:count
config_id: 1
schedule: "0 2 * * *"
parameters: {s: {parameters: {database_name: sales}}}
"""


def test_workflows_name_schedulers_by_technology(mason, folder, run):
    (folder / "schedule.yaml").write_text(SCHEDULED)
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    assert "No changes." in mason("plan").out
