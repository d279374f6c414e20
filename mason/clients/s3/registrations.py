"""What Mason keeps beside the objects of a root: registered tables, databases that were made, and jobs, as JSON.

All of it lies under ``_mason/`` in the root, so a team shares it with the data: ``_mason/tables/DATABASE/TABLE.json``,
``_mason/databases/DATABASE.json``, ``_mason/jobs/ID.json``. A write says what it expects to be there, so of two that
register one table at once the second is told of a conflict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mason import bounds
from mason.clients._objects.object_store import ANY, NEW
from mason.clients.s3 import S3Client
from mason.engines.models import Job, Table
from mason.errors import EngineError, NotFoundError
from mason.secrets import scrub_all

_TOP = "_mason"
_JOB_ID = r"\d{8}T\d{6}-[0-9a-f]+"


class Kept:
    """The objects under ``_mason/`` in a client's root."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def databases(self) -> set[str]:
        """The databases that were made, or that a table is registered in; none without a root."""
        if not self._client.root.path.bucket:
            return set()
        made, _ = self._content("databases")
        _, registered = self._content("tables")
        return {*made, *registered}

    def has_database(self, name: str) -> bool:
        """Whether a database was made, or has a registered table."""
        if not self._client.root.path.bucket or not _is_name(name):
            return False
        return self._read(f"databases/{name}.json") is not None or bool(self.tables(name))

    def make_database(self, name: str) -> None:
        """Keep that a database is there. Raises ``ConflictError`` where it is already."""
        self._write(f"databases/{name}.json", {"name": name}, expect=NEW)

    def tables(self, database: str) -> list[str]:
        """The names of the registered tables of a database, sorted."""
        if not self._client.root.path.bucket or not _is_name(database):
            return []
        return sorted(self._content(f"tables/{database}")[0])

    def table(self, database: str, name: str) -> Table | None:
        """A registered table. Raises ``EngineError`` for a registration that is damaged."""
        if not self._client.root.path.bucket or not (_is_name(database) and _is_name(name)):
            return None
        found = self._read(f"tables/{database}/{name}.json")
        if found is None:
            return None
        try:
            return Table.from_dict({**found, "name": name, "database": database})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            place = self._place(f"tables/{database}/{name}.json")
            raise EngineError(
                f"The registration {place} is damaged. Delete it, and register the table anew."
            ) from error

    def put_table(self, table: Table, *, overwrite: bool) -> None:
        """Keep a registration. Raises ``ConflictError`` where there is one that is not to be replaced."""
        expect = ANY if overwrite else NEW
        self._write(f"tables/{table.database}/{table.name}.json", table.to_dict(), expect=expect)

    def drop_table(self, table: Table) -> None:
        """Forget a registration. The database stays, if this was its last table."""
        if not self.has_made(table.database):
            self._write(f"databases/{table.database}.json", {"name": table.database}, expect=ANY)
        self._delete(f"tables/{table.database}/{table.name}.json")

    def has_made(self, database: str) -> bool:
        """Whether it is kept that a database is there, whatever is in it."""
        return self._read(f"databases/{database}.json") is not None

    def put_job(self, job: Job) -> Job:
        """Keep a job, without secrets."""
        self._write(f"jobs/{job.job_id}.json", scrub_all(job.to_dict()), expect=NEW)
        return job

    def job(self, job_id: str) -> Job:
        """A job that was kept. Raises ``NotFoundError``."""
        found = self._read(f"jobs/{job_id}.json") if re.fullmatch(_JOB_ID, job_id) else None
        if found is None:
            raise NotFoundError(f"There is no job {job_id}.")
        try:
            return Job.from_dict(found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(
                f"The record of job {job_id} is damaged: {self._place(f'jobs/{job_id}.json')}."
            ) from error

    def _content(self, folder: str) -> tuple[set[str], set[str]]:
        """The names of the objects in a folder, without their ending, and of the folders in it."""
        above = f"{self._place(folder)[len(self._bucket_url()) :]}/"
        objects, folders = self._client.buckets.content_of(self._client.root.path.bucket, above)
        return {each.key[len(above) :].removesuffix(".json") for each in objects}, set(folders)

    def _read(self, name: str) -> Mapping[str, Any] | None:
        try:
            content = self._client.buckets.read(*self._object(name), most=bounds.RECORD)
        except NotFoundError:
            return None
        try:
            found = bounds.parse_json(content)
        except ValueError as error:
            raise EngineError(f"{self._place(name)} is damaged: it is no JSON. Delete it.") from error
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, value: Mapping[str, Any], *, expect: str) -> None:
        content = json.dumps(value, indent=1, ensure_ascii=False).encode()
        self._client.buckets.put(*self._object(name), content, expect=expect)

    def _delete(self, name: str) -> None:
        self._client.buckets.delete(*self._object(name))

    def _object(self, name: str) -> tuple[str, str]:
        """The bucket and key of one of them. Raises ``EngineError`` where there is no root to keep them in."""
        root = self._client.root.path
        if not root.bucket:
            raise EngineError(
                f"Client {self._client.name} has no root, so there is no place to keep it in. Set root: s3://BUCKET."
            )
        return root.bucket, "/".join(part for part in (root.key, _TOP, name) if part)

    def _place(self, name: str) -> str:
        return self._client.buckets.url(*self._object(name))

    def _bucket_url(self) -> str:
        return f"{self._client.buckets.url(self._client.root.path.bucket, '')}/"


def _is_name(name: str) -> bool:
    """Whether a name is one that can have been given: others are asked for, and are no part of a key."""
    return bool(name) and "/" not in name and not name.startswith(".")
