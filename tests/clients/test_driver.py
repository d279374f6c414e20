"""DuckDB's package is what it is anywhere, and loaded without what Mason has no use for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

from mason.clients._duckdb.driver import version_module

SAID = """
import sys
{first}
import duckdb
print(duckdb.__version__, duckdb.__duckdb_version__, duckdb.version(), sorted(dir(duckdb)))
print("importlib.metadata" in sys.modules)
"""


def said(first: str) -> list[str]:
    command = [sys.executable, "-c", SAID.format(first=first)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout.splitlines()


def test_it_says_and_holds_what_it_does_anywhere() -> None:
    theirs, metadata = said("")
    assert metadata == "True"
    assert said("from mason.clients._duckdb import driver; driver.load()") == [theirs, "False"]


def test_a_version_that_only_the_package_knows_is_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "duckdb-1.5.5.post1.dist-info").mkdir()
    assert version_module(tmp_path, "1.5.5") is None
    (tmp_path / "duckdb-1.5.5.dist-info").mkdir()
    made = version_module(tmp_path, "1.5.5")
    assert made is not None
    assert made.version() == "1.5.5 (with duckdb 1.5.5)"
    assert version_module(Path(duckdb.__file__).parents[1], duckdb.__version__) is not None
