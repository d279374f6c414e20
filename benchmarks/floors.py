"""The floors: the least that any Python program could do for the same result, each as a process of its own.

Called as ``python benchmarks/floors.py NAME ARGUMENTS``. Imports stand inside the functions, so that a floor pays for
nothing but itself. What floors need from before (a cache) is made by ``benchmarks.workloads``.
"""

from __future__ import annotations

import sys


def unchanged(folder: str, cache: str) -> None:
    """Plan without a change: stat each file and read the cache that holds what was parsed from it."""
    import os

    import orjson

    with open(cache, "rb") as file:  # noqa: PTH123 - importing pathlib is not part of the floor
        known = orjson.loads(file.read())
    for parent, _, names in os.walk(folder):
        for name in names:
            path = f"{parent}/{name}"
            seen = os.stat(path)  # noqa: PTH116
            if known[path][:2] != [seen.st_size, seen.st_mtime_ns]:
                sys.exit(f"{path} changed")


def first(folder: str, cache: str) -> None:
    """The first plan: parse and hash each file, and keep what came of it."""
    import os
    from hashlib import sha256

    import orjson
    import yaml

    parsed = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = f"{parent}/{name}"
            seen = os.stat(path)  # noqa: PTH116
            with open(path, "rb") as file:  # noqa: PTH123
                content = file.read()
            documents = list(yaml.load_all(content, Loader=yaml.CSafeLoader))
            parsed[path] = [seen.st_size, seen.st_mtime_ns, sha256(content).hexdigest(), documents]
    with open(cache, "wb") as file:  # noqa: PTH123
        file.write(orjson.dumps(parsed))


def get_table(path: str) -> None:
    """The columns and types of a file, as DuckDB finds them."""
    import duckdb

    duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()


def query(path: str, sql: str) -> None:
    """One SELECT by DuckDB, ``$table`` standing for the file."""
    import duckdb

    duckdb.sql(sql.replace("$table", f"'{path}'")).fetchall()


def get_union(folder: str, form: str) -> None:
    """The columns and types of all files of a folder."""
    import duckdb

    duckdb.sql(f"DESCRIBE SELECT * FROM read_{form}('{folder}/*.{form}', union_by_name=true)").fetchall()


def query_union(folder: str, form: str, sql: str) -> None:
    """One SELECT over all files of a folder."""
    import duckdb

    duckdb.sql(sql.replace("$table", f"read_{form}('{folder}/*.{form}', union_by_name=true)")).fetchall()


def over_s3(endpoint: str, name: str, *arguments: str) -> None:
    """Another floor, with objects instead of files: DuckDB's own ``httpfs``, as it is without any setting."""
    import os
    from pathlib import Path

    import duckdb
    import duckdb_extension_httpfs

    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    duckdb.sql(f"LOAD '{folder / 'httpfs.duckdb_extension'}'")
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    place = f"ENDPOINT '{endpoint.removeprefix('http://')}', URL_STYLE 'path', USE_SSL false"
    duckdb.sql(f"CREATE SECRET (TYPE s3, KEY_ID '{key}', SECRET '{secret}', {place})")
    globals()[name](*arguments)


def spreadsheet(path: str) -> None:
    """The cells of the first sheet of a workbook, as Python has them."""
    import python_calamine

    python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()


def summarize(path: str) -> None:
    """Non-null, distinct, min, max and mean of all columns in one query, all exact."""
    _summarize(path, "count(DISTINCT {})")


def estimate(path: str) -> None:
    """The same with distinct values estimated."""
    _summarize(path, "approx_count_distinct({})")


def _summarize(path: str, distinct: str) -> None:
    import duckdb

    columns = duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    wanted = ["count(*)"]
    for name, kind, *_ in columns:
        # As text, because Python's driver needs yet another package to hand out times with a zone.
        wanted += [f"{function}({name})::VARCHAR" for function in ("count", "min", "max")]
        wanted += [distinct.format(name)]
        wanted += [f"avg({name})"] if kind in ("BIGINT", "DOUBLE") else []
    duckdb.sql(f"SELECT {', '.join(wanted)} FROM '{path}'").fetchall()


def format(path: str, output: str, *partition_columns: str) -> None:
    """A file as parquet: one file, or a folder for each value of ``partition_columns``."""
    import duckdb

    by = f", PARTITION_BY ({', '.join(partition_columns)})" if partition_columns else ""
    duckdb.sql(f"COPY (FROM '{path}') TO '{output}' (FORMAT parquet{by})")


def merge(folder: str, output: str) -> None:
    """The parquet files of a folder in one, their columns matched by name."""
    import duckdb

    duckdb.sql(f"COPY (FROM read_parquet('{folder}/*.parquet', union_by_name=true)) TO '{output}' (FORMAT parquet)")


def dedupe(path: str, output: str, *keys: str) -> None:
    """Some row for each value of ``keys``: which one, DuckDB does not say."""
    import duckdb

    duckdb.sql(f"COPY (SELECT DISTINCT ON ({', '.join(keys)}) * FROM '{path}') TO '{output}' (FORMAT parquet)")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
