#!/usr/bin/env bash
# trino 0.340.0, the Python client of Trino's project.
#
# Behaviour: a TIME of more than six digits behind the second is rounded to microseconds, since Python's time holds no
# more. Where that carries past the end of the day, the client answers 00:00:00: the last moment of the day becomes its
# first, and nothing is said. A TIMESTAMP carries into the next day, as it should, so the two disagree.
#
# Expected by most: the value is cut, or refused; both keep a time that is late in the day late. Remedy: cast in the
# query, CAST(t AS time(6)) is done by the server, or ask the client for text with legacy_primitive_types=True.
#
# Seen with: trino 0.340.0, Python 3.11, over HTTP from a server that answers the documented protocol of /v1/statement.
#   time(9) '23:59:59.999999999' -> 00:00:00
#   timestamp(9) '2026-01-31 23:59:59.999999999' -> 2026-02-01 00:00:00
#   legacy_primitive_types: 23:59:59.999999999
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'trino==0.340.0'
found=$("$work/venv/bin/python" - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import trino


def column(name, precision):
    signature = {"rawType": name, "arguments": [{"kind": "LONG", "value": precision}]}
    return {"name": name, "type": f"{name}({precision})", "typeSignature": signature}


class Coordinator(BaseHTTPRequestHandler):
    """Answers every statement with one row, in one answer."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = {
            "id": "20260131_000000_00000_aaaaa",
            "infoUri": "http://127.0.0.1/",
            "columns": [column("time", 9), column("timestamp", 9)],
            "data": [["23:59:59.999999999", "2026-01-31 23:59:59.999999999"]],
            "stats": {"state": "FINISHED"},
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Coordinator)
threading.Thread(target=server.serve_forever, daemon=True).start()
for legacy in (False, True):
    connection = trino.dbapi.connect(host="127.0.0.1", port=server.server_port, user="reader")
    cursor = connection.cursor(legacy_primitive_types=legacy)
    cursor.execute("SELECT t, ts FROM last_moments")
    print(*cursor.fetchone(), sep=" | ")
server.shutdown()
PY
)
echo "$found"
if [ "$found" != "00:00:00 | 2026-02-01 00:00:00
23:59:59.999999999 | 2026-01-31 23:59:59.999999999" ]; then
    echo "changed: the client behaves otherwise now" >&2
    exit 1
fi
