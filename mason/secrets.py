"""``{{NAME}}`` in configs: how a reference becomes a value at the last moment, and how values stay unseen.

A reference is an environment variable's name. It is resolved only when a client connects. Every value that
was resolved for a field marked ``secret`` is remembered for the life of the process, and ``scrub`` takes it out
of any text that is about to be printed, logged or stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mason.errors import SettingsError

REDACTED = "REDACTED"
_REFERENCE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
# Values shorter than this are not scrubbed: replacing every "1" in a text would hide more than it protects.
_SHORTEST = 4
_remembered: set[str] = set()


def is_reference(value: object) -> bool:
    """Whether ``value`` is one ``{{NAME}}`` and nothing else."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value.strip()) is not None


def secret_fields(schema: Mapping[str, Any]) -> Iterator[str]:
    """The names of the properties that a client's schema marks ``"secret": true``."""
    for name, given in schema.get("properties", {}).items():
        if given.get("secret") is True:
            yield name


def redact(configuration: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with every secret field's value replaced, fit to be shown."""
    hidden = set(secret_fields(schema))
    return {name: REDACTED if name in hidden else value for name, value in configuration.items()}


def resolve(
    configuration: Mapping[str, Any], schema: Mapping[str, Any], environment: Mapping[str, str], *, where: str
) -> dict[str, Any]:
    """The configuration with all references replaced by values of ``environment``.

    Values of secret fields are remembered for :func:`scrub`. Raises ``SettingsError`` that names every variable which
    is not set, and ``where`` (``client glue of config 1``) it is wanted.
    """
    missing: list[str] = []
    hidden = set(secret_fields(schema))

    def fill(value: Any, secret: bool) -> Any:
        if isinstance(value, str):
            for name in _REFERENCE.findall(value):
                if name not in environment:
                    missing.append(name)
                elif secret and len(environment[name]) >= _SHORTEST:
                    _remembered.add(environment[name])
            return _REFERENCE.sub(lambda match: environment.get(match[1], ""), value)
        if isinstance(value, Mapping):
            return {key: fill(inner, secret) for key, inner in value.items()}
        if isinstance(value, list):
            return [fill(inner, secret) for inner in value]
        return value

    filled = {name: fill(value, name in hidden) for name, value in configuration.items()}
    if missing:
        names = ", ".join(sorted(set(missing)))
        raise SettingsError(f"Not set: {names}, wanted by {where}. Set it in the environment or in a .env file.")
    return filled


def scrub(text: str) -> str:
    """``text`` without any secret value that this process has resolved."""
    # The longest first, so that a secret which contains another one goes whole.
    for value in sorted(_remembered, key=len, reverse=True):
        text = text.replace(value, REDACTED)
    return text


def scrub_all(value: Any) -> Any:
    """``value`` (JSON-ready data) with every text in it scrubbed.

    To be used before encoding: in JSON a secret with a quote or a backslash would no longer look like itself.
    """
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {scrub(str(key)): scrub_all(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub_all(inner) for inner in value]
    return value
