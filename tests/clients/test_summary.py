"""Summaries are exact, whatever is in the columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.clients.conftest import Local, make, refusal

KEYS = ("type", "rows", "non_null", "distinct", "min", "max", "mean")


def summary(local: Local, select: str, **options: Any) -> dict[str, tuple[Any, ...]]:
    (local.root / "data").mkdir(exist_ok=True)
    duckdb.execute(f"COPY ({select}) TO '{local.root}/data/t.parquet'")
    rows = local.execution.summarize(local.metastore.get_table("data", "t"), **options).to_dicts()
    return {row["column"]: tuple(row[key] for key in KEYS) for row in rows}


def test_numbers(local: Local) -> None:
    values = "(1, 1.10::DECIMAL(4, 2), 2.5::DOUBLE), (2, 1.20, NULL), (4, 1.20, 2.5), (NULL, NULL, 3.5)"
    assert summary(local, f"SELECT * FROM (VALUES {values}) t(i, d, f)") == {
        "i": ("INTEGER", 4, 3, 3, 1, 4, pytest.approx(7 / 3)),
        "d": ("DECIMAL(4,2)", 4, 3, 2, "1.10", "1.20", pytest.approx(3.5 / 3)),
        "f": ("DOUBLE", 4, 3, 2, 2.5, 3.5, pytest.approx(8.5 / 3)),
    }


def test_nan_and_infinity(local: Local) -> None:
    assert summary(local, "SELECT unnest(['nan'::DOUBLE, 1.0, 3.0, 'nan']) AS x") == {
        "x": ("DOUBLE", 4, 4, 3, 1.0, 3.0, 2.0)
    }
    assert summary(local, "SELECT unnest(['inf'::FLOAT, 1, '-inf', NULL]) AS x") == {
        "x": ("FLOAT", 4, 3, 3, "-Infinity", "Infinity", None)
    }
    assert summary(local, "SELECT 'nan'::DOUBLE AS x") == {"x": ("DOUBLE", 1, 1, 1, None, None, None)}


def test_whole_numbers_do_not_overflow(local: Local) -> None:
    assert summary(local, "SELECT unnest([9223372036854775807, 9223372036854775805]) AS x")["x"][-1] == 2.0**63


def test_other_types(local: Local) -> None:
    assert summary(
        local,
        "SELECT DATE '2013-01-02' AS day, TIMESTAMPTZ '2013-01-02 00:00:00+00' AS at, true AS ok, 'x' AS word, "
        "[1, 2] AS list, {'a': 1} AS struct, 'ab'::BLOB AS blob, NULL::VARCHAR AS none",
    ) == {
        "day": ("DATE", 1, 1, 1, "2013-01-02", "2013-01-02", None),
        "at": ("TIMESTAMP WITH TIME ZONE", 1, 1, 1, "2013-01-02T00:00:00+00:00", "2013-01-02T00:00:00+00:00", None),
        "ok": ("BOOLEAN", 1, 1, 1, True, True, None),
        "word": ("VARCHAR", 1, 1, 1, "x", "x", None),
        "list": ("INTEGER[]", 1, 1, 1, None, None, None),
        "struct": ("STRUCT(a INTEGER)", 1, 1, 1, None, None, None),
        "blob": ("BLOB", 1, 1, 1, "6162", "6162", None),
        "none": ("VARCHAR", 1, 0, 0, None, None, None),
    }


def test_no_rows(local: Local) -> None:
    assert summary(local, "SELECT 1 AS a WHERE false") == {"a": ("INTEGER", 0, 0, 0, None, None, None)}


def test_histograms_of_no_rows(local: Local) -> None:
    local.execution.query("SELECT 1 AS a WHERE false", output="data/t.parquet")
    answer = local.execution.summarize(local.metastore.get_table("data", "t"), histogram=2, top_values=2)
    assert list(answer.rows) == [("a", "INTEGER", 0, 0, 0, None, None, None, [], None)]


def test_chosen_columns(local: Local) -> None:
    found = summary(local, "SELECT 1 AS a, 2 AS b, 3 AS c", columns=["c", "a"])
    assert list(found) == ["c", "a"]
    assert refusal(summary, local, "SELECT 1 AS a, 2 AS b", columns=["x", "a"]) == (
        "NotFoundError: There is no column x. Columns: a, b."
    )


def test_same_as_one_plain_query(local: Local) -> None:
    """Over more columns than are counted at once, of text, and more rows than the sample."""
    local.put("data/x", "")
    columns = ", ".join(f"hash(i * {n}) % {10**n} AS c{n}" for n in range(1, 8))
    duckdb.execute(f"COPY (SELECT {columns} FROM range(50000) t(i)) TO '{local.root}/data/t.csv' (HEADER)")
    rows = local.execution.summarize(local.metastore.get_table("data", "t")).rows
    assert [row[0] for row in rows] == [f"c{n}" for n in range(1, 8)]
    for row in rows:
        plain = duckdb.execute(
            f"SELECT count(*), count({row[0]}), count(DISTINCT {row[0]}), min({row[0]}), max({row[0]}), avg({row[0]}) "
            f"FROM read_csv('{local.root}/data/t.csv')"
        ).fetchone()
        assert tuple(row[2:]) == plain


def test_more_columns_than_memory_holds_at_once(tmp_path: Path) -> None:
    local = make(tmp_path / "wide", memory_limit="12MB", threads=1)
    (local.root / "data").mkdir()
    columns = ", ".join(f"hash(i * {n}) AS c{n}" for n in range(1, 31))
    duckdb.execute(f"COPY (SELECT {columns} FROM range(20000) t(i)) TO '{local.root}/data/t.parquet'")
    rows = local.execution.summarize(local.metastore.get_table("data", "t")).rows
    assert [(row[0], row[2], row[4]) for row in rows] == [(f"c{n}", 20_000, 20_000) for n in range(1, 31)]
    assert [path.name for path in local.root.iterdir()] == ["data"]


def test_top_values_and_histograms(local: Local) -> None:
    rows = "".join(f"{number % 10},{'x' if number % 3 else 'y'},{number / 4}\n" for number in range(100))
    local.put("data/t.csv", "id,n,v\n" + rows + ",,\n")
    table = local.metastore.get_table("data", "t")
    answer = local.execution.summarize(table, top_values=2, histogram=4)
    assert answer.schema.names[-2:] == ("top", "histogram")
    ids, names, values = answer.rows
    assert ids[-2] == [{"value": 0, "count": 10}, {"value": 1, "count": 10}]
    assert names[-2:] == ([{"value": "x", "count": 66}, {"value": "y", "count": 34}], None)
    assert values[-1] == [
        {"from": 0.0, "to": 6.1875, "count": 25},
        {"from": 6.1875, "to": 12.375, "count": 25},
        {"from": 12.375, "to": 18.5625, "count": 25},
        {"from": 18.5625, "to": 24.75, "count": 25},
    ]
    assert [bar["count"] for bar in ids[-1]] == [30, 20, 20, 30]


def test_histograms_of_little(local: Local) -> None:
    local.execution.query("SELECT 'inf'::DOUBLE AS f, 7 AS s, NULL::INTEGER AS n", output="data/t.parquet")
    table = local.metastore.get_table("data", "t")
    assert [row[-1] for row in local.execution.summarize(table, histogram=2).rows] == [
        None,
        [{"from": 7.0, "to": 7.0, "count": 1}, {"from": 7.0, "to": 7.0, "count": 0}],
        None,
    ]
    told = refusal(local.execution.summarize, table, top_values=-1)
    assert told == "EngineError: top_values is -1, but it must be 0 to 1000."


def test_an_approximate_summary_is_labelled(local: Local) -> None:
    local.execution.query("SELECT range AS id FROM range(100000)", output="data/t.parquet")
    answer = local.execution.summarize(local.metastore.get_table("data", "t"), exact=False)
    assert "distinct" not in answer.schema.names
    row = dict(zip(answer.schema.names, answer.rows[0], strict=True))
    assert abs(row.pop("approx_distinct") - 100_000) < 10_000
    assert row == {
        "column": "id",
        "type": "BIGINT",
        "rows": 100_000,
        "non_null": 100_000,
        "min": 0,
        "max": 99_999,
        "mean": 49_999.5,
    }
