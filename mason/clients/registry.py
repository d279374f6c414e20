"""Which clients there are: names to import strings, so that naming a client loads nothing but that client.

Other packages add theirs with an entry point in the group ``mason.clients`` whose name is the client's
and whose value is ``module:Class``. Built-in names win over entry points.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mason.engines.client import Client
from mason.errors import MissingDependencyError, NotFoundError


@dataclass(frozen=True, slots=True)
class Registration:
    """Where a client's class is, and the extra that its libraries come with (``None``: the core has them)."""

    target: str
    extra: str | None = None


BUILTIN: dict[str, Registration] = {
    "local": Registration("mason.clients.local:LocalClient"),
    "memory": Registration("mason.clients.memory:MemoryClient"),
}


def names() -> list[str]:
    """The names of all clients that can be put into a config, sorted."""
    return sorted({*BUILTIN, *_entry_points()})


def client_class(name: str) -> type[Client]:
    """The class of a client.

    Raises ``NotFoundError`` for a name that nobody registered and ``MissingDependencyError`` when the
    client's module cannot be imported for want of a package.
    """
    registration = BUILTIN.get(name) or _entry_points().get(name)
    if registration is None:
        raise NotFoundError(f"There is no client {name!r}. Known clients: {', '.join(names())}.")
    module, _, attribute = registration.target.partition(":")
    try:
        loaded: type[Client] = getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise MissingDependencyError(f"Client {name} ({error.name or error})", registration.extra or name) from error
    return loaded


def roles(name: str) -> Mapping[str, frozenset[str]]:
    """The engines that a client plays, and the verbs that it supports as each. Raises as :func:`client_class`."""
    return {role: engine.supports for role, engine in client_class(name).roles().items()}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a client's configuration. Raises as :func:`client_class`."""
    return client_class(name).schema()


def _entry_points() -> dict[str, Registration]:
    # Imported here: reading the metadata of all installed packages costs more than the rest of a start.
    from importlib.metadata import entry_points

    return {point.name: Registration(point.value) for point in entry_points(group="mason.clients")}
