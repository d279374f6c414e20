"""Errors of a client's library and of the file system, in words that name the client and the verb."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from mason.errors import AccessDeniedError, EngineError, MasonError


@contextlib.contextmanager
def client_named(client: str | None, engine: str, verb: str) -> Iterator[None]:
    """Turn what a client's library raises, an exit included, into an ``EngineError`` that says where."""
    try:
        yield
    except MasonError:
        raise
    except (Exception, SystemExit) as error:
        raise EngineError(f"Client {client} failed at {engine}.{verb}: {type(error).__name__}: {error}") from error


@contextlib.contextmanager
def in_words(failed: str) -> Iterator[None]:
    """Turn an ``OSError`` of the file system into an error that says which path, why, and what may help."""
    try:
        yield
    except OSError as error:
        path = error.filename2 or error.filename
        if not error.strerror or path is None:
            # Not of the file system: libraries derive errors of their own from this class.
            raise
        kind = AccessDeniedError if isinstance(error, PermissionError) else EngineError
        remedy = _REMEDIES.get(error.errno or 0, "See what is there, then run it again.")
        raise kind(f"{failed}: cannot use {path}: {error.strerror}. {remedy}") from error


_REMEDIES = {
    errno.EACCES: "Check its permissions and those of its folder.",
    errno.EPERM: "Check its permissions and those of its folder.",
    errno.EROFS: "Choose a path on a disk that can be written to.",
    errno.ENOSPC: "Make room on the disk, then run it again.",
    errno.EDQUOT: "Make room on the disk, then run it again.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ENOTDIR: "A part of the path is a file, not a folder. Choose another path.",
    errno.EEXIST: "Something of that name is in the way. Choose another path.",
    errno.ELOOP: "It is a link that leads back to itself. Remove the link.",
}
