"""The same table, written by Mason, has the same values for Spark, for pyarrow and for Mason itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mason.clients.spark import SparkClient
from tests.clients.conftest import Local
from tests.spark_servers import SparkServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

SUM = Decimal(4 * (2**62 + 1))
TABLE = """
SELECT 1::TINYINT AS tiny, 9007199254740993::BIGINT AS large, (SELECT sum(n) FROM (SELECT unnest([4611686018427387905,
  4611686018427387905, 4611686018427387905, 4611686018427387905]) AS n)) AS summed, 0.1::DOUBLE AS double,
  12345678901234567890.123456789::DECIMAL(38,9) AS exact, 'Köln, "5"" pipe"' AS words, '' AS nothing,
  DATE '2026-11-29' AS day, TIMESTAMP '2026-11-29 10:00:00.000001' AS moment, [1, NULL, 3] AS list,
  {'a': 1, 'b': ['x']} AS struct, 'Köln' AS city
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""
VALUES = [
    (
        1,
        9007199254740993,
        SUM,
        0.1,
        Decimal("12345678901234567890.123456789"),
        'Köln, "5"" pipe"',
        "",
        datetime.date(2026, 11, 29),
        datetime.datetime(2026, 11, 29, 10, 0, 0, 1),
        [1, None, 3],
        {"a": 1, "b": ["x"]},
        "Köln",
    ),
    (None,) * 12,
]


@pytest.fixture
def session(spark_server: SparkServer, tmp_path: Path) -> Iterator[Any]:
    client = SparkClient({"remote": spark_server.remote}, base=tmp_path)
    with client.session() as found:
        yield found
    client.close()


def plain(value: Any) -> Any:
    return value.asDict(recursive=True) if hasattr(value, "asDict") else value


@pytest.mark.parametrize("by", [(), ("city",)])
def test_spark_and_pyarrow_read_what_was_written(local: Local, session: Any, by: tuple[str, ...]) -> None:
    local.put("data/one.csv", "n\n1\n")
    table = local.metastore.get_table("data", "one")
    output = "data/t" if by else "data/t.parquet"
    local.execution.query(TABLE, table=table, output="data/whole.parquet")
    whole = local.metastore.get_table("data", "whole")
    local.execution.format(whole, output=output, format="parquet", partition_columns=by)
    path = str(local.root / output)
    found = [tuple(map(plain, row)) for row in session.read.parquet(path).orderBy("tiny", ascending=False).collect()]
    assert found == VALUES
    if not by:
        columns = pq.read_table(path).to_pydict()
        assert sorted(zip(*columns.values(), strict=True), key=str, reverse=True) == sorted(
            VALUES, key=str, reverse=True
        )
