#!/usr/bin/env bash
# avro 1.12.2, the Python package of Apache Avro, read by itself and by fastavro 1.13.1.
#
# Behaviour: a Decimal that has fewer digits behind the point than the schema's scale is written as another number. With
# a scale of 2, 1.5 is in the file as 0.15 and 1E+2 as 0.01; both readers say so, and nothing is raised. 1.50 is right: it
# is the Decimal's own exponent that the writer takes for that of the schema. More digits than the scale are refused.
#
# Expected by most: that equal numbers are written equal, as fastavro does, or an error. Remedy: quantize each Decimal to
# the scale before it is written, or write by fastavro.
#
# Seen with: avro 1.12.2, fastavro 1.13.1, Python 3.11; a field of type bytes, decimal(9, 2).
#   avro: 1.50 -> 1.50, 1.5 -> 0.15, 2 -> 0.02, 1E+2 -> 0.01
#   fastavro: 1.50 -> 1.50, 1.5 -> 1.50, 2 -> 2.00, 1E+2 -> 100.00
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'avro==1.12.2' 'fastavro==1.13.1'
cd "$work"
found=$("$work/venv/bin/python" - <<'PY'
import io
import json
from decimal import Decimal

import avro.datafile
import avro.io
import avro.schema
import fastavro

amount = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
schema = {"type": "record", "name": "sale", "fields": [{"name": "amount", "type": amount}]}
rows = [{"amount": Decimal(text)} for text in ("1.50", "1.5", "2", "1E+2")]

by_avro = io.BytesIO()
writer = avro.datafile.DataFileWriter(by_avro, avro.io.DatumWriter(), avro.schema.parse(json.dumps(schema)))
for row in rows:
    writer.append(row)
writer.flush()
by_fastavro = io.BytesIO()
fastavro.writer(by_fastavro, fastavro.parse_schema(schema), rows)

for name, file in (("avro", by_avro), ("fastavro", by_fastavro)):
    content = file.getvalue()
    read = [row["amount"] for row in fastavro.reader(io.BytesIO(content))]
    assert read == [row["amount"] for row in avro.datafile.DataFileReader(io.BytesIO(content), avro.io.DatumReader())]
    print(f"{name}:", ", ".join(f"{row['amount']} -> {got}" for row, got in zip(rows, read)))
PY
)
echo "$found"
if [ "$found" != "avro: 1.50 -> 1.50, 1.5 -> 0.15, 2 -> 0.02, 1E+2 -> 0.01
fastavro: 1.50 -> 1.50, 1.5 -> 1.50, 2 -> 2.00, 1E+2 -> 100.00" ]; then
    echo "changed: avro or fastavro behaves otherwise now" >&2
    exit 1
fi
