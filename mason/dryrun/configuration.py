"""The configuration that a client connects with: references resolved, typed as its schema says, and checked as a whole.

What a config says literally was checked when it was planned. A reference's value is text from the environment, known
only now: taken as it comes, the text ``false`` would switch on whatever asks whether it is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mason import secrets
from mason.errors import EngineError, MissingDependencyError, SettingsError
from mason.resources.config import Config
from mason.resources.parameters import convert
from mason.resources.wording import TYPE_WORDS
from mason.secrets import property_schema

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog


def remember_secrets(config: Config, catalog: ClientCatalog, environment: Callable[[], Mapping[str, str]]) -> None:
    """Let the values of all secret fields of ``config`` that are set be scrubbed from now on.

    ``environment`` is asked only when there is a reference to look up.
    """
    for client, configuration in config.clients.items():
        if any(secrets.references(value) for value in configuration.values()):
            try:
                schema = catalog.schema(config.type_of(client))
            except (EngineError, MissingDependencyError):
                # Not installed here: nobody can tell what is secret.
                schema = {"properties": {name: {"secret": True} for name in configuration}}
            secrets.remember_secrets(configuration, schema, environment())


def resolve(config: Config, client: str, schema: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The configuration of ``client`` in ``config``, fit to connect with.

    Raises ``SettingsError`` that names every reference that is not set, or every field that does not fit the schema;
    values are never quoted.
    """
    where = f"client {client} of config {config.id}"
    given = config.clients.get(client, {})
    resolved = secrets.resolve(given, schema, environment, where=where)
    typed = {name: _typed(value, given[name], property_schema(schema, name)) for name, value in resolved.items()}
    faults = sorted(set(_faults(typed, given, schema)))
    if faults:
        raise SettingsError("\n".join(f"In the configuration of {where}, {fault}" for fault in faults))
    return typed


def resolve_public(
    config: Config, client: str, schema: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    """The part of a client's configuration that others may know: what is not secret, and whose references are set."""
    given = secrets.without_secrets(config.clients.get(client, {}), schema)
    is_set = {name: all(each in environment for each in secrets.references(value)) for name, value in given.items()}
    known = {name: value for name, value in given.items() if is_set[name]}
    resolved = secrets.resolve(known, schema, environment, where=f"client {client} of config {config.id}")
    typed = {name: _typed(value, known[name], property_schema(schema, name)) for name, value in resolved.items()}
    # Once more: a reference may stand for a URL with a password.
    public: dict[str, Any] = secrets.without_secrets(typed, schema)
    return public


def _typed(value: Any, given: Any, schema: Any) -> Any:
    """``value``, as its schema wants it where it came from a reference; as it is where it cannot become that."""
    if isinstance(value, Mapping):
        return {name: _typed(inner, given[name], property_schema(schema, name)) for name, inner in value.items()}
    if isinstance(value, list):
        items = schema.get("items", {}) if isinstance(schema, Mapping) else {}
        return [_typed(inner, template, items) for inner, template in zip(value, given, strict=True)]
    wanted = schema.get("type", "string") if isinstance(schema, Mapping) else "string"
    kinds = [wanted] if isinstance(wanted, str) else wanted
    if not secrets.references(given) or "string" in kinds:
        return value
    for kind in kinds:
        try:
            return None if kind == "null" and not value else convert(value, kind)
        except (ValueError, KeyError):
            continue
    return value


def _faults(typed: Mapping[str, Any], given: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in typed:
            yield f"{name} is missing."
    if not secrets.references(given):
        # Planning has validated what stands there literally.
        return
    # Imported here: it takes longer to load than a client that needs no references takes to answer.
    import jsonschema_rs

    # The library's own messages would quote values.
    for error in jsonschema_rs.validator_for({**schema, "required": []}).iter_errors(dict(typed)):
        unexpected = getattr(error.kind, "unexpected", None)
        if unexpected is not None and not error.instance_path:
            yield from (f"{name} is no key that the client knows." for name in unexpected)
            continue
        path = [str(part) for part in error.instance_path]
        if not path:
            yield "something does not fit the client's schema."
            continue
        named = ", ".join(f"{{{{{name}}}}}" for name in secrets.references(given[path[0]]))
        holder = f"the value of {named}" if named else "the value"
        field: Any = schema
        for name in path:
            field = property_schema(field, name)
        kind = field.get("type") if isinstance(field, Mapping) else None
        wanted = TYPE_WORDS.get(kind, "another value") if isinstance(kind, str) else "another value"
        yield f"{'.'.join(path)} must be {wanted}, but {holder} does not fit."
