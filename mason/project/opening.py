"""An opened project: its settings, and the store that keeps its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mason import settings
from mason.errors import (
    SettingsError,
    StateFormatError,
)
from mason.resources.address import is_name
from mason.resources.wording import quoted
from mason.settings import DEFAULT_WORKSPACE, ProjectSettings
from mason.state.store import StateReader, StateStore
from mason.state.urls import open_store, workspace_url
from mason.values import dataclass

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Project:
    """An opened project. ``settings`` say where it is, ``store`` keeps its state: that of ``workspace`` at ``url``."""

    settings: ProjectSettings
    store: StateStore
    url: str
    workspace: str = DEFAULT_WORKSPACE


def open_project(state: str | None = None, *, workspace: str | None = None) -> Project:
    """The project around the current folder, with the state at ``state`` or where the settings say, and of it that of
    ``workspace``, or of the one that the environment names.

    Raises ``SettingsError`` for settings that cannot be used and when the current folder was deleted.
    """
    found = settings.find_project(settings.current_folder())
    url, chosen = settings.state_url(state, found), settings.workspace(workspace)
    if not is_name(chosen):
        raise SettingsError(
            f"{quoted(chosen)} cannot name a workspace: use at most 100 letters, digits, _ and -, not beginning with -."
        )
    return Project(found, open_workspace(url, chosen), url, chosen)


def open_workspace(url: str, name: str) -> StateStore:
    """The store of the workspace ``name`` of the state at ``url``."""
    return open_store(url if name == DEFAULT_WORKSPACE else workspace_url(url, name))


def stored_source(store: StateReader, digest: str) -> bytes | None:
    """The content of a module, ``None`` where it is lost."""
    try:
        return store.get_source(digest)
    except StateFormatError:
        return None
