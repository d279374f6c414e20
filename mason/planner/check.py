"""What a definition's own schema cannot say: do the clients, engines, verbs and arguments in it exist?

The loader asks this of every document that it parses, so that these faults are told together with all others, with
their lines. It comes before any normalization and may meet any shape: what has the wrong shape is left alone, because
the schema complains about that already. Pure, but for reading the declarations of clients, which opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mason import secrets
from mason.engines import ENGINES
from mason.resources.kinds import ROLES
from mason.resources.validate import Examine, Finding
from mason.resources.wording import suggestion


class ClientCatalog(Protocol):
    """What planning must know of clients; ``mason.clients.registry`` is one."""

    def names(self) -> Sequence[str]:
        """The names of all clients."""
        ...

    def roles(self, name: str) -> Mapping[str, frozenset[str]]:
        """The engines that a client plays, and the verbs that it supports as each."""
        ...

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON Schema of a client's configuration."""
        ...


def examiner(catalog: ClientCatalog) -> Examine:
    """The check of a definition, and of the verbs that its Python class calls, against all engines and ``catalog``."""

    def examine(definition: Mapping[str, Any], calls: Sequence[str]) -> Iterator[Finding]:
        if definition.get("type") == "config":
            yield from _config(definition, catalog)
        elif definition.get("type") == "operator":
            yield from _supported(definition, catalog)
            for index, given in enumerate(_list(definition.get("do"))):
                yield from _sentence(given, index)
            yield from _calls(calls)

    return examine


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _hint(name: str, known: Iterable[str]) -> str:
    return suggestion(name, known, "known")


def _supported(definition: Mapping[str, Any], catalog: ClientCatalog) -> Iterator[Finding]:
    for index, given in enumerate(_list(definition.get("supported_configurations"))):
        for role, client in _mapping(given).items():
            if isinstance(client, str) and client not in catalog.names():
                path = ("supported_configurations", index, role)
                yield Finding(path, f"unknown client {client!r}", _hint(client, catalog.names()))


def _sentence(given: Any, index: int) -> Iterator[Finding]:
    for call, arguments in _mapping(given).items():
        engine, dot, name = call.partition(".")
        if call == "as" or not dot:
            continue
        path = ("do", index, call)
        if engine not in ENGINES:
            yield Finding(path, f"unknown engine {engine!r} in sentence {index + 1}", _hint(engine, ROLES))
            continue
        verb = ENGINES[engine].verbs.get(name)
        if verb is None:
            message = f"unknown verb {call} in sentence {index + 1}"
            yield Finding(path, message, _hint(name, ENGINES[engine].verbs))
            continue
        for argument in _mapping(arguments):
            if argument not in verb.arguments:
                message = f"unknown argument {argument!r} of {verb}"
                yield Finding((*path, argument), message, _hint(argument, verb.arguments))
        missing = [repr(argument) for argument in verb.required if argument not in _mapping(arguments)]
        if missing:
            yield Finding(path, f"{verb} needs {', '.join(missing)}", f"it takes: {', '.join(verb.arguments)}")


def _calls(calls: Sequence[str]) -> Iterator[Finding]:
    for call in calls:
        engine, _, name = call.partition(".")
        if name not in ENGINES[engine].verbs:
            yield Finding((), f"the class calls {call}, which is no verb", _hint(name, ENGINES[engine].verbs))


def _config(definition: Mapping[str, Any], catalog: ClientCatalog) -> Iterator[Finding]:
    known = catalog.names()
    for role in ROLES:
        several, single = definition.get(f"{role}_clients"), definition.get(f"{role}_engine")
        places: list[tuple[tuple[str | int, ...], Any]] = [((f"{role}_engine",), single)]
        places += [((f"{role}_clients", index), client) for index, client in enumerate(_list(several))]
        for path, client in places:
            if not isinstance(client, str):
                continue
            if client not in known:
                yield Finding(path, f"unknown client {client!r}", _hint(client, known))
            elif role not in catalog.roles(client):
                plays = ", ".join(catalog.roles(client))
                yield Finding(path, f"client {client} cannot play {role}", f"it plays: {plays}")
    for client, given in _mapping(definition.get("clients")).items():
        if client not in known:
            yield Finding(("clients", client), f"unknown client {client!r}", _hint(client, known))
        else:
            configuration = _mapping(_mapping(given).get("configuration"))
            yield from _configuration(client, configuration, catalog.schema(client))


def _configuration(client: str, configuration: Mapping[str, Any], schema: dict[str, Any]) -> Iterator[Finding]:
    # Imported here: an unchanged config is not validated again.
    import jsonschema_rs

    path = ("clients", client, "configuration")
    hidden = set(secrets.secret_fields(schema))
    for name, value in configuration.items():
        if name in hidden and not secrets.is_reference(value):
            message = f"a literal value for the secret {name!r} of client {client} would end up in the state"
            yield Finding((*path, name), message, "use {{NAME}}")
    for name in schema.get("required", ()):
        if name not in configuration:
            yield Finding(path, f"client {client} needs {name!r} in its configuration")
    # What a reference will hold is known only when the client connects: it is left out of the check of types.
    literal = {name: value for name, value in configuration.items() if not secrets.is_reference(value)}
    for error in jsonschema_rs.validator_for({**schema, "required": []}).iter_errors(literal):
        for name in getattr(error.kind, "unexpected", ()):
            message = f"unknown key {name!r} in the configuration of client {client}"
            yield Finding((*path, name), message, _hint(name, schema.get("properties", {})))
        if not hasattr(error.kind, "unexpected") and error.instance_path[:1] not in [[name] for name in hidden]:
            # The library's own message would quote the value, and nobody knows what people put where.
            field = ".".join(str(part) for part in error.instance_path)
            wanted = schema["properties"].get(field.partition(".")[0], {})
            remedy = f"expected {wanted.get('type', 'another type')}: {wanted.get('description', '')}".rstrip(": ")
            yield Finding((*path, *error.instance_path), f"wrong value for {field!r} of client {client}", remedy)
