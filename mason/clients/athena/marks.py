"""What a submitted statement says of itself in a comment at its end: whose submission it is, and where its rows go.

Athena keeps the text of a query for 45 days, so that whoever asks for a job, in whichever process, finds there what is
to be done with its result; and a submission whose answer got lost is found by its token. Statements that only ask have
no such comment: Athena gives the result of the same text again, where that is allowed.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict

from mason.values import dataclass

_COMMENT = re.compile(r"\n-- mason ([A-Za-z0-9_=-]+)\s*\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """One of ``parts`` statements that were submitted under the same ``token`` (its digest), counted from 1.

    ``output`` is what the verb was given. ``staging`` is the folder that Athena writes into; empty where the rows are
    in the query's own result, which is CSV. ``rows_in`` is how many rows were there before duplicates are removed.
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
    database: str = ""
    groups: int = 0

    def on(self, sql: str) -> str:
        """The statement with this mark."""
        given = {name: value for name, value in asdict(self).items() if value not in ("", False, None)}
        told = json.dumps(given, separators=(",", ":"))
        return f"{sql}\n-- mason {base64.urlsafe_b64encode(told.encode()).decode()}"


def mark_of(sql: str) -> Mark | None:
    """The mark of a statement; ``None`` where it has none, or a newer Mason's."""
    found = _COMMENT.search(sql)
    if found is None:
        return None
    try:
        told = json.loads(base64.urlsafe_b64decode(found[1]))
        return Mark(**told)
    except (ValueError, TypeError):
        return None
