"""How far each state had come when this machine met it last: one that went back is told.

A state that is older than the one before was restored by somebody, or by who wants what was replaced to run again. It
is told once, and then it is the state.
"""

from __future__ import annotations

import json
from contextlib import suppress

from mason import bounds
from mason.errors import SettingsError
from mason.home import mason_home
from mason.state import whole_files
from mason.state.lock import tell
from mason.state.snapshot import Snapshot

_FILE = "met_serials.json"
_MOST = 1_000


def meet(snapshot: Snapshot, url: str) -> Snapshot:
    """The snapshot that was read at ``url``. Tells who listens where it is older than the one that was met last.

    Where nothing can be kept, nothing is told. Raises nothing.
    """
    if not snapshot.lineage:
        return snapshot
    with suppress(OSError, ValueError, SettingsError):
        file = mason_home() / _FILE
        key = f"{snapshot.lineage} {url}"
        try:
            met = bounds.parse_json(bounds.read_file(file, bounds.SETTINGS))
        except FileNotFoundError:
            met = {}
        before = met.get(key, 0) if isinstance(met, dict) else 0
        if isinstance(before, int) and before > snapshot.serial:
            tell(
                f"The state {url} went back from serial {before} to {snapshot.serial} since this machine met it last: "
                "somebody restored an older one. What was replaced meanwhile is what runs now. See: mason state history"
            )
        if before != snapshot.serial:
            kept = {**met, key: snapshot.serial} if isinstance(met, dict) else {key: snapshot.serial}
            newest = dict(list(kept.items())[-_MOST:])
            whole_files.make_folder(file.parent)
            whole_files.leave_file(file, json.dumps(newest, indent=1).encode())
    return snapshot
