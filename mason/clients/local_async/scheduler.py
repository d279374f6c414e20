"""The scheduler of ``local_async``: schedules in the warehouse's folder; whoever triggers one does not wait for it."""

from __future__ import annotations

from typing import ClassVar

from mason.clients._warehouse.scheduler import KeptScheduler
from mason.clients.local_async import LocalAsyncClient
from mason.engines.jobs import Handover
from mason.engines.models import Job
from mason.engines.scheduler import Scheduler


class LocalAsyncScheduler(KeptScheduler):
    """``mason scheduler start`` runs what is due, and what was triggered."""

    supports: ClassVar[frozenset[str]] = frozenset(Scheduler.verbs)
    handover = Handover(elsewhere=True, idempotent=True)

    def __init__(self, client: LocalAsyncClient) -> None:
        super().__init__(client, client.warehouse)

    def trigger_schedule(self, name: str) -> Job:
        """Let a schedule be run. The job is queued until ``mason scheduler start``, which may be running already, takes
        it."""
        return self._hand_over(name)

    def find_job(self, token: str) -> Job:
        """The job that waits, runs or ran for a token."""
        return self._found(token)
