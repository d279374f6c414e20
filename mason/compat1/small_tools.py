"""The small functions of ``mason.util`` in 1.x that operators use."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

logger = logging.getLogger("mason")
"""Its methods (``info``, ``warning``, ``error``, ``debug``) are those of 1.x."""


def compute(result: Any) -> Any:
    """The value of a result: today that is the result."""
    return result


def message(error: Exception) -> str:
    """What an exception says."""
    return str(error)


def uuid4() -> str:
    """A new id."""
    return str(uuid.uuid4())


def get(items: Sequence[Any], index: int) -> Any:
    """The item at ``index``; ``None`` where there is none."""
    return items[index] if -len(items) <= index < len(items) else None


def flatten(items: Iterable[Any]) -> list[Any]:
    """The items that are not ``None``; lists within are opened."""
    flat: list[Any] = []
    for item in items:
        flat += item if isinstance(item, list) else [] if item is None else [item]
    return flat


flatten_string = flatten
