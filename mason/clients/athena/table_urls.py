"""URLs of outputs that are tables of the catalog, and no files: ``table://DATABASE/NAME``. Pure."""

from __future__ import annotations

from mason.engines.file_urls import scheme_of
from mason.errors import EngineError

SCHEME = "table"


def is_table(output: str) -> bool:
    """Whether an output is a table of the catalog."""
    return scheme_of(output) == SCHEME


def named_in(output: str) -> tuple[str, str]:
    """Database and name of a table by its URL, as Glue keeps them. Raises ``EngineError`` for a URL that names none."""
    from mason.clients._glue_catalog.catalog_requests import checked

    database, _, name = output.partition("://")[2].rstrip("/").partition("/")
    if not (database and name) or "/" in name or "." in name:
        raise EngineError(f"{output} names no table: write table://DATABASE/NAME, without an ending.")
    return checked("database", database), checked("table", name)
