"""What becomes of a finished statement's rows: files at the place that a verb was given, whole and once.

Athena writes into a staging folder below its output location, or a CSV file as the query's result. When an execution
has succeeded, its files are copied by the store to where they are to be, those that are replaced are deleted, and a
manifest is kept beside the results. Who asks again finds that manifest; who was killed in between begins anew, and
copies the same files to the same names. Readers see the new files come one by one, and after them the old ones go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mason.clients._aws.buckets import Buckets
from mason.clients._glue_catalog.partition_folders import split
from mason.clients.athena.marks import Mark
from mason.engines.checking import Asked
from mason.errors import ConflictError, EngineError, NotFoundError

_PAUSES = (0.0, 0.2, 0.8)
_MANIFEST = 64 * 1024**2


class Publisher:
    """Publishes what statements wrote. ``location`` is the workgroup's folder of results, where manifests are kept."""

    def __init__(self, buckets: Buckets, location: str) -> None:
        self._buckets = buckets
        self._location = location

    def check(self, output: str, *, folder: bool, overwrite: bool) -> None:
        """Raises ``ConflictError`` where there is something at ``output`` already that is not to be replaced."""
        if not overwrite and self._there(output, folder=folder):
            raise ConflictError(f"{output} exists already. Ask for overwrite to replace it.")

    def published(self, job_id: str) -> Mapping[str, Any] | None:
        """The manifest of a job whose files were published; ``None`` where that is still to be done."""
        return self._read(self._manifest(job_id))

    def keep(self, job_id: str, manifest: Mapping[str, Any]) -> None:
        """Note what a job published."""
        self._buckets.put(*self._manifest(job_id), json.dumps(manifest).encode())

    def planned(self, token: str) -> Sequence[str] | None:
        """The statements that a submission (its digest) was to have; ``None`` where nothing was submitted."""
        found = self._read(self._plan(token))
        return None if found is None else [str(each) for each in found["statements"]]

    def keep_plan(self, token: str, statements: Sequence[str]) -> None:
        """Note the statements of a submission before the first of them is submitted: who goes on with it after a crash
        goes on with these, whatever the table has become meanwhile."""
        self._buckets.put(*self._plan(token), json.dumps({"statements": list(statements)}).encode())

    def keep_checks(self, token: str, checks: Asked) -> None:
        """Note what the rows of a submission have to fulfil before they are published."""
        self._buckets.put(*self._checks(token), json.dumps(checks.to_dict()).encode())

    def checks(self, token: str) -> Asked:
        """The checks of a submission. Raises ``NotFoundError`` where they are gone: unchecked, nothing is published."""
        return Asked.from_dict(json.loads(self._buckets.read(*self._checks(token), most=_MANIFEST)))

    def staged(self, mark: Mark, executions: Sequence[Mapping[str, Any]]) -> list[str]:
        """The URLs of the files that statements wrote and that are not published yet."""
        return [f"s3://{bucket}/{key}" for (bucket, key), _ in self._wanted(mark, executions)]

    def discard(self, mark: Mark) -> None:
        """Take away what statements wrote that did not all succeed."""
        if mark.staging:
            bucket, folder = split(mark.staging)
            self._buckets.delete_all(bucket, [each.key for each in self._buckets.listed(bucket, folder)])

    def publish(
        self, job_id: str, mark: Mark, executions: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Put the files of all ``executions`` in their place, and return the manifest, with ``facts`` in it."""
        wanted = self._wanted(mark, executions)
        bucket, _ = split(mark.output)
        before = {each.key for each in self._there(mark.output, folder=bool(mark.staging))}
        names = {key for _, key in wanted}
        if before - names and not mark.overwrite:
            raise ConflictError(
                f"{mark.output} was written by something else while job {job_id} was under way. Its rows are at "
                f"{mark.staging or self._location}; write them elsewhere, or ask for overwrite."
            )
        for (from_bucket, source), key in wanted:
            found = self._buckets.facts(from_bucket, source)
            if found is not None:
                self._buckets.copy((from_bucket, source), bucket, key, facts=found)
        self._buckets.delete_all(bucket, sorted(before - names))
        files = [
            {"path": f"s3://{bucket}/{each.key}", "bytes": each.size}
            for each in self._there(mark.output, folder=bool(mark.staging))
        ]
        manifest = {
            "output": mark.output,
            "format": mark.format,
            "files": files,
            "bytes": sum(each["bytes"] for each in files),
            **facts,
        }
        self.keep(job_id, manifest)
        self.discard(mark)
        return manifest

    def _wanted(self, mark: Mark, executions: Sequence[Mapping[str, Any]]) -> list[tuple[tuple[str, str], str]]:
        """Bucket and key of each file that was written, and the key that it is to have."""
        _, target = split(mark.output)
        if not mark.staging:
            return [(self._result(executions[0]), target)]
        bucket, folder = split(mark.staging)
        found = []
        for each in self._buckets.listed(bucket, folder):
            inner = each.key[len(folder) :]
            # Below the folder of the part: folders of partitions, and a name that says nothing of the format.
            part, _, path = inner.partition("/")
            place, slash, name = path.rpartition("/")
            if name and not name.startswith(("_", ".")):
                stem = name.partition(".")[0]
                found.append(((bucket, each.key), f"{target}/{place}{slash}{part}-{stem}.{mark.ending}"))
        return found

    def _result(self, execution: Mapping[str, Any]) -> tuple[str, str]:
        """The file that an execution's rows are in: at the place that the service tells, or below it."""
        said = (execution.get("ResultConfiguration") or {}).get("OutputLocation") or ""
        bucket, key = split(said)
        for pause in _PAUSES if key else ():
            # Servers beside Athena say that a query succeeded a moment before its file is there.
            time.sleep(pause)
            for each in self._buckets.listed(bucket, key):
                if each.key.endswith(f"{execution['QueryExecutionId']}.csv"):
                    return bucket, each.key
        raise EngineError(
            f"The result of query {execution['QueryExecutionId']} is not at {said or 'any place'}, where Athena says "
            "it is. Something deleted it: run the query again."
        )

    def _there(self, output: str, *, folder: bool) -> list[Any]:
        bucket, key = split(output)
        if folder:
            return list(self._buckets.listed(bucket, key.rstrip("/") + "/"))
        found = self._buckets.facts(bucket, key)
        return [found] if found is not None else []

    def _read(self, place: tuple[str, str]) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = json.loads(self._buckets.read(*place, most=_MANIFEST))
        except NotFoundError:
            return None
        return found

    def _plan(self, token: str) -> tuple[str, str]:
        bucket, prefix = split(self._location)
        return bucket, f"{prefix}mason/{token[:32]}.plan.json"

    def _checks(self, token: str) -> tuple[str, str]:
        bucket, prefix = split(self._location)
        return bucket, f"{prefix}mason/{token[:32]}.checks.json"

    def _manifest(self, job_id: str) -> tuple[str, str]:
        bucket, prefix = split(self._location)
        return bucket, f"{prefix}{job_id.replace('+', '_')[:200]}.mason.json"
