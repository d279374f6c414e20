"""SQL that people write: one SELECT and nothing else, as Mason reads it first and then DuckDB's parser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.quoting import literal
from mason.errors import EngineError
from mason.sql.functions import refusal, view_refusal
from mason.sql.statements import SELECT, first_word, kinds
from mason.sql.table_argument import quoted
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT, ready to be a subquery: ``sql`` without closing semicolons and with ``$table`` quoted.

    ``tables`` are those that it names, as (schema, name), the schema empty where none is given. Names that the
    statement defines itself (WITH) are among them: a view of that name does no harm. ``grows`` says that it calls what
    makes a large value of small ones.
    """

    sql: str
    tables: tuple[tuple[str, str], ...]
    grows: bool = False


_GROWING = ("repeat", "lpad", "rpad", "range", "generate_series", "list_resize", "array_resize")


def one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> Select:
    """The SELECT that ``sql`` is. Raises ``EngineError`` that says what was found when it is anything else, or when it
    calls what no query may call.

    Mason looks first. DuckDB would read files while it extracts some statements (``IMPORT DATABASE``), so that it is
    only asked to write the statement as JSON, by a function that parses, and opens nothing.
    """
    text = quoted(sql)
    found = kinds(text)
    if not found:
        raise EngineError("The query is empty: it must be one SELECT statement.")
    if found != [SELECT]:
        raise _no_select(found)
    # A literal: where pandas is installed, DuckDB imports it for a value that is bound.
    row = connection.execute(f"SELECT json_serialize_sql({literal(text)})").fetchone()
    assert row is not None
    try:
        tree = json.loads(row[0])
    except RecursionError as error:
        raise EngineError("The query nests too deeply. Write it with WITH, step by step.") from error
    if tree["error"]:
        if tree["error_type"] == "parser":
            raise EngineError(" ".join(tree["error_message"].split()))
        if first_word(text).startswith("PIVOT"):
            raise EngineError("PIVOT needs its values named: PIVOT ... ON column IN (value, value).")
        raise _no_select([first_word(text)])
    if len(tree["statements"]) != 1:
        raise _no_select([SELECT] * len(tree["statements"]))
    tables = tuple(dict.fromkeys(_looked_through(tree)))
    # Of what stands in a text, the quotes are escaped in the tree.
    return Select(text, tables, any(f'"function_name":"{each}"' in row[0] for each in _GROWING))


def _no_select(found: list[str]) -> EngineError:
    what = found[0] if len(found) == 1 else f"{len(found)} statements ({', '.join(found)})"
    return EngineError(f"A query must be one SELECT statement, but this is {what}.")


def _looked_through(root: Any) -> Iterator[tuple[str, str]]:
    """The tables that a statement names. Raises ``EngineError`` for functions that no query calls."""
    # A stack and not recursion: statements nest deeper than Python likes to.
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            told = refusal(str(node.get("function_name", "")))
            if node.get("type") == "BASE_TABLE":
                if node.get("catalog_name"):
                    told = view_refusal(node["schema_name"], node["table_name"])
                else:
                    yield node["schema_name"], node["table_name"]
            if told:
                raise EngineError(told)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
