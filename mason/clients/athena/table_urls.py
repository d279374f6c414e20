"""Outputs that are tables of Glue's catalog, by their names there. Pure."""

from __future__ import annotations

from mason.clients._statements.table_targets import target_of


def named_in(output: str) -> tuple[str, str]:
    """Database and name of a table by its URL, as Glue keeps them. Raises ``EngineError`` for a URL that names none."""
    from mason.clients._glue_catalog.catalog_requests import checked

    database, name = target_of(output)
    return checked("database", database), checked("table", name)
