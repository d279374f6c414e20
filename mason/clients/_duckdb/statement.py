"""SQL that people write: one SELECT and nothing else, as DuckDB's parser reads it, never as a pattern matches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.failures import explain
from mason.clients._duckdb.quoting import literal
from mason.errors import EngineError

if TYPE_CHECKING:
    import duckdb

TABLE = "$table"
"""What stands for the table in a statement, and the name of the view behind it, so that DuckDB's errors say it."""


def one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """``sql`` without closing semicolons and with ``$table`` quoted, ready to be a subquery.

    Raises ``EngineError`` that says what was found when it is anything but one SELECT.
    """
    import duckdb

    text, first_word = _prepared(sql)
    try:
        found = [str(statement.type).rpartition(".")[2] for statement in connection.extract_statements(text)]
    except duckdb.Error as error:
        raise explain(error, str) from error
    # DuckDB's parser turns a PRAGMA into a SELECT before anybody can ask.
    if first_word.lower() == "pragma":
        found = ["PRAGMA"]
    if found == ["SELECT"]:
        return text
    if not found:
        raise EngineError("The query is empty: it must be one SELECT statement.")
    if first_word.lower() == "pivot" and found[-1] == "SELECT":
        raise EngineError("PIVOT needs its values named: PIVOT ... ON column IN (value, value).")
    what = found[0] if len(found) == 1 else f"{len(found)} statements ({', '.join(found)})"
    raise EngineError(f"A query must be one SELECT statement, but this is {what}.")


def _prepared(sql: str) -> tuple[str, str]:
    """The text with ``$table`` quoted and closing semicolons cut, and its first word. Works on DuckDB's tokens, so
    that strings, quoted names and comments stay as they are."""
    import duckdb

    # Offsets of tokens count bytes.
    text = sql.encode("utf-8")
    tokens = duckdb.tokenize(sql)
    if not tokens:
        return "", ""
    starts = [offset for offset, _ in tokens]
    ends = [*starts[1:], len(text)]
    words = [text[start:end].split(maxsplit=1)[:1] for start, end in zip(starts, ends, strict=True)]
    pieces: list[bytes] = []
    done = 0
    for index, start in enumerate(starts[:-1]):
        if text[start : start + 1] == b"$" and starts[index + 1] == start + 1 and _is_table(text, start + 1):
            pieces += [text[done:start], b'"$table"']
            done = start + len(TABLE)
    last = len(starts)
    while last and text[starts[last - 1] : starts[last - 1] + 1] == b";":
        last -= 1
    cut = starts[last] if last < len(starts) else len(text)
    pieces.append(text[done:cut])
    first = words[0][0] if words and words[0] else b""
    return b"".join(pieces).decode("utf-8"), first.decode("utf-8", "replace").split("(")[0]


def _is_table(text: bytes, start: int) -> bool:
    after = text[start + 5 : start + 6]
    return text[start : start + 5].lower() == b"table" and not (after.isalnum() or after == b"_" or after > b"\x7f")


def tables_mentioned(connection: duckdb.DuckDBPyConnection, select: str) -> list[tuple[str, str]]:
    """The tables that a SELECT names, as (schema, name), the schema empty where none is given.

    Names that the statement defines itself (WITH) are among them: a view of that name does no harm.
    """
    # A literal: where pandas is installed, DuckDB imports it for a value that is bound.
    row = connection.execute(f"SELECT json_serialize_sql({literal(select)})").fetchone()
    assert row is not None
    tree = json.loads(row[0])
    return list(dict.fromkeys(_base_tables(tree)))


def _base_tables(root: Any) -> Iterator[tuple[str, str]]:
    # A stack and not recursion: statements nest deeper than Python likes to.
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if node.get("type") == "BASE_TABLE" and not node.get("catalog_name"):
                yield node["schema_name"], node["table_name"]
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
