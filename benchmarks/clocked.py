"""Work that is timed from inside, because it takes milliseconds and a process around it would hide it.

Called as ``python benchmarks/clocked.py NAME FOLDER ...``; prints seconds as its last line. ``FOLDER`` holds the
state of a project that was applied; for workflows it is that project.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

REPEATS = 5


def mason_write(folder: Path) -> float:
    """Writing a snapshot in which one resource changed: conditional, with a backup, durable."""
    from mason.state.urls import open_store

    store = open_store(folder.as_uri())

    def work() -> None:
        nonlocal base
        base = store.write(changed, base=base)

    def change() -> None:
        nonlocal changed
        address, entry = next(iter(base.resources.items()))
        changed = {**base.resources, address: replace(entry, applied_at=f"{time.time()}")}

    base, changed = store.read(), {}
    return _best(work, before=change)


def mason_read(folder: Path) -> float:
    """Reading the snapshot and decoding every entry."""
    from mason.state.urls import open_store

    store = open_store(folder.as_uri())
    return _best(lambda: dict(store.read().resources))


def mason_look(folder: Path) -> float:
    """Reading what a plan without a change needs: the digests of all resources."""
    from mason.state.urls import open_store

    store = open_store(folder.as_uri())
    return _best(lambda: store.read().digests)


def floor_write(folder: Path) -> float:
    """orjson, fsync, rename: the same bytes, unchecked."""
    import orjson

    document = orjson.loads((folder / "state.json").read_bytes())
    temporary, target = folder / "floor.tmp", folder / "floor.json"

    def work() -> None:
        with temporary.open("wb") as file:
            file.write(orjson.dumps(document))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)

    return _best(work)


def floor_read(folder: Path) -> float:
    """orjson, with the garbage collector off."""
    import orjson

    def work() -> None:
        gc.disable()
        orjson.loads((folder / "state.json").read_bytes())
        gc.enable()

    return _best(work)


floor_look = floor_read


def mason_dag(folder: Path, shape: str, steps: str) -> float:
    """The execution of a workflow that was prepared, with its journal and its record; a run of one step is not timed.

    As many steps at once as the machine has cores, as from the command line, where events are told to nobody.
    """
    os.chdir(folder)
    from mason.project import opening
    from mason.project.runs import preparing, running
    from mason.runtime.workers import Control

    opened = opening.open_project()

    def execute(command: str) -> float:
        given = preparing.read_workflow_parameters(None, ())
        prepared = preparing.prepare_workflow(opened, ("benchmark", command), given)
        start = time.perf_counter()
        end = running.execute_run(
            opened, prepared, parallelism=os.cpu_count() or 1, tell=lambda event: None, control=Control()
        )
        seconds = time.perf_counter() - start
        if end.status != "succeeded" or len(end.record["steps"]) != len(prepared.plan.steps):
            sys.exit(f"{command} {end.status}")
        return seconds

    execute("chain_1")
    return execute(f"{shape}_{steps}")


def floor_dag(folder: Path, shape: str, steps: str) -> float:
    """Steps in the order of the graph, each in a thread, and a line of JSON before and after each."""
    import json
    from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
    from graphlib import TopologicalSorter

    names = [f"s{number}" for number in range(int(steps))]
    before = names[:1] * len(names) if shape == "fan" else names
    graph = {"s0": (), **{name: (dependency,) for name, dependency in zip(names[1:], before, strict=False)}}
    journal = os.open(folder / "floor.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_TRUNC)

    def note(event: str, step: str) -> None:
        os.write(journal, json.dumps({"event": event, "step": step, "at": time.time()}).encode() + b"\n")

    start = time.perf_counter()
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(cores := os.cpu_count() or 1) as pool:
        ready = list(sorter.get_ready())
        while ready or running:
            while ready and len(running) < cores:
                note("started", ready[-1])
                running[pool.submit(lambda: None)] = ready.pop()
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                step = running.pop(future)
                note("ended", step)
                sorter.done(step)
            ready += sorter.get_ready()
    os.fsync(journal)
    return time.perf_counter() - start


def mason_lock(folder: Path, endpoint: str, bucket: str) -> float:
    """Taking the lock of a state in a bucket, and giving it back."""
    from mason.state.s3.bucket_store import S3StateStore

    store = S3StateStore(f"s3://{bucket}/{folder.name}?endpoint_url={endpoint}")

    def work() -> None:
        with store.lock("benchmark"):
            pass

    # To connect, and to probe the store.
    work()
    return _best(work, times=50)


def floor_lock(folder: Path, endpoint: str, bucket: str) -> float:
    """The same two requests over one connection, with a signature that costs nothing, because nobody checks it."""
    import http.client
    from urllib.parse import urlsplit

    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    path = f"/{bucket}/{folder.name}/floor.json"
    signed = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"

    def ask(method: str, body: bytes, condition: dict[str, str]) -> str:
        connection.request(method, path, body, {"Authorization": signed, **condition})
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {answer.status}")
        return answer.headers.get("ETag", "")

    def work() -> None:
        etag = ask("PUT", b"x" * 400, {"If-None-Match": "*"})
        ask("DELETE", b"", {"If-Match": etag})

    work()
    return _best(work, times=50)


def mason_list(folder: Path, endpoint: str) -> float:
    """All objects of a bucket, as a storage lists them."""
    storage = _storage(folder, endpoint)
    storage.list_paths("part=00")
    return _best(lambda: storage.list_paths(""))


def mason_fingerprint(folder: Path, endpoint: str) -> float:
    """What is asked of the inputs of a run when it is planned."""
    return _best(lambda: _storage(folder, endpoint).fingerprint(""), times=1)


def floor_list(folder: Path, endpoint: str) -> float:
    """boto3's paginator, and nothing made of what it answers."""
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint)
    pages = client.get_paginator("list_objects_v2")
    list(pages.paginate(Bucket="lake", Prefix="part=00/"))
    return _best(lambda: [each for page in pages.paginate(Bucket="lake") for each in page["Contents"]])


def _storage(folder: Path, endpoint: str) -> Any:
    from mason.clients.s3 import S3Client

    return S3Client({"endpoint_url": endpoint, "root": "s3://lake"}, base=folder).engine("storage")


def _best(work: Callable[[], object], *, before: Callable[[], object] = lambda: None, times: int = REPEATS) -> float:
    taken = []
    for _ in range(times):
        before()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


if __name__ == "__main__":
    print(globals()[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))
