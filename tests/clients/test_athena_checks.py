"""Checks of what Athena writes: on ministack, whose results are files of CSV, and on moto for folders and tables, whose
files are put where Athena would put them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mason.clients.athena.execution import AthenaExecution
from mason.engines.checking import Asked, asking
from mason.engines.jobs import Token, submitting
from mason.engines.models import Job
from mason.errors import CheckFailedError, EngineError
from mason.resources.output_checks import of_definition
from tests.cli.test_aws_configs import put_project
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.test_athena import client_of, execution_of, moto_states, people, queries, written
from tests.clients.test_athena_tables import PLACE, ended, made_by_athena, tables
from tests.servers import S3Server

TOKEN = Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)
CSV = f"s3://{BUCKET}/out/people.csv"
CHECKS = [{"unique": "name"}, {"not_null": "height", "severity": "warn"}]
WRONG = (
    "Check unique_name failed: 1 row of 3 repeats the name of another.\n"
    "Nothing was published: what was there before is still there."
)


def checking(*definitions: dict[str, Any]) -> Any:
    return asking(Asked(of_definition(list(definitions))))


def told(job: Job) -> list[tuple[str, str, int]]:
    return [(each["name"], each["status"], each["rows"]) for each in job.result["checks"]]


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


def parquet(folder: Path, select: str) -> bytes:
    made = folder / "made.parquet"
    duckdb.connect().execute(f"COPY ({select}) TO '{made}' (FORMAT parquet)")
    return made.read_bytes()


@pytest.mark.parametrize(("column", "status"), [("id", "succeeded"), ("name", "failed")])
def test_a_result_is_checked_before_it_is_the_file(
    ministack: S3Server, aws: None, tmp_path: Path, column: str, status: str
) -> None:
    account = emptied(ministack)
    execution = execution_of(client_of(account, tmp_path))
    table = people(account, execution.connection)
    account.put("out/people.csv", b"before")
    with checking({"unique": column}, CHECKS[1]), submitting(TOKEN):
        job = written(execution, "SELECT id, name, height FROM $table", CSV, table=table, overwrite=True)
    # Whoever asks publishes it, and knows which checks hold.
    other = execution_of(client_of(account, tmp_path))
    done = ended(other, job)
    assert done.status == status
    assert told(done) == [
        (f"unique_{column}", "passed" if status == "succeeded" else "failed", 3),
        ("not_null_height", "warned", 3),
    ]
    content = account.boto("s3").get_object(Bucket=BUCKET, Key="out/people.csv")["Body"].read()
    assert content.startswith(b"id,name" if status == "succeeded" else b"before")
    assert done.reason == ("" if status == "succeeded" else WRONG)
    assert execution.get_job(job.job_id) == done == execution.find_job(str(TOKEN))


@pytest.mark.parametrize(("name", "status"), [("Bob", "failed"), ("Bea", "succeeded")])
def test_a_folder_is_checked_where_it_is_staged(
    account: Account, execution: AthenaExecution, tmp_path: Path, name: str, status: str
) -> None:
    with checking(*CHECKS), submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", f"s3://{BUCKET}/out/people", format="parquet")
    staged = f"athena/mason/{TOKEN.digest[:32]}/00001/2026_abc"
    account.put(staged, parquet(tmp_path, f"FROM (VALUES ('Ann', 1.5), ('Bob', NULL), ('{name}', 2)) t(name, height)"))
    done = ended(execution, job)
    assert (done.status, told(done)[0][1]) == (status, "passed" if status == "succeeded" else "failed")
    assert account.keys("out/") == (["out/people/00001-2026_abc.parquet"] if status == "succeeded" else [])
    assert [key for key in account.keys("athena/mason/") if "/00001/" in key] == []
    assert execution.get_job(job.job_id) == done


def test_a_table_is_checked_before_it_is_registered(
    account: Account, execution: AthenaExecution, tmp_path: Path
) -> None:
    with checking(*CHECKS), submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", "table://club/adults", format="parquet")
    made_by_athena(account)
    content = parquet(tmp_path, "FROM (VALUES ('Bob', 1.5), ('Bob', NULL), ('Ann', 2)) t(name, height)")
    account.put(f"{PLACE.partition(f'{BUCKET}/')[2]}2026_abc", content)
    done = ended(execution, job)
    assert (done.status, done.reason) == ("failed", WRONG)
    assert tables(account) == {}
    assert account.keys("warehouse/") == []


def test_no_rows_are_no_file(account: Account, execution: AthenaExecution) -> None:
    output = f"s3://{BUCKET}/out/people"
    with checking(*CHECKS, {"row_count": {"min": 1}}), submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", output, format="parquet")
    done = ended(execution, job)
    assert done.status == "failed"
    assert told(done) == [("unique_name", "passed", 0), ("not_null_height", "passed", 0), ("row_count", "failed", 0)]


@pytest.mark.parametrize(("severity", "status"), [("fail", "failed"), ("warn", "succeeded")])
def test_a_query_over_no_rows_is_not_asked(
    account: Account, execution: AthenaExecution, severity: str, status: str
) -> None:
    asked = {"sql": "SELECT * FROM $table WHERE height < 0", "name": "heights", "severity": severity}
    with checking(asked, CHECKS[0]), submitting(TOKEN):
        job = written(execution, "SELECT 1 AS id", f"s3://{BUCKET}/out/people", format="parquet")
    done = ended(execution, job)
    why = "there are no rows, so Athena wrote no file that its query could be asked of"
    assert done.status == status
    assert done.reason == (
        f"Check heights failed: {why}.\nNothing was published: what was there before is still there."
        if severity == "fail"
        else ""
    )
    assert told(done) == [
        ("heights", "failed" if severity == "fail" else "warned", 0),
        ("unique_name", "passed", 0),
    ]
    assert done.result["checks"][0]["message"] == why
    assert execution.get_job(job.job_id) == done


def test_what_cannot_be_read_here_is_refused(account: Account, execution: AthenaExecution) -> None:
    table = people(account, execution.connection)
    output = f"s3://{BUCKET}/out/people"
    refused = (
        ({"format": "jsonl"}, "is of jsonl"),
        ({"format": "parquet", "partition_columns": ["name"]}, "is partitioned"),
    )
    for asked, what in refused:
        with checking(*CHECKS), pytest.raises(EngineError) as raised:
            execution.format(table, output=output, **asked)
        assert str(raised.value) == (
            "Client athena checks a CSV file, or a folder or table of parquet without partitions, before it is "
            f"published, and {output} {what}. Write such a one, or take the checks away."
        )
    with checking({"sql": "SELECT * FROM club.people"}), pytest.raises(EngineError) as raised:
        execution.format(table, output=output, format="parquet")
    assert "a check reads its output, $table, and no other table (club.people)" in str(raised.value)
    assert queries(account) == []


def test_what_is_made_here_is_checked_here(account: Account, execution: AthenaExecution) -> None:
    with checking({"row_count": {"min": 5}}), pytest.raises(CheckFailedError):
        execution.fake({"id": "BIGINT"}, size=3, output=f"s3://{BUCKET}/out/made.csv")
    assert account.keys("out/") == []
    table = people(account, execution.connection)
    asked = Asked(of_definition(CHECKS))
    assert [each["status"] for each in execution.check_table(table, asked)] == ["failed", "warned"]


RUN = """\
type: run
name: names
operator: table:query
config_id: "1"
parameters:
  database_name: club
  table_name: people
  query_string: SELECT id, name FROM $table
  output_path: out/names.csv
checks:
  - unique: COLUMN
"""


@pytest.mark.slow
def test_a_run_that_fails_its_checks_publishes_nothing(
    ministack: S3Server, aws: None, mason: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = emptied(ministack)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.key)
    account.put("lake/club/people/1.csv")
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    inferred = "database_name:club,table_name:people,path:club/people"
    assert mason("run", "operator", "table", "infer", "-c", "1", "-y", "-p", inferred).code == 0
    (folder / "run.yaml").write_text(RUN.replace("COLUMN", "name"))
    failed = mason("apply", "-y")
    assert failed.code == 1
    assert "Check unique_name failed: 1 row of 3 repeats the name of another." in failed.err
    assert account.keys("lake/out/") == []
    (folder / "run.yaml").write_text(RUN.replace("COLUMN", "id"))
    applied = mason("apply", "-y", "-o")
    assert applied.code == 0, applied.err
    assert account.keys("lake/out/") == ["lake/out/names.csv"]
    looked = mason("check")
    assert looked.code == 0, looked.err + looked.out
    assert looked.out.splitlines() == [
        "run.names, step step_1, at out/names.csv",
        "step    check      status  says                       found",
        "step_1  unique_id  passed  id is unique (null aside)",
    ]
