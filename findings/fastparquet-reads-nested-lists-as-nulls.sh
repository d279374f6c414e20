#!/usr/bin/env bash
# fastparquet 2026.9.0, on a file that pyarrow 26.0.1 wrote.
#
# Behaviour: columns whose lists hold lists or structs are read as None in every row, and a map whose values are lists
# comes back as a list of its keys. Nothing is raised or warned, and the columns are listed among those of the file. A list
# of plain values, and a list within a struct, are right.
#
# Expected by most: the values, or an error that names the column; pyarrow and DuckDB read them. Remedy: look at the
# file's schema first and read such columns with another reader.
#
# Seen with: fastparquet 2026.9.0, pyarrow 26.0.1, Python 3.11.
#   list<int>          [[1], [2]]
#   list<list<int>>    [None, None]
#   list<struct>       [None, None]
#   map<string, list>  [['k'], ['k']]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'fastparquet==2026.9.0' 'pyarrow==26.0.1' 'pandas==3.1.1'
cd "$work"
found=$("$work/venv/bin/python" - <<'PY'
import fastparquet
import pyarrow as pa
import pyarrow.parquet as pq

columns = {
    "list<int>": pa.array([[1], [2]]),
    "list<list<int>>": pa.array([[[1], [2, 3]], [[4]]]),
    "list<struct>": pa.array([[{"a": 1}], [{"a": 2}, {"a": 3}]]),
    "map<string, list>": pa.array([[("k", [1])], [("k", [2])]], pa.map_(pa.string(), pa.list_(pa.int64()))),
}
pq.write_table(pa.table(columns), "nested.parquet")
assert pq.read_table("nested.parquet")["list<list<int>>"].to_pylist() == [[[1], [2, 3]], [[4]]]
read = fastparquet.ParquetFile("nested.parquet").to_pandas()
for name in columns:
    rows = [row if row is None else [getattr(each, "item", lambda each=each: each)() for each in row] for row in read[name]]
    print(name, rows)
PY
)
echo "$found"
if [ "$found" != "list<int> [[1], [2]]
list<list<int>> [None, None]
list<struct> [None, None]
map<string, list> [['k'], ['k']]" ]; then
    echo "changed: fastparquet behaves otherwise now" >&2
    exit 1
fi
