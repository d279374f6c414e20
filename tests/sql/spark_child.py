"""A Spark session of its own process, asked in JSON lines: what tests compare DuckDB's answers with.

Runs in an environment that has pyspark, which Mason's own has not; it therefore imports nothing of Mason, nor of tests.
A line in is a list of queries; a line out is a list of what each answers: its columns and rows, or the condition by
which Spark refused it. The session is as Mason's law of SQL says: ANSI, UTC.
"""

from __future__ import annotations

import datetime
import decimal
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any


def plain(value: Any) -> Any:
    """``value`` as JSON that keeps apart what Python's types keep apart; the same for answers of both engines."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, decimal.Decimal):
        return {"decimal": format(value, "f")}
    if isinstance(value, int):
        return value
    if isinstance(value, datetime.datetime | datetime.date):
        return {"time": value.isoformat()}
    if isinstance(value, datetime.timedelta):
        return {"interval": str(value)}
    if isinstance(value, bytes | bytearray):
        return {"bytes": bytes(value).hex()}
    if hasattr(value, "asDict"):
        return {"struct": [[name, plain(value[name])] for name in value.__fields__]}
    if isinstance(value, dict):
        return {"map": sorted([plain(key), plain(each)] for key, each in value.items())}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    raise TypeError(f"no JSON for {type(value)}")


def answer(session: Any, sql: str) -> dict[str, Any]:
    """What the session says to ``sql``."""
    try:
        frame = session.sql(sql)
        columns = [[field.name, field.dataType.simpleString()] for field in frame.schema.fields]
        return {"columns": columns, "rows": [[plain(value) for value in row] for row in frame.collect()]}
    except Exception as error:  # noqa: BLE001 - the other process is told
        condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        return {"refused": condition, "message": str(error).split("\n\nJVM stacktrace", 1)[0][:2000]}


def main() -> None:
    from pyspark.sql import SparkSession

    folder = sys.argv[1]
    # What Spark's JVM prints goes elsewhere: it has the same stdout.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "900m")
        .config("spark.local.dir", folder)
        .config("spark.sql.warehouse.dir", f"{folder}/warehouse")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.adaptive.enabled", "false")
        # Plans live for a second: to compile them well costs more than to run them.
        .config(
            "spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
        )
        .config("spark.log.level", "OFF")
        .getOrCreate()
    )
    print(json.dumps({"version": session.version}), file=answers, flush=True)
    # Planning takes longer than running such small queries, and is done by one thread each.
    with ThreadPoolExecutor(3) as pool:
        for line in sys.stdin:
            print(json.dumps(list(pool.map(partial(answer, session), json.loads(line)))), file=answers, flush=True)
    session.stop()


if __name__ == "__main__":
    main()
