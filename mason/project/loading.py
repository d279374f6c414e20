"""Files to resources, checked against the clients that there are; and the schemas that say what may stand there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import home
from mason.errors import (
    EngineError,
    MissingDependencyError,
)
from mason.project.opened import Project

if TYPE_CHECKING:
    from mason.resources.faults import Finding
    from mason.resources.resource import Resources


def load(project: Project, paths: Sequence[Path] = (), *, strict: bool = False, keep: bool = True) -> Resources:
    """The resources under ``paths`` (the whole project when there are none). Raises ``ResourceError``, and
    ``SettingsError`` for variables that cannot be used.

    With ``keep`` false, nothing is remembered for the next load: who looks at few files need not write all."""
    from mason.project.older_mason import Mason1
    from mason.resources import loader

    variables = None
    if project.has_variables:
        # Imported here: most projects have none.
        from mason.project.given_variables import variables_of

        variables = variables_of(project)
    root = project.settings.root
    return loader.load(
        paths,
        root=root,
        ignore=project.settings.ignore,
        cache=parse_cache(root),
        strict=strict,
        keep=keep,
        examine=_examine,
        older=Mason1(),
        variables=variables,
    )


def parse_cache(root: Path) -> Path:
    """The file that remembers what the files of a project say."""
    from hashlib import sha256

    return home.mason_home() / "cache" / f"parse-{sha256(os.fsencode(root)).hexdigest()[:16]}"


def _examine(definition: Mapping[str, Any], calls: Sequence[str]) -> Iterable[Finding]:
    """Check what a document says of engines and clients; they are loaded only when a document changed."""
    from mason.clients import registry
    from mason.dryrun.check import examiner

    return examiner(registry)(definition, calls)


def published_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of resource as people write it, with variables and with the engines that other packages
    bring; a config's holds the configuration of every client that can be loaded."""
    from mason.clients import registry
    from mason.dryrun.check import published_client
    from mason.resources.roles import brought_roles
    from mason.resources.schema import accepting_variables, schema

    published = accepting_variables(schema(kind, {role: each.package for role, each in brought_roles().items()}))
    if "clients" in published["properties"]:
        clients = published["properties"]["clients"]
        named = clients["additionalProperties"]
        type_ = named["properties"]["type"]
        known = clients["properties"] = {}
        for name in registry.names():
            # One client of another package that is broken does not take the schema from all others.
            with contextlib.suppress(EngineError, MissingDependencyError):
                client = published_client(registry.schema(name), type_)
                of_type = {"properties": {"type": {"const": name}}, "required": ["type"]}
                named.setdefault("allOf", []).append({"if": of_type, "then": client})
                known[name] = {"if": {"properties": {"type": {"enum": [name, None]}}}, "then": client, "else": named}
    return published
