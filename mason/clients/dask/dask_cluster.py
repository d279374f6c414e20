"""A cluster of Dask's: reached or started, held to Mason's version, given orders, and waited for.

A cluster that Mason starts listens on this machine only, and speaks TLS with keys that are made for it: who can connect
to a scheduler can run any code as its user, and on this machine there may be others. Its workers end with Mason, even
where that is killed.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import os
import pickle
import signal
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import temporary
from mason.clients.dask import dask_failures
from mason.clients.dask.dask_orders import Answer, FaultError, Order, Surroundings
from mason.engines import interrupts
from mason.engines.progress import Observer, Progress, observer
from mason.errors import EngineError, MasonError, MissingDependencyError, TransientEngineError
from mason.secrets import without_secrets
from mason.version import __version__

if TYPE_CHECKING:
    from mason.clients.dask.dask_ground import Ground
    from mason.engines.checking import Asked
    from mason.engines.models import Table

# Seconds between two looks at whether the scheduler is there, and for which stopped work is waited for.
_LOOK = 0.5
_PATIENCE = 15.0
# How often a task is begun again whose worker died, on a cluster of Mason's own.
_MORE_TRIES = 1


def connect(client: Ground) -> Cluster:
    """The cluster that the configuration of ``client`` names, or a new one. Raises ``TransientEngineError`` where no
    scheduler answers, or has no workers, ``EngineError`` where workers have another Mason, and
    ``MissingDependencyError``."""
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"Client {client.name} ({error.name})", "dask") from error
    # What it says, errors of Mason say, too; tracebacks of its threads say nothing to a person.
    logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
    cluster = Cluster(client)
    try:
        cluster.check_workers()
    except BaseException:
        cluster.close()
        raise
    return cluster


class Cluster:
    """The cluster of ``client``. Threads may share it."""

    def __init__(self, client: Ground) -> None:
        self._given = client.configuration
        self._mason = client
        self._held = ExitStack()
        self._private: Path | None = None
        self._writing = threading.Lock()
        try:
            self._client = self._held.enter_context(self._own() if client.starts_cluster else self._reached())
        except BaseException:
            self._held.close()
            raise

    @property
    def address(self) -> str:
        """Where the scheduler is."""
        return str(self._given.get("scheduler", "this machine"))

    def is_there(self) -> bool:
        """Whether the scheduler can be asked."""
        return bool(self._client.status == "running")

    @contextmanager
    def _own(self) -> Iterator[Any]:
        import dask
        from distributed import Client, LocalCluster, Security

        folder = self._held.enter_context(temporary.folder("dask"))
        self._private = folder / "private"
        self._private.mkdir(mode=0o700)
        settings = {
            "distributed.scheduler.allowed-failures": _MORE_TRIES,
            # What it would look at is Mason's, all the time.
            "distributed.worker.profile.enabled": False,
        }
        try:
            security = Security.temporary()
        except ImportError as error:
            raise MissingDependencyError(f"Client {self._mason.name} (cryptography)", "dask") from error
        with dask.config.set(settings), _without_interrupts():
            try:
                cluster = LocalCluster(
                    n_workers=int(self._given.get("workers", os.cpu_count() or 1)),
                    threads_per_worker=1,
                    memory_limit=self._given.get("worker_memory", "auto"),
                    host="127.0.0.1",
                    protocol="tls",
                    security=security,
                    dashboard_address=None,
                    local_directory=str(folder),
                    silence_logs=logging.CRITICAL,
                )
            except (OSError, RuntimeError, TimeoutError) as error:
                raise EngineError(f"Workers could not be started on this machine: {error}") from error
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client

    @contextmanager
    def _reached(self) -> Iterator[Any]:
        from distributed import Client, Security

        address = self.address
        files = self._given.get("tls", {})
        names = {"ca_file": "tls_ca_file", "certificate": "tls_client_cert", "key": "tls_client_key"}
        paths = {names[key]: str(self._mason.base / Path(path).expanduser()) for key, path in files.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                security = Security(**paths, require_encryption=True) if paths else Security()
                client = Client(address, security=security, timeout=self._timeout, set_as_default=False)
            except Exception as error:
                # What Dask raises for a server that is none of its own may be anything.
                raise dask_failures.unreachable(address, error) from error
        with client:
            yield client

    @property
    def _timeout(self) -> float:
        return float(self._given.get("timeout", 30))

    def check_workers(self) -> None:
        """Raises ``TransientEngineError`` where there are no workers, and ``EngineError`` where they lack Mason, or
        have it in another version."""
        try:
            self._client.wait_for_workers(1, timeout=self._timeout)
        except TimeoutError as error:
            raise TransientEngineError(
                f"The Dask cluster at {self.address} has no workers. Start some, and run it again."
            ) from error
        with self._scheduler():
            found = self._client.run(importlib.metadata.version, "mason", on_error="return")
        wrong = sorted(
            f"{worker} has {'Mason ' + said if isinstance(said, str) else 'no Mason'}"
            for worker, said in found.items()
            if said != __version__
        )
        if wrong:
            raise EngineError(
                f"Workers need Mason {__version__}, as it is here: {'; '.join(wrong[:3])}"
                f"{f' and {len(wrong) - 3} more' if len(wrong) > 3 else ''}. "
                f"Install it there: pip install 'mason[dask]=={__version__}'"
            )

    @property
    def workers(self) -> int:
        """How many workers there are now."""
        with self._scheduler():
            return max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def ask(self, question: Callable[[], Any]) -> dict[str, Any]:
        """What each worker answers to a ``question``, by its address."""
        with self._scheduler():
            found: dict[str, Any] = self._client.run(question)
            return found

    def do(
        self,
        call: str,
        parts: Sequence[Mapping[str, Any]],
        *,
        lent: Mapping[str, Mapping[str, Any]],
        tables: Mapping[tuple[str, str], Table | str],
        asked: Asked | None,
        whole: bool,
    ) -> list[Any]:
        """What comes of ``call`` with the arguments of each of ``parts``, in their order; on the first error, the
        others are stopped.

        ``lent`` are the configurations of neighbours whose objects the work reads or writes; other arguments are those
        of :class:`~mason.clients.dask.dask_orders.Order`. Raises ``FaultError`` with what the work raised,
        ``TransientEngineError`` where the scheduler is gone, and ``EngineError`` where workers died of it.
        """
        from mason.clients.dask.dask_worker import perform

        topic = f"mason-{call}-{uuid.uuid4().hex[:12]}"
        watching = observer()
        surroundings = pickle.dumps(self._surroundings(lent))
        orders = [
            Order(__version__, surroundings, call, part, tables, asked, whole, topic, watching is not None, number)
            for number, part in enumerate(parts)
        ]
        with self._scheduler(), self._watched(topic, len(orders), watching):
            futures = [self._client.submit(perform, order, key=f"{topic}-{order.part}", pure=False) for order in orders]
            try:
                return self._ended(call, futures)
            finally:
                self._let_go(topic, futures)

    def _ended(self, call: str, futures: Sequence[Any]) -> list[Any]:
        changed, stopped = threading.Event(), threading.Event()

        def stop() -> None:
            stopped.set()
            changed.set()

        for future in futures:
            future.add_done_callback(lambda _: changed.set())
        work = interrupts.current()
        if work is not None:
            work.add(stop)
        answers: dict[int, Any] = {}
        try:
            while len(answers) < len(futures):
                changed.wait(_LOOK)
                changed.clear()
                if stopped.is_set():
                    raise EngineError(f"{call} was given up, and stopped on the workers.")
                if not self.is_there():
                    raise dask_failures.gone(self.address)
                for number, future in enumerate(futures):
                    if number not in answers and future.status != "pending":
                        answers[number] = self._answer(call, future)
        finally:
            if work is not None:
                work.discard(stop)
        return [answers[number] for number in range(len(futures))]

    def _answer(self, call: str, future: Any) -> Any:
        if future.status == "error":
            error = future.exception()
            memory = str(self._given.get("worker_memory", "its memory_limit in Dask"))
            raise dask_failures.of_task(error, call, memory) from error
        if future.status != "finished":
            raise dask_failures.gone(self.address)
        answer: Answer = future.result()
        if answer.fault is not None:
            raise FaultError(answer.fault)
        return answer.value

    def _let_go(self, topic: str, futures: Sequence[Any]) -> None:
        """Forget what came of them. What goes on is stopped, and waited for: it may write where others tidy up."""
        going_on = [each for each in futures if each.status == "pending"]
        with suppress(Exception):
            # Of a scheduler that is gone, nothing is left to cancel.
            if going_on and self.is_there():
                from mason.clients.dask.dask_worker import settled

                self._client.cancel(going_on, force=True)
                self._client.run(settled, topic, _PATIENCE, on_error="ignore")
        for future in futures:
            future.release()

    @contextmanager
    def _watched(self, topic: str, parts: int, watching: Observer | None) -> Iterator[None]:
        if watching is None:
            yield
            return
        told = _Told(watching, parts)
        self._client.subscribe_topic(topic, told)
        try:
            yield
        finally:
            with suppress(Exception):
                self._client.unsubscribe_topic(topic)
            told.end()

    @contextmanager
    def _scheduler(self) -> Iterator[None]:
        """Explains what Dask raises of a scheduler that goes while it is asked."""
        from distributed.comm.core import CommClosedError

        try:
            yield
        except (FaultError, MasonError):
            raise
        except (OSError, CommClosedError, TimeoutError, RuntimeError) as error:
            if self.is_there() and not isinstance(error, (OSError, CommClosedError)):
                raise EngineError(f"Dask failed: {type(error).__name__}: {error}") from error
            raise dask_failures.gone(self.address) from error

    def _surroundings(self, lent: Mapping[str, Mapping[str, Any]]) -> Surroundings:
        client = self._mason
        private = {name: self._kept(name, given) for name, given in lent.items()} if self._private else {}
        public = without_secrets(client.configuration, client.schema())
        neighbours = {name: dict(facts) for name, facts in client.neighbours.items()}
        return Surroundings(public, str(client.base), client.name, neighbours, client.kept_out, private)

    def _kept(self, name: str, configuration: Mapping[str, Any]) -> str:
        """The file in which workers of this machine find the configuration of a neighbour."""
        assert self._private is not None
        text = json.dumps(configuration, sort_keys=True)
        file = self._private / f"{uuid.uuid5(uuid.NAMESPACE_OID, name)}.json"
        with self._writing:
            if not file.exists():
                file.touch(mode=0o600)
                file.write_text(text, "utf-8")
        return str(file)

    def close(self) -> None:
        """Let go of the cluster; one that Mason started ends."""
        with suppress(Exception):
            # One that is gone has nothing to be told.
            self._held.close()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Within it, processes are started that hear nothing of Ctrl-C: Mason hears it, and ends them."""
    from multiprocessing import resource_tracker

    # Started with the first process, it would let the signal through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Told:
    """Gathers what workers tell of their parts, and reports it as one piece of work."""

    def __init__(self, watching: Observer, parts: int) -> None:
        self._watching = watching
        self._parts = parts
        self._shares: dict[int, tuple[int, int]] = {}
        self._furthest = 0
        self._what = ""

    def __call__(self, event: tuple[float, Mapping[str, Any]]) -> None:
        _, said = event
        self._shares[int(said["part"])] = (int(said["done"]), int(said["total"]))
        self._what = str(said["what"])
        self._watching(self._progress())

    def _progress(self, *, ended: bool = False) -> Progress:
        # Each part tells of what it reads; those that have not begun are as large as the others.
        total = sum(total for _, total in self._shares.values()) * self._parts // max(1, len(self._shares))
        self._furthest = max(self._furthest, sum(done for done, _ in self._shares.values()))
        return Progress(total if ended else min(self._furthest, total), total, "bytes", self._what, ended=ended)

    def end(self) -> None:
        """The work is over."""
        if self._what:
            self._watching(self._progress(ended=True))
