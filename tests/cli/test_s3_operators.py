"""Every standard operator on config 5, each held against the policy that is printed for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_policy import action_of, allows
from tests.cli.test_s3_config import CONFIG, ORDERS
from tests.servers import BUCKET
from tests.state.faults import Proxy

ORDERS_OF = {"database_name": "shop", "table_name": "orders"}
EVENTS_OF = {"database_name": "shop", "table_name": "events"}
# In this order: some make what others need.
RUNS: list[tuple[str, dict[str, Any]]] = [
    ("database:list", {}),
    ("table:list", {"database_name": "shop"}),
    ("table:get", ORDERS_OF),
    ("table:summarize", {**ORDERS_OF, "output_path": "out/summary.csv"}),
    ("table:query", {**ORDERS_OF, "query_string": "SELECT count(*) AS n FROM $table"}),
    ("table:query", {**ORDERS_OF, "query_string": "SELECT id FROM $table", "output_path": "out/ids.parquet"}),
    ("table:format", {**ORDERS_OF, "format": "parquet", "partition_columns": ["city"], "output_path": "out/by_city"}),
    (
        "table:format",
        {
            **ORDERS_OF,
            "format": "parquet",
            "partition_columns": ["id"],
            "output_path": "out/by_city",
            "overwrite": True,
        },
    ),
    ("table:dedupe", {**ORDERS_OF, "keys": ["id"], "output_path": "out/unique.csv"}),
    ("table:merge", {**EVENTS_OF, "output_path": "out/events.jsonl"}),
    ("table:fake", {**ORDERS_OF, "size": 3, "output_path": "out/made.csv"}),
    ("table:infer", {"database_name": "kept", "table_name": "people", "path": "shop/orders.csv"}),
    ("job:get", {"job_id": "{job}"}),
    ("table:delete", {"database_name": "kept", "table_name": "people"}),
    ("table:delete", {"database_name": "out", "table_name": "unique", "delete_files": True}),
]
# They need a schedule, or a crawler: tests/cli/test_schedule_resources.py and tests/clients/test_glue_scheduler.py.
OF_OTHERS = {"schedule:trigger", "schedule:delete", "table:refresh"}


@pytest.fixture
def lake(mason: Any, folder: Path, proxy: Proxy, moto: Any, prefix: str) -> str:
    import boto3

    assert mason("init", ".").code == 0
    text = CONFIG.format(bucket=BUCKET, prefix=prefix, endpoint=proxy.endpoint)
    (folder / "configs" / "lake.yaml").write_text(text, "utf-8")
    assert mason("apply", "-y").code == 0
    s3 = boto3.client("s3", endpoint_url=moto.endpoint)
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/shop/orders.csv", Body=ORDERS)
    for year in (2025, 2026):
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}/shop/events/year={year}/a.jsonl", Body=b'{"id": 1}\n')
    return prefix


@pytest.fixture
def run(mason: Any, folder: Path, lake: str) -> Callable[..., Any]:
    def call(operator: str, parameters: dict[str, Any]) -> Any:
        (folder / "parameters.json").write_text(json.dumps(parameters), "utf-8")
        done = mason("run", "operator", *operator.split(":"), "-c", "5", "-f", "parameters.json", "-y", "--json")
        assert done.code == 0, f"{operator}: {done.out}{done.err}"
        return done.json.get("Data", [])

    return call


def test_every_standard_operator_runs_within_its_policy(run: Any, mason: Any, proxy: Proxy, folder: Path) -> None:
    """No request is made that the policy for these parameters does not allow, and what only reads may not write."""
    names = {f"{each.parent.parent.name}:{each.parent.name}" for each in folder.glob("operators/*/*/operator.yaml")}
    assert {operator for operator, _ in RUNS} == names - OF_OTHERS
    job = ""
    for operator, parameters in RUNS:
        given = {name: job if value == "{job}" else value for name, value in parameters.items()}
        pairs = [word for name, value in given.items() for word in ("-p", f"{name}:{json.dumps(value)}")]
        policy = mason("policy", "operator", *operator.split(":"), "-c", "5", *pairs).json
        proxy.targets.clear()
        data = run(operator, given)
        job = data[0]["job_id"] if operator == "table:infer" else job
        asked = {action_of(*each) for each in proxy.targets}
        assert asked != set(), operator
        assert {each for each in asked if not allows(policy, *each)} == set(), operator
        if operator == "table:fake":
            # Of Python it is not known what it asks for.
            continue
        allowed = {action for each in policy["Statement"] for action in each["Action"]}
        writes = "output_path" in given or operator in ("table:infer", "table:delete")
        assert ("s3:PutObject" in allowed) == writes, operator
        assert ("s3:DeleteObject" in allowed) == (operator == "table:delete" or given.get("overwrite", False)), operator


def test_the_policy_of_the_config_allows_all_of_it(mason: Any, lake: str) -> None:
    policy = mason("policy", "config", "5").json
    allowed = {action for each in policy["Statement"] for action in each["Action"]}
    arn = f"arn:aws:s3:::{BUCKET}"
    assert {arn, f"{arn}/{lake}", f"{arn}/{lake}/*"} <= {
        name for each in policy["Statement"] for name in each["Resource"]
    }
    assert allowed == {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }


MIXED = """\
type: config
id: "8"
metastore_clients: [lake]
storage_clients: [lake]
execution_clients: [desk]
clients:
  lake: {{type: s3, configuration: {{root: "s3://{bucket}/{prefix}", endpoint_url: "{endpoint}"}}}}
  desk: {{type: local, configuration: {{root: ./desk, warehouse: ./desk.db}}}}
"""


@pytest.fixture
def walk(mason: Any, folder: Path, lake: str, proxy: Proxy) -> Callable[..., Any]:
    """Runs a standard workflow whose steps have configs of their own."""
    (folder / "desk").mkdir()
    (folder / "configs" / "mixed.yaml").write_text(MIXED.format(bucket=BUCKET, prefix=lake, endpoint=proxy.endpoint))
    assert mason("apply", "-y").code == 0

    def call(workflow: str, **steps: tuple[str, dict[str, Any]]) -> Any:
        given = {step: {"config_id": config, "parameters": values} for step, (config, values) in steps.items()}
        (folder / "parameters.json").write_text(json.dumps(given), "utf-8")
        return mason("run", "workflow", "table", workflow, "-c", "5", "-f", "parameters.json", "-y")

    return call


def test_steps_of_a_workflow_run_on_configs_of_their_own(walk: Any, run: Any) -> None:
    kept = {"database_name": "kept", "table_name": "people"}
    steps = {
        "step_1": ("5", {**kept, "path": "shop/orders.csv"}),
        "step_2": ("8", {"job_id": "{{steps.step_1.job_id}}"}),
        "step_3": ("8", {**kept, "query_string": "SELECT count(*) AS n FROM $table"}),
        "step_4": ("5", kept),
    }
    done = walk("validated_infer", **steps)
    assert done.code == 0, done.err
    assert [each["name"] for each in run("table:list", {"database_name": "kept"})] == ["people"]
    # A query that fails has the table forgotten again.
    steps["step_1"] = ("8", {**steps["step_1"][1], "overwrite": True})
    steps["step_3"] = ("8", {**kept, "query_string": "SELECT nothing FROM $table"})
    done = walk("validated_infer", **steps)
    assert done.code == 1
    assert "nothing" in done.err
    assert run("table:list", {"database_name": "kept"}) == []


@pytest.mark.parametrize(("first", "second"), [("5", "5"), ("5", "8"), ("8", "5")])
def test_a_table_is_exported(walk: Any, run: Any, lake: str, first: str, second: str) -> None:
    done = walk(
        "export",
        step_1=(
            first,
            {**ORDERS_OF, "query_string": "SELECT * FROM $table WHERE id > 1", "output_path": "out/some.csv"},
        ),
        step_2=(
            second,
            {"database_name": "out", "table_name": "some", "format": "parquet", "output_path": "made/some"},
        ),
    )
    assert done.code == 0, done.err
    sql = {
        "database_name": "made",
        "table_name": "some",
        "query_string": "SELECT count(*) AS n, sum(amount) AS s FROM $table",
    }
    assert run("table:query", sql) == [{"n": 3, "s": 4.5}]
