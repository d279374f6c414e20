"""State written and read, timed from inside: the work takes milliseconds, and a process around it would hide it.

Called as ``python benchmarks/clocked.py NAME FOLDER``; prints seconds, the best of several, as its last line.
``FOLDER`` holds the state of a project that was applied. The floors do the same to the same bytes, unchecked.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

REPEATS = 5


def mason_write(folder: Path) -> float:
    """Writing a snapshot in which one resource changed: conditional, with a backup, durable."""
    from mason.state.store import open_store

    store = open_store(folder.as_uri())

    def work() -> None:
        nonlocal base
        base = store.write(changed, base=base)

    def change() -> None:
        nonlocal changed
        address, entry = next(iter(base.resources.items()))
        changed = {**base.resources, address: replace(entry, applied_at=f"{time.time()}")}

    base, changed = store.read(), {}
    return _best(work, before=change)


def mason_read(folder: Path) -> float:
    """Reading the snapshot and decoding every entry."""
    from mason.state.store import open_store

    store = open_store(folder.as_uri())
    return _best(lambda: dict(store.read().resources))


def mason_look(folder: Path) -> float:
    """Reading what a plan without a change needs: the digests of all resources."""
    from mason.state.store import open_store

    store = open_store(folder.as_uri())
    return _best(lambda: store.read().digests)


def floor_write(folder: Path) -> float:
    """orjson, fsync, rename."""
    import orjson

    document = orjson.loads((folder / "state.json").read_bytes())
    temporary, target = folder / "floor.tmp", folder / "floor.json"

    def work() -> None:
        with temporary.open("wb") as file:
            file.write(orjson.dumps(document))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)

    return _best(work)


def floor_read(folder: Path) -> float:
    """orjson, with the garbage collector off."""
    import orjson

    def work() -> None:
        gc.disable()
        orjson.loads((folder / "state.json").read_bytes())
        gc.enable()

    return _best(work)


floor_look = floor_read


def _best(work: Callable[[], object], *, before: Callable[[], object] = lambda: None) -> float:
    taken = []
    for _ in range(REPEATS):
        before()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


if __name__ == "__main__":
    print(globals()[sys.argv[1]](Path(sys.argv[2])))
