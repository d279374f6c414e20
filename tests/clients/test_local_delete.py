"""Deleting tables with their files: all of it, or what is left can be deleted again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Local

DELETE = """
import sys
from pathlib import Path

from mason.clients.local import LocalClient
from mason.errors import EngineError

try:
    LocalClient({}, base=Path(sys.argv[1])).engine("metastore").delete_table("r", "t", delete_files=True)
except EngineError as error:
    print(type(error).__name__, error, sep=": ")
"""


def delete_without_privileges(local: Local) -> str:
    """What deleting ``r.t`` says to a person whom the file system can refuse something; root is not one."""
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"] if os.geteuid() == 0 else []
    if plain and shutil.which(plain[0]) is None:
        pytest.skip("needs setpriv to give up root's privileges")
    return subprocess.run(
        [*plain, sys.executable, "-c", DELETE, str(local.root)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_files_that_cannot_be_deleted_keep_the_registration(local):
    local.put("data/t/a.csv", "a\n1\n")
    local.put("data/t/x/b.csv", "a\n2\n")
    local.metastore.create_table("r", "t", definition={"location": "data/t"})
    folder = local.root / "data/t"
    folder.chmod(0o555)
    try:
        told = delete_without_privileges(local)
    finally:
        folder.chmod(0o755)
    assert told == (
        "EngineError: data/t/a.csv (Permission denied) was not deleted, so table t in database r is not forgotten. "
        "Make it possible to delete it, then delete the table again.\n"
    )
    assert [path.name for path in folder.rglob("*.csv")] == ["a.csv"]
    assert local.ask("SELECT * FROM r.t") == [(1,)]
    local.metastore.delete_table("r", "t", delete_files=True)
    assert list(folder.rglob("*.csv")) == []
    assert local.metastore.list_tables("r") == []


def test_a_registration_whose_file_is_gone_can_be_deleted_with_its_files(local):
    path = local.put("data/a.csv", "a\n1\n")
    local.metastore.create_table("r", "t", definition={"location": "data/a.csv"})
    path.unlink()
    local.metastore.delete_table("r", "t", delete_files=True)
    assert local.metastore.list_tables("r") == []


def test_a_link_to_a_sibling_is_not_read_twice_and_goes_with_it(local):
    target = local.put("data/t/b.csv", "a\n1\n2\n")
    (local.root / "data/t/c.csv").symlink_to("b.csv")
    assert local.rows("t") == [(1,), (2,)]
    assert local.rows("t", "SELECT count(*) FROM $table") == [(2,)]
    local.metastore.delete_table("data", "t", delete_files=True)
    assert not target.parent.exists()


def test_a_link_that_is_no_part_of_the_table_stays(local):
    local.put("data/b.csv", "a\n1\n")
    link = local.root / "data/c.csv"
    link.symlink_to("b.csv")
    local.metastore.create_table("r", "t", definition={"location": "data/b.csv"})
    local.metastore.delete_table("r", "t", delete_files=True)
    assert link.is_symlink()
