"""What is refused whatever the columns of tables are: syntax and functions without a rule, found before any type is
known.

What is found here is refused by the translation too; what is not found may be refused all the same, by its types.
"""

from __future__ import annotations

from mason.errors import TranslationError
from mason.sql.foreign.expressions_back import knows
from mason.sql.foreign.foreign import Foreign
from mason.sql.foreign.part import Part, read


def faults(sql: str, written: Foreign) -> list[TranslationError]:
    """Why the query ``sql`` is refused whatever its tables hold, each reason with its place; none where that is not so.

    Raises :class:`TranslationError` for what is no query.
    """
    part = read(sql, written.dialect)
    found: dict[tuple[int, int, str], TranslationError] = {}
    for each in part.of.walk():
        error = knows(Part(each, sql, part), written)
        if error is not None:
            found[error.line, error.column, error.reason] = error
    return [found[key] for key in sorted(found)]
