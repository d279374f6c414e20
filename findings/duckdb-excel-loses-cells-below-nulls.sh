#!/usr/bin/env bash
# DuckDB 1.5.5 with its extension excel 1.5.5 (as the package duckdb-extension-excel has it).
#
# Behaviour: COPY ... (FORMAT xlsx) leaves out values without a word. Rows are written 2,048 at a time; where such a part
# has no NULL in a column of numbers, dates or times, the cells at the places of NULLs in the part before it stay empty.
# A NULL in row 6 of the sheet empties rows 2054 and 4102, too.
#
# Expected by most: each cell has the value of its row. Remedy: one part only (ORDER BY does not help beyond 2,048 rows),
# text columns, which are written otherwise, or another writer.
#
# Seen with: duckdb 1.5.5, Python 3.11.
#   rows without a value: [6, 2054, 4102]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'duckdb==1.5.5' 'duckdb-extension-excel==1.5.5'
found=$(cd "$work" && "$work/venv/bin/python" - <<'PY'
import re
import zipfile
from pathlib import Path

import duckdb
import duckdb_extension_excel

connection = duckdb.connect()
folder = Path(duckdb_extension_excel.__file__).parent / "extensions" / f"v{duckdb.__version__}"
connection.load_extension(str(folder / "excel.duckdb_extension"))
rows = "SELECT if(range = 5, NULL, range) AS n FROM range(5000)"
connection.execute(f"COPY ({rows}) TO 'n.xlsx' (FORMAT xlsx)")
sheet = zipfile.ZipFile("n.xlsx").read("xl/worksheets/sheet1.xml").decode()
cells = re.findall(r'<row r="(\d+)">(.*?)</row>', sheet)
print("rows without a value:", [int(row) for row, cell in cells if not cell])
PY
)
echo "$found"
if [ "$found" != "rows without a value: [6, 2054, 4102]" ]; then
    echo "changed: the extension writes otherwise now" >&2
    exit 1
fi
