"""Opening a project: where everything that its use cases need is put together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mason import home, settings
from mason.errors import SettingsError
from mason.project.opened import Project, open_workspace
from mason.resources.address import is_name
from mason.resources.wording import quoted
from mason.secrets import remember_likely
from mason.state.urls import scheme_of

if TYPE_CHECKING:
    from mason.engines.models import DagStep, Schedule
    from mason.engines.runner import Ran, WorkflowRunner


def open_project(
    state: str | None = None, *, workspace: str | None = None, variables: Iterable[tuple[str, str]] = ()
) -> Project:
    """The project around the current folder, with the state at ``state`` or where the settings say, and of it that of
    ``workspace``, or of the one that the environment names. ``variables`` are as in :class:`Project`.

    Raises ``SettingsError`` for settings that cannot be used and when the current folder was deleted.
    """
    found = settings.find_project(settings.current_folder())
    url, chosen = settings.state_url(state, found), settings.workspace(workspace)
    if not is_name(chosen):
        raise SettingsError(
            f"{quoted(chosen)} cannot name a workspace: use at most 100 letters, digits, _ and -, not beginning with -."
        )
    store = open_workspace(url, chosen)
    if scheme_of(url) == "file":
        from mason.state.local import folder_of

        settings.refuse_strange(folder_of(url))
    known = dict(os.environ)
    with suppress(SettingsError):
        # What is wrong with a .env file is told where something refers to it.
        known = settings.environment(found)
    remember_likely(known)
    return Project(found, store, url, chosen, _ScheduledRunner, tuple(variables))


def first_meeting(project: Project) -> str:
    """What a person is told when a state on another machine is used for the first time from this one; else empty."""
    if scheme_of(project.url) in ("file", "memory"):
        return ""
    url = project.store.url
    if not home.is_new_state(url):
        return ""
    named = (
        f", which {project.settings.root / settings.PROJECT_FILE} names,"
        if project.url == project.settings.state
        else ""
    )
    return f"The state {url}{named} is used from this machine for the first time."


class _ScheduledRunner:
    """Runs workflows of schedules; see :class:`mason.engines.runner.WorkflowRunner`."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def new_run_id(self) -> str:
        return self._runner().new_run_id()

    def run(self, schedule: Schedule, *, run_id: str, due: str) -> Ran:
        return self._runner().run(schedule, run_id=run_id, due=due)

    def steps_of(self, run_id: str) -> Mapping[str, str]:
        return self._runner().steps_of(run_id)

    def run_step(
        self, schedule: Schedule, step: DagStep, results: Mapping[str, Mapping[str, Any] | str]
    ) -> Mapping[str, Any]:
        return self._runner().run_step(schedule, step, results)

    def _runner(self) -> WorkflowRunner:
        # Imported when it is needed: few operators trigger schedules.
        from mason.project.schedules.scheduled import Runner

        return Runner(self._project)
