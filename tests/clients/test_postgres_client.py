"""What the client ``postgres`` promises beyond the contracts, over a real PostgreSQL: types, drops, outputs, faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mason.clients.postgres import PostgresClient
from mason.clients.postgres.execution import PostgresExecution
from mason.clients.postgres.metastore import PostgresMetastore
from mason.engines.checking import Asked, asking
from mason.engines.interrupts import doing
from mason.engines.jobs import Token, submitting
from mason.engines.models import Job, Rows, Table
from mason.errors import (
    AccessDeniedError,
    CancelledError,
    CheckFailedError,
    EngineError,
    MasonError,
    NotFoundError,
    TransientEngineError,
)
from mason.resources.output_checks import of_definition
from tests.clients.conftest import refusal
from tests.postgres_servers import connected, emptied
from tests.sql.real_postgres import Postgres
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]

TOKEN = Token("20261129T000000.abcdef", "step_1", 1, 1)
PEOPLE = """
CREATE SCHEMA club;
CREATE TABLE club.people (id bigint NOT NULL, name text, height double precision);
COMMENT ON TABLE club.people IS 'who is in';
COMMENT ON COLUMN club.people.name IS 'the first one';
INSERT INTO club.people VALUES (1, 'Ann', 1.6), (2, '', NULL), (3, NULL, 'NaN');
"""


class Desk:
    """A client, what it is asked by, and a connection of the test's own."""

    def __init__(self, configuration: dict[str, Any], base: Path) -> None:
        self.configuration, self.base = configuration, base
        self.client = PostgresClient(configuration, base=base)
        metastore, execution = self.client.engine("metastore"), self.client.engine("execution")
        assert isinstance(metastore, PostgresMetastore)
        assert isinstance(execution, PostgresExecution)
        self.metastore, self.execution = metastore, execution

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        with connected(self.configuration) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def table(self, name: str = "people") -> Table:
        return self.metastore.get_table("club", name)

    def rows(self, sql: str, **options: Any) -> list[tuple[Any, ...]]:
        answer = self.execution.query(sql, table=self.table(), **options)
        assert isinstance(answer, Rows)
        return list(answer.rows)

    def written(self, sql: str, output: str, **options: Any) -> Job:
        answer = self.execution.query(sql, table=self.table(), output=output, **options)
        assert isinstance(answer, Job)
        return answer


@pytest.fixture
def desk(postgres_server: Postgres, tmp_path: Path) -> Iterator[Desk]:
    with emptied(postgres_server) as configuration:
        made = Desk(configuration, tmp_path)
        made.run(PEOPLE)
        yield made
        made.client.close()


# Tables as they are told


def test_types_are_told_as_they_are(desk: Desk) -> None:
    """Those that DuckDB has are its own; others keep the server's name, and are queried as text."""
    desk.run(
        "CREATE TYPE club.mood AS ENUM ('sad', 'glad'); CREATE DOMAIN club.zip AS text;"
        "CREATE TABLE club.kinds (a boolean, b smallint, c integer, d real, e numeric(10,2), f numeric, g varchar(9),"
        " h char(4), i date, j timestamp(3), k timestamptz, l bytea, m time, n uuid, o jsonb, p inet, q club.mood,"
        " r integer[], s text[], t numeric(50,2), u club.zip, v interval, w bigint[] NOT NULL);"
        "INSERT INTO club.kinds VALUES (true, -1, 2, 1.5, 12.30, 1.10, 'g', 'ab', '0044-03-15 BC', 'infinity',"
        " '2020-01-01 00:00+02', '\\x00ff', '10:00', '00000000-0000-0000-0000-00000000000a', '{\"a\": 1}', '10.0.0.1',"
        " 'glad', '{1,NULL}', '{\"a,b\",\"\"}', 1.25, '01', '1 day', '{}')"
    )
    found = desk.table("kinds")
    assert found.types == {
        "a": "BOOLEAN",
        "b": "SMALLINT",
        "c": "INTEGER",
        "d": "FLOAT",
        "e": "DECIMAL(10,2)",
        "f": "pg_catalog.numeric",
        "g": "VARCHAR",
        "h": "VARCHAR",
        "i": "DATE",
        "j": "TIMESTAMP",
        "k": "TIMESTAMP WITH TIME ZONE",
        "l": "BLOB",
        "m": "TIME",
        "n": "UUID",
        "o": "pg_catalog.jsonb",
        "p": "pg_catalog.inet",
        "q": "club.mood",
        "r": "INTEGER[]",
        "s": "VARCHAR[]",
        "t": "pg_catalog.numeric",
        "u": "club.zip",
        "v": "pg_catalog.interval",
        "w": "BIGINT[]",
    }
    assert found.notes[:2] == (
        "column f is of the type pg_catalog.numeric, and is queried as text",
        "column m is of the type pg_catalog.time (TIME), and is queried as text",
    )
    (row,) = desk.execution.preview(found).rows
    assert dict(zip("abcdefghijklmnopqrstuvw", row, strict=True)) == {
        "a": True,
        "b": -1,
        "c": 2,
        "d": 1.5,
        "e": "12.30",
        "f": "1.10",
        "g": "g",
        "h": "ab",
        "i": "-0043-03-15",
        "j": "infinity",
        "k": "2019-12-31T22:00:00+00:00",
        "l": "00ff",
        "m": "10:00:00",
        "n": "00000000-0000-0000-0000-00000000000a",
        "o": '{"a": 1}',
        "p": "10.0.0.1/32",
        "q": "glad",
        "r": [1, None],
        "s": ["a,b", ""],
        "t": "1.25",
        "u": "01",
        "v": "1 day",
        "w": [],
    }
    desk.metastore.create_table("club", "copy", definition=found)
    assert desk.table("copy").types == found.types
    assert desk.metastore.table_ddl("club", "kinds").startswith(
        'CREATE TABLE "club"."kinds" ("a" boolean, "b" smallint, "c" integer, "d" real, "e" numeric(10,2), "f" numeric'
    )


def test_texts_are_no_nulls_and_any_text_arrives(desk: Desk) -> None:
    texts = ["", "\\N", "N", "a\nb", "c\r\nd", "\r", 'say "so"', ",", "é☃", "x" * 3_000_000]
    desk.run("CREATE TABLE club.texts (n integer, t text)")
    with connected(desk.configuration) as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO club.texts VALUES (%s, %s)", [*enumerate(texts), (99, None)])
    answer = desk.execution.query("SELECT t FROM $table ORDER BY n", table=desk.table("texts"))
    assert isinstance(answer, Rows)
    assert [row[0] for row in answer.rows] == [*texts, None]
    alone = desk.execution.query("SELECT t FROM $table WHERE t IS NULL OR t = ''", table=desk.table("texts"))
    assert isinstance(alone, Rows)
    assert sorted(alone.rows, key=str) == [("",), (None,)]


def test_views_partitions_and_comments(desk: Desk) -> None:
    desk.run(
        "CREATE VIEW club.tall AS SELECT id FROM club.people WHERE height > 1;"
        "CREATE TABLE club.sales (day date, land text) PARTITION BY LIST (land);"
        "CREATE TABLE club.sales_it PARTITION OF club.sales FOR VALUES IN ('it''s');"
        "CREATE TABLE club.sales_none PARTITION OF club.sales FOR VALUES IN (NULL);"
        "CREATE TABLE club.sales_more PARTITION OF club.sales FOR VALUES IN ('a', 'b');"
        "CREATE TABLE club.days (day date) PARTITION BY RANGE (day);"
        "CREATE TABLE club.days_1 PARTITION OF club.days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
    )
    assert [(each.name, each.kind) for each in desk.metastore.list_tables("club")] == [
        ("days", "table"),
        ("people", "table"),
        ("sales", "table"),
        ("tall", "view"),
    ]
    assert desk.table().comment == "who is in"
    assert [each.to_dict() for each in desk.table().schema.columns] == [  # type: ignore[union-attr]
        {"name": "id", "type": "BIGINT", "nullable": False},
        {"name": "name", "type": "VARCHAR", "comment": "the first one"},
        {"name": "height", "type": "DOUBLE"},
    ]
    view = desk.table("tall")
    assert (view.kind, " ".join(str(view.options["sql"]).split())) == (
        "view",
        "SELECT people.id FROM club.people WHERE (people.height > (1)::double precision);",
    )
    assert desk.metastore.table_ddl("club", "tall").startswith('CREATE VIEW "club"."tall" AS\nSELECT')
    assert desk.table("sales").partition_columns == ("land",)
    assert [each.to_dict() for each in desk.metastore.list_partitions("club", "sales")] == [
        {"values": {"land": "it's"}, "location": "table://club/sales_it"},
        {"values": {"land": "IN ('a', 'b')"}, "location": "table://club/sales_more"},
        {"values": {"land": None}, "location": "table://club/sales_none"},
    ]
    assert [each.values for each in desk.metastore.list_partitions("club", "days")] == [
        {"day": "FROM ('2020-01-01') TO ('2021-01-01')"}
    ]
    assert [each.name for each in desk.metastore.list_databases()] == ["club"]
    desk.run("CREATE TABLE public.t (a int)")
    assert [each.name for each in desk.metastore.list_databases()] == ["club", "public"]


def test_nothing_is_dropped_unasked(desk: Desk) -> None:
    desk.run("CREATE VIEW club.tall AS SELECT id FROM club.people")
    assert refusal(desk.metastore.delete_table, "club", "people") == (
        "ConflictError: Table people in database club was not made by Mason, so it is not deleted unasked. Ask for "
        "delete_files to do that."
    )
    desk.metastore.create_table("club", "mine", definition=desk.table())
    desk.run("INSERT INTO club.mine VALUES (1)")
    assert refusal(desk.metastore.delete_table, "club", "mine") == (
        "ConflictError: Table mine in database club holds rows, which PostgreSQL would delete with it. Ask for "
        "delete_files to do that."
    )
    assert refusal(desk.metastore.create_table, "club", "mine", definition=desk.table(), overwrite=True) == (
        "ConflictError: Table mine in database club holds rows, which PostgreSQL would delete with it. Delete it "
        "first, with delete_files."
    )
    found = refusal(desk.metastore.delete_table, "club", "people", delete_files=True)
    assert found.startswith(
        "ConflictError: PostgreSQL refused this: cannot drop table club.people because other objects"
    )
    desk.metastore.delete_table("club", "tall", delete_files=True)
    desk.metastore.delete_table("club", "people", delete_files=True)
    assert [each.name for each in desk.metastore.list_tables("club")] == ["mine"]


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        (
            {"location": "file:///data/people.csv", "columns": [{"name": "id", "type": "BIGINT"}]},
            "PostgreSQL keeps rows of its own and registers no files, but the table is at file:///data/people.csv. "
            "Leave out the location to make an empty table with its columns.",
        ),
        ({"columns": []}, "Give the columns of the table: PostgreSQL cannot find them out."),
        (
            {"columns": [{"name": "m", "type": "MAP(VARCHAR, INTEGER)"}]},
            "PostgreSQL has no type for column m, which is MAP(VARCHAR, INTEGER). Declare another type for it.",
        ),
        ({"kind": "view"}, "A view needs its query, as the option sql."),
    ],
)
def test_definitions_that_no_table_has(desk: Desk, definition: dict[str, Any], told: str) -> None:
    assert refusal(desk.metastore.create_table, "club", "t", definition=definition).partition(": ")[2] == told


def test_a_view_is_made_and_told(desk: Desk) -> None:
    definition = {"kind": "view", "comment": "back\\slash's", "options": {"sql": "SELECT id FROM club.people;"}}
    desk.metastore.create_table("club", "ids", definition=definition)
    assert (desk.table("ids").kind, desk.table("ids").comment) == ("view", "back\\slash's")
    with pytest.raises(MasonError, match="only a query runs, but this is DROP"):
        desk.metastore.create_table(
            "club", "x", definition={"kind": "view", "options": {"sql": "DROP TABLE club.people"}}
        )
    desk.metastore.delete_table("club", "ids")


@pytest.mark.parametrize("name", ["n" * 64, "é" * 32, "", "a\0b"])
def test_names_that_would_be_cut(desk: Desk, name: str) -> None:
    with pytest.raises(EngineError, match=r"keeps names of (at most 63 characters|1 to 63 bytes)"):
        desk.metastore.create_table("club", name, definition=desk.table())


# Questions


def test_queries_are_translated_or_run_as_they_stand(desk: Desk) -> None:
    assert desk.rows("SELECT id // 2 AS half, name FROM PEOPLE ORDER BY name DESC NULLS LAST, id") == [
        (0, "Ann"),
        (1, ""),
        (1, None),
    ]
    native = "SELECT p.id, ARRAY[1, 2] AS l, 1.50 AS n FROM people p JOIN $table t USING (id) WHERE id <= 2 ORDER BY 1"
    answer = desk.execution.query(native, table=desk.table(), dialect="postgres", limit=1)
    assert isinstance(answer, Rows)
    assert ([(c.name, c.type) for c in answer.schema.columns], list(answer.rows), answer.more) == (
        [("id", "BIGINT"), ("l", "INTEGER[]"), ("n", "VARCHAR")],
        [(1, [1, 2], "1.50")],
        True,
    )


def test_what_is_trusted_is_asked_as_it_is(desk: Desk) -> None:
    sql = "SELECT id, dayofweek(DATE '2024-01-07') AS d, NULL AS n FROM $table ORDER BY id LIMIT 1"
    answer = desk.execution.query(sql, table=desk.table(), trust=True)
    assert isinstance(answer, Rows)
    assert (answer.schema.names, len(answer.rows)) == (("id", "d", "n"), 1)
    assert desk.rows("SELECT id, NULL AS n FROM $table ORDER BY id LIMIT 1") == [(1, None)]
    job = desk.written("SELECT id, NULL AS n FROM $table", "table://club/nulls")
    assert job.result["rows"] == 3


@pytest.mark.parametrize(
    ("sql", "dialect", "told"),
    [
        ("SELECT nam FROM $table", "duckdb", 'Referenced column "nam" not found'),
        (
            "SELECT * FROM peple",
            "duckdb",
            "NotFoundError: Table peple not found in database club. Did you mean people?",
        ),
        ("SELECT * FROM nowhere.t", "duckdb", "NotFoundError: Database nowhere not found."),
        (
            "SELECT t.nam FROM $table t",
            "postgres",
            "NotFoundError: PostgreSQL refused this: column t.nam does not exist",
        ),
        ("SELECT * FROM peple", "postgres", 'NotFoundError: PostgreSQL refused this: relation "peple" does not exist'),
        ("SELECT 1/0", "postgres", "EngineError: PostgreSQL refused this: division by zero."),
        ("DELETE FROM people", "postgres", "only a query runs, but this is DELETE"),
        ("SELECT club.sneak()", "postgres", "EngineError: A query only asks, and this one changes something: cannot"),
        ("SELECT pg_sleep(1)", "postgres", "A query may not use pg_sleep"),
        ("SELECT 1; DROP TABLE club.people", "postgres", "there are 2 statements"),
        ("SELECT * FROM $table; COMMIT", "duckdb", "EngineError: "),
    ],
)
def test_what_is_refused(desk: Desk, sql: str, dialect: str, told: str) -> None:
    desk.run(
        "CREATE FUNCTION club.sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO club.people VALUES (9) RETURNING 1'"
    )
    assert told in refusal(desk.execution.query, sql, table=desk.table(), dialect=dialect)
    assert desk.run("SELECT count(*) FROM club.people") == [(3,)]


def test_a_table_of_files_is_none_of_the_servers(desk: Desk) -> None:
    table = Table.from_dict({"name": "a", "database": "d", "location": "file:///d/a.csv"})
    assert refusal(desk.execution.preview, table) == (
        "EngineError: PostgreSQL reads tables of its own, and table a in schema d is at file:///d/a.csv. Query it with "
        "client local, or load it into the server first."
    )


# Outputs


def test_a_table_is_made_whole(desk: Desk) -> None:
    job = desk.written(
        "SELECT name, sum(height) AS h, count(*) * 1.50 AS n FROM $table GROUP BY name", "table://club/by"
    )
    assert (job.result["output"], job.result["format"], job.result["rows"], job.result["files"]) == (
        "table://club/by",
        "postgres",
        3,
        [],
    )
    assert desk.table("by").types == {"name": "VARCHAR", "h": "DOUBLE", "n": "DECIMAL(22,2)"}
    assert desk.execution.get_job(job.job_id) == job
    assert refusal(desk.written, "SELECT 1 AS a", "table://club/by") == (
        "ConflictError: table://club/by exists already. Ask for overwrite to replace it."
    )
    desk.run("GRANT SELECT ON club.by TO PUBLIC")
    assert desk.written("SELECT id AS a FROM $table", "table://club/by", overwrite=True).result["rows"] == 3
    assert desk.table("by").types == {"a": "BIGINT"}
    assert refusal(desk.written, "SELECT 1 AS a", "table://club/people", overwrite=True) == (
        "ConflictError: table://club/people is a table that Mason did not make, and replacing it would lose what it "
        "holds. Write to another name, or delete it first (table delete with delete_files)."
    )
    assert refusal(desk.written, "SELECT 1 AS a", "table://nowhere/t").startswith("NotFoundError: Database nowhere not")
    assert refusal(desk.written, "SELECT 1 AS a", "table://club/t", format="csv").startswith(
        "EngineError: table://club/t"
    )
    assert refusal(desk.written, "SELECT 1 AS a, 2 AS a", "table://club/t").startswith(
        "EngineError: PostgreSQL refused"
    )
    assert [each.name for each in desk.metastore.list_tables("club")] == ["by", "people"]


def test_readers_see_the_old_table_until_the_new_one_is_whole(desk: Desk) -> None:
    desk.written("SELECT 1 AS a", "table://club/t")
    desk.run("CREATE TABLE club.gate (n int); INSERT INTO club.gate VALUES (1)")
    with connected(desk.configuration) as held, ThreadPoolExecutor(1) as pool:
        # Whoever reads the gate waits.
        held.execute("BEGIN")
        held.execute("LOCK TABLE club.gate IN ACCESS EXCLUSIVE MODE")
        going = pool.submit(
            desk.execution.query, "SELECT 2 AS a FROM club.gate", output="table://club/t", overwrite=True
        )
        wait_for(lambda: desk.run("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        assert desk.run("SELECT a FROM club.t") == [(1,)]
        held.execute("ROLLBACK")
        assert isinstance(going.result(timeout=60), Job)
    assert desk.run("SELECT a FROM club.t") == [(2,)]


def test_checks_come_before_the_commit(desk: Desk) -> None:
    desk.written("SELECT 1 AS a", "table://club/t")
    with asking(Asked(of_definition([{"not_null": "name"}]))), pytest.raises(CheckFailedError) as raised:
        desk.written("SELECT id, name FROM $table", "table://club/t", overwrite=True)
    assert "1 row of 3 has no value in name" in str(raised.value)
    assert desk.run("SELECT a FROM club.t") == [(1,)]
    with asking(Asked(of_definition([{"unique": "id"}]))):
        job = desk.written("SELECT id, name FROM $table", "table://club/t", overwrite=True)
    assert [each["status"] for each in job.result["checks"]] == ["passed"]
    with asking(Asked(of_definition([{"sql": "SELECT * FROM $table JOIN people USING (id)"}]))):
        assert "a check reads its output, $table, and no other table (people)" in refusal(
            desk.written, "SELECT 1 AS a", "table://club/u"
        )
    found = desk.execution.check_table(desk.table(), Asked(of_definition([{"not_null": "name"}])))
    assert [(each["status"], each["failing"]) for each in found] == [("failed", 1)]


def test_a_job_is_found_by_the_mark_of_its_table(desk: Desk) -> None:
    """Whoever was killed after the commit, and before the record of the job, finds what was done."""
    with pytest.raises(NotFoundError, match="Nothing was done under the token"):
        desk.execution.find_job(str(TOKEN))
    with submitting(TOKEN):
        job = desk.execution.dedupe(desk.table(), keys=["id"], output="table://club/t")
    assert (job.result["rows_in"], job.result["removed"]) == (3, 0)
    assert desk.execution.find_job(str(TOKEN)) == job
    (desk.client.own.folder / "jobs" / f"{job.job_id}.json").unlink()
    found = desk.execution.find_job(str(TOKEN))
    assert (found.job_id, found.status, found.result) == (job.job_id, "succeeded", job.result)
    assert desk.table("t").comment == ""
    (comment,) = desk.run("SELECT obj_description('club.t'::regclass)")
    assert json.loads(str(comment[0]).removeprefix("Made by Mason: "))["job"] == job.job_id


def test_files_are_written_from_one_moment(desk: Desk) -> None:
    job = desk.written("SELECT name, height FROM $table ORDER BY id", "out/people.csv")
    assert (desk.base / "out" / "people.csv").read_text() == 'name,height\nAnn,1.6\n"",\n,nan\n'
    assert job.result["output"] == "out/people.csv"
    assert refusal(desk.written, "SELECT 1 AS a", "warehouse/postgres/x.csv").startswith("AccessDeniedError: No verb")


def test_imitates_a_table(desk: Desk) -> None:
    pytest.importorskip("mimesis")
    job = desk.execution.fake(desk.table(), size=4, output="out/like.parquet")
    assert [each["name"] for each in job.result["schema"]] == ["id", "name", "height"]


# Faults


def test_wrong_places(desk: Desk, tmp_path: Path) -> None:
    def told(**other: Any) -> str:
        client = PostgresClient({**desk.configuration, **other}, base=tmp_path)
        return refusal(client.engine("metastore").list_databases)  # type: ignore[attr-defined]

    assert told(database="nowhere") == (
        f"NotFoundError: There is no database nowhere at {desk.configuration['host']}:5432. Name another one in the "
        "config."
    )
    assert told(user="nobody-of-that-name").startswith("AccessDeniedError: PostgreSQL at ")
    gone = told(host="127.0.0.1", port=9)
    assert gone.startswith("TransientEngineError: PostgreSQL at 127.0.0.1:9 cannot be reached: ")
    assert gone.endswith("Is it running, and is host right?")


def test_a_connection_that_died_idle_is_replaced(desk: Desk) -> None:
    assert len(desk.rows("SELECT id FROM $table")) == 3
    desk.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mason'")
    assert len(desk.rows("SELECT id FROM $table")) == 3


SLOW = "SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b"


def test_a_connection_that_dies_during_a_question(desk: Desk) -> None:
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(desk.execution.query, SLOW, dialect="postgres")
        wait_for(lambda: desk.run("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY%generate_series%'"))
        desk.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%generate_series%'")
        with pytest.raises(TransientEngineError, match="terminating connection due to administrator command"):
            going.result(timeout=60)


def test_a_statement_that_takes_too_long(desk: Desk) -> None:
    client = PostgresClient({**desk.configuration, "statement_timeout": 0.2}, base=desk.base)
    execution = client.engine("execution")
    assert isinstance(execution, PostgresExecution)
    assert refusal(execution.query, SLOW, dialect="postgres") == (
        "EngineError: PostgreSQL stopped the statement: it took longer than statement_timeout of the client, or of the "
        "server, allows."
    )
    client.close()


class Work:
    """Work that a test gives up."""

    def __init__(self) -> None:
        self.given_up = False
        self._interrupts: list[Callable[[], object]] = []

    def add(self, interrupt: Callable[[], object]) -> None:
        self._interrupts.append(interrupt)

    def discard(self, interrupt: Callable[[], object]) -> None:
        self._interrupts.remove(interrupt)

    def give_up(self) -> None:
        self.given_up = True
        for each in list(self._interrupts):
            each()


def test_work_that_is_given_up_is_stopped_on_the_server(desk: Desk) -> None:
    work, raised = Work(), []

    def ask() -> None:
        with doing(work):
            try:
                desk.execution.query(SLOW, dialect="postgres")
            except MasonError as error:
                raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    running = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY%generate_series%'"
    wait_for(lambda: desk.run(running))
    work.give_up()
    thread.join(60)
    assert [type(each) for each in raised] == [CancelledError]
    assert desk.run(running) == []
    assert len(desk.rows("SELECT id FROM $table")) == 3


def test_rights_that_are_missing(desk: Desk) -> None:
    desk.run(
        "DROP ROLE IF EXISTS mason_guest; CREATE ROLE mason_guest LOGIN; GRANT USAGE ON SCHEMA club TO mason_guest"
    )
    try:
        guest = Desk({**desk.configuration, "user": "mason_guest"}, desk.base)
        table = guest.table()
        with pytest.raises(AccessDeniedError, match="permission denied for table people"):
            guest.execution.preview(table)
        with pytest.raises(AccessDeniedError, match="permission denied for schema club"):
            guest.metastore.create_table("club", "t", definition=table)
        guest.client.close()
    finally:
        desk.run("DROP OWNED BY mason_guest; DROP ROLE mason_guest")


def test_a_hundred_readers_share_few_connections(desk: Desk) -> None:
    sizes = []
    with ThreadPoolExecutor(100) as pool:
        going = [pool.submit(desk.rows, "SELECT id FROM $table") for _ in range(100)]
        sizes = [len(each.result(timeout=120)) for each in going]
    assert sizes == [3] * 100
    assert desk.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mason'") == [(4,)]


def test_a_table_that_changes_while_it_is_read(desk: Desk) -> None:
    """All statements of a verb see one moment: the summary of a table that grows is that of before."""
    desk.run("INSERT INTO club.people SELECT n, 'x', 1 FROM generate_series(4, 20000) n")
    stop = threading.Event()

    def grow() -> None:
        with connected(desk.configuration) as connection:
            while not stop.is_set():
                connection.execute("INSERT INTO club.people VALUES (0, 'y', 2)")

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        summary = desk.execution.summarize(desk.table()).to_dicts()
    finally:
        stop.set()
        thread.join()
    assert len({row["rows"] for row in summary}) == 1


def test_a_thousand_partitions(desk: Desk) -> None:
    with connected(desk.configuration) as connection, connection.transaction():
        connection.execute("CREATE TABLE club.many (n int) PARTITION BY LIST (n)")
        for n in range(1000):
            connection.execute(f"CREATE TABLE club.many_{n} PARTITION OF club.many FOR VALUES IN ({n})".encode())
    found = desk.metastore.list_partitions("club", "many")
    assert sorted(each.values["n"] for each in found) == list(range(1000))
