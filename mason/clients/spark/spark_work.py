"""Work that ends in files: what Spark makes of a query, and how it becomes the output, whole or not at all.

Spark writes parquet to a folder of Mason's (``work/JOB/out``). Then Mason makes the output of it, exactly as ``local``
writes: beside the target first, checked, with its manifest, and moved to the target's name in one step. What Spark
wrote never is the output itself, so a job that is lost halfway leaves nothing that a reader could meet.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import bounds
from mason.clients._duckdb.reading.table_files import fingerprint, fingerprint_of_content
from mason.clients._duckdb.writing.outputs import NOTE
from mason.clients._objects.object_path import ObjectPath, ask_again
from mason.clients._tables.deduping import with_removed
from mason.clients._tables.requests import Output
from mason.engines.checking import Asked, asking
from mason.errors import EngineError
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.clients._duckdb.reading.readers import Source
    from mason.clients.spark.spark_ground import Ground

DONE = "_SUCCESS"
"""What Spark puts into a folder that it has written whole."""

_MADE = "made.json"


@dataclass(frozen=True, slots=True)
class Work:
    """One job, as it is kept while it goes on, for another process to end it.

    - ``job_id`` and ``verb`` (``execution.query``).
    - ``session_id``: of the session on the server in which nothing else is done.
    - ``sql``: the query as it was written, for errors; ``text``: what Spark is asked, over views of that session.
    - ``columns``: names and DuckDB's types of what Spark writes, in whose files they are ``c0``, ``c1``...
    - ``output`` and ``target``: what is asked for, and its file or folder.
    - ``files``: those that the query reads, and ``fingerprint``, of them before it began (empty: none).
    - ``told``: further facts for the manifest, and ``logs``: lines for the job's log.
    - ``checks``: what the output has to fulfil; ``None`` where nothing is asked of it.
    """

    job_id: str
    verb: str
    session_id: str
    sql: str
    text: str
    columns: tuple[tuple[str, str], ...]
    output: Output
    target: Path
    files: tuple[Path, ...] = ()
    fingerprint: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    logs: tuple[str, ...] = ()
    checks: Asked | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data, keys as the fields."""
        output = {name: getattr(self.output, name) for name in Output.__slots__}
        return {
            "job_id": self.job_id,
            "verb": self.verb,
            "session_id": self.session_id,
            "sql": self.sql,
            "text": self.text,
            "columns": [list(each) for each in self.columns],
            "output": {**output, "partition_columns": list(self.output.partition_columns)},
            "target": str(self.target),
            "files": [str(each) for each in self.files],
            "fingerprint": self.fingerprint,
            "told": dict(self.told),
            "logs": list(self.logs),
            "checks": self.checks.to_dict() if self.checks is not None else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], place: Callable[[str], Path]) -> Work:
        """The inverse of :meth:`to_dict`, where ``place`` gives the path of a file or the URL of an object. Raises
        ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
        output = values["output"]
        return cls(
            job_id=values["job_id"],
            verb=values["verb"],
            session_id=values["session_id"],
            sql=values["sql"],
            text=values["text"],
            columns=tuple((name, kind) for name, kind in values["columns"]),
            output=Output(**{**output, "partition_columns": tuple(output["partition_columns"])}),
            target=place(values["target"]),
            files=tuple(map(place, values["files"])),
            fingerprint=values["fingerprint"],
            told=dict(values["told"]),
            logs=tuple(values["logs"]),
            checks=Asked.from_dict(values["checks"]) if values.get("checks") else None,
        )


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
