"""The state as a value: what was applied last, by whom, under which serial and lineage.

Reading and writing the bytes is a store's work; this module knows the format (DESIGN: section "State") and refuses
what it cannot trust. It performs no I/O.
"""

from __future__ import annotations

import codecs
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from mason.bulk import uncollected
from mason.errors import StateError, StateFormatError
from mason.resources.address import kind_of

FORMAT_VERSION = 1
"""The version of the state's format that this Mason writes, and the newest that it reads."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One applied resource. ``definition`` is the normalized definition, references to secrets unresolved.

    ``module`` is the digest of its source, ``project`` the name of the project that applied it, ``file`` is
    relative to that project's root; ``applied_at`` is an ISO 8601 time in UTC, ``applied_by`` is ``user@host``.
    """

    kind: str
    digest: str
    definition: Mapping[str, Any]
    module: str | None = None
    project: str = ""
    file: str = ""
    applied_at: str = ""
    applied_by: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The resources by address, and the identity of this version of them.

    ``lineage`` is empty and ``serial`` 0 while nothing was ever written. ``token`` is the store's own name for this
    version (an ETag, a digest); only the store that gave it understands it, and it is not part of the content.
    """

    resources: Mapping[str, Entry] = field(default_factory=dict)
    serial: int = 0
    lineage: str = ""
    mason_version: str = ""
    token: str = field(default="", compare=False)


_KEYS = ("version", "mason_version", "serial", "lineage", "resources")
_FIELDS = ("kind", "digest", "definition", "module", "project", "file", "applied_at", "applied_by")


def encode(snapshot: Snapshot) -> bytes:
    """The snapshot as the JSON that stores keep: one line for each resource, sorted by address.

    A line for each keeps the file readable, searchable and comparable with the tools that people have, at little more
    than half the bytes of full indentation. Raises ``StateError`` for a definition that JSON cannot hold
    (NaN and infinity, which never come here from a file, become null).
    """
    import orjson

    # What orjson would turn into text by itself is no JSON, and would come back as something else.
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    dumps, resources = orjson.dumps, snapshot.resources
    head = {"version": FORMAT_VERSION, "mason_version": snapshot.mason_version}
    head |= {"serial": snapshot.serial, "lineage": snapshot.lineage}
    pieces = [dumps(head)[:-1], b',\n"resources":{']
    separator = b"\n"
    for address in sorted(resources):
        entry = resources[address]
        # Written out, because this is done for every resource at every write.
        document = {
            "kind": entry.kind,
            "digest": entry.digest,
            "definition": entry.definition,
            "module": entry.module,
            "project": entry.project,
            "file": entry.file,
            "applied_at": entry.applied_at,
            "applied_by": entry.applied_by,
        }
        try:
            encoded = dumps(document, _plain, options)
        except TypeError:
            encoded = _encode_rarity(address, document)
        pieces.append(b"%b%b:%b" % (separator, dumps(address), encoded))
        separator = b",\n"
    pieces.append(b"\n}}\n")
    return b"".join(pieces)


def decode(data: bytes, *, where: str, token: str, backup: Callable[[], str] = lambda: "") -> Snapshot:
    """The snapshot in ``data``, which stands at ``where`` (a path or URL) and is the store's version ``token``.

    Raises ``StateFormatError`` whose message says what is wrong, where, and how to mend it. ``backup`` is asked
    only then: it answers with the sentence that says how to restore the newest backup, or nothing when there is none.
    """
    try:
        with uncollected():
            document = _parse(data)
            resources = _entries(_checked_head(document, where))
    except _Fault as fault:
        remedy = backup() or (
            "There is no backup to restore. Mend it by hand, or move it away to start with an empty state."
        )
        raise StateFormatError(f"{where} {fault}. {remedy}") from None
    return Snapshot(resources, document["serial"], document["lineage"], document["mason_version"], token)


class _Fault(Exception):
    """What is wrong with stored bytes, as the end of a sentence that starts with where they are."""


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON type")


def _encode_rarity(address: str, document: dict[str, Any]) -> bytes:
    """What orjson refuses but JSON can hold: integers beyond 64 bits, lone surrogates."""
    try:
        text = json.dumps(document, separators=(",", ":"), allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise StateError(f"{address} cannot be kept in the state: {error}.") from None
    if json.loads(text) != document:
        raise StateError(f"{address} cannot be kept in the state: its definition changes when written as JSON.")
    return text.encode()


def _parse(data: bytes) -> Any:
    # Not orjson: importing it costs more than it saves below some five thousand resources, and reading is part
    # of commands that should start at once; it would also turn integers beyond 64 bits into floats.
    if not data or data.isspace():
        raise _Fault("is empty")
    try:
        return json.loads(data.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        raise _Fault(f"is not JSON: it is no UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        if data.lstrip().startswith(b"{") and (
            not data.rstrip().endswith(b"}") or error.pos >= len(error.doc.rstrip())
        ):
            raise _Fault(f"is truncated: it ends after {len(data)} bytes, in the middle of the JSON") from None
        raise _Fault(f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except (RecursionError, ValueError) as error:
        raise _Fault(f"is not JSON that anybody wrote: {error}") from None


def _checked_head(document: Any, where: str) -> dict[str, dict[str, Any]]:
    """The raw resources, once everything around them is as it must be."""
    if not isinstance(document, dict):
        raise _Fault(f"is not a state: it holds {_name(document)} where an object should be")
    version = document.get("version")
    if type(version) is int and version > FORMAT_VERSION:
        # No backup mends this, so it does not go the way of the other faults.
        raise StateFormatError(
            f"{where} was written by a newer Mason (format {version}; this one reads {FORMAT_VERSION}). Upgrade Mason."
        )
    _check_keys(document, _KEYS, "")
    for key, expected in (("version", int), ("serial", int), ("mason_version", str), ("lineage", str)):
        if type(document[key]) is not expected:
            raise _Fault(f"holds {_name(document[key])} for '{key}' where {_TYPES[expected]} should be")
    if version != FORMAT_VERSION:
        raise _Fault(f"says format {version}, which never was")
    if document["serial"] < 0:
        raise _Fault(f"has the serial {document['serial']}, and serials start at 0")
    if not isinstance(document["resources"], dict):
        raise _Fault(f"holds {_name(document['resources'])} for 'resources' where an object should be")
    resources: dict[str, dict[str, Any]] = document["resources"]
    return resources


def _entries(resources: dict[str, dict[str, Any]]) -> dict[str, Entry]:
    """The entries by address. Checked by column: ten thousand resources are no time for a loop in Python."""
    if not resources:
        return {}
    raw = list(resources.values())
    try:
        columns = {name: list(map(itemgetter(name), raw)) for name in _FIELDS}
        sound = (
            set(map(type, raw)) == {dict}
            and set(map(len, raw)) == {len(_FIELDS)}
            and all(set(map(type, columns[name])) <= expected for name, expected in _EXPECTED.items())
            and [kind_of(address) for address in resources] == columns["kind"]
        )
    except (KeyError, TypeError, IndexError):
        sound = False
    if not sound:
        raise _first_fault(resources)
    entries = [object.__new__(Entry) for _ in raw]
    for name, column in columns.items():
        # Filling the slots does what the frozen class's own __init__ does, in half the time.
        deque(map(getattr(Entry, name).__set__, entries, column), maxlen=0)
    return dict(zip(resources, entries, strict=True))


_EXPECTED: dict[str, frozenset[type]] = {name: frozenset({str}) for name in _FIELDS} | {
    "definition": frozenset({dict}),
    "module": frozenset({str, type(None)}),
}
_TYPES = {dict: "an object", list: "an array", str: "a string", int: "an integer", float: "a number", bool: "a boolean"}


def _name(value: Any) -> str:
    return _TYPES.get(type(value), "null")


def _check_keys(mapping: dict[str, Any], keys: tuple[str, ...], of: str) -> None:
    for key in keys:
        if key not in mapping:
            raise _Fault(f"lacks the key '{key}'{of}")
    for key in mapping:
        if key not in keys:
            raise _Fault(f"has a key '{key}'{of} that no state has")


def _first_fault(resources: dict[str, Any]) -> _Fault:
    """What is wrong with the first resource that is not as it must be."""
    for address, raw in resources.items():
        if not isinstance(raw, dict):
            return _Fault(f"holds {_name(raw)} for {address} where an object should be")
        try:
            _check_keys(raw, _FIELDS, f" in {address}")
        except _Fault as fault:
            return fault
        for key, expected in _EXPECTED.items():
            if type(raw[key]) not in expected:
                wanted = _TYPES[dict if dict in expected else str] + (" or null" if type(None) in expected else "")
                return _Fault(f"holds {_name(raw[key])} for '{key}' in {address} where {wanted} should be")
        if kind_of(address) != raw["kind"]:
            return _Fault(f"calls {address} a resource of kind '{raw['kind']}'")
    raise AssertionError("the check by column refused what the check by resource accepts")
