"""Work on a Dask cluster of two processes that is timed from inside, with the cluster up, and the same by others.

Called as ``python benchmarks/dasked.py NAME FILE FOLDER``; prints seconds as its last line. ``FILE`` is the parquet
file of a table, ``FOLDER`` where tables are written. Files were seen in a first round.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mason.engines.execution import Execution
    from mason.engines.models import Table

ROUNDS = 3
WORKERS = 2
KEYS = ["year", "month", "day", "tailnum", "sched_dep_time"]


def mason_summarize(file: Path, folder: Path) -> float:
    """Every column, exactly, by Mason's client ``dask``."""
    return _by(_dask(file), lambda engine, table: engine.summarize(table))


def local_summarize(file: Path, folder: Path) -> float:
    """The same by Mason's client ``local``."""
    return _by(_local(file), lambda engine, table: engine.summarize(table))


def mason_dedupe(file: Path, folder: Path) -> float:
    """One row for each value of five columns, into a folder, by Mason's client ``dask``."""
    return _by(
        _dask(file), lambda engine, table: engine.dedupe(table, keys=KEYS, output=f"{folder.name}/mason"), folder
    )


def local_dedupe(file: Path, folder: Path) -> float:
    """The same by Mason's client ``local``."""
    return _by(
        _local(file), lambda engine, table: engine.dedupe(table, keys=KEYS, output=f"{folder.name}/local"), folder
    )


def dask_summarize(file: Path, folder: Path) -> float:
    """What a person types with dask.dataframe for it: counts, distinct values, smallest, largest and means."""
    frame = _frame(file)
    numbers = frame.select_dtypes("number").columns
    wanted = [frame.count(), frame.nunique(), frame[numbers].min(), frame[numbers].max(), frame[numbers].mean()]
    import dask

    return _seconds(lambda: dask.compute(*wanted), None)


def dask_dedupe(file: Path, folder: Path) -> float:
    """Shuffled by the keys, as dask.dataframe does it for more than one partition."""
    frame = _frame(file)
    made = folder / "dask"

    def work() -> None:
        frame.drop_duplicates(subset=KEYS, split_out=frame.npartitions).to_parquet(str(made), write_index=False)

    return _seconds(work, folder)


def _frame(file: Path) -> Any:
    import dask.dataframe
    from distributed import Client, LocalCluster

    Client(LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None))
    return dask.dataframe.read_parquet(file, split_row_groups=8)


def _dask(file: Path) -> Execution:
    from mason.clients.dask import DaskClient

    client = DaskClient({"workers": WORKERS, "memory_limit": "2GB"}, base=file.parent)
    client.cluster()
    return client.engine("execution")  # type: ignore[return-value]


def _local(file: Path) -> Execution:
    from mason.clients.local import LocalClient

    return LocalClient({"memory_limit": "2GB"}, base=file.parent).engine("execution")  # type: ignore[return-value]


def _by(engine: Execution, work: Callable[[Execution, Table], object], folder: Path | None = None) -> float:
    from mason.engines.models import Location, Table

    table = Table("flights", location=Location("flights.parquet"))
    return _seconds(lambda: work(engine, table), folder)


def _seconds(work: Callable[[], object], folder: Path | None) -> float:
    """The median of some rounds, after one that is not measured."""
    taken = []
    for _ in range(ROUNDS + 1):
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


if __name__ == "__main__":
    name, *paths = sys.argv[1:]
    print(globals()[name](*map(Path, paths)))
