"""What was applied: found by kind and name, shown without secrets, and the config that is current."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mason import home, secrets
from mason.errors import (
    EngineError,
    MissingDependencyError,
    NotFoundError,
    StateFormatError,
)
from mason.project.opened import Project
from mason.resources.address import WORK, config_address, kind_of
from mason.resources.config import Config
from mason.resources.wording import nearest
from mason.state.snapshot import Entry, Snapshot

_WRITTEN = (
    *("type", "id", "namespace", "command", "name", "description"),
    *("operator", "workflow", "config_id", "schedule", "parameters", "required", "optional", "default"),
    *("supported_configurations", "supported_schedulers", "metastore", "storage", "execution", "scheduler"),
    *("dependencies", "trigger_rule", "retry", "retry_max", "timeout", "do", "dag"),
    *("metastore_clients", "storage_clients", "execution_clients", "scheduler_clients", "clients"),
)
"""The keys of definitions in the order in which people write them; others come behind them."""

_NAMED = ("id", "name", *(name for name in _WRITTEN if name not in ("id", "name")))


def find(snapshot: Snapshot, kind: str, names: Sequence[str] = ()) -> dict[str, Entry]:
    """The applied resources of a kind (``all`` for every kind) whose names start with ``names``, by address, sorted.

    ``names`` are a namespace and a command, or a config's id. Raises ``NotFoundError``, with the nearest name,
    when names were given and nothing has them.
    """
    # By address first: the entries of a large state are decoded when they are asked for.
    beginning = "" if kind == "all" else f"{kind}."
    of_kind = [address for address in snapshot.resources if address.startswith(beginning)]
    found = [
        address for address in sorted(of_kind) if not names or address.split(".")[1 : 1 + len(names)] == list(names)
    ]
    if names and not found:
        known = [":".join(address.split(".")[1:]) for address in of_kind]
        wanted, what = ":".join(names), "resource" if kind == "all" else kind
        meant = nearest(wanted, known)
        hint = f"Did you mean {meant}?" if meant else "See what there is with: mason get"
        raise NotFoundError(f"There is no {what} {wanted} in the state. {hint}")
    return snapshot.select(found)


def _as_written(value: Any, first: Sequence[str] = _WRITTEN) -> Any:
    """A definition, which is kept with sorted keys, with its keys in the order in which people write them.

    ``first`` are the keys that come first: a document begins with its type, what stands in one with its name.
    """
    if isinstance(value, list):
        return [_as_written(each, _NAMED) for each in value]
    if not isinstance(value, dict):
        return value
    # A sentence begins with its verb.
    verbs = [name for name in value if "." in name] if first is _NAMED else []
    order = dict.fromkeys((*verbs, *first, *value))
    return {name: _as_written(value[name], _NAMED) for name in order if name in value}


def find_work(snapshot: Snapshot, names: Sequence[str]) -> list[str]:
    """The kinds of what was applied under a namespace and a command: ``operator``, ``workflow`` or both.

    Raises ``NotFoundError``, with the nearest name.
    """
    kinds = [kind for kind in WORK if ".".join((kind, *names)) in snapshot.resources]
    if not kinds:
        known = [":".join(each.split(".")[1:]) for each in snapshot.resources if kind_of(each) in WORK]
        meant = nearest(":".join(names), known)
        hint = f"Did you mean {meant}?" if meant else "See what there is with: mason get"
        raise NotFoundError(f"There is no operator or workflow {':'.join(names)} in the state. {hint}")
    return kinds


def shown_definition(entry: Entry) -> dict[str, Any]:
    """An applied definition, fit to be shown: the values of secret fields are replaced."""
    definition: dict[str, Any] = _as_written(entry.definition)
    if "clients" in definition:
        definition["clients"] = _shown_clients(definition["clients"])
    return definition


def _shown_clients(clients: Any) -> Any:
    # In a state that was edited anything may stand here, and nobody can tell what of it is secret.
    if not isinstance(clients, Mapping) or not all(isinstance(given, Mapping) for given in clients.values()):
        return secrets.REDACTED
    return {
        name: {**given, "configuration": _redacted(given.get("type", name), given["configuration"])}
        if "configuration" in given
        else given
        for name, given in clients.items()
    }


def _redacted(client: Any, configuration: Any) -> Any:
    if not isinstance(configuration, Mapping) or not isinstance(client, str):
        return secrets.REDACTED
    from mason.clients import registry

    try:
        schema = registry.schema(client)
    except (EngineError, MissingDependencyError):
        # Applied by somebody who has a client that is not installed here: nobody can tell what is secret.
        return dict.fromkeys(configuration, secrets.REDACTED)
    return secrets.redact(configuration, schema)


def current_config(snapshot: Snapshot) -> str:
    """The id of the config that a run uses when none is named: the chosen one, else the only one; else empty."""
    configs = [address.partition(".")[2] for address in find(snapshot, "config")]
    chosen = home.current_config(snapshot.lineage)
    return chosen if chosen in configs else configs[0] if len(configs) == 1 else ""


def choose_config(snapshot: Snapshot, identifier: str) -> None:
    """Make a config of this state current for this person. Raises ``NotFoundError`` when the state has it not."""
    find(snapshot, "config", [identifier])
    home.set_current_config(snapshot.lineage, identifier)


def untouched(project: Project, snapshot: Snapshot, address: str, found: Mapping[str, Entry]) -> Entry:
    """The entry of ``address``, if it is what was applied. Raises ``StateFormatError`` when it was edited since, and
    where the project wants signatures and nobody who may has signed it."""
    entry = found[address]
    if not entry.is_as_applied:
        raise StateFormatError(
            f"{address} was edited in the state (serial {snapshot.serial}): it is not what was applied. "
            "See what differs with: mason plan. Put back what the files say with: mason apply"
        )
    if project.settings.require_signatures:
        from mason.state import signatures

        if told := signatures.fault(address, entry, signatures.signers(project.settings.root)):
            raise StateFormatError(
                f"{address} is not used: {told}, and mason.yaml says require_signatures. Look at it (mason state show "
                f"{address}), and if you vouch for it: mason state sign {address}"
            )
    return entry


def applied_config(project: Project, snapshot: Snapshot, identifier: str) -> Config:
    """An applied config, or the current one where ``identifier`` is empty. Raises ``NotFoundError``."""
    wanted = identifier or current_config(snapshot)
    if not wanted:
        known = [address.partition(".")[2] for address in find(snapshot, "config")]
        if not known:
            raise NotFoundError("There is no config in the state. Write one (see: mason schema config) and apply it.")
        raise NotFoundError(
            f"There are several configs ({', '.join(known)}) and none is current. "
            "Name one with -c ID, or choose it for good with: mason config ID -s"
        )
    address = config_address(wanted)
    return Config.from_definition(untouched(project, snapshot, address, find(snapshot, "config", [wanted])).definition)
