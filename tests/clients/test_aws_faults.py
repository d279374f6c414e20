"""What networks and services do to work on Athena and Glue, by a proxy between Mason and ministack: whatever happens, a
query is submitted once, and what is told is what a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from mason.clients.athena.execution import AthenaExecution
from mason.engines.jobs import Token, submitting
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Table
from mason.errors import AccessDeniedError, EngineError, JobFailedError, NotFoundError, TransientEngineError
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.test_athena import answered, client_of, execution_of, people, queries, written
from tests.servers import S3Server
from tests.state.faults import (
    CUT_AFTER,
    CUT_BEFORE,
    CUT_BODY,
    EXPIRED,
    FAIL_AFTER,
    FAIL_BEFORE,
    PASS,
    SLOW,
    THROTTLED,
    Proxy,
    proxied,
)

TOKEN = Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)
OUTPUT = f"s3://{BUCKET}/out/a.csv"
READERS = 100


@pytest.fixture
def account(ministack: S3Server) -> Account:
    return emptied(ministack)


@pytest.fixture
def between(account: Account, aws: None) -> Iterator[Proxy]:
    with proxied(account.endpoint) as made:
        yield made
        made.check()


@pytest.fixture
def execution(account: Account, between: Proxy, tmp_path: Path) -> AthenaExecution:
    return execution_of(client_of(replace(account, endpoint=between.endpoint), tmp_path))


def submit(execution: AthenaExecution) -> Job:
    with submitting(TOKEN):
        return written(execution, "SELECT 1 AS a", OUTPUT)


@pytest.mark.parametrize("fault", [CUT_BEFORE, CUT_AFTER, CUT_BODY, FAIL_BEFORE, FAIL_AFTER])
def test_a_submission_that_is_cut_is_made_once(
    account: Account, between: Proxy, execution: AthenaExecution, fault: str
) -> None:
    """Before the service sees it, while it answers, and when the answer is on its way."""
    between.fail_operation("StartQueryExecution", fault)
    job = submit(execution)
    assert len(queries(account)) == 1
    assert execution.find_job(str(TOKEN)).job_id == job.job_id


@pytest.mark.parametrize("operation", ["GetWorkGroup", "GetQueryExecution"])
@pytest.mark.parametrize("fault", [CUT_BEFORE, CUT_AFTER, CUT_BODY, FAIL_BEFORE])
def test_looking_is_repeated(
    account: Account, between: Proxy, execution: AthenaExecution, operation: str, fault: str
) -> None:
    between.fail_operation(operation, fault)
    submit(execution)
    assert len(queries(account)) == 1


def test_a_listing_that_is_cut_off_is_no_empty_one(
    account: Account, between: Proxy, execution: AthenaExecution
) -> None:
    """botocore takes the half of an answer for one that has nothing in it."""
    people(account, execution.connection)
    metastore = execution.connection.engine("metastore")
    assert isinstance(metastore, Metastore)
    between.fail_operation("GetTables", CUT_BODY)
    assert [each.name for each in metastore.list_tables("club")] == ["people"]
    between.plan = lambda method, path: CUT_BODY if between.targets[-1][2].endswith("GetDatabases") else PASS
    with pytest.raises(TransientEngineError) as raised:
        metastore.list_databases()
    assert str(raised.value) == (
        "Client athena cannot list the databases: no whole answer came (it was cut off). Check the network, "
        "and try again."
    )


@pytest.mark.slow
def test_a_storm_of_throttling_submits_once(account: Account, between: Proxy, execution: AthenaExecution) -> None:
    between.fail_operation("StartQueryExecution", THROTTLED, THROTTLED, THROTTLED)
    submit(execution)
    between.fail_operation("GetQueryExecution", THROTTLED, THROTTLED)
    assert execution.find_job(str(TOKEN)).status in ("queued", "running", "succeeded")
    assert execution.get_job(execution.find_job(str(TOKEN)).job_id).verb == "execution.query"
    assert len(queries(account)) == 1


@pytest.mark.slow
def test_a_storm_that_does_not_end_is_told(account: Account, between: Proxy, execution: AthenaExecution) -> None:
    between.fail_operation("StartQueryExecution", *[THROTTLED] * 5)
    with pytest.raises(TransientEngineError) as raised:
        submit(execution)
    assert str(raised.value) == (
        "Client athena cannot submit a query to workgroup primary: the service has too much to do "
        "(ThrottlingException: As planned). Try again later."
    )
    assert queries(account) == []


def test_credentials_that_run_out_while_a_query_runs(
    account: Account, between: Proxy, execution: AthenaExecution
) -> None:
    job = submit(execution)
    between.fail_operation("GetQueryExecution", EXPIRED)
    with pytest.raises(AccessDeniedError) as raised:
        execution.get_job(job.job_id)
    assert "the credentials have run out (ExpiredToken: As planned). Renew them: aws sso login" in str(raised.value)
    assert execution.find_job(str(TOKEN)).job_id == job.job_id
    assert len(queries(account)) == 1


def test_credentials_that_ran_out_submit_nothing(account: Account, between: Proxy, execution: AthenaExecution) -> None:
    between.fail_operation("StartQueryExecution", EXPIRED)
    with pytest.raises(AccessDeniedError):
        submit(execution)
    assert queries(account) == []
    with pytest.raises(NotFoundError):
        execution.find_job(str(TOKEN))


def test_pages_that_come_slowly_are_all_read(between: Proxy, execution: AthenaExecution) -> None:
    between.plan = lambda method, path: SLOW if between.targets[-1][2].endswith("GetQueryResults") else PASS
    between.delay = 0.2
    rows = answered(execution, "SELECT range AS n FROM range(2500) ORDER BY n")
    assert [row[0] for row in rows.rows] == list(range(2500))
    asked = [each for each in between.targets if each[2].endswith("GetQueryResults")]
    assert len(asked) == 3


def test_a_table_that_is_dropped_while_it_is_queried(account: Account, execution: AthenaExecution) -> None:
    table = people(account, execution.connection)
    account.boto("glue").delete_table(DatabaseName="club", Name="people")
    with pytest.raises(JobFailedError) as raised:
        answered(execution, "SELECT * FROM $table", table)
    assert "Athena did not answer the query" in str(raised.value)
    assert "people" in str(raised.value)
    with submitting(TOKEN):
        job = written(execution, "SELECT * FROM $table", OUTPUT, table=table)
    while job.status in ("queued", "running"):
        job = execution.get_job(job.job_id)
    assert job.status == "failed"
    assert "people" in job.reason
    assert account.keys("out/") == []


def test_another_region_has_none_of_it(account: Account, execution: AthenaExecution, tmp_path: Path) -> None:
    """Each region has a catalog and queries of its own."""
    table = people(account, execution.connection)
    assert isinstance(table, Table)
    there = client_of(account, tmp_path, aws_region="us-west-2")
    metastore = there.engine("metastore")
    assert isinstance(metastore, Metastore)
    with pytest.raises(NotFoundError):
        metastore.get_table("club", "people")
    job = submit(execution)
    with pytest.raises(NotFoundError) as raised:
        execution_of(there).get_job(job.job_id)
    assert str(raised.value) == f"There is no query {job.job_id} in us-west-2."


def test_a_hundred_threads_share_one_connection(account: Account, between: Proxy, execution: AthenaExecution) -> None:
    """Reads of the catalog and answers of queries are not mixed up, and the services are made once."""
    client = execution.connection
    people(account, client)
    metastore = client.engine("metastore")
    assert isinstance(metastore, Metastore)
    gate = Barrier(READERS, timeout=60)

    def read(number: int) -> tuple[str, int]:
        gate.wait()
        name = metastore.get_table("club", "people").name
        if number % 10:
            return name, number
        return name, answered(execution, f"SELECT {number} AS n").rows[0][0]

    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(read, range(READERS)))
    assert found == [("people", number) for number in range(READERS)]
    assert client.engine("metastore") is metastore
    assert client.aws.service("glue") is client.aws.service("glue")
    assert 1 < between.most_at_once <= READERS


def test_what_names_no_table_of_the_catalog(execution: AthenaExecution) -> None:
    with pytest.raises(EngineError) as raised:
        execution.query("SELECT * FROM club.people")
    assert "club" in str(raised.value)
