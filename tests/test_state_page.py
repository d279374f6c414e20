"""The page about state: each "what happens when" names tests that there are, and no option is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from mason.state.s3.bucket_url import OPTIONS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "state.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading."""
    after = PAGE.partition(f"\n{heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[0].splitlines()[2:]]


def functions(file: str) -> set[str]:
    """All functions and methods in a file of the repository."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_row_names_its_tests():
    table = rows("## What happens when")
    named = [re.findall(r"`([\w/]+\.py)::(\w+)`", row[-1]) for row in table]
    assert len(table) > 10
    assert all(named)
    assert [f"{file}::{name}" for row in named for file, name in row if name not in functions(file)] == []


def test_every_option_is_described():
    described = [name for row in rows("## In a bucket") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(described) == sorted(OPTIONS)
