"""What the client ``local`` neither writes nor deletes nor lists: the state, warehouses, settings and code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mason.clients.local import LocalClient
from mason.engines.file_urls import file_url
from mason.errors import AccessDeniedError
from tests.clients.conftest import Local, refusal

_NO_DATA = "AccessDeniedError: No verb writes or deletes {}: "
_OWN = "AccessDeniedError: No verb writes, copies or deletes {}: Mason keeps its own things in {} "


@pytest.fixture
def fenced(tmp_path: Path) -> Local:
    """A project whose state is a folder like any other, with a warehouse, settings and an operator."""
    root = tmp_path / "project"
    root.mkdir()
    local = Local(root, LocalClient({}, base=root))
    local.client.kept_out = (file_url(root / "state"), file_url(tmp_path / "home"))
    local.put("state/state.json", "[]")
    local.put("data/t.csv", "id\n1\n")
    local.put("mason.yaml", "name: x\n")
    local.put(".env", "A=1\n")
    local.put("operators/x/y/__init__.py", "")
    local.put("operators/x/y/operator.yaml", "")
    local.execution.format(local.metastore.get_table("data", "t"), output="other/t.parquet")
    local.metastore.create_table("data", "r", definition={"location": "data/t.csv"})
    return local


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("state/state.json", _OWN.format("{}", "state")),
        ("state/new.json", _OWN.format("{}", "state")),
        ("data/../state/runs/x.json", _OWN.format("{}", "state")),
        ("warehouse/jobs/x.json", _OWN.format("{}", "warehouse")),
        ("warehouse/new.csv", _OWN.format("{}", "warehouse")),
        (".mason/state/state.json", "EngineError: No verb writes or deletes {}: "),
        (".env.json", "EngineError: No verb writes or deletes {}: "),
    ],
)
def test_outputs_stay_out(fenced: Local, path: str, told: str) -> None:
    table = fenced.metastore.get_table("data", "t")
    before = {file: file.read_bytes() for file in fenced.root.rglob("*") if file.is_file()}
    asks = [
        lambda: fenced.execution.query("SELECT 1", output=path, overwrite=True),
        lambda: fenced.execution.format(table, output=path, overwrite=True),
        lambda: fenced.execution.dedupe(table, keys=["id"], output=path, overwrite=True),
        lambda: fenced.execution.fake({"id": "INTEGER"}, size=1, output=path, overwrite=True),
    ]
    for ask in asks:
        assert refusal(ask).startswith(told.format(path))
    assert {file: file.read_bytes() for file in fenced.root.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("path", ["mason.yaml", "operators/x/y/__init__.py", "warehouse/warehouse.duckdb", "x.plan"])
def test_outputs_do_not_replace_what_is_no_data(fenced: Local, path: str) -> None:
    told = refusal(fenced.execution.query, "SELECT 1", output=path, format="csv", overwrite=True)
    assert told.startswith(f"EngineError: No verb writes or deletes {path}: ")


@pytest.mark.parametrize(
    "path",
    ["state/state.json", "state", "warehouse", "warehouse/warehouse.duckdb", "warehouse/jobs", ".env", "mason.yaml"],
)
def test_storage_stays_out(fenced: Local, path: str) -> None:
    storage = fenced.storage
    for ask in (
        lambda: storage.write(path, b"x", overwrite=True),
        lambda: storage.copy("data/t.csv", path, overwrite=True),
        lambda: storage.delete(path, recursive=True),
    ):
        assert refusal(ask).startswith("AccessDeniedError: No verb writes")
    assert (fenced.root / path).exists()


@pytest.mark.parametrize("path", ["state/state.json", "warehouse/warehouse.duckdb", ".env"])
def test_nothing_is_read_or_copied_out_of_it(fenced: Local, path: str) -> None:
    assert refusal(fenced.storage.read, path).startswith("AccessDeniedError: No verb writes, copies or deletes")
    assert refusal(fenced.storage.copy, path, "copy.json").startswith("AccessDeniedError: No verb writes, copies")
    assert not (fenced.root / "copy.json").exists()


@pytest.mark.parametrize("path", ["operators", "operators/x", "."])
def test_folders_that_hold_code_stay(fenced: Local, path: str) -> None:
    assert refusal(fenced.storage.delete, path, recursive=True).startswith("AccessDeniedError: ")
    assert (fenced.root / "operators/x/y/operator.yaml").exists()


def test_a_folder_around_the_state_stays(tmp_path: Path) -> None:
    root = tmp_path / "project"
    local = Local(root, LocalClient({}, base=root))
    local.client.kept_out = (file_url(root / "team/state"),)
    local.put("team/state/state.json", "{}")
    told = refusal(local.storage.delete, "team", recursive=True)
    assert told.startswith(_OWN.format("team", "team/state"))
    assert (root / "team/state/state.json").exists()


def test_links_do_not_lead_in(fenced: Local) -> None:
    (fenced.root / "data/settings.csv").symlink_to("../mason.yaml")
    (fenced.root / "data/s").symlink_to("../state")
    told = refusal(fenced.execution.query, "SELECT 1", output="data/settings.csv", overwrite=True)
    assert told.startswith(_NO_DATA.format("data/settings.csv"))
    told = refusal(fenced.storage.write, "data/s/state.json", b"x", overwrite=True)
    assert told.startswith(_OWN.format("data/s/state.json", "state"))
    assert (fenced.root / "mason.yaml").read_text() == "name: x\n"


def test_listings_leave_it_out(fenced: Local) -> None:
    assert [found.path for found in fenced.storage.list_paths()] == ["data/t.csv", "other/t.parquet"]
    assert [found.path for found in fenced.storage.list_paths("*/*")] == ["data/t.csv", "other/t.parquet"]
    assert [each.name for each in fenced.metastore.list_databases()] == ["data", "other"]
    assert refusal(fenced.storage.list_paths, "state").startswith(_OWN.format("state", "state"))


def test_the_state_is_no_table(fenced: Local) -> None:
    assert refusal(fenced.metastore.delete_table, "state", "state", delete_files=True).startswith("NotFoundError: ")
    definition = {"location": "state/state.json"}
    assert refusal(fenced.metastore.create_table, "data", "s", definition=definition).startswith(
        _OWN.format("state/state.json", "state")
    )
    assert (fenced.root / "state/state.json").exists()


@pytest.mark.parametrize("database", ["warehouse/jobs", "state/runs", "data/../state/runs"])
def test_what_is_deep_in_it_is_no_database(fenced: Local, database: str) -> None:
    fenced.put("state/runs/x.json", "[]")
    assert any((fenced.root / "warehouse/jobs").iterdir())
    for told in (
        refusal(fenced.metastore.list_tables, database),
        refusal(fenced.metastore.get_table, database, "x"),
        refusal(fenced.execution.query, f'SELECT * FROM "{database}".x'),
    ):
        assert told == f"NotFoundError: Database {database} not found. Databases: data, other."


def test_a_plan_stays_whatever_it_is_called(fenced: Local) -> None:
    fenced.put("reviewed.json", json.dumps({"format": "mason-plan", "version": 1}))
    told = _NO_DATA.format("reviewed.json") + "a plan file is applied as it was reviewed. Choose another path."
    assert refusal(fenced.execution.query, "SELECT 1", output="reviewed.json", overwrite=True) == told
    assert refusal(fenced.storage.write, "reviewed.json", b"x", overwrite=True) == told
    assert refusal(fenced.storage.delete, "reviewed.json") == told


def test_a_file_is_replaced_only_where_its_ending_fits(fenced: Local) -> None:
    fenced.put("setup.cfg", "mine")
    told = refusal(fenced.execution.query, "SELECT 1", output="setup.cfg", format="csv", overwrite=True)
    assert told == (
        "EngineError: setup.cfg may be replaced only where its ending says what it holds: give it that of csv, or "
        "leave out overwrite."
    )
    assert (fenced.root / "setup.cfg").read_text() == "mine"


def test_a_project_in_a_folder_of_the_state_can_be_worked_in(tmp_path: Path) -> None:
    """The state's own files are kept out, and what the project holds is not."""
    root = tmp_path / "home/project"
    root.mkdir(parents=True)
    local = Local(root, LocalClient({"warehouse": "."}, base=root))
    local.client.kept_out = (file_url(tmp_path / "home"),)
    local.execution.query("SELECT 1 AS id", output="out/t.csv")
    assert local.storage.read("out/t.csv") == b"id\n1\n"
    with pytest.raises(AccessDeniedError):
        local.storage.delete("jobs", recursive=True)


def test_hidden_files_of_others_go_with_their_folder(fenced: Local) -> None:
    fenced.put("old/.part-0.csv.crc", "x")
    fenced.put("old/part-0.csv", "id\n1\n")
    fenced.storage.delete("old", recursive=True)
    assert not (fenced.root / "old").exists()


def test_globs_and_links_do_not_lead_into_a_mason_folder(fenced: Local) -> None:
    """The state of another project below the root is none of the places that this one was told of."""
    fenced.put("other/.mason/state/state.json", '{"a": 1}')
    fenced.put("other/x.json", '{"a": 1}')
    (fenced.root / "other/s.json").symlink_to(".mason/state/state.json")
    (fenced.root / "other/t.parquet").unlink()
    for path in ("other/.mason/state/*.json", "other/.mason/*", "*/.mason/**", "other/s*.json"):
        assert fenced.storage.list_paths(path) == []
        assert refusal(fenced.storage.infer_table, path) == f"NotFoundError: There are no data files at {path}."
        told = refusal(fenced.metastore.create_table, "data", "s", definition={"location": path})
        assert told == f"NotFoundError: There are no data files at {path}."
    assert [found.path for found in fenced.storage.list_paths("other")] == ["other/x.json"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("reviewed.json", "a plan file is applied as it was reviewed. Choose another path."),
        ("plans/", "a plan file is applied as it was reviewed. Choose another path."),
        (".git/x.json", ".git is a hidden name, and hidden files are no data."),
        ("data/link.json", ".git is a hidden name, and hidden files are no data."),
    ],
)
def test_tables_do_not_take_what_is_no_data_with_them(fenced: Local, path: str, told: str) -> None:
    plan = json.dumps({"format": "mason-plan", "version": 1})
    for file in ("reviewed.json", "plans/a.json", ".git/x.json"):
        fenced.put(file, plan)
    (fenced.root / "data/link.json").symlink_to("../.git/x.json")
    fenced.metastore.create_table("data", "s", definition={"location": path})
    assert told in refusal(fenced.metastore.delete_table, "data", "s", delete_files=True)
    assert all((fenced.root / file).exists() for file in ("reviewed.json", "plans/a.json", ".git/x.json"))
    assert fenced.metastore.get_table("data", "s").name == "s"


def test_a_folder_with_a_plan_stays(fenced: Local) -> None:
    fenced.put("plans/a.json", json.dumps({"format": "mason-plan", "version": 1}))
    told = refusal(fenced.storage.delete, "plans", recursive=True)
    assert told == (
        "AccessDeniedError: No verb deletes plans: it holds plans/a.json, which is no data. Delete the data in it by "
        "name."
    )


@pytest.mark.parametrize("name", ["operators/operator.yaml", "a/__init__.py", ".mason/state/state.json", "p.json"])
def test_a_note_opens_no_folder_that_holds_more_than_data(fenced: Local, name: str) -> None:
    """Somebody who can write one file may write the note that says what Mason wrote."""
    fenced.put(f"out/{name}", json.dumps({"format": "mason-plan", "version": 1}))
    fenced.put("out/_mason.json", json.dumps({"output": "out", "files": [{"path": f"out/{name}"}]}))
    table = fenced.metastore.get_table("data", "t")
    told = refusal(fenced.execution.format, table, output="out", format="csv", partitions=2, overwrite=True)
    assert told.startswith("AccessDeniedError: No verb deletes out: it holds out/")
    assert (fenced.root / "out" / name).exists()


def test_litter_of_desktops_goes_with_its_folder(fenced: Local) -> None:
    fenced.put("old/Thumbs.db", "x")
    fenced.storage.delete("old", recursive=True)
    assert not (fenced.root / "old").exists()


def test_links_in_circles_end(fenced: Local) -> None:
    """Two links to the folder around them make more paths than anybody can wait for."""
    for name in ("a", "b"):
        (fenced.root / "data" / name).symlink_to("..")
    assert [found.path for found in fenced.storage.list_paths("**")] == ["data/t.csv", "other/t.parquet"]
    assert [found.path for found in fenced.storage.list_paths("**/*.csv")] == ["data/t.csv"]
    assert [found.path for found in fenced.storage.list_paths("**/data/**/t.*")] == ["data/t.csv"]


def test_a_place_is_known_by_whatever_it_is_called(fenced: Local) -> None:
    """A second name of a file stands in for a file system that takes upper and lower case for the same."""
    os.link(fenced.root / "state/state.json", fenced.root / "data/other.json")
    fenced.client.kept_out = (file_url(fenced.root / "state/state.json"),)
    client = LocalClient({}, base=fenced.root)
    client.kept_out = fenced.client.kept_out
    local = Local(fenced.root, client)
    told = _OWN.format("data/other.json", "state/state.json")
    assert refusal(local.storage.read, "data/other.json").startswith(told)
    assert refusal(local.storage.write, "data/other.json", b"x", overwrite=True).startswith(told)
