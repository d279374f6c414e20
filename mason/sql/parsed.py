"""A query as DuckDB itself reads it: its parser's tree with places, and the names and types of the answer's columns.

DuckDB's own parser is asked, and no other one: what another parser takes for something else, or drops without a word
(an ASOF join, a POSITIONAL one, a clause), would be translated wrongly, however good the translation. The tree knows
which of its parts were looked at, so that a part without a rule is refused and never lost.

Nothing is run and no file is opened: a query is bound against empty tables in memory, with files out of reach.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mason.errors import TranslationError
from mason.sql.sql_types import SqlType, from_duckdb
from mason.sql.table_argument import TABLE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from duckdb.sqltypes import DuckDBPyType

T = TypeVar("T")

Tables = Mapping[str, Mapping[str, str]]
"""Columns and their DuckDB types by table; a table's name is as queries say it, ``flights`` or ``data.flights``."""

REFUSED = "DuckDB refuses this: "
"""What the reason begins with for a query that is wrong in whatever dialect: DuckDB itself does not take it."""

_NOWHERE = 2**64 - 1
_LOCK = threading.Lock()
# What stands in a tree where nothing was written.
_NEUTRAL: tuple[object, ...] = (
    {"map": []},
    {"type": "ORDER_MODIFIER", "orders": []},
    "main",
    "STANDARD_HANDLING",
    "NO_OTHER",
    "INVALID",
)
_NEUTRAL_TOO = ("WITHOUT_ORDINALITY", "CTE_MATERIALIZE_DEFAULT", "REGULAR")


class Tree:
    """A node of the parsed query: what is read of it is noted, and :meth:`close` refuses what nobody read."""

    __slots__ = ("_raw", "_read", "place", "source")

    def __init__(self, raw: Mapping[str, Any], source: str, place: int = 0) -> None:
        self._raw = raw
        self._read = {"query_location", "class", "type"}
        self.source = source
        found = raw.get("query_location", _NOWHERE)
        self.place: int = place if found == _NOWHERE else found

    def __getitem__(self, name: str) -> Any:
        self._read.add(name)
        return self._raw[name]

    @property
    def kind(self) -> str:
        """The node's class and type, ``FUNCTION`` or ``OPERATOR OPERATOR_NOT``."""
        first, second = self._raw.get("class", ""), str(self._raw["type"])
        return f"{first} {second}" if first and first != second else second

    @property
    def raw(self) -> Mapping[str, Any]:
        """The node as it came, without noting anything."""
        return self._raw

    def child(self, name: str) -> Tree:
        """The node below ``name``."""
        return Tree(self[name], self.source, self.place)

    def maybe(self, name: str) -> Tree | None:
        """The node below ``name`` where there is one."""
        found = self[name]
        return Tree(found, self.source, self.place) if found is not None else None

    def children(self, name: str = "children") -> list[Tree]:
        """The nodes below ``name``."""
        return [Tree(each, self.source, self.place) for each in self[name]]

    def close(self) -> None:
        """Refuse what was written and not read; raises :class:`TranslationError`."""
        for name, value in self._raw.items():
            if name not in self._read and value and value not in _NEUTRAL and value not in _NEUTRAL_TOO:
                said = name.replace("_", " ")
                raise self.refused(
                    f"{said} is not known to mean the same there", "Leave it out, or write it otherwise."
                )

    def refused(self, reason: str, remedy: str) -> TranslationError:
        """The error that says at this node's place why there is no translation, and what to write instead."""
        line, column = position(self.source, self.place)
        return TranslationError(reason, remedy, line=line, column=column)


def position(source: str, place: int) -> tuple[int, int]:
    """Line and column, both from 1, of the byte at ``place``, where ``$table`` stands as it was written."""
    before = source.encode()[:place].decode(errors="ignore").replace(f'"{TABLE}"', TABLE)
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def parse(sql: str) -> Tree:
    """The tree of the one query that ``sql`` is; raises :class:`TranslationError` for whatever else it holds."""
    import orjson

    with _LOCK:
        text = _answer(f"SELECT json_serialize_sql({_text(sql)}::VARCHAR)")
    found = orjson.loads(text)
    if found["error"]:
        place = int(found.get("position") or 0)
        line, column = position(sql, place)
        reason = str(found["error_message"])
        if found["error_type"] == "not implemented":
            raise TranslationError(
                "only a query is translated", "Begin with SELECT, FROM, VALUES or WITH.", line=line, column=column
            )
        raise TranslationError(
            f"DuckDB cannot read this: {reason.rstrip(chr(46))}", "Mend the query.", line=line, column=column
        )
    statements = found["statements"]
    if len(statements) != 1:
        raise TranslationError(f"there are {len(statements)} statements", "Give one query.", line=1, column=1)
    tree = Tree(statements[0], sql)
    node = tree.child("node")
    if tree["named_param_map"]:
        raise node.refused("the query has a parameter ($1, ?) without a value", "Write the value.")
    tree.close()
    return node


def ask_parser(ask: Callable[[DuckDBPyConnection], T]) -> T:
    """What ``ask`` gets from the connection that is kept for questions about texts: it opens no file, and to open one
    takes longer than to parse."""
    with _LOCK:
        return ask(_connection())


def tables_read(sql: str) -> list[str]:
    """The tables that the query ``sql`` reads, as it names them, each once; names that WITH defines are none."""
    found: dict[str, None] = {}
    defined: set[str] = set()
    waiting: list[Any] = [parse(sql).raw]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, dict):
            if each.get("type") == "BASE_TABLE":
                found[".".join(part for part in (each["schema_name"], each["table_name"]) if part)] = None
            defined |= {str(held["key"]).lower() for held in each.get("cte_map", {}).get("map", ())}
            waiting.extend(each.values())
    return sorted(name for name in found if name.lower() not in defined)


def columns_written(text: str) -> dict[str, str]:
    """Columns and their types of ``id INTEGER, name VARCHAR``; raises :class:`TranslationError` for other texts."""
    import duckdb

    try:
        found = type_written(f"STRUCT({text})")
        return {name: str(type_) for name, type_ in found.children}
    except duckdb.Error as error:
        raise TranslationError(
            f"{text!r} names no columns with their types", "Write them as in: id INTEGER, name VARCHAR."
        ) from error


def type_written(text: str) -> DuckDBPyType:
    """The type of this name; raises ``duckdb.Error`` where DuckDB knows none.

    Asked on a connection of its own: a name that is refused aborts the transaction of a result that is still open, and
    DuckDB's default connection belongs to the program around Mason.
    """
    with _LOCK, _connection().cursor() as connection:
        return connection.sqltype(text)


def bind(sql: str, tables: Tables) -> list[tuple[str, SqlType]]:
    """Names and types of the columns that ``sql`` answers with; raises :class:`TranslationError` for a query that
    DuckDB refuses."""
    return _bound(sql, tables, from_duckdb)


def columns_of(sql: str, tables: Tables) -> list[tuple[str, str]]:
    """As :func:`bind`, with the types as DuckDB writes them."""
    return _bound(sql, tables, str)


def _bound(sql: str, tables: Tables, made: Callable[[DuckDBPyType], T]) -> list[tuple[str, T]]:
    import duckdb

    with _LOCK:
        connection = _connection()
        _ready(connection, tables)
        try:
            answer = connection.sql(sql)
            return [(name, made(each)) for name, each in zip(answer.columns, answer.types, strict=True)]
        except duckdb.Error as error:
            reason, line, column = _reason(str(error), sql)
            raise TranslationError(f"{REFUSED}{reason}", "Mend the query.", line=line, column=column) from error


def described(name: str, tables: Tables) -> list[tuple[str | None, ...]]:
    """What ``DESCRIBE`` answers for one of ``tables``: all but the names and types is the same for each column."""
    with _LOCK:
        connection = _connection()
        _ready(connection, tables)
        answer = connection.execute(f"DESCRIBE {'.'.join(map(_identifier, _parts(name)))}").fetchall()
    return [tuple(None if value is None else str(value) for value in row) for row in answer]


def types_of(tables: Tables) -> dict[str, dict[str, SqlType]]:
    """The columns of ``tables`` with their types as values; raises :class:`TranslationError` for an unknown type."""
    return {name: {column: _type(text, name, column) for column, text in each.items()} for name, each in tables.items()}


def written(expression: Mapping[str, Any]) -> str:
    """The name that DuckDB gives to a column of this expression: its text as DuckDB writes it."""
    import orjson

    empty = {"type": "EMPTY", "alias": "", "sample": None, "query_location": _NOWHERE}
    select: dict[str, Any] = {
        "type": "SELECT_NODE",
        "modifiers": [],
        "cte_map": {"map": []},
        "select_list": [expression],
        "from_table": empty,
        "where_clause": None,
        "group_expressions": [],
        "group_sets": [],
        "aggregate_handling": "STANDARD_HANDLING",
        "having": None,
        "sample": None,
        "qualify": None,
    }
    text = orjson.dumps({"error": False, "statements": [{"node": select, "named_param_map": []}]}).decode()
    with _LOCK:
        return _answer(f"SELECT json_deserialize_sql({_text(text)}::JSON)").removeprefix("SELECT ")


def _answer(sql: str) -> str:
    """The one text that ``sql`` answers with. A parameter would cost more: for each, the driver looks for libraries."""
    rows = _connection().execute(sql).fetchall()
    return str(rows[0][0]) if rows else ""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@functools.cache
def _type(text: str, table: str, column: str) -> SqlType:
    import duckdb

    try:
        return from_duckdb(type_written(text))
    except duckdb.Error as error:
        raise TranslationError(
            f"column {column} of {table} has the type {text!r}, which DuckDB does not know", "Give a type of DuckDB's."
        ) from error


@functools.cache
def _connection() -> DuckDBPyConnection:
    import duckdb

    settings = {"enable_external_access": False, "autoload_known_extensions": False, "threads": 1}
    connection = duckdb.connect(":memory:", config={**settings, "allow_community_extensions": False})
    # A table's name is never that of a variable of this program.
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET lock_configuration = true")
    return connection


_held: list[Tables] = []
"""The tables that the connection has, as they were given; at most one mapping."""


def _ready(connection: DuckDBPyConnection, tables: Tables) -> None:
    """Give the connection these tables and no other ones."""
    if _held and _held[0] == tables:
        return
    for schema, name in {_parts(name) for each in _held for name in each}:
        connection.execute(f"DROP TABLE IF EXISTS {_identifier(schema)}.{_identifier(name)}")
    _held.clear()
    copy = {name: dict(columns) for name, columns in tables.items()}
    _held.append(copy)
    for name, columns in copy.items():
        schema, table = _parts(name)
        if schema != "main":
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_identifier(schema)}")
        inside = ", ".join(f"{_identifier(column)} {type_}" for column, type_ in columns.items())
        connection.execute(f"CREATE OR REPLACE TABLE {_identifier(schema)}.{_identifier(table)} ({inside})")


def _parts(name: str) -> tuple[str, str]:
    schema, _, table = name.rpartition(".")
    return schema or "main", table


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _reason(message: str, sql: str) -> tuple[str, int, int]:
    """What DuckDB says, in one line, and the line and column of the name that it speaks of (0 where there is none)."""
    first, *more = [line.strip() for line in message.splitlines() if line.strip()]
    said = first.partition(": ")[2] or first
    hints = [line for line in more[:1] if line.startswith(("Did you mean", "Candidate bindings"))]
    named = _NAMED.search(said)
    found = re.search(rf"(?<![\w]){re.escape(named[1])}(?![\w])", sql, re.IGNORECASE) if named else None
    line, column = position(sql, len(sql[: found.start()].encode())) if found else (0, 0)
    return ". ".join(each.rstrip(".!?") for each in [said, *hints]), line, column


_NAMED = re.compile(r"""(?:[Cc]olumn|[Nn]ame|[Ff]unction)(?: name)? "?([^\W\d]\w*)"?(?= |$)""")
