"""How many bytes a call would read at most: those of the files of its tables, as far as partitions leave them in.

Athena bills what it reads. Of parquet it reads the columns that a query names only, so the sum is an upper bound; of
text it is the sum itself. A service that was told nothing but this number stops a costly query before it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mason.clients._aws.aws_client import AwsClient
from mason.clients._aws.buckets import Buckets
from mason.clients._glue_catalog.catalog_requests import GlueCatalog
from mason.clients._glue_catalog.partition_folders import partitions_read, split
from mason.clients._glue_catalog.projection import is_by_folders, is_projected
from mason.clients.athena.partition_filter import filter_of
from mason.clients.athena.written_sql import DIALECT, WrittenSql
from mason.engines.models import Table
from mason.errors import TranslationError


def bytes_read(client: AwsClient, written: WrittenSql, call: str, arguments: Mapping[str, Any]) -> int | None:
    """The upper bound; ``None`` where it cannot be told, as of a text in Athena's own dialect that names tables."""
    table = arguments.get("table")
    given = table if isinstance(table, Table) else None
    if call == "merge" and given is not None and given.format != "parquet":
        # Text is merged on the machine that asks (:mod:`drifted_files`).
        return None
    if call != "query":
        return _of_table(client, given, "") if given is not None else None
    sql = str(arguments.get("sql", ""))
    is_own = arguments.get("dialect", "duckdb") == DIALECT
    try:
        tables = written.tables(sql, given)
    except TranslationError:
        if is_own:
            # DuckDB's parser is the one at hand, and reads what both have in common.
            return None
        raise
    whole = is_own or len(tables) > 1
    return sum(_of_table(client, each, "" if whole else sql) for each in tables.values())


def _of_table(client: AwsClient, table: Table, sql: str) -> int:
    if table.location is None:
        return 0
    buckets = Buckets(client.aws)
    if not table.partition_columns:
        return _size(buckets, [table.location.path])
    catalog = GlueCatalog(client.aws, str(client.configuration.get("catalog_id", "")))
    described = catalog.table(table.database, table.name)
    if is_projected(described.get("Parameters") or {}) and not is_by_folders(described):
        # Laid out as others chose: all of it is more than any query reads.
        return _size(buckets, [table.location.path])
    wanted = filter_of(sql, [(name, table.types.get(name, "VARCHAR")) for name in table.partition_columns])
    places = [
        (each.get("StorageDescriptor") or {}).get("Location", "")
        for each in partitions_read(catalog, described)
        if wanted(each["Values"])
    ]
    return _size(buckets, places)


def _size(buckets: Buckets, places: Iterable[str]) -> int:
    total = 0
    for place in places:
        bucket, prefix = split(place)
        if bucket:
            folder = prefix.rstrip("/") + "/" if prefix else ""
            total += sum(each.size for each in buckets.listed(bucket, folder))
    return total
