"""What the file system refuses: said in words, with what to do, or passed over where nobody asked for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mason.clients.local import LocalClient
from mason.engines.models import Job
from mason.errors import SettingsError
from tests.clients.conftest import Local, make, refusal, without_privileges

NAMES = 'print([each.name for each in client.engine("metastore").{verb}]) or "done"'


@pytest.fixture
def data(local: Local) -> Local:
    local.put("data/a.csv", "id,n\n1,x\n")
    return local


def test_listing_leaves_out_folders_that_may_not_be_looked_into(data: Local) -> None:
    folders = [data.put(f"{name}/b.csv", "id\n1\n").parent for name in ("closed", "data/closed", "data/named")]
    for folder, mode in zip(folders, (0o000, 0o000, 0o444), strict=True):
        folder.chmod(mode)
    assert without_privileges(data, NAMES.format(verb="list_databases()")) == "['data']\ndone"
    assert without_privileges(data, NAMES.format(verb="list_tables('data')")) == "['a']\ndone"
    assert without_privileges(data, "client.engine('storage').list_paths('closed')") == (
        f"AccessDeniedError: The folder {data.root}/closed cannot be read: Permission denied. Check its permissions, "
        "or leave it out of the path."
    )
    assert without_privileges(data, "client.engine('storage').read('closed/b.csv')") == (
        "AccessDeniedError: closed/b.csv cannot be reached: Permission denied. Check the permissions of the folders "
        "that it is in."
    )


def test_links_that_nobody_can_follow_are_no_tables(data: Local) -> None:
    (data.root / "data/loop.csv").symlink_to("loop.csv")
    assert [table.name for table in data.metastore.list_tables("data")] == ["a"]


def test_a_target_below_a_file(data: Local) -> None:
    told = "ConflictError: {} cannot be written: data/a.csv is a file, not a folder. Choose another path."
    for path in ("data/a.csv/x.csv", "data/a.csv/y/x.csv"):
        assert refusal(data.storage.write, path, "x") == told.format(path)
        assert refusal(data.storage.write, path, "x", overwrite=True) == told.format(path)


def test_a_target_in_a_folder_that_may_not_be_written_to(data: Local) -> None:
    (data.root / "data").chmod(0o555)
    assert without_privileges(data, "client.engine('storage').write('data/deep/x.csv', 'x')") == (
        "AccessDeniedError: data/deep/x.csv cannot be written: the folder data may not be written to. Check its "
        "permissions, or choose another path."
    )


def test_names_that_are_too_long(data: Local) -> None:
    longest = "x" * 251 + ".csv"
    assert data.storage.write(longest, "a\n1\n").path == longest
    shown = "x" * 60
    told = f"EngineError: {shown}... is too long for a path on this machine. Shorten it."
    assert refusal(data.storage.write, f"x{longest}", "a") == told
    assert refusal(data.storage.read, f"x{longest}") == told
    assert refusal(data.storage.infer_table, "x" * 9000) == told
    assert refusal(data.storage.exists, "\ud800") == (
        "EngineError: '\\ud800' is no path that client local can reach; it takes paths of files and file:// URLs."
    )


def test_folders_made_for_a_file_that_was_not_written_are_removed(data: Local) -> None:
    assert refusal(data.storage.copy, "data/none.csv", "new/er/b.csv").startswith("NotFoundError: ")
    assert not (data.root / "new").exists()


@pytest.mark.parametrize(
    ("root", "told"),
    [
        (
            "nope",
            "NotFoundError: The client's root {} does not exist. Make the folder, or name another one as root in ",
        ),
        (
            "data/a.csv",
            "EngineError: The client's root {} is not a folder. Make it one, or name another one as root in ",
        ),
    ],
)
def test_a_root_that_is_no_folder(data: Local, root: str, told: str) -> None:
    other = make(data.root, root=root)
    told = told.format(data.root / root) + "the config's local client."
    assert refusal(other.metastore.list_databases) == told
    assert refusal(other.metastore.list_tables, "data") == told
    assert refusal(other.storage.write, "x.csv", "x") == told
    assert refusal(other.storage.infer_table, "data/*.csv") == told
    assert not (data.root / "nope").exists()


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    client = LocalClient({"root": "~", "warehouse": "~/w"}, base=Path("/nowhere"))
    assert (client.root.path, client.warehouse.folder) == (tmp_path.resolve(), tmp_path / "w")
    nowhere = LocalClient({"warehouse": "~nobody-of-that-name/w"}, base=tmp_path)
    with pytest.raises(SettingsError) as refused:
        assert nowhere.warehouse
    assert str(refused.value) == (
        "There is no home folder for ~nobody-of-that-name/w, which is warehouse in the config's local client. "
        "Write the whole path."
    )


def test_a_warehouse_that_is_a_file(data: Local) -> None:
    other = make(data.root, warehouse="data/a.csv")
    told = (
        f"EngineError: The warehouse {data.root}/data/a.csv is a file, not a folder. Name a folder as warehouse in the "
        "config's local client, or a DuckDB file that ends in .duckdb or .db."
    )
    assert refusal(other.metastore.list_databases) == told
    assert refusal(other.metastore.create_database, "lake") == told


def test_a_warehouse_that_may_not_be_written_to(data: Local) -> None:
    (data.root / "warehouse").mkdir(mode=0o555)
    told = (
        "AccessDeniedError: The warehouse cannot use {}: Permission denied. Mend that, or name another folder as "
        "warehouse in the config's local client."
    )
    create = "client.engine('metastore').create_table('r', 't', definition={'location': 'data/a.csv'})"
    assert without_privileges(data, create) == told.format(data.root / "warehouse/jobs")


def test_a_job_that_cannot_be_kept_is_found_out_before_the_table_is_registered(data: Local) -> None:
    (data.root / "warehouse").mkdir()
    (data.root / "warehouse/jobs").touch()
    assert refusal(data.metastore.create_table, "r", "t", definition={"location": "data/a.csv"}) == (
        f"AccessDeniedError: The warehouse cannot use {data.root}/warehouse/jobs: File exists. Mend that, or name "
        "another folder as warehouse in the config's local client."
    )
    assert [database.name for database in data.metastore.list_databases()] == ["data"]


def test_no_job_is_kept_of_a_table_that_was_not_registered(data: Local) -> None:
    data.metastore.create_table("r", "t", definition={"location": "data/a.csv"})
    assert refusal(data.metastore.create_table, "r", "T", definition={"location": "data/a.csv"}) == (
        "ConflictError: Table T in database r is registered already as t."
    )
    assert len(list((data.root / "warehouse/jobs").iterdir())) == 1


@pytest.mark.parametrize(
    "content", ["[]", "null", "nope", '"x"', '{"job_id": 1}', '{"job_id": "a", "status": "b", "logs": 5}']
)
def test_damaged_records_of_jobs(data: Local, content: str) -> None:
    job = data.execution.query("SELECT 1 AS a", output="o.csv")
    assert isinstance(job, Job)
    record = data.root / f"warehouse/jobs/{job.job_id}.json"
    record.write_text(content)
    assert refusal(data.execution.get_job, job.job_id) == (
        f"EngineError: The record of job {job.job_id} is damaged: {record}. Remove the file; what the job made is not "
        "in it."
    )
