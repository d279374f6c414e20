"""Deleting tables with their files: all of it, or what is left can be deleted again."""

from __future__ import annotations

import pytest

from tests.clients.conftest import without_privileges

DELETE = 'client.engine("metastore").delete_table("r", "t", delete_files=True)'


def test_files_that_cannot_be_deleted_keep_the_registration(local):
    local.put("data/t/a.csv", "a\n1\n")
    local.put("data/t/x/b.csv", "a\n2\n")
    local.metastore.create_table("r", "t", definition={"location": "data/t"})
    folder = local.root / "data/t"
    folder.chmod(0o555)
    try:
        told = without_privileges(local, DELETE)
    finally:
        folder.chmod(0o755)
    assert told == (
        "EngineError: data/t/a.csv (Permission denied) was not deleted, so table t in database r is not forgotten. "
        "Make it possible to delete it, then delete the table again."
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


@pytest.mark.parametrize("registered", [False, True])
def test_a_table_that_is_a_link_goes_itself_and_its_target_stays(local, registered):
    target = local.put("kept/b.csv", "a\n1\n")
    link = local.root / "data/c.csv"
    link.parent.mkdir()
    link.symlink_to(target)
    if registered:
        local.metastore.create_table("data", "c", definition={"location": "data/c.csv"})
    local.metastore.delete_table("data", "c", delete_files=True)
    assert not link.is_symlink()
    assert target.read_text() == "a\n1\n"
    assert [database.name for database in local.metastore.list_databases()][-1:] == ["kept"]


def test_a_table_that_is_a_link_to_a_folder_goes_itself(local):
    target = local.put("kept/t/b.csv", "a\n1\n")
    (local.root / "link").symlink_to(target.parent)
    local.metastore.create_table("r", "t", definition={"location": "link"})
    local.metastore.delete_table("r", "t", delete_files=True)
    assert not (local.root / "link").is_symlink()
    assert target.exists()
