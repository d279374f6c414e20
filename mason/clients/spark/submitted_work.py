"""Work that was submitted, as a value: all that another process needs to end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mason.clients._tables.requests import Output
from mason.engines.checking import Asked
from mason.values import dataclass, field


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
