"""What all engines share: a client declares the verbs that it does, and the declaration is checked.

Nothing here knows YAML, plans or state: an engine is asked, and answers with the values of ``models``.
"""

from __future__ import annotations

from abc import ABC
from typing import Any, ClassVar

from mason.engines.capabilities import Capabilities
from mason.engines.verbs import Verb, verbs_of
from mason.errors import UnsupportedVerbError


class Engine(ABC):
    """One of the roles that a client can play.

    A subclass per role (``Metastore``, ``Storage``, ``Execution``, ``Scheduler``, or that of another package) names it
    in ``role`` and lists the verbs; a subclass of that per client overrides the ones it does and names exactly these in
    ``supports``. Verbs that are not named raise :class:`UnsupportedVerbError`; planning refuses them before any call.
    What the named ones can be asked for is in ``capabilities``.
    """

    role: ClassVar[str] = ""
    verbs: ClassVar[dict[str, Verb]] = {}
    supports: ClassVar[frozenset[str]] = frozenset()
    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if Engine in cls.__bases__:
            cls.verbs = verbs_of(cls.role, cls)
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

    def lacks(self, verb: str) -> UnsupportedVerbError:
        """The error for a verb that this client does not do, ready to be raised."""
        return UnsupportedVerbError(f"Client {self.client} does not support {self.role}.{verb}.")


def _role_of(cls: type[Engine]) -> type[Engine]:
    return next(base for base in cls.__mro__ if Engine in base.__bases__)
