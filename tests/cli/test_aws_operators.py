"""Every standard operator and workflow with the configs of the pages about AWS, by changing nothing but ``-c``: on
ministack what answers, on moto what only Athena could do (its queries succeed at once and write nothing)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_aws_configs import INFER, ROOT, TABLE, account, between, put_project, submitted
from tests.cli.test_glue_schedules import CRAWL
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.played_athena import played
from tests.clients.test_athena import moto_results, queries
from tests.clients.test_athena_merge import MERGED, ROWS, put_parquet
from tests.servers import S3Server
from tests.state.faults import EXPIRED, PASS, Proxy

__all__ = ["account", "between"]

QUERY = f'{TABLE},query_string:"SELECT name FROM $table"'
# What each operator is run with on ministack, in this order.
ANSWERED = {
    "table:infer": INFER,
    "table:get": TABLE,
    "table:list": "database_name:club",
    "database:list": "",
    "table:query": QUERY,
    # Of fractions it knows no is_nan, which Athena has.
    "table:summarize": f'{TABLE},columns:["id","name"],output_path:out/summary.csv',
    "table:fake": f"{TABLE},size:5,output_path:made/people.csv",
}
# Athena's UNLOAD, of which moto tells that it succeeded.
UNLOADED = {
    "table:format": f"{TABLE},output_path:out/formatted,format:parquet",
    "table:dedupe": f'{TABLE},keys:["name"],output_path:out/once,format:parquet',
}
# These want what others made: they are run by name below.
NAMED = {"job:get", "table:merge", "table:refresh", "table:delete", "schedule:trigger", "schedule:delete"}


def run(mason: Any, operator: str, config: str, pairs: str, *more: str) -> Any:
    given = ("-p", pairs) if pairs else ()
    return mason("run", "operator", *operator.split(":"), "-y", "-c", config, *given, *more)


def test_no_standard_operator_is_left_out() -> None:
    standard = {
        f"{each.parents[1].name}:{each.parent.name}" for each in (ROOT / "examples/operators").glob("*/*/operator.yaml")
    }
    assert standard == {*ANSWERED, *UNLOADED, *NAMED}


@pytest.mark.parametrize("config", ["1", "3"])
def test_operators_that_ministack_answers(account: Account, mason: Any, folder: Path, config: str) -> None:
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    for operator, pairs in ANSWERED.items():
        ended = run(mason, operator, config, pairs, "--json")
        assert ended.code == 0, f"{operator}: {ended.err}"
        assert ended.json["Data"], operator
    written = run(mason, "table:query", config, f"{QUERY},output_path:out/names.csv", "--json")
    assert written.code == 0, written.err
    job_id = written.json["Data"][0]["job_id"]
    shown = run(mason, "job:get", config, f"job_id:{job_id}", "--json")
    assert shown.code == 0, shown.err
    assert shown.json["Data"][0]["result"]["output"] == f"s3://{BUCKET}/lake/out/names.csv"
    assert account.boto("s3").get_object(Bucket=BUCKET, Key="lake/out/names.csv")["Body"].read().split() == [
        b"name",
        b"Ann",
        b"Bob",
        b"Bob",
    ]
    deleted = run(mason, "table:delete", config, TABLE)
    assert deleted.code == 0, deleted.err


@pytest.mark.parametrize("config", ["1", "3"])
def test_files_that_differ_are_merged(account: Account, mason: Any, folder: Path, tmp_path: Path, config: str) -> None:
    """The dry run shows the plan, and the statement runs; of text, on this machine."""
    put_project(folder, account.endpoint)
    put_parquet(account, tmp_path, ROWS, below="lake/club/drifted/")
    account.put("lake/club/text/1.csv")
    account.put("lake/club/text/2.csv", b"id,age\n4,30\n")
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": f"s3://{BUCKET}/lake/club/text"}
    reader = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"}
    described = {"Name": "text", "StorageDescriptor": storage | {"SerdeInfo": reader}}
    described["Parameters"] = {"classification": "csv", "skip.header.line.count": "1"}
    account.boto("glue").create_table(DatabaseName="club", TableInput=described)
    assert mason("apply", "-y").code == 0
    done = run(mason, "table:merge", config, f"{TABLE},output_path:out/merged.csv")
    assert done.code == 0, done.err
    assert [" ".join(line.split()) for line in done.err.splitlines() if "widened" in line] == [
        "id BIGINT widened from INTEGER (a/1.parquet, a/2.parquet)"
    ]
    assert len(submitted(account)) == 1
    read = account.boto("s3").get_object
    assert read(Bucket=BUCKET, Key="lake/out/merged.csv")["Body"].read().split() == MERGED
    text = "database_name:club,table_name:text,output_path:out/people.csv"
    done = run(mason, "table:merge", config, text)
    assert done.code == 0, done.err
    assert (
        "  The files were merged on this machine, and uploaded, because Athena reads csv otherwise than Mason."
        in done.out.splitlines()
    )
    lines = read(Bucket=BUCKET, Key="lake/out/people.csv")["Body"].read().decode().splitlines()
    assert (lines[0], sorted(lines[1:])) == ("id,name,height,age", ["1,Ann,1.6,", "2,Bob,,", "3,Bob,1.8,", "4,,,30"])
    assert len(submitted(account)) == 1
    names = [each["Name"] for each in account.boto("glue").get_tables(DatabaseName="club")["TableList"]]
    assert sorted(names) == ["people", "text"]


@pytest.mark.parametrize("config", ["1", "3"])
def test_operators_that_write_by_statements(
    moto_catalog: S3Server, aws: None, mason: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    account = emptied(moto_catalog)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.key)
    account.put("lake/club/people/1.csv")
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    assert run(mason, "table:infer", config, INFER).code == 0
    for operator, pairs in UNLOADED.items():
        moto_results(account, ("rows_",), ("3",), kind="bigint")
        ended = run(mason, operator, config, pairs, "--json")
        assert ended.code == 0, f"{operator}: {ended.err}"
        assert ended.json["Data"][0]["status"] == "succeeded", operator


def test_schedules_are_triggered_and_deleted(account: Account, mason: Any, folder: Path) -> None:
    put_project(folder, account.endpoint)
    (folder / "crawl.yaml").write_text(CRAWL)
    assert mason("apply", "-y").code == 0
    triggered = run(mason, "schedule:trigger", "1", "schedule_name:nightly", "--json")
    assert triggered.code == 0, triggered.err
    assert triggered.json["Data"][0]["job_id"].startswith("nightly/")
    deleted = run(mason, "schedule:delete", "1", "schedule_name:nightly")
    assert deleted.code == 0, deleted.err
    assert account.boto("glue").get_crawlers()["Crawlers"] == []


@pytest.mark.parametrize("config", ["1", "3"])
def test_a_run_whose_credentials_run_out_is_resumed_with_one_submission(
    account: Account, between: Proxy, mason: Any, folder: Path, config: str
) -> None:
    put_project(folder, between.endpoint)
    assert mason("apply", "-y").code == 0
    expired = {"from": False}

    def plan(method: str, path: str) -> str:
        operation = between.targets[-1][2].rpartition(".")[2]
        expired["from"] = expired["from"] or operation == "StartQueryExecution"
        return EXPIRED if expired["from"] and operation in ("GetQueryExecution", "BatchGetQueryExecution") else PASS

    between.plan = plan
    stopped = run(mason, "club:count", config, "rows:1000,output_path:out/n.csv")
    assert stopped.code == 1
    assert "the credentials have run out" in stopped.err
    between.plan = lambda method, path: PASS
    runs = mason("runs", "list", "--json").json
    run_id = (runs["runs"] if isinstance(runs, dict) else runs)[0]["run_id"]
    resumed = mason("runs", "resume", run_id, "-y")
    assert resumed.code == 0, resumed.err + resumed.out
    assert len(submitted(account)) == 1
    content = account.boto("s3").get_object(Bucket=BUCKET, Key="lake/out/n.csv")["Body"].read()
    assert content.split() == [b"n", b"1000"]


def walk(mason: Any, workflow: str, **steps: tuple[str, dict[str, Any]]) -> Any:
    """A standard workflow whose steps have configs of their own."""
    given = {step: {"config_id": config, "parameters": values} for step, (config, values) in steps.items()}
    Path("parameters.json").write_text(json.dumps(given), "utf-8")
    return mason("run", "workflow", "table", workflow, "-c", "1", "-f", "parameters.json", "-y")


@pytest.mark.parametrize(("first", "second"), [("1", "1"), ("3", "3"), ("1", "3")])
def test_standard_workflows(account: Account, mason: Any, folder: Path, first: str, second: str) -> None:
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    people = {"database_name": "club", "table_name": "people"}
    steps = {
        "step_1": (first, {**people, "path": "club/people"}),
        "step_2": (second, {"job_id": "{{steps.step_1.job_id}}"}),
        "step_3": (second, {**people, "query_string": "SELECT count(*) AS n FROM $table"}),
        "step_4": (first, people),
    }
    done = walk(mason, "validated_infer", **steps)
    assert done.code == 0, done.err
    listed = run(mason, "table:list", first, "database_name:club", "--json").json["Data"]
    assert [each["name"] for each in listed] == ["people"]
    # A query that fails has the table forgotten again. Of a table that is there, the dry run would refuse it.
    assert run(mason, "table:delete", first, TABLE).code == 0
    steps["step_3"] = (second, {**people, "query_string": "SELECT nothing FROM $table"})
    done = walk(mason, "validated_infer", **steps)
    assert done.code == 1
    assert "nothing" in done.err
    assert run(mason, "table:list", first, "database_name:club", "--json").json.get("Data", []) == []


@pytest.mark.slow
@pytest.mark.parametrize("config", ["1", "3"])
def test_rows_of_a_query_are_exported(
    moto_catalog: S3Server, aws: None, mason: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    """They become a table of the catalog, by whose name the next step reads them."""
    account = emptied(moto_catalog)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.key)
    account.put("lake/club/people/1.csv")
    rows = {"query_string": "SELECT name FROM $table", "output_path": "table://club/names", "format": "parquet"}
    steps = {
        "step_1": (config, {"database_name": "club", "table_name": "people", **rows}),
        "step_2": (
            config,
            {"database_name": "club", "table_name": "names", "output_path": "out/names", "format": "jsonl"},
        ),
    }
    with played(account) as between:
        put_project(folder, between.endpoint)
        assert mason("apply", "-y").code == 0
        assert run(mason, "table:infer", config, INFER).code == 0
        done = walk(mason, "export", **steps)
    assert done.code == 0, done.err
    created, unloaded = [text.partition("\n-- mason")[0] for text in queries(account)]
    assert created.endswith('AS\nSELECT "$table"."name" AS "name" FROM "club"."people" AS "$table"')
    assert unloaded.startswith('UNLOAD (\nSELECT "names"."name" AS "name" FROM "club"."names" AS "names"\n)\nTO ')
    assert account.keys("lake/out/") == ["lake/out/names/00001-2026_abc.jsonl.gz"]


def test_what_a_query_may_scan_is_told_and_held_to_before_it_is_asked(
    account: Account, mason: Any, folder: Path
) -> None:
    put_project(folder, account.endpoint)
    config = json.loads((folder / "config3.yaml").read_text())
    config["clients"]["athena"]["configuration"] |= {"max_bytes_scanned": 10, "explain": True}
    (folder / "config3.yaml").write_text(json.dumps(config))
    assert mason("apply", "-y").code == 0
    assert run(mason, "table:infer", "3", INFER).code == 0
    before = len(submitted(account))
    refused = run(mason, "table:query", "3", f"{QUERY},output_path:out/names.csv")
    assert refused.code == 1
    assert "bytes_scanned 42" in refused.err
    assert "The query may scan 42 bytes, and max_bytes_scanned of client athena is 10." in refused.err
    # What was asked is EXPLAIN, which costs nothing.
    texts = [
        account.boto("athena").get_query_execution(QueryExecutionId=each)["QueryExecution"]["Query"]
        for each in submitted(account)[: len(submitted(account)) - before]
    ]
    assert all(text.startswith("EXPLAIN ") for text in texts)
    assert texts
