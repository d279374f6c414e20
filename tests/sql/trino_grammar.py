"""Texts held to Trino's own grammar, which reads them and runs nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

_GRAMMAR = Path(__file__).resolve().parents[2] / ".components" / "trino_grammar"

needs_grammar = pytest.mark.skipif(
    not _GRAMMAR.exists() or not shutil.which("node"), reason="Get Trino's grammar: make components"
)


def faults_of(texts: Sequence[str]) -> list[list[str]]:
    """What the grammar has against each of the texts."""
    program = [shutil.which("node") or "node", Path(__file__).with_name("trino_grammar.mjs"), _GRAMMAR]
    done = subprocess.run(program, input=json.dumps(list(texts)), capture_output=True, text=True, check=True)
    found: list[list[str]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(texts)
    return found
