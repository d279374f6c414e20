"""Objects that are published whole: what is written on this machine first becomes visible when it is complete.

One file is one object, which appears by one request or at the end of an upload in parts. A folder is several: new
objects under names of their own, then the note that says which they are (conditionally: of two writers one is told of
a conflict), then those of before go. Nothing renames objects, so a reader that lists in between meets new objects
before the note is there, and old ones until they are gone; a process that is killed in between leaves what it had
written so far.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._objects.object_path import several
from mason.clients._objects.object_store import ANY, NEW
from mason.errors import ConflictError, EngineError

if TYPE_CHECKING:
    from mason.clients._objects.object_path import ObjectPath
    from mason.clients._objects.object_store import ObjectFacts


@contextlib.contextmanager
def published(target: ObjectPath, *, overwrite: bool, note: str = "") -> Iterator[Path]:
    """A path on this machine to write to; what is there at the end becomes ``target``, a folder where ``note`` names
    the file in it that is published last.

    Raises ``FileExistsError`` when the target was made or changed by others meanwhile, or exists and ``overwrite`` is
    false.
    """
    from mason import temporary

    before = list(target.store.listed(target.bucket, f"{target.key}/")) if note else []
    with temporary.folder("writing") as held:
        path = held / target.name
        yield path
        try:
            if note:
                _publish_folder(path, target, note, before, overwrite=overwrite)
            else:
                target.store.upload(target.bucket, target.key, path, expect=ANY if overwrite else NEW)
        except ConflictError as error:
            raise FileExistsError(str(target)) from error


def _publish_folder(folder: Path, target: ObjectPath, note: str, before: list[ObjectFacts], *, overwrite: bool) -> None:
    store, bucket = target.store, target.bucket
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each.name != note)
    keys = [f"{target.key}/{each.relative_to(folder).as_posix()}" for each in files]
    known = {each.key: each for each in before}
    place = f"{target.key}/{note}"
    if known and not overwrite:
        raise ConflictError(f"{target} holds objects already.")
    try:
        several(lambda pair: store.upload(bucket, pair[1], pair[0], expect=NEW), list(zip(files, keys, strict=True)))
        others = {each.key for each in store.listed(bucket, f"{target.key}/")} - known.keys() - {*keys}
        if others:
            raise ConflictError(f"Others wrote to {target} meanwhile.")
        store.put(bucket, place, (folder / note).read_bytes(), expect=known[place].etag if place in known else NEW)
    except BaseException:
        with contextlib.suppress(EngineError):
            store.delete_all(bucket, keys)
        raise
    old = [key for key in known if key != place]
    try:
        store.delete_all(bucket, old)
    except EngineError as error:
        raise type(error)(
            f"{target} was written, and {len(old)} objects that it replaces are still there: {error} Delete them, or "
            "write it again."
        ) from error


def named_anew(folder: Path, token: str) -> None:
    """Give the files in a folder names that no earlier writer gave, so that they can stand beside older ones."""
    for file in [each for each in folder.rglob("*") if each.is_file()]:
        stem, dot, ending = file.name.partition(".")
        file.rename(file.with_name(f"{stem}-{token}{dot}{ending}"))
