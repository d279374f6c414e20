"""What tests of client ``trino`` share: a client of a stand-in server, and the table ``club.people`` behind it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mason.clients.local import LocalClient
from mason.clients.trino import TrinoClient
from mason.clients.trino.execution import TrinoExecution
from mason.clients.trino.metastore import TrinoMetastore
from mason.engines.execution import Execution
from mason.engines.models import Job, Location, Rows, Table
from mason.engines.storage import Storage
from mason.state.lock import turns
from mason.testing.engines import PEOPLE
from tests.trino_server import TrinoServer


def client_of(server: TrinoServer, base: Path, **more: Any) -> TrinoClient:
    """A client whose databases are the schemas of ``lake``."""
    return TrinoClient({"url": server.url, "user": "ann", "catalog": "lake", **more}, base=base)


def metastore_of(client: TrinoClient) -> TrinoMetastore:
    engine = client.engine("metastore")
    assert isinstance(engine, TrinoMetastore)
    return engine


def execution_of(client: TrinoClient) -> TrinoExecution:
    engine = client.engine("execution")
    assert isinstance(engine, TrinoExecution)
    return engine


def storage_at(base: Path) -> Storage:
    """The files that the server reads."""
    storage = LocalClient({}, base=base).engine("storage")
    assert isinstance(storage, Storage)
    return storage


def definition_of(base: Path, name: str, content: bytes) -> Table:
    """Rows of a CSV text as a folder of parquet, as it is to be registered; times without their zone, of which
    translations know less."""
    local = LocalClient({}, base=base)
    storage, execution = local.engine("storage"), local.engine("execution")
    assert isinstance(storage, Storage)
    assert isinstance(execution, Execution)
    storage.write(f"from/{name}.csv", content)
    table = storage.infer_table(f"from/{name}.csv")
    zoned = [f'"{each}"::TIMESTAMP AS "{each}"' for each, kind in table.types.items() if kind.endswith("ZONE")]
    sql = f"SELECT * REPLACE ({', '.join(zoned)}) FROM $table" if zoned else "SELECT * FROM $table"
    execution.query(sql, table=table, output=f"files/{name}/1.parquet", overwrite=True)
    found = storage.infer_table(f"files/{name}")
    return replace(found, location=Location((base / "files" / name).as_uri()))


def people(client: TrinoClient) -> Table:
    """The table ``club.people``, registered."""
    metastore = metastore_of(client)
    metastore.create_table("club", "people", definition=definition_of(client.base, "people", PEOPLE))
    return metastore.get_table("club", "people")


def ended(execution: Execution, job: Rows | Job) -> Job:
    """A job, asked for until it has ended."""
    assert isinstance(job, Job)
    for _ in turns(60.0, longest=0.2):
        if job.finished:
            return job
        job = execution.get_job(job.job_id)
    raise AssertionError(job)


def rows_of(execution: Execution, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    answer = execution.query(sql, **options)
    assert isinstance(answer, Rows)
    return list(answer.rows)
