"""Outputs that are tables of a catalog, and no files: ``table://DATABASE/NAME``. Pure."""

from __future__ import annotations

from mason.engines.file_urls import scheme_of
from mason.errors import EngineError

SCHEME = "table"


def is_table(output: str) -> bool:
    """Whether an output is a table of the catalog."""
    return scheme_of(output) == SCHEME


def target_of(output: str) -> tuple[str, str]:
    """Database and name of a table by its URL. Raises ``EngineError`` for a URL that names none."""
    database, _, name = output.partition("://")[2].rstrip("/").partition("/")
    if not (database and name) or "/" in name or "." in name:
        raise EngineError(f"{output} names no table: write table://DATABASE/NAME, without an ending.")
    return database, name
