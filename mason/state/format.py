"""How a snapshot is written down: the bytes of ``state.json`` (DESIGN: section "State"), and what is refused of them.

Reading and writing those bytes is a store's work; nothing here performs I/O.
"""

from __future__ import annotations

import codecs
import json
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Set
from operator import itemgetter
from typing import Any

from mason.bulk import uncollected
from mason.errors import StateError, StateFormatError
from mason.resources.address import kind_of
from mason.state.snapshot import FORMAT_VERSION, Entry, Snapshot, StoredEntries

_KEYS = ("version", "mason_version", "serial", "lineage", "resources")
_OPTIONAL: dict[str, Any] = {"written_at": "", "written_by": "", "follows": None, "errored_on": None}
"""The keys that a state need not have, and what a snapshot has then."""
_FIELDS = ("kind", "digest", "definition", "module", "project", "file", "applied_at", "applied_by")
_OUTCOME, _SIGNATURE = "outcome", "signature"
_BESIDES = (_OUTCOME, _SIGNATURE)
"""The fields that some resources have besides: runs and schedules what came of them, and what is signed by whom."""

LARGEST_SERIAL = 10**15
"""The highest serial of a state: more than there are writes, and all readers of JSON tell numbers up to it apart."""


def encode(snapshot: Snapshot) -> bytes:
    """The snapshot as the JSON that stores keep: one line for each resource, sorted by address.

    A line for each keeps the file readable, searchable and comparable with the tools that people have, at little more
    than half the bytes of full indentation. Raises ``StateError`` for a definition that JSON cannot hold
    (NaN and infinity, which never come here from a file, become null).
    """
    return lay_out(snapshot, before=Snapshot()).content


def lay_out(snapshot: Snapshot, *, before: Snapshot) -> StoredEntries:
    """As ``encode``, and where in the bytes each resource stands.

    Entries that are the very objects that ``before`` gave out are not encoded again: their lines are taken from its
    bytes, if those are known. Those among them that were edited by hand stay known as edited: the entries that somebody
    makes anew are what is applied now. Raises ``StateError`` as ``encode`` does, and for a serial beyond the highest.
    """
    import orjson

    if snapshot.serial > LARGEST_SERIAL:
        # It could be written, but never be read again.
        raise StateError(
            f"A state has no serial above {LARGEST_SERIAL:,}. Nothing was written. Somebody raised the serial of this "
            "one by hand: lower it in the same way, or put a backup in its place."
        )

    entries = {address: snapshot.resources[address] for address in sorted(snapshot.resources)}
    old = before.resources
    if not isinstance(old, StoredEntries):
        old = StoredEntries(b"", {}, [0], decode_lines)
    head = {"version": FORMAT_VERSION, "mason_version": snapshot.mason_version}
    head |= {"serial": snapshot.serial, "lineage": snapshot.lineage}
    head |= {key: value for key, without in _OPTIONAL.items() if (value := getattr(snapshot, key)) != without}
    start = b'%b,\n"resources":{' % orjson.dumps(head)[:-1]
    lines = _encode_lines(old.strangers(entries))
    removed = [address for address in old if address not in entries]
    pieces, starts = _splice(old, lines, removed, at=len(start))
    return StoredEntries(
        content=b"".join([start, *pieces[1:], b"\n}}\n"]),
        digests={address: entry.digest for address, entry in entries.items()},
        starts=starts,
        decode=decode_lines,
        decoded=entries,
        edited=[address for address in before.edited if entries.get(address) is before.resources[address]],
    )


def lay_out_whole(snapshot: Snapshot) -> StoredEntries:
    """As ``lay_out``, of a snapshot that comes from elsewhere: what was edited by hand in it stays known as edited."""
    edited = snapshot.edited
    entries = lay_out(snapshot, before=Snapshot())
    entries.edited = edited
    return entries


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
    optional = {key: document.get(key, without) for key, without in _OPTIONAL.items()}
    return Snapshot(resources, document["serial"], document["lineage"], document["mason_version"], token, **optional)


def missing_error(where: str, *, backups: str, restore: str) -> StateFormatError:
    """The error of a state that is not at ``where`` (a path or URL), beside its ``backups``: it was there, and is lost.

    ``restore`` is the sentence that says how to restore the newest one, or nothing when none can be read.
    """
    return StateFormatError(
        f"{where} is missing, while backups of it are in {backups}. To begin with an empty state, move those away. "
        f"{restore or 'None of them can be read.'}"
    )


def decode_lines(lines: bytes | memoryview, addresses: Set[str]) -> dict[str, Entry]:
    """The entries on ``lines`` of a state that this Mason wrote, which are those of ``addresses``.

    Raises ``StateFormatError`` when they are not.
    """
    try:
        with uncollected():
            entries = _entries(_parse(b"".join([b"{", lines, b"}"])))
    except _Fault:
        entries = {}
    if entries.keys() != addresses:
        raise StateFormatError(
            "The state does not hold what its index says. Delete the file .index beside state.json: "
            "Mason works without it, and makes it again."
        )
    return entries


class _Fault(Exception):
    """What is wrong with stored bytes, as the end of a sentence that starts with where they are."""


def _encode_lines(entries: Mapping[str, Entry]) -> dict[str, bytes]:
    import orjson

    # What orjson would turn into text by itself is no JSON, and would come back as something else.
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    dumps = orjson.dumps
    lines = {}
    for address, entry in entries.items():
        # Written out, because this is done for every resource of a first write.
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
        if entry.outcome is not None:
            document[_OUTCOME] = entry.outcome
        if entry.signature is not None:
            document[_SIGNATURE] = entry.signature
        try:
            encoded = dumps(document, _plain, options)
        except TypeError:
            encoded = _encode_rarity(address, document)
        lines[address] = b"\n%b:%b" % (dumps(address), encoded)
    return lines


def _splice(
    old: StoredEntries, lines: Mapping[str, bytes], removed: Iterable[str], *, at: int
) -> tuple[list[bytes | memoryview], list[int]]:
    """The lines of ``old`` with ``lines`` in their places and without ``removed``, in few pieces, a comma before each.

    Also says where each line starts, and where one after the last would, when the first one starts ``at``.
    """
    addresses, content = list(old), memoryview(old.content)
    pieces: list[bytes | memoryview] = []
    starts: list[int] = []
    done = 0
    for address in [*sorted([*lines, *removed]), None]:
        place = len(addresses) if address is None else bisect_left(addresses, address, lo=done)
        if place > done:
            first, end = old.starts[done], old.starts[place]
            pieces += (b",", content[first : end - 1])
            starts += [at + start - first for start in old.starts[done:place]]
            at += end - first
        done = place + 1 if addresses[place : place + 1] == [address] else place
        if address is not None and address in lines:
            pieces += (b",", lines[address])
            starts.append(at)
            at += len(lines[address]) + 1
    return pieces, [*starts, at]


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
    _check_keys(document, _KEYS, "", optional=tuple(_OPTIONAL))
    types = {"version": int, "serial": int, "mason_version": str, "lineage": str, "written_at": str, "written_by": str}
    types |= {"follows": int, "errored_on": int}
    for key, expected in ((key, types[key]) for key in types if key in document):
        if type(document[key]) is not expected:
            raise _Fault(f"holds {_name(document[key])} for '{key}' where {_TYPES[expected]} should be")
    if version != FORMAT_VERSION:
        raise _Fault(f"says format {version}, which never was")
    for serial in (document["serial"], document.get("follows", 0), document.get("errored_on", 0)):
        if serial < 0:
            raise _Fault(f"has the serial {serial}, and serials start at 0")
        if serial > LARGEST_SERIAL:
            raise _Fault(f"has a serial above {LARGEST_SERIAL:,}, which no state comes to")
    if not isinstance(document["resources"], dict):
        raise _Fault(f"holds {_name(document['resources'])} for 'resources' where an object should be")
    resources: dict[str, dict[str, Any]] = document["resources"]
    return resources


def _entries(resources: dict[str, dict[str, Any]]) -> dict[str, Entry]:
    """The entries by address. Checked by column: ten thousand resources are no time for a loop in Python."""
    if not resources:
        return {}
    raw = list(resources.values())
    besides: dict[str, list[Any]] = {}
    try:
        # Taken out, so that all that are left have the same fields.
        besides = {name: [each.pop(name, None) for each in raw] for name in _BESIDES}
        columns = {name: list(map(itemgetter(name), raw)) for name in _FIELDS}
        sound = (
            set(map(type, raw)) == {dict}
            and set(map(len, raw)) == {len(_FIELDS)}
            and all(set(map(type, columns[name])) <= expected for name, expected in _EXPECTED.items())
            and [kind_of(address) for address in resources] == columns["kind"]
            and all(set(map(type, each)) <= {dict, type(None)} for each in besides.values())
        )
    except (KeyError, TypeError, IndexError, AttributeError):
        sound = False
    if not sound:
        raise _first_fault(resources, besides)
    entries = [object.__new__(Entry) for _ in raw]
    for name, column in columns.items():
        # Filling the slots does what the frozen class's own __init__ does, in half the time.
        deque(map(getattr(Entry, name).__set__, entries, column), maxlen=0)
    for name, column in besides.items():
        deque(map(getattr(Entry, name).__set__, entries, column), maxlen=0)
    return dict(zip(resources, entries, strict=True))


_EXPECTED: dict[str, frozenset[type]] = {name: frozenset({str}) for name in _FIELDS} | {
    "definition": frozenset({dict}),
    "module": frozenset({str, type(None)}),
}
_TYPES = {dict: "an object", list: "an array", str: "a string", int: "an integer", float: "a number", bool: "a boolean"}


def _name(value: Any) -> str:
    return _TYPES.get(type(value), "null")


def _check_keys(mapping: dict[str, Any], keys: tuple[str, ...], of: str, *, optional: tuple[str, ...] = ()) -> None:
    for key in keys:
        if key not in mapping:
            raise _Fault(f"lacks the key '{key}'{of}")
    for key in mapping:
        if key not in keys and key not in optional:
            raise _Fault(f"has a key '{key}'{of} that no state has")


def _first_fault(resources: dict[str, Any], besides: Mapping[str, Iterable[Any]]) -> _Fault:
    """What is wrong with the first resource that is not as it must be; ``besides`` were taken out of them."""
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
    for name, column in besides.items():
        for address, held in zip(resources, column, strict=False):
            if type(held) not in (dict, type(None)):
                return _Fault(f"holds {_name(held)} for '{name}' in {address} where an object should be")
    raise AssertionError("the check by column refused what the check by resource accepts")
