"""The mark in the comment of a table that Mason made: by it nothing else is dropped, and a lost job is found again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MADE = "Made by Mason"
"""What the last line of the comment begins with."""


def marked(comment: str, facts: Mapping[str, Any] | None = None) -> str:
    """A person's comment with the mark behind it. ``facts`` are those of the job that filled the table."""
    told = f": {json.dumps(dict(facts), ensure_ascii=False, sort_keys=True)}" if facts else ""
    return f"{comment}\n{MADE}{told}" if comment else f"{MADE}{told}"


def parted(comment: str) -> tuple[str, Mapping[str, Any] | None]:
    """A comment without the mark, and the facts in the mark; ``None`` where Mason did not make the table."""
    before, _, last = comment.rpartition("\n")
    if last == MADE:
        return before, {}
    if not last.startswith(f"{MADE}: "):
        return comment, None
    try:
        found = json.loads(last.removeprefix(f"{MADE}: "))
    except ValueError:
        return comment, None
    return (before, found) if isinstance(found, dict) else (comment, None)


def is_made(comment: str) -> bool:
    """Whether Mason made the table with this comment."""
    return parted(comment)[1] is not None
