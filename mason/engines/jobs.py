"""Work that an engine goes on with when the call has returned: how a job ends, and by what a submission is known again.

A verb that changes something may answer with an open :class:`~mason.engines.models.Job`. The runtime waits for it, and
nobody else. Before such a verb is called the runtime says which submission it is: a client reads :func:`submission`
and hands the token to its service (as an idempotency key, or in a job's name, a comment or a tag), so that a process
that was killed before the service answered never submits twice. The token belongs to the context (:mod:`contextvars`)
of the call; verbs keep their signatures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256

from mason.values import dataclass

OPEN = ("queued", "running")
"""The statuses of a job that goes on."""

ENDED = ("succeeded", "failed", "cancelled")
"""The statuses of a job that goes on no more."""


@dataclass(frozen=True, slots=True)
class Handover:
    """How an engine hands work on, declared as its ``handover``.

    ``elsewhere`` is true where work may go on when the process that asked for it is gone. Such an engine has to know a
    submission again by its token: it supports the verb ``find_job``, or it is ``idempotent``, which means that whoever
    submits again under the same token is answered with the first job. Where it does neither, Mason asks a person
    before it submits anything again that may have been submitted.
    """

    elsewhere: bool = False
    idempotent: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """Which submission this is: of which run and step, its changing call of which number, and for which time.

    ``sentence`` and ``attempt`` count from 1. A token never repeats: each further submission of a sentence, in this
    process or when the run is resumed, has the next ``attempt``.
    """

    run_id: str
    step: str
    sentence: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.run_id}/{self.step}/{self.sentence}/{self.attempt}"

    @property
    def digest(self) -> str:
        """64 hexadecimal digits, for services that limit the length or the characters of an idempotency key or name.

        They may be cut, to 32 digits at least.
        """
        return sha256(str(self).encode()).hexdigest()

    @classmethod
    def parse(cls, text: str) -> Token:
        """The inverse of ``str``. Raises ``ValueError`` for anything else."""
        run_id, step, sentence, attempt = text.split("/")
        return cls(run_id, step, int(sentence), int(attempt))


_submission: ContextVar[Token | None] = ContextVar("mason_submission", default=None)


@contextmanager
def submitting(token: Token) -> Iterator[None]:
    """Within it, what is submitted is submitted under ``token``."""
    before = _submission.set(token)
    try:
        yield
    finally:
        _submission.reset(before)


def submission() -> Token | None:
    """The token of the call that is being made; ``None`` where nobody keeps what is submitted."""
    return _submission.get()
