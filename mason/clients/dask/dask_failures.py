"""What Dask's own failures mean: a scheduler that is not there, or gone; workers that died, or lack Mason."""

from __future__ import annotations

from mason.errors import EngineError, TransientEngineError


def unreachable(address: str, error: Exception) -> EngineError:
    """The error for a cluster that could not be reached."""
    if isinstance(error, OSError):
        return TransientEngineError(
            f"No Dask scheduler answers at {address}. Start it, or mend scheduler in the config's client."
        )
    return EngineError(f"The Dask scheduler at {address} cannot be used: {type(error).__name__}: {error}")


def gone(address: str) -> TransientEngineError:
    """The error for a scheduler that was there and is gone while work was under way."""
    return TransientEngineError(
        f"The Dask scheduler at {address} is gone, and the work with it: workers stop what nobody waits for. Run it "
        "again when the scheduler is back."
    )


def of_task(error: BaseException, verb: str, memory: str) -> EngineError:
    """What it means that Dask has an exception for a task, though tasks answer with errors as values. ``memory`` says
    how much a worker may take."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        return EngineError(
            f"Dask gave up {verb}, because every worker that began it died. Mostly that is for memory: a worker that "
            f"takes more than it may ({memory}) is ended, by Dask or by its system. Give workers more memory, or lower "
            "memory_limit (what DuckDB may hold) or the number of threads of a worker; Dask's logs say more."
        )
    if isinstance(error, ModuleNotFoundError):
        return EngineError(f"A worker lacks the package {error.name}. Workers need Mason and its extra dask.")
    return EngineError(f"Dask could not do {verb}: {type(error).__name__}: {error}")
