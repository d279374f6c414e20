"""The clients of a run: connected when they are asked for, with their secrets resolved, and closed in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from mason import settings
from mason.errors import (
    EngineError,
    MissingDependencyError,
    UnsupportedVerbError,
)
from mason.project.opened import Project, kept_out
from mason.project.runs.neighbours import Neighbours
from mason.resources.config import Config

if TYPE_CHECKING:
    from mason.engines.client import Client
    from mason.engines.engine import Engine
    from mason.engines.runner import WorkflowRunner
    from mason.engines.storage import Storage


class Clients:
    """The clients of one run: each is configured when the first of its engines is asked for, and closed in the end.

    ``runner`` makes what clients run the workflows of their schedules with; without it they can keep, but not trigger.
    """

    def __init__(
        self,
        project: Project,
        config: Config,
        chosen: Mapping[str, str],
        *,
        runner: Callable[[], WorkflowRunner] | None = None,
    ) -> None:
        self._project = project
        self._runner = runner
        self._config = config
        self._chosen = chosen
        self._open: dict[str, Client] = {}
        self._roots: dict[str, list[tuple[str, str]]] = {}
        self._lock = threading.RLock()

    def engine(self, role: str) -> Engine:
        """The engine that plays ``role``. Raises ``UnsupportedVerbError`` when the config has none."""
        name = self._chosen.get(role)
        if not name:
            raise UnsupportedVerbError(f"Config {self._config.id} has no client for {role}.")
        # What steps do in threads may ask for another engine on the way.
        with self._lock:
            if name not in self._open:
                self._open[name] = self._connect(name)
            return self._open[name].engine(role)

    def _connect(self, name: str) -> Client:
        from mason.clients import registry
        from mason.dryrun import configuration

        cls = registry.client_class(self._config.type_of(name))
        resolved = configuration.resolve(self._config, name, cls.schema(), settings.environment(self._project.settings))
        client = cls(resolved, base=self._project.settings.root)
        client.name = name
        client.neighbours = Neighbours(self._project.settings, self._config, name)
        client.kept_out = kept_out(self._project)
        client.state = self._project.store.url
        client.storage_for = partial(self._storage_for, name)
        client.runner = self._runner() if self._runner else None
        metastore = self._chosen.get("metastore", name)
        if metastore not in (name, ""):
            from mason.runtime.places import TableFinder

            client.find_table = TableFinder(self._chosen, self.engine)
        return client

    def _storage_for(self, asker: str, url: str) -> Storage | None:
        """The storage of another client than ``asker`` that ``url`` leads to: of several that take its scheme the one
        whose root is the nearest above it."""
        above = [(root, name) for root, name in self._storages(asker) if f"{url}/".startswith(f"{root.rstrip('/')}/")]
        if not above:
            return None
        _, name = max(above, key=lambda each: len(each[0]))
        with self._lock:
            if name not in self._open:
                self._open[name] = self._connect(name)
            return cast("Storage", self._open[name].engine("storage"))

    def _storages(self, asker: str) -> list[tuple[str, str]]:
        """The URLs that the storages of other clients than ``asker`` start from, and the names of these."""
        # Asked for each object of a table, so it is found out once.
        if asker not in self._roots:
            from mason.clients import registry

            found = []
            for name, facts in Neighbours(self._project.settings, self._config, asker).items():
                # What is not installed keeps nothing here; where it is needed, connecting says what is wrong.
                with suppress(EngineError, MissingDependencyError):
                    can = registry.capabilities(str(facts["type"])).get("storage")
                    if can is not None and can.schemes:
                        found.append((str(facts.get("url", f"{can.schemes[0]}://")), name))
            self._roots[asker] = found
        return self._roots[asker]

    def close(self) -> list[str]:
        """Close all that was opened; returns what to warn of."""
        from mason.runtime.output import aside

        warnings = []
        # Asked again, there is nothing left to close.
        opened, self._open = self._open, {}
        with aside():
            for name, client in opened.items():
                try:
                    _close(name, client)
                except EngineError as error:
                    # The other clients are closed all the same.
                    warnings.append(str(error))
        return warnings


def _close(name: str, client: Client) -> None:
    try:
        client.close()
    except Exception as error:
        # A client's library may raise anything.
        raise EngineError(f"Client {name} could not be closed: {type(error).__name__}: {error}") from error
