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
from mason.clients._duckdb.writing.outputs import Output, beside, check_apart
from mason.clients._tables.columns import Columns
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.resources.wording import listing

if TYPE_CHECKING:
    import duckdb

_TWICE = "mason_twice"
# The columns of that table go by their places, so that no name of a key is in the way of another.
_KEY, _MORE = "key_{}", "more"
KEEP = ("first", "last")
"""Which of several rows stays."""


def convert(
    limits: Limits,
    source: Source,
    output: Output,
    root: Root,
    *,
    columns: Sequence[str] = (),
    sample_size: int | None = None,
) -> dict[str, Any]:
    """The table in another format or partitioning; ``columns`` narrows it, ``sample_size`` takes so many rows of it by
    chance. Rows keep their order where they go to one file, and come from files that are written alike."""
    if sample_size is not None and sample_size < 1:
        raise EngineError(f"sample_size is {sample_size}, but it must be 1 or more.")
    _check_source(source, output, root)
    # Keeping the order of a union takes DuckDB five times as long, and four times the memory.
    ordered = not output.folder and source.parts == 1
    with (
        beside(output, root) as path,
        opened(limits, [source], root.show, ordered=ordered, output=(output, path)) as connection,
    ):
        every = _columns(connection, source)
        chosen = every
        if columns:
            _check_columns(every, columns)
            wanted = {*columns, *output.partition_columns}
            chosen = [name for name in every if name in wanted]
        select = f"SELECT {', '.join(identifier(name) for name in chosen)} FROM ({source.sql})"
        if sample_size is not None:
            select += f" USING SAMPLE reservoir({sample_size} ROWS)"
        return write(connection, select, output, path, [source], root.show)


def merge(limits: Limits, source: Source, output: Output, root: Root) -> dict[str, Any]:
    """The files of a table, which may differ, with one schema."""
    _check_source(source, output, root)
    with (
        beside(output, root) as path,
        opened(limits, [source], root.show, ordered=False, output=(output, path)) as connection,
    ):
        return write(connection, source.sql, output, path, [source], root.show)


def dedupe(
    limits: Limits,
    source: Source,
    output: Output,
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
    if not keys:
        raise EngineError("keys are missing: name the columns that tell rows apart.")
    if keep not in KEEP:
        raise EngineError(f"keep is {keep}, but it must be first or last.")
    _check_source(source, output, root)
    with (
        beside(output, root) as path,
        opened(limits, [source], root.show, ordered=False, output=(output, path)) as connection,
    ):
        every = _columns(connection, source)
        _check_columns(every, [*keys, *order_by])
        # Most rows are no duplicates: finding the keys that are there twice, and looking at their rows only, takes
        # two thirds of the time and half of the memory of a DISTINCT ON.
        keys = list(dict.fromkeys(keys))
        quoted = ", ".join(identifier(key) for key in keys)
        placed = ", ".join(f"{identifier(key)} AS {_KEY.format(place)}" for place, key in enumerate(keys))
        with watched(connection, "Looking for duplicates", source.size):
            connection.execute(
                f"CREATE TEMP TABLE {_TWICE} AS SELECT {placed}, count(*) - 1 AS {_MORE} FROM ({source.sql}) "
                f"GROUP BY {quoted} HAVING count(*) > 1"
            )
        row = connection.execute(f"SELECT coalesce(sum({_MORE}), 0)::BIGINT FROM {_TWICE}").fetchone()
        removed = row[0] if row else 0
        select = _without_twice(source, keys, [*order_by, *every], every, keep) if removed else source.sql
        manifest = write(connection, select, output, path, [source], root.show)
        return {**manifest, "rows_in": manifest["rows"] + removed, "removed": removed}


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


def fake(limits: Limits, like: Source | Columns, output: Output, root: Root, *, size: int, seed: int) -> dict[str, Any]:
    """``size`` made-up rows with the given columns, or in imitation of a table."""
    if size < 0:
        raise EngineError(f"size is {size}, but it must be 0 or more.")
    sources = [like] if isinstance(like, Source) else []
    for source in sources:
        _check_source(source, output, root)
    with (
        beside(output, root) as path,
        opened(limits, sources, root.show, output=(output, path)) as connection,
    ):
        if isinstance(like, Source):
            relation = connection.sql(like.sql)
            kinds = [str(kind) for kind in relation.types]
            with watched(connection, "Looking at the table to imitate", like.size):
                columns = facts(connection, like.sql, list(zip(relation.columns, kinds, strict=True)))
        else:
            columns = [FakeColumn(name, checked_type(connection, name, kind)) for name, kind in like]
            _check_names([column.name for column in columns])
        select_rows = select(connection, columns, size=size, seed=seed)
        return write(connection, select_rows, output, path, sources, root.show)


def _check_names(names: Sequence[str]) -> None:
    if not names:
        raise EngineError("The schema has no columns: give it as a mapping of names to types.")
    met: set[str] = set()
    for name in names:
        if not name or name.lower() in met:
            raise EngineError(f"Column {name!r} is there twice." if name else "A column has an empty name.")
        met.add(name.lower())


def _check_source(source: Source, output: Output, root: Root) -> None:
    if not source.sql:
        raise EngineError("The table has no columns, because its files are empty.")
    check_apart(output, [source], root)


def _columns(connection: duckdb.DuckDBPyConnection, source: Source) -> list[str]:
    return list(connection.sql(source.sql).columns)


def _check_columns(every: Sequence[str], named: Sequence[str]) -> None:
    missing = [name for name in named if name not in every]
    if missing:
        raise NotFoundError(f"There is no column {', '.join(missing)}. Columns: {listing(every, most=30)}.")


def check_mergeable(source: Source, title: str) -> None:
    """Raises ``ConflictError`` when there are not two files to merge."""
    if len(source.files) < 2:
        raise ConflictError(f"Nothing to merge: {title} is one file. Use table format to write it otherwise.")
