"""``{{NAME}}`` in configs: how a reference becomes a value at the last moment, and how values stay unseen.

A reference is an environment variable's name. It is resolved only when a client connects. The values of fields
marked ``secret`` are remembered for the life of the process, and ``scrub`` takes them out of any text that is about
to be printed, logged or stored, in whichever of the usual spellings they stand there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mason.errors import SettingsError

if TYPE_CHECKING:
    import logging

REDACTED = "REDACTED"
_REFERENCE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
# Values shorter than this are not scrubbed: replacing every "1" in a text would hide more than it protects.
_SHORTEST = 4
_remembered: set[str] = set()
# All spellings of what is remembered, the longest first, so that a secret which contains another one goes whole.
_spellings: list[str] = []


def is_reference(value: object) -> bool:
    """Whether ``value`` is one ``{{NAME}}`` and nothing else."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value.strip()) is not None


def references(value: object) -> list[str]:
    """The names of all references in ``value``, in texts, lists and mappings."""
    if isinstance(value, str):
        return _REFERENCE.findall(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [name for each in inner for name in references(each)]


def secret_fields(schema: Mapping[str, Any]) -> Iterator[str]:
    """The names of the properties that a client's schema marks ``"secret": true``."""
    for name, given in schema.get("properties", {}).items():
        # JSON Schema allows true and false where a property is described.
        if isinstance(given, Mapping) and given.get("secret") is True:
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
                elif secret:
                    remember(environment[name])
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


def remember_secrets(
    configuration: Mapping[str, Any], schema: Mapping[str, Any], environment: Mapping[str, str]
) -> None:
    """Remember the values of the secret fields before anybody resolves them; references that are not set are left."""
    for field in secret_fields(schema):
        for name in references(configuration.get(field)):
            remember(environment.get(name, ""))


def remember(value: str) -> None:
    """From now on :func:`scrub` takes ``value`` out of every text."""
    if len(value) < _SHORTEST or value in _remembered:
        return
    _remembered.add(value)
    _spellings[:] = sorted({*_spellings, *_spelled(value)}, key=len, reverse=True)


def _spelled(value: str) -> set[str]:
    """``value`` as it looks inside of what Python, JSON and URLs make of texts that hold it."""
    # Imported here: most commands know no secret.
    from urllib.parse import quote, quote_plus

    # Which quotes a repr escapes depends on the whole text, so a value inside of it may look either way.
    python = [
        given[1:-1].replace("\\'", "'")
        for given in (repr(value), ascii(value), repr(value.encode("utf-8", "replace"))[1:])
    ]
    found = {value, *python, *(given.replace("'", "\\'") for given in python)}
    found |= {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    encodable = value.encode("utf-8", "replace")
    return found | {quote(encodable), quote(encodable, safe=""), quote_plus(encodable)}


def scrub(text: str) -> str:
    """``text`` without any secret value that this process knows."""
    for spelling in _spellings:
        text = text.replace(spelling, REDACTED)
    return text


def scrub_all(value: Any) -> Any:
    """``value`` (JSON-ready data) with every text in it scrubbed, and every number that is itself a secret.

    To be used before encoding, where a text still looks like itself.
    """
    if not _spellings:
        return value
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, (int, float)):
        return REDACTED if str(value) in _remembered else value
    if isinstance(value, Mapping):
        return {scrub(str(key)): scrub_all(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub_all(inner) for inner in value]
    return value


def scrubbing_formatter(layout: str) -> logging.Formatter:
    """A formatter of log lines that scrubs them, tracebacks included, whichever logger they come from."""
    # Imported here: only -l asks for a log.
    import logging

    class Scrubbing(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return scrub(super().format(record))

    return Scrubbing(layout)
