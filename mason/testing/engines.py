"""What every client must keep: the sentences of ``mason.engines``, each as a test, a suite for each engine.

A client's tests subclass the suites of the engines that it plays, and say how to make a client and how to place data::

    class TestMyStorage(StorageSuite):
        @pytest.fixture
        def client(self, tmp_path):
            return MyClient({"url": ...}, base=tmp_path)

Tests of verbs that the client does not declare are skipped, and one test proves that calling these verbs raises
``UnsupportedVerbError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from mason.engines import ENGINES
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Dag, DagStep, Job, Rows, Schedule, Table
from mason.engines.scheduler import Scheduler
from mason.engines.storage import Storage
from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    NotFoundError,
    UnsupportedVerbError,
)

PEOPLE = b"id,name,height\n1,Ann,1.6\n2,Bob,\n3,Bob,1.8\n"
"""The data that suites ask about: three rows, a null, a repeated name."""


class EngineSuite:
    """What holds for each role. Inherit from a suite below, and override the fixture ``client``."""

    role: ClassVar[str] = ""

    @pytest.fixture
    def client(self) -> Client:
        """A client that nobody has used, over nothing."""
        raise NotImplementedError

    @pytest.fixture
    def any_engine(self, client: Client) -> Engine:
        """The client in the role of this suite."""
        return client.engine(self.role)

    def needs(self, engine: Engine, *verbs: str) -> None:
        """Skip the test when the client does not declare one of ``verbs``."""
        for verb in verbs:
            if verb not in engine.supports:
                pytest.skip(f"{engine.client} does not support {engine.role}.{verb}")

    def test_is_declared(self, client: Client, any_engine: Engine) -> None:
        """A client names the engine class for each role that it plays."""
        assert isinstance(any_engine, ENGINES[self.role])
        assert client.roles()[self.role] is type(any_engine)
        assert any_engine.client == client.name

    def test_is_the_same_each_time(self, client: Client, any_engine: Engine) -> None:
        """The same object each time."""
        assert client.engine(self.role) is any_engine

    def test_unsupported_verbs_raise(self, any_engine: Engine) -> None:
        """Verbs that are not named in ``supports`` raise ``UnsupportedVerbError``."""
        for name in sorted(set(any_engine.verbs) - any_engine.supports):
            arguments: Mapping[str, Any] = dict.fromkeys(any_engine.verbs[name].required)
            with pytest.raises(UnsupportedVerbError) as raised:
                getattr(any_engine, name)(**arguments)
            assert str(raised.value) == f"Client {any_engine.client} does not support {self.role}.{name}."

    def test_closes_twice(self, client: Client) -> None:
        """``close`` is safe to call twice."""
        client.close()
        client.close()

    def test_schema_describes_every_property(self, client: Client) -> None:
        """The configuration's schema accepts only what it lists, and says what each property means."""
        schema = client.schema()
        assert schema["additionalProperties"] is False
        for name, given in schema["properties"].items():
            assert given.get("title"), name
            assert given.get("description"), name


class _WithTable(EngineSuite):
    """For suites that need a table to ask about."""

    @pytest.fixture
    def table(self, client: Client) -> Table:
        """A table named ``people`` in a database named ``club``, of the rows of :data:`PEOPLE`.

        Override where it takes something else than writing a file and registering it.
        """
        storage, metastore = client.engine("storage"), client.engine("metastore")
        assert isinstance(storage, Storage)
        assert isinstance(metastore, Metastore)
        storage.write("club/people.csv", PEOPLE)
        metastore.create_table("club", "people", definition=storage.infer_table("club/people.csv"))
        return metastore.get_table("club", "people")


class MetastoreSuite(_WithTable):
    """The sentences of ``mason.engines.metastore``."""

    role: ClassVar[str] = "metastore"

    @pytest.fixture
    def metastore(self, any_engine: Engine) -> Metastore:
        """The client as metastore."""
        assert isinstance(any_engine, Metastore)
        return any_engine

    def test_empty(self, metastore: Metastore) -> None:
        """Where there is nothing, there are no databases."""
        self.needs(metastore, "list_databases")
        assert metastore.list_databases() == []

    def test_databases_are_sorted(self, metastore: Metastore) -> None:
        """All databases, sorted by name; a created one is among them, and creating it twice is a conflict."""
        self.needs(metastore, "create_database", "list_databases", "get_database")
        for name in ("zoo", "alpha", "Mid dle"):
            metastore.create_database(name)
        names = [database.name for database in metastore.list_databases()]
        assert names == sorted(["zoo", "alpha", "Mid dle"])
        assert metastore.get_database("zoo").name == "zoo"
        with pytest.raises(ConflictError):
            metastore.create_database("zoo")

    def test_missing_database(self, metastore: Metastore) -> None:
        """Raises ``NotFoundError`` when it does not exist, whatever is asked of it."""
        asks: dict[str, tuple[str, ...]] = {
            "get_database": ("nowhere",),
            "list_tables": ("nowhere",),
            "get_table": ("nowhere", "people"),
            "list_partitions": ("nowhere", "people"),
            "table_ddl": ("nowhere", "people"),
            "delete_table": ("nowhere", "people"),
        }
        for name, arguments in asks.items():
            if name in metastore.supports:
                with pytest.raises(NotFoundError):
                    getattr(metastore, name)(*arguments)

    def test_get_table(self, metastore: Metastore, table: Table) -> None:
        """One table with its schema."""
        self.needs(metastore, "get_table")
        assert (table.database, table.name, table.kind) == ("club", "people", "table")
        assert table.schema is not None
        assert table.schema.names == ("id", "name", "height")
        assert table.location is not None
        assert Table.from_dict(table.to_dict()) == table

    def test_missing_table_suggests(self, metastore: Metastore, table: Table) -> None:
        """Raises ``NotFoundError``, and names the table that was probably meant."""
        self.needs(metastore, "get_table")
        with pytest.raises(NotFoundError) as raised:
            metastore.get_table("club", "peolpe")
        assert "people" in str(raised.value)

    def test_list_tables(self, metastore: Metastore, table: Table) -> None:
        """The tables of a database, sorted by name, without schemas."""
        self.needs(metastore, "list_tables")
        assert [(found.name, found.schema) for found in metastore.list_tables("club")] == [("people", None)]

    def test_no_partitions(self, metastore: Metastore, table: Table) -> None:
        """Empty when it has none."""
        self.needs(metastore, "list_partitions")
        assert metastore.list_partitions("club", "people") == []

    def test_ddl_names_the_columns(self, metastore: Metastore, table: Table) -> None:
        """The statement that would create the table."""
        self.needs(metastore, "table_ddl")
        ddl = metastore.table_ddl("club", "people")
        assert ddl.startswith("CREATE ")
        assert all(name in ddl for name in ("people", "id", "name", "height"))

    def test_create_table_answers_with_a_job(self, metastore: Metastore, table: Table) -> None:
        """A missing database is created. The job's ``result`` is the registered table."""
        self.needs(metastore, "create_table")
        job = metastore.create_table("new", "copy", definition=table)
        assert job.status == "succeeded"
        assert job.result == metastore.get_table("new", "copy").to_dict()
        assert Job.from_dict(job.to_dict()) == job

    def test_create_table_takes_a_mapping(self, metastore: Metastore, table: Table) -> None:
        """A definition may be what ``to_dict`` gave."""
        self.needs(metastore, "create_table")
        metastore.create_table("club", "copy", definition=table.to_dict())
        assert metastore.get_table("club", "copy").schema == table.schema

    def test_create_table_twice(self, metastore: Metastore, table: Table) -> None:
        """A registration that exists raises ``ConflictError`` unless ``overwrite`` is true."""
        self.needs(metastore, "create_table")
        metastore.create_table("club", "copy", definition=table)
        with pytest.raises(ConflictError):
            metastore.create_table("club", "copy", definition=table)
        assert metastore.create_table("club", "copy", definition=table, overwrite=True).status == "succeeded"

    @pytest.mark.parametrize("name", ["select", "a b", "a;b", 'quo"te', "quo'te", "Straße", "日本", "x--y"])
    def test_any_name_works(self, metastore: Metastore, table: Table, name: str) -> None:
        """Names are quoted: no character of a name becomes code."""
        self.needs(metastore, "create_table", "delete_table")
        metastore.create_table(name, name, definition=table)
        assert metastore.get_table(name, name).schema == table.schema
        metastore.delete_table(name, name)
        with pytest.raises(NotFoundError):
            metastore.get_table(name, name)

    def test_delete_table(self, metastore: Metastore, table: Table) -> None:
        """Deletes the registration, returns the table as it was, and leaves the files alone."""
        self.needs(metastore, "create_table", "delete_table")
        metastore.create_table("other", "copy", definition=table)
        assert metastore.delete_table("other", "copy").name == "copy"
        with pytest.raises(NotFoundError):
            metastore.delete_table("other", "copy")
        assert metastore.get_table("club", "people").schema == table.schema


class StorageSuite(EngineSuite):
    """The sentences of ``mason.engines.storage``."""

    role: ClassVar[str] = "storage"

    @pytest.fixture
    def storage(self, any_engine: Engine) -> Storage:
        """The client as storage."""
        assert isinstance(any_engine, Storage)
        return any_engine

    def test_write_and_read(self, storage: Storage) -> None:
        """Text as UTF-8; what was written is read, byte for byte."""
        self.needs(storage, "write", "read", "exists")
        location = storage.write("notes/ä b.txt", "héllo\r\n")
        assert (location.path, location.size) == ("notes/ä b.txt", 8)
        assert storage.read("notes/ä b.txt") == "héllo\r\n".encode()
        assert storage.exists("notes")
        assert storage.exists("notes/ä b.txt")
        assert not storage.exists("notes/other")

    def test_write_over(self, storage: Storage) -> None:
        """Raises ``ConflictError`` when it exists, and leaves it; with ``overwrite`` it is replaced."""
        self.needs(storage, "write", "read")
        storage.write("a.txt", b"old")
        with pytest.raises(ConflictError):
            storage.write("a.txt", b"new")
        assert storage.read("a.txt") == b"old"
        storage.write("a.txt", b"new", overwrite=True)
        assert storage.read("a.txt") == b"new"

    def test_list_paths(self, storage: Storage) -> None:
        """Files at and below ``path``, sorted; hidden ones left out. Raises ``NotFoundError``."""
        self.needs(storage, "write", "list_paths")
        for path in ("b/2.csv", "b/10.csv", "a.csv", "b/.hidden", "b/c/1.csv"):
            storage.write(path, b"x")
        assert [found.path for found in storage.list_paths("b")] == ["b/10.csv", "b/2.csv", "b/c/1.csv"]
        assert [found.path for found in storage.list_paths()] == ["a.csv", "b/10.csv", "b/2.csv", "b/c/1.csv"]
        assert [(found.path, found.size) for found in storage.list_paths("a.csv")] == [("a.csv", 1)]
        with pytest.raises(NotFoundError):
            storage.list_paths("nowhere")

    def test_missing_files(self, storage: Storage) -> None:
        """Raises ``NotFoundError``, whatever is asked of a file that does not exist."""
        asks: dict[str, tuple[str, ...]] = {
            "read": ("none.csv",),
            "copy": ("none.csv", "b.csv"),
            "delete": ("none.csv",),
            "infer_table": ("none.csv",),
        }
        for name, arguments in asks.items():
            if name in storage.supports:
                with pytest.raises(NotFoundError):
                    getattr(storage, name)(*arguments)

    def test_copy(self, storage: Storage) -> None:
        """Copies one file; ``ConflictError`` when the target exists."""
        self.needs(storage, "write", "copy", "read")
        storage.write("a.bin", bytes(range(256)))
        assert storage.copy("a.bin", "deep/er/b.bin").path == "deep/er/b.bin"
        assert storage.read("deep/er/b.bin") == storage.read("a.bin")
        with pytest.raises(ConflictError):
            storage.copy("a.bin", "deep/er/b.bin")

    def test_delete(self, storage: Storage) -> None:
        """Deletes a file, or with ``recursive`` a folder and all below it."""
        self.needs(storage, "write", "delete", "exists")
        storage.write("a/b/c.txt", b"x")
        storage.write("a/d.txt", b"x")
        assert storage.delete("a/d.txt").path == "a/d.txt"
        with pytest.raises(EngineError):
            storage.delete("a")
        assert storage.exists("a/b/c.txt")
        storage.delete("a", recursive=True)
        assert not storage.exists("a")

    @pytest.mark.parametrize("path", ["../outside.txt", "a/../../outside.txt", "/etc/passwd"])
    def test_outside_is_refused(self, storage: Storage, path: str) -> None:
        """A path outside the root is refused."""
        asks: dict[str, tuple[Any, ...]] = {
            "list_paths": (path,),
            "exists": (path,),
            "infer_table": (path,),
            "fingerprint": (path,),
            "read": (path,),
            "write": (path, b"x"),
            "delete": (path,),
        }
        for name, arguments in asks.items():
            if name in storage.supports:
                with pytest.raises(AccessDeniedError):
                    getattr(storage, name)(*arguments)

    @pytest.mark.parametrize("path", ["", ".", "a/.."])
    def test_root_is_not_deleted(self, storage: Storage, path: str) -> None:
        """The root itself stays."""
        self.needs(storage, "write", "delete", "exists")
        storage.write("a/b.txt", b"x")
        with pytest.raises(AccessDeniedError):
            storage.delete(path, recursive=True)
        assert storage.exists("a/b.txt")

    def test_fingerprint(self, storage: Storage) -> None:
        """Changes when a file there is added, removed or written; empty matches have a fingerprint too."""
        self.needs(storage, "fingerprint", "write", "delete")
        seen = [storage.fingerprint("d/*.csv")]
        storage.write("d/a.csv", b"1")
        seen.append(storage.fingerprint("d/*.csv"))
        storage.write("d/b.csv", b"1")
        seen.append(storage.fingerprint("d/*.csv"))
        storage.write("d/b.csv", b"2", overwrite=True)
        seen.append(storage.fingerprint("d/*.csv"))
        storage.write("d/other.txt", b"2")
        assert storage.fingerprint("d/*.csv") == seen[-1]
        assert len(set(seen)) == len(seen)
        storage.delete("d/a.csv")
        storage.delete("d/b.csv")
        assert storage.fingerprint("d/*.csv") == seen[0]

    def test_infer_table(self, storage: Storage) -> None:
        """What the file looks like as a table; named for the path, or as asked."""
        self.needs(storage, "infer_table", "write")
        storage.write("club/people.csv", PEOPLE)
        table = storage.infer_table("club/people.csv")
        assert (table.name, table.format) == ("people", "csv")
        assert table.schema is not None
        assert table.schema.names == ("id", "name", "height")
        assert storage.infer_table("club", table="members").name == "members"

    def test_infer_without_headers(self, storage: Storage) -> None:
        """``read_headers`` says whether the first row holds column names."""
        self.needs(storage, "infer_table", "write")
        storage.write("words.csv", b"a,b\nc,d\n")
        with_names = storage.infer_table("words.csv", read_headers=True)
        without = storage.infer_table("words.csv", read_headers=False)
        assert with_names.schema is not None
        assert without.schema is not None
        assert with_names.schema.names == ("a", "b")
        assert without.schema.names != ("a", "b")

    def test_differing_files_conflict(self, storage: Storage) -> None:
        """``ConflictError`` when the files' schemas differ; it names the columns."""
        self.needs(storage, "infer_table", "write")
        storage.write("mixed/a.csv", b"id,delay\n1,2\n")
        storage.write("mixed/b.csv", b"id,late\n1,2\n")
        with pytest.raises(ConflictError) as raised:
            storage.infer_table("mixed")
        assert "delay" in str(raised.value)
        assert "late" in str(raised.value)


class ExecutionSuite(_WithTable):
    """The sentences of ``mason.engines.execution``, in SQL that every engine knows."""

    role: ClassVar[str] = "execution"

    @pytest.fixture
    def execution(self, any_engine: Engine) -> Execution:
        """The client as execution engine."""
        assert isinstance(any_engine, Execution)
        return any_engine

    def rows(self, answer: Rows | Job) -> list[tuple[Any, ...]]:
        """The rows of an answer that has some."""
        assert isinstance(answer, Rows)
        return list(answer.rows)

    def test_preview(self, execution: Execution, table: Table) -> None:
        """The first ``limit`` rows; ``more`` says that there are others."""
        self.needs(execution, "preview")
        some = execution.preview(table, limit=2)
        assert (len(some.rows), some.more) == (2, True)
        every = execution.preview(table)
        assert (len(every.rows), every.more) == (3, False)
        assert every.schema.names == ("id", "name", "height")

    def test_summarize(self, execution: Execution, table: Table) -> None:
        """Per column: type, rows, non-null, distinct, min, max, mean; exact; mean only where numeric."""
        self.needs(execution, "summarize")
        summary = execution.summarize(table)
        assert summary.schema.names == ("column", "type", "rows", "non_null", "distinct", "min", "max", "mean")
        found = {row["column"]: row for row in summary.to_dicts()}
        assert list(found) == ["id", "name", "height"]
        keys = ("rows", "non_null", "distinct", "min", "max", "mean")
        assert [found["id"][key] for key in keys] == [3, 3, 3, 1, 3, 2.0]
        assert [found["name"][key] for key in keys] == [3, 3, 2, "Ann", "Bob", None]
        assert [found["height"][key] for key in keys] == [3, 2, 2, 1.6, 1.8, pytest.approx(1.7)]

    def test_summarize_columns(self, execution: Execution, table: Table) -> None:
        """``columns`` narrows."""
        self.needs(execution, "summarize")
        assert [row[0] for row in execution.summarize(table, columns=["name"]).rows] == ["name"]

    def test_query(self, execution: Execution, table: Table) -> None:
        """Answers one SELECT statement, with ``$table`` for ``table`` and other tables of its database by name."""
        self.needs(execution, "query")
        sql = "SELECT t.id FROM $table t JOIN people p ON t.id = p.id WHERE t.name <> '$table' ORDER BY t.id DESC"
        assert self.rows(execution.query(sql, table=table)) == [(3,), (2,), (1,)]

    def test_query_limit(self, execution: Execution, table: Table) -> None:
        """At most ``limit`` rows."""
        self.needs(execution, "query")
        answer = execution.query("SELECT id FROM $table ORDER BY id", table=table, limit=2)
        assert isinstance(answer, Rows)
        assert (list(answer.rows), answer.more) == ([(1,), (2,)], True)

    @pytest.mark.parametrize(
        "sql",
        [
            "",
            ";",
            "SELECT 1; SELECT 2",
            "DELETE FROM people",
            "DROP TABLE people",
            "CREATE TABLE stolen AS SELECT 1 AS a",
            "INSERT INTO people VALUES (4, 'Eve', 1)",
            "SELECT FROM WHERE",
        ],
    )
    def test_anything_but_one_select(self, execution: Execution, table: Table, sql: str) -> None:
        """Anything but one SELECT raises ``EngineError``."""
        self.needs(execution, "query")
        with pytest.raises(EngineError):
            execution.query(sql, table=table)

    def test_output(self, client: Client, execution: Execution, table: Table) -> None:
        """With ``output``: all rows are written there, and a job answers, which can be asked for again."""
        self.needs(execution, "query", "get_job")
        job = execution.query("SELECT id FROM $table", table=table, output="out/ids.csv", limit=1)
        assert isinstance(job, Job)
        assert (job.status, job.result["rows"], job.result["output"]) == ("succeeded", 3, "out/ids.csv")
        assert execution.get_job(job.job_id) == job
        storage = client.engine("storage")
        assert isinstance(storage, Storage)
        assert storage.read("out/ids.csv").split() == [b"id", b"1", b"2", b"3"]

    def test_output_exists(self, client: Client, execution: Execution, table: Table) -> None:
        """An existing target raises ``ConflictError`` unless ``overwrite`` is true, and stays as it was."""
        self.needs(execution, "query")
        storage = client.engine("storage")
        assert isinstance(storage, Storage)
        storage.write("out.csv", b"mine")
        with pytest.raises(ConflictError):
            execution.query("SELECT 1 AS a", output="out.csv")
        with pytest.raises(EngineError):
            execution.query("SELECT nothing FROM $table", table=table, output="out.csv", overwrite=True)
        assert storage.read("out.csv") == b"mine"
        execution.query("SELECT 1 AS a", output="out.csv", overwrite=True)
        assert storage.read("out.csv").split() == [b"a", b"1"]

    def test_missing_job(self, execution: Execution) -> None:
        """Raises ``NotFoundError``."""
        for name in ("get_job", "cancel_job"):
            if name in execution.supports:
                for job_id in ("20200101T000000-abcdef", "../../etc/passwd", ""):
                    with pytest.raises(NotFoundError):
                        getattr(execution, name)(job_id)

    def test_cancel_a_job_that_is_done(self, execution: Execution, table: Table) -> None:
        """``ConflictError`` when it is done."""
        self.needs(execution, "query", "cancel_job")
        job = execution.query("SELECT id FROM $table", table=table, output="ids.csv")
        assert isinstance(job, Job)
        with pytest.raises(ConflictError):
            execution.cancel_job(job.job_id)


class SchedulerSuite(EngineSuite):
    """The sentences of ``mason.engines.scheduler``."""

    role: ClassVar[str] = "scheduler"

    @pytest.fixture
    def scheduler(self, any_engine: Engine) -> Scheduler:
        """The client as scheduler."""
        assert isinstance(any_engine, Scheduler)
        return any_engine

    def schedule(self, name: str, times: str = "0 12 * * ? *") -> Schedule:
        """A schedule of two steps."""
        first = DagStep("step_1", "table:infer", {"path": "a"})
        return Schedule(name, times, Dag((first, DagStep("step_2", "table:get", dependencies=("step_1",)))))

    def test_put_and_get(self, scheduler: Scheduler) -> None:
        """A schedule is returned as it was put; all of them sorted by name."""
        self.needs(scheduler, "put_schedule", "get_schedule", "list_schedules")
        for name in ("zeta", "alpha"):
            assert scheduler.put_schedule(self.schedule(name)) == self.schedule(name)
        assert scheduler.get_schedule("zeta") == self.schedule("zeta")
        assert [schedule.name for schedule in scheduler.list_schedules()] == ["alpha", "zeta"]

    def test_put_twice(self, scheduler: Scheduler) -> None:
        """Raises ``ConflictError`` when one of that name exists and ``overwrite`` is false."""
        self.needs(scheduler, "put_schedule", "get_schedule")
        scheduler.put_schedule(self.schedule("nightly"))
        changed = self.schedule("nightly", "0 6 * * ? *")
        with pytest.raises(ConflictError):
            scheduler.put_schedule(changed)
        assert scheduler.get_schedule("nightly") == self.schedule("nightly")
        scheduler.put_schedule(changed, overwrite=True)
        assert scheduler.get_schedule("nightly") == changed

    def test_trigger(self, scheduler: Scheduler) -> None:
        """Runs a schedule now, and answers with a job."""
        self.needs(scheduler, "put_schedule", "trigger_schedule")
        scheduler.put_schedule(self.schedule("nightly"))
        assert scheduler.trigger_schedule("nightly").status in ("queued", "running", "succeeded")

    def test_delete(self, scheduler: Scheduler) -> None:
        """Deletes a schedule and returns it as it was."""
        self.needs(scheduler, "put_schedule", "delete_schedule", "list_schedules")
        scheduler.put_schedule(self.schedule("nightly"))
        assert scheduler.delete_schedule("nightly") == self.schedule("nightly")
        assert scheduler.list_schedules() == []

    def test_missing(self, scheduler: Scheduler) -> None:
        """Raises ``NotFoundError``."""
        for name in ("get_schedule", "trigger_schedule", "delete_schedule"):
            if name in scheduler.supports:
                with pytest.raises(NotFoundError):
                    getattr(scheduler, name)("nowhere")
