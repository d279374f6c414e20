"""Configs: which clients play which engine, and how to reach them. All that there is to say of this kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.resources.address import kind_of
from mason.resources.faults import Finding
from mason.resources.kind import Kind, without
from mason.resources.roles import ROLES, in_order, named_roles
from mason.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Config:
    """Which clients play which engine (the first is preferred), and each client's configuration, secrets unresolved.

    Clients go by the names that the config gives them. ``types`` are the technologies of those whose names are others.
    """

    id: str
    engines: Mapping[str, tuple[str, ...]]
    clients: Mapping[str, Mapping[str, Any]]
    types: Mapping[str, str] = field(default_factory=dict)

    def type_of(self, client: str) -> str:
        """The technology (``local``) of a client by its name in this config."""
        return self.types.get(client, client)

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Config:
        """The typed view of a normalized config definition."""
        return cls(
            id=definition["id"],
            engines={
                role: tuple(definition.get(f"{role}_clients", ()))
                for role in in_order([*ROLES, *named_roles(definition)])
            },
            clients={name: given.get("configuration", {}) for name, given in definition.get("clients", {}).items()},
            types={name: given["type"] for name, given in definition.get("clients", {}).items() if "type" in given},
        )


def _findings(definition: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding(
            (f"{role}_engine",),
            f"{role}_clients and {role}_engine say the same thing twice",
            f"keep {role}_clients",
        )
        for role in named_roles(definition)
        if definition.get(f"{role}_clients") is not None and definition.get(f"{role}_engine") is not None
    ]


def _normalized(definition: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": "config", "id": str(definition["id"])}
    used: list[str] = []
    for role in named_roles(definition):
        single = definition.get(f"{role}_engine")
        names = definition.get(f"{role}_clients") or ([single] if single else [])
        if names:
            plain[f"{role}_clients"] = names
            used.extend(names)
    clients: dict[str, Any] = {name: {"configuration": {}} for name in used}
    for name, given in (definition.get("clients") or {}).items():
        configuration = {
            key: value for key, value in ((given or {}).get("configuration") or {}).items() if value is not None
        }
        if configuration or name in clients:
            kind = (given or {}).get("type") or name
            clients[name] = ({"type": kind} if kind != name else {}) | {"configuration": configuration}
    return plain | {"clients": clients}


def _behaviour(definition: Mapping[str, Any]) -> dict[str, Any]:
    return without(definition, "id", "protect")


CONFIG = Kind("config", ("id",), _findings, _normalized, behaviour=_behaviour)


def is_config(address: str) -> bool:
    """Whether there is a config at ``address``."""
    return kind_of(address) == CONFIG.name
