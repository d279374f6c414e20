"""Who vouches for a definition in the state: Ed25519 signatures (RFC 8032), by the library ``cryptography``.

Whoever can write the state can make every digest fit, and so has their code run by all who run operators from it. A
signature says that a person whose key is listed in the project applied this definition. The list is ``mason.signers``
beside ``mason.yaml``, in the hands of whoever reviews the project, and never in the state.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mason import bounds
from mason.errors import MissingDependencyError, SettingsError
from mason.home import mason_home
from mason.settings import refuse_strange
from mason.state import whole_files
from mason.state.snapshot import Entry

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNERS = "mason.signers"
"""The file in a project that lists who may sign: a name and a key on each line."""
_KEY = "signing_key"
_KIND = "ed25519"
_LINE = re.compile(r"(\S+)\s+ed25519\s+([A-Za-z0-9+/=]{44})")


class Signer:
    """A person's private key. ``public`` is the line of ``mason.signers`` that lets it sign, without the name."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = base64.b64encode(key.public_key().public_bytes_raw()).decode()

    def sign(self, address: str, digest: str) -> dict[str, str]:
        """The signature of what ``digest`` covers (definition and Python files), applied at ``address``."""
        signature = self._key.sign(_message(address, digest))
        return {"key": self.public, "signature": base64.b64encode(signature).decode()}


def key_file() -> Path:
    """Where this person's private key is."""
    return mason_home() / _KEY


def make_key() -> Signer:
    """Make this person's private key, for nobody else to read. Raises ``SettingsError`` where there is one already."""
    file = key_file()
    if file.exists():
        raise SettingsError(f"{file} is there already. To make another key, move it away: what it signed stays signed.")
    _require()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    try:
        whole_files.make_folder(file.parent)
        whole_files.replace_file(file, base64.b64encode(key.private_bytes_raw()) + b"\n")
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written ({error.strerror}).") from error
    return Signer(key)


def own_key() -> Signer | None:
    """This person's key; ``None`` where there is none. Raises ``SettingsError`` for one that is damaged."""
    file = key_file()
    if not file.exists():
        return None
    refuse_strange(file)
    _require()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        if file.stat().st_mode & 0o077:
            raise SettingsError(f"{file} can be read by others. Forbid it: chmod 600 {file}")
        return Signer(
            Ed25519PrivateKey.from_private_bytes(base64.b64decode(bounds.read_file(file, 1000), validate=False))
        )
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{file} is no key that Mason made. Move it away, and make one: mason state sign-key"
        ) from error


def signers(root: Path) -> dict[str, str]:
    """The names of those who may sign, by their keys. Raises ``SettingsError`` that names each line that is none."""
    file = root / SIGNERS
    try:
        text = bounds.read_file(file, bounds.SETTINGS).decode()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read ({error}).") from error
    refuse_strange(file)
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        matched = _LINE.fullmatch(line.strip())
        if matched is None:
            raise SettingsError(f"{file}:{number}: this is no signer. Write: NAME {_KIND} KEY (mason state sign-key)")
        found[matched[2]] = matched[1]
    return found


def add_signer(root: Path, name: str, public: str) -> Path:
    """Let a key sign, and return the file that says so. Raises ``SettingsError``."""
    file = root / SIGNERS
    known = signers(root)
    if public in known:
        return file
    before = file.read_text("utf-8") if known else "# Who may sign what is applied. Review changes of this file.\n"
    try:
        whole_files.replace_file(file, f"{before.rstrip()}\n{name} {_KIND} {public}\n".encode())
        file.chmod(0o644)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written ({error.strerror}).") from error
    return file


def fault(address: str, entry: Entry, allowed: Mapping[str, str]) -> str:
    """Why what stands at ``address`` is not what one of the ``allowed`` (names by keys) applied; empty where it is."""
    given = entry.signature or {}
    key, signature = given.get("key"), given.get("signature")
    if not isinstance(key, str) or not isinstance(signature, str):
        return "it is not signed"
    if key not in allowed:
        return f"it is signed by a key that {SIGNERS} does not list ({key[:12]}...)"
    _require()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        public.verify(base64.b64decode(signature, validate=True), _message(address, entry.digest))
    except (InvalidSignature, ValueError, binascii.Error):
        return f"its signature by {allowed[key]} is not that of what stands there"
    return ""


def _message(address: str, digest: str) -> bytes:
    return f"mason signature 1\n{address}\n{digest}".encode()


def _require() -> None:
    from importlib.util import find_spec

    if find_spec("cryptography") is None:
        raise MissingDependencyError("Signing what is applied", "sign")
