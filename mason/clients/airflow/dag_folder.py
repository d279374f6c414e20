"""The folder of DAG files: whole files of Mason's, and never one that Mason did not write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mason.clients.airflow.dag_file import DagFile, read_dag_text
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError

_PREFIX, _SUFFIX = "mason_", ".py"


class DagFolder:
    """The files ``mason_NAME.py`` of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where the DAG of a schedule is."""
        return self.folder / f"{_PREFIX}{name}{_SUFFIX}"

    def read(self, name: str) -> DagFile | None:
        """The DAG file of a schedule; ``None`` where there is none. Raises ``ConflictError`` for one that is not
        Mason's, or whose schedule somebody broke."""
        text = self._text(self.path(name))
        if text is None:
            return None
        found = read_dag_text(text)
        if found is None or found.schedule.name != name:
            raise ConflictError(
                f"{self.path(name)} was not written by Mason, or somebody broke it, so it is neither read nor "
                "replaced. Move it away, or give the schedule another name."
            )
        return found

    def all(self) -> Iterator[DagFile]:
        """Those that Mason wrote, in the order of their names; what is none of Mason's is passed over."""
        try:
            files = sorted(self.folder.glob(f"{_PREFIX}*{_SUFFIX}"))
        except OSError as error:
            raise self._unusable("read", self.folder, error) from error
        for file in files:
            text = self._text(file)
            found = read_dag_text(text) if text is not None else None
            if found is not None and self.path(found.schedule.name) == file:
                yield found

    def write(self, name: str, text: str, *, overwrite: bool) -> None:
        """Put a file there, whole or not at all. Raises ``ConflictError`` where there is one and ``overwrite`` is
        false."""
        # Imported here: most plans write nothing.
        from mason.clients._duckdb.writing.atomic import write_whole

        if not self.folder.is_dir():
            raise NotFoundError(
                f"There is no folder {self.folder}, from which Airflow takes its DAG files. Check dags in the config."
            )
        try:
            write_whole(self.path(name), text.encode(), overwrite=overwrite)
        except FileExistsError as error:
            raise ConflictError(
                f"{self.path(name)} was written by another process a moment ago. Plan again, and look at what it put."
            ) from error
        except OSError as error:
            raise self._unusable("written", self.path(name), error) from error

    def delete(self, name: str) -> None:
        """Remove the file of a schedule, if there is one."""
        try:
            self.path(name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable("deleted", self.path(name), error) from error

    def _text(self, file: Path) -> str | None:
        try:
            return file.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("read", file, error) from error

    def _unusable(self, what: str, path: Path, error: OSError) -> EngineError:
        message = f"{path} cannot be {what}: {(error.strerror or str(error)).lower()}."
        if isinstance(error, PermissionError):
            return AccessDeniedError(f"{message} Check its permissions.")
        return EngineError(f"{message} Check dags in the config.")
