"""The same questions to pandas and polars, where they are installed: ``python benchmarks/peers.py NAME PATH``.

Each asks as its own documentation does, in a process of its own. What is not installed is left out of the table.
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
    import polars

    frame = _polars_scan(path)
    everything = polars.all()
    numbers = polars.selectors.numeric()
    print(
        frame.select(
            everything.count().name.suffix(" count"),
            everything.drop_nulls().n_unique().name.suffix(" distinct"),
            everything.min().name.suffix(" min"),
            everything.max().name.suffix(" max"),
            numbers.mean().name.suffix(" mean"),
        ).collect()
    )


def _polars_scan(path: str):
    import polars

    return polars.scan_csv(path, try_parse_dates=True) if path.endswith(".csv") else polars.scan_parquet(path)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
