"""Use cases of operators: prepare a run and show it, do it once somebody said yes, and keep its record."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.errors import Diagnostic, MasonError, ParameterError
from mason.project.applied import applied_config, find, untouched
from mason.project.opening import Project
from mason.project.remembering import remember_applied
from mason.project.runs.clients import Clients, scheduled_runner
from mason.resources.address import operator_address
from mason.resources.config import Config
from mason.resources.executed import ONLY_STEP
from mason.resources.operator import Operator
from mason.state.journal import Journal, event_of
from mason.state.lock import who
from mason.state.snapshot import Entry, Snapshot
from mason.state.store import StateStore
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.dryrun.dryrun import DryRun
    from mason.dryrun.handed_results import Results
    from mason.engines.models import Rows
    from mason.resources.parameters import Given
    from mason.runtime.answer import Answer


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that was checked and shown but not done: what :func:`execute` needs. ``given`` is as it was given."""

    operator: Operator
    given: Mapping[str, Any]
    entry: Entry
    config: Config
    shown: DryRun
    source: bytes | None
    serial: int
    clients: Clients


def prepare_operator(
    project: Project,
    names: tuple[str, str],
    given: Mapping[str, Any] | Given,
    *,
    config_id: str = "",
    results: Results | None = None,
) -> Prepared:
    """Check parameters and config of an applied operator and make its dry run; no engine is called.

    References in the parameters are replaced by the values that they mean: those to earlier steps out of ``results``,
    those to runs out of the state.

    Raises ``NotFoundError`` for an unknown operator or config, ``ParameterError`` with all faults of the
    parameters, and ``UnsupportedVerbError`` when the config cannot run it.
    """
    from mason.clients import registry
    from mason.dryrun.dryrun import dry_run
    from mason.resources import parameters

    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    entry = untouched(snapshot, operator_address(*names), find(snapshot, "operator", names))
    operator = Operator.from_definition(entry.definition)
    config = applied_config(snapshot, config_id)
    given = _referred(
        given if isinstance(given, parameters.Given) else parameters.Given(dict(given)), results, snapshot
    )
    bound = parameters.bind(operator.parameters, given, of=f"operator {':'.join(names)}")
    source = project.store.get_source(entry.module) if entry.module else None
    shown = dry_run(operator, bound, config, registry, source=source)
    clients = Clients(project.settings, config, shown.clients, runner=scheduled_runner(project))
    return Prepared(operator, given.values, entry, config, shown, source, snapshot.serial, clients)


def _referred(given: Given, results: Results | None, snapshot: Snapshot) -> Given:
    """The parameters with the values that their references mean; what cannot be had is among the faults."""
    from mason.dryrun.references import is_referring

    if not is_referring(given.values):
        return given
    from mason.dryrun.handed_results import with_results
    from mason.dryrun.run_results import reference_to_run, results_of_runs

    return with_results(
        given,
        results,
        lambda text, parts: reference_to_run(text, parts, snapshot.resources.get),
        lambda reference: results_of_runs([reference], snapshot),
    )


def outlook(prepared: Prepared) -> Rows | None:
    """What a prepared run would change in detail, where its verbs can tell beforehand; calls read-only verbs only.

    Raises what these raise: what cannot be done is known before anybody says yes. The clients stay as they are then
    for :func:`execute`, which need not look again at what they know.
    """
    from mason.runtime import executor
    from mason.runtime.output import aside

    try:
        with aside():
            return executor.outlook(prepared.operator, prepared.shown, prepared.clients.engine)
    except BaseException:
        prepared.clients.close()
        raise


def execute(project: Project, prepared: Prepared) -> Answer:
    """Do a prepared run that somebody confirmed (or that is read-only), and keep its record in the history.

    Failures of engines and operators, and references of the config that are not set, are among the answer's errors.
    Record and journal are there before the first call, so that a run which is killed leaves both. Where one of them
    cannot be kept that is a warning: what was done is not undone by it.
    """
    from mason.project.runs import retention
    from mason.runtime import executor
    from mason.runtime.answer import Answer

    kept = _Kept(project.store, prepared)
    clients = prepared.clients
    try:
        kept.begin()
        retention.prune_daily(project)
        answer = executor.execute(prepared.operator, prepared.shown, clients.engine, source=prepared.source)
        answer.warnings.extend(clients.close())
    except BaseException as error:
        clients.close()
        by_person = isinstance(error, KeyboardInterrupt)
        told = Answer(errors=["Interrupted." if by_person else f"{type(error).__name__}: {error}"])
        kept.end("interrupted" if by_person else "failed", told)
        raise
    answer.warnings.extend(kept.end("failed" if answer.errors else "succeeded", answer))
    return answer


class _Kept:
    """What is kept of one run: its journal on this machine, and its record, written when it begins and when it ends.

    The journal is that of a run of a workflow of one step, as which it is resumed.
    """

    def __init__(self, store: StateStore, prepared: Prepared) -> None:
        from mason.runtime import records

        self._store = store
        self._prepared = prepared
        self._started = datetime.now(timezone.utc)
        self._id = records.new_run_id(self._started)
        self._journal: Journal | None = None
        self._lacks: dict[str, str] = {}

    def begin(self) -> None:
        """Write that it begins. Raises nothing of what cannot be written."""
        prepared = self._prepared
        address = prepared.shown.address
        try:
            self._journal = Journal.create(self._id)
        except MasonError as error:
            self._lacks["journal"] = str(error)
        self._note(
            "begun",
            run_id=self._id,
            address=address,
            config_id=prepared.config.id,
            digests={address: prepared.entry.digest},
            serial=prepared.serial,
            given={"file": {ONLY_STEP: {"parameters": dict(prepared.given)}}, "pairs": {}},
            parallelism=1,
            pid=os.getpid(),
            by=who(),
        )
        self._put("running")
        self._note("started", step=ONLY_STEP, attempt=1)

    def end(self, status: str, answer: Answer) -> Collection[str]:
        """Write how it ended; returns what to warn of, where that was not possible."""
        for kind, messages in (("info", answer.info), ("warning", answer.warnings), ("error", answer.errors)):
            for message in messages:
                self._note("said", step=ONLY_STEP, attempt=1, kind=kind, message=message)
        self._note(
            "ended",
            step=ONLY_STEP,
            status=status,
            attempts=1,
            error="\n".join(answer.errors),
            started_at=self._started.isoformat(timespec="milliseconds"),
            finished_at=max(datetime.now(timezone.utc), self._started).isoformat(timespec="milliseconds"),
        )
        self._note("finished", status=status)
        self._put(status, answer)
        if self._journal is not None:
            self._journal.close()
        return self._lacks.values()

    def _note(self, event: str, **facts: Any) -> None:
        if self._journal is not None and "journal" not in self._lacks:
            try:
                self._journal.write(event_of(event, **facts))
            except MasonError as error:
                self._lacks["journal"] = str(error)

    def _put(self, status: str, answer: Answer | None = None) -> None:
        from mason.runtime import records

        prepared = self._prepared
        record = records.record_of(
            prepared.shown,
            status,
            answer,
            digest=prepared.entry.digest,
            serial=prepared.serial,
            started=self._started,
        )
        self._lacks.pop("record", None)
        try:
            self._store.put_run(self._id, record)
        except MasonError as error:
            self._lacks["record"] = f"The record of this run could not be kept: {error}"


def read_handed_results(file: Path) -> Results:
    """The results of earlier steps in a JSON file, or on stdin where it is ``-``; see ``mason.dryrun.handed_results``.

    Raises ``ParameterError`` where it cannot be read.
    """
    import json
    import sys

    from mason.dryrun.handed_results import read_results

    name = "stdin" if str(file) == "-" else str(file)
    try:
        return read_results(json.loads(sys.stdin.read() if name == "stdin" else file.read_bytes()))
    except OSError as error:
        why = (error.strerror or "unreadable").lower()
    except (ValueError, RecursionError) as error:
        why = str(error)
    raise ParameterError([Diagnostic("" if name == "stdin" else name, 0, f"The results of earlier steps: {why}")])


def read_parameters(file: Path | None, pairs: Iterable[str]) -> Given:
    """The parameters of ``-f FILE`` (a YAML or JSON mapping) and of ``-p`` pairs, which win; and all their faults.

    Faults are raised by :func:`prepare_operator`, together with those that show when the parameters are bound.
    """
    from mason.resources import parameters

    given = parameters.parse_pairs(pairs)
    if file is not None:
        from mason.resources.parameter_file import read_parameter_file

        given = given.over(read_parameter_file(file))
    return given
