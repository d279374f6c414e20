"""A stub of Kubernetes' API for tests, over real HTTP: objects with versions, watches, pods, logs, and rules.

It does what its documentation says of objects (https://kubernetes.io/docs/reference/using-api/api-concepts/): each
change has a version, a watch streams what happens after one, versions that are too old are gone (410), a name is taken
once (409), a change that states an older version conflicts (409), a kind that nobody installed is unknown (404), and
who may not ask is refused (401, 403). No operator is in it: :mod:`tests.spark_operators` plays that.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

GROUPS = {"/apis/sparkoperator.k8s.io/v1beta2", "/apis/spark.apache.org/v1"}
NAMESPACE = "data"
TOKEN = "token-of-tests"


@dataclass(frozen=True)
class Refusal:
    """What is answered, ``times``, to requests of ``method`` whose path has ``part``."""

    method: str
    part: str
    status: int
    body: dict[str, Any]


@dataclass
class Kubernetes:
    """The API at ``url``. What happens to objects is in ``events``, as (version, type, object)."""

    url: str = ""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    events: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    groups: set[str] = field(default_factory=lambda: set(GROUPS))
    refusals: list[Refusal] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    token: str = TOKEN
    version: int = 1000
    horizon: int = 0
    longest_watch: float = 3600
    changed: threading.Condition = field(default_factory=threading.Condition)
    on_made: Callable[[str], object] = lambda name: None
    server: ThreadingHTTPServer | None = None

    def refuse(self, method: str, part: str, status: int, *, times: int = 1, **told: Any) -> None:
        """Have the next ``times`` requests refused."""
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, **told}
        self.refusals += [Refusal(method, part, status, body)] * times

    def refusal(self, method: str, path: str) -> Refusal | None:
        """The first that was asked for and fits; it is used up."""
        with self.changed:
            found = next((each for each in self.refusals if each.method == method and each.part in path), None)
            if found is not None:
                self.refusals.remove(found)
            return found

    def happen(self, event: str, found: dict[str, Any]) -> dict[str, Any]:
        """Give an object its next version, and tell who watches."""
        with self.changed:
            self.version += 1
            made = json.loads(json.dumps(found))
            made["metadata"]["resourceVersion"] = str(self.version)
            if event == "DELETED":
                self.objects.pop(made["metadata"]["name"], None)
                self.deleted.append(made["metadata"]["name"])
            else:
                self.objects[made["metadata"]["name"]] = made
            self.events.append((self.version, event, made))
            self.changed.notify_all()
            return dict(made)

    def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """A new object."""
        metadata = {**manifest["metadata"], "uid": str(uuid.uuid4()), "creationTimestamp": "2026-11-29T10:00:00Z"}
        return self.happen("ADDED", {**manifest, "metadata": metadata})

    def put_status(self, name: str, status: dict[str, Any]) -> bool:
        """What an operator does: merge into the status of an object; false where it is gone."""
        with self.changed:
            there = self.objects.get(name)
            if there is None:
                return False
            self.happen("MODIFIED", {**there, "status": {**there.get("status", {}), **status}})
            return True

    def forget(self) -> None:
        """Have versions up to now be too old for a watch."""
        with self.changed:
            self.horizon = self.version
            self.changed.notify_all()

    def made(self) -> list[str]:
        """The names of all applications that were made, in order."""
        return [each["metadata"]["name"] for _, event, each in self.events if event == "ADDED"]

    def kubeconfig(self, folder: Path, **user: Any) -> Path:
        """A file that leads here, with a context for it."""
        path = folder / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "tests",
                    "contexts": [
                        {"name": "tests", "context": {"cluster": "stub", "user": "me", "namespace": NAMESPACE}},
                        {"name": "lost", "context": {"cluster": "none", "user": "me"}},
                    ],
                    "clusters": [
                        {"name": "stub", "cluster": {"server": self.url}},
                        {"name": "none", "cluster": {"server": "http://127.0.0.1:9"}},
                    ],
                    "users": [{"name": "me", "user": user or {"token": self.token}}],
                }
            )
        )
        return path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Kubernetes

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def do_PUT(self) -> None:
        self._do()

    def do_DELETE(self) -> None:
        self._do()

    def _do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else {}
        asked = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        self.stub.requests.append((self.command, self.path))
        try:
            self._answer(asked.path, query, sent)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, path: str, query: dict[str, str], sent: dict[str, Any]) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.stub.token}":
            return self._refuse(401, "Unauthorized", "Unauthorized")
        refused = self.stub.refusal(self.command, self.path)
        if refused is not None:
            return self._send(refused.status, refused.body)
        if path.startswith(f"/api/v1/namespaces/{NAMESPACE}/pods/"):
            return self._pod(path.split("/")[6:])
        group, _, rest = path.partition("/namespaces/")
        parts = rest.split("/")
        if group not in self.stub.groups or parts[1:2] != ["sparkapplications"]:
            return self._plain(404, "404 page not found\n")
        if parts[0] != NAMESPACE:
            return self._refuse(404, "NotFound", f'namespaces "{parts[0]}" not found', kind="namespaces", name=parts[0])
        if self.command == "POST":
            return self._post(sent)
        if len(parts) == 2:
            return self._watch(query) if query.get("watch") in ("true", "True") else self._list()
        return self._one(parts[2], parts[3:], sent)

    def _pod(self, parts: list[str]) -> None:
        name = parts[0]
        if name not in self.stub.pods:
            return self._refuse(404, "NotFound", f'pods "{name}" not found', kind="pods", name=name)
        if parts[1:] == ["log"]:
            return self._plain(200, self.stub.logs.get(name, ""))
        return self._send(200, self.stub.pods[name])

    def _post(self, sent: dict[str, Any]) -> None:
        name = sent["metadata"]["name"]
        with self.stub.changed:
            if name in self.stub.objects:
                what = f'sparkapplications "{name}" already exists'
                return self._refuse(409, "AlreadyExists", what, kind="sparkapplications", name=name)
            made = self.stub.create(sent)
        self.stub.on_made(name)
        return self._send(201, made)

    def _list(self) -> None:
        with self.stub.changed:
            items, version = list(self.stub.objects.values()), str(self.stub.version)
        self._send(200, {"kind": "SparkApplicationList", "metadata": {"resourceVersion": version}, "items": items})

    def _one(self, name: str, below: list[str], sent: dict[str, Any]) -> None:
        with self.stub.changed:
            there = self.stub.objects.get(name)
            if there is None:
                what = f'sparkapplications "{name}" not found'
                return self._refuse(404, "NotFound", what, kind="sparkapplications", name=name)
            if self.command == "DELETE":
                self.stub.happen("DELETED", there)
                return self._send(200, {"kind": "Status", "status": "Success"})
            if self.command == "PUT":
                if sent["metadata"]["resourceVersion"] != there["metadata"]["resourceVersion"]:
                    what = f'Operation cannot be fulfilled on sparkapplications "{name}": the object has been modified'
                    return self._refuse(409, "Conflict", what, kind="sparkapplications", name=name)
                new = {**there, "status": sent["status"]} if below == ["status"] else {**there, "spec": sent["spec"]}
                return self._send(200, self.stub.happen("MODIFIED", new))
        return self._send(200, there)

    def _watch(self, query: dict[str, str]) -> None:
        since = int(query.get("resourceVersion") or 0)
        only = query.get("fieldSelector", "").removeprefix("metadata.name=")
        end = time.monotonic() + min(float(query.get("timeoutSeconds") or 3600), self.stub.longest_watch)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if since < self.stub.horizon:
            told = {"kind": "Status", "code": 410, "reason": "Expired", "message": f"too old resource version: {since}"}
            self._chunk({"type": "ERROR", "object": told})
        else:
            for event, found in self._happened(since, only, end):
                self._chunk({"type": event, "object": found})
        self.wfile.write(b"0\r\n\r\n")

    def _happened(self, since: int, only: str, end: float) -> Iterator[tuple[str, dict[str, Any]]]:
        while True:
            with self.stub.changed:
                new = [
                    each for each in self.stub.events if each[0] > since and only in ("", each[2]["metadata"]["name"])
                ]
                if not new:
                    if time.monotonic() > end or self.stub.horizon > since:
                        return
                    self.stub.changed.wait(0.2)
                    continue
            for version, event, found in new:
                since = version
                yield event, found

    def _chunk(self, value: dict[str, Any]) -> None:
        # Cut somewhere, as networks do.
        data = json.dumps(value).encode() + b"\n"
        for part in (data[:20], data[20:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()

    def _refuse(self, status: int, reason: str, message: str, **details: str) -> None:
        told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message}
        self._send(status, {**told, "code": status, "details": details})

    def _plain(self, status: int, text: str) -> None:
        self._body(status, "text/plain", text.encode())

    def _send(self, status: int, value: Any) -> None:
        self._body(status, "application/json", json.dumps(value).encode())

    def _body(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def kubernetes() -> Iterator[Kubernetes]:
    """An API while the context lasts."""
    stub = Kubernetes()
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = stub.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
