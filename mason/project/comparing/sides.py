"""The two runs of a comparison: the same operator with two configs, each writing to a place of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason.dryrun.sentences import placeholder
from mason.engines import verbs_asked_of
from mason.engines.engine import ANY
from mason.engines.models import Job, Rows
from mason.errors import ConflictError, MasonError
from mason.project.comparing.comparison import Asked
from mason.project.comparing.ordering import ordering_if_told
from mason.project.opened import Project
from mason.project.runs.clients import Clients
from mason.project.runs.operators import PreparedOperator, execute, prepare_operator
from mason.resources.parameters import Given
from mason.runtime.apart import Apart
from mason.runtime.context import Context
from mason.runtime.executor import say
from mason.runtime.output import aside
from mason.runtime.prepared_run import COMPARED
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.dryrun.calls import Call
    from mason.resources.operator import Operator, Sentence
    from mason.runtime.workers import Control


@dataclass(frozen=True, slots=True)
class Asking:
    """How runs that are done in threads of their own are ended early: ``control`` makes what ends one, ``calling`` is
    entered with it while it goes on."""

    control: Callable[[], Control]
    calling: Callable[[Control], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Side:
    """A run that was made ready. ``given_output`` is where its parameters have it write (empty: nowhere), ``apart``
    finds out where a Python class writes. ``is_whole``: no limit that a person gave cuts its rows. ``sql`` and
    ``dialect`` are the query that it answers with, if that is one."""

    prepared: PreparedOperator
    given_output: str = ""
    apart: Apart | None = None
    is_whole: bool = True
    sql: str = ""
    dialect: str = ""

    @property
    def output(self) -> str:
        """Where it writes, as far as that is known by now; empty where it only reads."""
        return self.given_output or (self.apart.output if self.apart is not None else "")

    @property
    def config_id(self) -> str:
        """The config that it is done with."""
        return self.prepared.shown.config_id


def prepare(project: Project, names: tuple[str, str], given: Given, config_id: str, asked: Asked) -> Side:
    """The run of an operator with one config, made ready: its limit on rows is that of the comparison where nobody gave
    one, and what it writes goes to a folder of its own.

    Raises as :func:`prepare_operator`, and ``ConflictError`` for an operator that writes what cannot be kept apart.
    """
    prepared = prepare_operator(project, names, given, config_id=config_id)
    try:
        operator = prepared.run.plan.steps[0].operator
        said = list(zip(operator.said(prepared.shown.parameters), prepared.shown.calls, strict=False))
        changed, output = _outputs(prepared, operator, said)
        limits = {placeholder(each.arguments.get("limit")) for each, call in said if call.read_only} - {""}
        free = {name for name in limits if name not in given.values and _is_parameter(operator, name)}
        sql, dialect = _query(said)
        # The first rows of an order are a sample of it.
        first = asked.sample is not None and ordering_if_told(sql, dialect, ()) is not None
        changed |= dict.fromkeys(free, min(asked.sample or asked.most, asked.most) if first else asked.most)
    except MasonError:
        prepared.close()
        raise
    if changed:
        prepared.close()
        prepared = prepare_operator(project, names, Given(changed).over(given), config_id=config_id)
    is_python = prepared.shown.has_python and not prepared.shown.is_read_only
    apart = Apart(_folder()) if is_python else None
    return Side(prepared, output, apart, is_whole=limits <= free, sql=sql, dialect=dialect)


def _query(said: Sequence[tuple[Sentence, Call]]) -> tuple[str, str]:
    """The query that an operator answers with, and its dialect; empty where that is none, or writes its rows."""
    call = said[-1][1] if said else None
    if call is None or call.verb != "query" or not call.read_only:
        return "", ""
    return str(call.arguments.get("sql", "")), str(call.arguments.get("dialect", "duckdb"))


def _is_parameter(operator: Operator, name: str) -> bool:
    return any(parameter.name == name for parameter in operator.parameters)


def _outputs(
    prepared: PreparedOperator, operator: Operator, said: Sequence[tuple[Sentence, Call]]
) -> tuple[dict[str, Any], str]:
    """The parameters by which a run writes to a place of its own, and that place."""
    shown = prepared.shown
    if shown.is_read_only or shown.has_python:
        return {}, ""
    name = f"{operator.namespace}:{operator.command}"
    changed: dict[str, Any] = {}
    output = ""
    for sentence, call in said:
        if call.read_only:
            continue
        verb = verbs_asked_of(call.engine)[call.verb]
        given = [argument for argument in verb.writes if call.arguments.get(argument)]
        parameter = placeholder(sentence.arguments.get(given[0])) if len(given) == 1 else ""
        is_kept = call.engine != ANY and str(verb) != "storage.delete"
        if not is_kept or not parameter or not _is_parameter(operator, parameter) or output:
            raise ConflictError(
                f"Operator {name} says {verb}, which writes what cannot be kept apart for each config. Compared are "
                "operators that only read, or that write one output, to a place that a parameter gives."
            )
        output = changed[parameter] = Apart(_folder()).beside(str(call.arguments[given[0]]))
    return changed, output


def _folder() -> str:
    """The name of a folder that is one side's own."""
    return f"mason-compare-{secrets.token_hex(4)}"


def returned(
    project: Project, side: Side, *, asking: Asking, most: int, tell: Callable[[str, str], None]
) -> Rows | Any:
    """Do the run of a side, and return what it returned; of one that writes, the rows that are there then.

    Raises what its verbs raise.
    """
    shown, run = side.prepared.shown, side.prepared.run
    if not shown.has_python and not side.given_output:
        with aside():
            return say(run.plan.steps[0].operator, shown, side.prepared.clients.engine, tell=tell)
    control = asking.control()
    with asking.calling(control):
        given = {**run.given, COMPARED: True} if not shown.is_read_only else run.given
        own = replace(side.prepared, run=replace(run, apart=side.apart, given=given))
        end = execute(project, own, control=control)
    if end.status == "interrupted":
        raise KeyboardInterrupt
    answer = end.answer
    assert answer is not None, "a person waits for it"
    for kind, lines in (("Info", answer.info), ("Warnings", answer.warnings)):
        for line in lines:
            tell(kind, line)
    if answer.failure is not None:
        raise answer.failure
    if not side.output:
        return answer.returned
    return _written(project, side, answer.returned, most)


def _written(project: Project, side: Side, job: Any, most: int) -> Rows:
    """The rows of the output that a side wrote, as the config's own engines read it; files that its execution engine
    does not read are read by the client that keeps them."""
    place = str(job.result.get("output") or side.output) if isinstance(job, Job) else side.output
    with _opened(project, side, reader=_reader(side)) as ctx, aside():
        table = ctx.storage.infer_table(place)
        found: Rows = ctx.execution.preview(replace(table, notes=()), limit=most)
        return found


def _reader(side: Side) -> str:
    """The client that reads what a side wrote: that of the storage, where the one of the execution has tables of its
    own and reads no files."""
    # Imported here: a comparison that does not begin needs no client.
    from mason.clients import registry

    shown, config = side.prepared.shown, side.prepared.run.plan.steps[0].config
    asked, keeper = shown.clients["execution"], shown.clients.get("storage", "")
    if not keeper or registry.capabilities(config.type_of(asked))["execution"].reads:
        return asked
    return keeper if "execution" in registry.roles(config.type_of(keeper)) else asked


def remove(project: Project, side: Side) -> str:
    """Delete what a side wrote; returns what to warn of where that cannot be done."""
    if not side.output:
        return ""
    try:
        with _opened(project, side, allowed=frozenset({"storage.delete"})) as ctx, aside():
            ctx.storage.delete(side.output.rpartition("/")[0], recursive=True)
    except MasonError as error:
        return f"What was written with config {side.config_id} stays at {side.output}: {error}"
    return ""


class _opened:
    """The engines of a side's config, closed in the end."""

    def __init__(
        self, project: Project, side: Side, *, allowed: frozenset[str] = frozenset(), reader: str = ""
    ) -> None:
        step = side.prepared.run.plan.steps[0]
        chosen = side.prepared.shown.clients
        clients = {**chosen, "execution": reader} if reader else chosen
        self._clients = Clients(project, step.config, clients)
        self._context = Context(
            {},
            self._clients.engine,
            allowed=allowed,
            tell=lambda kind, message: None,
            clients=clients,
        )

    def __enter__(self) -> Context:
        return self._context

    def __exit__(self, *error: object) -> None:
        self._clients.close()
