"""Use cases of operators: prepare the run of one, show it, and do it as the run of a workflow that has one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.errors import Diagnostic, ParameterError
from mason.project.applied import applied_config, find, untouched
from mason.project.given_variables import fill_parameters
from mason.project.opened import Project, usable_source
from mason.project.remembering import remember_applied
from mason.project.runs.clients import Clients
from mason.resources.address import config_address, operator_address
from mason.resources.executed import ONLY_STEP
from mason.resources.operator import Operator
from mason.runtime.prepared_run import PreparedRun
from mason.state.serials import meet
from mason.state.snapshot import Snapshot
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.dryrun.dryrun import DryRun
    from mason.dryrun.handed_results import Results
    from mason.engines.models import Rows
    from mason.resources.parameters import Given
    from mason.runtime.prepared_run import RunEnd
    from mason.runtime.workers import Control


@dataclass(frozen=True, slots=True)
class PreparedOperator:
    """A run of one operator that was checked and shown but not done. ``clients`` are those of its config, by now
    perhaps connected: to be closed, whether it is done or not."""

    run: PreparedRun
    clients: Clients

    @property
    def shown(self) -> DryRun:
        """What it would do."""
        return self.run.plan.steps[0].shown

    def close(self) -> None:
        """Close the clients."""
        self.clients.close()


def prepare_operator(
    project: Project,
    names: tuple[str, str],
    given: Mapping[str, Any] | Given,
    *,
    config_id: str = "",
    results: Results | None = None,
    as_job: bool = False,
) -> PreparedOperator:
    """Check parameters and config of an applied operator and make its dry run; no engine is called.

    References in the parameters are replaced by the values that they mean: those to earlier steps out of ``results``,
    those to runs out of the state. With ``as_job`` a query without output answers with a job that keeps its rows.

    Raises ``NotFoundError`` for an unknown operator or config, ``ParameterError`` with all faults of the
    parameters, and ``UnsupportedVerbError`` when the config cannot run it.
    """
    from mason.clients import registry
    from mason.dryrun.asked_jobs import with_job
    from mason.dryrun.composing import composed
    from mason.dryrun.dryrun import dry_run
    from mason.dryrun.planned import alone
    from mason.resources import parameters

    snapshot = meet(project.store.read(), project.store.url)
    remember_applied(project.settings, snapshot)
    entry = untouched(project, snapshot, operator_address(*names), find(snapshot, "operator", names))
    inner: dict[str, str] = {}

    def written(address: str) -> Operator | None:
        if address not in snapshot.resources:
            return None
        found = untouched(project, snapshot, address, snapshot.resources)
        inner[address] = found.digest
        return Operator.from_definition(found.definition)

    operator = composed(Operator.from_definition(entry.definition), written)
    config = applied_config(project, snapshot, config_id)
    given = given if isinstance(given, parameters.Given) else parameters.Given(dict(given))
    given = _known(fill_parameters(project, given).named_as(operator.parameters), operator)
    given = _referred(given, results, snapshot)
    bound = parameters.bind(operator.parameters, given, of=f"operator {':'.join(names)}")
    source = usable_source(project.store, entry.module) if entry.module else None
    if as_job:
        operator = with_job(operator, bound, config, registry)
    shown = dry_run(operator, bound, config, registry, source=source)
    clients = Clients(project, config, shown.clients, runner=project.runner())
    config_entry = config_address(config.id)
    plan = alone(
        operator,
        shown,
        config,
        digests={shown.address: entry.digest, **inner, config_entry: snapshot.resources[config_entry].digest},
        source=source,
    )
    run = PreparedRun(
        plan,
        snapshot.serial,
        {"file": {ONLY_STEP: {"parameters": dict(given.values)}}, "pairs": {}},
        for_answer=True,
    )
    return PreparedOperator(run, clients)


def _known(given: Given, operator: Operator) -> Given:
    """The parameters without those that hold references which nothing fills in; these are among the faults."""
    from mason.dryrun.references import is_referring, unfilled

    secret = {each.name for each in operator.parameters if each.secret}
    strange = {
        name: unfilled(name, value, secret=name in secret)
        for name, value in given.values.items()
        if is_referring(value)
    }
    faults = [Diagnostic(*given.places.get(name, ("", 0)), each) for name, found in strange.items() for each in found]
    values = {name: value for name, value in given.values.items() if not strange.get(name)}
    unread = given.unread | (given.values.keys() - values.keys())
    return replace(given, values=values, faults=(*given.faults, *faults), unread=unread)


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


def outlook(prepared: PreparedOperator) -> Rows | None:
    """What a prepared run would change in detail, where its verbs can tell beforehand; calls read-only verbs only.

    Raises what these raise: what cannot be done is known before anybody says yes. The clients stay as they are then
    for :func:`execute`, which need not look again at what they know.
    """
    from mason.runtime import executor
    from mason.runtime.output import aside

    with aside():
        return executor.outlook(prepared.run.plan.steps[0].operator, prepared.shown, prepared.clients.engine)


def execute(project: Project, prepared: PreparedOperator, *, control: Control) -> RunEnd:
    """Do a prepared run that somebody confirmed (or that is read-only), and keep its record in the history.

    Failures of engines and operators, and references of the config that are not set, are among the errors of the
    answer. Record and journal are there before the first call, so that a run which is killed leaves both. Where one of
    them cannot be kept that is a warning: what was done is not undone by it. ``control`` ends it early.
    """
    from mason.project.runs.running import execute_run

    return execute_run(project, prepared.run, parallelism=1, tell=_to_nobody, control=control, clients=prepared.clients)


def _to_nobody(event: Mapping[str, Any]) -> None:
    """The answer tells it all."""


def read_handed_results(file: Path) -> Results:
    """The results of earlier steps in a JSON file, or on stdin where it is ``-``; see ``mason.dryrun.handed_results``.

    Raises ``ParameterError`` where it cannot be read.
    """
    import sys

    from mason import bounds
    from mason.dryrun.handed_results import read_results

    name = "stdin" if str(file) == "-" else str(file)
    try:
        given = (
            bounds.read_stream(sys.stdin, bounds.PARAMETERS)
            if name == "stdin"
            else bounds.read_file(file, bounds.PARAMETERS)
        )
        return read_results(bounds.parse_json(given))
    except OSError as error:
        why = (error.strerror or "unreadable").lower()
    except ValueError as error:
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
