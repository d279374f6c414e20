"""Jobs as 1.x has them: what an execution engine is asked to do, and what it answers."""

from __future__ import annotations

from typing import Any

from mason.compat1.response import Responsable, Response
from mason.compat1.table_kinds import MetastoreCredentials, Path, Table


class ExecutedJob(Responsable):
    """A job that an engine has: done, or under way. ``model`` is what it is today."""

    def __init__(self, id: str, message: str | None = None, logs: list[Any] | None = None, model: Any = None) -> None:
        self.id = id
        self.message = message or ""
        self.logs = list(logs or ())
        self.model = model

    def to_response(self, response: Response) -> Response:
        """Its message, and its logs as data."""
        if self.message:
            response.add_info(self.message)
        if self.logs or self.model is not None:
            response.add_data({"Logs": self.logs}, self.model)
        return response


class InvalidJob(Responsable):
    """A job that did not come to be, or failed, and why."""

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason

    def to_response(self, response: Response) -> Response:
        """An error."""
        response.add_error(f"Job errored: {self.reason or 'no reason was given'}")
        return response


class FailedJob(InvalidJob):
    """A job that failed."""


class RetryableJob(InvalidJob):
    """A job that is not done yet: with ``retry``, the step is tried again."""


class Job:
    """Work for an execution engine, by its ``type``."""

    def __init__(self, type: str) -> None:
        self.type = type
        self.id = ""
        self.logs: list[Any] = []

    def add_log(self, log: Any) -> None:
        """Add a line to its logs."""
        self.logs.append(log)

    def set_id(self, id: str | None = None) -> None:
        """Give it an id."""
        self.id = id or ""

    def errored(self, error: str | None = None, retryable: bool = False) -> InvalidJob:
        """What is answered where it failed."""
        return RetryableJob(error) if retryable else FailedJob(error)

    def running(self, message: str | None = None) -> ExecutedJob:
        """What is answered where it is under way."""
        return ExecutedJob(self.id, message, self.logs)


class QueryJob(Job):
    """A statement about a table; without ``output_path`` the rows are the job's."""

    def __init__(self, query_string: str, table: Table, output_path: Path | None = None) -> None:
        super().__init__("query")
        self.query_string = query_string
        self.table = table
        self.output_path = output_path


class FormatJob(Job):
    """A table in another format."""

    def __init__(
        self,
        table: Table,
        output_path: Path,
        format: str,
        partition_columns: str | None,
        filter_columns: str | None,
        partitions: str | None,
        credentials: MetastoreCredentials,
    ) -> None:
        super().__init__("format")
        self.table = table
        self.output_path = output_path
        self.format = format
        self.partition_columns = _names(partition_columns)
        self.filter_columns = _names(filter_columns)
        self.partitions = int(partitions) if partitions else None


def _names(given: Any) -> list[str]:
    if isinstance(given, str):
        return [each.strip() for each in given.split(",") if each.strip()]
    return [str(each) for each in given or ()]


class InferJob(Job):
    """What is at a path, as a table: its columns are the answer."""

    def __init__(
        self,
        database_name: str,
        table_name: str,
        path: Path,
        credentials: MetastoreCredentials,
        read_headers: bool = False,
    ) -> None:
        super().__init__("infer")
        self.input_path = path
        self.read_headers = read_headers


class MergeJob(Job):
    """The files at a path with one schema."""

    def __init__(
        self,
        input_format: str,
        input_path: Path,
        output_path: Path,
        credentials: MetastoreCredentials | None = None,
        read_headers: bool = False,
    ) -> None:
        super().__init__("merge")
        self.input_path = input_path
        self.output_path = output_path
        self.read_headers = read_headers


class PreviewJob(Job):
    """The first rows of what is at a path, in a file."""

    def __init__(
        self,
        input_path: Path,
        input_format: str,
        output_path: Path,
        credentials: MetastoreCredentials | None,
        read_headers: bool = False,
        limit: int = 10,
    ) -> None:
        super().__init__("preview")
        self.input_path = input_path
        self.output_path = output_path
        self.read_headers = read_headers
        self.limit = limit


class SummaryJob(Job):
    """The summary of what is at a path, in a file."""

    def __init__(
        self, input_path: Path, output_path: Path, credentials: MetastoreCredentials, read_headers: bool = False
    ) -> None:
        super().__init__("summary")
        self.input_path = input_path
        self.output_path = output_path
        self.read_headers = read_headers
