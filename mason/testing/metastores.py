"""The suite of metastores; ``mason.testing.engines`` says how to use it."""

from __future__ import annotations

from typing import ClassVar

import pytest

from mason.engines.engine import Engine
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Table
from mason.errors import (
    ConflictError,
    NotFoundError,
)
from mason.testing.engines import WithTable


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
        wanted = ("zoo", "alpha", "Mid dle")
        for name in wanted:
            metastore.create_database(name)
        names = [database.name for database in metastore.list_databases()]
        lower = metastore.capabilities.name_case == "lower"
        assert names == sorted(name.lower() if lower else name for name in wanted)
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

    def test_stamps_change_with_what_is_answered(self, metastore: Metastore, table: Table) -> None:
        """As long as these are the same, ``get_table`` answers the same; of a table that was deleted, too."""
        if not metastore.capabilities.stamped:
            assert metastore.stamps(table) is None
            return
        metastore.create_table("club", "copy", definition=table)
        kept = metastore.get_table("club", "copy")
        deleted = Table("copy", "club")
        there = metastore.stamps(kept), metastore.stamps(deleted)
        assert None not in there
        assert there == (metastore.stamps(kept), metastore.stamps(deleted))
        metastore.delete_table("club", "copy")
        gone = metastore.stamps(kept), metastore.stamps(deleted)
        assert [before == after for before, after in zip(there, gone, strict=True)] == [False, False]

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
