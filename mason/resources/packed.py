"""The Python files of an operator or workflow as they come out of a state or a plan: by plain names, or not at all.

Whoever can write the state or a plan file chooses these names, and they become files on the machines of others.
"""

from __future__ import annotations

import json
import re

_PART = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,200}")
_MOST_PARTS = 30


def is_plain(name: str) -> bool:
    """Whether a file may be unpacked under this name: ``name.py``, or such a file in folders of plain names."""
    parts = name.split("/")
    plain = all(_PART.fullmatch(part) and not part.startswith("~") for part in parts)
    return plain and len(parts) <= _MOST_PARTS and len(parts[-1]) > len(".py") and name.endswith(".py")


def unpacked(content: bytes) -> dict[str, str]:
    """The files in the content of a source by name. Raises ``ValueError`` that says what is wrong with it."""
    try:
        files = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(files, dict):
        raise ValueError("it is no mapping of files")
    for name, text in files.items():
        if not is_plain(name):
            raise ValueError(f"it names a file {name[:200]!r}, which is no plain name of a Python file (name.py)")
        if not isinstance(text, str):
            raise ValueError(f"its file {name} is no text")
    folders = {name[:at] for name in files for at in range(len(name)) if name[at] == "/"}
    if both := sorted(folders.intersection(files)):
        raise ValueError(f"it has a file and a folder {both[0]}")
    return files
