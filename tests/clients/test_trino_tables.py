"""Tables of Trino's catalogs: registered, replaced, deleted; made by jobs that other processes find and publish."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mason.clients.trino import TrinoClient
from mason.clients.trino.replacing import name_of_mason, old_name
from mason.engines.jobs import Token, submitting
from mason.engines.models import Column, Job, Location, Schema, Table
from mason.errors import ConflictError, EngineError, MasonError, NotFoundError, UnsupportedVerbError
from tests.clients.trino_people import (
    client_of,
    definition_of,
    ended,
    execution_of,
    metastore_of,
    people,
    rows_of,
)
from tests.trino_server import Refused, TrinoServer

TOKEN = Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)
OUTPUT = "table://club/adults"
_GRAMMAR = Path(__file__).resolve().parents[2] / ".components" / "trino_grammar"
_PROGRAM = Path(__file__).resolve().parents[1] / "sql" / "trino_grammar.mjs"


@pytest.fixture
def client(trino: TrinoServer, tmp_path: Path) -> Iterator[TrinoClient]:
    made = client_of(trino, tmp_path)
    yield made
    made.close()


@pytest.fixture
def table(client: TrinoClient) -> Table:
    return people(client)


def names(trino: TrinoServer, catalog: str = "lake") -> list[str]:
    """The tables that the server has."""
    return sorted(name for at, _, name in trino.tables if at == catalog)


# Catalogs and schemas


def test_databases_of_all_catalogs(trino: TrinoServer, table: Table, tmp_path: Path) -> None:
    metastore = metastore_of(TrinoClient({"url": trino.url, "user": "ann"}, base=tmp_path))
    metastore.create_database('ice."a.b"')
    assert [each.name for each in metastore.list_databases()] == ['ice."a.b"', "lake.club"]
    assert metastore.get_table("lake.club", "People").database == "lake.club"
    with pytest.raises(NotFoundError) as raised:
        metastore.list_tables("lkae.club")
    assert str(raised.value) == "Database lkae.club not found. Did you mean lake.club?"


def test_tables_of_another_catalog_are_asked(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    execution = execution_of(client)
    metastore_of(client).create_database("store.back")
    ended(execution, execution.query("SELECT id, name FROM $table", table=table, output="table://store.back/copy"))
    sql = 'SELECT p.name FROM $table AS p JOIN "store.back".copy AS c ON p.id = c.id ORDER BY p.id'
    assert rows_of(execution, sql, table=table) == [("Ann",), ("Bob",), ("Bob",)]
    with pytest.raises(EngineError) as raised:
        execution.query("SELECT * FROM store.back.copy", table=table)
    assert '"store.SCHEMA".TABLE' in str(raised.value)


def test_outputs_in_a_database_that_there_is_not(client: TrinoClient) -> None:
    with pytest.raises(NotFoundError) as raised:
        execution_of(client).query("SELECT 1 AS a", output="table://nowhere/x")
    assert str(raised.value) == "Database nowhere not found. There are no databases."


# What is registered


def test_a_table_in_partitions(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    execution, metastore = execution_of(client), metastore_of(client)
    job = execution.format(table, output=OUTPUT, format="orc", partition_columns=["name"], filter_columns=["id"])
    result = ended(execution, job).result
    assert ([each["name"] for each in result["schema"]], result["format"]) == (["id", "name"], "orc")
    found = metastore.get_table("club", "adults")
    assert (found.format, found.partition_columns, found.location) == ("orc", ("name",), None)
    assert [each.values for each in metastore.list_partitions("club", "adults")] == [{"name": "Ann"}, {"name": "Bob"}]
    metastore.create_database("ice.club")
    ended(execution, execution.format(table, output="table://ice.club/by", partition_columns=["name"]))
    assert [each.values for each in metastore.list_partitions("ice.club", "by")] == [{"name": "Ann"}, {"name": "Bob"}]
    metastore.create_database("store.club")
    with pytest.raises(EngineError, match=r"Catalog store has no tables in partitions\. Leave partition_columns out\."):
        execution.format(table, output="table://store.club/by", partition_columns=["name"])
    with pytest.raises(EngineError, match="Tables of catalog store have no format that is chosen"):
        execution.format(table, output="table://store.club/by", format="parquet")


def test_partitions_of_a_folder_are_registered(trino: TrinoServer, client: TrinoClient, tmp_path: Path) -> None:
    definition_of(tmp_path, "one", b"id\n1\n")
    for number in range(3):
        folder = tmp_path / "days" / f"day={number}"
        folder.mkdir(parents=True)
        shutil.copy(tmp_path / "files" / "one" / "1.parquet", folder / "1.parquet")
    columns = (Column("id", "BIGINT"), Column("day", "BIGINT"))
    days = Table("days", "", Schema(columns), Location((tmp_path / "days").as_uri()), "parquet", {}, ("day",))
    metastore_of(client).create_table("club", "days", definition=days)
    assert any("sync_partition_metadata('club', 'days', 'ADD')" in text for text in trino.texts)
    assert [each.values for each in metastore_of(client).list_partitions("club", "days")] == [
        {"day": 0},
        {"day": 1},
        {"day": 2},
    ]


@pytest.mark.slow
def test_a_thousand_partitions(client: TrinoClient) -> None:
    execution, metastore = execution_of(client), metastore_of(client)
    metastore.create_database("club")
    sql = "SELECT x AS id, x % 1000 AS part FROM range(3000) AS r(x)"
    ended(execution, execution.query(sql, output="table://club/from"))
    table = metastore.get_table("club", "from")
    ended(execution, execution.format(table, output="table://club/parts", partition_columns=["part"]))
    found = metastore.list_partitions("club", "parts")
    assert [each.values["part"] for each in found] == list(range(1000))
    assert rows_of(execution, "SELECT count(*) AS n FROM club.parts WHERE part = 999") == [(3,)]


def test_a_view(client: TrinoClient, table: Table) -> None:
    metastore = metastore_of(client)
    sql = 'SELECT name, count(*) AS n FROM "lake"."club"."people" GROUP BY name'
    view = Table("v", kind="view", options={"sql": sql})
    metastore.create_table("club", "counted", definition=view)
    found = metastore.get_table("club", "counted")
    assert (found.kind, found.options, found.types) == ("view", {"sql": sql}, {"name": "VARCHAR", "n": "BIGINT"})
    assert [(each.name, each.kind) for each in metastore.list_tables("club")] == [
        ("counted", "view"),
        ("people", "table"),
    ]
    assert rows_of(execution_of(client), "SELECT n FROM $table WHERE name = 'Bob'", table=found) == [(2,)]
    metastore.create_table("club", "counted", definition=found, overwrite=True)
    with pytest.raises(ConflictError) as raised:
        execution_of(client).query("SELECT 1 AS a", output="table://club/counted", overwrite=True)
    assert str(raised.value) == "table://club/counted is a view, which no table replaces. Delete it first."
    with pytest.raises(ConflictError, match="is a view, and is not replaced by a table"):
        metastore.create_table("club", "counted", definition=table, overwrite=True)
    with pytest.raises(MasonError, match="only a query runs"):
        metastore.create_table("club", "x", definition=replace(view, options={"sql": "DROP TABLE people"}))
    assert metastore.delete_table("club", "counted").kind == "view"
    assert metastore.table_ddl("club", "people").startswith("CREATE TABLE lake.club.people (\n")


def test_rows_that_are_the_catalogs_go_on_request_only(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    execution, metastore = execution_of(client), metastore_of(client)
    ended(execution, execution.query("SELECT 1 AS a", output=OUTPUT))
    with pytest.raises(ConflictError, match="would delete its rows with it"):
        metastore.delete_table("club", "adults")
    with pytest.raises(ConflictError, match="replacing it would delete its rows"):
        metastore.create_table("club", "adults", definition=table, overwrite=True)
    with pytest.raises(UnsupportedVerbError, match="is external"):
        metastore.delete_table("club", "people", delete_files=True)
    metastore.delete_table("club", "adults", delete_files=True)
    assert names(trino) == ["people"]


def test_a_replacement_that_fails_leaves_the_old_one(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    metastore = metastore_of(client)
    other = definition_of(client.base, "other", b"id,age\n7,8\n")
    trino.refuse = lambda text: Refused("PERMISSION_DENIED", "No") if 'TO "lake"."club"."people"' in text else None
    with pytest.raises(EngineError) as raised:
        metastore.create_table("club", "people", definition=other, overwrite=True)
    assert "is lake.club.mason_" not in str(raised.value)
    assert "The table that it was to replace is club.mason_" in str(raised.value)
    trino.refuse = lambda text: None
    kept = next(name for name in names(trino) if name.endswith("_old"))
    client.answers.done(f'ALTER TABLE "lake"."club"."{kept}" RENAME TO "lake"."club"."people"', doing="mend")
    assert metastore.create_table("club", "people", definition=other, overwrite=True).status == "succeeded"
    assert metastore.get_table("club", "people").types == {"id": "BIGINT", "age": "BIGINT"}
    assert names(trino) == ["people"]


# Types of Trino's own


def test_columns_of_types_that_are_not_known_are_named(client: TrinoClient) -> None:
    execution, metastore = execution_of(client), metastore_of(client)
    definition = Table("t", "", Schema((Column("id", "BIGINT"), Column("code", "char(3)"))))
    metastore.create_table("club", "t", definition=definition)
    table = metastore.get_table("club", "t")
    assert table.types == {"id": "BIGINT", "code": "char(3)"}
    assert rows_of(execution, "SELECT count(id) AS n FROM $table", table=table) == [(0,)]
    with pytest.raises(EngineError) as raised:
        execution.query("SELECT code FROM $table", table=table)
    assert str(raised.value) == (
        "The query uses columns whose types are Trino's own: code (char(3)). Leave them out, or write the query in "
        "Trino's SQL (dialect: trino)."
    )
    assert rows_of(execution, "SELECT code FROM $table", table=table, dialect="trino") == []
    with pytest.raises(EngineError, match=r"Columns of table club\.t have types that are Trino's own: code \(char"):
        execution.summarize(table)


# Another metastore beside it


def test_tables_of_another_metastore_are_trinos_at_the_same_place(client: TrinoClient, table: Table) -> None:
    execution = execution_of(client)
    elsewhere = replace(table, location=Location("s3://other/people"))
    client.find_table = lambda database, name: table if name == "people" else replace(table, name=name)
    client.neighbours = {"hive": {"type": "hive", "engines": ("metastore",)}}
    assert rows_of(execution, "SELECT count(*) AS n FROM $table", table=table) == [(3,)]
    with pytest.raises(EngineError, match="it would read other files"):
        execution_of(client_with(client, elsewhere)).preview(elsewhere)
    with pytest.raises(EngineError, match=r"Trino does not know the table club\.ghosts of the config's metastore"):
        execution.query("SELECT * FROM club.ghosts")


def client_with(client: TrinoClient, table: Table) -> TrinoClient:
    made = TrinoClient(client.configuration, base=client.base)
    made.find_table, made.neighbours = lambda database, name: table, client.neighbours
    return made


# Jobs


def submitted(client: TrinoClient, **more: Any) -> Job:
    with submitting(TOKEN):
        job = execution_of(client).query("SELECT id FROM club.people WHERE id > 1", output=OUTPUT, **more)
    assert isinstance(job, Job)
    return job


def test_another_process_finds_and_publishes(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    trino.slow = 4
    job = submitted(client)
    assert job.status in ("queued", "running")
    assert name_of_mason(TOKEN.digest) not in names(trino)
    other = client_of(trino, client.base)
    assert execution_of(other).find_job(str(TOKEN)).status == "running"
    trino.slow = 0
    found = ended(execution_of(other), execution_of(other).find_job(str(TOKEN)))
    assert (found.job_id, found.status, found.verb) == (job.job_id, "succeeded", "execution.query")
    assert (found.result["output"], found.result["rows"]) == (OUTPUT, 2)
    assert ended(execution_of(client), job).result == found.result
    assert names(trino) == ["adults", "people"]
    # A third one hears the same, though the table has its name already.
    assert execution_of(client_of(trino, client.base)).get_job(job.job_id).result == found.result
    assert sum(text.startswith("CREATE TABLE") and "mason_" in text for text in trino.texts) == 1


@pytest.mark.parametrize("last", ["renamed", "named"])
def test_a_process_that_is_killed_while_it_replaces(
    trino: TrinoServer, client: TrinoClient, table: Table, last: str
) -> None:
    execution = execution_of(client)
    ended(execution, execution.query("SELECT 7 AS mine", output=OUTPUT))
    old = f'"{old_name(TOKEN.digest)}"'
    stops = f'TO "lake"."club".{old}' if last == "renamed" else "DROP TABLE"
    made = name_of_mason(TOKEN.digest)

    def killed(text: str) -> Refused | None:
        done = any(stops in each for each in trino.texts[:-1]) if last == "renamed" else old in text and stops in text
        return Refused("GENERIC_INTERNAL_ERROR", "killed", "INTERNAL_ERROR") if done else None

    trino.slow = 2
    job = submitted(client, overwrite=True)
    trino.refuse = killed
    with pytest.raises(EngineError):
        ended(execution, job)
    assert ("adults" in names(trino)) == (last == "named")
    assert (made in names(trino)) == (last == "renamed")
    trino.refuse = lambda text: None
    other = execution_of(client_of(trino, client.base))
    assert other.find_job(str(TOKEN)).result["rows"] == 2
    assert names(trino) == ["adults", "people"]
    assert rows_of(other, "SELECT id FROM club.adults ORDER BY id") == [(2,), (3,)]


def test_a_table_that_others_made_meanwhile_is_left_alone(
    trino: TrinoServer, client: TrinoClient, table: Table
) -> None:
    trino.slow = 3
    job = submitted(client)
    client.answers.done('CREATE TABLE "lake"."club"."adults"\nAS\nSELECT 9 AS theirs', doing="make it")
    with pytest.raises(ConflictError) as raised:
        ended(execution_of(client), job)
    made = name_of_mason(TOKEN.digest)
    assert str(raised.value) == f"{OUTPUT} was made by others meanwhile. Its rows are in club.{made}."
    assert rows_of(execution_of(client), "SELECT theirs FROM club.adults") == [(9,)]


def test_a_job_that_failed_says_why_and_leaves_nothing(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    trino.refuse = lambda text: (
        Refused("EXCEEDED_TIME_LIMIT", "Query exceeded 1m", "INSUFFICIENT_RESOURCES")
        if text.startswith("CREATE TABLE")
        else None
    )
    job = ended(execution_of(client), submitted(client))
    assert (job.status, job.result) == ("failed", {})
    assert job.reason == (
        f"Cannot make {OUTPUT}: Query exceeded 1m (EXCEEDED_TIME_LIMIT, query {job.job_id}). Ask for less at once, or "
        "have the limit raised."
    )
    other = execution_of(client_of(trino, client.base)).get_job(job.job_id)
    assert (other.status, "EXCEEDED_TIME_LIMIT" in other.reason) == ("failed", True)
    assert names(trino) == ["people"]


def test_another_process_cancels(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    trino.slow = 1_000_000
    job = submitted(client)
    other = execution_of(client_of(trino, client.base))
    assert other.cancel_job(job.job_id).status == "cancelled"
    assert ended(execution_of(client), job).status == "cancelled"
    assert names(trino) == ["people"]
    assert any(text.startswith("CALL system.runtime.kill_query(query_id => '") for text in trino.texts)


def test_a_submission_whose_answer_is_lost_has_begun_nothing(
    trino: TrinoServer, client: TrinoClient, table: Table
) -> None:
    trino.plan = lambda method, path: "after" if method == "POST" and len(trino.queries) > before + 3 else ""
    before = len(trino.queries)
    with pytest.raises(EngineError):
        submitted(client)
    trino.plan = lambda method, path: ""
    with pytest.raises(NotFoundError):
        execution_of(client).find_job(str(TOKEN))
    assert ended(execution_of(client), submitted(client)).status == "succeeded"
    assert sum(text.startswith("CREATE TABLE") and "mason_" in text for text in trino.texts) == 1


def test_a_page_that_is_lost_leaves_an_open_job(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    trino.plan = lambda method, path: (
        503 if method == "GET" and trino.texts and any("mason_" in each.text for each in trino.queries.values()) else ""
    )
    job = submitted(client)
    assert job.status == "queued"
    trino.plan = lambda method, path: ""
    assert ended(execution_of(client), job).status == "succeeded"


def test_what_trino_does_not_remember(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    trino.slow = 1_000_000
    job = submitted(client)
    trino.restart()
    with pytest.raises(NotFoundError) as raised:
        execution_of(client).get_job(job.job_id)
    assert str(raised.value) == (
        f"Trino knows no job {job.job_id}, or no more: it keeps the last queries only (query.max-history)."
    )


@pytest.mark.parametrize("asked", [{"partitions": 2}, {"compression": "none"}])
def test_what_the_catalog_decides_is_refused(client: TrinoClient, table: Table, asked: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match=f"cannot say {next(iter(asked))}"):
        execution_of(client).format(table, output=OUTPUT, **asked)


# Trino's grammar


@pytest.mark.slow
@pytest.mark.skipif(not _GRAMMAR.exists() or not shutil.which("node"), reason="Get Trino's grammar: make components")
def test_trinos_grammar_takes_every_statement(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    execution, metastore = execution_of(client), metastore_of(client)
    named = 'we"ird; name'
    metastore.create_database(named)
    metastore.create_database("lake.placed", location="s3://lake/it's")
    metastore.create_table(named, named, definition=table)
    metastore.create_table("club", "people", definition=table, overwrite=True)
    metastore.create_table("club", "v", definition=Table("v", kind="view", options={"sql": "SELECT 1 AS a"}))
    columns = (Column("id", "BIGINT", nullable=False, comment="it's"), Column("d", "STRUCT(a INTEGER, b VARCHAR[])"))
    metastore.create_table("club", "typed", definition=Table("t", "", Schema(columns), comment="x"))
    for asked in (metastore.get_table, metastore.table_ddl, metastore.list_partitions):
        asked(named, named)
    metastore.list_tables("club")
    execution.preview(table)
    execution.summarize(table, top_values=2, histogram=3)
    execution.summarize(table, exact=False)
    execution.query("SELECT name FROM $table QUALIFY row_number() OVER (ORDER BY id) = 1", table=table)
    for output in ("table://club/a", "table://club/b"):
        for _ in range(2):
            job = execution.dedupe(table, keys=["name"], output=output, format="parquet", overwrite=True)
            ended(execution, job)
    metastore.create_database("ice.placed")
    ended(execution, execution.format(table, output="table://ice.placed/c", partition_columns=["name"], sample_size=2))
    metastore.list_partitions("ice.placed", "c")
    trino.slow = 1_000_000
    job = submitted(client)
    execution_of(client_of(trino, client.base)).cancel_job(job.job_id)
    metastore.delete_table("club", "v")
    metastore.delete_table(named, named)
    texts = list(dict.fromkeys(each.text for each in trino.queries.values()))
    assert len(texts) > 60
    wrong = ["CREATE TABLE x AS", 'ALTER TABLE a RENAME "b"']
    program = [shutil.which("node") or "node", str(_PROGRAM), str(_GRAMMAR)]
    done = subprocess.run(program, input=json.dumps([*texts, *wrong]), capture_output=True, text=True, check=True)
    faults = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(text, found) for text, found in zip(texts, faults, strict=False) if found] == []
    assert all(faults[len(texts) :])
