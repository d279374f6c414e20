"""What is told of removed duplicates, in the same words for every client. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_removed(manifest: Mapping[str, Any], rows_in: int) -> dict[str, Any]:
    """The manifest of a table without duplicates, with ``rows_in`` and ``removed``."""
    return {**manifest, "rows_in": rows_in, "removed": rows_in - manifest["rows"]}


def counted(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The line of the job's log; none for other manifests."""
    if "removed" not in manifest:
        return ()
    return (f"{manifest['rows_in']} rows in, {manifest['rows']} out, {manifest['removed']} removed",)
