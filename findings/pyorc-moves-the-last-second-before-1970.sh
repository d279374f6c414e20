#!/usr/bin/env bash
# pyorc 0.12.0, read by pyorc and by pyarrow 26.0.1.
#
# Behaviour: a timestamp with a fraction in the last second before 1970 is written a second too late. 23:59:59.5 of
# 1969-12-31 is in the file as 1970-01-01 00:00:00.5; both readers say so, and nothing is raised. Times that are earlier
# by a second or more, and those without a fraction, are right. A file that pyarrow writes holds the right time, and pyorc
# reads it right: it is pyorc's writer that loses the sign of a number of seconds that is cut to -0.
#
# Expected by most: the time that was written. Remedy: write such columns by pyarrow, or compare what was written.
#
# Seen with: pyorc 0.12.0, pyarrow 26.0.1, Python 3.11.
#   pyorc by pyorc:     1970-01-01 00:00:00.500000, 1969-12-31 23:59:58.500000, 1969-12-31 23:59:59
#   pyorc by pyarrow:   1970-01-01 00:00:00.500000, 1969-12-31 23:59:58.500000, 1969-12-31 23:59:59
#   pyarrow by pyorc:   1969-12-31 23:59:59.500000, 1969-12-31 23:59:58.500000, 1969-12-31 23:59:59
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'pyorc==0.12.0' 'pyarrow==26.0.1'
cd "$work"
found=$("$work/venv/bin/python" - <<'PY'
from datetime import datetime

import pyarrow
import pyarrow.orc
import pyorc

times = [datetime(1969, 12, 31, 23, 59, 59, 500000), datetime(1969, 12, 31, 23, 59, 58, 500000)]
times.append(datetime(1969, 12, 31, 23, 59, 59))


def by_pyorc(path):
    with open(path, "rb") as file:
        return ", ".join(str(time.replace(tzinfo=None)) for time, in pyorc.Reader(file))


with open("pyorc.orc", "wb") as file, pyorc.Writer(file, "struct<t:timestamp>") as writer:
    writer.writerows([(time,) for time in times])
pyarrow.orc.write_table(pyarrow.table({"t": pyarrow.array(times, pyarrow.timestamp("us"))}), "pyarrow.orc")
print("pyorc by pyorc:", by_pyorc("pyorc.orc"))
print("pyorc by pyarrow:", ", ".join(str(row["t"]) for row in pyarrow.orc.read_table("pyorc.orc").to_pylist()))
print("pyarrow by pyorc:", by_pyorc("pyarrow.orc"))
PY
)
echo "$found"
if [ "$found" != "pyorc by pyorc: 1970-01-01 00:00:00.500000, 1969-12-31 23:59:58.500000, 1969-12-31 23:59:59
pyorc by pyarrow: 1970-01-01 00:00:00.500000, 1969-12-31 23:59:58.500000, 1969-12-31 23:59:59
pyarrow by pyorc: 1969-12-31 23:59:59.500000, 1969-12-31 23:59:58.500000, 1969-12-31 23:59:59" ]; then
    echo "changed: pyorc behaves otherwise now" >&2
    exit 1
fi
