#!/usr/bin/env bash
# pyspark-client 4.2.0, the light client of Spark Connect.
#
# Behaviour: `python -c 'import pyspark.sql.connect.session'` ends the process with exit code 255 and a page about a
# missing SPARK_HOME. A program that is in no file (python -c, a worker of execnet, an embedded interpreter) is taken for
# pyspark's own doctests, whose helpers look for a whole Spark beside the package; where there is none, they call
# sys.exit. It is no ImportError, so `except ImportError` and `except Exception` do not catch it. The same line in a file
# works, and so does python -c once __main__ has a __file__.
#
# Expected by most: that an import does not depend on where the program is, and never ends the process. Remedy: set
# `__main__.__file__` while pyspark is imported.
#
# Seen with: pyspark-client 4.2.0, Python 3.11, no SPARK_HOME.
#   in a file: 0
#   python -c: 255
#   python -c, with __file__: 0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset SPARK_HOME
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'pyspark-client==4.2.0'
cd "$work"
line='import pyspark.sql.connect.session'
echo "$line" >program.py
try() {
    status=0
    "$work/venv/bin/python" "$@" >/dev/null 2>&1 || status=$?
    echo "$status"
}
found="in a file: $(try program.py), python -c: $(try -c "$line"), with __file__: $(try -c "__file__ = ''; $line")"
echo "$found"
if [ "$found" != "in a file: 0, python -c: 255, with __file__: 0" ]; then
    echo "changed: pyspark-client behaves otherwise now" >&2
    exit 1
fi
