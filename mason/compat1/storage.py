"""The storage as operators of 1.x ask it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import mason
from mason.compat1.metastore import read_headers
from mason.compat1.no_answer import NO_ANSWER
from mason.compat1.response import Response
from mason.compat1.table_kinds import InvalidTable, InvalidTables, Path, Table, TableNotFound, construct
from mason.errors import EngineError, NotFoundError


class StorageClient:
    """Verbs of 1.x."""

    client: Any = None

    def __init__(self, ctx: mason.Context) -> None:
        self._ctx = ctx

    def path(self, path: str) -> Any:
        """A path."""
        return Path(path)

    def table_path(self, database_name: str, table_name: str) -> Path:
        """The path of a table whose database is a folder."""
        path = construct([database_name, table_name])
        return Path(path.path_str, path.protocol, (database_name, table_name))

    def open(self, path: Path) -> io.BytesIO:
        """What is in a file, whole."""
        return io.BytesIO(self._ctx.storage.read(path.full_path()))

    def save_to(self, inpath: str, outpath: str, response: Response) -> Response:
        """Copy a file."""
        self._ctx.storage.copy(inpath, outpath)
        return response

    def get_name(self, path: Path, name: str | None = None) -> str:
        """``name``, or what a path ends in."""
        return name or path.full_path().rstrip("/").split("/")[-1]

    def expand_path(
        self, path: Path, response: Response | None = None, sample_size: int = 3
    ) -> tuple[list[Path], Response]:
        """The first files at and below a path."""
        found = self._ctx.storage.list_paths(path.full_path())
        return [Path(each.path) for each in found[:sample_size]], response or Response()

    def infer_table(
        self,
        path: Path,
        table_name: str | None = None,
        options: Mapping[str, Any] | None = None,
        response: Response | None = None,
    ) -> tuple[Table | InvalidTables, Response]:
        """What the files at a path look like as a table, which is called after the path where it gets no name."""
        try:
            found = self._ctx.storage.infer_table(
                path.full_path(), table=table_name or None, read_headers=read_headers(options)
            )
        except NO_ANSWER:
            raise
        except NotFoundError as error:
            return InvalidTables([TableNotFound(str(error))]), response or Response()
        except EngineError as error:
            return InvalidTables([InvalidTable(str(error))]), response or Response()
        return Table(found), response or Response()


class StorageOf10x(StorageClient):
    """Verbs as 1.0x has them, where a path is text."""

    def path(self, path: str) -> str:
        """The path."""
        return path
