"""DuckDB's extensions, which packages bring: ``INSTALL`` would need the internet.

DuckDB compares an extension with its signature, which takes longer than most queries (0.1 s for 20 megabytes). So each
version of a file is compared once, and a private cache says so to later processes. It holds no more than the stamps of
these files: who could put another one in their place without a new stamp could put it in DuckDB's own.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mason import caches, home
from mason.errors import MissingDependencyError, SettingsError

if TYPE_CHECKING:
    import duckdb

_MAGIC = b"mason-extensions-1\n"


def load_excel(connection: duckdb.DuckDBPyConnection) -> None:
    """Teach the connection to read and write .xlsx. Raises ``MissingDependencyError``."""
    load_extension(connection, "excel", "Reading .xlsx files", "excel")


def load_extension(connection: duckdb.DuckDBPyConnection, name: str, what: str, extra: str) -> None:
    """Load the extension ``name``, which ``what`` needs and the extra of Mason brings. Raises
    ``MissingDependencyError``.

    It comes from the package ``duckdb-extension-NAME``.
    """
    from importlib.util import find_spec

    import duckdb

    package = find_spec(f"duckdb_extension_{name}")
    folder = Path(package.origin).parent if package and package.origin else None
    extension = folder and folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if extension is None or not extension.exists():
        raise MissingDependencyError(what, extra)
    looked_ns = time.time_ns()
    stamp = caches.stamp_of(extension.stat())
    if _known().get(str(extension)) != stamp:
        connection.execute("SET allow_unsigned_extensions = false")
    connection.load_extension(str(extension))
    if _known().get(str(extension)) != stamp:
        note_signed(extension, stamp, looked_ns)


def note_signed(extension: Path, stamp: caches.Stamp, looked_ns: int) -> None:
    """Remember that a version of a file has the signature that it should have.

    looked_ns: the time before the look at its stamp.
    """
    _known()[str(extension)] = stamp
    place = _place()
    if place is not None and caches.trusted(stamp, looked_ns):
        kept = caches.read(place, _header()) or {}
        caches.write(place, _header(), {**kept, str(extension): stamp})


@cache
def _known() -> dict[str, caches.Stamp]:
    """The stamps of files that were compared, by this process and by others."""
    place = _place()
    return dict((caches.read(place, _header()) or {}) if place is not None else {})


def _place() -> Path | None:
    try:
        return home.mason_home() / "cache" / "extensions"
    except SettingsError:
        return None


@cache
def _header() -> bytes:
    import duckdb

    # Each version of DuckDB has keys of its own.
    return caches.header(_MAGIC, __file__, duckdb.__version__)
