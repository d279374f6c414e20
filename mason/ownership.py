"""Whose files these are: what another user of this machine owns, or could have put there. Asks the file system only.

Settings decide whose code runs, where secrets go and what the state is. The rules are those of git's
``safe.directory``: a file of another user is not used before a person says so. And what Mason keeps for a person is
for that person alone.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def owner_of(path: Path) -> str:
    """The name of the user who owns ``path``, where that is neither this user nor the administrator; else empty.

    Who became the administrator with ``sudo`` is also who they were before. Raises nothing: what cannot be looked at
    cannot be used.
    """
    try:
        owner = path.stat().st_uid
    except OSError:
        return ""
    own = {os.geteuid(), 0}
    if os.geteuid() == 0 and (before := os.environ.get("SUDO_UID", "")).isdecimal():
        own.add(int(before))
    if owner in own:
        return ""
    import pwd

    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone may look into, and those above it that are missing. Raises ``OSError``."""
    if not folder.is_dir():
        # Not ``parents=True``, which would give the parents the mode that everybody's folders have.
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def open_to_others(start: Path, top: Path) -> Path | None:
    """The first folder from ``start`` up to ``top`` in which every user of this machine may make files."""
    for folder in (start, *start.parents):
        try:
            if folder.stat().st_mode & stat.S_IWOTH:
                return folder
        except OSError:
            return None
        if folder == top:
            break
    return None
