"""SQL in an engine's own dialect, which runs as it stands; and what is trusted to mean the same, translated plainly.

No rule of Mason's looks at what such a text means. What is made sure here is that it is one query: sqlglot reads it in
that dialect, and whatever writes, runs programs, or reads files by their path is refused, trusted or not. What an
engine's own settings allow (functions that people made there) is not known here: engines are asked to only read, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mason.errors import MissingDependencyError, TranslationError
from mason.sql.functions import refusal
from mason.sql.parsed import parse
from mason.sql.table_argument import TABLE, quoted

if TYPE_CHECKING:
    from sqlglot import exp

_TOKEN = re.compile(r"<Token token_type: .*?, text: (.*?), line: \d+, .*?>")
_UNSAFE = frozenset(
    {"reflect", "java_method", "try_reflect", "ai_query", "read_files", "http_request", "set_config", "setval"}
    | {
        "nextval",
        "query",
        "raw_query",
        "dblink",
        "dblink_exec",
        "currtid",
        "txid_current",
        "load_file",
        "load_extension",
    }
    | {"readfile", "writefile", "edit", "fts3_tokenizer", "xp_cmdshell", "openrowset", "opendatasource"}
)
_UNSAFE_BEGINNINGS = ("pg_", "lo_", "dblink", "query_to_", "table_to_xml", "schema_to_", "database_to_", "cursor_to_")
_HARMLESS = frozenset({"pg_typeof"})
# Spark reads a path that stands behind one of these as a table.
_FORMATS = frozenset({"parquet", "csv", "json", "orc", "text", "avro", "delta", "binaryfile", "xml", "iceberg"})


def one_query(sql: str, dialect: str, places: Mapping[str, str] | None = None) -> str:
    """The one query that ``sql`` is in ``dialect``: without closing semicolons, and ``$table`` quoted as there.

    ``places`` are what tables are read from, by their names, where that is not their name there.

    Raises :class:`TranslationError` for anything else, and for what no query may do; ``MissingDependencyError`` where
    sqlglot is not installed.
    """
    text = table_quoted(sql, dialect)
    statements = [each for each in _parsed(text, dialect) if each is not None]
    if len(statements) != 1:
        raise TranslationError(f"there are {len(statements)} statements", "Give one query.", line=1, column=1)
    _check(statements[0], dialect)
    for start, end, place in sorted(_placed(statements[0], places, dialect) if places else (), reverse=True):
        text = text[:start] + place + text[end:]
    return text.rstrip().rstrip(";").rstrip()


def translated_plainly(sql: str, written: str, to: str, places: Mapping[str, str] | None = None) -> str:
    """A query of the dialect ``written`` in the dialect ``to``, as sqlglot writes it: it may answer otherwise. Raises
    as :func:`one_query`."""
    text = quoted(sql) if written == "duckdb" else one_query(sql, written)
    if written == "duckdb":
        for name in _functions(parse(text).raw):
            if told := refusal(name):
                raise TranslationError(told.removesuffix(". Leave it out."), "Leave it out.")
    (statement,) = _parsed(text, written)
    assert statement is not None, "there is one query"
    return one_query(statement.sql(dialect=to), to, places)


def _placed(statement: exp.Expr, places: Mapping[str, str], dialect: str) -> Iterator[tuple[int, int, str]]:
    """Where the text names tables that are read from other places, and what stands there instead."""
    from sqlglot import exp

    known = {name.lower(): place for name, place in places.items()}
    defined = {each.alias.lower() for each in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        parts = [each for each in table.parts if isinstance(each, exp.Identifier)]
        name = ".".join(each.name for each in parts).lower()
        if name in known and name not in defined:
            alias = "" if table.alias else f" AS {exp.to_identifier(parts[-1].name, quoted=True).sql(dialect=dialect)}"
            yield parts[0].meta["start"], parts[-1].meta["end"] + 1, known[name] + alias


def _functions(node: Any) -> Iterator[str]:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if each.get("function_name"):
                yield str(each["function_name"])
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _parsed(text: str, dialect: str) -> list[exp.Expr | None]:
    _load()
    import sqlglot

    try:
        found: list[exp.Expr | None] = sqlglot.parse(text, read=dialect)
    except sqlglot.errors.SqlglotError as error:
        place = error.errors[0] if isinstance(error, sqlglot.ParseError) and error.errors else {}
        said = parser_words(str(place.get("description") or "this is no SQL"))
        line, column = int(place.get("line") or 0), int(place.get("col") or 0)
        raise TranslationError(
            f"sqlglot cannot read this as {dialect}'s SQL: {said}", "Mend the query.", line=line, column=column
        ) from error
    except RecursionError as error:
        raise TranslationError("the query nests too deeply", "Write it with WITH, step by step.") from error
    except ValueError as error:
        raise TranslationError(f"{dialect} is no dialect that sqlglot knows", "Name another one.") from error
    return found


def parser_words(said: str) -> str:
    """What sqlglot says is wrong, where it shows its own values: the text that stands there, or that it ends."""
    return _TOKEN.sub(lambda found: "the end" if found[1] == "SENTINEL" else found[1], said).rstrip(".")


def _load() -> None:
    try:
        import sqlglot
    except ImportError as error:
        raise MissingDependencyError("SQL that is written in another dialect or trusted", "sql") from error
    import logging

    # It warns of each statement that it does not know, which is refused here.
    logging.getLogger(sqlglot.__name__).setLevel(logging.CRITICAL)


def table_quoted(sql: str, dialect: str) -> str:
    """The text with ``$table`` quoted as names are in ``dialect``."""
    _load()
    import sqlglot
    from sqlglot import exp

    try:
        tokens = sqlglot.tokenize(sql, read=dialect)
    except sqlglot.errors.TokenError as error:
        raise TranslationError("a text or a name that opens is never closed", "Close it.") from error
    except ValueError as error:
        raise TranslationError(f"{dialect} is no dialect that sqlglot knows", "Name another one.") from error
    name = exp.to_identifier(TABLE, quoted=True).sql(dialect=dialect)
    pieces, done = [], 0
    for index, token in enumerate(tokens):
        follows = tokens[index + 1] if index + 1 < len(tokens) else None
        end = token.end + 1
        if token.text == "$" and follows is not None and follows.start == end and follows.text.lower() == "table":
            end = follows.end + 1
        elif token.token_type is not sqlglot.TokenType.VAR or token.text.lower() != TABLE:
            continue
        pieces += [sql[done : token.start], name]
        done = end
    return "".join([*pieces, sql[done:]])


def _check(statement: exp.Expr, dialect: str) -> None:
    from sqlglot import exp

    if not isinstance(statement, (exp.Query, exp.Values)) or isinstance(statement, exp.DML):
        found = statement.key.upper()
        raise TranslationError(f"only a query runs, but this is {found}", "Write one SELECT.", line=1, column=1)
    changing = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.QueryTransform, exp.Copy)
    for node in statement.walk():
        if isinstance(node, changing) and not isinstance(node, (exp.Query, exp.Values)):
            what = {"into": "INTO", "lock": "FOR UPDATE", "querytransform": "TRANSFORM ... USING"}
            said = what.get(node.key, node.key.upper())
            raise TranslationError(f"{said} does more than to ask", "Leave it out.")
        if isinstance(node, exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            if name not in _HARMLESS and (name in _UNSAFE or name.startswith(_UNSAFE_BEGINNINGS)):
                raise TranslationError(f"a query may not use {name}: it does more than to ask", "Leave it out.")
        if isinstance(node, exp.Table) and dialect in ("spark", "databricks", "hive"):
            parts = [each.name for each in node.parts if isinstance(each, exp.Identifier)]
            if any("/" in each for each in parts) or (len(parts) > 1 and parts[0].lower() in _FORMATS):
                raise TranslationError("a query may not read files by their path", "Name a table.")
