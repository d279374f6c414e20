"""Use case of putting a whole state in the place of another one: what a file has to be, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason import secrets
from mason.errors import EngineError, MissingDependencyError, StateConflictError, StateFormatError
from mason.project.confirming import Confirmation
from mason.project.opened import Project
from mason.project.state.keeping import Change, following, replacement
from mason.resources.wording import shown_path
from mason.state.format import LARGEST_SERIAL
from mason.state.snapshot import Entry, Snapshot
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.planner.plan import Plan

_LARGEST_PUSHED = LARGEST_SERIAL // 1000
"""The highest serial that a file may bring: the state has to go on from there."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push tells: what would change, for which ``reasons`` it takes ``force``, and the addresses whose
    definitions were edited in the file, so that they are not what was applied."""

    plan: Plan
    reasons: tuple[str, ...]
    edited: tuple[str, ...]
    serial: int


def push(project: Project, content: bytes, *, where: str, force: bool) -> Change[Pushed] | None:
    """The state as ``content`` has it, the bytes of a state that stand at ``where``; ``None`` if that is what it is.

    Keeps the serial of the file, or goes one on where that is not higher (with ``force``). Raises ``StateFormatError``
    with all that is wrong with the file, and ``StateConflictError`` for what takes ``force``.
    """
    given = _checked(content, where)
    base = project.store.read()
    if (given.lineage, given.serial, given.resources) == (base.lineage, base.serial, base.resources):
        return None
    reasons = tuple(_against(given, base) if base.lineage else ())
    if reasons and not force and _is_overtaken(given, base):
        raise StateConflictError(
            f"{where} is not pushed to {project.store.url}: {' and '.join(reasons)}. It would undo what was written "
            "since. How its runs ended stands in their records, too: see what is left with mason plan, and the next "
            "apply tells the state."
        )
    if reasons and not force:
        raise StateConflictError(
            f"{where} is not pushed to {project.store.url}: {' and '.join(reasons)}. Look at what is there with "
            "mason state pull. To put the file in its place all the same: --force"
        )
    serial = max(given.serial, base.serial + 1)
    becomes = replace(following(given.resources, base), serial=serial, lineage=given.lineage)
    plan = replacement(project, base, given, named=where)
    # A state that comes after this one, and of it, takes nothing from anybody.
    question = f"REPLACE the whole state {project.store.url}, which others may use, by {where}?"
    asked = (Confirmation(question),) if reasons else ()
    return Change(base, becomes, Pushed(plan, reasons, tuple(given.edited), becomes.serial), asked)


def _against(given: Snapshot, base: Snapshot) -> Iterator[str]:
    if given.lineage != base.lineage:
        yield f"it is another state (lineage {given.lineage}, there {base.lineage})"
    if _is_overtaken(given, base):
        yield (
            f"it is what an apply could not write on serial {given.errored_on}, and the state was written since (it is "
            f"at serial {base.serial})"
        )
    elif given.serial < base.serial:
        yield f"it is older (serial {given.serial}, there {base.serial})"
    elif given.serial == base.serial and given.lineage == base.lineage:
        is_edit = (given.written_at, given.written_by) == (base.written_at, base.written_by)
        higher = " (if you edited what is there now, make that one higher)" if is_edit else ""
        yield f"it differs from the state that has the same serial, {base.serial}{higher}"


def _is_overtaken(given: Snapshot, base: Snapshot) -> bool:
    """Whether ``given`` was left by an apply that failed, and is no successor of what is there now."""
    return given.lineage == base.lineage and given.errored_on not in (None, base.serial)


def _checked(content: bytes, where: str) -> Snapshot:
    """The state in ``content``. Raises ``StateFormatError`` with all that no state can hold."""
    from mason.state.format import decode

    given = decode(content, where=where, token="", backup=lambda: "Nothing was pushed.")
    faults = [f"{where}: {fault}" for address, entry in given.resources.items() for fault in _faults(address, entry)]
    if not given.lineage or not given.serial:
        faults.insert(0, f"{where}: this is the file of a state that was never written (serial {given.serial}).")
    if given.serial > _LARGEST_PUSHED:
        faults.insert(0, f"{where}: the serial {given.serial} is above {_LARGEST_PUSHED:,}. Make it a lower one.")
    if faults:
        raise StateFormatError("\n".join(faults))
    return given


def _faults(address: str, entry: Entry) -> Iterator[str]:
    from mason.resources.kinds import address_of
    from mason.resources.validate import kind_findings, schema_findings

    definition = entry.definition
    if "type" not in definition or kind_findings(definition):
        yield f"the definition of {address} has no type that there is."
    elif found := schema_findings(definition):
        yield from (f"the definition of {address} is none: {each.message}." for each in found)
    elif address_of(definition) != address:
        yield f"the definition of {address} is that of {address_of(definition)}."
    else:
        for client, field in _literal_secrets(definition):
            yield f"{address} holds a literal value for the secret {field!r} of client {client}: use {{{{NAME}}}}."


def _literal_secrets(definition: Any) -> Iterator[tuple[str, str]]:
    from mason.clients import registry

    for client, given in definition.get("clients", {}).items():
        try:
            schema = registry.schema(given.get("type") or client)
        except (EngineError, MissingDependencyError):
            # Applied by somebody who has a client that is not installed here: nobody can tell what is secret.
            continue
        for place, value in secrets.secret_values(given.get("configuration", {}), schema):
            if not secrets.is_reference(value):
                yield client, shown_path(place)
