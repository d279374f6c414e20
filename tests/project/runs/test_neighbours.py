"""What clients of one config are told of each other: what is public, as it is meant, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mason.home import mason_home
from mason.project.opened import Project
from mason.project.runs.clients import Clients
from mason.project.runs.neighbours import Neighbours
from mason.resources.config import Config
from mason.settings import ProjectSettings
from mason.state.local import LocalStateStore

CONFIG = Config(
    "1",
    {"metastore": ("lake",), "storage": ("lake", "bin"), "execution": ("desk",), "scheduler": ("gone",)},
    {
        "lake": {"root": "{{ROOT}}", "warehouse": "lake.db", "memory_limit": "{{UNSET}}"},
        "bin": {"token": "{{TOKEN}}", "memory_limit": "1GB"},
        "gone": {"key": "x"},
        "unused": {"root": "x"},
    },
    {"lake": "local", "bin": "memory", "desk": "local", "gone": "no_such_client", "unused": "local"},
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectSettings:
    monkeypatch.setenv("ROOT", "the lake")
    monkeypatch.setenv("TOKEN", "very secret")
    return ProjectSettings(root=tmp_path)


def test_public_facts_are_told_by_the_names_of_the_config(project: ProjectSettings, tmp_path: Path) -> None:
    told: dict[str, Any] = {name: dict(facts) for name, facts in Neighbours(project, CONFIG, "desk").items()}
    assert told == {
        "lake": {
            "type": "local",
            "engines": ("metastore", "storage"),
            "root": f"{tmp_path}/the lake",
            "url": f"file://{tmp_path}/the%20lake",
            "warehouse": f"{tmp_path}/lake.db",
        },
        "bin": {"type": "memory", "engines": ("storage",), "memory_limit": "1GB"},
        "gone": {"type": "no_such_client", "engines": ("scheduler",)},
    }


def test_a_client_is_no_neighbour_of_its_own(project: ProjectSettings) -> None:
    neighbours = Neighbours(project, CONFIG, "lake")
    assert (list(neighbours), len(neighbours), "lake" in neighbours) == (["bin", "desk", "gone"], 3, False)


def test_whoever_connects_hands_them_in(project: ProjectSettings, tmp_path: Path) -> None:
    opened = Project(project, LocalStateStore(str(tmp_path / "state")), str(tmp_path / "state"))
    clients = Clients(opened, CONFIG, {"metastore": "lake", "storage": "bin", "execution": "desk"})
    desk, bin_ = clients.engine("execution"), clients.engine("storage")
    assert (desk.client, bin_.client) == ("desk", "bin")
    assert list(desk.connection.neighbours) == ["lake", "bin", "gone"]
    # Who does not play the metastore asks the one that does for the tables that statements name.
    assert desk.connection.find_table is not None
    assert desk.connection.kept_out == (f"file://{tmp_path}/state", f"file://{mason_home()}")
    clients.close()
