"""The execution engine of ``postgres``: rows come by COPY."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from mason.clients._postgres.server_execution import CAPABILITIES, ServerExecution
from mason.engines.capabilities import Capabilities

if TYPE_CHECKING:
    from mason.clients._postgres.server_connections import Transaction
    from mason.clients._postgres.server_reading import ServerQuery


class PostgresExecution(ServerExecution):
    """PostgreSQL 14 or newer."""

    supports: ClassVar[frozenset[str]] = ServerExecution.supports
    capabilities: ClassVar[Capabilities] = replace(CAPABILITIES, dialect="postgres")

    def _blocks(self, query: ServerQuery, transaction: Transaction, limit: int | None) -> Iterator[bytes]:
        """What COPY sends; one block is one row."""
        from mason.clients._duckdb.quoting import literal
        from mason.clients._postgres.fetched_rows import NULL, as_text

        texts = [as_text(kind) for _, kind in query.columns]
        aliases = [f"c{index}" for index in range(len(texts))]
        select = query.text
        if any(texts):
            values = [each(alias) if each else alias for each, alias in zip(texts, aliases, strict=True)]
            select = f"SELECT {', '.join(values)} FROM ({select}\n) AS answer({', '.join(aliases)})"
        elif not texts:
            # COPY has no rows without columns.
            return
        if limit is not None:
            select = f"SELECT * FROM ({select}\n) AS answer LIMIT {limit}"
        copying = f"COPY (\n{select}\n) TO STDOUT (FORMAT csv, NULL {literal(NULL)}, FORCE_QUOTE *)"
        with transaction.connection.cursor() as cursor, cursor.copy(copying.encode()) as copy:
            for block in copy:
                yield bytes(block)
