"""The jobs of ``memory``, alike for each of its engines: held by the client, or by the service that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mason.clients._jobs import is_done
from mason.engines.engine import Engine
from mason.engines.models import Job
from mason.errors import NotFoundError

if TYPE_CHECKING:
    from mason.clients.memory import MemoryClient


class MemoryJobs:
    """The verbs of jobs, for an engine: to be named before the role that it plays."""

    memory: MemoryClient

    def get_job(self, job_id: str) -> Job:
        """A job that this client did, whichever of its engines was asked for it."""
        if self.memory.service is not None:
            return self.memory.service.get(job_id)
        if job_id not in self.memory.jobs:
            raise NotFoundError(f"There is no job {job_id}.")
        return self.memory.jobs[job_id]

    def find_job(self, token: str) -> Job:
        """The job that was submitted under a token."""
        self._refuse_unsupported("find_job")
        if self.memory.service is not None:
            return self.memory.service.find(token)
        if token not in self.memory.tokens:
            raise NotFoundError(f"There is no job with the token {token}.")
        return self.memory.jobs[self.memory.tokens[token]]

    def cancel_job(self, job_id: str) -> Job:
        """Stop a job of the service; without one, there is nothing left to stop."""
        self._refuse_unsupported("cancel_job")
        if self.memory.service is not None:
            return self.memory.service.cancel(job_id)
        raise is_done(self.get_job(job_id))

    def _refuse_unsupported(self, verb: str) -> None:
        # Which of them there are depends on how the service is configured.
        engine = cast(Engine, self)
        if verb not in engine.supports:
            raise engine.lacks(verb)
