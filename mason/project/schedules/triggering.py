"""Which schedules there are that Mason runs by itself, and triggering one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason import secrets
from mason.engines.ledger import Ledger, SelfRunning, iso
from mason.errors import Diagnostic, MasonError, NotFoundError, ParameterError, StateError, UnsupportedVerbError
from mason.project.applied import applied_config, find, untouched
from mason.project.opened import Project
from mason.project.runs.clients import Clients
from mason.project.schedules import due
from mason.resources.address import schedule_address
from mason.resources.config import Config
from mason.runtime.output import aside
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.dryrun.calls import Call
    from mason.engines import models
    from mason.engines.models import Job
    from mason.engines.runner import WorkflowRunner
    from mason.engines.scheduler import Scheduler
    from mason.runtime.prepared_run import PreparedRun, Tell
    from mason.runtime.walk import Control


@dataclass(frozen=True, slots=True)
class Kept:
    """A config's scheduler whose schedules Mason runs by itself: connected until it is closed."""

    config_id: str
    client: str
    engine: SelfRunning
    _opened: ExitStack = field(compare=False)

    def close(self) -> None:
        """Close its client."""
        self._opened.close()


@contextmanager
def scheduler_of(
    project: Project, config: Config, client: str = "", *, runner: Callable[[], WorkflowRunner] | None = None
) -> Iterator[Scheduler]:
    """The scheduler engine of a config (``client``: which one, where it has several), connected; closed with the
    context.

    Raises ``UnsupportedVerbError`` when it has none, and what connecting raises.
    """
    from mason.engines.scheduler import Scheduler

    chosen = {"scheduler": client or next(iter(config.engines.get("scheduler", ())), "")}
    clients = Clients(project, config, chosen, runner=runner or project.runner())
    try:
        engine = clients.engine("scheduler")
        assert isinstance(engine, Scheduler)
        yield engine
    finally:
        clients.close()


def kept_schedulers(project: Project, *, fault: Callable[[str, MasonError], None]) -> dict[str, Kept]:
    """The schedulers of the state's configs whose schedules Mason runs, by the places of these, each place once. To be
    closed by whoever asks.

    ``fault`` is told the id of a config that cannot be used, and why; the others are used all the same.
    """
    found: dict[str, Kept] = {}
    with ExitStack() as opened:
        for place, kept in _self_running(project, fault):
            if found.setdefault(place, kept) is kept:
                opened.callback(kept.close)
            else:
                kept.close()
        # They go on as long as nothing was raised here.
        opened.pop_all()
    return found


def _self_running(project: Project, fault: Callable[[str, MasonError], None]) -> Iterator[tuple[str, Kept]]:
    """All schedulers of that sort, each with its place."""
    from mason.clients import registry

    snapshot = project.store.read()
    for address, entry in find(snapshot, "config").items():
        try:
            config = Config.from_definition(untouched(project, snapshot, address, {address: entry}).definition)
        except MasonError as error:
            fault(address.partition(".")[2], error)
            continue
        for client in config.engines.get("scheduler", ()):
            with ExitStack() as opened:
                try:
                    role = registry.client_class(config.type_of(client)).roles().get("scheduler")
                    if role is None or not issubclass(role, SelfRunning):
                        continue
                    engine = opened.enter_context(scheduler_of(project, config, client))
                    assert isinstance(engine, SelfRunning)
                    place = engine.place()
                except MasonError as error:
                    fault(config.id, error)
                    continue
                kept = Kept(config.id, client, engine, opened.pop_all())
            yield place, kept


def list_schedules(project: Project) -> list[dict[str, Any]]:
    """All schedules that Mason runs by itself, as JSON-ready data: ``name``, ``config_id``, ``workflow``, ``schedule``,
    ``time_zone``, ``enabled``, ``next`` (empty: never), ``waiting`` and ``last`` (see ``LastRun``; perhaps ``None``).

    Raises ``EngineError`` for a schedule that is damaged, and what is wrong with a config.
    """

    def fault(config_id: str, error: MasonError) -> None:
        raise error

    listed = []
    with ExitStack() as opened:
        schedulers = list(kept_schedulers(project, fault=fault).values())
        for kept in schedulers:
            opened.callback(kept.close)
        for kept in schedulers:
            listed += [_listed(project, kept, name) for name in kept.engine.schedule_names()]
    return sorted(listed, key=lambda each: str(each["name"]))


def _listed(project: Project, kept: Kept, name: str) -> dict[str, Any]:
    schedule, ledger = kept.engine.look(name)
    following = due.next_time(schedule, ledger)
    return {
        "name": name,
        "config_id": kept.config_id,
        "workflow": schedule.workflow,
        "schedule": schedule.schedule,
        "time_zone": schedule.time_zone,
        "enabled": schedule.enabled,
        "next": iso(following) if following else "",
        "waiting": len(ledger.queue),
        "last": _last(project, ledger),
    }


def _last(project: Project, ledger: Ledger) -> dict[str, str] | None:
    """The last run as the history has it, where it may have been resumed since."""
    from mason.project.runs.history import show_run

    if ledger.last is None:
        return None
    last = ledger.last.to_dict()
    with suppress(StateError):
        last["status"] = str(show_run(project, ledger.last.run_id).get("status", last["status"]))
    return last


@dataclass(frozen=True, slots=True)
class Putting:
    """A schedule that the parameters of a workflow ask for, checked but not put: ``call`` is the sentence."""

    call: Call
    config: Config


def plan_schedule(project: Project, prepared: PreparedRun) -> Putting:
    """The schedule of a workflow whose parameters say at what times it runs (``schedule`` and ``schedule_name``).

    The scheduler is not asked. Raises ``ParameterError`` when no scheduler can keep it, when a parameter holds a secret
    that the scheduler would keep, and when a resource of the state has its name: the scheduler would have something
    else then than what was applied.
    """
    from mason.clients import registry
    from mason.dryrun.calls import Call
    from mason.engines.scheduler import check_schedule
    from mason.planner.scheduled_dag import choose_scheduler, schedule_model
    from mason.resources.schedule import Schedule
    from mason.resources.workflow import Workflow

    plan, snapshot = prepared.plan, project.store.read()
    if not plan.config_id:
        raise ParameterError([Diagnostic("", 0, "No config is named whose scheduler keeps it", "name one with -c ID")])
    config = applied_config(project, snapshot, plan.config_id)
    name = plan.schedule_name or plan.address.partition(".")[2].replace(".", "_")
    resource = schedule_address(name)
    if resource in snapshot.resources:
        message = f"{resource} is a resource of the state, which parameters do not replace"
        remedy = "change its YAML and apply that, or choose another schedule_name"
        raise ParameterError([Diagnostic("", 0, message, remedy)])
    wanted = Schedule(
        name=name,
        work=plan.address,
        config_id=plan.config_id,
        schedule=plan.schedule,
        parameters=_given(prepared),
        time_zone="UTC",
        catch_up="none",
        overlap="skip",
        enabled=True,
    )
    model = schedule_model(wanted, plan)
    check_schedule(model)
    if faults := list(_secret_parameters(model)):
        raise ParameterError(faults)
    workflow = Workflow.from_definition(untouched(project, snapshot, plan.address, snapshot.resources).definition)
    client = choose_scheduler(config, workflow, model, registry)
    if not isinstance(client, str):
        raise ParameterError(client)
    return Putting(Call(client, "scheduler", "put_schedule", {"schedule": model.to_dict()}, read_only=False), config)


def _given(prepared: PreparedRun) -> dict[str, Any]:
    """The parameters of a prepared run as a schedule has them: the pairs among those that stood in the file."""
    steps: dict[str, Any] = deepcopy(dict(prepared.given["file"]))
    for key, value in prepared.given["pairs"].items():
        parts = key.split(".")
        # A step that is a workflow has steps for parameters.
        depth = next(depth for depth in range(1, len(parts)) if ".".join(parts[:depth]) not in prepared.plan.workflows)
        level = steps
        for step in parts[:depth]:
            entry = level[step] = level.get(step) or {}
            level = entry["parameters"] = entry.get("parameters") or {}
        level[".".join(parts[depth:])] = value
    return steps


def _secret_parameters(model: models.Schedule) -> Iterator[Diagnostic]:
    for step in model.dag.steps:
        for name, value in step.parameters.items():
            if secrets.holds(json.dumps(value, ensure_ascii=False)):
                message = f"Step {step.id}: {name} holds the value of a secret, which would end up in the scheduler"
                yield Diagnostic("", 0, message, "take it out, and leave it to the config's {{NAME}}")


def prepare_schedule(project: Project, prepared: PreparedRun) -> Putting:
    """The same, ready to be put: one of its name that the scheduler has already will be replaced.

    Raises as :func:`plan_schedule`, and what the scheduler raises.
    """
    planned = plan_schedule(project, prepared)
    call = planned.call
    with scheduler_of(project, planned.config, call.client) as engine, aside():
        try:
            engine.get_schedule(call.arguments["schedule"]["name"])
            there = True
        except NotFoundError:
            there = False
    return replace(planned, call=replace(call, arguments={**call.arguments, "overwrite": there}))


def put_schedule(project: Project, putting: Putting) -> str:
    """Put it, and return when it is due next (ISO 8601, UTC; empty: never, or nobody here can tell)."""
    from mason.engines.models import Schedule as ScheduleModel

    call = putting.call
    schedule = ScheduleModel.from_dict(call.arguments["schedule"])
    with scheduler_of(project, putting.config, call.client) as engine, aside():
        engine.put_schedule(schedule, overwrite=call.arguments["overwrite"])
        if not isinstance(engine, SelfRunning):
            return ""
        following = due.next_time(*engine.look(schedule.name))
    return iso(following) if following else ""


class Trigger:
    """One schedule of one config, to be run now: a context, with which its scheduler is closed. ``tell`` and
    ``control`` are those of the run.

    Raises ``NotFoundError`` for an unknown config or schedule, and ``UnsupportedVerbError`` without a scheduler.
    """

    def __init__(
        self, project: Project, name: str, config_id: str, *, tell: Tell | None = None, control: Control | None = None
    ) -> None:
        from mason.project.schedules.scheduled import Runner

        self._project = project
        self._name = name
        config = applied_config(project, project.store.read(), config_id)
        self._opened = ExitStack()
        self._engine = self._opened.enter_context(
            scheduler_of(project, config, runner=lambda: Runner(project, tell=tell, control=control))
        )

    def __enter__(self) -> Trigger:
        return self

    def __exit__(self, *raised: object) -> None:
        self._opened.close()

    @property
    def self_running(self) -> bool:
        """Whether Mason runs what waits of its schedules (``mason scheduler start``)."""
        return isinstance(self._engine, SelfRunning)

    def prepare(self) -> PreparedRun | None:
        """What would be run, for a question; ``None`` where that is the scheduler's own business."""
        from mason.project.schedules.scheduled import prepare_scheduled

        with aside():
            schedule = self._engine.get_schedule(self._name)
        return prepare_scheduled(self._project, schedule) if self.self_running else None

    def do(self, job_id: str = "") -> Job | None:
        """Trigger it; with ``job_id`` run what waits under that, or return ``None`` where nothing does."""
        if not job_id:
            with aside():
                return self._engine.trigger_schedule(self._name)
        if not isinstance(self._engine, SelfRunning):
            raise UnsupportedVerbError(f"Client {self._engine.client} runs its schedules itself: nothing waits here.")
        with aside():
            return self._engine.run_waiting(self._name, job_id)
