"""A project in a temporary folder, and what a load of it finds or complains about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mason.errors import ResourceError
from mason.resources.loader import load
from mason.resources.resource import Resources


class Project:
    """A folder to write files into and to load."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        self.cache = cache

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, *names: str, strict: bool = False, cached: bool = False) -> Resources:
        paths = [self.root / name for name in names]
        return load(paths, root=self.root, cache=self.cache if cached else None, strict=strict)

    def faults(self, *names: str) -> list[str]:
        """The lines that a load complains with; an empty list where it does not."""
        try:
            self.load(*names)
        except ResourceError as error:
            return str(error).split("\n")
        return []

    def faults_of(self, content: str | bytes, name: str = "a.yaml") -> list[str]:
        self.write(name, content)
        return self.faults()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root, tmp_path / "home" / "parse-cache")


@pytest.fixture
def operator() -> Callable[..., str]:
    """The text of a small operator that is valid."""

    def text(command: str = "get", more: str = "") -> str:
        return f"type: operator\nnamespace: table\ncommand: {command}\ndo:\n  - metastore.get_table: {{}}\n{more}"

    return text
