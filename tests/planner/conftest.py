"""Resources and snapshots made from plain definitions, without files: planning is pure, so its tests are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mason.planner.build import Prune, build
from mason.planner.plan import Plan
from mason.resources.kinds import address_of
from mason.resources.resource import Module, Resource, Resources, digest_of, encode
from mason.state.snapshot import Entry, Snapshot


def operator(namespace: str = "table", command: str = "get", **more: Any) -> dict[str, Any]:
    do = [{"metastore.get_table": {"database": "data", "table": "flights"}}]
    return {"type": "operator", "namespace": namespace, "command": command, "do": do} | more


def workflow(namespace: str, command: str, *steps: str) -> dict[str, Any]:
    dag = []
    for number, step in enumerate(steps):
        kind, space, name = step.split(".")
        dag.append({"id": f"step_{number}", "type": kind, "namespace": space, "command": name})
    return {"type": "workflow", "namespace": namespace, "command": command, "dag": dag}


def config(identifier: str = "1", **more: Any) -> dict[str, Any]:
    return {"type": "config", "id": identifier, "metastore_clients": ["local"], "execution_clients": ["local"]} | more


def resource(definition: dict[str, Any], *, module: Module | None = None, file: str = "all.yaml") -> Resource:
    encoded = encode(definition)
    steps = definition.get("dag", ())
    return Resource(
        address=address_of(definition),
        digest=digest_of(encoded, module.digest if module else None),
        file=file,
        line=1,
        references=tuple(f"{step['type']}.{step['namespace']}.{step['command']}" for step in steps),
        encoded=encoded,
        module=module,
    )


def snapshot(
    *definitions: dict[str, Any], project: str = "flights", file: str = "all.yaml", module: str | None = None
) -> Snapshot:
    stored = Module(module, b"", "", (), True) if module else None
    made = [resource(definition, file=file, module=stored) for definition in definitions]
    entries = {
        given.address: Entry(
            given.address.partition(".")[0], given.digest, given.definition, module=module, project=project, file=file
        )
        for given in made
    }
    return Snapshot(entries, serial=3, lineage="abc")


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    def make(
        *given: dict[str, Any] | Resource,
        against: Snapshot | None = None,
        prune: Sequence[str] | None = None,
        sources: Mapping[str, bytes] | None = None,
        **options: Any,
    ) -> Plan:
        items = tuple(item if isinstance(item, Resource) else resource(item) for item in given)
        return build(
            Resources(Path("/project"), items, files=1, passed_over=0),
            against if against is not None else Snapshot(),
            project="flights",
            place=lambda found, path: 7,
            read_source=(sources or {}).get,
            prune=None if prune is None else Prune({item.address for item in items}, prune),
            **options,
        )

    return make
