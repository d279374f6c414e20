"""Which client plays which engine when an operator meets a config; what cannot work is refused by name. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mason.engines.engine import ANY
from mason.errors import Diagnostic, UnsupportedVerbError
from mason.resources.config import Config
from mason.resources.operator import Operator
from mason.resources.roles import in_order
from mason.resources.workflow import Workflow

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog

Needs = Mapping[str, frozenset[str]]
"""The verbs that an operator asks of each engine that it uses."""


def choose_clients(operator: Operator, needs: Needs, config: Config, catalog: ClientCatalog) -> dict[str, str]:
    """The client for each engine: the first of the config's that the operator supports and that does the verbs.

    ``supported_configurations`` narrow the choice where the operator gives them; they are tried in their order. Engines
    that the operator does not need get the config's first client. Raises ``UnsupportedVerbError`` with the
    reasons of the attempt that came nearest.
    """
    chosen, reasons = _nearest(operator.supported_configurations, needs, config, catalog)
    if not reasons:
        return chosen
    name = f"{operator.namespace}:{operator.command}"
    raise UnsupportedVerbError(
        f"Configuration {config.id} not supported by configured engines for operator {name}. "
        f"{' '.join(reasons)} Check operator.yaml for supported engine configurations."
    )


def lacks(
    supported_configurations: Sequence[Mapping[str, str]], needs: Needs, config: Config, catalog: ClientCatalog
) -> list[str]:
    """Why ``config`` cannot run an operator, in sentences: what the attempt lacks that came nearest. Empty if it can.

    Raises as ``catalog`` does for a client that cannot be loaded.
    """
    return _nearest(supported_configurations, needs, config, catalog)[1]


def _nearest(
    supported_configurations: Sequence[Mapping[str, str]], needs: Needs, config: Config, catalog: ClientCatalog
) -> tuple[dict[str, str], list[str]]:
    """The clients of the attempt that lacks least, the first of several, and in sentences what it lacks."""
    nearest: tuple[dict[str, str], list[str]] | None = None
    for supported in supported_configurations or ({},):
        chosen: dict[str, str] = {}
        reasons: list[str] = []
        for role in in_order([*(role for role in needs if role != ANY), *supported, *config.engines]):
            if role in needs or role in supported:
                client = _choose(role, needs.get(role, frozenset()), supported.get(role), config, catalog, reasons)
                chosen[role] = client
            elif config.engines.get(role):
                chosen[role] = config.engines[role][0]
        reasons += [
            f"None of its clients supports {verb}."
            for verb in sorted(needs.get(ANY, ()))
            if not clients_asked(verb, chosen, config, catalog)
        ]
        if not reasons:
            return chosen, reasons
        if nearest is None or len(reasons) < len(nearest[1]):
            nearest = chosen, reasons
    assert nearest is not None, "there is at least one attempt"
    return nearest


def unsupported(workflow: Workflow, config_id: str, schedulers: Sequence[str]) -> Diagnostic:
    """The fault of a workflow that supports none of the ``schedulers`` of a config."""
    has = ", ".join(schedulers) or "none"
    return Diagnostic(
        "",
        0,
        f"Workflow {workflow.namespace}:{workflow.command} supports the schedulers "
        f"{', '.join(workflow.supported_schedulers)}, and config {config_id} has {has}",
        "choose another config, or another workflow",
    )


def clients_asked(verb: str, chosen: Mapping[str, str], config: Config, catalog: ClientCatalog) -> list[str]:
    """The clients that do ``verb``, which are asked one after the other where it is asked of any engine."""
    able = {
        client: None
        for role, client in chosen.items()
        if client and verb in catalog.roles(config.type_of(client)).get(role, frozenset())
    }
    return list(able)


def _choose(
    role: str, verbs: frozenset[str], wanted: str | None, config: Config, catalog: ClientCatalog, reasons: list[str]
) -> str:
    """The client for one engine. Where there is none, an empty name, and ``reasons`` gets the reason."""
    clients = list(config.engines.get(role, ()))
    if not clients:
        reasons.append(f"No client is configured for {role}.")
        return ""
    able = [client for client in clients if wanted in (None, config.type_of(client))]
    if not able:
        reasons.append(f"Clients {clients} do not include supported client {wanted} for {role}.")
        return ""
    lacking = []
    for client in able:
        missing = sorted(verbs - catalog.roles(config.type_of(client)).get(role, frozenset()))
        if not missing:
            return client
        lacking.append(f"Client {client} does not support {', '.join(f'{role}.{verb}' for verb in missing)}.")
    reasons.extend(lacking)
    return ""
