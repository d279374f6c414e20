"""Use case of ``mason fmt``: the YAML of a project in one layout. No state is read and no engine called."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mason import bounds
from mason.errors import Diagnostic, ResourceError
from mason.project.opened import Project
from mason.resources.layout import UnfitTextError, laid_out
from mason.resources.parse import holds_resources
from mason.resources.walking import MAX_BYTES, find, unreadable
from mason.settings import PROJECT_FILE
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A file, as it is and as it is to be."""

    shown: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Formatted:
    """How many files were looked at, those of them whose layout is another one, and why others are left as they are."""

    files: int
    changed: tuple[LaidOut, ...]
    faults: tuple[Diagnostic, ...]


def format_files(project: Project, paths: Sequence[Path] = (), *, write: bool) -> Formatted:
    """Lay out the YAML files under ``paths`` (the whole project with its ``mason.yaml`` without any).

    Files in which no document is Mason's are passed over, unless they were named. With ``write`` each file is replaced
    whole, or stays as it is; a link stays a link. Raises nothing for single files: their faults are in the answer.
    """
    root = project.settings.root
    own = [each for each in (root / PROJECT_FILE,) if each.is_file()]
    found, faults = find(paths or [root, *own], root, project.settings.ignore)
    changed: list[LaidOut] = []
    files = 0
    for each in found:
        try:
            before = bounds.read_file(Path(each.path), MAX_BYTES)
            if not (each.named or holds_resources(before)):
                continue
            files += 1
            after = laid_out(before)
            if after == before:
                continue
            if write:
                _replace(each.path, before, after)
        except UnfitTextError as error:
            faults += [Diagnostic(each.shown, *fault) for fault in error.faults]
        except OSError as error:
            faults.append(unreadable(each.shown, error))
        else:
            changed.append(LaidOut(each.shown, before, after))
    return Formatted(files, tuple(changed), tuple(sorted(faults)))


def format_text(data: bytes) -> bytes:
    """``data``, the content of a YAML file, laid out. Raises ``ResourceError`` with what is wrong with it."""
    try:
        return laid_out(data)
    except UnfitTextError as error:
        raise ResourceError([Diagnostic("-", *fault) for fault in error.faults]) from error


def _replace(path: str, before: bytes, after: bytes) -> None:
    """Put ``after`` in the place of ``before``, with the same permissions. Raises ``OSError``, also where the file is
    another one by now."""
    real = Path(os.path.realpath(path))
    with tempfile.NamedTemporaryFile(dir=real.parent, prefix=f".{real.name}.", delete=False) as file:
        try:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
            shutil.copymode(real, file.name)
            if bounds.read_file(real, MAX_BYTES) != before:
                raise OSError(errno.EBUSY, "somebody else writes it")
            Path(file.name).replace(real)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
