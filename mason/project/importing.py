"""Use cases of beginning from what there is already: an operator for each table of a catalog, which registers it, and
the schedules that a scheduler keeps of Mason's.

Applying such an operator keeps its definition and touches nothing; running it registers the table as it was when it was
imported, in this catalog or in that of another stage. The metastore is only read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.errors import ConflictError, NotFoundError, UnsupportedVerbError
from mason.project.applied import applied_config
from mason.project.opened import Project
from mason.project.remembering import remember_applied
from mason.project.runs.clients import Clients
from mason.resources.address import is_name, schedule_address
from mason.resources.templates import TEMPLATE
from mason.runtime.context import ask
from mason.runtime.output import aside
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.engines.models import Schedule, Table
    from mason.resources.config import Config

FOLDER = "imported"


@dataclass(frozen=True, slots=True)
class Imported:
    """What would be written: ``documents`` into ``file``. ``notes`` say what was left out, and why."""

    file: Path
    documents: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The documents as YAML."""
        import yaml

        dumped: str = yaml.safe_dump_all(self.documents, sort_keys=False, allow_unicode=True, explicit_start=True)
        return dumped

    def write(self) -> None:
        """Write the file, with its folder. Raises ``ConflictError`` when it is there already."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.file.open("x", encoding="utf-8") as file:
                file.write(self.text)
        except FileExistsError as error:
            raise ConflictError(f"{self.file} is there already. Delete it, or keep it, and import nothing.") from error


def import_tables(project: Project, client: str, database: str, *, config_id: str = "") -> Imported:
    """The operators for the tables of ``database`` in the metastore that ``client`` is, by its name in the config.

    Raises ``NotFoundError`` for a database that there is not, and for a client that is no metastore of the config.
    """
    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    config = applied_config(project, snapshot, config_id)
    metastores = config.engines.get("metastore", ())
    if client not in metastores:
        there = ", ".join(metastores) or "none"
        raise NotFoundError(f"Config {config.id} has no metastore {client} (it has: {there}). Name another with -c.")
    documents: list[Mapping[str, Any]] = []
    notes: list[str] = []
    taken: set[str] = set()
    for table in _tables(project, config, client, database):
        fault = _fault(table)
        if fault:
            notes.append(f"table {table.name} is left out: {fault}")
            continue
        documents.append(_operator(table, taken))
    file = project.settings.root / FOLDER / f"{_named(database)}.yaml"
    return Imported(file, tuple(documents), tuple(notes))


def import_schedules(project: Project, client: str, *, config_id: str = "") -> Imported:
    """The schedules that the scheduler ``client`` keeps of Mason's, and of which the state knows nothing.

    Raises ``NotFoundError`` for a client that is no scheduler of the config.
    """
    snapshot = project.store.read()
    remember_applied(project.settings, snapshot)
    config = applied_config(project, snapshot, config_id)
    schedulers = config.engines.get("scheduler", ())
    if client not in schedulers:
        there = ", ".join(schedulers) or "none"
        raise NotFoundError(f"Config {config.id} has no scheduler {client} (it has: {there}). Name another with -c.")
    documents: list[Mapping[str, Any]] = []
    notes: list[str] = []
    clients = Clients(project, config, {"scheduler": client})
    try:
        with aside():
            listed: list[Schedule] = ask(client, clients.engine, "scheduler", "list_schedules")
    finally:
        clients.close()
    for schedule in listed:
        if schedule_address(schedule.name) in snapshot.resources:
            continue
        if not schedule.workflow:
            notes.append(f"schedule {schedule.name} is left out: it does not tell which workflow of Mason it runs")
            continue
        documents.append(_schedule(schedule, config.id))
    return Imported(project.settings.root / FOLDER / f"{_named(client)}_schedules.yaml", tuple(documents), tuple(notes))


def _schedule(schedule: Schedule, config_id: str) -> dict[str, Any]:
    given = schedule.to_dict()
    return {
        "type": "schedule",
        "name": schedule.name,
        "workflow": schedule.workflow.partition(".")[2].replace(".", ":", 1),
        "config_id": schedule.config_id or config_id,
        **{name: given[name] for name in ("schedule", "time_zone", "catch_up", "overlap", "enabled")},
        **({"parameters": given["parameters"]} if "parameters" in given else {}),
    }


def _tables(project: Project, config: Config, client: str, database: str) -> Iterator[Table]:
    clients = Clients(project, config, {"metastore": client})
    try:
        with aside():
            for listed in ask(client, clients.engine, "metastore", "list_tables", database):
                yield ask(client, clients.engine, "metastore", "get_table", database, listed.name)
    except UnsupportedVerbError as error:
        raise UnsupportedVerbError(f"Nothing can be imported from client {client}: {error}") from error
    finally:
        clients.close()


def _fault(table: Table) -> str:
    """Why a table cannot be registered by an operator; empty where it can."""
    if table.kind != "view" and table.location is None:
        return "it has no location"
    if TEMPLATE.search(repr(table.to_dict())):
        return "its definition holds {{...}}, which stands for a parameter in an operator"
    return ""


def _operator(table: Table, taken: set[str]) -> dict[str, Any]:
    command = _named(table.name)
    name, count = command, 1
    while name in taken:
        count += 1
        name = f"{command}_{count}"
    taken.add(name)
    hidden = ("database", "name", "size", "schedule", "notes")
    definition = {key: value for key, value in table.to_dict().items() if key not in hidden}
    return {
        "type": "operator",
        "namespace": _named(table.database),
        "command": name,
        "description": f"Register {table.kind} {table.name} of database {table.database} as it was imported",
        "parameters": {
            "optional": [
                {"name": "database_name", "type": "string", "default": table.database},
                {"name": "table_name", "type": "string", "default": table.name},
                {"name": "overwrite", "type": "boolean", "default": False},
            ]
        },
        "do": [
            {
                "metastore.create_table": {
                    "database": "{{database_name}}",
                    "table": "{{table_name}}",
                    "definition": definition,
                    "overwrite": "{{overwrite}}",
                }
            }
        ],
    }


def _named(name: str) -> str:
    """A name that a resource may have."""
    if is_name(name):
        return name
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:90]
    return plain if plain and is_name(plain) else f"t_{plain}"[:90]
