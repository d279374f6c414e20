"""The execution engine of ``redshift``: rows come by a cursor, since Redshift has no COPY to its clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from mason.clients._postgres.server_execution import CAPABILITIES, ServerExecution
from mason.engines.capabilities import Capabilities

if TYPE_CHECKING:
    from mason.clients._postgres.server_connections import Transaction
    from mason.clients._postgres.server_reading import ServerQuery

# A cluster of one node gives no more at once.
_AT_ONCE = 1000


class RedshiftExecution(ServerExecution):
    """Over PostgreSQL's protocol."""

    supports: ClassVar[frozenset[str]] = ServerExecution.supports
    capabilities: ClassVar[Capabilities] = replace(CAPABILITIES, dialect="redshift", name_case="lower")

    def _blocks(self, query: ServerQuery, transaction: Transaction, limit: int | None) -> Iterator[bytes]:
        """What the cursor gives, a line for each row."""
        from mason.clients._postgres.fetched_rows import lines

        transaction.run(f"DECLARE mason_rows CURSOR FOR\n{query.text}")
        left = limit
        while left is None or left > 0:
            size = _AT_ONCE if left is None else min(_AT_ONCE, left)
            found = list(transaction.texts(f"FETCH FORWARD {size} FROM mason_rows"))
            yield from lines(found)
            left = None if left is None else left - len(found)
            if len(found) < size:
                break
        transaction.run("CLOSE mason_rows")
