"""Names of a server's tables: in its SQL, and as URLs, ``table://SCHEMA/NAME``. Pure."""

from __future__ import annotations

from urllib.parse import quote, unquote

from mason.clients._statements.table_targets import SCHEME
from mason.engines.models import Location, Table
from mason.errors import EngineError


def url_of(schema: str, name: str) -> str:
    """The URL of a table."""
    return f"{SCHEME}://{quote(schema, safe='')}/{quote(name, safe='')}"


def located(schema: str, name: str) -> Location:
    """Where a table is: on the server."""
    return Location(url_of(schema, name))


def named_in(output: str) -> tuple[str, str]:
    """Schema and name of a table by its URL. Raises ``EngineError`` for a URL that names none."""
    schema, _, name = output.partition("://")[2].rstrip("/").partition("/")
    if not (schema and name) or "/" in name:
        raise EngineError(f"{output} names no table: write table://SCHEMA/NAME.")
    return unquote(schema), unquote(name)


def checked(kind: str, name: str, longest: int) -> str:
    """The name of a ``kind`` of thing, if a server keeps it as it is. Raises ``EngineError``."""
    if not name or "\0" in name or len(name.encode()) > longest:
        raise EngineError(
            f"{name!r} cannot be the name of a {kind}: the server keeps names of 1 to {longest} bytes, without the "
            "character 0, and would cut a longer one."
        )
    return name


def text(value: str) -> str:
    """A text as a literal, whatever the server's settings say of backslashes."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def title(table: Table) -> str:
    """How a table is called in errors."""
    return f"table {table.name} in schema {table.database}" if table.database else f"table {table.name}"
