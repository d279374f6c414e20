"""Names and values as SQL text: the one place where text becomes SQL, so that no name can become code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb

_MANY = 100


def identifier(name: str) -> str:
    """``name`` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def qualified(*names: str) -> str:
    """Several names as one dotted identifier."""
    return ".".join(identifier(name) for name in names)


def literal(value: object) -> str:
    """A text, number, truth value or list of them as a SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def struct(values: Mapping[str, str]) -> str:
    """A mapping of texts as a SQL struct literal, which is how readers take column types."""
    return "{" + ", ".join(f"{literal(name)}: {literal(value)}" for name, value in values.items()) + "}"


def exactly(path: str) -> str:
    """The pattern that matches the file at ``path`` and no other: DuckDB takes every path that it reads for a glob, but
    for URLs of objects (:mod:`mason.clients._duckdb.httpfs`)."""
    if "://" in path:
        return path
    return re.sub(r"([*?\[])", r"[\1]", path)


def texts(values: Sequence[str]) -> str:
    """A list of texts as a SQL literal, or, where they are many, as an expression: for each element of a literal DuckDB
    takes some kilobytes."""
    if len(values) < _MANY or any("\n" in value for value in values):
        return literal(values)
    joined = "\n".join(values)
    return f"string_split({literal(joined)}, chr(10))"


def call(function: str, paths: str | Sequence[str], arguments: Mapping[str, str]) -> str:
    """The call of a function that reads the files at ``paths``, literally; ``arguments`` are SQL texts already."""
    files = literal(exactly(paths)) if isinstance(paths, str) else texts([exactly(path) for path in paths])
    named = "".join(f", {name}={value}" for name, value in arguments.items())
    return f"{function}({files}{named})"


def checked_type(connection: duckdb.DuckDBPyConnection, column: str, kind: str) -> str:
    """A type that somebody wrote, as DuckDB spells it; it becomes part of SQL, so nothing but a type may pass.

    Raises ``EngineError`` for what is no type.
    """
    import duckdb

    try:
        return str(connection.type(kind))
    except duckdb.Error as error:
        raise EngineError(f"Column {column} has the type {kind}, which DuckDB does not know.") from error
