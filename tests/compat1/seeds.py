"""The two pages that Mason was made from, read where they lie beside this repository: nothing of them is in it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2].parent / "shared" / "seeds"


def page(of: str) -> str:
    """The page that has the text ``of``; without it the test is skipped."""
    files = sorted(FOLDER.glob("*.txt")) if FOLDER.is_dir() else []
    found = [text for file in files if of in (text := file.read_text("utf-8"))]
    if not found:
        pytest.skip(f"the pages of Mason 1.x are not at {FOLDER}")
    return found[0]


def blocks(text: str) -> Iterator[str]:
    """What stands between fences, block by block."""
    inside: list[str] | None = None
    for line in text.splitlines():
        if inside is None:
            inside = [] if re.fullmatch(r"```[\w.]*\s*", line) else None
        elif line.strip() == "```":
            yield "\n".join(inside) + "\n"
            inside = None
        else:
            inside.append(line)


def block(text: str, *holding: str) -> str:
    """The first block that holds all these texts."""
    return next(each for each in blocks(text) if all(part in each for part in holding))


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The lines that a person types, ``mason ...`` and ``cat FILE``, each with what the page shows under it."""
    for each in blocks(text):
        typed, shown = "", []
        for line in each.splitlines():
            match = re.match(r"\s*(?:>+ )?((?:mason|cat) .*)", line)
            if match and (line.lstrip().startswith(">") or line.startswith("mason ")):
                if typed:
                    yield typed, "\n".join(shown)
                typed, shown = match[1].strip(), []
            else:
                shown.append(line)
        if typed:
            yield typed, "\n".join(shown)


def words(typed: str) -> list[str]:
    """The arguments of a command."""
    return shlex.split(typed)[1:]


def json_in(shown: str) -> Any:
    """The first JSON mapping in a text."""
    return json.JSONDecoder().raw_decode(shown[shown.index("{") :])[0]
