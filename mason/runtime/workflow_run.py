"""One run, walked: the work of its steps is done, what happens is noted, results are handed on, its record is kept.

What it needs from outside is handed in: the store that keeps the record, and what connects clients. Nothing here knows
a project. Runs of workflows, of operators alone, of run resources and of schedules all go this way, and so do runs that
are resumed: there is no other one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from mason import secrets
from mason.engines.checking import Asked
from mason.engines.occasion import on
from mason.errors import CancelledError, ConflictError, MasonError, OperatorError, ParameterError
from mason.resources.address import title_of
from mason.resources.config import Config
from mason.resources.retry import Retry
from mason.resources.trigger import TRIGGER_RULES
from mason.runtime import executor, records
from mason.runtime.answer import Answer
from mason.runtime.nodes import Ended, Node, Observer, Stop
from mason.runtime.output import Printed, aside, hearing, unheard
from mason.runtime.prepared_run import INTERRUPTED, PreparedRun, RunEnd, Tell, Watch
from mason.runtime.retryable import is_retryable, refuse_open
from mason.runtime.run_events import RunEvents
from mason.runtime.submissions import Submissions
from mason.runtime.submitted import EVENTS as SUBMISSION_EVENTS
from mason.runtime.submitted import jobs_of
from mason.runtime.walk import walk
from mason.runtime.workers import Control
from mason.state.lock import refuse_lost, who
from mason.state.outcome import Outcome, Status, rows_of, touched
from mason.state.store import StateStore

if TYPE_CHECKING:
    from mason.dryrun.planned import PlannedStep
    from mason.engines.engine import Engine
    from mason.runtime.deciding import Deciders
    from mason.runtime.python_source import Modules

# Seconds for work that was given up to remove what it wrote halfway.
_TIDYING = 2.0
# Seconds for services to answer what became of a job that is cancelled.
_CANCELLING = 10.0
_KINDS = {"Info": "info", "Warnings": "warning"}


class Connected(Protocol):
    """The clients of one config, each connected when the first of its engines is asked for."""

    def engine(self, role: str) -> Engine:
        """The engine that plays ``role``. Raises ``UnsupportedVerbError`` when the config has none."""
        ...

    def close(self) -> list[str]:
        """Close what was opened; returns what to warn of."""
        ...


Connect = Callable[[Config, Mapping[str, str]], Connected]
"""Gives the clients of a config, of which one was chosen for each engine. Connects to none of them yet."""


def do_run(
    prepared: PreparedRun,
    store: StateStore,
    connect: Connect,
    *,
    parallelism: int,
    tell: Tell,
    control: Control,
    watch: Watch | None = None,
    begun: Callable[[], None] = lambda: None,
) -> RunEnd:
    """Walk the steps of a run that was confirmed, write its journal, and keep its record in the history.

    What a step returns is kept for the steps that refer to it, and for the classes that decide on what comes after it.
    Where one of these stops the run, that is a success.

    ===========  ======================================================================================================
    parallelism  how many steps are done at once, at most
    tell         is told each event
    control      ends the run early; what was done stays done. A process that writes into the journal that the run is
                 to end (``asked``) ends this run alone
    watch        is told how far long work is
    begun        is called once, when the journal and the record say that the run begins
    ===========  ======================================================================================================

    Raises ``StateError`` when the journal or the record cannot be written before anything is done, and
    ``ConflictError`` when the run goes on elsewhere, or went on since it was prepared.
    """
    started = datetime.now(timezone.utc)
    run_id = prepared.run_id or prepared.new_id or records.new_run_id(started)
    with RunEvents(run_id, tell, resumed=bool(prepared.run_id), may_lack=prepared.for_answer) as events:
        before = events.all() if prepared.run_id else []
        if prepared.run_id and len(before) != prepared.events:
            raise ConflictError(f"Run {run_id} went on since you were asked. See: mason runs show {run_id}")
        run = _Run(prepared, run_id, started, before, store=store, connect=connect, events=events, watch=watch)
        try:
            run.begin(parallelism)
        except MasonError:
            events.take_back()
            raise
        begun()
        own = Control(control)

        def look() -> None:
            asked = events.asked()
            if asked is not None:
                # A job may take hours, and its service can be told.
                run.cancel_jobs("the run was cancelled")
                # An operator alone has nothing to finish first.
                own.stop() if asked.get("at_once") or prepared.for_answer else own.finish()

        try:
            with aside() if prepared.alone else nullcontext(), on(prepared.occasion):
                ended = walk(
                    [_node(step) for step in prepared.plan.steps],
                    run.work,
                    parallelism=parallelism,
                    observer=run,
                    done={step: _ended(event) for step, event in (prepared.done or {}).items()},
                    control=own,
                    retryable=is_retryable,
                    look=look,
                )
        except MasonError as error:
            return run.end({}, own, given_up=error)
        except BaseException as error:
            run.end({}, own, given_up=error)
            raise
        return run.end({step: each.status for step, each in ended.items()}, own)


def _node(step: PlannedStep) -> Node:
    retry = Retry.parse(step.retry, step.retry_max) if step.retry else None
    return Node(step.id, step.dependencies, step.trigger_rule, retry, step.timeout)


class _Run(Observer):
    """One run: does the work of steps, notes what happens, and knows what steps returned."""

    def __init__(
        self,
        prepared: PreparedRun,
        run_id: str,
        started: datetime,
        before: Sequence[Mapping[str, Any]],
        *,
        store: StateStore,
        connect: Connect,
        events: RunEvents,
        watch: Watch | None,
    ) -> None:
        self._prepared = prepared
        self._id = run_id
        self._started = started
        self._store = store
        self._connect = connect
        self._events = events
        self._watch = watch
        self._steps = {step.id: step for step in prepared.plan.steps}
        self._referred = {reference.step for step in prepared.plan.steps for reference in step.references}
        self._referred |= prepared.keep
        self._tables = dict(prepared.tables)
        self._lock = threading.Lock()
        self._clients: dict[object, Connected] = {}
        self._modules: Modules | None = None
        self._printed: dict[str, Printed] = {}
        self._results: dict[str, list[Any] | str] = dict(prepared.results) | {
            step: each.get("data", []) if each["status"] == "succeeded" else each["status"]
            for step, each in (prepared.done or {}).items()
        }
        self._told: list[dict[str, Any]] = [dict(each) for each in (prepared.done or {}).values()]
        self._deciders = self._made_deciders()
        self._begun: set[str] = set()
        self._stopped: dict[str, str] = {}
        self._warnings: list[str] = []
        self._submitted = [each for each in before if each["event"] in SUBMISSION_EVENTS]
        self._submissions = Submissions(
            run_id, self._note_submission, events=self._submitted, again=prepared.submit_again
        )
        self._answer: Answer | None = None
        self._checked: dict[str, list[dict[str, Any]]] = {}

    def _made_deciders(self) -> Deciders | None:
        """The classes of workflows, which know of the steps that are done; ``None`` where no workflow has one."""
        plan = self._prepared.plan
        if all(planned.source is None for planned in plan.workflows.values()):
            return None
        # Imported here: most workflows have no class.
        from mason.runtime.deciding import Deciders

        deciders = Deciders(plan)
        for each in self._told:
            deciders.took(each, deciders.shown(each["step"], each.get("data")))
        return deciders

    def begin(self, parallelism: int) -> None:
        """Write that the run begins, before anything is done. Raises ``StateError``."""
        plan = self._prepared.plan
        self._events.note(
            "resumed" if self._prepared.run_id else "begun",
            run_id=self._id,
            address=plan.address,
            config_id=plan.config_id,
            digests=dict(plan.digests),
            serial=self._prepared.serial,
            **self._occasion,
            given=self._prepared.given,
            parallelism=parallelism,
            pid=os.getpid(),
            by=who(),
        )
        try:
            self._store.put_run(self._id, self._record("running"))
        except MasonError:
            # Where a person waits for the answer, the record that tells how it ended may still be kept.
            if not self._prepared.for_answer:
                raise

    def work(self, step_id: str, attempt: int) -> list[Any]:
        """Do one step; what it returns is its ``Data``. Raises what made it fail."""
        from mason.dryrun.planned import resolve

        # A class may do its work without any engine of Mason's.
        refuse_lost()
        step = self._steps[step_id]
        if not self._has_begun(step_id):
            self._decide(step, attempt)
        shown = replace(step.shown, parameters=resolve(step, self._results))
        told = {"Info": 0, "Warnings": 0}

        def tell(kind: str, message: str) -> None:
            # At once, also of long work. How much was told is what need not be told in the end.
            told[kind] += 1
            with unheard():
                self._events.note("said", step=step_id, attempt=attempt, kind=_KINDS[kind], message=message)

        def say(kind: str, message: str) -> None:
            # What came of a job may be said when nobody waits for the attempt any more.
            with unheard():
                self._events.note_if_possible("said", step=step_id, attempt=attempt, kind=_KINDS[kind], message=message)
            if self._prepared.for_answer:
                self._warnings.append(message)

        with self._watched(step_id), self._heard(step_id, attempt):
            answer = executor.execute(
                step.operator,
                shown,
                self._engines(step),
                source=step.source,
                modules=None if step.source is None else self._python(),
                heard=tell,
                calls=self._submissions.of_step(step_id, say, wait=step.wait),
                apart=self._prepared.apart,
                checks=Asked(step.checks, self._prepared.rows_before.get(step_id)) if step.checks else None,
            )
        if answer.checks is not None:
            self._checked[step_id] = answer.checks
        if self._prepared.for_answer:
            self._answer = answer
        self._note_messages(step_id, attempt, answer, told)
        self._note_tables(step, answer)
        if answer.failure is not None:
            raise answer.failure
        part = self._prepared.part
        if step.retry or (part is not None and part.retried):
            refuse_open(step, answer)
        return answer.data

    def cancel_jobs(self, why: str) -> None:
        """Let the jobs that steps wait for be cancelled at their engines. Returns at once."""
        self._submissions.cancel(why)

    def _note_submission(self, event: str, /, **facts: Any) -> None:
        """Write what is submitted. What is done at once is of no interest to those who watch, and to nobody later."""
        if event == "submitted" and facts["status"] == "succeeded" and not facts.get("cost"):
            self._events.keep(event, **facts)
            return
        with unheard():
            noted = self._events.note(event, **facts)
        with self._lock:
            self._submitted.append(noted)

    def _python(self) -> Modules:
        # Imported here: most operators are sentences.
        from mason.runtime.python_source import Modules

        with self._lock:
            self._modules = self._modules or Modules()
            return self._modules

    def _watched(self, step_id: str) -> AbstractContextManager[None]:
        if self._watch is None:
            return nullcontext()
        from mason.engines.progress import observing

        return observing(partial(self._watch, step_id))

    def _heard(self, step_id: str, attempt: int) -> AbstractContextManager[None]:
        """What the step prints within it is said by the step."""
        if self._prepared.for_answer:
            return nullcontext()

        def tell(line: str, kept: bool) -> None:
            # Where it cannot be written, the events of the step cannot either, and end the run.
            note = self._events.note_if_possible if kept else self._events.tell
            note("said", step=step_id, attempt=attempt, kind="output", message=line)

        return hearing(self._printed.setdefault(step_id, Printed()), tell)

    def _decide(self, step: PlannedStep, attempt: int) -> None:
        """Let classes decide whether a step begins. Only then it is written that it does."""
        from mason.dryrun.planned import resolve

        def parameters() -> Mapping[str, Any]:
            try:
                return resolve(step, self._results)
            except ParameterError:
                # Where they cannot be had, the step fails, unless it is skipped.
                return step.parameters

        assert self._deciders is not None, "only of steps that a class decides on it is not known whether they begin"
        with self._heard(step.id, attempt):
            self._deciders.decide(step, parameters)
        self._begun.add(step.id)
        self._events.note("started", step=step.id, attempt=attempt)

    def _has_begun(self, id: str) -> bool:
        return self._deciders is None or id in self._begun or not self._deciders.decides(id)

    def _engines(self, step: PlannedStep) -> Callable[[str], Engine]:
        with self._lock:
            # Steps of one config may need different engines, and choose different clients for them.
            key = (step.config.id, tuple(sorted(step.shown.clients.items())))
            if key not in self._clients:
                self._clients[key] = self._connect(step.config, step.shown.clients)
            clients = self._clients[key]

        def engine(role: str) -> Engine:
            with self._lock:
                return clients.engine(role)

        return engine

    def _note_tables(self, step: PlannedStep, answer: Answer) -> None:
        """Write which tables a step of a run resource registered or deleted: whether it stays so is looked at later."""
        for (database, name), table in answer.tables.items() if self._prepared.resource else ():
            client = step.shown.clients.get("metastore", "")
            which = {"config_id": step.config.id, "client": client, "database": database, "name": name}
            told = dict(table) if table is not None else None
            self._tables[step.config.id, client, database, name] = self._events.note(
                "registered", step=step.id, **which, table=told
            )

    def _note_messages(self, step_id: str, attempt: int, answer: Answer, told: Mapping[str, int]) -> None:
        """Write what there is to say of an attempt; so many of its sentences are ``told`` already."""
        traces = [answer.trace] if answer.trace else []
        for kind, messages in (
            (_KINDS["Info"], answer.info[told["Info"] :]),
            (_KINDS["Warnings"], answer.warnings[told["Warnings"] :]),
            ("error", answer.errors),
            ("traceback", traces),
        ):
            for message in messages:
                self._events.note("said", step=step_id, attempt=attempt, kind=kind, message=message)

    # What the walk tells; see mason.runtime.nodes.Observer.

    def started(self, id: str, attempt: int) -> None:
        """An attempt begins, perhaps with asking a class whether the step does."""
        if self._has_begun(id):
            self._events.note("started", step=id, attempt=attempt)

    def retrying(self, id: str, attempt: int, delay: float, error: BaseException) -> None:
        """An attempt failed, and there will be another."""
        self._events.note("retrying", step=id, attempt=attempt, delay=round(delay, 3), error=self._why(id, error))

    def _why(self, id: str, error: BaseException | None) -> str:
        late = isinstance(error, TimeoutError) and not self._has_begun(id)
        return ("no decision on it came: " if late else "") + (str(error) if error is not None else "")

    def ended(self, id: str, ended: Ended) -> None:
        """A step ended. Its result is there for others before any of them begins."""
        succeeded = ended.status == "succeeded"
        if succeeded:
            self._submissions.forget(id)
        self._results[id] = ended.result if succeeded else ended.status
        shown = self._deciders.shown(id, ended.result) if succeeded and self._deciders is not None else None
        kept = {"data": ended.result} if succeeded and (id in self._referred or shown is not None) else {}
        started = ended.started if self._has_begun(id) else None
        rule = self._steps[id].trigger_rule
        noted = self._events.note(
            "ended",
            step=id,
            status=ended.status,
            attempts=ended.attempts if self._has_begun(id) else 0,
            error=self._why(id, ended.error),
            started_at=started.isoformat(timespec="milliseconds") if started else "",
            finished_at=ended.finished.isoformat(timespec="milliseconds") if ended.finished else "",
            **({"trigger_rule": rule} if rule != TRIGGER_RULES[0] else {}),
            **({"checks": self._checked[id]} if id in self._checked else {}),
            **kept,
        )
        self._told.append(noted)
        if self._deciders is not None:
            self._deciders.took(noted, shown)
        if isinstance(ended.error, Stop) and not self._stopped:
            # Keep the first stop; it cancelled the rest.
            self._stopped = {"step": id, "reason": noted["error"]}
        if self._prepared.for_answer and self._answer is None and ended.error is not None:
            self._answer = _answer_of(self._steps[id].address, ended.error)

    def end(self, statuses: Mapping[str, str], control: Control, *, given_up: BaseException | None = None) -> RunEnd:
        """Close what steps opened, write how the run ended, and keep its record: where that is not possible, it is a
        warning. ``given_up`` is what ended the run that was no step's: then as far as that is possible.
        """
        # What is being interrupted uses clients, and tidies up.
        control.see_off(_TIDYING)
        self._submissions.see_off(_CANCELLING)
        self._warnings += self._close()
        if given_up is not None:
            failure = given_up if isinstance(given_up, MasonError) else None
            return self._finish(INTERRUPTED, failure, (_told(given_up),))
        found = set(statuses.values())
        status = (
            INTERRUPTED
            if "interrupted" in found or ("cancelled" in found and not self._stopped)
            else "failed"
            if found & {"failed", "upstream_failed"}
            else "succeeded"
        )
        return self._finish(status)

    def _finish(self, status: str, failure: MasonError | None = None, errors: Sequence[str] = ()) -> RunEnd:
        if self._prepared.for_answer and (status == INTERRUPTED or self._answer is None):
            told = list(errors) or [_told(KeyboardInterrupt())]
            self._answer = Answer(errors=told, failure=failure or CancelledError(told[0]))
        if self._answer is not None:
            self._answer.warnings += self._warnings
        unwritten = self._events.note_if_possible(
            "finished", status=status, **({"stopped": self._stopped} if self._stopped else {})
        )
        # Where it is what ended the run, it is told already.
        lacks = [str(unwritten)] if unwritten is not None and failure is None else []
        record = self._record(status, errors)
        pending = self._prepared.pending
        outcome = self._outcome(pending, status, record["errors"]) if pending is not None else None
        kept = {**record, "outcome": outcome.to_dict()} if outcome is not None else record
        try:
            # With what the state is to be told: should that fail, the next plan finds it here.
            self._store.put_run(self._id, kept)
        except MasonError as error:
            lacks.append(f"The record of this run could not be kept: {error}")
        lacks += [self._events.lack] if self._events.lack else []
        if self._answer is not None:
            self._answer.warnings += lacks
        warnings = tuple(dict.fromkeys((*lacks, *self._warnings)))
        return RunEnd(self._id, status, record, warnings, failure, outcome, self._answer)

    def _outcome(self, pending: Outcome, status: str, errors: Sequence[str]) -> Outcome:
        """What the state is to be told of the run of a run resource."""
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        # Also of a run that failed: what it did to a table nobody else did.
        told = (touched(event) for event in self._tables.values())
        tables = tuple(secrets.scrub_all([table for table in told if table is not None]))
        if status != "succeeded":
            error = secrets.scrub("; ".join(errors) or f"it was {status}")
            ended: Status = "interrupted" if status == INTERRUPTED else "failed"
            return replace(pending, status=ended, at=at, error=error, tables=tables)
        from mason.dryrun.run_results import worth_keeping

        # Of a step that was not done it is kept that there is nothing, or the run would be done again for it.
        results = {step: secrets.scrub_all(self._results.get(step, "left out")) for step in self._prepared.keep}
        kept = worth_keeping(results)
        rows = rows_of(self._told)
        return replace(pending, status="succeeded", at=at, error="", results=kept, tables=tables, rows=rows)

    def _close(self) -> list[str]:
        """Close the clients that steps opened, forget the Python of operators and workflows, and take their files from
        the disk; returns what to warn of."""
        if self._modules is not None:
            self._modules.close()
        if self._deciders is not None:
            self._deciders.close()
        # Each once: steps may have opened the same client for different engines.
        warnings = dict.fromkeys(warning for clients in self._clients.values() for warning in clients.close())
        return [secrets.scrub(warning) for warning in warnings]

    def _record(self, status: str, errors: Sequence[str] = ()) -> dict[str, Any]:
        plan, jobs = self._prepared.plan, jobs_of(self._submitted)
        if self._prepared.for_answer:
            (step,) = plan.steps
            answer = self._answer or Answer()
            record = records.record_of(
                step.shown,
                status,
                errors=answer.errors,
                warnings=answer.warnings,
                digest=step.digest,
                serial=self._prepared.serial,
                started=self._started,
            )
            part = self._prepared.part
            record |= {"part_of": part.to_dict()} if part is not None else {}
            return record | ({"jobs": jobs} if jobs else {})
        # Results are of use to the steps that follow and to nobody who reads the history.
        steps = [
            {key: value for key, value in each.items() if key not in ("event", "data", "at")} for each in self._told
        ]
        record = records.workflow_record(
            plan.address,
            status,
            config_id=plan.config_id,
            digests=plan.digests,
            parameters={step.id: dict(step.parameters) for step in plan.steps},
            steps=steps,
            serial=self._prepared.serial,
            started=records.moment_of(self._prepared.started_at) or self._started,
            resumed=self._started if self._prepared.run_id else None,
            errors=errors,
            stopped=self._stopped,
            occasion=self._occasion,
        )
        return record | ({"jobs": jobs} if jobs else {})

    @property
    def _occasion(self) -> dict[str, str]:
        prepared = self._prepared
        occasion = prepared.occasion.to_dict() if prepared.occasion else {}
        return occasion | ({"resource": prepared.resource} if prepared.resource else {})


def _ended(event: Mapping[str, Any]) -> Ended:
    return Ended(event["status"], event.get("attempts", 0), event.get("data", []))


def _answer_of(address: str, error: BaseException) -> Answer:
    """The answer of an operator whose work was not even begun, or raised what is no failure of an operator."""
    told = _told(error)
    failure = error if isinstance(error, MasonError) else OperatorError(f"{title_of(address)} failed: {told}")
    return Answer(errors=str(failure).splitlines(), failure=failure)


def _told(error: BaseException) -> str:
    """What ended a run, in words."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted."
    return str(error) if isinstance(error, MasonError) else f"{type(error).__name__}: {error}"
