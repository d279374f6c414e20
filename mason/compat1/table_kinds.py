"""Tables, databases, schemas and paths as 1.x has them, each beside what it is today (``model``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mason.compat1.response import Responsable, Response
from mason.compat1.shapes import schema_shape, table_shape
from mason.engines import models


class Path:
    """A path of a storage. ``source`` is the database and the table that it stands for, where it does."""

    def __init__(self, path_str: str, protocol: str = "file", source: tuple[str, str] | None = None) -> None:
        self.protocol = protocol
        self.path_str = path_str
        self.source = source

    def full_path(self) -> str:
        """As verbs of today take it."""
        return self.path_str if self.protocol == "file" else f"{self.protocol}://{self.path_str}"

    clean_path_str = full_path


def construct(parts: Sequence[str], protocol: str | None = None) -> Path:
    """The path of these parts."""
    return Path("/".join(part.strip("/") for part in parts if part.strip("/")), protocol or "file")


class SchemaElement:
    """A column."""

    def __init__(self, name: str, type: str) -> None:
        self.name = name
        self.type = type

    def to_dict(self) -> dict[str, Any]:
        """As 1.x printed it."""
        return {"Name": self.name, "Type": self.type}


class Schema:
    """The columns of a table; ``type`` is the format of its files."""

    def __init__(self, columns: Sequence[SchemaElement], type: str, path: Path | None = None) -> None:
        self.columns = list(columns)
        self.type = type
        self.path = path

    def to_dict(self) -> dict[str, Any]:
        """As 1.x printed it."""
        return {"SchemaType": self.type, "Columns": [column.to_dict() for column in self.columns]}

    def column_names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]


class EmptySchema(Schema):
    """The schema of nothing."""

    def __init__(self) -> None:
        super().__init__((), "")


class InvalidSchema:
    """Why there is no schema."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class SchemaConflict:
    """Schemas of files that differ."""

    def __init__(self, unique_schemas: Sequence[Schema], schema_diff: Schema) -> None:
        self.unique_schemas = list(unique_schemas)
        self.schema_diff = schema_diff

    def to_dict(self) -> dict[str, Any]:
        """As 1.x printed it."""
        return {"SchemaConflicts": {"DistinctSchemas": [each.to_dict() for each in self.unique_schemas]}}


class Table(Responsable):
    """A table. ``model`` is what it is today."""

    def __init__(self, model: models.Table) -> None:
        self.model = model
        self.name = model.name
        self.database_name = model.database
        self.created_at = ""
        self.created_by = "mason"
        shape = schema_shape(model)
        self.schema = Schema([SchemaElement(each["Name"], each["Type"]) for each in shape["Columns"]], model.format)
        source = (model.database, model.name)
        self.paths = [Path(model.location.path, source=source)] if model.location else []
        self.source_path = self.paths[0] if self.paths else None
        self.line_terminator: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As 1.x printed it."""
        return table_shape(self.model)

    def to_response(self, response: Response) -> Response:
        """The table as data."""
        response.add_data(self.to_dict(), self.model)
        return response

    def column_names(self) -> list[str]:
        """The names of the columns."""
        return self.schema.column_names()


class _Tables(list["Table"]):
    """Tables of a database. Operators of 1.x that register one say which other they stand beside: the first."""

    def __getitem__(self, index: Any) -> Any:
        return Table(models.Table("")) if index == 0 and not self else super().__getitem__(index)


class TableList(Responsable):
    """The tables of a database."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = _Tables(tables)

    def to_dict(self) -> dict[str, Any]:
        """As 1.x printed it."""
        return {"Tables": [table.to_dict() for table in self.tables]}

    def to_response(self, response: Response) -> Response:
        """Each table as data."""
        for table in self.tables:
            table.to_response(response)
        return response


class InvalidTable(Responsable):
    """Why there is no table."""

    status = 400

    def __init__(self, reason: str, invalid_schema: InvalidSchema | None = None) -> None:
        self.invalid_schema = invalid_schema
        self.reason = f"{reason}:{invalid_schema.reason}" if invalid_schema else reason

    def to_response(self, response: Response) -> Response:
        """An error."""
        response.add_error(self.reason)
        response.set_status(self.status)
        return response


class TableNotFound(InvalidTable):
    """There is none."""

    status = 404


class ConflictingTable(InvalidTable):
    """Its files have different schemas."""

    status = 403

    def __init__(
        self, schema_conflict: SchemaConflict, reason: str, invalid_schema: InvalidSchema | None = None
    ) -> None:
        super().__init__(reason, invalid_schema)
        self.schema_conflict = schema_conflict


class InvalidTables(Responsable):
    """Why there is no table, perhaps for several reasons."""

    def __init__(self, invalid_tables: Sequence[InvalidTable], error: str | None = None) -> None:
        self.invalid_tables = list(invalid_tables)
        self.error = error

    def conflicting_table(self) -> ConflictingTable | None:
        """That with schemas that differ."""
        return next((each for each in self.invalid_tables if isinstance(each, ConflictingTable)), None)

    def message(self) -> str:
        """All reasons."""
        return ", ".join([*(each.reason for each in self.invalid_tables), *([self.error] if self.error else [])])

    def to_response(self, response: Response) -> Response:
        """An error for each."""
        for each in self.invalid_tables:
            each.to_response(response)
        if self.error:
            response.add_error(self.error)
        return response


class Database(Responsable):
    """A database and its tables."""

    def __init__(self, name: str, tables: TableList, model: models.Database | None = None) -> None:
        self.name = name
        self.tables = tables
        self.model = model

    def to_dict(self) -> dict[str, Any]:
        """As 1.x printed it."""
        return {**self.tables.to_dict(), "Name": self.name}

    def to_response(self, response: Response) -> Response:
        """Its tables as data."""
        return self.tables.to_response(response)


class InvalidDatabase(Responsable):
    """Why there is no database."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def to_response(self, response: Response) -> Response:
        """An error."""
        response.add_error(f"InvalidDatabase: {self.reason}")
        return response


class DatabaseList(Responsable):
    """The databases of a metastore."""

    def __init__(self, databases: Sequence[Database], invalid_databases: Sequence[InvalidDatabase] = ()) -> None:
        self.databases = list(databases)
        self.invalid_databases = list(invalid_databases)

    def to_response(self, response: Response) -> Response:
        """Each database as data."""
        for invalid in self.invalid_databases:
            invalid.to_response(response)
        for each in self.databases:
            response.add_data(each.to_dict(), each.model)
        return response


class TableSummary(Responsable):
    """The summary of a table: ``model`` holds its rows."""

    def __init__(self, model: models.Rows) -> None:
        self.model = model

    def to_response(self, response: Response) -> Response:
        """The rows as data."""
        response.add_data({"Summaries": self.model.to_dicts()}, self.model)
        return response


class Registration(str):
    """The statement that registers a table: text for who prints it, and what is asked of the metastore today."""

    __slots__ = ("database", "table")
    database: str
    table: models.Table

    @classmethod
    def of(cls, database: str, table: models.Table) -> Registration:
        """That of ``table`` in ``database``."""
        statement = cls(f"CREATE EXTERNAL TABLE IF NOT EXISTS {database}.{table.name}")
        statement.database, statement.table = database, table
        return statement


class DDLStatement:
    """A statement that registers a table."""

    def __init__(self, statement: str) -> None:
        self.statement = statement


class InvalidDDLStatement:
    """Why there is no such statement."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class MetastoreCredentials:
    """Credentials, which stay with the clients today: there is nothing in these."""

    access_key = secret_key = "kept by the client"

    def to_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def empty(self) -> bool:
        """Whether there are none: the client finds out by itself."""
        return False


class AWSCredentials(MetastoreCredentials):
    """Those of AWS."""


class InvalidCredentials:
    """Why there are none."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
