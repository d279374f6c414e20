"""Clusters of Dask for tests: a scheduler and workers, each a process of its own on the loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.servers import free_port
from tests.waiting import wait_for


@contextmanager
def dask_cluster(
    folder: Path, workers: int = 2, *, environment: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
) -> Iterator[str]:
    """The address of the scheduler of a cluster with so many workers of one thread, gone at the end. ``options`` are
    those of scheduler and workers."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with ExitStack() as held:
        held.enter_context(scheduler(folder, address, options=options))
        for number in range(workers):
            held.enter_context(worker(folder, address, number, environment=environment, options=options))
        yield address


@contextmanager
def scheduler(folder: Path, address: str, *, options: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler at ``address``."""
    port = address.rpartition(":")[2]
    given = ("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show", *options)
    with _process(folder / "scheduler.log", given) as process:
        log = folder / "scheduler.log"
        wait_for(lambda: b"Scheduler at" in log.read_bytes(), seen=log.read_text)
        yield process


@contextmanager
def worker(
    folder: Path,
    address: str,
    number: int,
    *,
    environment: Mapping[str, str] | None = None,
    options: tuple[str, ...] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the scheduler at ``address``, without a nanny that would start it again."""
    log = folder / f"worker-{number}.log"
    given = ("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
    given = (*given, "--local-directory", str(folder), *options)
    with _process(log, given, environment) as process:
        wait_for(lambda: b"Registered to:" in log.read_bytes(), seen=log.read_text)
        yield process


@contextmanager
def _process(
    log: Path, given: tuple[str, ...], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "distributed.cli.dask_" + given[0], *given[1:]]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command, cwd=log.parent, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()
