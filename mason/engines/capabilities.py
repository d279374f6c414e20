"""What a client can do beyond its verbs, as a value that it declares: formats, names, times, rules.

``supports`` says which verbs an engine does; capabilities say which arguments these verbs can take. Planning reads them
and refuses by name what a client lacks, the suites of ``mason.testing`` prove them, and the tables of the docs are made
from them. An engine that declares nothing promises nothing: that is what the defaults say.
"""

from __future__ import annotations

from mason.engines.scheduling import Keeps
from mason.values import dataclass

COMPRESSIONS = ("gzip", "zstd", "snappy", "lz4", "brotli", "none")
"""What files can be compressed by, in Mason's words."""

NAME_CASES = ("", "kept", "folded", "lower")
"""What ``Capabilities.name_case`` may be."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format of the files that tables are in, and in which ways an engine reads or writes it.

    ``name`` is ``csv``, ``json``, ``jsonl``, ``parquet``, ``xlsx`` or another word that endings of files have.
    ``compressions`` are of :data:`COMPRESSIONS`, in the order in which they are listed. ``folders`` says whether a
    table may be a folder of such files, by partition columns or by their number, and ``files`` whether it may be one
    file.
    """

    name: str
    compressions: tuple[str, ...] = ("none",)
    folders: bool = False
    files: bool = True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one engine of a client can do. The source of each is the service's documentation, proven by the suites.

    ``reads``: formats from which the engine reads tables, in the order in which they are listed; none by default.
    ``writes``: formats in which it writes tables, with what it can do to each; none by default.
    ``dialect``: the SQL that it speaks, by sqlglot's name for it (``duckdb``, ``trino``); empty: it takes no SQL.
    ``longest_name``: characters of the longest name of a table or column that it keeps; 0: there is no limit.
    ``name_case``: what becomes of upper and lower case in the names of tables (metastore) or columns (execution):
    ``kept`` (two names that differ in case only are two), ``folded`` (kept as written, but such names are one),
    ``lower`` (turned into lower case), or empty: not known.
    ``checks``: whether an execution engine looks whether checks hold before it publishes what it wrote
    (:mod:`mason.engines.checking`).
    ``starts_engine``: whether a question, read-only or not, may start what answers it, so that only runs ask it.
    ``stamped``: whether a metastore or scheduler gives ``stamps`` of what it keeps, so that plans look at that unasked.
    ``keeps``: the rules of schedules and of the DAGs in them that a scheduler keeps.
    ``time_digits``: digits behind the second that a time keeps on its way from a file to an answer.
    ``schemes``: schemes (``file``, ``s3``) of the URLs that the engine takes in the place of paths and in the locations
    of tables. The first one of a storage is that of the URLs that its ``locate`` gives. None by default.
    ``borrowed``: those of ``schemes`` that it reaches only through another client of its config, whose storage has
    such URLs.
    """

    reads: tuple[FileFormat, ...] = ()
    writes: tuple[FileFormat, ...] = ()
    dialect: str = ""
    longest_name: int = 0
    name_case: str = ""
    time_digits: int = 0
    schemes: tuple[str, ...] = ()
    borrowed: tuple[str, ...] = ()
    checks: bool = False
    starts_engine: bool = False
    stamped: bool = False
    keeps: Keeps = Keeps()

    def written(self, name: str) -> FileFormat | None:
        """How the format of that name is written; ``None`` where it is not."""
        return next((each for each in self.writes if each.name == name), None)

    def read(self, name: str) -> FileFormat | None:
        """How the format of that name is read; ``None`` where it is not."""
        return next((each for each in self.reads if each.name == name), None)
