"""What a statement says of itself in a comment at its end, which its service keeps with its text. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

_COMMENT = re.compile(r"\n-- mason ([A-Za-z0-9_=-]+)\s*\Z")


def marked(sql: str, told: Mapping[str, Any]) -> str:
    """A statement that tells something; what says nothing is left out."""
    given = {name: value for name, value in told.items() if value not in ("", False, None)}
    written = json.dumps(given, separators=(",", ":"))
    return f"{sql}\n-- mason {base64.urlsafe_b64encode(written.encode()).decode()}"


def told_by(sql: str) -> dict[str, Any] | None:
    """What a statement tells; ``None`` where it tells nothing."""
    found = _COMMENT.search(sql)
    if found is None:
        return None
    try:
        told = json.loads(base64.urlsafe_b64decode(found[1]))
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
