"""What a technology must bring to be a Mason client: a configuration schema and a class per engine it plays.

A client's module may import nothing heavy at its top: planning asks for schemas and declarations only.
Libraries are imported where a connection opens.
"""

from __future__ import annotations

import importlib
import json
import sys
from abc import ABC
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from mason import secrets
from mason.engines.engine import Engine
from mason.engines.runner import WorkflowRunner
from mason.errors import UnsupportedVerbError

if TYPE_CHECKING:
    from mason.engines.models import Table
    from mason.engines.permissions import Permission
    from mason.engines.storage import Storage
    from mason.resources.faults import Finding


class Client(ABC):
    """One technology, configured. Constructing it opens no connection; the first verb does.

    ``configuration`` is the validated mapping from the config, secrets resolved. ``base`` is the folder that
    relative paths in it start from: the project's root. ``engines`` says which class (``module:Class``) plays which
    role. They are named and not imported, because their modules import this one.

    What connects a client sets the others, before it asks for an engine:

    ``name``
        What the config calls it, where that is not the name of the technology.
    ``neighbours``
        The :meth:`public_facts` of the other clients that play engines in the config, by their names; and of each its
        ``type`` (the technology) and its ``engines`` (a tuple of roles).
    ``runner``
        Runs workflows for schedulers that do not do it themselves.
    ``find_table``
        Gives the table of a database, by the names of both, for statements that name tables, where another client plays
        the metastore; it raises ``NotFoundError``. ``None`` where the client looks for them itself.
    ``storage_for``
        Gives the storage of another client of the config that a URL leads to; ``None`` where there is none. For clients
        that reach what their neighbours keep with the credentials of these, which nobody is told.
    ``state``
        The URL of the state, without credentials, for clients that have Mason run elsewhere; empty where there is none.
    ``kept_out``
        URLs of the places where Mason keeps its own things: the state, and the person's own folder. No verb reads,
        writes, copies or deletes there, wherever a path leads.
    """

    engines: ClassVar[Mapping[str, str]] = {}
    name: str = ""
    neighbours: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    runner: WorkflowRunner | None = None
    find_table: Callable[[str, str], Table] | None = None
    storage_for: Callable[[str], Storage | None] | None = None
    state: str = ""
    kept_out: tuple[str, ...] = ()

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        self.configuration = dict(configuration)
        self.base = base
        self._engines: dict[str, Engine] = {}

    @classmethod
    def roles(cls) -> Mapping[str, type[Engine]]:
        """The engine class for each role that this client plays: those that ``engines`` names."""
        return {role: _named(target) for role, target in cls.engines.items()}

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The JSON Schema of ``configuration``: ``schema.json`` beside the client's module.

        A property with ``"secret": true`` takes nothing but a ``{{NAME}}`` reference.
        """
        module = sys.modules[cls.__module__]
        loaded: dict[str, Any] = json.loads((Path(str(module.__file__)).parent / "schema.json").read_text("utf-8"))
        return loaded

    @classmethod
    def public_facts(cls, configuration: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
        """What the other clients of a config are told of one with this ``configuration``, such as its endpoint.

        That is all of the configuration that is given and not secret. A client whose configuration says less than its
        neighbours need (a default, a path relative to ``base``) adds that; ``url`` is the URL that the paths of its
        storage start from. It connects to nothing.
        """
        known: dict[str, Any] = secrets.without_secrets(configuration, cls.schema())
        return known

    @classmethod
    def faults(cls, configuration: Mapping[str, Any], roles: Collection[str]) -> Iterable[Finding]:
        """What is wrong with a ``configuration`` that its schema takes, for a client that is to play ``roles``: keys
        that do not go together, or roles that it cannot play when it is configured so.

        Places start from the configuration; values may be ``{{NAME}}`` references. It connects to nothing.
        """
        return ()

    @classmethod
    def permissions(
        cls, configuration: Mapping[str, Any], call: str, arguments: Mapping[str, Any], *, root: str
    ) -> Iterable[Permission]:
        """What the service has to allow for ``call`` (``metastore.get_table``) with these ``arguments``, of which
        those that nobody knows yet are ``None``; nothing where the service has no such rules.

        ``configuration`` is what is public of it, ``root`` the URL that paths start from. It connects to nothing.
        """
        return ()

    def engine(self, role: str) -> Engine:
        """This client in the given role; the same object each time. Raises ``UnsupportedVerbError``."""
        if role not in self._engines:
            engine = self.roles().get(role)
            if engine is None:
                raise UnsupportedVerbError(f"Client {self.name} cannot play the engine {role}.")
            self._engines[role] = engine(self)
        return self._engines[role]

    def close(self) -> None:
        """Give back connections and files; safe to call twice."""


def _named(target: str) -> type[Engine]:
    module, _, name = target.partition(":")
    loaded: type[Engine] = getattr(importlib.import_module(module), name)
    return loaded
