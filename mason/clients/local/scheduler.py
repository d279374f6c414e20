"""The scheduler of ``local``: schedules in the warehouse's folder, which are triggered in this process."""

from __future__ import annotations

from typing import ClassVar

from mason.clients._warehouse.scheduler import KeptScheduler
from mason.clients.local import LocalClient
from mason.engines.models import Job
from mason.engines.scheduler import Scheduler


class LocalScheduler(KeptScheduler):
    """``mason scheduler start`` runs what is due; who triggers a schedule waits for its run."""

    supports: ClassVar[frozenset[str]] = frozenset(Scheduler.verbs) - {"find_job"}

    def __init__(self, client: LocalClient) -> None:
        super().__init__(client, client.warehouse)

    def trigger_schedule(self, name: str) -> Job:
        """Run a schedule now. The job has succeeded or failed, and its result names the run."""
        return self._run_now(name)
