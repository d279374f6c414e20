"""Work that Athena has no statement for, done by DuckDB on this machine over the same buckets: made-up rows, and one
table of files of text that differ.

Athena cannot make the words of names and addresses, and reads text otherwise than Mason. So rows are made here and
uploaded, whole, to where they are to be.
Jobs of that are kept beside Athena's results, under ids that begin with ``here-``, so that every process finds them.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mason.clients._glue_catalog.partition_folders import split
from mason.clients._jobs import iso, now
from mason.clients._statements.table_targets import is_table
from mason.clients._tables.requests import Output, Request
from mason.engines.jobs import Token, submission
from mason.engines.models import Job, Table
from mason.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from mason.clients._aws.buckets import Buckets
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.object_root import ObjectRoot
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients.athena import AthenaClient
    from mason.clients.athena.drifted_files import Drifted

_PREFIX = "here-"
_ID = re.compile(r"here-[0-9a-f]{32}")
_MEMORY = "850MB"
_LONGEST = 64 * 1024**2


class MadeHere:
    """Does work for one client. ``location`` is the folder of Athena's results, with a slash at its end."""

    def __init__(self, client: AthenaClient, buckets: Buckets, location: str) -> None:
        self._client, self._buckets, self._location = client, buckets, location

    @cached_property
    def root(self) -> ObjectRoot:
        """All buckets that the credentials reach."""
        from mason.clients._duckdb.httpfs import ObjectAccess
        from mason.clients._duckdb.object_root import ObjectRoot

        def access() -> ObjectAccess:
            aws = self._client.aws
            timeout = float(self._client.configuration.get("timeout", 60))
            return ObjectAccess("s3://", aws.region, aws.reached, aws.credentials, timeout)

        return ObjectRoot(self._buckets, "s3://", client=self._client.name, places=self._client.kept_out, access=access)

    @cached_property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        from mason.clients._duckdb.connection import Limits
        from mason.clients._duckdb.streamed import reach_objects

        return Limits(_MEMORY, prepare=lambda connection: reach_objects(connection, [self.root]))

    def source(self, table: Table) -> Source:
        """What reads the files of a table. Raises ``EngineError`` where nothing here does."""
        from mason.clients._duckdb.reading.looks import Seen
        from mason.clients._duckdb.reading.sources import source_of

        return source_of(table, self.root, self.limits, Seen(), whole=True)

    def fake(self, like: Table | None, request: Request) -> Job:
        """Write made-up rows of the columns in ``request``, or in imitation of a table: a finished job."""
        from mason.clients._duckdb.writing.outputs import place
        from mason.clients._duckdb.writing.reshape import fake

        assert request.output is not None, "it is required"
        submitted, token = now(), submission()
        placed = place(self.root, request.output)
        columns = self.source(like) if like is not None else request.columns
        manifest = fake(self.limits, columns, placed, self.root, size=request.size, seed=request.seed)
        told = ("Athena makes up no rows: they were made on this machine, and uploaded.",)
        return self._done("execution.fake", told, manifest, submitted, token)

    def drifted(self, table: Table, *, allow_text: bool, extract_paths: bool) -> Drifted:
        """How the files of a table are merged. Raises ``ConflictError`` where there is nothing to merge, or where
        columns have no common type."""
        from mason.clients._duckdb.reading.looks import Seen
        from mason.clients._duckdb.reading.schemas import Merging
        from mason.clients._duckdb.reading.sources import look_at, reader_of, title
        from mason.clients._duckdb.writing.reshape import check_mergeable
        from mason.clients.athena.drifted_files import drifted

        if table.location is None:
            raise ConflictError(f"Nothing to merge: {title(table)} has no files.")
        merging = Merging(allow_text, extract_paths)
        schema = look_at(replace(table, schema=None), self.root, self.limits, Seen(), whole=True, merging=merging)[1]
        reader = reader_of(schema, table, self.root)
        check_mergeable(reader, title(table))
        return drifted(schema, reader)

    def check_apart(self, reader: Source, output: Output) -> None:
        """Raises ``ConflictError`` where an output would become part of the table that is read."""
        from mason.clients._duckdb.writing.outputs import Placed, check_apart

        if not is_table(output.path):
            check_apart(Placed(output, self.root.changeable(output.path)), [reader], self.root)

    def merge(self, found: Drifted, output: Output) -> Job:
        """Write the files of a table with one schema: a finished job."""
        from mason.clients._duckdb.writing.outputs import place
        from mason.clients._duckdb.writing.reshape import merge
        from mason.clients._tables.merging import said

        submitted, token = now(), submission()
        manifest = merge(self.limits, found.reader, place(self.root, output), self.root)
        why = f"The files were merged on this machine, and uploaded, because {found.why}."
        return self._done("execution.merge", (why, *said(found.changes)), manifest, submitted, token)

    def _done(
        self, verb: str, told: tuple[str, ...], manifest: dict[str, Any], submitted: datetime, token: Token | None
    ) -> Job:
        told = (*told, f"Wrote {manifest['rows']} rows to {manifest['output']}")
        digest = token.digest if token is not None else ""
        job = Job(id_of(digest), "succeeded", verb, told, manifest, iso(submitted), iso(now()), "execution")
        self._buckets.put(*self._place(job.job_id), json.dumps(job.to_dict()).encode())
        return job

    def job(self, job_id: str) -> Job:
        """A job that was done so. Raises ``NotFoundError``."""
        if not _ID.fullmatch(job_id):
            raise NotFoundError(f"There is no job {job_id!r}.")
        try:
            return Job.from_dict(json.loads(self._buckets.read(*self._place(job_id), most=_LONGEST)))
        except NotFoundError as error:
            raise NotFoundError(f"There is no job {job_id} beside the results at {self._location}.") from error

    def _place(self, job_id: str) -> tuple[str, str]:
        bucket, prefix = split(self._location)
        return bucket, f"{prefix}mason/jobs/{job_id}.json"


def is_made_here(job_id: str) -> bool:
    """Whether an id is that of such a job, and of no query of Athena's."""
    return job_id.startswith(_PREFIX)


def id_of(digest: str) -> str:
    """The id of the job that was submitted under a token's digest (empty: of none)."""
    import secrets

    return f"{_PREFIX}{digest[:32] or secrets.token_hex(16)}"
