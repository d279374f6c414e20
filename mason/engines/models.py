"""What engines answer with: plain values that look the same whichever client gave them.

Every model turns into JSON-ready data with ``to_dict`` (keys without a value are left out), which is
what ``Data`` of an answer holds. Column types are SQL types as the client's own dialect spells them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from mason.resources.trigger import TRIGGER_RULES
from mason.values import dataclass, field


@runtime_checkable
class Model(Protocol):
    """Anything that an engine or operator may return and a view can show."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        ...


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", (), [], {})}


@dataclass(frozen=True, slots=True)
class Location:
    """Where bytes are: a path relative to the client's root, or a URL such as ``s3://bucket/key``."""

    path: str
    size: int | None = None
    modified: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Keys ``path``, ``size`` in bytes, ``modified`` as an ISO 8601 time in UTC."""
        values = {"path": self.path, "size": self.size, "modified": self.modified}
        return {key: value for key, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Location:
        """The inverse of :meth:`to_dict`; raises ``KeyError`` when ``path`` is missing."""
        return cls(values["path"], values.get("size"), values.get("modified"))


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name exactly as stored, its SQL type, whether it may be null, and what it means.

    ``declared`` says that a person gave the type, and that it was not found in the data: it makes no other column.
    """

    name: str
    type: str
    nullable: bool = True
    comment: str = ""
    declared: bool = field(default=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Keys ``name`` and ``type``; ``nullable`` where it is false, ``declared`` where it is true, ``comment`` where
        there is one."""
        values: dict[str, Any] = {"name": self.name, "type": self.type}
        if not self.nullable:
            values["nullable"] = False
        if self.declared:
            values["declared"] = True
        return values | _without_empty({"comment": self.comment})


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table, in their order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in their order."""
        return tuple(column.name for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """The key ``columns``: a list of columns."""
        return {"columns": [column.to_dict() for column in self.columns]}


@dataclass(frozen=True, slots=True)
class Database:
    """A named group of tables: a folder, a schema, a Glue database."""

    name: str
    location: Location | None = None
    comment: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Keys ``name``, ``location`` and ``comment``."""
        location = self.location.to_dict() if self.location else None
        return {"name": self.name} | _without_empty({"location": location, "comment": self.comment})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Database:
        """The inverse of :meth:`to_dict`; raises ``KeyError`` when ``name`` is missing."""
        location = values.get("location")
        return cls(values["name"], Location.from_dict(location) if location else None, values.get("comment", ""))


_OF_COLUMN: Mapping[str, type] = {"name": str, "type": str, "nullable": bool, "comment": str, "declared": bool}
_OF_TABLE: Mapping[str, type] = {
    **dict.fromkeys(("name", "database", "location", "format", "kind", "comment", "schedule"), str),
    **dict.fromkeys(("columns", "partition_columns", "notes"), list),
    "options": Mapping,
    "size": int,
}
_WORDS: Mapping[type, str] = {
    str: "a text",
    list: "a list",
    Mapping: "a mapping",
    int: "a number",
    bool: "true or false",
}


def _check_types(given: Any, known: Mapping[str, type], what: str) -> None:
    """What people wrote may be anything. Raises ``TypeError``."""
    if not isinstance(given, Mapping):
        raise TypeError(f"a {what} is a mapping, and not {given!r}")
    for key, value in given.items():
        if key not in known:
            raise TypeError(f"a {what} has no {key!r} (it has {', '.join(known)})")
        wanted = (list, tuple) if known[key] is list else known[key]
        if value is not None and not isinstance(value, wanted):
            raise TypeError(f"{key} of a {what} is {_WORDS[known[key]]}, and not {value!r}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, where its data is, and how to read it.

    ``schema`` is ``None`` in listings, where finding it out would mean opening every file. ``format`` is
    ``csv``, ``json``, ``parquet``, ``xlsx`` or what the metastore calls it. ``options`` are what a reader needs beside
    the format (delimiter, header, quoting). ``partition_columns`` are part of ``schema``. ``kind`` is
    ``table`` or ``view``. ``schedule`` names the schedule whose runs registered it, if one did. ``notes`` say what was
    assumed and found when its data was looked at, one sentence each.
    """

    name: str
    database: str = ""
    schema: Schema | None = None
    location: Location | None = None
    format: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    partition_columns: tuple[str, ...] = ()
    kind: str = "table"
    comment: str = ""
    schedule: str = ""
    notes: tuple[str, ...] = ()

    @property
    def types(self) -> dict[str, str]:
        """The types of its columns by their names, in their order; none where the schema is not known."""
        return {column.name: column.type for column in self.schema.columns} if self.schema is not None else {}

    def to_dict(self) -> dict[str, Any]:
        """Keys as the fields, the schema flattened to ``columns``; ``database`` and ``name`` come first."""
        return _without_empty(
            {
                "database": self.database,
                "name": self.name,
                "kind": self.kind,
                "format": self.format,
                "location": self.location.path if self.location else None,
                "size": self.location.size if self.location else None,
                "columns": self.schema.to_dict()["columns"] if self.schema else None,
                "partition_columns": list(self.partition_columns),
                "options": dict(self.options),
                "comment": self.comment,
                "schedule": self.schedule,
                "notes": list(self.notes),
            }
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Table:
        """The inverse of :meth:`to_dict`. Raises ``KeyError`` when ``name`` is missing, and ``TypeError`` that says
        which key no table has, or what stands where something else should."""
        _check_types(values, _OF_TABLE, "table")
        columns = values.get("columns")
        for column in columns or ():
            _check_types(column, _OF_COLUMN, "column")
        location = values.get("location")
        return cls(
            name=values["name"],
            database=values.get("database", ""),
            schema=Schema(tuple(Column(**column) for column in columns)) if columns is not None else None,
            location=Location(location, size=values.get("size")) if location is not None else None,
            format=values.get("format", ""),
            options=dict(values.get("options", {})),
            partition_columns=tuple(values.get("partition_columns", ())),
            kind=values.get("kind", "table"),
            comment=values.get("comment", ""),
            schedule=values.get("schedule", ""),
            notes=tuple(values.get("notes", ())),
        )


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a table: the value of each partition column, and where its files are."""

    values: Mapping[str, Any]
    location: Location | None = None

    def to_dict(self) -> dict[str, Any]:
        """Keys ``values`` and ``location``."""
        location = self.location.path if self.location else None
        return {"values": dict(self.values)} | _without_empty({"location": location})


@dataclass(frozen=True, slots=True)
class Rows:
    """A result small enough to show: columns, rows of plain values, and whether there would be more.

    Values are JSON-ready already (times as ISO 8601 text, decimals as text, bytes as hexadecimal text),
    so every view prints the same. ``more`` is true when a limit cut the result. ``cost`` is what the answer took, in
    the terms of :class:`Job`.
    """

    schema: Schema
    rows: Sequence[tuple[Any, ...]]
    more: bool = False
    cost: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def to_dicts(self) -> list[dict[str, Any]]:
        """One mapping per row, keyed by column name (a repeated name gets ``_1``, ``_2``... behind it)."""
        names: list[str] = []
        for name in self.schema.names:
            unique, count = name, 0
            while unique in names:
                count += 1
                unique = f"{name}_{count}"
            names.append(unique)
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Job:
    """Work handed to an engine. ``status`` is ``queued``, ``running``, ``succeeded``, ``failed`` or ``cancelled``.

    ``engine`` is the role that was asked (``execution``) and ``verb`` what it was asked for (``execution.format``).
    ``result`` holds what the work made (a table, the rows and files written) once it succeeded. ``reason`` is why it
    failed, was cancelled or waits, in the service's own words. ``cost`` is what the work took, as far as the service
    tells: ``bytes_scanned``, ``rows``, ``credits``, ``seconds``. ``submitted`` and ``finished`` are ISO 8601 times
    in UTC.
    """

    job_id: str
    status: str
    verb: str = ""
    logs: tuple[str, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    submitted: str = ""
    finished: str = ""
    engine: str = ""
    reason: str = ""
    cost: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Keys as the fields; empty ones left out."""
        return {"job_id": self.job_id, "status": self.status} | _without_empty(
            {
                "engine": self.engine,
                "verb": self.verb,
                "result": dict(self.result),
                "reason": self.reason,
                "cost": dict(self.cost),
                "logs": list(self.logs),
                "submitted": self.submitted,
                "finished": self.finished,
            }
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Job:
        """The inverse of :meth:`to_dict`; raises ``KeyError`` when ``job_id`` or ``status`` is missing."""
        return cls(
            job_id=values["job_id"],
            status=values["status"],
            verb=values.get("verb", ""),
            logs=tuple(values.get("logs", ())),
            result=dict(values.get("result", {})),
            submitted=values.get("submitted", ""),
            finished=values.get("finished", ""),
            engine=values.get("engine", ""),
            reason=values.get("reason", ""),
            cost=dict(values.get("cost", {})),
        )


@dataclass(frozen=True, slots=True)
class DagSentence:
    """What a step says: for ``client`` as ``engine`` do ``verb(arguments)``. References stay ``{{...}}``.

    ``known`` is false where a Python operator says it: its arguments show when it runs.
    """

    client: str
    engine: str
    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    read_only: bool = False
    known: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Keys as the fields; ``arguments`` where there are any, ``known`` where it is false."""
        values: dict[str, Any] = {"client": self.client, "engine": self.engine, "verb": self.verb}
        values |= _without_empty({"arguments": dict(self.arguments)})
        return values | {"read_only": self.read_only} | ({} if self.known else {"known": False})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DagSentence:
        """The inverse of :meth:`to_dict`; raises ``KeyError`` when ``client``, ``engine`` or ``verb`` is missing."""
        return cls(
            client=values["client"],
            engine=values["engine"],
            verb=values["verb"],
            arguments=dict(values.get("arguments", {})),
            read_only=values.get("read_only", False),
            known=values.get("known", True),
        )


@dataclass(frozen=True, slots=True)
class DagStep:
    """One step of a DAG with all that a scheduler needs to run it by itself.

    - ``id``: dotted where the step comes from a workflow within (``step_2.inner_1``); ``group`` is what stands before
      the last dot, the id of that workflow's step (empty for the outermost).
    - ``operator``: ``namespace:command``, done with ``parameters`` and the config ``config_id``. A parameter may hold
      references: to what an earlier step returns (``{{steps.step_1.job_id}}``), and to what a run of the state returned
      (``{{runs.NAME.KEY}}``). ``results_of`` are the earlier steps that are meant.
    - ``dependencies``: the ids of the steps after which it comes; ``trigger_rule`` says how these must have ended:
      ``all_success``, ``one_failed``, ``all_done`` or ``none_failed``, with Airflow's meaning.
    - ``retry``: ``constant(SECONDS)``, ``exponential(SECONDS)`` or empty for none; ``retry_max``: how often at most
      (``None``: three times).
    - ``timeout``: after how many seconds an attempt is given up (``None``: never).
    - ``sentences``: what the step says; not ``certain`` where its Python may say something else as well.
    - ``checks``: the names of the checks that its output has to fulfil, which only a run of Mason's looks at.
    """

    id: str
    operator: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    config_id: str = ""
    trigger_rule: str = TRIGGER_RULES[0]
    retry: str = ""
    retry_max: int | None = None
    timeout: int | None = None
    results_of: tuple[str, ...] = ()
    sentences: tuple[DagSentence, ...] = ()
    certain: bool = True
    checks: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The id of the step which is the workflow that this step comes from; empty for the outermost."""
        return self.id.rpartition(".")[0]

    @property
    def command(self) -> tuple[str, ...]:
        """The command that does the step, as a list of arguments; it prints its answer as JSON, and asks nothing.

        Where it ends in ``--results -`` it reads JSON from stdin: a mapping of each of ``results_of`` to the answer
        that the command of that step printed. It needs a folder of the project, or ``MASON_STATE`` and
        ``MASON_WORKSPACE``, to find the state, and the environment variables that the config refers to.
        """
        given = {name: value for name, value in self.parameters.items() if value is not None}
        return (
            *("mason", "run", "operator", *self.operator.split(":")),
            *(("--config", self.config_id) if self.config_id else ()),
            *(("--parameters", json.dumps(given, ensure_ascii=False)) if given else ()),
            *("--auto-approve", "--json"),
            *(("--as-job",) if any(each.verb == "query_job" for each in self.sentences) else ()),
            *(("--results", "-") if self.results_of else ()),
        )

    @property
    def command_line(self) -> str:
        """The command as a line for a POSIX shell, quoted."""
        # Imported here: hardly anyone asks, and every plan loads this module.
        import shlex

        return shlex.join(self.command)

    def to_dict(self) -> dict[str, Any]:
        """Keys as the fields (``id`` and ``operator`` always, others where they say something), ``group`` and
        ``command``."""
        return {"id": self.id, "operator": self.operator} | _without_empty(
            {
                "group": self.group,
                "config_id": self.config_id,
                "parameters": dict(self.parameters),
                "dependencies": list(self.dependencies),
                "trigger_rule": self.trigger_rule if self.trigger_rule != TRIGGER_RULES[0] else "",
                "retry": self.retry,
                "retry_max": self.retry_max,
                "timeout": self.timeout,
                "results_of": list(self.results_of),
                "sentences": [each.to_dict() for each in self.sentences],
                "certain": None if self.certain else False,
                "checks": list(self.checks),
                "command": list(self.command),
            }
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DagStep:
        """The inverse of :meth:`to_dict`, also for what earlier versions wrote: what they did not say is the default.

        Raises ``KeyError`` when ``id`` or ``operator`` is missing.
        """
        return cls(
            id=values["id"],
            operator=values["operator"],
            parameters=dict(values.get("parameters", {})),
            dependencies=tuple(values.get("dependencies", ())),
            config_id=values.get("config_id", ""),
            trigger_rule=values.get("trigger_rule", TRIGGER_RULES[0]),
            retry=values.get("retry", ""),
            retry_max=values.get("retry_max"),
            timeout=values.get("timeout"),
            results_of=tuple(values.get("results_of", ())),
            sentences=tuple(DagSentence.from_dict(each) for each in values.get("sentences", ())),
            certain=values.get("certain", True),
            checks=tuple(values.get("checks", ())),
        )


@dataclass(frozen=True, slots=True)
class Dag:
    """Steps that depend on one another without a cycle, in an order in which they can run.

    ``groups`` are the workflows within: for the id of each step that is a workflow (dotted where it is deep) that
    workflow, ``namespace:command``. Their steps are among ``steps``, which depend on one another across groups, so that
    a scheduler may show them as groups, or show none. ``decided_by`` are the workflows whose Python class decides while
    the DAG runs whether its steps are done: only Mason's own runs can ask it.
    """

    steps: tuple[DagStep, ...]
    groups: Mapping[str, str] = field(default_factory=dict)
    decided_by: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The key ``steps``, and ``groups`` and ``decided_by`` where there are any."""
        return {"steps": [step.to_dict() for step in self.steps]} | _without_empty(
            {"groups": dict(self.groups), "decided_by": list(self.decided_by)}
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Dag:
        """The inverse of :meth:`to_dict`; raises ``KeyError`` when a step lacks its ``id`` or ``operator``."""
        return cls(
            steps=tuple(DagStep.from_dict(step) for step in values["steps"]),
            groups=dict(values.get("groups", {})),
            decided_by=tuple(values.get("decided_by", ())),
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """The wish that a scheduler runs a workflow at the times of the cron expression ``schedule``, in ``time_zone``.

    ``workflow`` is the workflow's address, ``config_id`` and ``parameters`` (step id to ``config_id`` and
    ``parameters``) are what it is run with, and ``dag`` is what that comes to, for schedulers that run the steps.
    ``catch_up`` says which of the times are made up for that were missed because nobody was there: ``none``,
    ``latest`` or ``all``. ``overlap`` says what becomes of a time that comes while the run of an earlier one goes on:
    ``skip`` or ``queue``.
    """

    name: str
    schedule: str
    dag: Dag
    enabled: bool = True
    workflow: str = ""
    config_id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    time_zone: str = "UTC"
    catch_up: str = "none"
    overlap: str = "skip"

    def to_dict(self) -> dict[str, Any]:
        """Keys as the fields; those that name or hold nothing are left out, ``enabled`` and ``dag`` never."""
        return {
            "name": self.name,
            "schedule": self.schedule,
            "time_zone": self.time_zone,
            "catch_up": self.catch_up,
            "overlap": self.overlap,
            "enabled": self.enabled,
            **_without_empty(
                {"workflow": self.workflow, "config_id": self.config_id, "parameters": dict(self.parameters)}
            ),
            "dag": self.dag.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Schedule:
        """The inverse of :meth:`to_dict`; raises ``KeyError`` when ``name``, ``schedule`` or ``dag`` is missing."""
        return cls(
            name=values["name"],
            schedule=values["schedule"],
            dag=Dag.from_dict(values["dag"]),
            enabled=values.get("enabled", True),
            workflow=values.get("workflow", ""),
            config_id=values.get("config_id", ""),
            parameters=dict(values.get("parameters", {})),
            time_zone=values.get("time_zone", "UTC"),
            catch_up=values.get("catch_up", "none"),
            overlap=values.get("overlap", "skip"),
        )
