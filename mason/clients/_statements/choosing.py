"""Tables out of tables by SQL: fewer columns, some rows by chance, one row for each key, one schema for files."""

from __future__ import annotations

from collections.abc import Sequence

from mason.clients._duckdb.quoting import identifier
from mason.clients._statements.asked import Relation, Statement
from mason.clients._tables.columns import Columns, check_columns


def converted(
    relation: Relation,
    *,
    columns: Sequence[str] = (),
    partition_columns: Sequence[str] = (),
    sample_size: int | None = None,
) -> Statement:
    """The table in another format.

    - ``columns``: those to keep, none for all.
    - ``partition_columns``: kept beside them.
    - ``sample_size``: how many rows to take by chance; ``None`` for all.

    Raises ``NotFoundError`` for columns that there are not.
    """
    check_columns(relation.names, (*columns, *partition_columns))
    wanted = {*columns, *partition_columns}
    select = relation.selected([name for name in relation.names if not columns or name in wanted])
    if sample_size is not None:
        select += f" USING SAMPLE reservoir({sample_size} ROWS)"
    return Statement(select, (relation,), "format the table")


def deduped(relation: Relation, *, keys: Sequence[str], order_by: Sequence[str] = (), keep: str = "first") -> Statement:
    """One row for each value of ``keys``: the first or last by ``order_by``, and by all other columns where that leaves
    a choice, so that the result is always the same. NULL is a value like others as a key, and never first or last.

    Raises ``NotFoundError`` for columns that there are not.
    """
    check_columns(relation.names, [*keys, *order_by])
    way = "ASC" if keep == "first" else "DESC"
    order = [name for name in dict.fromkeys([*order_by, *relation.names]) if name not in keys]
    by = ", ".join(identifier(key) for key in keys)
    # Rows whose columns are all keys are the same row.
    ordered = ", ".join(f"{identifier(name)} {way} NULLS LAST" for name in order or keys)
    chosen = f"QUALIFY row_number() OVER (PARTITION BY {by} ORDER BY {ordered}) = 1"
    return Statement(f"{relation.selected(relation.names)} {chosen}", (relation,), "dedupe the table")


def counted(relation: Relation) -> Statement:
    """One row: how many rows there are."""
    return Statement(f"SELECT count(*) AS rows_ FROM {relation.sql}", (relation,), "count rows")


def united(parts: Sequence[Relation], columns: Columns) -> Statement:
    """The rows of all files of a table with the columns that they have together.

    - ``parts``: one relation for files with the same columns.
    - ``columns``: those of the result. One that a part lacks is null there, one of another type is cast.
    """
    return Statement(" UNION ALL ".join(_aligned(part, columns) for part in parts), tuple(parts), "merge the files")


def _aligned(part: Relation, columns: Columns) -> str:
    kinds = dict(part.columns)
    values = [
        identifier(name) if kinds.get(name) == kind else f"CAST({_held(name, kinds)} AS {kind}) AS {identifier(name)}"
        for name, kind in columns
    ]
    return f"SELECT {', '.join(values)} FROM {part.sql}"


def _held(name: str, kinds: dict[str, str]) -> str:
    return identifier(name) if name in kinds else "NULL"
