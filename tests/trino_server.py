"""A coordinator for tests: Trino's protocol (``/v1/statement``), answered by the embedded engine.

No real Trino was to be had. What is imitated is the protocol, as Trino's sources and its client's documentation have
it: a statement begins with the first page that is asked for, pages may be asked for twice and no older ones, the
address of a page cannot be guessed, errors have names and types, a query that is stopped has failed. Statements are
turned into DuckDB's by sqlglot, which proves the wiring and never that SQL is right for Trino; their texts are kept,
so that tests hold them to Trino's grammar.

Catalogs: ``lake`` is like Hive's (tables lie anywhere, partitions by columns), ``ice`` like Iceberg's, ``store`` like
one that keeps rows in a place of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import duckdb
import sqlglot
from sqlglot import exp

PROPERTIES = {
    "lake": ("external_location", "format", "partitioned_by", "csv_separator", "csv_quote", "skip_header_line_count"),
    "ice": ("format", "location", "partitioning"),
    "store": (),
}
MACROS = """
CREATE MACRO nan() AS 'nan'::DOUBLE; CREATE MACRO infinity() AS 'inf'::DOUBLE; CREATE MACRO is_nan(x) AS isnan(x);
CREATE MACRO truncate(x) AS trunc(x); CREATE MACRO last_day_of_month(x) AS last_day(x);
CREATE MACRO to_utf8(x) AS encode(x); CREATE MACRO to_hex(x) AS x;
CREATE MACRO bitwise_and(a, b) AS a & b; CREATE MACRO bitwise_or(a, b) AS a | b;
"""
_PATIENCE = 60.0


class Refused(Exception):
    """An error of Trino's: its name, its type and what it says."""

    def __init__(self, name: str, said: str, kind: str = "USER_ERROR") -> None:
        self.name, self.kind = name, kind
        super().__init__(said)


@dataclass
class Known:
    """A table or view: columns with Trino's types, and what its statement said."""

    kind: str
    columns: list[tuple[str, str]]
    properties: dict[str, Any] = field(default_factory=dict)
    sql: str = ""
    comments: dict[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


@dataclass
class Asked:
    """A query: its text, who asked and as what, how it does, and its answer."""

    query_id: str
    text: str
    user: str
    source: str
    properties: str = ""
    state: str = "QUEUED"
    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    count: int | None = None
    kind: str = ""
    error: Refused | None = None
    created: float = field(default_factory=time.time)
    ended: float | None = None
    began: bool = False
    token: int = 0
    page: int = 0
    is_executing: bool = False
    last: Any = None
    done: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    cursor: Any = None


class TrinoServer:
    """A coordinator at ``url``. ``queries`` are all that were submitted, by their ids; ``tables`` what there is."""

    def __init__(self, *, presto: bool = False, version: str = "476", page: int = 100) -> None:
        self.prefix = "X-Presto-" if presto else "X-Trino-"
        self.version, self.page = version, page
        self.passwords: dict[str, str] = {}
        self.tokens: set[str] = set()
        self.starting = False
        self.url = ""
        self.lock = threading.RLock()
        self.released = threading.Event()
        self.empty()

    def empty(self) -> None:
        """Forget all tables and queries, and have no faults."""
        self.released.set()
        self.released = threading.Event()
        self.queries: dict[str, Asked] = {}
        self.requests: list[tuple[str, str]] = []
        # How many pages of a statement that makes a table are asked for before it has ended.
        self.slow = 0
        # What becomes of a request: a status, "before" or "after" for a connection that is cut, "silent"
        # for no answer until the test is over, or nothing.
        self.plan: Callable[[str, str], int | str] = lambda method, path: ""
        # Why a statement is refused, where it is to be.
        self.refuse: Callable[[str], Refused | None] = lambda text: None
        with self.lock:
            self.engine = duckdb.connect(config={"threads": 2})
            self.engine.execute("SET TimeZone = 'UTC'")
            for catalog in PROPERTIES:
                self.engine.execute(f"ATTACH ':memory:' AS {catalog}")
            self.engine.execute(MACROS)
            self.tables: dict[tuple[str, str, str], Known] = {}
            self.schemas: dict[str, set[str]] = {catalog: {"information_schema"} for catalog in PROPERTIES}

    @property
    def texts(self) -> list[str]:
        """The statements that began, in their order."""
        return [each.text for each in self.queries.values() if each.began]

    # The protocol

    def submit(self, text: str, header: Callable[[str], str]) -> Asked:
        with self.lock:
            number = len(self.queries)
            query_id = f"{datetime.now(timezone.utc):%Y%m%d_%H%M%S}_{number:05}_stub0"
            prepared = header("Prepared-Statement")
            if prepared and text.startswith("EXECUTE "):
                text = _with_parameters(unquote_plus(prepared.partition("=")[2]), text.partition(" USING ")[2])
            found = Asked(query_id, text, header("User"), header("Source"), header("Session"))
            self.queries[query_id] = found
        return found

    def slug(self, query_id: str, stage: str, token: int) -> str:
        return "y" + hashlib.sha256(f"{query_id}/{stage}/{token}".encode()).hexdigest()[:20]

    def answer(self, asked: Asked, token: int, base: str) -> dict[str, Any]:
        """A page; asked for twice it is the same."""
        if token == asked.token - 1 and asked.last is not None:
            last: dict[str, Any] = asked.last
            return last
        if not asked.began:
            asked.began = True
            threading.Thread(target=self._work, args=(asked,), daemon=True).start()
        asked.done.wait(0.2)
        asked.token = token + 1
        told: dict[str, Any] = {}
        is_over = asked.done.is_set()
        if is_over and asked.error is None:
            page = asked.rows[asked.page : asked.page + self.page]
            asked.page += len(page)
            is_over = asked.page >= len(asked.rows)
            if asked.columns:
                told["columns"] = [{"name": name, "type": kind} for name, kind in asked.columns]
            if page:
                told["data"] = page
            if asked.count is not None:
                told |= {"updateType": asked.kind, "updateCount": asked.count}
        if asked.done.is_set() and asked.error is not None:
            told["error"] = {
                "message": str(asked.error),
                "errorCode": 1,
                "errorName": asked.error.name,
                "errorType": asked.error.kind,
                "failureInfo": {"type": "io.trino.spi.TrinoException", "message": str(asked.error)},
            }
            is_over = True
        asked.is_executing = True
        found = self.described(asked, base, None if is_over else asked.token) | told
        asked.last = found
        return found

    def described(self, asked: Asked, base: str, token: int | None) -> dict[str, Any]:
        stage = "executing" if asked.is_executing else "queued"
        found: dict[str, Any] = {
            "id": asked.query_id,
            "infoUri": f"{base}/ui/query.html?{asked.query_id}",
            "stats": {
                "state": asked.state,
                "queued": asked.state == "QUEUED",
                "scheduled": asked.began,
                "nodes": 1,
                "totalSplits": 4,
                "queuedSplits": 0,
                "runningSplits": 0 if asked.done.is_set() else 4,
                "completedSplits": 4 if asked.done.is_set() else 0,
                "cpuTimeMillis": 12,
                "wallTimeMillis": 20,
                "queuedTimeMillis": 1,
                "elapsedTimeMillis": 25,
                "processedRows": len(asked.rows),
                "processedBytes": 100,
                "physicalInputBytes": 100,
                "peakMemoryBytes": 1000,
            },
            "warnings": [],
        }
        if token is not None:
            found["nextUri"] = (
                f"{base}/v1/statement/{stage}/{asked.query_id}/{self.slug(asked.query_id, stage, token)}/{token}"
            )
        return found

    def stop(self, asked: Asked, name: str = "USER_CANCELED", said: str = "Query was canceled") -> None:
        asked.stopped.set()
        with self.lock:
            if asked.done.is_set():
                return
            asked.error, asked.state, asked.ended = Refused(name, said), "FAILED", time.time()
            asked.done.set()
        with suppress(AttributeError):
            asked.cursor.interrupt()

    def restart(self) -> None:
        """Know no query any more, as a coordinator that was started again; tables stay."""
        for each in list(self.queries.values()):
            self.stop(each)
        self.queries = {}

    # Statements

    def _work(self, asked: Asked) -> None:
        asked.state = "RUNNING"
        try:
            columns, rows, count, kind = self._done(asked)
            error = None
        except Refused as found:
            error = found
        except duckdb.Error as found:
            error = _refusal(found)
        except sqlglot.errors.SqlglotError as found:
            error = Refused("SYNTAX_ERROR", f"line 1:1: mismatched input: {str(found).splitlines()[0]}")
        with self.lock:
            if asked.done.is_set():
                return
            if error is None:
                asked.columns, asked.rows, asked.count, asked.kind = columns, rows, count, kind
            asked.error = error
            asked.state, asked.ended = "FAILED" if error else "FINISHED", time.time()
            asked.done.set()

    def _done(self, asked: Asked) -> tuple[list[tuple[str, str]], list[list[Any]], int | None, str]:
        text = _unmarked(asked.text)
        if (refused := self.refuse(text)) is not None:
            raise refused
        for pattern, do in _STATEMENTS:
            if found := re.fullmatch(pattern, text, re.DOTALL | re.IGNORECASE):
                return do(self, asked, *found.groups())
        first = text.lstrip(" (\n").split(None, 1)[0].upper() if text.strip() else ""
        if first not in ("SELECT", "WITH", "VALUES", "EXPLAIN"):
            raise Refused("SYNTAX_ERROR", f"line 1:1: mismatched input '{first}'")
        return (*self.select(asked, text), None, "")

    def select(self, asked: Asked, text: str) -> tuple[list[tuple[str, str]], list[list[Any]]]:
        with self.lock:
            duck = self.to_duckdb(text)
            cursor = asked.cursor = self.engine.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(duck)
        kinds = [(each[0], each[1]) for each in cursor.description or ()]
        rows = [[_json(value, kind) for value, (_, kind) in zip(row, kinds, strict=True)] for row in cursor.fetchall()]
        return [(name, trino_type(str(kind))) for name, kind in kinds], rows

    def to_duckdb(self, text: str) -> str:
        tree = sqlglot.parse_one(text, read="trino")
        for table in list(tree.find_all(exp.Table)):
            catalog, schema, name = table.catalog, table.db, table.name
            if schema == "information_schema":
                table.replace(_subquery(self._information(catalog, name), table))
            elif catalog == "system":
                table.replace(_subquery(self._system(f"{schema}.{name}"), table))
            elif name.endswith("$partitions"):
                whole = name.removesuffix("$partitions")
                found = self.known(catalog, schema, whole)
                keys = found.properties.get("partitioned_by") or found.properties.get("partitioning") or []
                quoted = ", ".join(f'"{each}"' for each in keys)
                of = f'SELECT DISTINCT {quoted} FROM "{catalog}"."{schema}"."{whole}"'
                if "partitioning" in found.properties:
                    packed = ", ".join(f"{each} := {each}" for each in keys)
                    of = f"SELECT struct_pack({packed}) AS partition FROM ({of})"
                table.replace(_subquery(of, table))
            elif catalog:
                self.known(catalog, schema, name)
        return tree.sql(dialect="duckdb")

    def known(self, catalog: str, schema: str, name: str) -> Known:
        if catalog not in self.schemas:
            raise Refused("CATALOG_NOT_FOUND", f"line 1:15: Catalog '{catalog}' not found")
        if schema not in self.schemas[catalog]:
            raise Refused("SCHEMA_NOT_FOUND", f"line 1:15: Schema '{schema}' does not exist")
        found = self.tables.get((catalog, schema, name))
        if found is None:
            raise Refused("TABLE_NOT_FOUND", f"line 1:15: Table '{catalog}.{schema}.{name}' does not exist")
        return found

    def _information(self, catalog: str, name: str) -> str:
        if catalog not in self.schemas:
            raise Refused("CATALOG_NOT_FOUND", f"line 1:15: Catalog '{catalog}' not found")
        mine = [(place, each) for place, each in self.tables.items() if place[0] == catalog]
        if name == "schemata":
            return _values(("catalog_name", "schema_name"), [(catalog, each) for each in self.schemas[catalog]])
        if name == "tables":
            names = ("table_catalog", "table_schema", "table_name", "table_type")
            kinds = {"view": "VIEW"}
            return _values(names, [(*place, kinds.get(each.kind, "BASE TABLE")) for place, each in mine])
        names = ("table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "is_nullable")
        rows = [
            (*place, column, index, "NO" if column in each.required else "YES", kind, each.comments.get(column))
            for place, each in mine
            for index, (column, kind) in enumerate(each.columns, start=1)
        ]
        return _values((*names, "data_type", "comment"), rows)

    def _system(self, name: str) -> str:
        if name == "metadata.catalogs":
            return _values(("catalog_name",), [(each,) for each in (*PROPERTIES, "system")])
        if name == "metadata.table_properties":
            rows = [(catalog, each) for catalog, names in PROPERTIES.items() for each in names]
            return _values(("catalog_name", "property_name"), rows)
        if name == "runtime.queries":
            rows = [
                (
                    *(each.query_id, each.state, each.user, each.source, each.text),
                    f"{datetime.fromtimestamp(each.created, timezone.utc):%Y-%m-%d %H:%M:%S}+00",
                    f"{datetime.fromtimestamp(each.ended, timezone.utc):%Y-%m-%d %H:%M:%S}+00" if each.ended else None,
                    each.error.kind if each.error else None,
                    each.error.name if each.error else None,
                )
                for each in self.queries.values()
                if each.began
            ]
            names = ("query_id", "state", "user", "source", "query", "created", "end", "error_type", "error_code")
            made = _values(names, rows)
            zoned = 'created::TIMESTAMPTZ AS created, "end"::TIMESTAMPTZ AS "end"'
            return f'SELECT * EXCLUDE (created, "end"), {zoned} FROM ({made})'
        raise Refused("TABLE_NOT_FOUND", f"line 1:15: Table 'system.{name}' does not exist")

    # Statements that change something

    def create_schema(self, asked: Asked, leave: str | None, name: str, options: str | None) -> Any:
        catalog, schema = _parts(name, 2)
        if catalog not in self.schemas:
            raise Refused("CATALOG_NOT_FOUND", f"line 1:1: Catalog '{catalog}' not found")
        with self.lock:
            if schema in self.schemas[catalog]:
                if leave:
                    return [], [], None, "CREATE SCHEMA"
                raise Refused("SCHEMA_ALREADY_EXISTS", f"line 1:1: Schema '{catalog}.{schema}' already exists")
            self.engine.execute(f"CREATE SCHEMA {_name((catalog, schema))}")
            self.schemas[catalog].add(schema)
        return [], [], None, "CREATE SCHEMA"

    def create_table(self, asked: Asked, name: str, body: str, comment: str | None, options: str | None) -> Any:
        place = self._free(name)
        tree = sqlglot.parse_one(f"CREATE TABLE t ({body})", read="trino")
        columns, casts, comments, required = [], [], {}, set()
        for each in tree.find(exp.Schema).expressions:  # type: ignore[union-attr]
            column = each.name
            kind = re.search(rf'"{re.escape(column)}" (.*?)(?: NOT NULL)?(?: COMMENT \'(.*)\')?,?$', body, re.MULTILINE)
            assert kind is not None, body
            columns.append((column, kind[1]))
            comments[column] = (kind[2] or "").replace("''", "'")
            if " NOT NULL" in kind[0]:
                required.add(column)
            casts.append(f'CAST("{column}" AS {each.args["kind"].sql(dialect="duckdb")}) AS "{column}"')
        properties = _options(options)
        self._check_options(place[0], properties)
        with self.lock:
            if location := properties.get("external_location"):
                folder = str(location).removeprefix("file:").replace("'", "''")
                reader = {
                    "CSV": f"read_csv('{folder}/**/*', all_varchar=true, header=true, hive_partitioning=true)",
                    "JSON": f"read_json('{folder}/**/*', hive_partitioning=true)",
                }.get(str(properties.get("format")), f"read_parquet('{folder}/**/*.parquet', hive_partitioning=true)")
                self.engine.execute(f"CREATE VIEW {_name(place)} AS SELECT {', '.join(casts)} FROM {reader}")
            else:
                typed = ", ".join(re.sub(r'CAST\("(?:[^"]|"")*" AS', "CAST(NULL AS", each, count=1) for each in casts)
                self.engine.execute(f"CREATE TABLE {_name(place)} AS SELECT {typed} WHERE false")
            self.tables[place] = Known("table", columns, properties, _text(comment), comments, frozenset(required))
        return [], [], None, "CREATE TABLE"

    def create_as(self, asked: Asked, name: str, options: str | None, query: str) -> Any:
        place = self._free(name)
        properties = _options(options)
        self._check_options(place[0], properties)
        while asked.token < self.slow:
            if asked.stopped.wait(0.01):
                raise Refused("USER_CANCELED", "Query was canceled")
        columns, _ = self.select(asked, f"SELECT * FROM ({query}) LIMIT 0")
        keys = properties.get("partitioned_by", [])
        if keys and [name for name, _ in columns[-len(keys) :]] != list(keys):
            raise Refused("INVALID_TABLE_PROPERTY", "Partition keys must be the last columns in the table")
        with self.lock:
            self._free(name)
            duck = self.to_duckdb(query)
            self.engine.execute(f"CREATE TABLE {_name(place)} AS {duck}")
            self.tables[place] = Known("table", columns, properties)
            (count,) = self.engine.execute(f"SELECT count(*) FROM {_name(place)}").fetchall()[0]
        return [("rows", "bigint")], [[count]], count, "CREATE TABLE"

    def insert(self, asked: Asked, name: str, query: str) -> Any:
        place = _parts(name, 3)
        self.known(*place)
        with self.lock:
            duck = self.to_duckdb(query)
            (count,) = self.engine.execute(f"INSERT INTO {_name(place)} {duck}").fetchall()[0]
        return [("rows", "bigint")], [[count]], count, "INSERT"

    def create_view(self, asked: Asked, name: str, query: str) -> Any:
        place = _parts(name, 3)
        with self.lock:
            self.engine.execute(f"CREATE OR REPLACE VIEW {_name(place)} AS {self.to_duckdb(query)}")
            described = self.engine.execute(f"DESCRIBE {_name(place)}").fetchall()
            self.tables[place] = Known("view", [(row[0], trino_type(row[1])) for row in described], sql=query)
        return [], [], None, "CREATE VIEW"

    def drop(self, asked: Asked, kind: str, leave: str | None, name: str) -> Any:
        place = _parts(name, 3)
        with self.lock:
            try:
                found = self.known(*place)
            except Refused:
                if leave:
                    return [], [], None, "DROP TABLE"
                raise
            if (found.kind == "view") != (kind.upper() == "VIEW"):
                raise Refused("GENERIC_USER_ERROR", f"line 1:1: '{'.'.join(place)}' is no {kind.lower()}")
            is_view = found.kind == "view" or "external_location" in found.properties
            self.engine.execute(f"DROP {'VIEW' if is_view else 'TABLE'} {_name(place)}")
            del self.tables[place]
        return [], [], None, "DROP TABLE"

    def rename(self, asked: Asked, before: str, after: str) -> Any:
        old, new = _parts(before, 3), _parts(after, 3)
        with self.lock:
            found = self.known(*old)
            self._free(after)
            kind = "VIEW" if found.kind == "view" or "external_location" in found.properties else "TABLE"
            self.engine.execute(f"ALTER {kind} {_name(old)} RENAME TO {_name(new[2:])}")
            self.tables[new] = self.tables.pop(old)
        return [], [], None, "RENAME TABLE"

    def show(self, asked: Asked, kind: str, name: str) -> Any:
        place = _parts(name, 3)
        found = self.known(*place)
        if found.kind == "view":
            text = f"CREATE VIEW {'.'.join(place)} SECURITY DEFINER AS\n{found.sql}"
        else:
            lines = [
                f"   {column} {type_}{' NOT NULL' if column in found.required else ''}"
                + (f" COMMENT {_quoted(found.comments[column])}" if found.comments.get(column) else "")
                for column, type_ in found.columns
            ]
            text = f"CREATE TABLE {'.'.join(place)} (\n" + ",\n".join(lines) + "\n)"
            text += f"\nCOMMENT {_quoted(found.sql)}" if found.sql else ""
            if found.properties:
                given = ",\n".join(f"   {each} = {_shown(value)}" for each, value in found.properties.items())
                text += f"\nWITH (\n{given}\n)"
        return [(f"Create {kind.title()}", "varchar")], [[text]], None, ""

    def kill(self, asked: Asked, query_id: str, said: str) -> Any:
        found = self.queries.get(query_id)
        if found is None or not found.began:
            raise Refused("NOT_FOUND", f"Target query not found: {query_id}")
        if found.done.is_set():
            raise Refused("NOT_SUPPORTED", f"Target query is not running: {query_id}")
        self.stop(found, "ADMINISTRATIVELY_KILLED", f"Query killed. Message: {said}")
        return [], [], None, "CALL"

    def nothing(self, asked: Asked, *given: str) -> Any:
        return [], [], None, "CALL"

    def _free(self, name: str) -> tuple[str, str, str]:
        place: tuple[str, str, str] = _parts(name, 3)
        try:
            self.known(*place)
        except Refused as refused:
            if refused.name == "TABLE_NOT_FOUND":
                return place
            raise
        raise Refused("TABLE_ALREADY_EXISTS", f"line 1:1: Table '{'.'.join(place)}' already exists")

    def _check_options(self, catalog: str, options: dict[str, Any]) -> None:
        for name in options:
            if name not in PROPERTIES[catalog]:
                raise Refused(
                    "INVALID_TABLE_PROPERTY", f"line 1:1: Catalog '{catalog}' table property '{name}' does not exist"
                )


_NAMED = r'((?:"(?:[^"]|"")*"|\w+)(?:\.(?:"(?:[^"]|"")*"|\w+))*)'
_WITH = r"(?:\s+WITH \((.*?)\n?\))?"
_STATEMENTS: list[tuple[str, Callable[..., Any]]] = [
    (rf"CREATE SCHEMA (IF NOT EXISTS )?{_NAMED}{_WITH}", TrinoServer.create_schema),
    (rf"CREATE TABLE {_NAMED}{_WITH}\s+AS\n(.*)", TrinoServer.create_as),
    (rf"CREATE TABLE {_NAMED} \(\n(.*?)\n\)(?:\nCOMMENT ('(?:[^']|'')*'))?{_WITH}", TrinoServer.create_table),
    (rf"CREATE OR REPLACE VIEW {_NAMED} AS\n(.*)", TrinoServer.create_view),
    (rf"DROP (TABLE|VIEW) (IF EXISTS )?{_NAMED}", TrinoServer.drop),
    (rf"ALTER TABLE {_NAMED} RENAME TO {_NAMED}", TrinoServer.rename),
    (rf"INSERT INTO {_NAMED}\n(.*)", TrinoServer.insert),
    (rf"SHOW CREATE (TABLE|VIEW|MATERIALIZED VIEW) {_NAMED}", TrinoServer.show),
    (r"CALL system\.runtime\.kill_query\(query_id => '(.*)', message => '(.*)'\)", TrinoServer.kill),
    (rf"CALL {_NAMED}\.system\.sync_partition_metadata\((.*)\)", TrinoServer.nothing),
]


def _with_parameters(text: str, given: str) -> str:
    tree = sqlglot.parse_one(text, read="trino")
    values = sqlglot.parse_one(f"SELECT {given}", read="trino").expressions
    for place, value in zip(list(tree.find_all(exp.Placeholder)), values, strict=True):
        place.replace(value.copy())
    return tree.sql(dialect="trino")


def _parts(name: str, count: int) -> Any:
    found = [
        each[1:-1].replace('""', '"') if each.startswith('"') else each
        for each in re.findall(r'"(?:[^"]|"")*"|\w+', name)
    ]
    if len(found) != count:
        raise Refused("MISSING_CATALOG_NAME", f"line 1:1: {name} is not whole")
    return tuple(each.lower() for each in found)


def _name(parts: Sequence[str]) -> str:
    return ".".join('"' + each.replace('"', '""') + '"' for each in parts)


def _unmarked(query: str) -> str:
    return re.sub(r"\n-- mason \S+\s*\Z", "", query)


def _subquery(sql: str, table: exp.Table) -> exp.Expr:
    made = sqlglot.parse_one(f"SELECT * FROM ({sql}) AS x", read="duckdb").find(exp.Subquery)
    assert made is not None, sql
    made.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias or table.name, quoted=True)))
    return made


def _values(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    def written(value: Any) -> str:
        return "NULL::VARCHAR" if value is None else str(value) if isinstance(value, int) else _quoted(str(value))

    listed = ", ".join(f'"{each}"' for each in names)
    some = rows or [[None] * len(names)]
    told = ", ".join(f"({', '.join(map(written, row))})" for row in some)
    return f"SELECT * FROM (VALUES {told}) AS v({listed})" + ("" if rows else " WHERE false")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(written: str | None) -> str:
    return written[1:-1].replace("''", "'") if written else ""


def _options(written: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in re.findall(r"(\w+)\s*=\s*('(?:[^']|'')*'|ARRAY\[.*?\]|[^,\n]+)", written or "", re.DOTALL):
        if value.startswith("ARRAY"):
            found[name] = [_text(each) for each in re.findall(r"'(?:[^']|'')*'", value)]
        else:
            found[name] = _text(value) if value.startswith("'") else value.strip()
    return found


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"ARRAY[{','.join(map(_quoted, value))}]"
    return value if str(value).isdigit() else _quoted(value)


def _refusal(error: duckdb.Error) -> Refused:
    said = str(error).splitlines()[0]
    if isinstance(error, duckdb.InterruptException):
        return Refused("USER_CANCELED", "Query was canceled")
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        return Refused("INVALID_CAST_ARGUMENT", said)
    if isinstance(error, duckdb.BinderException) and (column := re.search(r'[Cc]olumn "?([^" ]+)"? ', said)):
        return Refused("COLUMN_NOT_FOUND", f"line 1:8: Column '{column[1]}' cannot be resolved")
    if isinstance(error, duckdb.ParserException):
        return Refused("SYNTAX_ERROR", said)
    return Refused("GENERIC_INTERNAL_ERROR", said, "INTERNAL_ERROR")


_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "decimal(38,0)",
    "UBIGINT": "decimal(20,0)",
    "FLOAT": "real",
    "DOUBLE": "double",
    "VARCHAR": "varchar",
    "DATE": "date",
    "TIME": "time(6)",
    "TIMESTAMP": "timestamp(6)",
    "TIMESTAMP_MS": "timestamp(3)",
    "TIMESTAMP WITH TIME ZONE": "timestamp(6) with time zone",
    "BLOB": "varbinary",
    "UUID": "uuid",
    "JSON": "json",
}


def trino_type(kind: str) -> str:
    """A type of DuckDB's in Trino's words."""
    if kind.endswith("[]"):
        return f"array({trino_type(kind[:-2])})"
    if kind.startswith("DECIMAL"):
        return kind.lower().replace(" ", "")
    if kind.startswith(("STRUCT(", "MAP(")):
        parts = _split(kind[kind.index("(") + 1 : -1])
        if kind.startswith("MAP"):
            return f"map({', '.join(map(trino_type, parts))})"
        return "row(" + ", ".join(f"{name} {trino_type(of)}" for name, _, of in (p.partition(" ") for p in parts)) + ")"
    return _TYPES.get(kind, "varchar")


def _split(text: str) -> list[str]:
    parts, depth, last = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append(text[last:place].strip())
            last = place + 1
    return [*parts, text[last:].strip()]


def _json(value: Any, kind: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if str(kind) in ("HUGEINT", "UBIGINT"):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    if isinstance(value, datetime):
        zone = " UTC" if value.tzinfo else ""
        return f"{value.replace(tzinfo=None):%Y-%m-%d %H:%M:%S.%f}{zone}".rjust(26, "0")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, list | tuple):
        return [_json(each, "") for each in value]
    if isinstance(value, dict):
        is_row = str(kind).startswith("STRUCT")
        return (
            [_json(each, "") for each in value.values()] if is_row else {str(k): _json(v, "") for k, v in value.items()}
        )
    return value if isinstance(value, int | str) else str(value)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    trino: TrinoServer
    scheme = "http"

    def log_message(self, *given: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self._handled("GET")

    def do_POST(self) -> None:
        self._handled("POST")

    def do_DELETE(self) -> None:
        self._handled("DELETE")

    def _handled(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = self.trino
        server.requests.append((method, self.path))
        planned = server.plan(method, self.path)
        if planned == "silent":
            server.released.wait(_PATIENCE)
        if planned in ("before", "silent"):
            self.close_connection = True
            return
        status, told = (planned, b"busy") if isinstance(planned, int) else self._answer(method, body)
        if planned == "after":
            self.close_connection = True
            return
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if not isinstance(told, bytes) else "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _header(self, name: str) -> str:
        return str(self.headers.get(f"{self.trino.prefix}{name}") or "")

    def _answer(self, method: str, body: bytes) -> tuple[int, Any]:
        server, parts = self.trino, self.path.strip("/").split("/")
        base = f"{self.scheme}://{self.headers['Host']}"
        if parts == ["v1", "info"]:
            return 200, {"nodeVersion": {"version": server.version}, "coordinator": True, "starting": server.starting}
        if parts[:2] != ["v1", "statement"]:
            return 404, b"Not found"
        if method == "POST":
            if not self._is_allowed():
                return 401, b"Unauthorized"
            if not self._header("User") and not server.tokens:
                return 400, b"User must be set"
            asked = server.submit(body.decode(), self._header)
            return 200, server.described(asked, base, 0)
        stage, query_id, slug, token = parts[2:6]
        found = server.queries.get(query_id)
        number = int(token)
        if found is None or slug != server.slug(query_id, stage, number):
            return 404, b"Query not found"
        if method == "DELETE":
            server.stop(found)
            return 204, b""
        if number not in (found.token, found.token - 1):
            return 410, b"Gone"
        return 200, server.answer(found, number, base)

    def _is_allowed(self) -> bool:
        server, given = self.trino, str(self.headers.get("Authorization") or "")
        if server.tokens:
            return given.removeprefix("Bearer ") in server.tokens
        if server.passwords:
            user, _, password = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
            return bool(password) and server.passwords.get(user) == password
        return True


@contextmanager
def serving(server: TrinoServer, *, certificate: Path | None = None, port: int = 0) -> Iterator[TrinoServer]:
    """A coordinator while the context lasts; with ``certificate`` (PEM, with its key) it speaks TLS."""
    scheme = "https" if certificate else "http"
    handler = type("Handler", (_Handler,), {"trino": server, "scheme": scheme})
    listening = ThreadingHTTPServer(("127.0.0.1", port), handler)
    listening.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    server.url = f"{scheme}://127.0.0.1:{listening.server_address[1]}"
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(_PATIENCE)
