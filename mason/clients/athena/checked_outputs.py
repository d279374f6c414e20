"""Checks of what Athena wrote, looked at before it is published: the files are staged, or the result's own.

Athena's part has ended then, so DuckDB reads the columns that the checks name on this machine, by the same rules as for
client ``local``: what a check means does not depend on the engine. Which checks hold for a submission is kept beside
the results, because another process may be the one that publishes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mason.clients._tables.columns import id_of
from mason.engines.checking import Asked, Measured, decided
from mason.errors import EngineError

if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._tables.requests import Output
    from mason.clients.athena.made_here import MadeHere
    from mason.engines.models import Schema, Table

# Of a CSV file of Athena's, the values of all other types are looked at as text.
_READ = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "float", "double", "decimal", "date", "timestamp"}
)
_NO_FILE = "there are no rows, so Athena wrote no file that its query could be asked of"


class CheckedOutputs:
    """Looks at the outputs of one client on this machine."""

    def __init__(self, here: MadeHere) -> None:
        self._here = here

    def refuse(self, output: Output, client: str) -> None:
        """Raises ``EngineError`` for an output whose rows cannot be read here as they will be read there."""
        if output.partition_columns or (output.folder and output.format != "parquet"):
            what = "is partitioned" if output.partition_columns else f"is of {output.format}"
            raise EngineError(
                f"Client {client} checks a CSV file, or a folder or table of parquet without partitions, before it "
                f"is published, and {output.path} {what}. Write such a one, or take the checks away."
            )

    def results(self, asked: Asked, files: Sequence[str], schema: Schema | None) -> list[dict[str, Any]]:
        """What comes of the checks of rows in ``files`` (URLs) of parquet, or in one of CSV with this ``schema``.

        Raises ``CheckFailedError`` where one failed. Without a file nobody knows the columns, so no query is asked.
        """
        if files:
            return self._looked_at(self._parquet(files) if schema is None else self._csv(files[0], schema), asked)
        return decided(asked, 0, [Measured(unknown=_NO_FILE if check.kind == "sql" else "") for check in asked.checks])

    def published(self, table: Table, asked: Asked) -> list[dict[str, Any]]:
        """What comes of checks of a table that is there already."""
        source = self._here.source(table)
        if not source.sql:
            raise EngineError("The table has no columns, because its files are empty.")
        return self._looked_at(source, asked, published=True)

    def _looked_at(self, source: Source, asked: Asked, *, published: bool = False) -> list[dict[str, Any]]:
        from mason.clients._duckdb.session import opened
        from mason.clients._duckdb.writing.checked import check_rows

        root = self._here.root
        with opened(self._here.limits, [source], root.show, ordered=False) as connection:
            return check_rows(connection, source.sql, asked, root.show, published=published)

    def _parquet(self, files: Sequence[str]) -> Source:
        return self._read("read_parquet", files, {})

    def _csv(self, file: str, schema: Schema) -> Source:
        from mason.clients._duckdb.quoting import struct

        kinds = {each.name: each.type if id_of(each.type) in _READ else "VARCHAR" for each in schema.columns}
        # Athena puts texts in quotes, and nothing where there is no value.
        return self._read(
            "read_csv",
            [file],
            {
                "auto_detect": "false",
                "header": "true",
                "columns": struct(kinds),
                "delim": "','",
                "quote": "'\"'",
                "escape": "'\"'",
                "allow_quoted_nulls": "false",
            },
        )

    def _read(self, reader: str, files: Sequence[str], arguments: Mapping[str, str]) -> Source:
        from mason.clients._duckdb.quoting import call
        from mason.clients._duckdb.reading.readers import Source

        paths = tuple(self._here.root.resolve(each) for each in files)
        text = f"SELECT * FROM {call(reader, [str(each) for each in paths], arguments)}"
        return Source(text, paths=paths, files=paths, columnar=reader == "read_parquet")
