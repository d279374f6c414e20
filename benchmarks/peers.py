"""The same work by others, where they are installed: ``python benchmarks/peers.py NAME ARGUMENTS``.

Each asks as its own documentation does, in a process of its own. What is not installed is left out of the table.
Workflows print their own seconds as the last line, those of the execution of what was defined before, after one of one
step that is not timed; each peer keeps what it keeps of a run, in a folder of its own.
"""

from __future__ import annotations

import sys


def pandas_get_table(path: str) -> None:
    """Columns and types; pandas can only tell by reading, so it reads the first rows of a CSV."""
    import pandas

    frame = pandas.read_csv(path, nrows=10_000) if path.endswith(".csv") else pandas.read_parquet(path)
    print(frame.dtypes)


def pandas_query(path: str) -> None:
    """Filter, then group by."""
    import pandas

    columns = ["carrier", "distance", "dep_delay"]
    frame = (
        pandas.read_csv(path, usecols=columns) if path.endswith(".csv") else pandas.read_parquet(path, columns=columns)
    )
    grouped = frame[frame.distance > 1000].groupby("carrier")
    print(grouped.dep_delay.agg(["size", "mean"]).sort_values("size", ascending=False))


def pandas_summarize(path: str) -> None:
    """Non-null, distinct, min, max and mean of all columns."""
    import pandas

    frame = pandas.read_csv(path) if path.endswith(".csv") else pandas.read_parquet(path)
    for name in frame.columns:
        column = frame[name].dropna()
        mean = column.mean() if pandas.api.types.is_numeric_dtype(column) else None
        print(name, len(column), column.nunique(), column.min(), column.max(), mean)


def pandas_format(path: str, output: str, *partition_columns: str) -> None:
    """CSV to parquet, in one file or partitioned."""
    import pandas

    frame = pandas.read_csv(path, parse_dates=["time_hour"])
    frame.to_parquet(output, index=False, partition_cols=list(partition_columns) or None)


def pandas_merge(folder: str, output: str) -> None:
    """The files of a folder in one."""
    from pathlib import Path

    import pandas

    frames = [pandas.read_parquet(file) for file in sorted(Path(folder).iterdir())]
    pandas.concat(frames, ignore_index=True).to_parquet(output, index=False)


def pandas_dedupe(path: str, output: str, *keys: str) -> None:
    """The first row for each value of ``keys``."""
    import pandas

    pandas.read_parquet(path).drop_duplicates(list(keys)).to_parquet(output, index=False)


def polars_get_table(path: str) -> None:
    """Columns and types."""
    print(_polars_scan(path).collect_schema())


def polars_query(path: str) -> None:
    """Filter, then group by."""
    import polars

    grouped = _polars_scan(path).filter(polars.col("distance") > 1000).group_by("carrier")
    print(grouped.agg(polars.len(), polars.col("dep_delay").mean()).sort("len", descending=True).collect())


def polars_summarize(path: str) -> None:
    """Non-null, distinct, min, max and mean of all columns in one query."""
    _polars_summarize(path, "n_unique")


def _polars_summarize(path: str, distinct: str) -> None:
    import polars

    frame = _polars_scan(path)
    everything = polars.all()
    numbers = polars.selectors.numeric()
    print(
        frame.select(
            everything.count().name.suffix(" count"),
            getattr(everything.drop_nulls(), distinct)().name.suffix(" distinct"),
            everything.min().name.suffix(" min"),
            everything.max().name.suffix(" max"),
            numbers.mean().name.suffix(" mean"),
        ).collect()
    )


def polars_estimate(path: str) -> None:
    """The same with distinct values estimated."""
    _polars_summarize(path, "approx_n_unique")


def polars_format(path: str, output: str, *partition_columns: str) -> None:
    """CSV to parquet, in one file or partitioned."""
    import polars

    target = polars.PartitionBy(output, key=list(partition_columns)) if partition_columns else output
    _polars_scan(path).sink_parquet(target, mkdir=True)


def polars_merge(folder: str, output: str) -> None:
    """The files of a folder in one."""
    from pathlib import Path

    import polars

    frames = [polars.scan_parquet(file) for file in sorted(Path(folder).iterdir())]
    polars.concat(frames, how="diagonal_relaxed").sink_parquet(output)


def polars_dedupe(path: str, output: str, *keys: str) -> None:
    """Some row for each value of ``keys``."""
    import polars

    polars.scan_parquet(path).unique(list(keys)).sink_parquet(output)


def faker_fake(output: str, rows: str) -> None:
    """A number, a name, an address for mail, a city and a date in each row; Faker makes up one value at a time."""
    import csv
    from pathlib import Path

    from faker import Faker

    fake = Faker()
    with Path(output).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name", "email", "city", "born"])
        for number in range(1, int(rows) + 1):
            writer.writerow([number, fake.name(), fake.email(), fake.city(), fake.date_of_birth()])


def luigi_dag(shape: str, steps: str) -> None:
    """Tasks that remember in memory that they are done, with the local scheduler; luigi keeps no record of a run."""
    import os

    import luigi

    done = set()

    class Step(luigi.Task):
        run_id = luigi.IntParameter()
        number = luigi.IntParameter()
        before = luigi.ListParameter()

        def requires(self):
            return [step(self.run_id, number) for number in self.before]

        def complete(self):
            return self.task_id in done

        def run(self):
            done.add(self.task_id)

    def step(run_id, number):
        return Step(run_id=run_id, number=number, before=_before(shape, number))

    def build(run_id, count):
        tasks = [step(run_id, number) for number in range(count)]
        return luigi.build(tasks, local_scheduler=True, workers=1, log_level="WARNING")

    # More workers of luigi are processes, which would not share what is done.
    os.environ["PYTHONWARNINGS"] = "ignore"
    assert build(0, 1)
    _clock(lambda: build(1, int(steps)))


def dagster_dag(shape: str, steps: str) -> None:
    """Ops in a graph, in this process, with the instance that keeps events in SQLite."""
    import tempfile

    import dagster

    def job(name, count):
        @dagster.op(ins={"before": dagster.In(dagster.Nothing)})
        def step():
            pass

        @dagster.job(name=name)
        def made():
            results = []
            for number in range(count):
                after = [results[before] for before in _before(shape, number)]
                alias = step.alias(f"s{number}")
                results.append(alias(after) if after else alias())

        return made

    with tempfile.TemporaryDirectory() as home:
        instance = dagster.DagsterInstance.local_temp(home)
        one, many = job("one", 1), job("many", int(steps))
        assert one.execute_in_process(instance=instance).success
        _clock(lambda: many.execute_in_process(instance=instance).success)


def prefect_dag(shape: str, steps: str) -> None:
    """Tasks submitted by a flow to its thread pool, with the server that Prefect starts for itself, over SQLite."""
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"PREFECT_HOME": home, "PREFECT_LOGGING_LEVEL": "ERROR"}
        os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "1"
        os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "120"
        import prefect

        @prefect.task
        def step():
            pass

        @prefect.flow
        def made(count: int):
            futures = []
            for number in range(count):
                futures.append(step.submit(wait_for=[futures[before] for before in _before(shape, number)]))
            for future in futures:
                future.result()
            return True

        made(1)
        _clock(lambda: made(int(steps)))


def _before(shape: str, number: int) -> list[int]:
    """The steps before one, by their numbers."""
    return [] if number == 0 else [number - 1] if shape == "chain" else [0]


def _clock(work):
    """Print how long ``work`` takes, which returns whether it succeeded."""
    import time

    start = time.perf_counter()
    succeeded = work()
    seconds = time.perf_counter() - start
    if not succeeded:
        sys.exit("it failed")
    print(seconds)


def _polars_scan(path: str):
    import polars

    return polars.scan_csv(path, try_parse_dates=True) if path.endswith(".csv") else polars.scan_parquet(path)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
