"""The tables that checks read beside the output that they are of: found before a connection is confined to files.

They belong to the context (:mod:`contextvars`) of one verb.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source

Sources = Mapping["tuple[str, str]", "Source"]
"""What reads tables, by schema (may be empty) and name."""

_NONE: Sources = MappingProxyType({})
_found: ContextVar[Sources] = ContextVar("mason_check_sources", default=_NONE)


@contextmanager
def with_sources(sources: Sources) -> Iterator[None]:
    """Within it, checks may read ``sources``."""
    token = _found.set(sources)
    try:
        yield
    finally:
        _found.reset(token)


def check_sources() -> Sources:
    """What checks may read here beside the output."""
    return _found.get()
