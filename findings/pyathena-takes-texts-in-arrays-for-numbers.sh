#!/usr/bin/env bash
# PyAthena 4.2.1.
#
# Behaviour: Athena sends nested values as text without quotes, and names the type only as "array", "map" or "row".
# PyAthena guesses what stands in it, by another rule for each: in an array, texts that look like numbers, true, false or
# null become int, float, bool and None, value by value, so that one array(varchar) column holds ints in one row and
# texts in the next; leading zeros keep a text a text. In a row and in a map all stays text, numbers too. A text with a
# comma becomes two elements.
#
# Expected by most: a column has one type; an array(varchar) is a list of str, and a row(n integer) holds an int. Remedy:
# ask for CAST(column AS JSON), whose text is unambiguous, and parse that.
#
# Seen with: PyAthena 4.2.1, Python 3.11; the texts are those that Athena documents for its results.
#   array [15, 20]       -> [15, 20]              also of array(varchar)
#   array [15, 2A]       -> ['15', '2A']
#   array [null, true]   -> [None, True]
#   row {n=1, code=015}  -> {'n': '1', 'code': '015'}
#   array [Doe, Jane]    -> ['Doe', 'Jane']       also of one text, "Doe, Jane"
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'PyAthena==4.2.1'
found=$("$work/venv/bin/python" - <<'PY'
from pyathena.converter import DefaultTypeConverter

converter = DefaultTypeConverter()
for type_, text in (
    ("array", "[15, 20]"),
    ("array", "[15, 2A]"),
    ("array", "[null, true]"),
    ("row", "{n=1, code=015}"),
    ("array", "[Doe, Jane]"),
):
    print(type_, text, converter.convert(type_, text))
PY
)
echo "$found"
if [ "$found" != "array [15, 20] [15, 20]
array [15, 2A] ['15', '2A']
array [null, true] [None, True]
row {n=1, code=015} {'n': '1', 'code': '015'}
array [Doe, Jane] ['Doe', 'Jane']" ]; then
    echo "changed: PyAthena behaves otherwise now" >&2
    exit 1
fi
