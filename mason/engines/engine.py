"""What all engines share: a client declares the verbs that it does, and the declaration is checked.

Nothing here knows YAML, plans or state: an engine is asked, and answers with the values of ``models``.
"""

from __future__ import annotations

from abc import ABC
from typing import Any, ClassVar

from mason.engines.capabilities import Capabilities
from mason.engines.jobs import Handover
from mason.engines.models import Job
from mason.engines.verbs import Verb, verb, verbs_of
from mason.errors import UnsupportedVerbError


class Engine(ABC):
    """One of the roles that a client can play.

    A subclass per role (``Metastore``, ``Storage``, ``Execution``, ``Scheduler``, or that of another package) names it
    in ``role`` and lists the verbs; a subclass of that per client overrides the ones it does and names exactly these in
    ``supports``. Verbs that are not named raise :class:`UnsupportedVerbError`; planning refuses them before any call.
    What the named ones can be asked for is in ``capabilities``.

    The verbs of jobs belong to every role: an engine that answers with jobs supports ``get_job``, whichever it is.
    ``handover`` says how it hands work on; a client whose configuration decides that sets it on the instance.
    """

    role: ClassVar[str] = ""
    verbs: ClassVar[dict[str, Verb]] = {}
    supports: ClassVar[frozenset[str]] = frozenset()
    capabilities: ClassVar[Capabilities] = Capabilities()
    handover: Handover = Handover()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if Engine in cls.__bases__:
            cls.verbs = verbs_of(cls.role, cls) | verbs_of(cls.role, Engine)
            return
        done = {name for name in cls.verbs if getattr(cls, name) is not getattr(_role_of(cls), name)}
        if done != cls.supports:
            wrong = ", ".join(sorted(done ^ cls.supports))
            raise TypeError(f"{cls.__qualname__}.supports and its methods disagree about: {wrong}")

    def __init__(self, client: Any) -> None:
        """``client`` is the configured :class:`~mason.engines.client.Client` whose role this is."""
        self.connection = client

    @property
    def client(self) -> str:
        """The name of the client, as the config has it."""
        return str(self.connection.name)

    @verb(read_only=True)
    def get_job(self, job_id: str) -> Job:
        """The job as it is now: its status, logs and, once it has ended, its result. Raises ``NotFoundError``, and
        ``TransientEngineError`` where it cannot be told at this moment."""
        raise self.lacks("get_job")

    @verb(read_only=True)
    def find_job(self, token: str) -> Job:
        """The job that was submitted under a token (see :class:`~mason.engines.jobs.Token`). Raises ``NotFoundError``
        when nothing was."""
        raise self.lacks("find_job")

    @verb(read_only=False)
    def cancel_job(self, job_id: str) -> Job:
        """Stop a job that has not ended, and return it as it is then: it may take a while to be ``cancelled``. Raises
        ``NotFoundError``, and ``ConflictError`` when it has ended."""
        raise self.lacks("cancel_job")

    def lacks(self, verb: str) -> UnsupportedVerbError:
        """The error for a verb that this client does not do, ready to be raised."""
        return UnsupportedVerbError(f"Client {self.client} does not support {self.role}.{verb}.")


ANY = "any"
"""What stands for an engine in a sentence that is said to each engine of the config until one knows the job."""

ASKED_OF_ANY: dict[str, Verb] = verbs_of(ANY, Engine)
"""The verbs of jobs, which each engine may have: an id does not say which of them handed the job out."""


def _role_of(cls: type[Engine]) -> type[Engine]:
    return next(base for base in cls.__mro__ if Engine in base.__bases__)
