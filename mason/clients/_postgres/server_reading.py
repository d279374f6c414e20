"""Tables of a server for the statements of one verb, all of which see the data of one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from mason.clients._statements.asked import Relation, Statement
from mason.clients._statements.statement_verbs import Parts
from mason.errors import ConflictError, TranslationError
from mason.sql.sql_types import SqlType
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.clients._postgres.server_connections import Transaction
    from mason.clients._tables.columns import Columns
    from mason.engines.models import Rows, Table


@dataclass(frozen=True, slots=True)
class Readable:
    """A table as statements read it: ``columns`` with DuckDB's types, and the ``place`` that stands in FROM."""

    columns: Mapping[str, str]
    place: str


@dataclass(frozen=True, slots=True)
class ServerQuery:
    """One query in the server's words, and the columns that it answers with, in DuckDB's types.

    ``types`` are these as values, where Mason translated it; a table that is made of it gets them.
    """

    text: str
    columns: Columns
    types: tuple[SqlType, ...] = ()


class Speaking(Protocol):
    """What an execution engine gives to those who read its tables."""

    def readable(self, table: Table, transaction: Transaction) -> Readable:
        """A table of the server. Raises ``EngineError`` for one that is elsewhere."""
        ...

    def translated(self, sql: str, tables: Mapping[str, Readable]) -> ServerQuery:
        """A query in DuckDB's words in the server's. Raises ``TranslationError``."""
        ...

    def answer(self, query: ServerQuery, transaction: Transaction, limit: int | None = None) -> Rows:
        """The rows of a query."""
        ...


class ServerReading:
    """Tables within ``transaction``. ``engine`` is what the server is called."""

    def __init__(self, speaking: Speaking, transaction: Transaction, engine: str) -> None:
        self._speaking, self._transaction, self._engine = speaking, transaction, engine
        self._readable: dict[str, Readable] = {}

    def relation(self, table: Table) -> Relation:
        """A table under a name of its own."""
        name = f"source_{len(self._readable)}"
        found = self._readable[name] = self._speaking.readable(table, self._transaction)
        return Relation(tuple(found.columns.items()), name)

    def parts(self, table: Table, *, allow_text: bool, extract_paths: bool) -> Parts:
        """A table of a server has one schema."""
        raise ConflictError(f"Nothing to merge: table {table.name} has one schema, which {self._engine} keeps.")

    def translated(self, statement: Statement) -> ServerQuery:
        """A statement in the server's words. Raises ``EngineError`` where it is not known to answer the same."""
        try:
            return self._speaking.translated(statement.sql, self._readable)
        except TranslationError as error:
            raise statement.refused(error, self._engine) from error

    def ask(self, statements: Sequence[Statement]) -> list[Rows]:
        """The answers, one after the other. What can be refused is refused before anything is asked."""
        found = [self.translated(each) for each in statements]
        return [self._speaking.answer(each, self._transaction) for each in found]
