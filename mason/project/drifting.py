"""Use case of drift: ask engines and the store what they hold of what was applied, with read-only verbs only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.engines import models
from mason.errors import MasonError, NotFoundError, SourceChangedError, StateError, StateFormatError
from mason.planner import drift
from mason.planner.plan import Drift
from mason.planner.runs_and_schedules import given_of
from mason.planner.scheduled_dag import schedule_model
from mason.project.applied import untouched
from mason.project.opened import Project
from mason.project.remembering import remember_applied
from mason.project.runs.clients import Clients
from mason.project.runs.preparing import prepare_work
from mason.resources.address import config_address
from mason.resources.config import Config
from mason.resources.kinds import effect_of
from mason.resources.schedule import Schedule
from mason.runtime.context import ask
from mason.runtime.output import aside
from mason.secrets import scrub, scrub_all
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry, Snapshot
from mason.values import dataclass

_SOURCE = "its stored source"


def find_drift(project: Project, snapshot: Snapshot) -> tuple[Drift, ...]:
    """All that is otherwise than ``snapshot`` says: schedules, tables that runs registered or deleted, stored sources.

    What cannot be asked is among the answers, as ``unknown``.
    """
    remember_applied(project.settings, snapshot)
    look = _Look(project, snapshot)
    with aside():
        try:
            return (*look.schedules(), *look.tables(), *look.sources())
        finally:
            look.close()


@dataclass(frozen=True, slots=True)
class _Touched:
    """A table as the newest run left it that registered or deleted it (``None``), when, and the address of that run."""

    address: str
    at: str
    table: Mapping[str, Any] | None


class _Look:
    """One look at everything; clients are opened once for each config."""

    def __init__(self, project: Project, snapshot: Snapshot) -> None:
        self._project = project
        self._snapshot = snapshot
        self._clients: dict[tuple[str, str, str], Clients] = {}
        # By address first: what is no run or schedule need not be decoded.
        addresses = [address for address in snapshot.resources if effect_of(address)]
        self._entries = snapshot.select(addresses)

    def close(self) -> None:
        for clients in self._clients.values():
            clients.close()

    def schedules(self) -> Iterator[Drift]:
        for address, entry in self._entries.items():
            outcome = Outcome.of(entry)
            if effect_of(address) == "put" and outcome is not None and outcome.status == "succeeded" and outcome.client:
                try:
                    found = self._schedule(
                        address, untouched(self._project, self._snapshot, address, self._entries), outcome
                    )
                except MasonError as error:
                    found = Drift(address, f"schedule {address.partition('.')[2]}", "unknown", why=scrub(str(error)))
                if found is not None:
                    yield found

    def _schedule(self, address: str, entry: Entry, outcome: Outcome) -> Drift | None:
        schedule = Schedule.from_definition(entry.definition)
        given = given_of(schedule.work, schedule.parameters, None, lambda resource, path: 0)
        prepared = prepare_work(self._project, self._snapshot, schedule.work, given, config_id=schedule.config_id)
        left = schedule_model(schedule, prepared.plan)
        try:
            found: models.Schedule | None = self._ask(
                schedule.config_id, "scheduler", outcome.client, "get_schedule", schedule.name
            )
        except NotFoundError:
            found = None
        return drift.of_schedule(address, left, found)

    def tables(self) -> Iterator[Drift]:
        newest: dict[tuple[str, str, str, str], _Touched] = {}
        for address, entry in self._entries.items():
            outcome = Outcome.of(entry)
            if outcome is None or effect_of(address) != "done":
                continue
            for given in outcome.tables:
                table = given.get("table")
                key = (
                    str(given.get("config_id")),
                    str(given.get("client")),
                    str(given.get("database") or (table or {}).get("database")),
                    str(given.get("name") or (table or {}).get("name")),
                )
                touched = _Touched(address, str(given.get("at") or outcome.at), table)
                if key not in newest or newest[key].at <= touched.at:
                    newest[key] = touched
        for (config_id, client, database, name), left in newest.items():
            try:
                answer = self._ask(config_id, "metastore", client, "get_table", database, name)
                # As the state has it, which keeps no secrets.
                found: Mapping[str, Any] | None = scrub_all(answer.to_dict())
            except NotFoundError:
                found = None
            except MasonError as error:
                yield Drift(left.address, f"table {database}.{name}", "unknown", why=scrub(str(error)))
                continue
            drifted = drift.of_table(left.address, f"{database}.{name}", left.table, found)
            if drifted is not None:
                yield drifted

    def sources(self) -> Iterator[Drift]:
        for address, entry in self._snapshot.resources.items():
            if entry.module is not None:
                try:
                    self._project.store.get_source(entry.module)
                except SourceChangedError:
                    yield Drift(address, _SOURCE, "changed")
                except StateError as error:
                    # What is there and cannot be read was refused by the operating system.
                    if isinstance(error, StateFormatError) and not isinstance(error.__cause__, OSError):
                        yield Drift(address, _SOURCE, "missing")
                        continue
                    yield Drift(address, _SOURCE, "unknown", why=scrub(str(error)))

    def _ask(self, config_id: str, role: str, client: str, verb: str, *arguments: Any) -> Any:
        key = (config_id, role, client)
        if key not in self._clients:
            address = config_address(config_id)
            if address not in self._snapshot.resources:
                # Not what an engine says of something that is gone.
                raise StateError(f"there is no {address} in the state any more")
            config = Config.from_definition(
                untouched(self._project, self._snapshot, address, self._snapshot.resources).definition
            )
            self._clients[key] = Clients(self._project, config, {role: client})
        return ask(client, self._clients[key].engine, role, verb, *arguments)
