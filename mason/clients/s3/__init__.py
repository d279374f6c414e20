"""The client ``s3``: objects as files, prefixes as databases and tables, in Amazon S3 or a store that speaks alike.

What it knows of tables beyond their objects it keeps beside them, as objects under ``_mason/``, which no reader lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._aws.aws_client import AwsClient

if TYPE_CHECKING:
    from mason.clients._aws.buckets import Buckets
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.httpfs import ObjectAccess
    from mason.clients._duckdb.object_root import ObjectRoot
    from mason.clients._duckdb.reading.looks import Seen
    from mason.engines.permissions import Permission

__all__ = ["S3Client"]


class S3Client(AwsClient):
    """A bucket, a prefix of one, or all buckets of an account. The first verb connects."""

    name = "s3"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.s3.metastore:S3Metastore",
        "storage": "mason.clients.s3.storage:S3Storage",
    }

    @cached_property
    def buckets(self) -> Buckets:
        """The requests."""
        from mason.clients._aws.buckets import Buckets

        return Buckets(self.aws)

    @cached_property
    def root(self) -> ObjectRoot:
        """What paths start from. URLs of neighbours of the same kind are reached from it, too."""
        from mason.clients._duckdb.object_root import ObjectRoot
        from mason.clients._duckdb.roots import lent_objects

        return ObjectRoot(
            self.buckets,
            self.url,
            client=self.name,
            places=self.kept_out,
            elsewhere=lent_objects(self),
            access=lambda: self.access,
        )

    @property
    def url(self) -> str:
        """The URL of its root, without a slash at its end."""
        return str(self.configuration["root"]).rstrip("/") if "root" in self.configuration else "s3://"

    @cached_property
    def seen(self) -> Seen:
        """What looks at objects have found."""
        from mason.clients._duckdb.reading.looks import Seen

        return Seen(lasting=True)

    @property
    def access(self) -> ObjectAccess:
        """How DuckDB reaches its objects."""
        from mason.clients._duckdb.httpfs import ObjectAccess

        root = str(self.configuration.get("root", "s3://"))
        timeout = float(self.configuration.get("timeout", 60))
        return ObjectAccess(root, self.aws.region, self.aws.reached, self.aws.credentials, timeout)

    @property
    def limits(self) -> Limits:
        """What DuckDB may use, which reads objects, too."""
        from mason.clients._duckdb.connection import Limits
        from mason.clients._duckdb.httpfs import reach

        memory = str(self.configuration.get("memory_limit", "850MB"))
        return Limits(memory, prepare=lambda connection: reach(connection, [self.access]))

    @classmethod
    def public_facts(cls, configuration: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
        """``url`` beside what is configured, where its paths start from one bucket."""
        facts = super().public_facts(configuration, base=base)
        return {**facts, "url": str(configuration["root"]).rstrip("/")} if "root" in configuration else facts

    @classmethod
    def permissions(
        cls, configuration: Mapping[str, Any], call: str, arguments: Mapping[str, Any], *, root: str
    ) -> Iterable[Permission]:
        """Those of the objects that are meant."""
        from mason.clients._aws.bucket_permissions import of_metastore, of_storage

        role, _, verb = call.partition(".")
        start = str(configuration.get("root") or root)
        return (of_metastore if role == "metastore" else of_storage)(verb, arguments, start)
