"""The footer of a parquet file by itself: what DuckDB's view of it leaves out, cut, or fails at.

The fields and their numbers: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mason.errors import EngineError

_MAGIC = b"PAR1"
_LZ4, _BYTE_STREAM_SPLIT, _FLOATING = 5, 9, (4, 5)
# The codec before the number of values, or the type before a list of encodings with that one in it, as Thrift's compact
# protocol writes them: one look at the bytes of a footer, for the many that hold nothing of it.
_MAY_LACK = re.compile(rb"\x15\x0a\x16|\x15[\x02\x04\x0c\x0e]\x19[\x15\x25\x35\x45\x55\x65\x75][\x00-\x10]*\x12")


def chunks(footer: Mapping[int, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[int, Any]]]:
    """The columns of all row groups with their metadata, by the numbers of its fields."""
    for group in footer.get(4, []):
        for chunk in group.get(1, []):
            metadata = chunk.get(3, {})
            yield tuple(part.decode() for part in metadata.get(3, [])), metadata


def footer_length(path: Path) -> int:
    """The bytes of a footer."""
    with path.open("rb") as file:
        file.seek(-8, 2)
        return int.from_bytes(file.read(4), "little")


def footer_bytes(path: Path) -> bytes:
    """The metadata at the end of a parquet file as it stands there."""
    with path.open("rb") as file:
        file.seek(-8, 2)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-8 - length, 2)
        return file.read(length)


def footer(path: Path) -> Mapping[int, Any]:
    """The metadata at the end of a parquet file, by the numbers of its fields; see parquet.thrift."""
    return _Compact(footer_bytes(path)).struct()


def end_of_schema(said: bytes) -> int:
    """Where the schema ends in the bytes of a footer."""
    return _Compact(said).end_of_schema()


def lacking(path: Path) -> dict[str, str]:
    """What DuckDB 1.5 lacks to read a file, by the names of columns at the top."""
    said = footer_bytes(path)
    found = {}
    for parts, metadata in chunks(_Compact(said).struct()) if _MAY_LACK.search(said) else ():
        if metadata.get(4) == _LZ4:
            found[parts[0]] = "LZ4 as Hadoop writes it"
        elif _BYTE_STREAM_SPLIT in metadata.get(2, []) and metadata.get(1) not in _FLOATING:
            found[parts[0]] = "BYTE_STREAM_SPLIT of other values than FLOAT and DOUBLE"
    return found


def beginning(path: Path, known: Iterable[bytes]) -> bytes | None:
    """The bytes of a footer up to the end of its schema, which are those of ``known`` where one of them is meant;
    ``None`` where there is no saying, where other parts of it may change types, or where DuckDB may lack something."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(-8, 2)
            length, magic = int.from_bytes(file.read(4), "little"), file.read(4)
            file.seek(-8 - length, 2)
            data = file.read(length)
    except OSError:
        return None
    # Columns of GeoParquet are said to be geometries outside of the schema.
    if magic != _MAGIC or len(data) < length or b"geo" in data or _MAY_LACK.search(data):
        return None
    for each in known:
        if data.startswith(each):
            return each
    try:
        return data[: _Compact(data).end_of_schema()] or None
    except (EngineError, IndexError, RecursionError):
        return None


class _Compact:
    """Thrift's compact protocol, as much of it as a footer needs.

    https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def struct(self) -> dict[int, Any]:
        """A struct: its fields by number."""
        fields: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            kind = header & 0x0F
            number = number + (header >> 4) if header >> 4 else self._signed()
            fields[number] = kind == 1 if kind in (1, 2) else self._value(kind)
        return fields

    def end_of_schema(self) -> int:
        """Where the schema ends, which is the second field of a footer; 0 where it is not."""
        number = 0
        while header := self._byte():
            number = number + (header >> 4) if header >> 4 else self._signed()
            self._value(header & 0x0F)
            if number == 2:
                return self.at
        return 0

    def _value(self, kind: int) -> Any:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 7:
            self.at += 8
            return None
        if kind == 8:
            length = self._unsigned()
            self.at += length
            return self.data[self.at - length : self.at]
        if kind in (9, 10):
            header = self._byte()
            count = header >> 4 if header >> 4 < 15 else self._unsigned()
            return [self._value(header & 0x0F) for _ in range(count)]
        if kind == 12:
            return self.struct()
        raise EngineError(f"A parquet footer holds a value of kind {kind}, which no footer has.")

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)


def has_encrypted_columns(path: Path) -> bool:
    """Whether a footer, which is no secret itself, says that columns are. A damaged one says nothing."""
    try:
        return any(8 in chunk for group in footer(path).get(4, []) for chunk in group.get(1, []))
    except (EngineError, IndexError, AttributeError, TypeError, OSError, RecursionError):
        return False
