"""Rows that Spark answers with as values that every view prints: as those of DuckDB, through which they go."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mason.engines import interrupts
from mason.engines.models import Rows
from mason.sql.translations import Column

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits


def fetch(arrow: Any, columns: Sequence[Column], limits: Limits, limit: int | None) -> Rows:
    """The rows of a table of Arrow whose columns are ``c0``, ``c1``..., with the names and DuckDB's types of
    ``columns``."""
    from mason.clients._duckdb import answering
    from mason.clients._duckdb.connection import connect
    from mason.clients._duckdb.quoting import identifier

    values = ", ".join(
        f"CAST(c{index} AS {each.type}) AS {identifier(each.name)}" for index, each in enumerate(columns)
    )
    with connect(limits) as connection:
        connection.register("answer", arrow)
        return answering.fetch(connection, f"SELECT {values} FROM answer", limits, limit)


@contextmanager
def interruptible(session: Any) -> Iterator[None]:
    """Within it, Ctrl-C and whoever gives up the work have Spark stop what this thread asks of it."""
    tag = f"mason-{secrets.token_hex(8)}"
    session.addTag(tag)

    def interrupt() -> None:
        # A server that is gone does nothing any more.
        with suppress(Exception):
            session.interruptTag(tag)

    work = interrupts.current()
    if work is not None:
        work.add(interrupt)
    try:
        yield
    except KeyboardInterrupt:
        interrupt()
        raise
    finally:
        if work is not None:
            work.discard(interrupt)
        session.removeTag(tag)
