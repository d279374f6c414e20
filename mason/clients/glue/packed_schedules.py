"""A schedule packed into the description of what Glue keeps of it, and back: Glue has no room for configs, workflows
and parameters. Pure."""

from __future__ import annotations

import base64
import json
import re
import zlib

from mason.engines.models import Schedule
from mason.errors import EngineError

_LONGEST = 2048
_PACKED = re.compile(r" \[mason ([A-Za-z0-9_=-]+)\]$")
_MOST_UNPACKED = 1024 * 1024


def packed(schedule: Schedule, kind: str, work: str) -> str:
    """The description of a schedule of ``work`` (``table:infer``) that becomes a ``kind`` (``crawler``). Raises
    ``EngineError`` for one that is too long."""
    told = schedule.to_dict()
    for step in told["dag"]["steps"]:
        # Made of the others when it is read.
        step.pop("command", None)
    coded = base64.urlsafe_b64encode(zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 9)).decode()
    text = f"Made by Mason for {schedule.workflow.partition('.')[2] or work}. [mason {coded}]"
    if len(text) > _LONGEST:
        raise EngineError(
            f"Schedule {schedule.name} is too long for a {kind}, whose description has {_LONGEST:,} characters. "
            "Shorten its parameters."
        )
    return text


def unpacked(description: str) -> Schedule | None:
    """The schedule in a description; ``None`` where Mason wrote none, or somebody edited it."""
    found = _PACKED.search(description)
    if found is None:
        return None
    try:
        told = zlib.decompressobj().decompress(base64.urlsafe_b64decode(found[1]), _MOST_UNPACKED)
        return Schedule.from_dict(json.loads(told))
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
        return None
