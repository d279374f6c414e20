"""What a client is told of the others in its config, so that nothing has to be said twice; secrets are never told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason import settings
from mason.errors import EngineError, MissingDependencyError, SettingsError
from mason.resources.config import Config
from mason.settings import ProjectSettings


class Neighbours(Mapping[str, Mapping[str, Any]]):
    """The public facts of the clients of a config that play an engine, but for the client ``name`` itself.

    They are found out when they are first asked for, because few clients ask. Of a client that is not installed, or
    that cannot tell, only its ``type`` and its ``engines`` are known.
    """

    def __init__(self, project: ProjectSettings, config: Config, name: str) -> None:
        self._project = project
        self._config = config
        self._name = name
        self._facts: dict[str, Mapping[str, Any]] = {}

    def _names(self) -> list[str]:
        players = (client for clients in self._config.engines.values() for client in clients)
        return [client for client in dict.fromkeys(players) if client != self._name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._facts:
            if name not in self._names():
                raise KeyError(name)
            self._facts[name] = self._find_out(name)
        return self._facts[name]

    def _find_out(self, name: str) -> dict[str, Any]:
        from mason.clients import registry
        from mason.dryrun.configuration import resolve_public

        kind = self._config.type_of(name)
        roles = tuple(role for role, clients in self._config.engines.items() if name in clients)
        facts: dict[str, Any] = {}
        try:
            cls = registry.client_class(kind)
            given = resolve_public(self._config, name, cls.schema(), settings.environment(self._project))
            facts = cls.public_facts(given, base=self._project.root)
        except (EngineError, MissingDependencyError, SettingsError):
            # It may be needed by nobody in this run; where it is, connecting says what is wrong.
            pass
        return {**facts, "type": kind, "engines": roles}
