"""Tables out of tables: another format, one schema, no duplicates, made-up rows. Each answers with a manifest.

Nothing is written before everything that can be refused was; what is written takes its name at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.connection import Limits
from mason.clients._duckdb.fake import FakeColumn, facts, select
from mason.clients._duckdb.quoting import checked_type, identifier
from mason.clients._duckdb.reading.readers import Source
from mason.clients._duckdb.root import Root
from mason.clients._duckdb.session import opened
from mason.clients._duckdb.working import watched
from mason.clients._duckdb.writing.copying import write
from mason.clients._duckdb.writing.outputs import Placed, beside, check_apart
from mason.clients._tables.columns import Columns, check_columns
from mason.clients._tables.deduping import with_removed
from mason.errors import ConflictError, EngineError

if TYPE_CHECKING:
    import duckdb

_TWICE = "mason_twice"
# The columns of that table go by their places, so that no name of a key is in the way of another.
_KEY, _MORE = "key_{}", "more"


def convert(
    limits: Limits,
    source: Source,
    placed: Placed,
    root: Root,
    *,
    columns: Sequence[str] = (),
    sample_size: int | None = None,
) -> dict[str, Any]:
    """The table in another format or partitioning; ``columns`` narrows it, ``sample_size`` takes so many rows of it by
    chance. Rows keep their order where they go to one file, and come from files that are written alike."""
    _check_source(source, placed, root)
    # Keeping the order of a union takes DuckDB five times as long, and four times the memory.
    ordered = not placed.output.folder and source.parts == 1
    with (
        beside(placed, root) as path,
        opened(limits, [source], root.show, ordered=ordered, output=(placed.output, path)) as connection,
    ):
        every = _columns(connection, source)
        chosen = every
        if columns:
            check_columns(every, columns)
            wanted = {*columns, *placed.output.partition_columns}
            chosen = [name for name in every if name in wanted]
        select = f"SELECT {', '.join(identifier(name) for name in chosen)} FROM ({source.sql})"
        if sample_size is not None:
            select += f" USING SAMPLE reservoir({sample_size} ROWS)"
        return write(connection, select, placed, path, [source], root.show)


def merge(limits: Limits, source: Source, placed: Placed, root: Root) -> dict[str, Any]:
    """The files of a table, which may differ, with one schema."""
    _check_source(source, placed, root)
    with (
        beside(placed, root) as path,
        opened(limits, [source], root.show, ordered=False, output=(placed.output, path)) as connection,
    ):
        return write(connection, source.sql, placed, path, [source], root.show)


def dedupe(
    limits: Limits,
    source: Source,
    placed: Placed,
    root: Root,
    *,
    keys: Sequence[str],
    order_by: Sequence[str] = (),
    keep: str = "first",
) -> dict[str, Any]:
    """One row for each value of ``keys``: the first or last by ``order_by``, and by all other columns where that leaves
    a choice, so that the result is always the same. NULL is a value like others as a key, and never first or last.

    The manifest has ``rows_in`` and ``removed`` besides.
    """
    _check_source(source, placed, root)
    with (
        beside(placed, root) as path,
        opened(limits, [source], root.show, ordered=False, output=(placed.output, path)) as connection,
    ):
        every = _columns(connection, source)
        check_columns(every, [*keys, *order_by])
        # Most rows are no duplicates: finding the keys that are there twice, and looking at their rows only, takes
        # two thirds of the time and half of the memory of a DISTINCT ON.
        quoted = ", ".join(identifier(key) for key in keys)
        named = ", ".join(f"{identifier(key)} AS {_KEY.format(place)}" for place, key in enumerate(keys))
        with watched(connection, "Looking for duplicates", source.size):
            connection.execute(
                f"CREATE TEMP TABLE {_TWICE} AS SELECT {named}, count(*) - 1 AS {_MORE} FROM ({source.sql}) "
                f"GROUP BY {quoted} HAVING count(*) > 1"
            )
        row = connection.execute(f"SELECT coalesce(sum({_MORE}), 0)::BIGINT FROM {_TWICE}").fetchone()
        removed = row[0] if row else 0
        select = _without_twice(source, keys, [*order_by, *every], every, keep) if removed else source.sql
        manifest = write(connection, select, placed, path, [source], root.show)
        return with_removed(manifest, manifest["rows"] + removed)


def _without_twice(source: Source, keys: Sequence[str], order: Sequence[str], every: Sequence[str], keep: str) -> str:
    same = " AND ".join(
        f"t.{_KEY.format(place)} IS NOT DISTINCT FROM s.{identifier(key)}" for place, key in enumerate(keys)
    )
    by = ", ".join(f"s.{identifier(key)}" for key in keys)
    way = "ASC" if keep == "first" else "DESC"
    order_by = ", ".join(f"s.{identifier(name)} {way} NULLS LAST" for name in dict.fromkeys(order))
    return (
        f"SELECT * FROM ({source.sql}) AS s ANTI JOIN {_TWICE} AS t ON {same} UNION ALL "
        f"SELECT {', '.join(identifier(name) for name in every)} FROM ({source.sql}) AS s SEMI JOIN {_TWICE} AS t "
        f"ON {same} QUALIFY row_number() OVER (PARTITION BY {by} ORDER BY {order_by}) = 1"
    )


def fake(limits: Limits, like: Source | Columns, placed: Placed, root: Root, *, size: int, seed: int) -> dict[str, Any]:
    """``size`` made-up rows with the given columns, or in imitation of a table."""
    sources = [like] if isinstance(like, Source) else []
    for source in sources:
        _check_source(source, placed, root)
    with (
        beside(placed, root) as path,
        opened(limits, sources, root.show, output=(placed.output, path)) as connection,
    ):
        if isinstance(like, Source):
            relation = connection.sql(like.sql)
            kinds = [str(kind) for kind in relation.types]
            with watched(connection, "Looking at the table to imitate", like.size):
                columns = facts(connection, like.sql, list(zip(relation.columns, kinds, strict=True)))
        else:
            columns = [FakeColumn(name, checked_type(connection, name, kind)) for name, kind in like]
        select_rows = select(connection, columns, size=size, seed=seed)
        return write(connection, select_rows, placed, path, sources, root.show)


def _check_source(source: Source, placed: Placed, root: Root) -> None:
    if not source.sql:
        raise EngineError("The table has no columns, because its files are empty.")
    check_apart(placed, [source], root)


def _columns(connection: duckdb.DuckDBPyConnection, source: Source) -> list[str]:
    return list(connection.sql(source.sql).columns)


def check_mergeable(source: Source, title: str) -> None:
    """Raises ``ConflictError`` when there are not two files to merge."""
    if len(source.files) < 2:
        raise ConflictError(f"Nothing to merge: {title} is one file. Use table format to write it otherwise.")
