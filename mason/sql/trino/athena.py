"""DuckDB's SQL in Athena's: Trino's dialect with Athena's lacks, which are values with their source.

No Athena was asked. Version 3 of its engine is expected, which has Trino's SQL by and large.
"""

from __future__ import annotations

from collections.abc import Mapping

from mason.sql.parsed import Tables
from mason.sql.sql_types import TIMESTAMP, TIMESTAMPTZ, SqlType
from mason.sql.translating.work import translated
from mason.sql.translations import Translation
from mason.sql.trino.trino import Trino
from mason.values import dataclass


@dataclass(slots=True, frozen=True)
class Lack:
    """What Athena has not of Trino's SQL: what it is, and the page of Athena's User Guide that says so."""

    what: str
    source: str


LACKS = (
    Lack(
        "names keep no capital letters: those of columns are lower-cased",
        "Name databases, tables, and columns (tables-databases-columns-names)",
    ),
    Lack(
        "times have milliseconds: a TIMESTAMP with more digits is cut",
        "Data types in Amazon Athena (data-types)",
    ),
    Lack(
        "ORDER BY with LIMIT takes no more than 2147483647 rows",
        "Considerations and limitations for SQL queries in Amazon Athena (other-notable-limitations)",
    ),
)
"""What is known to be less. Statements that Mason does not translate (MERGE, UPDATE, PREPARE) are not among them."""

_TIMES = "times have milliseconds in Athena, further digits are lost"
_MILLISECONDS = {TIMESTAMP: "timestamp(3)", TIMESTAMPTZ: "timestamp(3) with time zone"}


class Athena(Trino):
    """Athena's SQL."""

    engine = "Athena"
    bad_name = "has capital letters, which Athena makes small"

    def can_name(self, name: str) -> bool:
        """Whether Athena keeps a name as it is."""
        return super().can_name(name) and name == name.lower()

    def type_name(self, type_: SqlType) -> str:
        """How the type is written."""
        return _MILLISECONDS.get(type_) or super().type_name(type_)

    def has_time(self, written: str) -> bool:
        """Whether a timestamp has milliseconds only."""
        return not written.partition(".")[2][3:].strip("0")

    def compared_note(self, type_: SqlType) -> str:
        """What is known of times, and what is not of NaN."""
        return _TIMES if type_ in _MILLISECONDS else super().compared_note(type_)

    def answered_note(self, type_: SqlType) -> str:
        """What is known of times."""
        return _TIMES if type_ in _MILLISECONDS else ""


ATHENA = Athena()


def to_athena(sql: str, tables: Tables, places: Mapping[str, str] | None = None) -> Translation:
    """Translate ``sql``, a query over ``tables``; ``TranslationError`` where that is not known to answer the same."""
    return translated(sql, tables, places or {}, ATHENA)
