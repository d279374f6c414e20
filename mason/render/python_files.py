"""The Python files that come with what a plan creates: they will run on the machines of others, so that a reviewer is
told of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from mason.planner.plan import Action
from mason.resources.packed import unpacked
from mason.secrets import scrub


def python_lines(action: Action, *, full: bool) -> Iterator[str]:
    """A line for each file with its size and digest; with ``full`` its text below it."""
    for file in python_files(action, full=full):
        size = "1 byte" if file["bytes"] == 1 else f"{file['bytes']:,} bytes"
        yield f"Python: {file['file']} ({size}, {file['digest'][: len('sha256:') + 12]}...)"
        yield from (f"  | {line}" for line in scrub(file.get("text", "")).splitlines())


def python_files(action: Action, *, full: bool) -> list[dict[str, Any]]:
    """The files that an action creates, as JSON: ``file``, ``bytes``, ``digest``, and with ``full`` their ``text``."""
    if action.kind != "create" or action.wanted is None or action.wanted.source is None:
        return []
    told = []
    for name, text in sorted(unpacked(action.wanted.source).items()):
        content = text.encode("utf-8", "surrogatepass")
        file = {"file": name, "bytes": len(content), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}
        told.append({**file, **({"text": text} if full else {})})
    return told
