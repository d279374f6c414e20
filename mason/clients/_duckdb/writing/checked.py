"""What checks find in rows that are about to be published: DuckDB counts, ``mason.engines.checking`` decides.

All that can be counted row by row is counted in one scan. Whether columns are unique is a grouping of its own, which
DuckDB does in two thirds of the time of a DISTINCT among other aggregates, and can spill. Rows are looked at again only
as examples of a check that does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.check_sources import check_sources
from mason.clients._duckdb.connection import Limits, connect
from mason.clients._duckdb.failures import Show, explain
from mason.clients._duckdb.json_values import rows_ready
from mason.clients._duckdb.quoting import identifier, literal, qualified
from mason.clients._duckdb.statement import one_select
from mason.engines.check_columns import actual, as_texts, faults, is_compared_as_text
from mason.engines.checking import LONGEST_VALUE, MOST_EXAMPLES, Asked, Measured, asked, decided
from mason.errors import EngineError
from mason.resources.output_checks import Check
from mason.sql.table_argument import TABLE

if TYPE_CHECKING:
    import duckdb

# Values that are more than a day ahead tell nothing of how old data is: many write 9999-12-31 for no end.
_AHEAD = timedelta(days=1)
_MOST_COLUMNS = 20
# Types of values that are short as they are.
_SHORT = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint", "hugeint"}
    | {"uhugeint", "float", "double"}
)


def check_rows(
    connection: duckdb.DuckDBPyConnection,
    staged: str,
    asked: Asked,
    show: Show,
    *,
    published: bool = False,
) -> list[dict[str, Any]]:
    """The results of the checks of ``asked``, for the rows of ``staged``, a SELECT.

    Raises ``CheckFailedError`` where one failed (unless they are ``published`` already), and ``EngineError`` with all
    checks that mean nothing for its columns.
    """
    relation = connection.sql(staged)
    columns = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
    wrong = [fault for check in asked.checks for fault in faults(check, columns)]
    if wrong:
        raise EngineError("\n".join(f"{fault[:1].upper()}{fault[1:]}." for fault in wrong))
    measuring = _Measuring(connection, staged, columns, show)
    rows, counted = measuring.count(asked.checks)
    measured = [measuring.measured(check, found) for check, found in zip(asked.checks, counted, strict=True)]
    return decided(asked, rows, measured, published=published)


def tables_read(limits: Limits, asked: Asked) -> list[tuple[str, str]]:
    """The tables that the queries of checks name beside the output, as (schema, name). Raises ``EngineError`` for what
    is not one SELECT, or calls what no query may."""
    found: dict[tuple[str, str], None] = {}
    with connect(limits) as connection:
        for check in asked.checks:
            if check.kind == "sql":
                with _of_check(check):
                    found |= dict.fromkeys(one_select(connection, check.sql).tables)
    return [name for name in found if name != ("", TABLE)]


def refuse_other_tables(limits: Limits, client: str) -> None:
    """Raises ``EngineError`` for checks of what is written here that read more than the output, for a client that has
    no other tables at hand when that is there."""
    checks = asked()
    if checks is None or not any(check.sql for check in checks.checks):
        return
    if found := tables_read(limits, checks):
        names = ", ".join(".".join(filter(None, each)) for each in found)
        raise EngineError(
            f"With client {client} a check reads its output, $table, and no other table ({names}). Join them in the "
            "query that writes, and check what comes of it."
        )


@contextmanager
def _of_check(check: Check) -> Iterator[None]:
    """Errors of the engine are told as those of a check."""
    try:
        yield
    except EngineError as error:
        raise type(error)(f"Check {check.name} cannot be asked: {error}") from error


class _Measuring:
    """One output that is looked at."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, staged: str, columns: Mapping[str, str], show: Show
    ) -> None:
        self._connection = connection
        self._columns = columns
        self._show = show
        # Before the schema in which the table may be that the output was made of.
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {identifier(TABLE)} AS {staged}")
        self._table = f"temp.{identifier(TABLE)}"

    def count(self, checks: Sequence[Check]) -> tuple[int, list[dict[str, Any]]]:
        """How many rows there are, and what one scan tells of each check."""
        aggregates = [self._aggregates(check) for check in checks]
        wanted = ["count(*)", *(sql for each in aggregates for sql in each.values())]
        row = self._connection.execute(f"SELECT {', '.join(wanted)} FROM {self._table}").fetchone()
        assert row is not None, "aggregates are one row"
        rows, *values = row
        left = iter(values)
        return int(rows), [{name: next(left) for name in each} for each in aggregates]

    def _aggregates(self, check: Check) -> dict[str, str]:
        if check.kind in ("not_null", "accepted_values"):
            found = {"failing": f"count(*) FILTER (WHERE {self._fails(check)})"}
            if check.kind == "not_null" and len(check.columns) > 1:
                found |= {
                    f"null.{name}": f"count(*) FILTER (WHERE {identifier(column)} IS NULL)"
                    for name, column in self._actual(check).items()
                }
            return found
        if check.kind != "freshness":
            return {}
        (column,) = self._actual(check).values()
        # A date that is no time is far ahead.
        value, limit = f"TRY_CAST({identifier(column)} AS TIMESTAMP)", literal(str(_now() + _AHEAD))
        ahead = f"{identifier(column)} IS NOT NULL AND coalesce({value} > TIMESTAMP {limit}, true)"
        counts = f"isfinite({value}) AND {value} <= TIMESTAMP {limit}"
        newest = f"max({value}) FILTER (WHERE {counts})"
        return {
            "newest": f"CAST({newest} AS VARCHAR)",
            "microseconds": f"epoch_us({newest})",
            "ahead": f"count(*) FILTER (WHERE {ahead})",
        }

    def measured(self, check: Check, found: Mapping[str, Any]) -> Measured:
        """What there is to say of one check, of which that scan ``found`` something."""
        if check.kind == "freshness":
            return self._age(found)
        if check.kind == "unique":
            return self._unique(check)
        if check.kind == "sql":
            return self._sql(check)
        if check.kind == "row_count":
            return Measured()
        failing = int(found["failing"])
        counts = {name: int(found[f"null.{name}"]) for name in check.columns if f"null.{name}" in found}
        where = f"SELECT * FROM {self._table} WHERE {self._fails(check)}"
        return Measured(failing, self._examples(where, self._actual(check).values()) if failing else (), counts)

    def _age(self, found: Mapping[str, Any]) -> Measured:
        ahead, microseconds = int(found["ahead"]), found["microseconds"]
        if microseconds is None:
            return Measured(ahead=ahead)
        now = Decimal(str(_now().replace(tzinfo=timezone.utc).timestamp()))
        return Measured(age=now - Decimal(microseconds) / 1_000_000, newest=str(found["newest"]), ahead=ahead)

    def _unique(self, check: Check) -> Measured:
        names = [identifier(column) for column in self._actual(check).values()]
        there = " AND ".join(f"{name} IS NOT NULL" for name in names)
        keys = ", ".join(names)
        times = identifier("mason_rows" if "rows" in map(str.lower, self._columns) else "rows")
        groups = (
            f"SELECT {keys}, count(*) AS {times} FROM {self._table} WHERE {there} GROUP BY {keys} HAVING count(*) > 1"
        )
        row = self._connection.execute(f"SELECT coalesce(sum({times} - 1), 0) FROM ({groups})").fetchone()
        failing = int(row[0]) if row else 0
        return Measured(failing, self._examples(f"{groups} ORDER BY {keys}") if failing else ())

    def _sql(self, check: Check) -> Measured:
        import duckdb

        with _of_check(check):
            select = one_select(self._connection, check.sql)
            self._see_tables(select.tables)
            try:
                row = self._connection.execute(f"SELECT count(*) FROM ({select.sql}\n)").fetchone()
                failing = int(row[0]) if row else 0
                return Measured(failing, self._examples(select.sql) if failing else ())
            except (
                duckdb.BinderException,
                duckdb.CatalogException,
                duckdb.ConversionException,
                duckdb.PermissionException,
            ) as error:
                # What goes wrong otherwise is explained as everywhere.
                raise explain(error, self._show) from error

    def _see_tables(self, names: Sequence[tuple[str, str]]) -> None:
        """Make views of the tables that the query of a check reads beside the output."""
        for (schema, name), source in check_sources().items():
            if (schema, name) not in names:
                continue
            if schema:
                self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            view = qualified(schema, name) if schema else identifier(name)
            # The query that made the output may read it, too.
            self._connection.execute(f"CREATE OR REPLACE VIEW {view} AS {source.sql}")

    def _examples(self, select: str, first: Sequence[str] | Any = ()) -> list[dict[str, Any]]:
        """The first rows of a SELECT, JSON-ready, long values and many columns cut; the columns ``first`` first."""
        relation = self._connection.sql(f"SELECT * FROM ({select}\n) LIMIT {MOST_EXAMPLES}")
        kinds = dict(zip(relation.columns, relation.types, strict=True))
        names = list(dict.fromkeys((*(name for name in first if name in kinds), *kinds)))[:_MOST_COLUMNS]
        values = ", ".join(
            identifier(name) if kinds[name].id in _SHORT else f"left(CAST({identifier(name)} AS VARCHAR), {_CUT})"
            for name in names
        )
        cut = relation.project(values)
        rows = rows_ready(cut.types, cut.fetchall())
        return [{name: _shortened(value) for name, value in zip(names, row, strict=True)} for row in rows]

    def _fails(self, check: Check) -> str:
        """The SQL that is true for a row that fails."""
        columns = list(self._actual(check).values())
        if check.kind == "not_null":
            return " OR ".join(f"{identifier(column)} IS NULL" for column in columns)
        (column,) = columns
        kind, name = self._columns[column], identifier(column)
        texts = as_texts(check.values, kind)
        if is_compared_as_text(kind):
            value, accepted = f"CAST({name} AS VARCHAR)", [literal(text) for text in texts]
        else:
            value, accepted = name, [f"CAST({literal(text)} AS {kind})" for text in texts]
        other = f"{value} NOT IN ({', '.join(accepted)})" if accepted else "true"
        return f"{name} IS NOT NULL AND {other}"

    def _actual(self, check: Check) -> dict[str, str]:
        return actual(check, self._columns)


_CUT = LONGEST_VALUE + 1


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)


def _shortened(value: Any) -> Any:
    return f"{value[:LONGEST_VALUE]}..." if isinstance(value, str) and len(value) > LONGEST_VALUE else value
