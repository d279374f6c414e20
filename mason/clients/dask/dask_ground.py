"""What the parts of the client ``dask`` ask of it, whoever made it: Mason, or a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mason.clients._duckdb.abilities import WORKING
from mason.engines.execution import Execution

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.reading.looks import Seen
    from mason.clients._duckdb.roots import Roots

SUPPORTS = frozenset(Execution.verbs) - {"find_job", "estimate"}
"""The verbs of its execution engine."""

CAN = replace(WORKING, schemes=("file", "s3", "hdfs"), borrowed=("s3", "hdfs"))
"""What its execution engine can do."""


class Ground(Protocol):
    """The client, as :class:`mason.clients.dask.DaskClient` has it."""

    name: str
    base: Path
    configuration: dict[str, Any]
    neighbours: Mapping[str, Mapping[str, Any]]
    kept_out: tuple[str, ...]

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Of its configuration."""
        ...

    @property
    def starts_cluster(self) -> bool:
        """Whether the cluster is Mason's own."""
        ...

    @property
    def part_bytes(self) -> int:
        """The size of a part of a table that is split."""
        ...

    def cluster(self) -> Any:
        """The cluster, which its own module describes."""
        ...

    @property
    def root(self) -> Roots:
        """The folder of files."""
        ...

    @property
    def seen(self) -> Seen:
        """What is known of files."""
        ...

    @property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        ...
