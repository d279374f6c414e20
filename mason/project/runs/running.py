"""Use case of doing a prepared run: the runtime is handed the store and the clients of the project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mason.errors import ConflictError
from mason.project.opened import Project
from mason.project.runs import retention
from mason.project.runs.clients import Clients
from mason.project.runs.last_rows import rows_before
from mason.resources.address import title_of
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
    calling: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> RunEnd:
    """Do a run that was confirmed; see :func:`mason.runtime.workflow_run.do_run`, which also says what is raised.

    ``clients`` are those of a run of one step that were connected before. ``calling`` is entered while steps may be
    done, so while there is something that ``control`` can end. Raises ``ConflictError`` where the parameters say at
    what times it runs (see :func:`mason.project.confirming.schedule_instead`).
    """

    if prepared.plan.schedule:
        raise ConflictError(
            f"The parameters say when {title_of(prepared.plan.address)} runs ({prepared.plan.schedule}), so nothing is "
            "run now. Give the schedule to its scheduler, or leave it out of the parameters."
        )

    prepared = replace(prepared, rows_before=rows_before(project, prepared))

    def connect(config: Config, chosen: Mapping[str, str]) -> Clients:
        return clients or Clients(project, config, chosen, runner=project.runner())

    with calling():
        return do_run(
            prepared,
            project.store,
            connect,
            parallelism=parallelism,
            tell=tell,
            control=control,
            watch=watch,
            begun=partial(retention.prune_daily, project),
        )
