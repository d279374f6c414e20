"""Queries whose job a later step asks for: without an output they answer with rows, and rows have no id. Pure.

So such a step says ``execution.query_job`` in place of ``execution.query``: the same rows, kept with a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason.dryrun.sentences import finish
from mason.resources.config import Config
from mason.resources.operator import Operator

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog

_QUERY, _JOB = "query", "query_job"
_OF_OUTPUT = ("output", "format", "overwrite")


def asks_for_job(value: Any) -> bool:
    """Whether a parameter may refer to the job of another step: quick, and never wrong when it says no."""
    return isinstance(value, str) and (".job_id" in value or "PULLED FROM" in value)


def with_job(operator: Operator, parameters: Mapping[str, Any], config: Config, catalog: ClientCatalog) -> Operator:
    """``operator`` with a job for its answer, where that would be the rows of a query and the config has a client that
    keeps them with a job; else as it is."""
    said = operator.said(parameters)
    last = said[-1] if said else None
    if last is None or (last.engine, last.verb) != ("execution", _QUERY) or finish(last, parameters).get("output"):
        return operator
    clients = config.engines.get("execution", ())
    if not any(_JOB in catalog.roles(config.type_of(each)).get("execution", ()) for each in clients):
        return operator
    arguments = {name: value for name, value in last.arguments.items() if name not in _OF_OUTPUT}
    keeping = replace(last, verb=_JOB, arguments=arguments)
    return replace(operator, sentences=tuple(keeping if each is last else each for each in operator.sentences))
