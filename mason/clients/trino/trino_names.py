"""Names of Trino's catalogs, schemas and tables in Mason's words, and in SQL. Pure.

A database is the schema of a catalog: ``CATALOG.SCHEMA``, or ``SCHEMA`` where the config names a catalog. A part with a
dot in it, or that begins with a quote, stands in double quotes, as in SQL. Trino keeps no capital letters.
"""

from __future__ import annotations

from mason.clients._duckdb.quoting import identifier, qualified
from mason.errors import EngineError
from mason.values import dataclass

SCHEMES = ("s3", "s3a", "s3n", "hdfs", "viewfs", "gs", "abfs", "abfss", "wasb", "wasbs", "file")
"""Of places in which files of tables lie that Trino reads."""


@dataclass(frozen=True, slots=True)
class Place:
    """A schema of a catalog; ``database`` is what Mason calls it."""

    catalog: str
    schema: str
    database: str

    @property
    def sql(self) -> str:
        """Its name in SQL."""
        return qualified(self.catalog, self.schema)

    def table(self, name: str) -> str:
        """The name of a table in SQL."""
        return qualified(self.catalog, self.schema, name.lower())


def database_name(catalog: str, schema: str, own: str) -> str:
    """What Mason calls a schema; ``own`` is the catalog of the config, empty where there is none."""
    return _part(schema) if own and catalog == own.lower() else f"{_part(catalog)}.{_part(schema)}"


def place_of(database: str, own: str) -> Place:
    """The schema that a database is. Raises ``EngineError`` for a name that is none."""
    parts = _split(database.lower())
    if len(parts) == 1 and own:
        parts = [own.lower(), *parts]
    if len(parts) != 2 or not all(parts):
        wanted = "SCHEMA, or CATALOG.SCHEMA for another catalog" if own else "CATALOG.SCHEMA"
        raise EngineError(
            f"{database!r} names no database of Trino: write {wanted}. A name with a dot in it stands in double quotes."
        )
    catalog, schema = parts
    return Place(catalog, schema, database_name(catalog, schema, own))


def _part(name: str) -> str:
    return identifier(name) if "." in name or name.startswith('"') else name


def _split(name: str) -> list[str]:
    """The parts of a name between dots; none where a quote is not closed."""
    parts: list[str] = []
    rest = name
    while True:
        if rest.startswith('"'):
            part, rest = _quoted(rest)
            if rest and not rest.startswith("."):
                return []
        else:
            part = rest.partition(".")[0]
            rest = rest[len(part) :]
        parts.append(part)
        if not rest:
            return parts
        rest = rest[1:]


def _quoted(text: str) -> tuple[str, str]:
    """What stands in quotes at the beginning of a text, and what comes behind."""
    found, place = "", 1
    while place < len(text):
        if text[place] != '"':
            found += text[place]
        elif text[place + 1 : place + 2] == '"':
            found += '"'
            place += 1
        else:
            return found, text[place + 1 :]
        place += 1
    return "", ""
