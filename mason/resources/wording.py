"""How faults speak of what they found: values quoted, shortened and free of control characters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mason.secrets import scrub

TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
"""What the types of JSON Schema are called."""

_LONGEST = 60


def quoted(text: str) -> str:
    """``text`` in single quotes on one line, without secrets: control characters escaped, cut after 60 characters."""
    # Before it is cut: half a secret looks like none.
    text = scrub(text)
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    escaped = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in cut)
    return f"'{escaped}'"


def described(value: Any) -> str:
    """What a value is, to end a sentence: ``empty``, ``true``, ``the number 1``, ``the text 'a'``, ``a list``."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {quoted(value)}" if value else "empty"
    return "a list" if isinstance(value, list) else "a mapping"


def with_article(noun: str) -> str:
    """``an object``, ``a list``."""
    return f"{'an' if noun[:1].lower() in tuple('aeiou') else 'a'} {noun}"


def shown_path(path: Sequence[str | int]) -> str:
    """A place in a document as people write it: ``parameters.optional[0].name``."""
    shown = ""
    for step in path:
        if isinstance(step, int):
            shown += f"[{step}]"
        else:
            shown += ("." if shown else "") + quoted(step)[1:-1]
    return shown


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or nothing."""
    # Imported here: it is needed for faults only.
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1)
    return found[0] if found else ""


def suggestion(word: str, known: Iterable[str], known_are: str) -> str:
    """A remedy for an unknown word: the one that was probably meant, else all (``known keys: ...``)."""
    known = list(known)
    meant = nearest(word, known)
    if meant:
        return f"did you mean '{meant}'?"
    return f"{known_are}: {shortened(known)}" if known else ""


def shortened(words: Iterable[str]) -> str:
    """The words with commas between them, the first dozen of many."""
    words = list(words)
    return ", ".join(words[:12]) + (f" and {len(words) - 12} more" if len(words) > 12 else "")


def listing(names: Iterable[str], *, most: int = 10) -> str:
    """Names for a person: comma-separated, cut after ``most`` with the number of those left out."""
    names = list(names)
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """``wanted``, or with a number behind it where that is ``taken``."""
    taken, name, number = set(taken), wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def cost_text(cost: Any) -> str:
    """What work cost, on one line: ``bytes_scanned 1,000, credits 0.5``; empty where that is not told."""
    if not isinstance(cost, Mapping):
        return ""
    return ", ".join(
        f"{name} {value:,}" if isinstance(value, (int, float)) else f"{name} {value}" for name, value in cost.items()
    )
