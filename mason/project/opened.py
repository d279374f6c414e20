"""An opened project, as every use case is given it: its settings, and the store that keeps its state."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mason.errors import StateFormatError
from mason.home import mason_home
from mason.resources.packed import unpacked
from mason.settings import DEFAULT_WORKSPACE, ProjectSettings
from mason.state.store import StateReader, StateStore
from mason.state.urls import open_store, workspace_url
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.engines.runner import WorkflowRunner


@dataclass(frozen=True, slots=True)
class Project:
    """An opened project. ``settings`` say where it is, ``store`` keeps its state: that of ``workspace`` at ``url``.

    ``make_runner`` makes what runs the workflows of schedules, for clients that keep some: it is handed in, because the
    run of a schedule is a run like the one that triggers it. Without it schedules can be kept and not triggered.
    ``variables`` are the values that the command line gives, in their order: pairs of ``--var`` or ``--var-file`` and
    what stands behind it (``mason.project.given_variables`` reads them).
    """

    settings: ProjectSettings
    store: StateStore
    url: str
    workspace: str = DEFAULT_WORKSPACE
    make_runner: Callable[[Project], WorkflowRunner] | None = None
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def has_variables(self) -> bool:
        """Whether variables are declared, or given where none are."""
        return self.settings.has_variables or bool(self.variables)

    def runner(self) -> Callable[[], WorkflowRunner] | None:
        """What clients are given to run the workflows of their schedules with."""
        return partial(self.make_runner, self) if self.make_runner is not None else None


def open_workspace(url: str, name: str) -> StateStore:
    """The store of the workspace ``name`` of the state at ``url``."""
    return open_store(url if name == DEFAULT_WORKSPACE else workspace_url(url, name))


def kept_out(project: Project) -> tuple[str, ...]:
    """The URLs of the places that no verb of a client touches: the state with all workspaces, and the person's own
    folder."""
    import os

    from mason.engines.file_urls import file_path, file_url

    store = project.store.url if project.workspace == DEFAULT_WORKSPACE else open_store(project.url).url
    folder = file_path(store)
    places = [file_url(Path(os.path.realpath(each))) for each in (folder, mason_home()) if each is not None]
    return tuple(dict.fromkeys(places if folder is not None else [store.partition("?")[0], *places]))


def usable_source(store: StateReader, digest: str) -> bytes:
    """The content of a module, if files can be unpacked from it. Raises ``StateFormatError`` where not, as the store
    does for one that is missing or was changed."""
    source = store.get_source(digest)
    try:
        unpacked(source)
    except ValueError as error:
        raise StateFormatError(
            f"The source {digest} of {store.url} is not unpacked: {error}. Store it anew with: mason apply --strict"
        ) from error
    return source


def stored_source(store: StateReader, digest: str) -> bytes | None:
    """The content of a module, ``None`` where it is lost or nothing that files can be unpacked from."""
    try:
        return usable_source(store, digest)
    except StateFormatError:
        return None
