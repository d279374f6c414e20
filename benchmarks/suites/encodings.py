"""What pyarrow leaves encoded: the values of VARIANT columns, and geometries.

By the specifications: https://github.com/apache/parquet-format/blob/master/VariantEncoding.md (and VariantShredding.md
beside it), and OGC 06-103r4 for well-known binary and text.
"""

from __future__ import annotations

import itertools
import re
import struct
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

MISSING = object()
"""What a VARIANT says where there is no value at all, which is not the same as null."""

_SHAPES = ("", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION")
_NUMBER = re.compile(r"[-+]?(?:\d[\d.]*(?:e[-+]?\d+)?|nan|inf)", re.IGNORECASE)


def variant(group: Mapping[str, Any] | None, instant: Callable[[int, str], str]) -> Any:
    """The value of a VARIANT by its parts ``metadata``, ``value`` and ``typed_value``, the latter JSON-ready and the
    others pairs of ``bytes`` and a hexadecimal text. ``instant`` writes a count of units since 1970 as a time."""
    if group is None:
        return None
    metadata = bytes.fromhex(group["metadata"][1])
    width = (metadata[0] >> 6) + 1
    count = int.from_bytes(metadata[1 : 1 + width], "little")
    offsets = _numbers(metadata, 1 + width, width, count + 1)
    start = 1 + width * (count + 2)
    names = [metadata[start + one : start + other].decode() for one, other in itertools.pairwise(offsets)]
    found = _unshredded(group, names, instant)
    return None if found is MISSING else found


def _unshredded(group: Mapping[str, Any], names: list[str], instant: Callable[[int, str], str]) -> Any:
    value, typed = group.get("value"), group.get("typed_value")
    plain = _Value(bytes.fromhex(value[1]), names, instant).read(0) if value else MISSING
    if typed is None:
        return plain
    if isinstance(typed, list):
        found = [_unshredded(each, names, instant) for each in typed]
        return [None if each is MISSING else each for each in found]
    if isinstance(typed, Mapping):
        if plain is not MISSING and not isinstance(plain, Mapping):
            raise ValueError("a value that is no object beside fields of one")
        fields = {name: _unshredded(each, names, instant) for name, each in typed.items() if each is not None}
        rest = plain if isinstance(plain, Mapping) else {}
        return {**rest, **{name: each for name, each in fields.items() if each is not MISSING}}
    return typed


def _numbers(data: bytes, start: int, width: int, count: int) -> list[int]:
    return [int.from_bytes(data[start + width * n : start + width * (n + 1)], "little") for n in range(count)]


class _Value:
    """One encoded value, and those within it."""

    def __init__(self, data: bytes, names: list[str], instant: Callable[[int, str], str]) -> None:
        self.data = data
        self.names = names
        self.instant = instant

    def read(self, at: int) -> Any:
        """The value that begins at a byte."""
        kind, header = self.data[at] & 3, self.data[at] >> 2
        if kind == 0:
            return self._primitive(header, at + 1)
        if kind == 1:
            return self.data[at + 1 : at + 1 + header].decode()
        large = header >> (4 if kind == 2 else 2) & 1
        count = int.from_bytes(self.data[at + 1 : at + (5 if large else 2)], "little")
        at += 5 if large else 2
        offset_width = (header & 3) + 1
        keys: list[int] = []
        if kind == 2:
            id_width = (header >> 2 & 3) + 1
            keys = _numbers(self.data, at, id_width, count)
            at += id_width * count
        offsets = _numbers(self.data, at, offset_width, count + 1)
        at += offset_width * (count + 1)
        values = [self.read(at + offset) for offset in offsets[:count]]
        return {self.names[key]: value for key, value in zip(keys, values, strict=True)} if kind == 2 else values

    def _primitive(self, kind: int, at: int) -> Any:
        if kind < 3:
            return (None, True, False)[kind]
        if kind in (7, 14):
            return struct.unpack_from("<d" if kind == 7 else "<f", self.data, at)[0]
        if kind in (15, 16):
            length = int.from_bytes(self.data[at : at + 4], "little")
            content = self.data[at + 4 : at + 4 + length]
            return content.decode() if kind == 16 else ("bytes", content.hex())
        if kind == 20:
            return str(uuid.UUID(bytes=self.data[at : at + 16]))
        if kind in (8, 9, 10):
            return Decimal(self._whole(at + 1, 1 << (kind - 6))).scaleb(-self.data[at])
        count = self._whole(at, {3: 1, 4: 2, 5: 4, 11: 4}.get(kind, 8))
        if kind < 7:
            return count
        if kind == 11:
            return ("time", self.instant(count * 86_400, "s")[:10])
        text = self.instant(count, "ns" if kind in (18, 19) else "us")
        return ("time", text.partition("T")[2] if kind == 17 else text + ("Z" if kind in (12, 18) else ""))

    def _whole(self, at: int, width: int) -> int:
        return int.from_bytes(self.data[at : at + width], "little", signed=True)


def same_geometry(binary: str, text: str) -> bool:
    """Whether a well-known text says the shape and the coordinates of a well-known binary, which is hexadecimal."""
    shape, numbers = _geometry(bytes.fromhex(binary))
    found = [float(each) for each in _NUMBER.findall(text)]
    return text.upper().startswith(shape) and (repr(found) == repr(numbers) or "EMPTY" in text.upper())


def _geometry(data: bytes) -> tuple[str, list[float]]:
    at = 0

    def read() -> tuple[str, list[float]]:
        nonlocal at
        order = "<" if data[at] else ">"
        kind = struct.unpack_from(f"{order}I", data, at + 1)[0]
        at += 5
        width = 2 + (kind // 1000 % 4 in (1, 2)) + 2 * (kind // 1000 % 4 == 3)
        numbers: list[float] = []

        def many() -> int:
            nonlocal at
            at += 4
            return int(struct.unpack_from(f"{order}I", data, at - 4)[0])

        def points(count: int) -> None:
            nonlocal at
            numbers.extend(struct.unpack_from(f"{order}{count * width}d", data, at))
            at += count * width * 8

        if kind % 1000 == 1:
            points(1)
        elif kind % 1000 == 2:
            points(many())
        elif kind % 1000 == 3:
            for _ in range(many()):
                points(many())
        else:
            for _ in range(many()):
                numbers.extend(read()[1])
        return _SHAPES[kind % 1000], numbers

    return read()
