"""The sentences of a step whose arguments are known before it is done, with what the read-only ones among them answer.

The metastore and the storage are asked, by read-only verbs alone. What cannot be known yet, such as what a step before
returns, is left to the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mason.dryrun.arguments import waits
from mason.dryrun.calls import Call
from mason.dryrun.planned import PlannedStep
from mason.engines.engine import ANY, Engine
from mason.errors import MasonError
from mason.resources.operator import Sentence
from mason.runtime.context import Context
from mason.runtime.executor import fitted
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class KnownSentence:
    """The ``number``-th sentence of a step (from 1), with its ``finished`` arguments; ``ctx`` asks the engines."""

    number: int
    sentence: Sentence
    call: Call
    finished: Mapping[str, Any]
    ctx: Context


def known_sentences(step: PlannedStep, open_engine: Callable[[str], Engine]) -> Iterator[KnownSentence]:
    """The sentences of a step of which the arguments are known, up to the first one that changes something.

    ``open_engine`` gives the configured engine of a role.
    """
    if step.shown.has_python:
        return
    ctx = Context(
        step.parameters, open_engine, allowed=frozenset(), tell=lambda kind, message: None, clients=step.shown.clients
    )
    values: dict[str, Any] = {name: value for name, value in ctx.params.items() if name not in step.waiting}
    sentences = step.operator.said(step.parameters)
    for number, (sentence, call) in enumerate(zip(sentences, step.shown.calls, strict=False), start=1):
        if sentence.engine == ANY or waits(sentence, values):
            continue
        try:
            finished = fitted(sentence, values)
            yield KnownSentence(number, sentence, call, finished, ctx)
            if not call.read_only:
                # What it changes may be what the next ones read.
                return
            # What a query answers is left to the run: asking it may take long, and cost.
            if sentence.names and sentence.engine != "execution":
                result = ctx.call(sentence.engine, sentence.verb, **finished)
                values.update(dict.fromkeys(sentence.names, result))
        except MasonError:
            # The run says so, when it comes to that.
            return
