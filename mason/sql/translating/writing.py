"""How a dialect writes names, values and types. The defaults are the SQL standard's; a dialect says what it does else.

Each literal says exactly the value that DuckDB has.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from mason.sql.sql_types import BIGINT, DOUBLE, HUGEINT, INTEGER, RANGES, SqlType


class Writing:
    """Names, values and types as texts."""

    types: ClassVar[Mapping[SqlType, str]] = {}
    """Names of the types without parameters; one that is not there has no type that holds the same values."""

    has_infinity: ClassVar[bool] = True
    """Whether infinity and NaN can be written as a DOUBLE."""

    def identifier(self, name: str) -> str:
        """A name, in quotes."""
        return '"' + name.replace('"', '""') + '"'

    def can_name(self, name: str) -> bool:
        """Whether the engine takes ``name`` as it stands."""
        return name != "" and "\0" not in name

    def type_name(self, type_: SqlType) -> str:
        """How ``type_`` is written; empty where the engine has none that holds the same values."""
        return str(type_) if type_.name == "DECIMAL" else self.types.get(type_, "")

    def holds(self, type_: SqlType) -> bool:
        """Whether a column may be of that type."""
        return self.type_name(type_) != "" or type_.name == "NULL"

    def cast(self, text: str, type_: SqlType) -> str:
        """A cast; the caller knows that it means what DuckDB's does."""
        return f"CAST({text} AS {self.type_name(type_)})"

    def text(self, value: str) -> str:
        """A text literal."""
        return "'" + value.replace("'", "''") + "'"

    def can_say(self, value: str) -> bool:
        """Whether a text can be written at all."""
        return "\0" not in value

    def integer(self, value: int, type_: SqlType) -> str:
        """A whole number of the type."""
        if type_ == INTEGER and abs(value) < RANGES[INTEGER]:
            return str(value) if value >= 0 else f"({value})"
        return self.cast(f"'{value}'" if value < 0 and type_ != HUGEINT else str(value), type_)

    def exact(self, value: Decimal, type_: SqlType) -> str:
        """A decimal of the type."""
        return self.cast(f"{value:f}", type_)

    def double(self, value: float) -> str:
        """A DOUBLE."""
        return self.cast(f"'{value!r}'", DOUBLE)

    def has_time(self, written: str) -> bool:
        """Whether a timestamp, as of ``2024-01-31 10:00:00.123456``, keeps all its digits."""
        return True

    def date(self, written: str) -> str:
        """A date, of ``2024-01-31``."""
        return f"DATE '{written}'"

    def timestamp(self, written: str) -> str:
        """A timestamp without a zone, of ``2024-01-31 10:00:00``."""
        return f"TIMESTAMP '{written}'"

    def interval(self, number: int, unit: str) -> str:
        """So many MONTH, DAY, HOUR, ...."""
        return f"INTERVAL '{number}' {unit}"

    def bigint(self, text: str) -> str:
        """A count, place or part as a BIGINT."""
        return self.cast(text, BIGINT)
