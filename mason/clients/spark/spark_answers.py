"""Rows that Spark answers with as values that every view prints: as those of DuckDB, through which they go."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mason.engines import interrupts
from mason.engines.models import Rows
from mason.engines.progress import Progress, report

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.reading.readers import Source
    from mason.sql.translations import Translation


Columns = list[tuple[str, str]]
"""Names and DuckDB's types; an empty type is that which DuckDB reads of what Spark gives."""


def columns_of(translation: Translation, frame: Any) -> Columns:
    """The columns of an answer: as the query means them, where it was translated."""
    if translation.columns:
        return [(each.name, str(each.type)) for each in translation.columns]
    return [(str(name), "") for name in frame.columns]


def numbered(frame: Any, columns: Columns) -> Any:
    """``frame`` with columns called ``c0``, ``c1``...: two of an answer may have one name."""
    return frame.toDF(*(f"c{index}" for index in range(len(columns))))


def selected(columns: Columns) -> str:
    """The select list that gives columns ``c0``, ``c1``... their names and types back, in DuckDB's words."""
    from mason.clients._duckdb.quoting import identifier

    return ", ".join(
        f"{f'CAST(c{index} AS {kind})' if kind else f'c{index}'} AS {identifier(name)}"
        for index, (name, kind) in enumerate(columns)
    )


def fetch(arrow: Any, columns: Columns, limits: Limits, limit: int | None) -> Rows:
    """The rows of a table of Arrow whose columns are numbered."""
    from mason.clients._duckdb import answering
    from mason.clients._duckdb.connection import connect

    with connect(limits) as connection:
        connection.register("answer", arrow)
        return answering.fetch(connection, f"SELECT {selected(columns)} FROM answer", limits, limit)


def fetch_files(source: Source, limits: Limits, limit: int | None) -> Rows:
    """The rows of files of parquet that Spark wrote."""
    from mason.clients._duckdb import answering
    from mason.clients._duckdb.connection import connect

    with connect(limits) as connection:
        return answering.fetch(connection, source.sql, limits, limit)


@contextmanager
def interruptible(session: Any) -> Iterator[None]:
    """Within it, Ctrl-C and whoever gives up the work have Spark stop what this thread asks of it; and whoever observes
    is told that it goes on."""
    tag = f"mason-{secrets.token_hex(8)}"
    session.addTag(tag)

    def interrupt() -> None:
        # A server that is gone does nothing any more.
        with suppress(Exception):
            session.interruptTag(tag)

    work = interrupts.current()
    if work is not None:
        work.add(interrupt)
    # Spark counts tasks, and nobody knows beforehand how many there will be: what is told is that it works.
    report(Progress(0, 0, "rows", "Querying"))
    try:
        yield
    except KeyboardInterrupt:
        interrupt()
        raise
    finally:
        report(Progress(0, 0, "rows", "Querying", ended=True))
        if work is not None:
            work.discard(interrupt)
        session.removeTag(tag)
