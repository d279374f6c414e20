"""What a Python operator is given: its parameters and the engines, held to what was shown beforehand.

The engines are wrapped: a verb that the dry run did not announce is refused, so that "nothing happens but what is
on the plan" holds for Python as it does for ``do:`` sentences.
"""

from __future__ import annotations

import contextlib
import copy
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from mason.dryrun.arguments import said_of_sql
from mason.dryrun.checks_of_steps import OUTPUT
from mason.engines import engine_type, engine_types, interrupts, verbs_asked_of
from mason.engines.checking import Asked, asking, refuse_failed, warnings
from mason.engines.engine import ANY, Engine
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Job
from mason.engines.scheduler import Scheduler
from mason.engines.storage import Storage
from mason.engines.verbs import Verb
from mason.errors import (
    CancelledError,
    CheckFailedError,
    EngineError,
    JobFailedError,
    NotConfirmedError,
    NotFoundError,
    UnsupportedVerbError,
)
from mason.resources.roles import is_role
from mason.runtime.client_errors import client_named, in_words
from mason.runtime.places import Places
from mason.runtime.submissions import StepCalls, unrecorded
from mason.state.lock import refuse_lost

if TYPE_CHECKING:
    from mason.runtime.apart import Apart


class Context:
    """The world as an operator sees it.

    params
        The validated parameters, read-only. Optional ones that were not given hold their default or ``None``.
    open_engine
        Gives the engine of a role.
    allowed
        The ``engine.verb`` pairs that may be called with effects; ``None`` for all of them.
    is_promised
        Whether the author of the Python class promises that it only reads (``read_only: true``).
    clients
        The names of the clients that were chosen, by engine: whose paths are whose. Operators may ask for them.
    tell
        Takes what the operator says: ``Info`` or ``Warnings``, and the message.
    calls
        Records the calls that change something, for a run that can be resumed.
    dialect
        The one that the SQL of calls is written in which do not say it; empty: an engine's own default.
    trust
        Whether SQL is run also where it is not known to answer the same.
    checks
        What the one table that is written has to fulfil before it is published; ``None`` where nothing is asked of it.
    checked
        The results of these checks, once that table was written.
    tables
        By database and name, the tables that were registered through it (as ``models.Table.to_dict`` gives them; empty
        where the client did not say), and ``None`` for those that were deleted.
    apart
        The place of its own that a run writes to, which is compared with another one; ``None`` for all others.
    cancelled
        The ids of the jobs that were cancelled through it.
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        open_engine: Callable[[str], Engine],
        *,
        allowed: frozenset[str] | None,
        tell: Callable[[str, str], None],
        is_promised: bool = False,
        clients: Mapping[str, str] = MappingProxyType({}),
        calls: StepCalls | None = None,
        dialect: str = "",
        trust: bool = False,
        apart: Apart | None = None,
        checks: Asked | None = None,
    ) -> None:
        # A copy that cannot be written to: the record tells what the run was given.
        self.params: Mapping[str, Any] = MappingProxyType(copy.deepcopy(dict(params)))
        self._open_engine = open_engine
        self._allowed = allowed
        self._is_promised = is_promised
        self._tell = tell
        self.clients: Mapping[str, str] = MappingProxyType(dict(clients))
        self._places = Places(clients, open_engine)
        self._calls = calls
        self._dialect = dialect
        self._trust = trust
        self._apart = apart
        self.tables: dict[tuple[str, str], Mapping[str, Any] | None] = {}
        self.cancelled: set[str] = set()
        self._checks = checks
        self.checked: list[dict[str, Any]] | None = None

    @property
    def metastore(self) -> Metastore:
        """The config's metastore. Raises ``UnsupportedVerbError`` when it has none."""
        return cast(Metastore, _Guarded("metastore", self))

    @property
    def storage(self) -> Storage:
        """The config's storage. Raises ``UnsupportedVerbError`` when it has none."""
        return cast(Storage, _Guarded("storage", self))

    @property
    def execution(self) -> Execution:
        """The config's execution engine. Raises ``UnsupportedVerbError`` when it has none."""
        return cast(Execution, _Guarded("execution", self))

    @property
    def scheduler(self) -> Scheduler:
        """The config's scheduler. Raises ``UnsupportedVerbError`` when it has none."""
        return cast(Scheduler, _Guarded("scheduler", self))

    def engine(self, name: str) -> Any:
        """The config's engine of that name, such as one that another package brings; ``ctx.NAME`` is the same.

        Raises ``UnsupportedVerbError`` for an engine that nobody brings here, and when it is asked for a verb that
        it has not, or the config has no client for it.
        """
        engine_type(name)
        return _Guarded(name, self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not is_role(name):
            raise AttributeError(f"the context of an operator has no {name!r}", name=name, obj=self)
        return self.engine(name)

    def info(self, message: str) -> None:
        """Tell the person something; it ends up under ``Info`` of the answer."""
        self._tell("Info", message)

    def warn(self, message: str) -> None:
        """Warn the person of something; it ends up under ``Warnings`` of the answer."""
        self._tell("Warnings", message)

    def call(self, engine: str, name: str, /, *positional: Any, **named: Any) -> Any:
        """Call a verb, if it was announced. Raises ``NotConfirmedError`` before anything is called if not.

        Raises ``CancelledError`` where the work was given up meanwhile (a timeout, a second Ctrl-C), and
        ``StateLockLostError`` where the lock that it was done under is lost.
        A job that goes on is waited for: raises ``JobFailedError`` where it fails or is cancelled.
        ``engine`` and ``name`` go by position: verbs may have arguments of these names.
        """
        return self.say(engine, name, positional, named)

    def say(
        self, engine: str, name: str, positional: tuple[Any, ...], named: Mapping[str, Any], *, wait: bool = True
    ) -> Any:
        """As :meth:`call`; without ``wait`` a job that goes on is returned as it is."""
        verb = verbs_asked_of(engine).get(name)
        if verb is None:
            known = ", ".join(verbs_asked_of(engine))
            raise UnsupportedVerbError(f"There is no verb {engine}.{name}. Known: {known}.")
        if self._dialect or self._trust:
            named = {**said_of_sql(verb, self._dialect, self._trust), **named}
        arguments = {**dict(zip(verb.arguments, positional, strict=False)), **named}
        changing = not verb.is_read_only(arguments)
        if changing and self._allowed is not None and str(verb) not in self._allowed:
            why = ", but its YAML says read_only: true" if self._is_promised else " and was not in the dry run"
            raise NotConfirmedError(f"The operator asked for {verb}, which changes things{why}. It was not called.")
        if self._apart is not None and len(positional) <= len(verb.arguments):
            positional, named = (), self._apart.given(verb, arguments)
            arguments = named
        work = interrupts.current()
        if work is not None and work.given_up:
            # Another attempt may do this work by now.
            raise CancelledError(f"{verb} was not called: nobody waits for this work any more.")
        refuse_lost()
        if engine != ANY:
            opened = self._open_engine(engine)
            self._warn_of_trust(verb, opened, arguments)
        else:
            opened, job = self._that_knows(str(arguments.get("job_id")), name)
            if name == "get_job":
                return job
        checked = self._checks is not None and changing and OUTPUT in verb.writes
        if checked:
            self._refuse_unchecked(opened)
        with (
            asking(self._checks if checked else None),
            _logged(f"for {opened.client} as {engine} do {name}({', '.join(f'{each}=...' for each in arguments)})"),
            in_words(f"Client {opened.client} failed at {engine}.{name}"),
        ):
            located, named = self._places.given(verb, opened, positional, named)
            do = partial(getattr(opened, name), *located, **named)
            if name == "cancel_job":
                returned = do()
                self.cancelled.add(str(arguments.get("job_id")))
            else:
                with self._checks_told():
                    returned = self._change(opened, verb, arguments, do, wait) if changing else do()
            if checked:
                self._take(opened, returned)
        if engine == "metastore" and name in ("create_table", "delete_table"):
            # What a client of another package returns may be anything.
            made = returned.result if isinstance(returned, Job) else {}
            self.tables[arguments["database"], arguments["table"]] = made if name == "create_table" else None
        return self._places.answered(opened, returned)

    def _warn_of_trust(self, verb: Verb, opened: Engine, arguments: Mapping[str, Any]) -> None:
        """Say that SQL is trusted, where it is not that of the engine."""
        spoken = opened.capabilities.dialect
        if (
            arguments.get("trust") is True
            and "trust" in verb.arguments
            and arguments.get("dialect", "duckdb") != spoken
        ):
            self.warn(
                f"The SQL of {verb} is trusted (sql: trust): {opened.client} ({spoken}) runs it also where it is not "
                "known to answer the same."
            )

    def _refuse_unchecked(self, opened: Engine) -> None:
        """Refuse to write what could not be checked. The dry run does so, as far as it knows what is written."""
        if not opened.capabilities.checks:
            raise UnsupportedVerbError(
                f"Client {opened.client} publishes what it writes before it could be checked, so nothing was written."
            )
        if self.checked is not None:
            raise NotConfirmedError(
                "The checks of this step are those of one output, and it has written one. Write each output in a step "
                "of its own."
            )

    @contextlib.contextmanager
    def _checks_told(self) -> Iterator[None]:
        """A job that failed because of its checks failed as work that is done at once does."""
        try:
            yield
        except JobFailedError as error:
            result = error.job.get("result")
            found = result.get("checks") if isinstance(result, Mapping) and self._checks is not None else None
            if isinstance(found, list):
                raise CheckFailedError(str(error), found) from error
            raise

    def _take(self, opened: Engine, returned: Any) -> None:
        """Take in what came of the checks of what was written. Raises ``CheckFailedError``, and ``EngineError`` for a
        client that looked at none of them."""
        found = returned.result.get("checks") if isinstance(returned, Job) else None
        if not isinstance(found, list):
            raise EngineError(
                f"Client {opened.client} wrote its output and told nothing of its checks: nobody knows whether they "
                "hold."
            )
        self.checked = found
        refuse_failed(found)
        for warning in warnings(found):
            self.warn(warning)

    def _that_knows(self, job_id: str, name: str) -> tuple[Engine, Job]:
        """The first of the config's engines that knows a job and does the verb, with it. Raises ``NotFoundError``."""
        asked = []
        # Those first that hand out most.
        for role in sorted(engine_types(), key=lambda each: each != "execution"):
            try:
                opened = self._open_engine(role)
            except UnsupportedVerbError:
                # The config has none.
                continue
            if not {name, "get_job"} <= opened.supports:
                continue
            asked.append(f"{opened.client} as {role}")
            with contextlib.suppress(NotFoundError):
                return opened, opened.get_job(job_id)
        raise NotFoundError(f"There is no job {job_id}. Asked were: {', '.join(asked)}.")

    def _change(
        self, opened: Engine, verb: Verb, arguments: Mapping[str, Any], do: Callable[[], Any], wait: bool
    ) -> Any:
        """Make a changing call, unless the run made it before, and wait for its job."""
        if self._calls is not None:
            return self._calls.make(opened, verb, arguments, do, wait=wait)
        return unrecorded(opened, do, wait=wait)


@contextlib.contextmanager
def _logged(sentence: str) -> Iterator[None]:
    """Tell the log that ``sentence`` is said, which holds no values, and at debug how long it took."""
    # A log that is not loaded has no reader, and loading it takes longer than a short step.
    if "logging" not in sys.modules:
        yield
        return
    import logging

    log = logging.getLogger("mason")
    log.info(sentence)
    began = time.monotonic()
    try:
        yield
    finally:
        log.debug("%s took %.3f seconds", sentence, time.monotonic() - began)


def ask(
    client: str,
    open_engine: Callable[[str], Engine],
    engine: str,
    verb: str,
    /,
    *positional: Any,
    allowed: bool = False,
    **named: Any,
) -> Any:
    """Call one verb without an operator; one that changes something only if ``allowed``.

    Raises ``MasonError`` and nothing else, and as :meth:`Context.call`.
    """
    announced = frozenset({f"{engine}.{verb}"}) if allowed else frozenset()
    ctx = Context({}, open_engine, allowed=announced, tell=lambda kind, message: None)
    with client_named(client, engine, verb):
        return ctx.call(engine, verb, *positional, **named)


class _Guarded:
    """An engine whose verbs go through :meth:`Context.call`."""

    def __init__(self, role: str, context: Context) -> None:
        self._role = role
        self._context = context

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *positional, **named: self._context.call(self._role, name, *positional, **named)


class Operator(ABC):
    """Base of operators that are written in Python: subclass it, name it after ``namespace:command``, write ``run``."""

    @abstractmethod
    def run(self, ctx: Context) -> Any:
        """Do the work. A model, a mapping, rows, a job, a list of these or nothing becomes ``Data``."""
