"""The fence around what is no data: what no verb of any client writes, replaces or deletes.

This module looks at names, and at URLs of places that a client is told of (``Client.kept_out``). It opens nothing. Only
a client knows where a path really leads, through links and ``..``: it asks here again with what it found.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from mason.engines.file_urls import scheme_of

_YAML = "YAML is where people write resources and settings"
_PYTHON = "Python files are code that Mason may run"
_PLAN = "a plan file is applied as it was reviewed"
_DATABASE = "it may be a warehouse, which only its database changes"
_KINDS = {
    ".yaml": _YAML,
    ".yml": _YAML,
    ".py": _PYTHON,
    ".pyc": _PYTHON,
    ".pyi": _PYTHON,
    ".pth": _PYTHON,
    ".so": _PYTHON,
    ".plan": _PLAN,
    ".signers": "it says who may sign what is applied",
    ".duckdb": _DATABASE,
    ".db": _DATABASE,
    ".wal": _DATABASE,
}

_NEVER = frozenset({".env", ".git", ".mason"})
LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What desktops leave in every folder that somebody looks into."""

STATE_NAMES = ("state.json", "backups", "sources", "runs", "lock", "workspaces", "current_configs.json")
"""What Mason keeps in the folder of a state, and in the person's own folder."""
PLAN_FORMAT = "mason-plan"
"""What a plan file says in ``format``, whatever its name."""
PLAN_HEAD = 4096
"""In how many bytes a plan file has said that it is one, however its JSON was laid out and its keys sorted."""


def fault(path: str) -> str:
    """Why no verb writes or deletes ``path`` (a path or a URL), as a sentence; empty where its names allow it.

    Of absolute paths and of URLs the last name alone is looked at: the folders of a root may have any names.
    """
    whole = scheme_of(path) or path.startswith("/")
    parts = [part for part in PurePosixPath(path).parts if part != "/"]
    hidden = next((part for part in (parts[-1:] if whole else parts) if is_hidden(part)), "")
    if hidden:
        return refusal(path, f"{hidden} is a hidden name, and hidden files are no data", "begin with a dot")
    ending = PurePosixPath(parts[-1]).suffix.lower() if parts else ""
    return refusal(path, _KINDS[ending], f"end with {ending}") if ending in _KINDS else ""


def is_hidden(name: str) -> bool:
    """Whether a part of a path hides what is there."""
    return name.startswith(".") and name not in (".", "..")


def is_own(path: str) -> bool:
    """Whether what is there does not go with a folder that is deleted. Hidden files of others (``.DS_Store``,
    ``.part-0.crc``) do: they belong to the data."""
    parts = PurePosixPath(path).parts
    if parts and parts[-1] in LITTER:
        return False
    return not _NEVER.isdisjoint(parts) or (bool(parts) and not is_hidden(parts[-1]) and bool(fault(parts[-1])))


def holds_own(path: str, held: str) -> str:
    """The sentence that refuses to delete a folder for what it holds."""
    return f"No verb deletes {path}: it holds {held}, which is no data. Delete the data in it by name."


def refusal(path: str, why: str, named: str) -> str:
    """The sentence that refuses a path for its name."""
    return f"No verb writes or deletes {path}: {why}. Choose a path whose names do not {named}."


def plan_refusal(path: str) -> str:
    """The sentence that refuses a path where a plan file is."""
    return f"No verb writes or deletes {path}: {_PLAN}. Choose another path."


def kept_fault(path: str, url: str, kept_out: Iterable[str]) -> str:
    """Why no verb writes or deletes ``path``, which leads to ``url``: it is one of the places, or below one."""
    place = next((each for each in kept_out if is_at(url, each)), "")
    return own_things(path, place) if place else ""


def own_things(path: str, place: str) -> str:
    """The sentence that refuses a path that leads into a place where Mason keeps its own things."""
    return (
        f"No verb writes, copies or deletes {path}: Mason keeps its own things in {place} (the state, a warehouse or "
        "settings). Choose a path outside."
    )


def is_at(url: str, place: str) -> bool:
    """Whether a URL is that of ``place``, or of something below it."""
    place = place.rstrip("/")
    return url == place or url.startswith(f"{place}/")


def is_plan(head: bytes) -> bool:
    """Whether the first :data:`PLAN_HEAD` bytes of a file are those of a plan file."""
    return f'"{PLAN_FORMAT}"'.encode() in head
