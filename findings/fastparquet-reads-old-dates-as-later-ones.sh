#!/usr/bin/env bash
# fastparquet 2026.9.0, on a file that pyarrow 26.0.1 wrote.
#
# Behaviour: days of a DATE column are turned into nanoseconds since 1970, which 64 bits hold from 1677 to 2262 only.
# What lies outside wraps around: 1500-01-01 is read as a day of 2084, 9999-12-31 as one of 1816. Nothing is raised or
# warned. A TIMESTAMP in microseconds of the same day is right.
#
# Expected by most: the day that stands in the file, or an error; pyarrow and DuckDB give it. Years such as 9999 for "no
# end" are common. Remedy: cast such columns to timestamps in microseconds before they are written, or read with another
# reader.
#
# Seen with: fastparquet 2026.9.0, pyarrow 26.0.1, pandas 3.1.1, Python 3.11.
#   date 1500-01-01 -> 2084-07-20, timestamp -> 1500-01-01
#   date 1969-12-31 -> 1969-12-31, timestamp -> 1969-12-31
#   date 9999-12-31 -> 1816-03-29, timestamp -> 9999-12-31
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'fastparquet==2026.9.0' 'pyarrow==26.0.1' 'pandas==3.1.1'
cd "$work"
found=$("$work/venv/bin/python" - <<'PY'
from datetime import date, datetime

import fastparquet
import pyarrow as pa
import pyarrow.parquet as pq

days = [date(1500, 1, 1), date(1969, 12, 31), date(9999, 12, 31)]
times = pa.array([datetime(day.year, day.month, day.day) for day in days], pa.timestamp("us"))
pq.write_table(pa.table({"day": pa.array(days, pa.date32()), "time": times}), "days.parquet")
assert pq.read_table("days.parquet")["day"].to_pylist() == days
read = fastparquet.ParquetFile("days.parquet").to_pandas()
for day, got, time in zip(days, read["day"], read["time"]):
    print(f"date {day} -> {got:%Y-%m-%d}, timestamp -> {time:%Y-%m-%d}")
PY
)
echo "$found"
if [ "$found" != "date 1500-01-01 -> 2084-07-20, timestamp -> 1500-01-01
date 1969-12-31 -> 1969-12-31, timestamp -> 1969-12-31
date 9999-12-31 -> 1816-03-29, timestamp -> 9999-12-31" ]; then
    echo "changed: fastparquet behaves otherwise now" >&2
    exit 1
fi
