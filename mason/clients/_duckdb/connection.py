"""DuckDB connections with bounds: how much memory, where to spill, and which files SQL may open.

Each verb opens a connection of its own (some milliseconds): a connection that met an internal error of DuckDB is
of no use afterwards, and no setting of one question can leak into the next. Here and in the neighbours, imports wait
for the first use: planning asks a client what it supports, and never connects.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb import working
from mason.clients._duckdb.interrupting import interruptible
from mason.clients._duckdb.quoting import literal, texts
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb

# DuckDB makes as many as it is told to, and thousands bring a machine to a stand.
_MOST_THREADS = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may use: ``memory`` as DuckDB writes it (``1GB``), ``threads`` (``None``: all cores), and
    ``spill``, a folder that exists, in which DuckDB makes one of its own when it has to spill (``None``: in that of the
    system). ``prepare`` teaches a new connection to read what is not on this machine."""

    memory: str
    spill: Path | None = None
    threads: int | None = None
    prepare: Callable[[duckdb.DuckDBPyConnection], None] | None = None

    @property
    def most_bytes(self) -> int | None:
        """``memory`` as a number; ``None`` where it is a share of the machine's (``80%``)."""
        found = _SIZE.fullmatch(self.memory.strip())
        if found is None:
            return None
        base = 1024 if found[3] else 1000
        return int(float(found[1]) * base ** "bkmgt".index((found[2] or "b").lower()))


_SIZE = re.compile(r"([0-9]+(?:\.[0-9]*)?) ?([kKmMgGtT])?(i|I)?(?:[bB]|bytes?)?")


@contextmanager
def connect(limits: Limits, *, ordered: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new in-memory database within ``limits``; times are shown in UTC.

    ``ordered`` keeps rows in the order of the files, which costs memory where nobody needs it. It may open
    any file, so it is for SQL that Mason wrote; :func:`confine` makes it fit for SQL that people wrote.
    """
    # Only where a connection is opened: many questions are answered without one.
    from tempfile import gettempdir

    from mason import temporary

    with ExitStack() as held:
        # DuckDB gives its temporary files the same names in every process. Where no folder can be made, it is told one
        # that is not there: it makes it when it has to spill, and says then what is wrong.
        spill = (limits.spill or Path(gettempdir())) / f"mason-spill-{os.getpid()}"
        with suppress(OSError):
            spill = held.enter_context(temporary.folder("spill", within=limits.spill))
        with _connected(limits, spill, ordered=ordered) as connection:
            yield connection


@contextmanager
def _connected(limits: Limits, spill: Path, *, ordered: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    from mason.clients._duckdb import driver

    driver.load()
    import duckdb

    settings: dict[str, Any] = {
        "memory_limit": limits.memory,
        "temp_directory": str(spill),
        "preserve_insertion_order": ordered,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # Extensions are compared with their signatures where they are loaded.
        "allow_unsigned_extensions": True,
        "python_enable_replacements": False,
        # It keeps what was read of files, also of those on this machine, which are read once.
        "enable_external_file_cache": False,
    }
    if limits.threads is not None:
        settings["threads"] = min(limits.threads, _MOST_THREADS)
    connection = duckdb.connect(":memory:", config=settings)
    try:
        with interruptible(connection):
            connection.execute("SET TimeZone = 'UTC'")
            working.enable(connection)
            if limits.prepare is not None:
                limits.prepare(connection)
            yield connection
    finally:
        connection.close()


@contextmanager
def on_demand(limits: Limits) -> Iterator[Callable[[], duckdb.DuckDBPyConnection]]:
    """What gives a connection, opened when it is first asked for: opening one takes ten milliseconds, and often all
    that is to be known is known."""
    with ExitStack() as stack:
        opened: list[duckdb.DuckDBPyConnection] = []

        def connection() -> duckdb.DuckDBPyConnection:
            if not opened:
                opened.append(stack.enter_context(connect(limits)))
            return opened[0]

        yield connection


def confine(connection: duckdb.DuckDBPyConnection, paths: Iterable[Path], *, folder: Path | None = None) -> None:
    """From now on the connection opens ``paths``, files in ``folder``, and no others, and its settings cannot be
    changed."""
    # A literal: DuckDB takes 0.1 ms for each element of a list that is bound, looking for pandas and numpy.
    connection.execute(f"SET allowed_paths = {texts([str(path) for path in paths])}")
    if folder is not None:
        connection.execute(f"SET allowed_directories = {literal([str(folder)])}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
