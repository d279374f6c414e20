"""Outputs that are tables of the catalog: what is submitted to moto, whose queries run no SQL. The tables that Athena
would make are put there by the tests, and what becomes of them is Mason's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients.athena.execution import AthenaExecution
from mason.clients.athena.table_outputs import staged_name
from mason.engines.jobs import Token, submitting
from mason.engines.models import Job
from mason.errors import ConflictError, EngineError, NotFoundError, TransientEngineError
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.test_athena import (
    client_of,
    execution_of,
    moto_results,
    moto_states,
    people,
    queries,
    written,
)
from tests.servers import S3Server
from tests.state.faults import CUT_BEFORE, PASS, proxied

TOKEN = Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)
OUTPUT = "table://club/adults"
PLACE = f"s3://{BUCKET}/warehouse/adults/{TOKEN.digest[:16]}/"
CREATED = f"""\
CREATE TABLE "club"."{staged_name(TOKEN.digest)}"
WITH (format = 'PARQUET', write_compression = 'SNAPPY', external_location = '{PLACE}')
AS
SELECT 1 AS id"""


@pytest.fixture
def account(moto_catalog: S3Server, aws: None) -> Iterator[Account]:
    made = emptied(moto_catalog)
    made.boto("glue").create_database(DatabaseInput={"Name": "club", "LocationUri": f"s3://{BUCKET}/warehouse"})
    moto_states(made, progression="manual", times=3)
    yield made
    moto_states(made, progression="immediate")


@pytest.fixture
def execution(account: Account, tmp_path: Path) -> AthenaExecution:
    return execution_of(client_of(account, tmp_path))


def made_by_athena(account: Account, keys: tuple[str, ...] = (), place: str = PLACE, **more: Any) -> None:
    """The table and the files that a CREATE TABLE AS of this submission leaves."""
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": place, "SerdeInfo": {}}
    account.boto("glue").create_table(
        DatabaseName="club",
        TableInput={
            "Name": staged_name(TOKEN.digest),
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE"},
            "StorageDescriptor": storage,
            "PartitionKeys": [{"Name": name, "Type": "string"} for name in keys],
            **more,
        },
    )
    account.put(f"{place.partition(f'{BUCKET}/')[2]}2026_abc", b"rows")


def ended(execution: AthenaExecution, job: Job) -> Job:
    for _ in range(20):
        if job.status not in ("queued", "running"):
            return job
        job = execution.get_job(job.job_id)
    raise AssertionError(job)


def tables(account: Account) -> dict[str, Any]:
    listed = account.boto("glue").get_tables(DatabaseName="club")["TableList"]
    return {each["Name"]: each for each in listed}


def test_a_query_becomes_a_table(account: Account, execution: AthenaExecution) -> None:
    with submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", OUTPUT, format="parquet")
    assert [text.partition("\n-- mason")[0] for text in queries(account)] == [CREATED]
    made_by_athena(account)
    done = ended(execution, job)
    assert done.status == "succeeded"
    assert done.result == {
        "output": OUTPUT,
        "format": "parquet",
        "location": PLACE,
        "files": [{"path": f"{PLACE}2026_abc", "bytes": 4}],
        "bytes": 4,
        # What moto says of every query.
        "rows": 2,
    }
    found = tables(account)
    assert list(found) == ["adults"]
    assert found["adults"]["StorageDescriptor"]["Location"] == PLACE
    assert found["adults"]["Parameters"]["classification"] == "parquet"
    assert execution.get_job(job.job_id) == done


def test_a_table_that_is_there_is_replaced_on_request_only(account: Account, execution: AthenaExecution) -> None:
    old = f"s3://{BUCKET}/warehouse/adults/old/"
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": old}
    described = {"Name": "adults", "StorageDescriptor": storage, "Parameters": {"mason.made": "an earlier one"}}
    account.boto("glue").create_table(DatabaseName="club", TableInput=described)
    account.put("warehouse/adults/old/1", b"old")
    with pytest.raises(ConflictError) as raised:
        written(execution, "SELECT 1 AS id", OUTPUT, format="parquet")
    assert str(raised.value) == "table://club/adults exists already. Ask for overwrite to replace it."
    assert queries(account) == []
    with submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", OUTPUT, format="parquet", overwrite=True)
    made_by_athena(account)
    assert tables(account)["adults"]["StorageDescriptor"]["Location"] == old
    assert ended(execution, job).status == "succeeded"
    assert tables(account)["adults"]["StorageDescriptor"]["Location"] == PLACE
    assert account.keys("warehouse/") == [f"warehouse/adults/{TOKEN.digest[:16]}/2026_abc"]


def test_a_table_that_was_registered_meanwhile_is_left_alone(account: Account, execution: AthenaExecution) -> None:
    with submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", OUTPUT, format="parquet")
    made_by_athena(account)
    theirs = {"Name": "adults", "StorageDescriptor": {"Columns": [], "Location": "s3://theirs"}}
    account.boto("glue").create_table(DatabaseName="club", TableInput=theirs)
    with pytest.raises(ConflictError) as raised:
        ended(execution, job)
    assert str(raised.value) == (
        f"table://club/adults was registered while it was made. Its rows are in club.{staged_name(TOKEN.digest)}."
    )
    assert tables(account)["adults"]["StorageDescriptor"]["Location"] == "s3://theirs"


def test_more_than_a_hundred_partitions_are_inserted(account: Account, execution: AthenaExecution) -> None:
    """The first statement makes the table without rows, and each hundred of its partitions is inserted by another."""
    moto_results(account, ("name",), *((f"n{number:03}",) for number in range(250)))
    table = people(account, execution.connection)
    with submitting(TOKEN):
        job = execution.format(table, output=OUTPUT, format="parquet", partition_columns=["name"])
    distinct, creating, *inserting = [text.partition("\n-- mason")[0] for text in queries(account)]
    assert distinct.startswith("SELECT DISTINCT")
    assert creating.startswith(f'CREATE TABLE "club"."{staged_name(TOKEN.digest)}"\nWITH (format = \'PARQUET\'')
    assert "partitioned_by = ARRAY['name'])" in creating
    assert creating.endswith("\nWITH NO DATA")
    assert [text.partition("\n")[0] for text in inserting] == [f'INSERT INTO "club"."{staged_name(TOKEN.digest)}"'] * 3
    assert [text.count("'n") for text in inserting] == [100, 100, 50]
    assert len(job.job_id.split("+")) == 4
    made_by_athena(account, keys=("name",))
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": f"{PLACE}name=n000"}
    account.boto("glue").batch_create_partition(
        DatabaseName="club",
        TableName=staged_name(TOKEN.digest),
        PartitionInputList=[{"Values": [f"n{number:03}"], "StorageDescriptor": storage} for number in range(100)],
    )
    assert "adults" not in tables(account)
    assert ended(execution, job).status == "succeeded"
    assert sorted(tables(account)) == ["adults", "people"]
    listed = account.boto("glue").get_partitions(DatabaseName="club", TableName="adults")["Partitions"]
    assert len(listed) == 100
    assert listed[0]["StorageDescriptor"]["Columns"] == [{"Name": "id", "Type": "int"}]


def test_a_crash_between_statements_submits_each_once(ministack: S3Server, aws: None, tmp_path: Path) -> None:
    """The submission begins anew under its token: the table has other values by then, and the statements are those that
    were noted before the first of them. (ministack runs no UNLOAD: what is submitted counts.)"""
    account = emptied(ministack)
    table = people(account, client_of(account, tmp_path), content=_names("n", 250))
    asked: dict[str, Any] = {
        "output": f"s3://{BUCKET}/out/by_name",
        "format": "parquet",
        "partition_columns": ["name"],
    }
    with proxied(account.endpoint) as between:
        execution = execution_of(client_of(Account(between.endpoint, account.key), tmp_path))
        # The first asks for the values.
        between.plan = lambda method, path: CUT_BEFORE if _starts(between.targets) > 3 and path == "/" else PASS
        with pytest.raises(TransientEngineError), submitting(TOKEN):
            execution.format(table, **asked)
    assert len(_unloads(account)) == 2
    again = execution_of(client_of(account, tmp_path))
    with pytest.raises(NotFoundError):
        again.find_job(str(TOKEN))
    account.put("club/people/1.csv", _names("m", 400))
    with submitting(TOKEN):
        job = again.format(table, **asked)
    assert len(job.job_id.split("+")) == 3
    assert sorted(text.count("'n0") + text.count("'n1") + text.count("'n2") for text in _unloads(account)) == [
        50,
        100,
        100,
    ]
    assert again.find_job(str(TOKEN)).job_id == job.job_id


def _names(letter: str, count: int) -> bytes:
    rows = "".join(f"{number},{letter}{number:03},1.5\n" for number in range(count))
    return f"id,name,height\n{rows}".encode()


def _unloads(account: Account) -> list[str]:
    return [text for text in queries(account) if text.startswith("UNLOAD")]


def _starts(targets: list[tuple[str, str, str]]) -> int:
    return sum(target.endswith("StartQueryExecution") for _, _, target in targets)


def test_what_failed_leaves_nothing(account: Account, execution: AthenaExecution) -> None:
    with submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", OUTPUT, format="parquet")
    made_by_athena(account)
    assert execution.cancel_job(job.job_id).status == "cancelled"
    assert tables(account) == {}
    assert account.keys("warehouse/") == []


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("table://club", "names no table: write table://DATABASE/NAME"),
        ("table://club/a/b", "names no table"),
        ("table:///adults", "names no table"),
        ("table://nowhere/adults", "nowhere"),
    ],
)
def test_outputs_that_name_no_table(account: Account, execution: AthenaExecution, output: str, said: str) -> None:
    with pytest.raises(EngineError) as raised:
        written(execution, "SELECT 1 AS id", output, format="parquet")
    assert said in str(raised.value)
    assert queries(account) == []


def test_a_partitioned_table_is_not_replaced(account: Account, execution: AthenaExecution) -> None:
    table = people(account, execution.connection)
    made = {"Name": "adults", "StorageDescriptor": {"Columns": [], "Location": PLACE}}
    account.boto("glue").create_table(DatabaseName="club", TableInput=made)
    with pytest.raises(ConflictError) as raised:
        execution.format(table, output=OUTPUT, format="parquet", partition_columns=["name"], overwrite=True)
    assert "cannot be replaced whole" in str(raised.value)
    assert queries(account) == []


def test_the_workgroup_decides_where_files_go(account: Account, tmp_path: Path) -> None:
    where = {"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/theirs/"}}
    account.boto("athena").create_work_group(
        Name="team", Configuration={**where, "EnforceWorkGroupConfiguration": True}
    )
    execution = execution_of(client_of(account, tmp_path, workgroup="team"))
    with submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", OUTPUT, format="parquet")
    assert "external_location" not in queries(account)[0]
    place = f"s3://{BUCKET}/theirs/tables/{job.job_id}/"
    made_by_athena(account, place=place)
    assert ended(execution, job).result["location"] == place


def test_a_database_without_a_place(account: Account, tmp_path: Path) -> None:
    account.boto("glue").create_database(DatabaseInput={"Name": "bare"})
    client = client_of(account, tmp_path)
    with pytest.raises(EngineError) as raised:
        written(execution_of(client), "SELECT 1 AS id", "table://bare/adults", format="parquet")
    assert "give database bare a location" in str(raised.value)
    client.neighbours = {"lake": {"engines": ("storage",), "type": "s3", "url": f"s3://{BUCKET}/root"}}
    with submitting(TOKEN):
        written(execution_of(client), "SELECT 1 AS id", "table://bare/adults", format="parquet")
    assert f"s3://{BUCKET}/root/bare/adults/{TOKEN.digest[:16]}/" in queries(account)[0]


def test_made_up_rows_are_files(execution: AthenaExecution) -> None:
    with pytest.raises(EngineError) as raised:
        execution.fake({"id": "BIGINT"}, size=2, output=OUTPUT, format="parquet")
    assert "Rows that are made up become files" in str(raised.value)
