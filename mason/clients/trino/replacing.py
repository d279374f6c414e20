"""A table that is made takes the name of another one: made under a name of Mason's first, then renamed.

No connector renames over a table that is there. So the old one is renamed, the new one gets its name, and then the old
one goes; between the two renamings there is no table of the name for a moment. Where the second renaming fails, the old
one gets its name back.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from mason.clients.trino.trino_names import Place
from mason.errors import EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients.trino.statement_answers import StatementAnswers


def name_of_mason(token: str = "") -> str:
    """A name for a table on its way: that of a submission (its digest), or one that nothing has."""
    return f"mason_{token[:24] or secrets.token_hex(12)}"


def old_name(token: str) -> str:
    """The name that a table has while the one that a submission made gets its name."""
    return f"{name_of_mason(token)}_old"


def renamed(answers: StatementAnswers, place: Place, before: str, after: str, doing: str, sign: str = "") -> None:
    """Give a table another name; ``sign`` is a comment for the statement. Raises ``ConflictError`` where the name is
    taken."""
    answers.done(f"ALTER TABLE {place.table(before)} RENAME TO {place.table(after)}{sign}", doing=doing)


def replace_table(
    answers: StatementAnswers, place: Place, made: str, name: str, doing: str, *, token: str = "", sign: str = ""
) -> None:
    """Let the table ``made`` have the name of another one, which is dropped.

    - ``token``: the submission that made it, from which others go on where this process is killed.
    - ``sign``: a comment for the statement by which it gets the name.

    Raises ``EngineError``; the old one is there then, unless the error says otherwise.
    """
    old = old_name(token)
    with suppress(NotFoundError):
        renamed(answers, place, name, old, doing)
    try:
        renamed(answers, place, made, name, doing, sign)
    except EngineError as error:
        try:
            renamed(answers, place, old, name, doing)
        except EngineError as other:
            raise EngineError(
                f"{error} The table that it was to replace is {place.database}.{old} now: rename it, or try again."
            ) from other
        raise
    answers.done(f"DROP TABLE IF EXISTS {place.table(old)}", doing=doing)
