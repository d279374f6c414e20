"""What runs on a worker: an order is done by the embedded engine, and given up as soon as nobody waits for it.

Dask stops no code that runs, even when its future is cancelled by force, or when the client that wants it is gone. But
a worker knows that a task is cancelled: a thread looks for that, and interrupts DuckDB.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import bounds
from mason.clients import registry
from mason.clients.dask.dask_orders import Answer, Fault, Order, Surroundings
from mason.engines import checking
from mason.engines.interrupts import doing
from mason.engines.progress import Observer, Progress, observing
from mason.errors import EngineError, MasonError
from mason.version import __version__

if TYPE_CHECKING:
    from mason.engines.storage import Storage

# Seconds between two looks at whether somebody still waits, and between two reports of progress.
_LOOK = 0.1
_REPORT = 0.5
_doing: set[tuple[str, int]] = set()
"""The orders that this process is at, by topic and part."""


def perform(order: Order) -> Answer:
    """Do what ``order`` says. What goes wrong is a value."""
    from distributed import get_worker

    worker = get_worker()
    if order.version != __version__:
        text = f"Worker {worker.address} has Mason {__version__}, and this is {order.version}. Install the same there."
        return Answer(fault=Fault("EngineError", text))
    told = _told(worker, order)
    with _registered(order), _Waited(worker) as waited, doing(waited), observing(told) if told else nullcontext():
        try:
            return Answer(_done(order, _threads(order, worker)))
        except MasonError as error:
            return Answer(fault=Fault.of(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody but the worker could unpickle it for certain
            text = f"Worker {worker.address} failed: {type(error).__name__}: {error}"
            return Answer(fault=Fault("EngineError", text))


async def settled(topic: str, patience: float) -> bool:
    """Whether this process is at none of the orders of ``topic`` any more; they are waited for, for ``patience``
    seconds."""
    deadline = time.monotonic() + patience
    while any(name == topic for name, _ in _doing):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_LOOK / 2)
    return True


@contextmanager
def _registered(order: Order) -> Iterator[None]:
    _doing.add((order.topic, order.part))
    try:
        yield
    finally:
        _doing.discard((order.topic, order.part))


def _threads(order: Order, worker: Any) -> int | None:
    """How many threads DuckDB gets; ``None`` for as many as there are processors."""
    surroundings: Surroundings = pickle.loads(order.surroundings)
    given = surroundings.configuration
    if "threads" in given:
        return int(given["threads"])
    if "scheduler" in given:
        return int(worker.state.nthreads)
    processors = os.cpu_count() or 1
    return None if order.whole else max(1, processors // int(given.get("workers", processors)))


def _done(order: Order, threads: int | None) -> Any:
    from mason.clients.dask.worker_execution import WorkerExecution

    client = _client(order.surroundings, threads)
    if not client.root.path.is_dir():
        raise EngineError(
            f"A worker has no folder {client.root.path}. Workers need the folder of the config's files by the same "
            "path: share it with them, or keep the files in a store of objects."
        )
    execution = WorkerExecution(client, order.tables)
    with checking.asking(order.asked):
        return getattr(execution, order.call)(**order.arguments)


@lru_cache(maxsize=8)
def _client(surroundings: bytes, threads: int | None) -> Any:
    """The client of Mason's machine, as it is here."""
    made: Surroundings = pickle.loads(surroundings)
    client: Any = registry.client_class("dask")(made.configuration, base=Path(made.base))
    client.name, client.neighbours, client.kept_out = made.name, made.neighbours, made.kept_out
    client.threads = threads
    client.storage_for = _Storages(made).storage_for
    return client


class _Storages:
    """The storages of neighbours, made here when they are asked for."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._given = surroundings
        self._made: dict[str, Storage] = {}
        self._lock = threading.Lock()

    def storage_for(self, url: str) -> Storage | None:
        """As :class:`~mason.engines.client.Client` has it."""
        above = [
            (root, name)
            for name, facts in self._given.neighbours.items()
            for root in self._root(facts)
            if f"{url}/".startswith(f"{root.rstrip('/')}/")
        ]
        if not above:
            return None
        _, name = max(above, key=lambda each: len(each[0]))
        with self._lock:
            if name not in self._made:
                self._made[name] = self._storage(name)
            return self._made[name]

    def _root(self, facts: Mapping[str, Any]) -> Iterator[str]:
        if "url" in facts:
            yield str(facts["url"])
        elif "storage" in registry.roles(str(facts["type"])):
            schemes = registry.capabilities(str(facts["type"]))["storage"].schemes
            yield from (f"{scheme}://" for scheme in schemes[:1])

    def _storage(self, name: str) -> Storage:
        facts = self._given.neighbours[name]
        cls = registry.client_class(str(facts["type"]))
        if name in self._given.private:
            configuration = bounds.parse_json(bounds.read_file(Path(self._given.private[name]), bounds.RECORD))
        else:
            # What is told of a client beside its configuration is none of it.
            known = cls.schema()["properties"]
            configuration = {key: value for key, value in facts.items() if key in known}
        client = cls(configuration, base=Path(self._given.base))
        client.name, client.kept_out = name, self._given.kept_out
        storage: Storage = client.engine("storage")  # type: ignore[assignment]  # that is the role
        return storage


class _Waited:
    """Work that somebody waits for, as long as Dask says so: see :class:`mason.engines.interrupts.Interruptible`."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._key = worker.get_current_task()
        self._interrupts: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._given_up = threading.Event()
        self._over = threading.Event()

    def __enter__(self) -> _Waited:
        self._thread = threading.Thread(target=self._look, name="mason-waited", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._given_up.is_set()

    def add(self, interrupt: Callable[[], object]) -> None:
        """Call ``interrupt`` when it is given up."""
        with self._lock:
            self._interrupts.append(interrupt)
            if not self.given_up:
                return
        interrupt()

    def discard(self, interrupt: Callable[[], object]) -> None:
        """Forget ``interrupt``."""
        with self._lock:
            if interrupt in self._interrupts:
                self._interrupts.remove(interrupt)

    def _look(self) -> None:
        while not self._over.wait(_LOOK):
            task = self._worker.state.tasks.get(self._key)
            if task is None or task.state in ("cancelled", "released", "forgotten"):
                with self._lock:
                    self._given_up.set()
                    found = list(self._interrupts)
                for interrupt in found:
                    interrupt()
                return


def _told(worker: Any, order: Order) -> Observer | None:
    """What tells Mason of progress, now and then; ``None`` where nobody wants to know."""
    if not order.watched:
        return None
    last = [0.0]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if progress.ended or now - last[0] >= _REPORT:
            last[0] = now
            said = {"part": order.part, "done": progress.done, "total": progress.total, "what": progress.what}
            worker.log_event(order.topic, said)

    return tell
