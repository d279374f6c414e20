"""DuckDB's extensions are compared with their signatures once: each version of a file, by any process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from mason import caches
from tests.waiting import wait_for

# Loads the extension, as often as it is told to, and says what came of each.
LOAD = """
import sys, duckdb
from mason.clients._duckdb.extensions import load_excel
for _ in range(int(sys.argv[1])):
    with duckdb.connect(config={"allow_unsigned_extensions": True}) as connection:
        try:
            load_excel(connection)
            checked = connection.sql("SELECT NOT current_setting('allow_unsigned_extensions')").fetchone()[0]
            print("compared" if checked else "loaded")
        except duckdb.Error as error:
            print("refused", "signature" in str(error))
"""
# What another process would keep of the file, had it been signed.
NOTE = """
import sys
from pathlib import Path
from mason import caches
from mason.clients._duckdb.extensions import note_signed
file = Path(sys.argv[1])
note_signed(file, caches.stamp_of(file.stat()), file.stat().st_ctime_ns + 3 * caches.RACY_NS)
"""


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    """A copy of the extension, in a package of the same name that is met first."""
    import duckdb

    found = find_spec("duckdb_extension_excel")
    assert found is not None
    assert found.origin is not None
    package = tmp_path / "packages" / "duckdb_extension_excel"
    shutil.copytree(Path(found.origin).parent, package)
    return package / "extensions" / f"v{duckdb.__version__}" / "excel.duckdb_extension"


def ran(extension: Path, program: str, *arguments: str) -> list[str]:
    home = extension.parents[4] / "home"
    environment = {**os.environ, "PYTHONPATH": str(extension.parents[3]), "MASON_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.splitlines()


def damage(extension: Path) -> None:
    """Change the signature, which stands at the end."""
    content = extension.read_bytes()
    extension.write_bytes(content[:-8] + bytes([content[-8] ^ 1]) + content[-7:])


@pytest.mark.slow
def test_an_extension_is_compared_once(extension: Path) -> None:
    wait_for(lambda: extension.stat().st_ctime_ns < time.time_ns() - caches.RACY_NS)
    assert ran(extension, LOAD, "2") == ["compared", "loaded"]
    assert ran(extension, LOAD, "2") == ["loaded", "loaded"]
    signed = extension.read_bytes()
    damage(extension)
    assert ran(extension, LOAD, "2") == ["refused True", "refused True"]
    # A file that changed just now may change again without another stamp, so nothing is kept of it.
    extension.write_bytes(signed)
    assert ran(extension, LOAD, "1") == ["compared"]
    assert ran(extension, LOAD, "1") == ["compared"]


@pytest.mark.slow
def test_no_signature_is_looked_at_where_it_was_before(extension: Path) -> None:
    """What a process keeps is what the next one goes by: else all of the above would hold for other reasons."""
    damage(extension)
    assert ran(extension, LOAD, "1") == ["refused True"]
    ran(extension, NOTE, str(extension))
    assert ran(extension, LOAD, "1") == ["loaded"]
