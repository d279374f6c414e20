"""Tables of the catalog that are there while statements read the files that differ, a table for each group of them.

Their names are those of the submission, so that who goes on with it after a crash meets the same ones, and each tells
in its comment what it is for. They go when all statements have ended, whichever way; their files are those of the table
that is merged, which nothing here touches.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from mason.clients._glue_catalog.catalog_requests import GlueCatalog
from mason.clients._glue_catalog.table_inputs import input_of
from mason.clients.athena.drifted_files import Drifted, Group
from mason.clients.athena.marks import Mark
from mason.engines.models import Column, Location, Schema, Table
from mason.errors import ConflictError, NotFoundError


def names_of(database: str, token: str, count: int) -> list[tuple[str, str]]:
    """Database and name of the tables of a submission (its digest)."""
    return [(database, f"mason_{token[:24]}_{number}") for number in range(1, count + 1)]


class GroupTables:
    """Makes and drops them in one catalog."""

    def __init__(self, catalog: GlueCatalog) -> None:
        self._catalog = catalog

    def make(self, found: Drifted, table: Table, token: str) -> Sequence[str]:
        """The tables for the groups of files of ``table``, and the statements that read them."""
        names = names_of(table.database.lower(), token, len(found.groups))
        for group, (database, name) in zip(found.groups, names, strict=True):
            self._make(group, found.keys, Table(name, database, comment=_comment(table)))
        return found.selects(names)

    def drop(self, mark: Mark) -> None:
        """Drop the tables of a submission; those that are gone already are none."""
        for database, name in names_of(mark.database, mark.token, mark.groups):
            with suppress(NotFoundError):
                self._catalog.delete_table(database, name)

    def _make(self, group: Group, keys: Sequence[str], named: Table) -> None:
        described = input_of(
            Table(
                named.name,
                named.database,
                schema=Schema(tuple(Column(name, kind) for name, kind in group.columns)),
                location=Location(group.place),
                format="parquet",
                partition_columns=tuple(keys),
                comment=named.comment,
            )
        )
        try:
            self._catalog.create_table(named.database, described)
        except ConflictError:
            # Of a process that was killed before it submitted anything; the files may be others by now.
            self._catalog.delete_table(named.database, named.name)
            self._catalog.create_table(named.database, described)
        storage = described["StorageDescriptor"]
        self._catalog.create_partitions(
            named.database,
            named.name,
            [
                {"Values": list(each.values), "StorageDescriptor": {**storage, "Location": each.place}}
                for each in group.partitions
            ],
        )


def _comment(table: Table) -> str:
    return f"Files of {table.database}.{table.name}, while Mason merges them. It may be dropped when that has ended."
