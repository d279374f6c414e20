"""Copies of files that DuckDB cannot read as they are, in a folder that goes when the process ends.

What makes a copy is handed in: this module keeps what was made, and imports nothing of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from mason.clients._duckdb.reading.table_files import DataFile


class Copies:
    """Copies by what they were made of; gone with the process."""

    def __init__(self) -> None:
        self._held = ExitStack()
        weakref.finalize(self, self._held.close)
        self._folder: Path | None = None
        self._made: dict[tuple[Path, object], Path] = {}
        self._count = 0

    def of(self, file: DataFile, how: object, ending: str, make: Callable[[Path], None]) -> Path:
        """The copy of a file, which ``make`` writes to the path that it is given when the copy is first asked for.

        how: tells the copy from others of the same file; hashable.
        ending: of its name.

        Raises what ``make`` raises.
        """
        key = (file.path, (file.version, how))
        if key not in self._made:
            from mason import temporary

            if self._folder is None:
                self._folder = self._held.enter_context(temporary.folder("reading"))
            self._count += 1
            target = self._folder / f"{self._count}{ending}"
            try:
                make(target)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
            self._made[key] = target
        return self._made[key]

    def forget(self, path: str) -> None:
        """Make the copies of the file at ``path`` anew when they are asked for."""
        for key in [key for key in self._made if str(key[0]) == path]:
            del self._made[key]
