"""Work that ends in files: what Spark makes of a query, and how it becomes the output, whole or not at all.

Spark writes parquet to a folder of Mason's (``work/JOB/out``). Then Mason makes the output of it, exactly as ``local``
writes: beside the target first, checked, with its manifest, and moved to the target's name in one step. What Spark
wrote never is the output itself, so a job that is lost halfway leaves nothing that a reader could meet.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import bounds
from mason.clients._duckdb.reading.table_files import fingerprint, fingerprint_of_content
from mason.clients._duckdb.writing.outputs import NOTE
from mason.clients._objects.object_path import ObjectPath, ask_again
from mason.clients._tables.deduping import with_removed
from mason.clients.spark.submitted_work import Work
from mason.engines.checking import asking
from mason.errors import EngineError

if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients.spark.spark_ground import Ground

DONE = "_SUCCESS"
"""What Spark puts into a folder that it has written whole."""

_MADE = "made.json"


def folder_of(client: Ground, job_id: str) -> Path:
    """Where the files of a job on their way are."""
    return client.own.folder / "work" / job_id


def out_of(client: Ground, job_id: str) -> Path:
    """Where Spark writes what a job makes."""
    return folder_of(client, job_id) / "out"


def fingerprint_of(client: Ground, files: tuple[Path, ...]) -> str:
    """What changes when one of the files does; empty where there are none."""
    return fingerprint(files, client.root.show) if files else ""


def write_by_spark(session: Any, text: str, columns: Sequence[tuple[str, str]], out: Path, *, sql: str = "") -> None:
    """Have Spark write what it answers to ``text``, with ``columns``, to ``out``, as parquet. ``sql`` is the query as
    it was written. Raises the ``EngineError`` that explains what stops Spark."""
    from mason.clients.spark.spark_answers import numbered
    from mason.clients.spark.spark_failures import explained

    with explained(sql):
        numbered(session.sql(text), list(columns)).write.mode("error").parquet(f"file://{out}")


def publish(client: Ground, work: Work) -> dict[str, Any]:
    """Make the output of what Spark wrote, and return its manifest. Raises ``EngineError``, ``ConflictError`` when
    somebody else made the target meanwhile, and ``CheckFailedError``."""
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients._duckdb.session import opened
    from mason.clients._duckdb.writing.atomic import write_whole
    from mason.clients._duckdb.writing.copying import write
    from mason.clients._duckdb.writing.outputs import Placed, beside

    made = folder_of(client, work.job_id) / _MADE
    done = _published(made, work.target)
    if done is not None:
        return done
    out = out_of(client, work.job_id)
    if not (out / DONE).exists():
        raise EngineError(
            f"Spark wrote what was asked for, but not to {out} of this machine: its server has other files. Name a "
            "folder that both reach by the same path as folder in the config."
        )
    ask_again(work.files)
    if fingerprint_of(client, work.files) != work.fingerprint:
        raise EngineError("The files that were read changed meanwhile, so nothing was written. Run it again.")
    source = read_back(out, work.columns)
    placed = Placed(work.output, work.target)
    with (
        # The job may be one that another process, or thread, was asked for.
        asking(work.checks),
        beside(placed, client.root) as path,
        opened(client.limits, [source], client.root.show, output=(work.output, path)) as connection,
    ):
        manifest = write(connection, source.sql, placed, path, [Source("", files=work.files)], client.root.show)
        told = dict(work.told)
        rows_in = told.pop("rows_in", None)
        manifest |= told
        manifest = manifest if rows_in is None else with_removed(manifest, rows_in)
        # Whoever takes the job over knows by it whether what is there then is what was made here.
        known_by = _known_by(path, is_object=isinstance(work.target, ObjectPath))
        write_whole(made, json.dumps({"known_by": known_by, "manifest": manifest}).encode())
    return manifest


def read_back(out: Path, columns: Sequence[tuple[str, str]]) -> Source:
    """What reads the files that Spark wrote to ``out`` as ``columns``, which are called ``c0``, ``c1``... in them."""
    from mason.clients._duckdb.quoting import call, exactly
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients.spark.spark_answers import selected

    files = tuple(sorted(out.glob("part-*.parquet")))
    select = f"SELECT {selected(list(columns))} FROM {call('read_parquet', [str(each) for each in files], {})}"
    # A confined DuckDB asks for a path as it stands in the text, too.
    patterns = (Path(exactly(str(each))) for each in files)
    return Source(select, tuple(dict.fromkeys((*files, *patterns))), files=files, columnar=True)


def _published(made: Path, target: Path) -> dict[str, Any] | None:
    """The manifest of an output that has its name already, though the process that gave it is gone."""
    try:
        told = bounds.parse_json(bounds.read_file(made, bounds.RECORD))
        is_ours = _known_by(target, is_object=isinstance(target, ObjectPath)) == told["known_by"]
        return dict(told["manifest"]) if is_ours else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _known_by(path: Path, *, is_object: bool) -> str:
    """What tells an output from all others: a file that is renamed keeps its number, an object has its content."""
    if not is_object:
        return str(path.stat().st_ino)
    # A folder has a note, which lists files whose names nobody else gives.
    return fingerprint_of_content([path if path.is_file() else path / NOTE], lambda _: "")


def clear(client: Ground, job_id: str) -> None:
    """Remove the files of a job that has ended."""
    shutil.rmtree(folder_of(client, job_id), ignore_errors=True)
