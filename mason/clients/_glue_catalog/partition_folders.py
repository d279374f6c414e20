"""The partitions that there are in a bucket: folders ``key=value`` below a table's location, one level for each key.

A table that is registered without its partitions has no rows for Athena, so they are looked for when it is registered,
and registered too. Only names of folders are listed, never their files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mason.clients._aws.connecting import Connection
from mason.clients._aws.denials import Asked
from mason.clients._hive_tables.partition_names import value_in
from mason.errors import EngineError

if TYPE_CHECKING:
    from mason.clients._glue_catalog.catalog_requests import GlueCatalog

_MOST = 100_000
_PAGE = 1000


def partition_inputs(aws: Connection, described: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ``PartitionInput`` of each partition of a table with this ``TableInput``, by the folders that there are.

    Raises ``ConflictError`` for a folder whose key is another one.
    """
    keys = [each["Name"] for each in described["PartitionKeys"]]
    storage = described["StorageDescriptor"]
    bucket, prefix = split(storage["Location"])
    found = []
    for values, place in _below(aws, bucket, prefix.rstrip("/") + "/" if prefix else "", keys):
        own = {**storage, "Location": f"s3://{bucket}/{place.rstrip('/')}"}
        found.append({"Values": values, "StorageDescriptor": own})
        if len(found) > _MOST:
            raise EngineError(
                f"s3://{bucket}/{prefix} has more than {_MOST:,} partitions. Let a crawler register them."
            )
    return found


def partitions_read(catalog: GlueCatalog, described: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The partitions of a table (as ``GetTable`` told it) that Athena reads: those that are registered, or, where it
    works them out as folders ``key=value``, the folders that there are."""
    from mason.clients._glue_catalog.projection import is_by_folders, is_projected

    if is_projected(described.get("Parameters") or {}) and is_by_folders(described):
        return partition_inputs(catalog.aws, described)
    return catalog.partitions(described["DatabaseName"], described["Name"])


def _below(aws: Connection, bucket: str, prefix: str, keys: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    key, rest = keys[0], keys[1:]
    for folder in _folders(aws, bucket, prefix):
        name = folder[len(prefix) : -1]
        if name.startswith(("_", ".")):
            continue
        value = value_in(name, key, f"s3://{bucket}/{folder}")
        if not rest:
            yield [value], folder
            continue
        for values, place in _below(aws, bucket, folder, rest):
            yield [value, *values], place


def _folders(aws: Connection, bucket: str, prefix: str) -> Iterator[str]:
    asked = Asked(f"list s3://{bucket}/{prefix}", "s3:ListBucket", f"arn:{aws.partition}:s3:::{bucket}")
    more: dict[str, str] = {}
    while True:
        answer = aws.call(
            "s3", "list_objects_v2", asked, Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=_PAGE, **more
        )
        for each in answer.get("CommonPrefixes") or ():
            yield each["Prefix"]
        if not answer.get("NextContinuationToken"):
            return
        more = {"ContinuationToken": answer["NextContinuationToken"]}


def split(url: str) -> tuple[str, str]:
    """Bucket and key of an ``s3`` URL."""
    bucket, _, key = url.partition("://")[2].partition("/")
    return bucket, key
