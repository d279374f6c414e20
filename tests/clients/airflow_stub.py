"""A stub of Airflow's REST API (v2), for what a real one does not do when it is asked to: tokens that run out, answers
that fail, versions that are too old. It takes the DAG files of a folder as a DAG processor would, at once."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

USER, PASSWORD = "admin", "admin-of-stub"


class AirflowStub:
    """What it holds, and what it was asked. ``failing`` are answers (status and detail) that it gives once each in the
    place of its own, by method and path; ``lost`` are requests that it does, and then hangs up on."""

    def __init__(self, dags: Path) -> None:
        self.dags = dags
        self.version = "3.3.2"
        self.url = ""
        self.asked: list[str] = []
        self.paused: dict[str, bool] = {}
        self.foreign: dict[str, str] = {}
        self.unseen: set[str] = set()
        self.import_errors: list[dict[str, Any]] = []
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.tokens: set[str] = set()
        self.failing: dict[str, list[tuple[int, Any]]] = {}
        self.lost: set[str] = set()
        self._made = 0

    def configuration(self, **changed: Any) -> dict[str, Any]:
        """That of a client of it."""
        given = {"url": self.url, "username": USER, "password": PASSWORD, "dags": str(self.dags), **changed}
        return {name: value for name, value in given.items() if value is not None}

    def answer(self, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        url = urlsplit(path)
        asked = f"{method} {unquote(url.path)}"
        self.asked.append(asked)
        if self.failing.get(asked):
            status, detail = self.failing[asked].pop(0)
            return status, {"detail": detail}
        if asked == "GET /api/v2/version":
            return 200, {"version": self.version}
        if asked == "POST /auth/token":
            if body != {"username": USER, "password": PASSWORD}:
                return 401, {"detail": "Invalid credentials"}
            self._made += 1
            self.tokens.add(f"token-{self._made}")
            return 201, {"access_token": f"token-{self._made}"}
        if token not in self.tokens:
            return 401, {"detail": "Not authenticated"}
        parts = [unquote(part) for part in url.path.split("/")[3:]]
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        return self._resource(method, parts, query, body)

    def _resource(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        if parts == ["importErrors"]:
            return 200, {"import_errors": self.import_errors, "total_entries": len(self.import_errors)}
        if parts[0] == "pools":
            return (200, {"name": parts[1]}) if parts[1] == "default_pool" else _missing("Pool", parts[1])
        dags = self._dags()
        if parts == ["dags"]:
            found = [each for each in dags.values() if query.get("tags") in each["tags"]]
            begin, most = int(query["offset"]), min(int(query["limit"]), 100)
            return 200, {"dags": found[begin : begin + most], "total_entries": len(found)}
        if parts[1] not in dags:
            return _missing("DAG", parts[1])
        if parts[2:] == []:
            if method == "PATCH":
                self.paused[parts[1]] = body["is_paused"]
            if method == "DELETE":
                self.paused.pop(parts[1], None)
                return 204, None
            return 200, self._dags().get(parts[1])
        return self._run(method, parts[1], parts[3:], body)

    def _run(self, method: str, dag_id: str, parts: list[str], body: Any) -> tuple[int, Any]:
        if method == "POST":
            key = dag_id, body["dag_run_id"]
            if key in self.runs:
                return 409, {"detail": f"DAGRun with DAG ID: {dag_id} and DAGRun ID: {key[1]} already exists"}
            self.runs[key] = {"dag_id": dag_id, "dag_run_id": key[1], "state": "queued", "note": None}
            return 200, self.runs[key]
        run = self.runs.get((dag_id, parts[0]))
        if run is None:
            return _missing("Run", parts[0])
        if parts[1:] == ["taskInstances"]:
            return 200, {"task_instances": run.get("tasks", []), "total_entries": len(run.get("tasks", []))}
        if method == "PATCH":
            run |= body
        return 200, run

    def _dags(self) -> dict[str, dict[str, Any]]:
        found = {
            dag_id: {"dag_id": dag_id, "description": None, "is_paused": False, "tags": [], "fileloc": file}
            for dag_id, file in self.foreign.items()
        }
        for file in sorted(self.dags.glob("*.py")):
            text = file.read_text()
            name = re.search(r'"name": "([^"]*)"', text)
            described = re.search(r'"description": "([^"]*)"\n}', text)
            if name and described and name[1] not in self.unseen:
                found[name[1]] = {
                    "dag_id": name[1],
                    "description": described[1],
                    "is_paused": self.paused.setdefault(name[1], True),
                    "is_stale": False,
                    "tags": ["mason"],
                    "fileloc": str(file),
                }
        return found


def _missing(kind: str, name: str) -> tuple[int, Any]:
    return 404, {"detail": f"The {kind} with ID: `{name}` was not found"}


@contextmanager
def airflow_stub(dags: Path) -> Iterator[AirflowStub]:
    """A stub that takes the files of ``dags``, while the context lasts."""
    stub = AirflowStub(dags)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = str(self.headers.get("Authorization", "")).removeprefix("Bearer ")
            status, answer = stub.answer(self.command, self.path, body, token)
            if f"{self.command} {unquote(urlsplit(self.path).path)}" in stub.lost:
                self.close_connection = True
                return
            content = json.dumps(answer).encode() if answer is not None else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
