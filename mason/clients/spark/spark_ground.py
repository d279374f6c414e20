"""What the parts of the client stand on: what they are told of its configuration, and what they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.reading.looks import Seen
    from mason.clients._duckdb.roots import Roots
    from mason.clients._warehouse.folder import WarehouseFolder
    from mason.clients.spark.spark_ways import JobWay
    from mason.clients.spark.submitted_work import Work


class Ground(Protocol):
    """The client, as its parts see it."""

    name: str
    configuration: dict[str, Any]
    neighbours: Mapping[str, Mapping[str, Any]]

    @property
    def is_remote(self) -> bool:
        """Whether Spark is a server, which goes on when this process is gone."""
        ...

    @property
    def own(self) -> WarehouseFolder:
        """What Mason keeps for this client: jobs, and files on their way."""
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
        """What DuckDB may use, by which Mason reads and writes files."""
        ...

    def job_way(self, work: Work) -> JobWay:
        """The way of a job that was submitted. Raises ``EngineError`` where there is none at this moment."""
        ...
