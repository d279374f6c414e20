"""Work on Spark that is timed from inside, with the session up: a server and a session take longer to start than it.

Called as ``python benchmarks/sparked.py NAME REMOTE FILE``, with the packages of the extra ``spark`` on the path;
prints seconds as its last line. ``FILE`` is the parquet file of a table.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mason.engines.execution import Execution
    from mason.engines.models import Table

ROUNDS = 9
ASKED = "SELECT carrier, count(*) AS flights, avg(dep_delay) AS delay FROM {} WHERE distance > 1000 GROUP BY carrier"


def mason_summarize(remote: str, file: Path) -> float:
    """Every column: type, rows, values, distinct values, smallest, largest, mean."""
    engine, table = _mason(remote, file)
    return _seconds(lambda: engine.summarize(table))


def mason_estimate(remote: str, file: Path) -> float:
    """The same with estimates of distinct values."""
    engine, table = _mason(remote, file)
    return _seconds(lambda: engine.summarize(table, exact=False))


def floor_summarize(remote: str, file: Path) -> float:
    """What a person types with pyspark alone for it: ``summary()``, and the distinct values of each column."""
    from pyspark.sql import functions

    frame = _spark(remote).read.parquet(f"file://{file}")

    def work() -> None:
        frame.summary("count", "min", "max", "mean").collect()
        for name in frame.columns:
            frame.agg(functions.countDistinct(name)).collect()

    return _seconds(work)


def mason_share(remote: str, file: Path) -> float:
    """What a query takes longer with Mason than with pyspark alone: medians of both, by turns."""
    engine, table = _mason(remote, file)
    _spark(remote).read.parquet(f"file://{file}").createOrReplaceTempView("flights")
    mason, alone = [], []
    for number in range(ROUNDS + 2):
        for taken, work in (
            (mason, lambda: engine.query(ASKED.format("$table"), table=table)),
            (alone, lambda: _spark(remote).sql(ASKED.format("flights")).toArrow()),
        ):
            seconds = _seconds(work)
            # The first ones compile.
            if number > 1:
                taken.append(seconds)
    print(f"Mason {statistics.median(mason):.3f} s, pyspark-client {statistics.median(alone):.3f} s")
    return statistics.median(mason) - statistics.median(alone)


def _mason(remote: str, file: Path) -> tuple[Execution, Table]:
    from mason.clients.spark import SparkClient
    from mason.engines.execution import Execution
    from mason.engines.models import Location, Table

    engine = SparkClient({"remote": remote, "root": str(file.parent)}, base=file.parent).engine("execution")
    assert isinstance(engine, Execution)
    table = Table("flights", location=Location(file.name))
    engine.preview(table, limit=1)
    return engine, table


def _spark(remote: str) -> Any:
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(remote).getOrCreate()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(globals()[sys.argv[1]](sys.argv[2], Path(sys.argv[3])))
