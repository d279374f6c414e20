"""What a submitted statement says of itself in a comment at its end: whose submission it is, and where its rows go.

Athena keeps the text of a query for 45 days, so that whoever asks for a job, in whichever process, finds there what is
to be done with its result; and a submission whose answer got lost is found by its token. Statements that only ask have
no such comment: Athena gives the result of the same text again, where that is allowed.
"""

from __future__ import annotations

from dataclasses import asdict

from mason.clients._statements.marked_sql import marked, told_by
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """One of ``parts`` statements that were submitted under the same ``token`` (its digest), counted from 1.

    ``output`` is what the verb was given. ``staging`` is the folder that Athena writes into; empty where the rows are
    in the query's own result, which is CSV. ``rows_in`` is how many rows were there before duplicates are removed.
    ``checked`` says that checks are kept beside the results, which the rows have to fulfil before they are published.
    ``groups`` is how many tables there are in ``database`` only while the statements run (:mod:`group_tables`).
    """

    token: str
    verb: str
    output: str
    format: str
    ending: str = ""
    staging: str = ""
    overwrite: bool = False
    part: int = 1
    parts: int = 1
    rows_in: int | None = None
    checked: bool = False
    database: str = ""
    groups: int = 0

    def on(self, sql: str) -> str:
        """The statement with this mark."""
        return marked(sql, asdict(self))


def mark_of(sql: str) -> Mark | None:
    """The mark of a statement; ``None`` where it has none, or a newer Mason's."""
    told = told_by(sql)
    try:
        return Mark(**told) if told is not None else None
    except TypeError:
        return None
