"""Files of a table that differ, merged by Athena: on ministack, which runs the SELECT over folders, and on moto, whose
queries run no SQL: what is submitted counts there, and which tables the catalog has meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mason.clients._duckdb.reading.readers import Source
from mason.clients._tables.requests import Output
from mason.clients.athena.drifted_files import Drifted, Group
from mason.clients.athena.execution import AthenaExecution
from mason.clients.athena.group_tables import names_of
from mason.engines.jobs import Token, submitting
from mason.engines.models import Location, Table
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError, TransientEngineError
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.test_athena import client_of, execution_of, moto_states, queries
from tests.clients.test_athena_tables import ended
from tests.servers import S3Server
from tests.sql.trino_grammar import faults_of, needs_grammar
from tests.state.faults import CUT_BEFORE, DENIED, PASS, Proxy, proxied

TOKEN = Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)
NAMES = [name for _, name in names_of("club", TOKEN.digest, 3)]
PEOPLE = Table("people", "club", location=Location(f"s3://{BUCKET}/club/people"), format="parquet")
ROWS = {
    "a/1.parquet": "SELECT 1 AS id, 'Ann' AS name",
    "a/2.parquet": "SELECT 2 AS id, 'Bob' AS name",
    "b/1.parquet": "SELECT 3::BIGINT AS id, 1.5 AS height, DATE '2026-11-21' AS day",
}
MERGED = [b"id,name,height,day", b"1,Ann,,", b"2,Bob,,", b"3,,1.5,2026-11-21"]


def put_parquet(
    account: Account, folder: Path, files: dict[str, str], *, below: str = "club/people/", name: str = "people"
) -> None:
    """Files with the rows of SELECTs, and a table over them in the catalog, as a crawler registers it."""
    for key, select in files.items():
        made = folder / "made.parquet"
        duckdb.connect().execute(f"COPY ({select}) TO '{made}' (FORMAT parquet)")
        account.put(f"{below}{key}", made.read_bytes())
    glue = account.boto("glue")
    if "club" in [each["Name"] for each in glue.get_databases()["DatabaseList"]]:
        return
    glue.create_database(DatabaseInput={"Name": "club", "LocationUri": f"s3://{BUCKET}/warehouse"})
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": f"s3://{BUCKET}/{below.rstrip('/')}"}
    described = {"Name": name, "StorageDescriptor": storage, "Parameters": {"classification": "parquet"}}
    glue.create_table(DatabaseName="club", TableInput=described)


def tables(account: Account) -> dict[str, Any]:
    listed = account.boto("glue").get_tables(DatabaseName="club")["TableList"]
    return {each["Name"]: each for each in listed}


@pytest.fixture
def account(moto_catalog: S3Server, aws: None) -> Iterator[Account]:
    made = emptied(moto_catalog)
    moto_states(made, progression="manual", times=2)
    yield made
    moto_states(made, progression="immediate")


@pytest.fixture
def execution(account: Account, tmp_path: Path) -> AthenaExecution:
    return execution_of(client_of(account, tmp_path))


def texts(account: Account) -> list[str]:
    return [text.partition("\n-- mason")[0] for text in queries(account)]


@pytest.mark.slow
def test_folders_are_merged_by_a_statement_that_runs(ministack: S3Server, aws: None, tmp_path: Path) -> None:
    account = emptied(ministack)
    put_parquet(account, tmp_path, ROWS)
    execution = execution_of(client_of(account, tmp_path))
    assert execution.plan_merge(PEOPLE).rows == [
        ("id", "BIGINT", "widened from INTEGER (a/1.parquet, a/2.parquet)"),
        ("name", "VARCHAR", "added where it is missing (it is in a/1.parquet, a/2.parquet)"),
        ("height", "DECIMAL(2,1)", "added where it is missing (it is in b/1.parquet)"),
        ("day", "DATE", "added where it is missing (it is in b/1.parquet)"),
    ]
    assert list(tables(account)) == ["people"]
    with submitting(TOKEN):
        job = execution.merge(PEOPLE, output=f"s3://{BUCKET}/out/merged.csv")
    done = ended(execution, job)
    assert (done.status, done.verb) == ("succeeded", "execution.merge")
    content = account.boto("s3").get_object(Bucket=BUCKET, Key="out/merged.csv")["Body"].read()
    assert content.split() == MERGED
    assert texts(account) == [
        '(SELECT CAST("part_1"."id" AS bigint) AS "id", "part_1"."name" AS "name", CAST(NULL AS decimal(2,1)) AS '
        f'"height", CAST(NULL AS date) AS "day" FROM "club"."{NAMES[0]}" AS "part_1") UNION ALL '
        '(SELECT "part_2"."id" AS "id", CAST(NULL AS varchar) AS "name", "part_2"."height" AS "height", "part_2"."day" '
        f'AS "day" FROM "club"."{NAMES[1]}" AS "part_2")'
    ]
    assert list(tables(account)) == ["people"]
    assert execution.get_job(job.job_id) == done == execution.find_job(str(TOKEN))


FLAT = {
    "1.parquet": "SELECT 1 AS id, TIMESTAMP '2026-11-21 10:00:00' AS At",
    "2.parquet": "SELECT 2::BIGINT AS id",
    "3.parquet": "SELECT 3::BIGINT AS id",
}
FOLDER = f"s3://{BUCKET}/club/people"
MERGED_FLAT = f"""\
UNLOAD (
(SELECT CAST("part_1"."id" AS bigint) AS "id", "part_1"."at" AS "at", "part_1"."file_path" AS "file_path" FROM \
(SELECT "id", "at", "$path" AS "file_path" FROM "club"."{NAMES[0]}" WHERE "$path" IN ('{FOLDER}/1.parquet')) AS \
"part_1") UNION ALL (SELECT "part_2"."id" AS "id", CAST(NULL AS timestamp(3)) AS "at", "part_2"."file_path" AS \
"file_path" FROM (SELECT "id", "$path" AS "file_path" FROM "club"."{NAMES[1]}" WHERE "$path" IN \
('{FOLDER}/2.parquet', '{FOLDER}/3.parquet')) AS "part_2")
)
TO 's3://{BUCKET}/athena/mason/{TOKEN.digest[:32]}/00001/'
WITH (format = 'PARQUET', compression = 'SNAPPY')"""


def test_files_in_one_folder_are_named(account: Account, execution: AthenaExecution, tmp_path: Path) -> None:
    put_parquet(account, tmp_path, FLAT)
    assert execution.plan_merge(PEOPLE).rows == [
        ("id", "BIGINT", "widened from INTEGER (1.parquet)"),
        (
            "at",
            "TIMESTAMP",
            "added where it is missing (it is in 1.parquet); named at, as Athena names columns; kept to milliseconds, "
            "as Athena has times",
        ),
    ]
    assert queries(account) == []
    with submitting(TOKEN):
        job = execution.merge(PEOPLE, output=f"s3://{BUCKET}/out/merged", format="parquet", extract_paths=True)
    assert texts(account) == [MERGED_FLAT]
    found = tables(account)
    assert sorted(found) == [*NAMES[:2], "people"]
    assert [each["Name"] for each in found[NAMES[0]]["StorageDescriptor"]["Columns"]] == ["id", "at"]
    assert found[NAMES[1]]["StorageDescriptor"]["Columns"] == [{"Name": "id", "Type": "bigint"}]
    assert found[NAMES[1]]["StorageDescriptor"]["Location"] == FOLDER
    assert found[NAMES[1]]["Description"] == (
        "Files of club.people, while Mason merges them. It may be dropped when that has ended."
    )
    account.put(f"athena/mason/{TOKEN.digest[:32]}/00001/2026_abc.parquet", b"rows")
    done = ended(execution, job)
    assert (done.status, done.result["output"]) == ("succeeded", f"s3://{BUCKET}/out/merged")
    assert account.keys("out/") == ["out/merged/00001-2026_abc.parquet"]
    assert list(tables(account)) == ["people"]


def test_partitions_are_those_of_the_files(account: Account, execution: AthenaExecution, tmp_path: Path) -> None:
    files = {
        "year=2025/1.parquet": "SELECT 1 AS id",
        "year=2026/1.parquet": "SELECT 2 AS id, 'x' AS note",
        "year=__HIVE_DEFAULT_PARTITION__/1.parquet": "SELECT 3 AS id",
    }
    put_parquet(account, tmp_path, files)
    with submitting(TOKEN):
        execution.merge(PEOPLE, output="table://club/merged", format="parquet")
    boto, partitions = account.boto("glue"), {}
    for name in NAMES[:2]:
        assert tables(account)[name]["PartitionKeys"] == [{"Name": "year", "Type": "bigint"}]
        listed = boto.get_partitions(DatabaseName="club", TableName=name)["Partitions"]
        partitions[name] = {each["Values"][0]: each["StorageDescriptor"]["Location"] for each in listed}
    assert partitions == {
        NAMES[0]: {
            "2025": f"{FOLDER}/year=2025",
            "__HIVE_DEFAULT_PARTITION__": f"{FOLDER}/year=__HIVE_DEFAULT_PARTITION__",
        },
        NAMES[1]: {"2026": f"{FOLDER}/year=2026"},
    }
    (text,) = texts(account)
    assert text.startswith(f'CREATE TABLE "club"."mason_{TOKEN.digest[:24]}"\nWITH (')
    assert text.endswith(
        'AS\n(SELECT "part_1"."id" AS "id", CAST(NULL AS varchar) AS "note", "part_1"."year" AS "year" FROM '
        f'"club"."{NAMES[0]}" AS "part_1") UNION ALL (SELECT "part_2"."id" AS "id", "part_2"."note" AS "note", '
        f'"part_2"."year" AS "year" FROM "club"."{NAMES[1]}" AS "part_2")'
    )


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_what_fails_leaves_no_tables(
    account: Account, execution: AthenaExecution, ministack: S3Server, tmp_path: Path, how: str
) -> None:
    """ministack's engine knows no "$path", so its query fails."""
    if how == "failed":
        account = emptied(ministack)
        execution = execution_of(client_of(account, tmp_path))
    put_parquet(account, tmp_path, FLAT)
    with submitting(TOKEN):
        job = execution.merge(PEOPLE, output=f"s3://{BUCKET}/out/merged.csv")
    done = execution.cancel_job(job.job_id) if how == "cancelled" else ended(execution, job)
    assert done.status == how
    assert list(tables(account)) == ["people"]
    assert account.keys("out/") == []


def test_what_is_not_submitted_leaves_no_tables(account: Account, tmp_path: Path) -> None:
    put_parquet(account, tmp_path, FLAT)
    with proxied(account.endpoint) as between:
        execution = execution_of(client_of(Account(between.endpoint, account.key), tmp_path))
        between.plan = lambda method, path: DENIED if _operation(between) == "StartQueryExecution" else PASS
        with pytest.raises(AccessDeniedError):
            execution.merge(PEOPLE, output=f"s3://{BUCKET}/out/merged.csv")
        assert {_operation_of(each) for each in between.targets} >= {"CreateTable", "DeleteTable"}
    assert list(tables(account)) == ["people"]


@pytest.mark.slow
def test_a_submission_that_was_cut_is_begun_anew_and_made_once(ministack: S3Server, aws: None, tmp_path: Path) -> None:
    """Other files are there by then: the tables are made again for them."""
    account = emptied(ministack)
    put_parquet(account, tmp_path, ROWS)
    output = f"s3://{BUCKET}/out/merged.csv"
    with proxied(account.endpoint) as between:
        execution = execution_of(client_of(Account(between.endpoint, account.key), tmp_path))
        cut = {"StartQueryExecution", "ListQueryExecutions"}
        between.plan = lambda method, path: CUT_BEFORE if _operation(between) in cut and begun(account) else PASS
        with pytest.raises(TransientEngineError), submitting(TOKEN):
            execution.merge(PEOPLE, output=output)
    assert (queries(account), sorted(tables(account))) == ([], [*NAMES[:2], "people"])
    again = execution_of(client_of(account, tmp_path))
    with pytest.raises(NotFoundError):
        again.find_job(str(TOKEN))
    account.boto("s3").delete_object(Bucket=BUCKET, Key="club/people/a/2.parquet")
    account.boto("s3").delete_object(Bucket=BUCKET, Key="club/people/b/1.parquet")
    put_parquet(account, tmp_path, {"b/2.parquet": "SELECT 5 AS id, 7 AS age"})
    with submitting(TOKEN):
        job = again.merge(PEOPLE, output=output)
        assert again.merge(PEOPLE, output=output).job_id == job.job_id
    assert ended(again, job).status == "succeeded"
    content = account.boto("s3").get_object(Bucket=BUCKET, Key="out/merged.csv")["Body"].read()
    assert content.split() == [b"id,name,age", b"1,Ann,", b"5,,7"]
    assert (len(queries(account)), list(tables(account))) == (1, ["people"])


def begun(account: Account) -> bool:
    return NAMES[0] in tables(account)


def _operation(between: Proxy) -> str:
    return _operation_of(between.targets[-1])


def _operation_of(target: tuple[str, str, str]) -> str:
    return target[2].rpartition(".")[2]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a/1.parquet": "SELECT 1::UTINYINT AS id", "b/1.parquet": "SELECT 2::UTINYINT AS id, 1 AS n"}, "type"),
        ({"a b/1.parquet": "SELECT 1 AS id", "b/1.parquet": "SELECT 2 AS id, 1 AS n"}, "path"),
        ({"year=/1.parquet": "SELECT 1 AS id", "year=1/1.parquet": "SELECT 2 AS id, 1 AS n"}, "value"),
        ({"a/y=1/1.parquet": "SELECT 1 AS id", "b/y=1/2.parquet": "SELECT 2 AS id"}, "partition"),
    ],
)
def test_what_athena_may_read_otherwise_is_merged_here(
    account: Account, execution: AthenaExecution, tmp_path: Path, files: dict[str, str], why: str
) -> None:
    put_parquet(account, tmp_path, files)
    with submitting(TOKEN):
        job = execution.merge(PEOPLE, output=f"s3://{BUCKET}/out/merged", format="parquet")
    assert (job.status, job.verb, job.result["rows"]) == ("succeeded", "execution.merge", 2)
    assert job.logs[0] == f"The files were merged on this machine, and uploaded, because {WHY[why]}."
    assert execution.find_job(str(TOKEN)) == job == execution.get_job(job.job_id)
    assert (queries(account), list(tables(account))) == ([], ["people"])
    with pytest.raises(EngineError) as raised:
        execution.merge(PEOPLE, output="table://club/merged", format="parquet")
    assert str(raised.value) == (
        f"Athena does not merge these files, because {WHY[why]}, and what is merged on this machine becomes files: "
        "give the path of a file or folder instead of table://club/merged, and register it with table infer."
    )


WHY = {
    "type": "Athena has no such type as that of column id UTINYINT",
    "path": f"other engines write the path {FOLDER}/a b/1.parquet otherwise",
    "value": "a value in the name of a folder is empty",
    "partition": "one partition has several folders",
}


def test_merges_that_make_no_sense_are_refused(account: Account, execution: AthenaExecution, tmp_path: Path) -> None:
    put_parquet(account, tmp_path, {"a/1.parquet": "SELECT 1 AS id", "b/1.parquet": "SELECT 'x' AS id"})
    for output, said in (
        (f"s3://{BUCKET}/out/merged.csv", "column id: INTEGER in a/1.parquet, VARCHAR in b/1.parquet"),
        ("file:///out/merged.csv", "writes to s3:// URLs"),
    ):
        with pytest.raises(EngineError) as raised:
            execution.merge(PEOPLE, output=output)
        assert said in str(raised.value)
    with pytest.raises(ConflictError) as conflict:
        execution.merge(PEOPLE, output=f"{FOLDER}/merged", format="parquet", allow_text=True)
    assert "it would become part of it. Choose a path outside." in str(conflict.value)
    view = Table("adults", "club", kind="view")
    with pytest.raises(ConflictError) as conflict:
        execution.plan_merge(view)
    assert str(conflict.value) == "Nothing to merge: table adults in database club has no files."
    assert (queries(account), list(tables(account))) == ([], ["people"])


def many_files(count: int, groups: int = 1) -> Drifted:
    named = [f"s3://{BUCKET}/{'deep/' * 30}{number:05}.parquet" for number in range(count)]
    columns = tuple((f"column_{number}", "INTEGER") for number in range(50))
    found = tuple(
        Group(columns[:number], f"s3://{BUCKET}", named=tuple(named[number - 1 :: groups]))
        for number in range(1, groups + 1)
    )
    return Drifted((), Source("SELECT 1"), groups=found, columns=columns)


def test_statements_are_no_longer_than_athena_takes() -> None:
    found = many_files(3000, groups=3)
    statements = found.selects(names_of("club", TOKEN.digest, 3))
    assert len(statements) == 3
    assert all(len(text.encode()) < 250_000 for text in statements)
    for number in range(3000):
        assert sum(text.count(f"/{number:05}.parquet'") for text in statements) == 1


def test_several_statements_write_no_single_file(account: Account, execution: AthenaExecution) -> None:
    output = Output(f"s3://{BUCKET}/out/merged.csv", "csv")
    with pytest.raises(EngineError) as raised:
        execution.jobs.write(lambda _: ["SELECT 1", "SELECT 2"], output, "execution.merge", "club")
    assert str(raised.value) == (
        f"s3://{BUCKET}/out/merged.csv is one file, and it takes 2 statements to write it, each of which makes files "
        "of its own. Give the path of a folder, without an ending."
    )
    assert queries(account) == []


@pytest.mark.slow
@needs_grammar
def test_trinos_grammar_takes_the_statements() -> None:
    paths = replace(many_files(3), path="file_path", columns=(*many_files(3).columns, ("file_path", "VARCHAR")))
    statements = [each.selects([("club", NAMES[0])])[0] for each in (many_files(3), paths)]
    assert '"$path" IN' in statements[1]
    assert faults_of(statements) == [[], []]
