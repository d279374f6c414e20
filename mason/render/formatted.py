"""What ``mason fmt`` says: which files have another layout now, or would have, and the lines of that."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any

from mason.project.formatting import Formatted, LaidOut
from mason.render import JSON_FORMAT


def formatted_text(found: Formatted, *, written: bool) -> str:
    """The files whose layout is another one, a line each, and how many they are."""
    count = len(found.changed)
    said = f"{'Laid out' if written else 'Not laid out'}: {count} of {_files(found.files)}."
    return "\n".join([*(each.shown for each in found.changed), said])


def formatted_diff(found: Formatted) -> str:
    """What would be changed, as a unified diff; empty where nothing would be."""
    return "\n".join(line for each in found.changed for line in _diff(each))


def formatted_json(found: Formatted) -> dict[str, Any]:
    """The document that ``mason fmt --json`` prints."""
    return {
        "format_version": JSON_FORMAT,
        "files": found.files,
        "changed": [each.shown for each in found.changed],
        "faults": [fault.to_dict() for fault in found.faults],
    }


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _diff(each: LaidOut) -> list[str]:
    # utf-8-sig: a mark at the start of a file goes, and would not be seen.
    before, after = (content.decode("utf-8-sig").splitlines() for content in (each.before, each.after))
    return list(unified_diff(before, after, each.shown, each.shown, lineterm=""))
