"""Folders of partitions, ``key=value``, as Hive names them, and the values that their names stand for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from mason.errors import ConflictError

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
"""The value that stands for NULL in the name of a folder; Hive writes it for an empty text, too."""

_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"})


def value_in(name: str, key: str, where: str) -> str:
    """The value in the name of a folder. Raises ``ConflictError`` where it is none of ``key``; ``where`` is its URL."""
    found, is_key, value = name.partition("=")
    if not is_key or unquote(found).lower() != key:
        raise ConflictError(
            f"{where} should be a folder {key}=..., by the table's partition columns. Move it, or leave the partition "
            "columns out."
        )
    return unquote(value)


def values_of(keys: Sequence[tuple[str, str]], values: Sequence[str]) -> dict[str, Any]:
    """The values of a partition by the names of its ``keys``, whose types come with them: ``None`` for what Hive writes
    for NULL, numbers for keys of whole numbers, and else text."""
    return {name: _value(value, kind) for (name, kind), value in zip(keys, values, strict=False)}


def _value(text: str, kind: str) -> Any:
    if text == HIVE_NULL:
        return None
    plain = text[1:] if text[:1] == "-" else text
    return int(text) if kind in _WHOLE and plain.isascii() and plain.isdigit() else text
