"""What a technology must bring to be a Mason client: a configuration schema and a class per engine it plays.

A client's module may import nothing heavy at its top: planning asks for schemas and declarations only.
Libraries are imported where a connection opens.
"""

from __future__ import annotations

import importlib
import json
import sys
from abc import ABC
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mason.engines.engine import Engine
from mason.engines.runner import WorkflowRunner
from mason.errors import UnsupportedVerbError


class Client(ABC):
    """One technology, configured. Constructing it opens no connection; the first verb does.

    ``configuration`` is the validated mapping from the config, secrets resolved. ``base`` is the folder that
    relative paths in it start from: the project's root. ``runner`` runs workflows for schedulers that do not do it
    themselves; whoever connects sets it.

    ``engines`` says which class (``module:Class``) plays which role. They are named and not imported, because their
    modules import this one.
    """

    name: ClassVar[str] = ""
    engines: ClassVar[Mapping[str, str]] = {}
    runner: WorkflowRunner | None = None

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
