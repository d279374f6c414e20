"""What is asked of a server's catalog, whichever its tables are; each client says how its own is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from mason.clients._missing import missing
from mason.errors import NotFoundError
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.clients._postgres.column_types import ServerColumn
    from mason.clients._postgres.server_connections import Transaction
    from mason.engines.models import Partition


@dataclass(frozen=True, slots=True)
class Entry:
    """A table or view as the catalog lists it, with its comment as it stands there.

    ``definition`` is that of a view; ``keys`` are the columns that it is partitioned by, or what stands there instead
    of columns. ``word`` is what it is called where it is dropped.
    """

    schema: str
    name: str
    kind: str = "table"
    comment: str = ""
    definition: str = ""
    keys: tuple[str, ...] = ()
    word: str = "TABLE"


class ServerCatalog(Protocol):
    """The catalog of one kind of server, asked within a transaction."""

    def schemas(self, transaction: Transaction) -> list[tuple[str, str]]:
        """Names and comments of the schemas that people made, sorted, and ``public`` where it holds a table."""
        ...

    def entries(self, transaction: Transaction, schema: str) -> list[Entry]:
        """The tables and views of a schema, sorted, without definitions and keys."""
        ...

    def entry(self, transaction: Transaction, schema: str, name: str) -> Entry | None:
        """One of them, whole."""
        ...

    def columns(self, transaction: Transaction, schema: str, name: str) -> list[ServerColumn]:
        """The columns of a table, in their order; none where there is no such table."""
        ...

    def answered(self, transaction: Transaction, described: Sequence[tuple[str, int, int]]) -> list[ServerColumn]:
        """The columns of an answer, by name, number and modifier of their types."""
        ...

    def partitions(self, transaction: Transaction, entry: Entry) -> list[Partition]:
        """The partitions of a table."""
        ...

    def made_by(self, transaction: Transaction, job: str) -> list[Entry]:
        """The tables in whose mark a job is named whose id ends so."""
        ...

    def size(self, transaction: Transaction, schema: str, name: str) -> int | None:
        """The bytes of a table; ``None`` where the server does not tell them to everybody."""
        ...


def known_schema(catalog: ServerCatalog, transaction: Transaction, schema: str) -> tuple[str, str]:
    """Name and comment of a schema. Raises ``NotFoundError`` that suggests a near one."""
    found = dict(catalog.schemas(transaction))
    if schema not in found and schema != "public":
        raise missing("Database", schema, found)
    return schema, found.get(schema, "")


def known_entry(catalog: ServerCatalog, transaction: Transaction, schema: str, name: str) -> Entry:
    """A table. Raises ``NotFoundError`` that suggests a near one."""
    found = catalog.entry(transaction, schema, name)
    if found is None:
        known_schema(catalog, transaction, schema)
        names = [each.name for each in catalog.entries(transaction, schema)]
        raise missing("Table", name, names, f" in database {schema}")
    return found


def as_sql_has_it(catalog: ServerCatalog, transaction: Transaction, schema: str, name: str) -> Entry:
    """A table that a statement names: by its name, or the only one that differs from it in case."""
    try:
        return known_entry(catalog, transaction, schema, name)
    except NotFoundError:
        schemas = [each for each, _ in catalog.schemas(transaction) if each.lower() == schema.lower()] or [schema]
        found = [
            each for one in schemas for each in catalog.entries(transaction, one) if each.name.lower() == name.lower()
        ]
        if len(found) != 1:
            raise
        return known_entry(catalog, transaction, found[0].schema, found[0].name)
