"""How a URL becomes a store, which workspace it names, and when two of them name one state."""

from __future__ import annotations

import importlib
import os
import re

from mason.errors import StateError
from mason.resources.address import is_name
from mason.settings import DEFAULT_WORKSPACE
from mason.state.store import WORKSPACES, StateStore

BUILTIN: dict[str, str] = {
    "file": "mason.state.local:LocalStateStore",
    "memory": "mason.state.memory:MemoryStateStore",
    "s3": "mason.state.s3.bucket_store:S3StateStore",
}
"""The stores by URL scheme: where their classes are. A class is called with the URL and gives a ``StateStore``."""


def open_store(url: str) -> StateStore:
    """The store that ``url`` names; what has no scheme is the path of a local folder.

    Opening reads and creates nothing. Other packages add schemes with an entry point in the group
    ``mason.state_stores`` whose name is the scheme and whose value is ``module:Class``; built-in schemes win. Raises
    ``StateError`` for a scheme that nobody registered, for one whose package cannot be imported, and for a URL that
    its store cannot use.
    """
    scheme = scheme_of(url)
    target = BUILTIN.get(scheme) or _entry_points().get(scheme)
    if target is None:
        # The URL itself may hold a password, so only its scheme is shown.
        known = ", ".join(f"{name}://" for name in sorted({*BUILTIN, *_entry_points()}))
        raise StateError(f"No state store is known for {scheme}://. Known: {known}.")
    module, _, name = target.partition(":")
    try:
        store: StateStore = getattr(importlib.import_module(module), name)(url)
    except ImportError as error:
        raise StateError(
            f"The state store for {scheme}:// cannot be loaded ({error}). Install what the package of {module} needs."
        ) from error
    return store


def scheme_of(url: str) -> str:
    """The scheme of a URL in lower case; ``file`` for a plain path.

    A word and a colon make a scheme, so a path whose first folder has a colon is written ``./a:b``.
    """
    matched = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", url)
    return matched[1].lower() if matched else "file"


def workspace_url(url: str, name: str) -> str:
    """The URL of the workspace ``name`` (see ``mason.resources.address.is_name``) of the state at ``url``."""
    # In the path of a folder a question mark is a character like others.
    place, mark, options = (url, "", "") if scheme_of(url) == "file" else url.partition("?")
    return f"{place.rstrip('/')}/{WORKSPACES}/{name}{mark}{options}"


def workspace_of(url: str) -> str:
    """The name of the workspace whose state ``url`` is."""
    place = url if scheme_of(url) == "file" else url.partition("?")[0]
    around, mark, name = place.rpartition(f"/{WORKSPACES}/")
    return name if around and mark and is_name(name) else DEFAULT_WORKSPACE


def is_same_state(url: str, other: str) -> bool:
    """Whether two URLs name one state: in another spelling, through a link, or with options that only say how to reach
    it. Asks no store, so that two names of one machine are not seen through; a URL that cannot be used names none.
    """
    try:
        return url == other or _place(url) == _place(other)
    except StateError:
        return False


def _place(url: str) -> tuple[str, ...]:
    scheme = scheme_of(url)
    if scheme == "file":
        from mason.state.local import folder_of

        return scheme, os.path.realpath(folder_of(url))
    if scheme == "s3":
        from mason.state.s3.bucket_url import address_of

        address = address_of(url)
        return scheme, address.options.get("endpoint_url", "").rstrip("/"), address.bucket, address.prefix
    return scheme, url


def _entry_points() -> dict[str, str]:
    # Imported here: reading the metadata of all installed packages costs more than the rest of a start.
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group="mason.state_stores")}
