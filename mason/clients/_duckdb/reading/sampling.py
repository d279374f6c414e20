"""Some of a table's files instead of all, where a person asks for that: spread over the partitions, the same each time.

A schema that was found in a sample is called so. It binds nobody who reads: whoever reads a table looks at all files.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from mason.clients._duckdb.reading.table_files import DataFile
from mason.errors import EngineError
from mason.resources.wording import listing

_MOST_NAMED = 5


class Sample(NamedTuple):
    """``size`` files by chance, which is that of ``seed``."""

    size: int
    seed: int = 0

    def check(self) -> None:
        """Raises ``EngineError`` for no number of files."""
        for name, value, least in (("sample_size", self.size, 1), ("seed", self.seed, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise EngineError(f"{name} is {value}, but it must be {least} or more.")

    def of(self, files: Sequence[DataFile]) -> tuple[DataFile, ...]:
        """Those that are looked at, in the order of ``files``: one of each partition before two of any."""
        chance = Random(self.seed)
        partitions: dict[tuple[tuple[str, str | None], ...], list[DataFile]] = {}
        for file in files:
            partitions.setdefault(file.partitions, []).append(file)
        waiting = list(partitions.values())
        for each in waiting:
            chance.shuffle(each)
        chance.shuffle(waiting)
        chosen: set[str] = set()
        while waiting and len(chosen) < self.size:
            chosen.update(each.pop().name for each in waiting[: self.size - len(chosen)])
            waiting = [each for each in waiting if each]
        return tuple(file for file in files if file.name in chosen)

    def note(self, chosen: Sequence[DataFile], files: Sequence[DataFile]) -> str:
        """What is said of a schema that was found so."""
        names = listing([file.name for file in chosen], most=_MOST_NAMED)
        every, met = ({file.partitions for file in each} for each in (files, chosen))
        spread = f" in {len(met)} of {len(every)} partitions" if len(every) > 1 else ""
        return (
            f"The schema is that of a sample: {len(chosen)} of {len(files)} files{spread} (seed {self.seed}): {names}. "
            "Others may differ, which shows when they are read."
        )
