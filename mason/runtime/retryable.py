"""Which attempts of a step are worth another one, for steps that have a ``retry``. What it says of delays is in
``mason.resources.retry``, and when another attempt begins is decided by the walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mason.engines.jobs import OPEN
from mason.engines.models import Job
from mason.errors import (
    CancelledError,
    CheckFailedError,
    DecisionError,
    MissingDependencyError,
    ParameterError,
    StateLockLostError,
    TransientEngineError,
    UnknownOutcomeError,
    UnsupportedVerbError,
)

if TYPE_CHECKING:
    from mason.dryrun.planned import PlannedStep
    from mason.runtime.answer import Answer

_LASTING = (
    CancelledError,
    CheckFailedError,
    DecisionError,
    MissingDependencyError,
    ParameterError,
    StateLockLostError,
    UnknownOutcomeError,
    UnsupportedVerbError,
)


def is_retryable(error: BaseException) -> bool:
    """Whether another attempt may go better: not where the parameters or the config are wrong, or the lock is lost, and
    not where it might do what was done already."""
    if isinstance(error, TransientEngineError):
        return True
    return isinstance(error, Exception) and not isinstance(error, _LASTING)


def refuse_open(step: PlannedStep, answer: Answer) -> None:
    """Where a step only looks at a job and is tried again, each attempt is a look. Raises ``TransientEngineError``."""
    job = answer.returned
    if step.shown.is_read_only and isinstance(job, Job) and job.status in OPEN:
        raise TransientEngineError(f"Job {job.job_id} is still {job.status}.")
