"""The config as operators of 1.x ask it: ``config.metastore()`` in 1.x, ``config.metastore.client`` in 1.0x."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mason
from mason.compat1.execution import ExecutionClient, ExecutionOf10x
from mason.compat1.metastore import MetastoreClient, MetastoreOf10x
from mason.compat1.scheduler import SchedulerClient
from mason.compat1.storage import StorageClient, StorageOf10x


class InvalidClient:
    """What a config answers where no client plays an engine."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise mason.OperatorError(f"{self.reason}, and the operator asks it for {name}. Choose another config.")


class _Named:
    """What 1.x calls the client of an engine: it has a name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        """The name."""
        return self._name


class _Role:
    """One engine of a config. Called, it is that of 1.x; its ``client`` is that of 1.0x."""

    def __init__(self, role: str, ctx: mason.Context, engine: Callable[..., Any], of_10x: Callable[..., Any]) -> None:
        self._role = role
        self._ctx = ctx
        self._engine = engine
        self._of_10x = of_10x
        self.client_name = ctx.clients.get(role, "")

    def __call__(self) -> Any:
        if not self.client_name:
            return InvalidClient(f"No {self._role} is configured")
        engine = self._engine(self._ctx)
        engine.client = _Named(self.client_name)
        return engine

    @property
    def client(self) -> Any:
        """As modules of 1.0x ask it."""
        return self._of_10x(self._ctx)


class Config:
    """The config of a run."""

    def __init__(self, ctx: mason.Context) -> None:
        self.metastore = _Role("metastore", ctx, MetastoreClient, MetastoreOf10x)
        self.storage = _Role("storage", ctx, StorageClient, StorageOf10x)
        self.execution = _Role("execution", ctx, ExecutionClient, ExecutionOf10x)
        self.scheduler = _Role("scheduler", ctx, SchedulerClient, SchedulerClient)
