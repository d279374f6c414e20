"""Use case of doing a prepared run: the runtime is handed the store and the clients of the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mason.project.opening import Project
from mason.project.runs import retention
from mason.project.runs.clients import Clients, scheduled_runner
from mason.runtime.prepared_run import PreparedRun, RunEnd, Tell, Watch
from mason.runtime.workflow_run import do_run

if TYPE_CHECKING:
    from mason.resources.config import Config
    from mason.runtime.workers import Control


def execute_run(
    project: Project,
    prepared: PreparedRun,
    *,
    parallelism: int,
    tell: Tell,
    control: Control,
    watch: Watch | None = None,
    clients: Clients | None = None,
) -> RunEnd:
    """Do a run that was confirmed; see :func:`mason.runtime.workflow_run.do_run`, which also says what is raised.

    ``clients`` are those of a run of one step that were connected before. The state is told how the run of a run
    resource ended that was resumed.
    """

    def connect(config: Config, chosen: Mapping[str, str]) -> Clients:
        return clients or Clients(project.settings, config, chosen, runner=scheduled_runner(project))

    end = do_run(
        prepared,
        project.store,
        connect,
        parallelism=parallelism,
        tell=tell,
        control=control,
        watch=watch,
        begun=partial(retention.prune_daily, project),
    )
    if prepared.run_id and prepared.resource and end.failure is None:
        # Imported here: few runs are resumed, and fewer of them belong to a resource.
        from mason.project.runs.performing import settle

        warning = settle(project, prepared, end)
        end = replace(end, warnings=(*end.warnings, *([warning] if warning else [])))
    return end
