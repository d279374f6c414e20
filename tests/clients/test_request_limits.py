"""What AWS would refuse of a request is refused by Mason, by the models that botocore ships, before anything is sent:
the clients here lead to a port where nothing listens."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mason.clients._aws.request_limits import unfit
from mason.clients._glue_catalog.catalog_requests import PAGE
from mason.clients.athena.statement_requests import _IDS, _PAGE, Statements
from mason.clients.glue import GlueClient
from mason.engines.jobs import Token
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Location, Schema, Table
from mason.engines.scheduler import Scheduler
from mason.errors import TransientEngineError
from tests.clients.conftest import refusal
from tests.servers import free_port

ROLE = "arn:aws:iam::123456789012:role/crawlers"
ROOMS = ("glue", "athena", "_glue_catalog")


@cache
def model(service: str) -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


def input_of(service: str, operation: str) -> Any:
    return model(service).operation_model(operation).input_shape


@pytest.mark.parametrize(
    ("service", "operation", "given", "faults"),
    [
        ("glue", "GetTable", {"DatabaseName": "club", "Name": "people"}, []),
        (
            "glue",
            "GetTables",
            {"DatabaseName": "d" * 256, "MaxResults": 101},
            [
                "DatabaseName has 256 characters, and at most 255 are taken.",
                "MaxResults is 101, and the most that is taken is 100.",
            ],
        ),
        (
            "glue",
            "CreateDatabase",
            {"DatabaseInput": {"Name": "", "Parameters": {"a": "b", "": "c"}}},
            [
                "DatabaseInput.Name has 0 characters, and at least 1 are wanted.",
                "a name in DatabaseInput.Parameters has 0 characters, and at least 1 are wanted.",
            ],
        ),
        (
            "glue",
            "BatchCreatePartition",
            {"DatabaseName": "club", "TableName": "people", "PartitionInputList": [{"Values": ["x" * 1025]}] * 1},
            ["PartitionInputList[0].Values[0] has 1,025 characters, and at most 1,024 are taken."],
        ),
        (
            "athena",
            "StartQueryExecution",
            {"QueryString": "SELECT 1", "ClientRequestToken": "a" * 31, "WorkGroup": "primary"},
            ["ClientRequestToken has 31 characters, and at least 32 are wanted."],
        ),
        (
            "athena",
            "StartQueryExecution",
            {"QueryString": "SELECT 1", "ClientRequestToken": "a" * 129},
            ["ClientRequestToken has 129 characters, and at most 128 are taken."],
        ),
        (
            "athena",
            "GetWorkGroup",
            {"WorkGroup": "the team"},
            [
                "WorkGroup is 'the team', which holds what is not taken (its pattern is [a-zA-Z0-9._-]{1,128}).",
            ],
        ),
        ("glue", "GetTable", {"DatabaseName": "club", "Name": "snow ❄ 🎿"}, []),
        (
            "glue",
            "CreateTrigger",
            {"Name": "a", "Type": "HOURLY", "Actions": []},
            ["Type is 'HOURLY', and taken are SCHEDULED, CONDITIONAL, ON_DEMAND, EVENT."],
        ),
        ("glue", "GetTable", {"Unknown": "left to botocore", "Name": None}, []),
    ],
    ids=str,
)
def test_what_a_model_does_not_take(service: str, operation: str, given: dict[str, Any], faults: list[str]) -> None:
    assert unfit(input_of(service, operation), given) == faults


def test_characters_that_glue_does_not_take() -> None:
    (fault,) = unfit(input_of("glue", "GetTable"), {"DatabaseName": "a\nb", "Name": "people"})
    assert fault.startswith("DatabaseName is 'a\\nb', which holds what is not taken (its pattern is [")


def test_every_operation_that_is_asked_for_has_a_model() -> None:
    """So that nothing goes out unchecked: the operations that the clients name are those of botocore."""
    from botocore import xform_name

    known = {xform_name(name): (service, name) for service in ("glue", "athena") for name in _operations(service)}
    text = "".join(
        each.read_text("utf-8") for room in ROOMS for each in sorted(Path(f"mason/clients/{room}").glob("*.py"))
    )
    named = set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', text)) & set(known)
    assert {"start_query_execution", "get_query_results", "create_crawler", "batch_create_partition"} <= named
    assert [each for each in sorted(named) if input_of(*known[each]) is None] == []


def _operations(service: str) -> list[str]:
    return list(model(service).operation_names)


def test_pages_are_as_large_as_aws_gives() -> None:
    most = {
        name: unfit(input_of("glue", operation), {"MaxResults": PAGE[name] + 1})
        for name, operation in [
            ("get_databases", "GetDatabases"),
            ("get_tables", "GetTables"),
            ("get_partitions", "GetPartitions"),
        ]
    }
    assert all(most.values()), most
    assert unfit(input_of("athena", "GetQueryResults"), {"MaxResults": _PAGE}) == []
    assert unfit(input_of("athena", "GetQueryResults"), {"MaxResults": _PAGE + 1}) != []
    assert unfit(input_of("athena", "BatchGetQueryExecution"), {"QueryExecutionIds": ["a"] * (_IDS + 1)}) != []
    entries = [{"Values": ["a"]}] * (PAGE["batch_create_partition"] + 1)
    assert unfit(input_of("glue", "BatchCreatePartition"), {"PartitionInputList": entries}) != []


def test_tokens_of_submissions_are_as_long_as_athena_takes() -> None:
    token = Token("20261121T101500.042-3f9a1c", "step_" + "1" * 200, 99_999, 99)
    for part in (1, 99_999):
        given = {"ClientRequestToken": f"{token.digest}-{part:05}"}
        assert unfit(input_of("athena", "StartQueryExecution"), given) == []


@pytest.fixture
def nowhere(aws: None, tmp_path: Path) -> GlueClient:
    configuration = {"endpoint_url": f"http://127.0.0.1:{free_port()}", "aws_region": "eu-central-1", "timeout": 1}
    made = GlueClient({**configuration, "crawler_role": ROLE}, base=tmp_path)
    made.neighbours = {"lake": {"engines": ("storage",), "type": "s3", "url": "s3://lake"}}
    return made


def table_of(**more: Any) -> Table:
    schema = Schema((Column("id", "BIGINT", comment=str(more.pop("column_comment", ""))),))
    return Table("people", schema=schema, location=Location("s3://lake/people"), format="parquet", **more)


@pytest.mark.parametrize(
    ("database", "table", "definition", "said"),
    [
        ("club", "p" * 256, table_of(), "1 to 255 bytes"),
        ("club", "a\nb", table_of(), "no control character"),
        ("", "people", table_of(), "1 to 255 bytes"),
    ],
)
def test_names_that_glue_does_not_keep(
    nowhere: GlueClient, database: str, table: str, definition: Table, said: str
) -> None:
    metastore = nowhere.engine("metastore")
    assert isinstance(metastore, Metastore)
    told = refusal(metastore.create_table, database, table, definition=definition)
    assert "EngineError" in told
    assert said in told or "at most 255" in told


def test_a_name_that_no_crawler_may_have(nowhere: GlueClient) -> None:
    scheduler = nowhere.engine("scheduler")
    assert isinstance(scheduler, Scheduler)
    name = "n" * 256
    assert refusal(scheduler.get_schedule, name) == (
        f"EngineError: Client glue cannot get crawler {name}: Name has 256 characters, and at most 255 are taken."
    )


def test_what_may_be_sent_is_sent(nowhere: GlueClient) -> None:
    """The port is closed, so that is what is told."""
    with pytest.raises(TransientEngineError):
        nowhere.aws.call_once("glue", "get_table", _asked(), DatabaseName="club", Name="people")


def _asked() -> Any:
    from mason.clients._aws.denials import Asked

    return Asked("look", "glue:GetTable", "*")


def test_ids_of_queries_that_athena_does_not_have(nowhere: GlueClient) -> None:
    statements = Statements(nowhere.aws, {})
    assert "Athena's ids are UUIDs" in refusal(statements.look, "a b")
