"""Where a warehouse is, and the jobs that are kept in it for any process to ask about."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mason import bounds
from mason.engines.client import Client
from mason.engines.models import Job
from mason.errors import AccessDeniedError, EngineError, NotFoundError, SettingsError
from mason.secrets import scrub_all


def configured_folder(client: Client, setting: str, default: str) -> Path:
    """The path that a setting of a client's configuration means. Raises ``SettingsError`` where nobody has a home."""
    given = client.configuration.get(setting, default)
    try:
        return client.base / Path(given).expanduser()
    except RuntimeError as error:
        raise SettingsError(
            f"There is no home folder for {given}, which is {setting} in the config's {client.name} client. "
            "Write the whole path."
        ) from error


class WarehouseFolder:
    """A folder with ``warehouse.duckdb``, ``jobs/`` and ``schedules/``; or a database file and ``NAME_files/``.

    Reading makes nothing: no folder, no file. ``client`` is whose configuration named it.
    """

    def __init__(self, path: Path, *, client: str) -> None:
        self.client = client
        if path.suffix in (".duckdb", ".db"):
            self.file = path.absolute()
            self.folder = self.file.with_name(f"{path.stem}_files")
        else:
            self.folder = path.absolute()
            self.file = self.folder / "warehouse.duckdb"

    def kept(self) -> dict[Path, tuple[str, ...]]:
        """Its files and folders, each with what in it is Mason's own where a person keeps data there, too."""
        file = self.file.name
        return {
            self.file: (),
            self.file.with_name(f"{file}.wal"): (),
            self.folder: (file, f"{file}.wal", "jobs", "schedules"),
        }

    def put_job(self, job: Job) -> Job:
        """Keep a job, whole or not at all, for other processes to ask about."""
        with self.keeping(job):
            return job

    def check_jobs(self) -> None:
        """Raises ``EngineError`` when no job can be kept."""
        jobs = self.folder / "jobs"
        with self.reached():
            nearest = next(each for each in (jobs, *jobs.parents) if each.exists())
            fault = 0 if os.access(nearest, os.W_OK | os.X_OK) else errno.EACCES
            fault = fault if nearest.is_dir() else errno.ENOTDIR
            if fault:
                raise OSError(fault, os.strerror(fault), str(nearest))

    @contextmanager
    def keeping(self, job: Job) -> Iterator[None]:
        """Keep a job, without secrets, if the work inside goes well. Whether that can be done turns out before."""
        from mason.clients._duckdb.writing.atomic import whole

        with self.reached(), whole(self.folder / "jobs" / f"{job.job_id}.json") as beside:
            beside.write_text(json.dumps(scrub_all(job.to_dict()), indent=1), "utf-8")
            yield

    def get_job(self, job_id: str) -> Job:
        """A job that was kept. Raises ``NotFoundError``, and ``EngineError`` when its file is damaged."""
        folder = self.folder / "jobs"
        path = folder / f"{job_id}.json"
        # The id is compared with names and not joined to a path: it may hold anything.
        with self.reached():
            if not folder.is_dir() or path.name not in {entry.name for entry in folder.iterdir()}:
                raise NotFoundError(f"There is no job {job_id}.")
            text = bounds.read_file(path, bounds.RECORD)
        try:
            return Job.from_dict(bounds.parse_json(text))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(
                f"The record of job {job_id} is damaged: {path}. Remove the file; what the job made is not in it."
            ) from error

    def jobs_that_end(self, ending: str) -> list[str]:
        """The ids of the jobs that end so, the oldest first."""
        folder = self.folder / "jobs"
        with self.reached():
            names = sorted(entry.stem for entry in folder.iterdir()) if folder.is_dir() else []
        return [name for name in names if name.endswith(f"-{ending}")]

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Says of a folder that cannot be used that it is the warehouse, and where it was named."""
        try:
            yield
        except OSError as error:
            if self.folder.is_file():
                raise EngineError(
                    f"The warehouse {self.folder} is a file, not a folder. Name a folder as warehouse in the config's "
                    f"{self.client} client, or a DuckDB file that ends in .duckdb or .db."
                ) from error
            where = Path(error.filename or self.folder)
            # The name of a file that is being written means nothing to a person.
            shown = where.parent if where.name.startswith(".") else where
            raise AccessDeniedError(
                f"The warehouse cannot use {shown}: {error.strerror}. Mend that, or name another folder as warehouse "
                f"in the config's {self.client} client."
            ) from error
