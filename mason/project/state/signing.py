"""Who vouches for what is applied: making a person's key, and signing what the state holds already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mason.errors import NotFoundError, SettingsError
from mason.project.confirming import Confirmation
from mason.project.opened import Project
from mason.project.state.keeping import Change, following
from mason.state import signatures
from mason.state.lock import who
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was made or was there: its ``public`` part, the file with the private one, and the file that lists
    who may sign."""

    public: str
    key: Path
    signers: Path


def make_key(project: Project) -> Made:
    """This person's key, made where there is none, and listed in the project. Raises ``SettingsError``."""
    signer = signatures.own_key() or signatures.make_key()
    listed = signatures.add_signer(project.settings.root, who(), signer.public)
    return Made(signer.public, signatures.key_file(), listed)


def sign(project: Project, addresses: Sequence[str]) -> Change[tuple[str, ...]]:
    """The state with ``addresses`` (all that is not signed by somebody who may, where there are none) signed by this
    person. Raises ``NotFoundError``, and ``SettingsError`` where there is no key.

    What was edited in the state is never signed: its digest is not that of what stands there.
    """
    signer = signatures.own_key()
    if signer is None:
        raise SettingsError("There is no key to sign with. Make one: mason state sign-key")
    allowed = signatures.signers(project.settings.root)
    base = project.store.read()
    for address in addresses:
        if address not in base.resources:
            raise NotFoundError(f"There is no {address} in the state. See what there is with: mason state list")
    entries = dict(base.resources)
    chosen = addresses or [each for each, entry in entries.items() if signatures.fault(each, entry, allowed)]
    signed = {
        each: replace(entries[each], signature=signer.sign(each, entries[each].digest))
        for each in chosen
        if entries[each].is_as_applied
    }
    return Change(base, following(entries | signed, base), tuple(signed), (Confirmation("Sign these?"),))
