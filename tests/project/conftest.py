"""An opened project whose state lives in this process, and short ways to say what its state holds."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mason.project.opened import Project
from mason.settings import ProjectSettings, find_project
from mason.state.snapshot import Entry, Snapshot
from mason.state.urls import open_store
from tests.planner.conftest import snapshot

Write = Callable[..., Snapshot]


@pytest.fixture
def settings(folder: Path) -> ProjectSettings:
    """The settings of a project called ``flights`` in the current folder."""
    (folder / "mason.yaml").write_text("name: flights\n")
    return find_project(folder)


@pytest.fixture
def opened(settings: ProjectSettings) -> Project:
    """The project, with a state that nobody has written to."""
    url = f"memory://{uuid.uuid4()}"
    return Project(settings, open_store(url), url)


@pytest.fixture
def write(opened: Project) -> Write:
    """Makes definitions the content of the project's state; ``outcomes`` are what came of some of them."""

    def make(
        *definitions: dict[str, Any], project: str = "flights", outcomes: dict[str, Any] | None = None
    ) -> Snapshot:
        entries: dict[str, Entry] = dict(snapshot(*definitions, project=project).resources)
        for address, outcome in (outcomes or {}).items():
            entries[address] = replace(entries[address], outcome=outcome)
        return opened.store.write(entries, base=opened.store.read())

    return make
