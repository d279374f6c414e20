#!/usr/bin/env bash
# DuckDB 1.5.5, Python package, without pytz (which it does not depend on).
#
# Behaviour: a statement that changes data and returns a TIMESTAMP WITH TIME ZONE has taken effect by the time that
# fetching its rows raises for want of pytz. Whoever takes the exception for a statement that failed, and says it again,
# has the row twice.
#
# Expected by most: either the statement is refused before it changes anything, or the value comes back. Python's own
# zoneinfo could hold it. Remedy: install pytz, cast such columns to VARCHAR in RETURNING, or fetch as Arrow.
#
# Seen with: duckdb 1.5.5, Python 3.11.
#   raised InvalidInputException: Required module 'pytz' failed to import
#   rows after one statement: 1
#   rows after saying it again: 2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'duckdb==1.5.5'
found=$("$work/venv/bin/python" - <<'PY'
import duckdb

connection = duckdb.connect()
connection.execute("CREATE TABLE log (moment TIMESTAMPTZ)")
for number in (1, 2):
    try:
        connection.execute("INSERT INTO log VALUES (TIMESTAMPTZ '2026-01-01 00:00:00+00') RETURNING moment").fetchall()
    except duckdb.InvalidInputException as error:
        print(number, "raised", "'pytz' failed to import" in str(error), end=" ")
    print("rows", connection.execute("SELECT count(*) FROM log").fetchone()[0])
PY
)
echo "$found"
if [ "$found" != "1 raised True rows 1
2 raised True rows 2" ]; then
    echo "changed: DuckDB behaves otherwise now" >&2
    exit 1
fi
