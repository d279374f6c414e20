"""Doing what a dry run showed: one operator, its sentences or its Python class, against opened engines.

What cannot be guarded against where a person's Python runs stands in ``python_source``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from mason.dryrun.arguments import fit
from mason.dryrun.dryrun import DryRun
from mason.dryrun.sentences import finish, placeholder
from mason.engines import engine_type, verbs_asked_of
from mason.engines.checking import Asked
from mason.engines.engine import Engine
from mason.engines.models import Job, Rows
from mason.engines.rows_text import rows_text
from mason.errors import CheckFailedError, Diagnostic, EngineError, JobFailedError, MasonError, ParameterError
from mason.resources.address import title_of
from mason.resources.operator import Operator, Sentence
from mason.resources.wording import cost_text
from mason.runtime import context
from mason.runtime.answer import Answer, data_of
from mason.runtime.client_errors import client_named
from mason.runtime.context import Context
from mason.runtime.submissions import StepCalls
from mason.runtime.waiting import refuse_failed
from mason.secrets import is_reference, scrub

if TYPE_CHECKING:
    from mason.runtime.apart import Apart
    from mason.runtime.python_source import Modules


def execute(
    operator: Operator,
    shown: DryRun,
    open_engine: Callable[[str], Engine],
    *,
    source: bytes | None = None,
    modules: Modules | None = None,
    heard: Callable[[str, str], None] = lambda kind, message: None,
    calls: StepCalls | None = None,
    apart: Apart | None = None,
    checks: Asked | None = None,
) -> Answer:
    """Run ``operator`` as ``shown`` and return its answer; a failure of an engine or operator is among its errors.

    ``open_engine`` gives the configured engine of a role, ``source`` is the module content of a Python operator,
    ``modules`` are those that its run has imported already. ``heard`` is told what the operator says (under ``Info`` or
    ``Warnings``) when it does. Only Ctrl-C and its like are raised. ``calls`` records what it changes, for a run that
    can be resumed. ``apart`` is where a run writes that is compared with another one. What it writes has to fulfil
    ``checks`` before it is published.
    """
    answer = Answer()

    def tell(kind: str, message: str) -> None:
        heard(kind, answer.tell(kind, message))

    try:
        parameters = _with_secrets(operator, shown)
    except MasonError as error:
        answer.failure = error
        answer.errors.extend(str(error).splitlines())
        return answer
    ctx = Context(
        parameters,
        open_engine,
        allowed=shown.allowed,
        tell=tell,
        is_promised=shown.is_promised,
        clients=shown.clients,
        calls=calls,
        dialect=operator.dialect,
        trust=operator.trust,
        apart=apart,
        checks=checks,
    )
    answer.tables = ctx.tables
    title = title_of(shown.address)
    try:
        if operator.sentences:
            returned = _speak(operator.said(ctx.params), ctx, shown.clients)
        else:
            returned = _run_class(operator, ctx, source or b"{}", modules, title, answer)
        _refuse_failed(returned, ctx, shown.clients)
        answer.checks = ctx.checked
        if checks is not None and answer.checks is None:
            raise EngineError("It wrote no table, so none of its checks could be looked at.")
        answer.data = data_of(returned, of=title)
        answer.returned = returned
        if isinstance(returned, Rows) and returned.more:
            answer.cut = _cut(len(answer.data), operator, ctx.params)
            answer.tell("Info", answer.cut)
        if isinstance(returned, Rows) and returned.cost:
            answer.tell("Info", f"It cost: {cost_text(returned.cost)}.")
    except MasonError as error:
        answer.failure = error
        if isinstance(error, CheckFailedError):
            answer.checks = [dict(each) for each in error.results]
        if isinstance(error, JobFailedError):
            # Its logs and what it cost all the same.
            answer.data = [dict(error.job)]
        # Scrubbed while it is whole: a secret may have several lines.
        answer.errors.extend(scrub(str(error)).splitlines() or [f"{title} failed: {type(error).__name__}"])
    return answer


def say(
    operator: Operator, shown: DryRun, open_engine: Callable[[str], Engine], *, tell: Callable[[str, str], None]
) -> Any:
    """Say the sentences of an operator that only reads, and return what the last one returned, as it is.

    Raises what the verbs raise, and ``NotConfirmedError`` for one that changes something. ``tell`` takes what there is
    to say, as that of ``Context``.
    """
    parameters = _with_secrets(operator, shown)
    ctx = Context(parameters, open_engine, allowed=frozenset(), tell=tell, clients=shown.clients)
    returned = _speak(operator.said(ctx.params), ctx, shown.clients)
    _refuse_failed(returned, ctx, shown.clients)
    return returned


def _with_secrets(operator: Operator, shown: DryRun) -> Mapping[str, Any]:
    """The parameters with the values of ``{{NAME}}`` where secret ones are given so. Raises ``MasonError``."""
    secret = {each.name: each for each in operator.parameters if each.secret}
    given = {name: value for name, value in shown.parameters.items() if name in secret and is_reference(value)}
    if not given:
        return shown.parameters
    from mason import settings
    from mason.resources.parameters import convert
    from mason.secrets import resolve

    known = settings.environment(settings.find_project(settings.current_folder()))
    schema = {"properties": {name: {"secret": True} for name in given}}
    resolved = resolve(given, schema, known, where=f"a parameter of {title_of(shown.address)}")
    try:
        return {**shown.parameters, **{name: convert(value, secret[name].type) for name, value in resolved.items()}}
    except ValueError as error:
        raise ParameterError(
            [
                Diagnostic(
                    "", 0, f"A secret parameter of {title_of(shown.address)} must be {error}, and its variable is not"
                )
            ]
        ) from error


def outlook(operator: Operator, shown: DryRun, open_engine: Callable[[str], Engine]) -> Rows | None:
    """What the operator's first change would do in detail, where its verb has another one that tells (``shown_by``).

    Only read-only verbs are called: the sentences before that change, and the one that tells. ``None`` where there is
    nothing to tell. Raises what these verbs raise.
    """
    sentences = operator.said(shown.parameters)
    changes = [verbs_asked_of(sentence.engine)[sentence.verb].shown_by for sentence in sentences]
    first = next(((each.engine, teller) for each, teller in zip(sentences, changes, strict=True) if teller), None)
    if first is None or first[1] not in open_engine(first[0]).supports:
        return None
    ctx = Context(
        shown.parameters,
        open_engine,
        allowed=frozenset(),
        tell=lambda kind, message: None,
        clients=shown.clients,
    )
    values: dict[str, Any] = dict(ctx.params)
    for sentence, teller in zip(sentences, changes, strict=True):
        verb = verbs_asked_of(sentence.engine)[sentence.verb]
        with client_named(shown.clients.get(sentence.engine), sentence.engine, sentence.verb):
            if teller is not None:
                if teller not in open_engine(sentence.engine).supports:
                    return None
                known = engine_type(sentence.engine).verbs[teller].arguments
                arguments = {name: value for name, value in fitted(sentence, values).items() if name in known}
                return cast(Rows, ctx.call(sentence.engine, teller, **arguments))
            if not verb.is_read_only(finish(sentence, values)):
                return None
            returned = _say(sentence, ctx, values)
        values.update(dict.fromkeys(sentence.names, returned))
    return None


def _speak(sentences: Sequence[Sentence], ctx: Context, clients: Mapping[str, str]) -> Any:
    """Say the sentences in their order; the last one's result is the operator's."""
    values: dict[str, Any] = dict(ctx.params)
    returned: Any = None
    for sentence in sentences:
        with client_named(clients.get(sentence.engine), sentence.engine, sentence.verb):
            returned = _say(sentence, ctx, values)
            _refuse_failed(returned, ctx, clients)
        values.update(dict.fromkeys(sentence.names, returned))
    return returned


def _say(sentence: Sentence, ctx: Context, values: Mapping[str, Any]) -> Any:
    return ctx.say(sentence.engine, sentence.verb, (), fitted(sentence, values), wait=sentence.wait)


def _refuse_failed(returned: Any, ctx: Context, clients: Mapping[str, str]) -> None:
    """A failed job is no success, also where an operator only asked for it. Raises ``JobFailedError``."""
    for job in returned if isinstance(returned, (list, tuple)) else (returned,):
        if isinstance(job, Job) and job.job_id not in ctx.cancelled:
            refuse_failed(job, clients.get(job.engine, ""))


def fitted(sentence: Sentence, values: Mapping[str, Any]) -> dict[str, Any]:
    """The finished arguments of a sentence, as its verb takes them. Raises ``ParameterError`` with all faults."""
    finished = finish(sentence, values)
    if isinstance(rows := finished.get("content"), Rows) and isinstance(finished.get("path"), str):
        # A storage writes text.
        finished["content"] = rows_text(rows, finished["path"])
    arguments, faults = fit(sentence, finished, values)
    if faults:
        raise ParameterError(Diagnostic("", 0, fault) for fault in faults)
    return arguments


def _cut(count: int, operator: Operator, parameters: Mapping[str, Any]) -> str:
    """What to tell when a limit cut the rows: how many there are, and with which parameters one gets the others."""
    said = operator.said(parameters)
    given = said[-1].arguments if said else {}
    names = {parameter.name for parameter in operator.parameters}
    ways = [
        f"{way} {placeholder(given[argument])}"
        for argument, way in (("limit", "raise"), ("output", "write all with"))
        if placeholder(given.get(argument)) in names
    ]
    first = "the first row" if count == 1 else f"the first {count} rows"
    return f"Showing {first}; there are more" + (f" ({', or '.join(ways)})." if ways else ".")


def _run_class(
    operator: Operator, ctx: Context, source: bytes, modules: Modules | None, title: str, answer: Answer
) -> Any:
    # Imported here: most operators are sentences, and need nothing of this.
    from mason.resources.module import class_name
    from mason.runtime.python_source import PythonClass

    name = class_name(operator.namespace, operator.command)
    with PythonClass[context.Operator](source, name, context.Operator, title=title, modules=modules) as theirs:
        try:
            return theirs.call(lambda instance: instance.run(ctx))
        finally:
            answer.trace = theirs.trace
