"""What stores keep beside the snapshot: sources, named by their digest, and run records. How they are named, written
and checked is the same for every store."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from mason.bounds import parse_json
from mason.errors import SourceChangedError, StateError, StateFormatError

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(content: bytes) -> str:
    """``sha256:`` and the hash of ``content``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def source_name(digest: str) -> str:
    """The hexadecimal part of a digest, safe as the name of a file. Raises ``StateFormatError`` for what is none."""
    if not _DIGEST.fullmatch(digest):
        raise StateFormatError(f"{digest!r} is no digest of a source: expected sha256: and 64 hexadecimal digits.")
    return digest.removeprefix("sha256:")


def verified_source(content: bytes | None, digest: str, *, where: str) -> bytes:
    """The ``content`` that was found (``None``: nothing was), if it is what was once kept as ``digest``.

    Raises ``StateFormatError`` where there is none, and ``SourceChangedError`` for another one.
    """
    if content is None:
        raise StateFormatError(f"{where} is missing. Store it anew with: mason apply --strict")
    if digest_of(content) != digest:
        raise SourceChangedError(
            f"{where} was changed: its content no longer has the digest that names it. "
            "Store it anew with: mason apply --strict"
        )
    return content


def is_run_id(text: str) -> bool:
    """Whether ``text`` may name a run record (see ``StateStore.put_run``)."""
    return _RUN_ID.fullmatch(text) is not None


def encode_run(run_id: str, record: Mapping[str, Any]) -> bytes:
    """A run record as indented JSON. Raises ``StateError`` for an id that is none, and for what JSON cannot hold."""
    if not is_run_id(run_id):
        raise StateError(f"{run_id!r} is no run id: up to 200 letters, digits, '_', '.', ':' and '-'.")
    try:
        return json.dumps(dict(record), indent=2, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise StateError(f"The record of run {run_id} cannot be kept: {error}.") from None


def decode_run(content: bytes | None, run_id: str, *, where: str) -> dict[str, Any]:
    """The run record in ``content`` (``None``: nothing was found) at ``where``.

    Raises ``StateError`` for nothing and ``StateFormatError`` for what is no record.
    """
    if content is None:
        raise StateError(f"There is no run {run_id!r} in the state. See what there is with: mason runs list")
    try:
        record = parse_json(content)
    except ValueError as error:
        raise StateFormatError(f"{where} is not JSON: {error}. Delete it: it is the record of one run.") from None
    if not isinstance(record, dict):
        raise StateFormatError(f"{where} is no run record. Delete it.")
    return record
