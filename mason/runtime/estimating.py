"""What a run would cost, asked of the services that will do it before anybody says yes.

Only read-only verbs are called: ``estimate`` of the clients that support it, and what has to be known for that, such as
the table that a sentence is about. What depends on work that was not done yet cannot be told, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from mason.dryrun.arguments import waits
from mason.dryrun.calls import ESTIMATE, Estimate
from mason.dryrun.planned import PlannedStep
from mason.dryrun.sentences import finish
from mason.engines import verbs_asked_of
from mason.engines.engine import ANY, Engine
from mason.errors import MasonError
from mason.resources.operator import Sentence
from mason.runtime.client_errors import client_named
from mason.runtime.context import Context
from mason.runtime.executor import fitted
from mason.secrets import scrub

_WAITS = "it depends on what is done before it"


def estimates(step: PlannedStep, able: Collection[str], open_engine: Callable[[str], Engine]) -> Iterator[Estimate]:
    """What each sentence of a step would cost, where its client can tell and it costs something.

    ``able`` are the engines whose clients can tell, ``open_engine`` gives the configured engine of a role. What cannot
    be told now, an error on the way included, is said by the estimate. Of a Python operator nothing is known.
    """
    if step.shown.has_python:
        return
    ctx = Context(
        step.parameters, open_engine, allowed=frozenset(), tell=lambda kind, message: None, clients=step.shown.clients
    )
    values: dict[str, Any] = {name: value for name, value in ctx.params.items() if name not in step.waiting}
    lacking = _WAITS
    for number, sentence in enumerate(step.operator.said(step.parameters), start=1):
        if sentence.engine == ANY:
            continue
        client, tells = step.shown.clients[sentence.engine], sentence.engine in able
        cost: Mapping[str, Any] = {}
        unknown = lacking if waits(sentence, values) else ""
        try:
            with client_named(client, sentence.engine, sentence.verb):
                if tells and not unknown:
                    cost = ctx.call(sentence.engine, ESTIMATE, call=sentence.verb, arguments=fitted(sentence, values))
                if sentence.names and not cost and not unknown and _reads(sentence, values):
                    result = ctx.call(sentence.engine, sentence.verb, **fitted(sentence, values))
                    values.update(dict.fromkeys(sentence.names, result))
        except MasonError as error:
            unknown = lacking = scrub(str(error))
        if tells and (cost or unknown):
            yield Estimate(step.id, number, client, f"{sentence.engine}.{sentence.verb}", cost, unknown)


def _reads(sentence: Sentence, values: Mapping[str, Any]) -> bool:
    return verbs_asked_of(sentence.engine)[sentence.verb].is_read_only(finish(sentence, values))
