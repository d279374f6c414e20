"""Athena as execution engine: on ministack, which answers SQL, and on moto, whose queries take the states and the
results that a test gives them. Neither writes files by UNLOAD: the files are put where Athena would put them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mason.clients.athena import AthenaClient
from mason.clients.athena.execution import AthenaExecution
from mason.clients.athena.marks import Mark, mark_of
from mason.clients.athena.partition_parts import parts_of
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.jobs import Token, submitting
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Job, Location, Rows, Schema, Table
from mason.errors import (
    ConflictError,
    EngineError,
    JobFailedError,
    NotFoundError,
    TransientEngineError,
)
from mason.testing import AsynchronousSuite, ExecutionSuite, MetastoreSuite
from tests.clients.amazon import BUCKET, REGION, Account, emptied
from tests.clients.amazon import PEOPLE as CONTENT
from tests.servers import S3Server
from tests.state.faults import CUT_BEFORE, PASS, Proxy, proxied

PEOPLE = Table(
    "people",
    schema=Schema((Column("id", "BIGINT"), Column("name", "VARCHAR"), Column("height", "DOUBLE"))),
    location=Location(f"s3://{BUCKET}/club/people"),
    format="csv",
    options={"delimiter": ",", "header": True},
)
TOKEN = Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)
RESULTS = f"s3://{BUCKET}/athena"


def client_of(account: Account, folder: Path, **more: Any) -> AthenaClient:
    return AthenaClient({**account.configuration, "output_location": RESULTS, **more}, base=folder)


def execution_of(client: Client) -> AthenaExecution:
    found = client.engine("execution")
    assert isinstance(found, AthenaExecution)
    return found


@pytest.fixture
def account(ministack: S3Server) -> Account:
    return emptied(ministack)


@pytest.fixture
def client(account: Account, aws: None, tmp_path: Path) -> Iterator[AthenaClient]:
    made = client_of(account, tmp_path)
    yield made
    made.close()


@pytest.fixture
def execution(client: AthenaClient) -> AthenaExecution:
    return execution_of(client)


@pytest.fixture
def table(account: Account, client: AthenaClient) -> Table:
    return people(account, client)


def people(account: Account, client: Client, content: bytes = CONTENT) -> Table:
    account.put("club/people/1.csv", content)
    metastore = client.engine("metastore")
    assert isinstance(metastore, Metastore)
    metastore.create_table("club", "people", definition=PEOPLE)
    return metastore.get_table("club", "people")


def answered(execution: Execution, sql: str, table: Table | None = None, **more: Any) -> Rows:
    answer = execution.query(sql, table=table, dialect="athena", **more)
    assert isinstance(answer, Rows)
    return answer


def written(execution: Execution, sql: str, output: str, **more: Any) -> Job:
    job = execution.query(sql, output=output, dialect="athena", **more)
    assert isinstance(job, Job)
    return job


def queries(account: Account) -> list[str]:
    """The texts of all queries that were submitted."""
    boto = account.boto("athena")
    ids = boto.list_query_executions()["QueryExecutionIds"]
    return [boto.get_query_execution(QueryExecutionId=each)["QueryExecution"]["Query"] for each in ids]


class TestMetastoreOfAthena(MetastoreSuite):
    @pytest.fixture
    def client(self, moto_catalog: S3Server, aws: None, tmp_path: Path) -> Iterator[Client]:
        made = client_of(emptied(moto_catalog), tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def table(self, client: Client) -> Table:
        metastore = client.engine("metastore")
        assert isinstance(metastore, Metastore)
        metastore.create_table("club", "people", definition=PEOPLE)
        return metastore.get_table("club", "people")

    def test_a_file_is_no_location(self, client: Client) -> None:
        metastore = client.engine("metastore")
        assert isinstance(metastore, Metastore)
        with pytest.raises(EngineError) as raised:
            metastore.create_table("club", "x", definition=replace(PEOPLE, location=Location("s3://lake/a/b.csv")))
        assert "Give the folder s3://lake/a" in str(raised.value)


class TestExecution(ExecutionSuite):
    """What ministack answers is DuckDB's reading of Athena's SQL: it proves the wiring, not the SQL."""

    @pytest.fixture
    def client(self, account: Account, aws: None, tmp_path: Path) -> Iterator[Client]:
        made = client_of(account, tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def table(self, account: Account, client: Client) -> Table:
        return people(account, client)

    def test_fake(self, client: Client, execution: Execution, table: Table) -> None:
        """Of the suite's paths: parquet is a folder here."""
        schema = {"id": "BIGINT", "email": "VARCHAR"}
        job = execution.fake(schema, size=3, seed=1, output=f"s3://{BUCKET}/made/a", format="parquet")
        assert (job.status, job.result["rows"], job.result["format"]) == ("succeeded", 3, "parquet")

    # Paths are those of a storage, which this client is not: what it writes is tested below. Its summaries use
    # functions that DuckDB has not.
    test_output: Any = None
    test_format: Any = None
    test_dedupe: Any = None
    test_cancel_a_job_that_is_done: Any = None
    test_summarize: Any = None
    # A single file of parquet is refused as well.
    test_refuses_compressions_and_partitions_that_are_not_declared: Any = None
    test_refuses_arguments_in_the_same_words: Any = None


class TestJobs(AsynchronousSuite):
    """On ministack; it goes on with queries that were stopped, so that is tested on moto."""

    role: ClassVar[str] = "execution"

    @pytest.fixture
    def client(self, account: Account, aws: None, tmp_path: Path) -> Iterator[Client]:
        made = client_of(account, tmp_path)
        yield made
        made.close()

    def submit(self, engine: Engine, number: int) -> Job:
        assert isinstance(engine, Execution)
        # Long enough to be seen open.
        return written(engine, "SELECT count(*) AS n FROM range(300000000)", f"s3://{BUCKET}/out/{number}.csv")

    @pytest.fixture
    def failed(self, any_engine: Engine) -> Job:
        assert isinstance(any_engine, Execution)
        return self.ended(any_engine, written(any_engine, "SELECT nothing", f"s3://{BUCKET}/out/failed.csv"))

    def test_cancel(self, any_engine: Engine) -> None:
        pytest.skip("ministack ends queries that were stopped")


def test_rows_are_those_of_the_api(execution: AthenaExecution, table: Table) -> None:
    """NULL is NULL and the empty text is one, numbers are numbers, and what was scanned is told."""
    rows = answered(
        execution,
        "SELECT id, name, height, NULL AS nothing, '' AS empty, id > 1 AS more, DATE '2024-01-31' AS day, "
        "CAST('2024-01-31 10:00:00.5' AS TIMESTAMP) AS moment, CAST(1.5 AS DECIMAL(9,2)) AS price FROM $table "
        "ORDER BY id",
        table,
    )
    assert rows.rows[0] == (1, "Ann", 1.6, None, "", False, "2024-01-31", "2024-01-31T10:00:00.5", "1.50")
    assert rows.rows[1][2] is None
    assert rows.schema.names[:3] == ("id", "name", "height")
    assert rows.cost["bytes_scanned"] > 0


def test_no_more_rows_are_read_than_asked_for(execution: AthenaExecution, table: Table) -> None:
    rows = answered(execution, "SELECT id FROM $table ORDER BY id", table, limit=2)
    assert (rows.rows, rows.more) == ([(1,), (2,)], True)
    assert len(answered(execution, "SELECT * FROM range(2500)").rows) == 2500
    assert (answered(execution, "SELECT * FROM range(5)", limit=5).more) is False
    some = execution.preview(table, limit=2)
    assert (len(some.rows), some.more) == (2, True)
    assert len(execution.preview(table).rows) == 3


@pytest.mark.parametrize(
    "sql",
    ["", ";", "SELECT 1; SELECT 2", "DROP TABLE people", "INSERT INTO people VALUES (1)", "UNLOAD (SELECT 1) TO 'x'"],
)
def test_anything_but_one_select_is_not_submitted(account: Account, execution: AthenaExecution, sql: str) -> None:
    with pytest.raises(EngineError):
        execution.query(sql, dialect="athena")
    assert queries(account) == []


def test_what_athena_refuses_is_told_in_its_words(execution: AthenaExecution) -> None:
    with pytest.raises(JobFailedError) as raised:
        answered(execution, "SELECT nothing FROM nowhere")
    assert "nowhere" in str(raised.value)


def test_a_csv_file_is_the_result_that_athena_wrote(account: Account, execution: AthenaExecution, table: Table) -> None:
    job = written(execution, "SELECT id, name FROM $table ORDER BY id", f"s3://{BUCKET}/out/ids.csv", table=table)
    suite = TestJobs()
    ended = suite.ended(execution, job)
    assert ended.status == "succeeded"
    content = account.boto("s3").get_object(Bucket=BUCKET, Key="out/ids.csv")["Body"].read()
    assert content.split() == [b"id,name", b"1,Ann", b"2,Bob", b"3,Bob"]
    assert ended.result == {
        "output": f"s3://{BUCKET}/out/ids.csv",
        "format": "csv",
        "files": [{"path": f"s3://{BUCKET}/out/ids.csv", "bytes": len(content)}],
        "bytes": len(content),
        "schema": [{"name": "id", "type": "BIGINT"}, {"name": "name", "type": "VARCHAR"}],
    }
    assert execution.get_job(job.job_id) == ended
    with pytest.raises(ConflictError):
        written(execution, "SELECT 1 AS a", f"s3://{BUCKET}/out/ids.csv")
    again = written(execution, "SELECT 1 AS a", f"s3://{BUCKET}/out/ids.csv", overwrite=True)
    assert suite.ended(execution, again).status == "succeeded"
    assert account.boto("s3").get_object(Bucket=BUCKET, Key="out/ids.csv")["Body"].read().split() == [b"a", b"1"]


def test_marks_are_read_back() -> None:
    mark = Mark("a" * 64, "execution.format", "s3://b/ä", "parquet", "parquet", "s3://b/mason/x/", True, 2, 3)
    assert mark_of(mark.on("SELECT 1 -- no mark")) == mark
    assert mark_of("SELECT 1\n-- mason e30=") is None
    assert mark_of("SELECT 1\n-- mason !!") is None


# Costs


def test_rows_are_imitated_where_the_environment_says_that_objects_are(
    account: Account, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {name: value for name, value in account.configuration.items() if name != "endpoint_url"}
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    client = AthenaClient({**given, "output_location": RESULTS}, base=tmp_path)
    job = execution_of(client).fake(table, size=3, seed=1, output=f"s3://{BUCKET}/made/a", format="parquet")
    assert (job.status, job.result["rows"]) == ("succeeded", 3)
    client.close()


def test_costs_are_told_and_held_to(account: Account, client: AthenaClient, table: Table, tmp_path: Path) -> None:
    size = len(account.boto("s3").get_object(Bucket=BUCKET, Key="club/people/1.csv")["Body"].read())
    execution = execution_of(client)
    asked = {"sql": "SELECT * FROM $table", "table": table}
    assert execution.estimate("query", asked) == {"bytes_scanned": size}
    assert execution.estimate("query", {"sql": "SELECT * FROM club.people p JOIN club.people q ON p.id = q.id"}) == {
        "bytes_scanned": size
    }
    careful = execution_of(client_of(account, tmp_path, max_bytes_scanned=size - 1))
    with pytest.raises(EngineError) as raised:
        answered(careful, "SELECT * FROM $table", table)
    assert "Nothing was submitted" in str(raised.value)
    for ask in (careful.summarize, lambda each: careful.dedupe(each, keys=["id"], output=f"s3://{BUCKET}/out/a.csv")):
        with pytest.raises(EngineError):
            ask(table)
    assert queries(account) == []
    allowed = execution_of(client_of(account, tmp_path, max_bytes_scanned=1000))
    assert len(answered(allowed, "SELECT * FROM $table", table).rows) == 3


def test_partitions_that_a_query_leaves_out_cost_nothing(account: Account, client: AthenaClient) -> None:
    for year in (9, 10, 11):
        account.put(f"parted/year={year}/1.csv", b"x" * 10 * year)
    parted = replace(
        PEOPLE,
        schema=Schema((Column("id", "BIGINT"), Column("year", "INTEGER"))),
        location=Location(f"s3://{BUCKET}/parted"),
        partition_columns=("year",),
    )
    metastore, execution = client.engine("metastore"), execution_of(client)
    assert isinstance(metastore, Metastore)
    metastore.create_table("club", "parted", definition=parted)
    found = metastore.get_table("club", "parted")

    def scanned(where: str) -> int:
        told = execution.estimate("query", {"sql": f"SELECT id FROM $table {where}", "table": found})
        return int(told["bytes_scanned"])

    assert [scanned(each) for each in ("", "WHERE year >= 10", "WHERE year = 9 AND id > 3", "WHERE id = 9")] == [
        300,
        210,
        90,
        300,
    ]
    assert scanned("WHERE year = 9 OR id = 1") == 300


def test_explain_is_asked_for_on_request(account: Account, table: Table, tmp_path: Path) -> None:
    execution = execution_of(client_of(account, tmp_path, explain=True))
    asked = {"sql": "SELECT * FROM $table", "table": table, "dialect": "athena"}
    assert execution.estimate("query", asked)["bytes_scanned"] > 0
    assert queries(account)[0].startswith("EXPLAIN SELECT")
    with pytest.raises(EngineError):
        execution.estimate("query", {**asked, "sql": "SELECT nothing FROM $table"})


# What is asked of moto: states and requests


def moto_results(account: Account, *rows: tuple[str, ...], kind: str = "varchar") -> None:
    """What the next query answers with: the names of columns, all of a kind, and rows."""
    columns = [{"Name": name, "Type": kind} for name in rows[0]]
    given = [{"Data": [{"VarCharValue": value} for value in row]} for row in rows]
    asked = {"region": REGION, "results": [{"rows": given, "column_info": columns}]}
    _post(account, "static/athena/query-results", asked)


def moto_states(account: Account, **progression: Any) -> None:
    """How queries get from one state to the next."""
    _post(account, "state-manager/set-transition", {"model_name": "athena::execution", "transition": progression})


def _post(account: Account, path: str, asked: Any) -> None:
    request = urllib.request.Request(f"{account.endpoint}/moto-api/{path}", json.dumps(asked).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=60).close()


@pytest.fixture
def on_moto(moto_catalog: S3Server, aws: None) -> Iterator[Account]:
    account = emptied(moto_catalog)
    yield account
    moto_states(account, progression="immediate")


def test_a_job_is_cancelled(on_moto: Account, tmp_path: Path) -> None:
    moto_states(on_moto, progression="manual", times=1000)
    execution = execution_of(client_of(on_moto, tmp_path))
    job = written(execution, "SELECT 1 AS a", f"s3://{BUCKET}/out/a.csv")
    assert job.status == "queued"
    assert execution.cancel_job(job.job_id).status == "cancelled"
    with pytest.raises(ConflictError):
        execution.cancel_job(job.job_id)


UNLOADED = """\
UNLOAD (
SELECT 1 AS a, 2 AS b
)
TO 's3://lake/athena/mason/{digest}/00001/'
WITH (format = 'PARQUET', compression = 'ZSTD', partitioned_by = ARRAY['b'])"""


def test_a_folder_is_unloaded_beside_and_then_put_in_its_place(on_moto: Account, tmp_path: Path) -> None:
    moto_states(on_moto, progression="manual", times=3)
    execution = execution_of(client_of(on_moto, tmp_path))
    on_moto.put("out/table/old.parquet", b"old")
    with pytest.raises(ConflictError):
        written(execution, "SELECT 1 AS a", f"s3://{BUCKET}/out/table", format="parquet")
    output = execution_output(f"s3://{BUCKET}/out/table", ("b",))
    with submitting(TOKEN):
        job = execution.jobs.write("SELECT 1 AS a, 2 AS b", output, "execution.format", "club")
    digest = TOKEN.digest[:32]
    text = queries(on_moto)[0]
    assert text.partition("\n-- mason")[0] == UNLOADED.format(digest=digest)
    for number in (1, 2):
        on_moto.put(f"athena/mason/{digest}/00001/b={number}/2026_abc.zst.parquet", b"new" * number)
    assert on_moto.keys("out/table") == ["out/table/old.parquet"]
    ended = TestJobs().ended(execution, job)
    assert ended.status == "succeeded"
    assert on_moto.keys("out/table") == [
        "out/table/b=1/00001-2026_abc.parquet",
        "out/table/b=2/00001-2026_abc.parquet",
    ]
    assert (ended.result["output"], ended.result["bytes"]) == (f"s3://{BUCKET}/out/table", 9)
    assert on_moto.keys("athena/mason/") == []
    assert execution.get_job(job.job_id) == ended


def execution_output(path: str, columns: tuple[str, ...]) -> Any:
    from mason.clients._tables.requests import Output

    return Output(path, "parquet", True, "zstd", partition_columns=columns, overwrite=True)


def test_a_statement_writes_a_hundred_partitions_at_most(on_moto: Account, tmp_path: Path) -> None:
    moto_results(on_moto, ("name",), *((f"n'{number:03}",) for number in range(250)))
    client = client_of(on_moto, tmp_path)
    execution = execution_of(client)
    table = people(on_moto, client)
    output = f"s3://{BUCKET}/out/by_name"
    job = execution.format(table, output=output, format="parquet", partition_columns=["name"])
    assert len(job.job_id.split("+")) == 3
    distinct, *unloads = queries(on_moto)
    assert distinct.startswith('SELECT DISTINCT CAST("name" AS varchar) AS "name" FROM (')
    assert [text.count("n''") for text in unloads] == [100, 100, 50]
    selected = ", ".join(f'"people"."{name}" AS "{name}"' for name in ("id", "height", "name"))
    assert all(f'SELECT {selected} FROM "club"."people"' in text for text in unloads)
    assert all("partitioned_by = ARRAY['name']" in text for text in unloads)


def test_partitions_of_several_columns_and_of_null() -> None:
    rows = [(str(number), None if number else "a") for number in range(101)]
    first, second = parts_of("SELECT 1", ["x", "y"], rows)
    assert "(CAST(\"x\" AS varchar) = '0' AND CAST(\"y\" AS varchar) = 'a') OR" in first
    assert second == (
        'SELECT * FROM (\nSELECT 1\n) WHERE (CAST("x" AS varchar) = \'99\' AND CAST("y" AS varchar) IS NULL)'
    )
    one, other = parts_of("SELECT 1", ["x"], [(None,), *((str(number),) for number in range(100))])
    assert "IS NULL" not in one
    assert other.endswith('WHERE CAST("x" AS varchar) IS NULL')


def test_several_statements_are_one_job(on_moto: Account, tmp_path: Path) -> None:
    execution = execution_of(client_of(on_moto, tmp_path))
    output = execution_output(f"s3://{BUCKET}/out/table", ())
    job = execution.jobs.write(lambda _: ["SELECT 1 AS a", "SELECT 2 AS a"], output, "execution.format", "club")
    assert len(job.job_id.split("+")) == 2
    assert [text.count("/00002/") for text in queries(on_moto)] == [0, 1]
    assert TestJobs().ended(execution, job).status == "succeeded"


def test_the_workgroup_says_where_results_go(on_moto: Account, tmp_path: Path) -> None:
    boto = on_moto.boto("athena")
    where = {"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/theirs/"}}
    boto.create_work_group(Name="team", Configuration={**where, "EnforceWorkGroupConfiguration": True})
    boto.create_work_group(Name="free", Configuration={**where, "EnforceWorkGroupConfiguration": False})
    places = {
        name: execution_of(client_of(on_moto, tmp_path, workgroup=name)).statements.location
        for name in ("team", "free")
    }
    assert places == {"team": f"s3://{BUCKET}/theirs/", "free": f"{RESULTS}/"}
    nowhere = execution_of(AthenaClient(on_moto.configuration, base=tmp_path))
    with pytest.raises(EngineError) as raised:
        answered(nowhere, "SELECT 1 AS a")
    assert "set output_location in client athena" in str(raised.value)


def test_a_table_that_the_catalog_has_elsewhere_is_refused(
    account: Account, client: AthenaClient, table: Table
) -> None:
    """The metastore of the config is another one."""
    execution = execution_of(client)
    client.find_table = lambda database, name: table
    elsewhere = replace(table, location=Location(f"s3://{BUCKET}/other"))
    with pytest.raises(EngineError) as raised:
        answered(execution, "SELECT * FROM $table", elsewhere)
    assert "Athena would read other files" in str(raised.value)
    assert len(answered(execution, "SELECT * FROM $table", table).rows) == 3
    with pytest.raises(EngineError) as raised:
        answered(execution, "SELECT * FROM $table", replace(table, name="unknown"))
    assert "is not there. Register it" in str(raised.value)


# Faults


@pytest.fixture
def between(ministack: S3Server, aws: None) -> Iterator[Proxy]:
    with proxied(ministack.endpoint) as made:
        yield made


@pytest.mark.slow
def test_a_service_that_is_away_is_a_transient_error(account: Account, between: Proxy, tmp_path: Path) -> None:
    execution = execution_of(client_of(replace(account, endpoint=between.endpoint), tmp_path))
    execution.statements.workgroup  # noqa: B018
    between.plan = lambda method, path: CUT_BEFORE if path == "/" else PASS
    with pytest.raises(TransientEngineError), submitting(TOKEN):
        written(execution, "SELECT 1 AS a", f"s3://{BUCKET}/out/a.csv")
    between.plan = lambda method, path: PASS
    with pytest.raises(NotFoundError):
        execution.find_job(str(TOKEN))


def test_a_table_without_duplicates_is_one_statement(on_moto: Account, tmp_path: Path) -> None:
    client = client_of(on_moto, tmp_path)
    execution = execution_of(client)
    table = people(on_moto, client)
    moto_results(on_moto, ("rows_",), ("5",), kind="bigint")
    execution.dedupe(table, keys=["name"], output=f"s3://{BUCKET}/out/once", format="parquet")
    counting, unload = queries(on_moto)
    assert counting == 'SELECT count(*) AS "rows_" FROM "club"."people" AS "people"'
    assert 'row_number() OVER (PARTITION BY "people"."name" ORDER BY "people"."id" ASC NULLS LAST' in unload
    mark = mark_of(unload)
    assert mark is not None
    assert (mark.rows_in, mark.verb) == (5, "execution.dedupe")


def test_a_summary_says_what_all_its_statements_scanned(account: Account, execution: Execution, table: Table) -> None:
    rows = execution.summarize(table, columns=["id", "name"])
    found = {row["column"]: row for row in rows.to_dicts()}
    keys = ("rows", "non_null", "distinct", "min", "max", "mean")
    assert [found["id"][key] for key in keys] == [3, 3, 3, 1, 3, 2.0]
    assert [found["name"][key] for key in keys] == [3, 3, 2, "Ann", "Bob", None]
    assert rows.cost["bytes_scanned"] > 0
    assert len(queries(account)) == 2


@pytest.mark.parametrize("output", ["out/a.csv", "file:///out/a.csv"])
def test_other_places_than_buckets_are_refused(account: Account, execution: Execution, output: str) -> None:
    with pytest.raises(EngineError) as raised:
        written(execution, "SELECT 1 AS a", output)
    assert "writes to s3:// URLs" in str(raised.value)
    assert queries(account) == []


def test_whole_numbers_of_any_size_are_numbers_as_in_duckdb(execution: AthenaExecution, table: Table) -> None:
    rows = execution.query("SELECT sum(id) AS total FROM $table", table=table)
    assert isinstance(rows, Rows)
    assert (rows.rows, rows.schema.columns[0].type) == ([(6,)], "HUGEINT")


# What is made on this machine


def test_rows_are_made_here_and_uploaded(account: Account, execution: AthenaExecution, table: Table) -> None:
    schema = {"id": "BIGINT", "email": "VARCHAR"}
    with submitting(TOKEN):
        job = execution.fake(schema, size=20, seed=1, output=f"s3://{BUCKET}/made/a.csv")
    assert (job.status, job.verb, job.result["rows"]) == ("succeeded", "execution.fake", 20)
    assert job.logs[0] == "Athena makes up no rows: they were made on this machine, and uploaded."
    assert execution.get_job(job.job_id) == job == execution.find_job(str(TOKEN))
    again = execution.fake(schema, size=20, seed=1, output=f"s3://{BUCKET}/made/b.csv")
    boto = account.boto("s3")
    made, same = (boto.get_object(Bucket=BUCKET, Key=f"made/{name}.csv")["Body"].read() for name in "ab")
    assert made == same
    assert made.startswith(b"id,email\n")
    assert again.job_id != job.job_id
    like = execution.fake(table, size=5, output=f"s3://{BUCKET}/made/like", format="parquet")
    assert [column["name"] for column in like.result["schema"]] == ["id", "name", "height"]
    # Athena reads no file whose name begins so.
    names = [key.rpartition("/")[2] for key in account.keys("made/like/")]
    assert [name.endswith(".parquet") for name in names if not name.startswith(("_", "."))] == [True]
    assert queries(account) == []


def test_made_up_rows_replace_nothing_by_mistake(account: Account, execution: AthenaExecution) -> None:
    account.put("made/a.csv")
    with pytest.raises(ConflictError):
        execution.fake({"id": "BIGINT"}, size=2, output=f"s3://{BUCKET}/made/a.csv")
    execution.fake({"id": "BIGINT"}, size=2, output=f"s3://{BUCKET}/made/a.csv", overwrite=True)
    with pytest.raises(EngineError) as raised:
        execution.fake({"id": "BIGINT"}, size=2, output="file:///made/a.csv")
    assert "writes to s3:// URLs" in str(raised.value)
    with pytest.raises(NotFoundError):
        execution.get_job("here-" + "0" * 32)
    with pytest.raises(NotFoundError):
        execution.get_job("here-../x")
