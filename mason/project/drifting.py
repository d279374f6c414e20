"""Use case of drift: ask engines and the store what they hold of what was applied, with read-only verbs only.

All is asked where a person wants to know (``mason drift``, ``--refresh``). A plan looks unasked where that costs next
to nothing: at what clients keep in files of this machine, whose stamps tell that nothing can have changed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from mason.engines import models
from mason.errors import MasonError, NotFoundError, SourceChangedError, StateError, StateFormatError
from mason.planner import drift
from mason.planner.plan import Drift, Unlooked
from mason.planner.runs_and_schedules import given_of
from mason.planner.scheduled_dag import schedule_model
from mason.project.applied import untouched
from mason.project.known_looks import KnownLooks
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
from mason.state.snapshot import Snapshot
from mason.state.urls import scheme_of
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.caches import Stamp
    from mason.engines.metastore import Metastore
    from mason.engines.scheduler import Scheduler

_SOURCE = "its stored source"


def find_drift(project: Project, snapshot: Snapshot) -> tuple[Drift, ...]:
    """All that is otherwise than ``snapshot`` says: schedules, tables that runs registered or deleted, stored sources.

    What cannot be asked is among the answers, as ``unknown``.
    """
    remember_applied(project.settings, snapshot)
    look = _Look(project, snapshot, snapshot.resources)
    with aside():
        try:
            found = (look.at(each) for each in look.things())
            return (*(each for each in found if each is not None), *look.sources())
        finally:
            look.close()


def find_cheaply(
    project: Project, snapshot: Snapshot, addresses: Collection[str], *, at_all: bool, trusting: bool
) -> tuple[tuple[Drift, ...], tuple[Unlooked, ...]]:
    """What drifted of the schedules and tables of ``addresses``, as far as looking costs next to nothing, and what was
    not looked at.

    Looked at is what a client keeps in files (``capabilities.stamped``) where the state is on this machine, too: files
    of a client are those of the person who applied. Without ``at_all`` nothing is. Unless ``trusting``, all files are
    looked into, and not only those whose stamps changed since.
    """
    look = _Look(project, snapshot, [address for address in snapshot.digests if address in addresses])
    things = list(look.things())
    if not things:
        return (), ()
    at_all = at_all and scheme_of(project.store.url) == "file"
    known = KnownLooks(project.store.url, trusting=trusting) if at_all else None
    found: list[Drift] = []
    unlooked: list[Unlooked] = []
    with aside():
        try:
            for thing in things:
                if known is None or not look.is_stamped(thing):
                    unlooked.append(Unlooked(thing.address, thing.what))
                elif (drifted := look.again(thing, known)) is not None:
                    found.append(drifted)
        finally:
            look.close()
    if known is not None:
        known.keep()
    return tuple(found), tuple(unlooked)


@dataclass(frozen=True, slots=True)
class _Scheduled:
    """A schedule that was put, and the client of its config that keeps it."""

    address: str
    config_id: str
    client: str
    name: str
    role = "scheduler"

    @property
    def what(self) -> str:
        return f"schedule {self.name}"


@dataclass(frozen=True, slots=True)
class _Touched:
    """A table as the newest run left it that registered or deleted it (``None``), when, and the address of that run."""

    address: str
    config_id: str
    client: str
    database: str
    name: str
    at: str
    table: Mapping[str, Any] | None
    role = "metastore"

    @property
    def what(self) -> str:
        return f"table {self.database}.{self.name}"


_Thing = _Scheduled | _Touched


class _Look:
    """One look at what is at ``addresses``; clients are opened once for each config."""

    def __init__(self, project: Project, snapshot: Snapshot, addresses: Collection[str]) -> None:
        self._project = project
        self._snapshot = snapshot
        self._configs: dict[str, Config] = {}
        self._clients: dict[tuple[str, str, str], Clients] = {}
        # By address first: what is no run or schedule need not be decoded.
        self._entries = snapshot.select([address for address in addresses if effect_of(address)])

    def close(self) -> None:
        for clients in self._clients.values():
            clients.close()

    def things(self) -> Iterator[_Thing]:
        """What may have drifted: schedules, then tables."""
        newest: dict[tuple[str, str, str, str], _Touched] = {}
        for address, entry in self._entries.items():
            outcome = Outcome.of(entry)
            if outcome is None:
                continue
            if effect_of(address) == "put":
                if outcome.status == "succeeded" and outcome.client:
                    name = address.partition(".")[2]
                    yield _Scheduled(address, str(entry.definition.get("config_id")), outcome.client, name)
                continue
            for given in outcome.tables:
                table = given.get("table")
                database = str(given.get("database") or (table or {}).get("database"))
                name = str(given.get("name") or (table or {}).get("name"))
                at = str(given.get("at") or outcome.at)
                left = _Touched(
                    address, str(given.get("config_id")), str(given.get("client")), database, name, at, table
                )
                key = (left.config_id, left.client, database, name)
                if key not in newest or newest[key].at <= at:
                    newest[key] = left
        yield from newest.values()

    def at(self, thing: _Thing) -> Drift | None:
        """What drifted of it."""
        try:
            return self._schedule(thing) if isinstance(thing, _Scheduled) else self._table(thing)
        except MasonError as error:
            return Drift(thing.address, thing.what, "unknown", why=scrub(str(error)))

    def is_stamped(self, thing: _Thing) -> bool:
        """Whether the engine that keeps it tells by stamps whether it can have changed."""
        from mason.clients import registry

        try:
            kind = self._config(thing.config_id).type_of(thing.client)
            can = registry.capabilities(kind).get(thing.role)
        except MasonError:
            # What is wrong with it is told where all is asked.
            return False
        return can is not None and can.stamped

    def again(self, thing: _Thing, known: KnownLooks) -> Drift | None:
        """As :meth:`at`, without a look where ``known`` says that there is nothing new to be seen."""
        looked_ns = time.time_ns()
        try:
            left, stamps = self._stamps(thing)
        except MasonError:
            # As what is asked tells better.
            left, stamps = "", None
        name = f"{thing.what} in {thing.config_id} {thing.client}"
        if stamps is not None and known.has(name, left, stamps):
            return None
        drifted = self.at(thing)
        if drifted is None and stamps is not None:
            known.put(name, left, stamps, looked_ns)
        return drifted

    def _stamps(self, thing: _Thing) -> tuple[str, Mapping[str, Stamp] | None]:
        """All that is compared with an answer, as a text, and the stamps of what the answer would be from."""
        engine = self._connected(thing).engine(thing.role)
        config = self._snapshot.digests[config_address(thing.config_id)]
        if isinstance(thing, _Scheduled):
            # What its steps are is in the definitions of others.
            version = f"{self._snapshot.lineage} {self._snapshot.serial}"
            return f"{version} {thing.address}", cast("Scheduler", engine).stamps(thing.name)
        # Of the rest nothing is asked, and a state that was edited may hold anything there.
        place, kind = (thing.table or {}).get("location"), (thing.table or {}).get("format")
        location = models.Location(place) if isinstance(place, str) else None
        table = models.Table(thing.name, thing.database, location=location, format=str(kind or ""))
        left = json.dumps([config, thing.table], sort_keys=True)
        return left, cast("Metastore", engine).stamps(table)

    def _schedule(self, thing: _Scheduled) -> Drift | None:
        entry = untouched(self._project, self._snapshot, thing.address, self._entries)
        schedule = Schedule.from_definition(entry.definition)
        given = given_of(schedule.work, schedule.parameters, None, lambda resource, path: 0)
        prepared = prepare_work(self._project, self._snapshot, schedule.work, given, config_id=schedule.config_id)
        left = schedule_model(schedule, prepared.plan)
        try:
            found: models.Schedule | None = self._ask(thing, "get_schedule", schedule.name)
        except NotFoundError:
            found = None
        return drift.of_schedule(thing.address, left, found)

    def _table(self, thing: _Touched) -> Drift | None:
        try:
            answer = self._ask(thing, "get_table", thing.database, thing.name)
            # As the state has it, which keeps no secrets.
            found: Mapping[str, Any] | None = scrub_all(answer.to_dict())
        except NotFoundError:
            found = None
        return drift.of_table(thing.address, f"{thing.database}.{thing.name}", thing.table, found)

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

    def _ask(self, thing: _Thing, verb: str, *arguments: Any) -> Any:
        return ask(thing.client, self._connected(thing).engine, thing.role, verb, *arguments)

    def _connected(self, thing: _Thing) -> Clients:
        key = (thing.config_id, thing.role, thing.client)
        if key not in self._clients:
            self._clients[key] = Clients(self._project, self._config(thing.config_id), {thing.role: thing.client})
        return self._clients[key]

    def _config(self, config_id: str) -> Config:
        if config_id not in self._configs:
            address = config_address(config_id)
            if address not in self._snapshot.resources:
                # Not what an engine says of something that is gone.
                raise StateError(f"there is no {address} in the state any more")
            entry = untouched(self._project, self._snapshot, address, self._snapshot.resources)
            self._configs[config_id] = Config.from_definition(entry.definition)
        return self._configs[config_id]
