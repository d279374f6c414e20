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

from mason.engines import engine_type
from mason.engines.capabilities import COMPRESSIONS, NAME_CASES
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.file_urls import scheme_of
from mason.engines.jobs import OPEN
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Table
from mason.engines.storage import Storage
from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    NotFoundError,
    UnsupportedVerbError,
)
from mason.state.lock import turns

PEOPLE = b"id,name,height\n1,Ann,1.6\n2,Bob,\n3,Bob,1.8\n"
"""The data that suites ask about: three rows, a null, a repeated name."""


class EngineSuite:
    """What holds for each role. Inherit from a suite below, and override the fixture ``client``."""

    role: ClassVar[str] = ""

    patience = 60.0
    """Seconds within which a job of the tests has ended."""

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

    def storage_of(self, client: Client) -> Storage:
        """Where the client keeps files; the test is skipped for one that is no storage."""
        if "storage" not in client.roles():
            pytest.skip(f"{client.name} is no storage, so its tests say nothing of files")
        storage = client.engine("storage")
        assert isinstance(storage, Storage)
        return storage

    def ended(self, engine: Engine, job: Job) -> Job:
        """The job, asked for until it has ended."""
        for _ in turns(self.patience, longest=1.0):
            if job.status not in OPEN:
                return job
            job = engine.get_job(job.job_id)
        pytest.fail(f"{job} has not ended")

    def test_is_declared(self, client: Client, any_engine: Engine) -> None:
        """A client names the engine class for each role that it plays."""
        assert isinstance(any_engine, engine_type(self.role))
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

    def test_capabilities_use_the_words(self, any_engine: Engine) -> None:
        """Capabilities are declared in the words of ``mason.engines.capabilities``, none of them twice."""
        can = any_engine.capabilities
        assert can.name_case in NAME_CASES
        assert min(can.longest_name, can.time_digits) >= 0
        for formats in (can.reads, can.writes):
            names = [each.name for each in formats]
            assert names == list(dict.fromkeys(name.lower() for name in names))
            for each in formats:
                assert each.compressions, each.name
                assert set(each.compressions) <= set(COMPRESSIONS), each.name

    def test_closes_twice(self, client: Client) -> None:
        """``close`` is safe to call twice."""
        client.close()
        client.close()

    def test_public_facts_hold_no_secret(self, client: Client) -> None:
        """What the neighbours of a client are told is not secret, and its ``url`` is that of its storage's root."""
        canary = "a-secret-that-nobody-is-told"
        marked = [name for name, given in client.schema()["properties"].items() if given.get("secret") is True]
        facts = client.public_facts({**client.configuration, **dict.fromkeys(marked, canary)}, base=client.base)
        assert canary not in repr(facts)
        storage = client.engine("storage") if "storage" in client.roles() else None
        if isinstance(storage, Storage) and "locate" in storage.supports and "url" in facts:
            assert facts["url"] == storage.locate("")

    def test_schema_describes_every_property(self, client: Client) -> None:
        """The configuration's schema accepts only what it lists, and says what each property means."""
        schema = client.schema()
        assert schema["additionalProperties"] is False
        for name, given in schema["properties"].items():
            assert given.get("title"), name
            assert given.get("description"), name


class WithTable(EngineSuite):
    """For suites that need a table to ask about."""

    @pytest.fixture
    def table(self, client: Client) -> Table:
        """A table named ``people`` in a database named ``club``, of the rows of :data:`PEOPLE`.

        Override where it takes something else than writing a file and registering it.
        """
        storage, metastore = self.storage_of(client), client.engine("metastore")
        assert isinstance(metastore, Metastore)
        storage.write("club/people.csv", PEOPLE)
        metastore.create_table("club", "people", definition=storage.infer_table("club/people.csv"))
        return metastore.get_table("club", "people")


class MetastoreSuite(WithTable):
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

    def test_names_keep_their_case_as_declared(self, metastore: Metastore, table: Table) -> None:
        """``name_case``: names that differ in case only are two tables, or one, or all are in lower case."""
        self.needs(metastore, "create_table", "list_tables")
        case = metastore.capabilities.name_case
        metastore.create_table("cased", "People", definition=table)
        if case in ("", "kept"):
            metastore.create_table("cased", "people", definition=table)
        else:
            with pytest.raises(ConflictError):
                metastore.create_table("cased", "people", definition=table)
        names = {"folded": ["People"], "lower": ["people"]}.get(case, ["People", "people"])
        assert case == "" or [each.name for each in metastore.list_tables("cased")] == names

    def test_long_names_are_kept_as_declared(self, metastore: Metastore, table: Table) -> None:
        """``longest_name``: a name of so many characters is kept, where there is no limit one of 400."""
        self.needs(metastore, "create_table", "get_table")
        name = "n" * (metastore.capabilities.longest_name or 400)
        metastore.create_table("long", name, definition=table)
        assert metastore.get_table("long", name).name == name

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
        """Files at and below ``path``, sorted; those that readers pass over left out. Raises ``NotFoundError``."""
        self.needs(storage, "write", "list_paths")
        for path in ("b/2.csv", "b/10.csv", "a.csv", "b/_SUCCESS", "b/c/1.csv"):
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

    @pytest.mark.parametrize(
        "path",
        [
            ".mason/state.csv",
            "a/.hidden/x.csv",
            "a/../.env",
            "a/.hidden.csv",
            "mason.yaml",
            "operators/table/get/operator.YML",
            "operators/table/get/__init__.py",
            "reviewed.plan",
            "warehouse/warehouse.duckdb",
        ],
    )
    def test_no_data_is_neither_written_nor_deleted(self, storage: Storage, path: str) -> None:
        """Hidden names, YAML, Python, plan files and database files are refused, be there something or not."""
        self.needs(storage, "write", "exists")
        storage.write("a/plain.csv", b"id\n1\n")
        asks: dict[str, tuple[Any, ...]] = {
            "write": (path, b"x"),
            "copy": ("a/plain.csv", path),
            "delete": (path,),
        }
        for name, arguments in asks.items():
            if name in storage.supports:
                with pytest.raises(AccessDeniedError) as raised:
                    getattr(storage, name)(*arguments)
                assert str(raised.value).startswith("No verb writes"), name
        assert not storage.exists(path)

    @pytest.mark.parametrize("path", ["../outside.txt", "a/../../outside.txt", "/etc/passwd"])
    def test_outside_is_refused(self, storage: Storage, path: str) -> None:
        """A path outside the root is refused."""
        asks: dict[str, tuple[Any, ...]] = {
            "list_paths": (path,),
            "exists": (path,),
            "locate": (path,),
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

    @pytest.mark.parametrize(
        ("path", "plain"),
        [
            ("a/b.csv", "a/b.csv"),
            ("./a//c/../b.csv", "a/b.csv"),
            ("a/b/", "a/b"),
            ("a/..", ""),
            (".", ""),
            ("d/*.csv", "d/*.csv"),
            ("./d/[ab]/**/*", "d/[ab]/**/*"),
        ],
    )
    def test_locate_has_one_url_for_a_path(self, storage: Storage, path: str, plain: str) -> None:
        """Without ``.``, ``..``, doubled or last slashes; below the URL of the root; the URL of a URL is that URL.
        Nothing need be there."""
        self.needs(storage, "locate")
        root, url = storage.locate(""), storage.locate(path)
        assert scheme_of(root) == storage.capabilities.schemes[0]
        assert not root.endswith("/")
        assert url == storage.locate(plain) == storage.locate(url)
        assert url == f"{root}/{plain}".rstrip("/")

    @pytest.mark.parametrize(
        "name", ["ä b.txt", "100%.txt", "a#b.txt", "a%20b.txt", "k=v/a+b.txt", "a&b;c.txt", "日本"]
    )
    def test_locate_escapes(self, storage: Storage, name: str) -> None:
        """Two paths have two URLs, and each leads to the file that was meant, whatever is in its name."""
        self.needs(storage, "locate", "write", "read")
        storage.write(name, name)
        assert storage.read(storage.locate(name)) == name.encode()
        assert storage.locate("a b.txt") != storage.locate("a%20b.txt")

    def test_every_verb_takes_what_locate_gives(self, storage: Storage) -> None:
        """In the place of the path, a file, folder or glob, and as it answers for the path."""
        self.needs(storage, "locate", "write", "read", "exists", "list_paths", "delete")
        assert storage.write(storage.locate("club/people.csv"), PEOPLE).path == "club/people.csv"
        assert storage.read(storage.locate("club/people.csv")) == PEOPLE
        assert storage.exists(storage.locate("club"))
        assert not storage.exists(storage.locate("cub"))
        for path in ("club/people.csv", "club", "club/*.csv", "club/p?ople.csv", "club/[opq]*"):
            url = storage.locate(path)
            assert [found.path for found in storage.list_paths(url)] == ["club/people.csv"]
            if "fingerprint" in storage.supports:
                assert storage.fingerprint(url) == storage.fingerprint(path)
            if "infer_table" in storage.supports:
                assert storage.infer_table(url).schema == storage.infer_table(path).schema
        if "copy" in storage.supports:
            copied = storage.copy(storage.locate("club/people.csv"), storage.locate("club/copy.csv"))
            assert copied.path == "club/copy.csv"
        assert storage.delete(storage.locate("club/people.csv")).path == "club/people.csv"
        assert not storage.exists("club/people.csv")

    @pytest.mark.parametrize("path", ["/..", "/../outside.txt", "/a/../../outside.txt"])
    def test_urls_outside_are_refused(self, storage: Storage, path: str) -> None:
        """A URL that leads out of the root is refused as a path is, and cannot be located either."""
        self.needs(storage, "locate", "read")
        for verb in (storage.read, storage.locate):
            with pytest.raises(AccessDeniedError):
                verb(storage.locate("") + path)

    @pytest.mark.parametrize("url", ["nowhere://a/b", "x+y.z://b"])
    def test_urls_of_others_are_refused(self, storage: Storage, url: str) -> None:
        """A URL of a scheme that the client does not reach is refused, and named."""
        self.needs(storage, "locate", "read")
        for verb in (storage.read, storage.locate):
            with pytest.raises(EngineError) as raised:
                verb(url)
            assert url in str(raised.value)

    @pytest.mark.parametrize("path", ["", ".", "a/.."])
    def test_root_is_not_deleted(self, storage: Storage, path: str) -> None:
        """The root itself stays."""
        self.needs(storage, "write", "delete", "exists")
        storage.write("a/b.txt", b"x")
        with pytest.raises(AccessDeniedError):
            storage.delete(path, recursive=True)
        assert storage.exists("a/b.txt")

    def test_fingerprint(self, storage: Storage) -> None:
        """Changes when a file there is added, removed or written, and is empty where there is no file."""
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
        assert storage.fingerprint("d/*.csv") == storage.fingerprint("d/*.csv", content=True) == seen[0] == ""

    def test_fingerprint_of_content(self, storage: Storage) -> None:
        """Of names and what is in the files: it stays when a file is written again as it was."""
        self.needs(storage, "fingerprint", "write")
        storage.write("d/a.csv", b"1")
        first = storage.fingerprint("d", content=True)
        storage.write("d/a.csv", b"1", overwrite=True)
        assert storage.fingerprint("d", content=True) == first
        storage.write("d/a.csv", b"2", overwrite=True)
        assert storage.fingerprint("d", content=True) != first

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
