"""Folders of partitions, ``key=value``, as Hive names them, and the values that their names stand for. Pure."""

from __future__ import annotations

from urllib.parse import unquote

from mason.errors import ConflictError

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
"""The value that stands for NULL in the name of a folder."""


def value_in(name: str, key: str, where: str) -> str:
    """The value in the name of a folder. Raises ``ConflictError`` where it is none of ``key``; ``where`` is its URL."""
    found, is_key, value = name.partition("=")
    if not is_key or unquote(found).lower() != key:
        raise ConflictError(
            f"{where} should be a folder {key}=..., by the table's partition columns. Move it, or leave the partition "
            "columns out."
        )
    return unquote(value)
