"""Nothing outside of the root is read, written or deleted, and nothing in it that was not meant."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from mason.clients import registry
from mason.clients._duckdb.extensions import load_excel
from mason.dryrun.check import examiner
from tests.clients.conftest import Local, make, refusal

_HEADER = {"csv": ", HEADER", "xlsx": ", HEADER true"}


@pytest.fixture
def outside(local: Local) -> Path:
    """A file outside of the root, with links to it and to its folder inside."""
    folder = local.root.with_name("outside")
    folder.mkdir()
    (folder / "secret.csv").write_text("a\n1\n")
    local.put("data/mine.csv", "a\n2\n")
    (local.root / "data/link.csv").symlink_to(folder / "secret.csv")
    (local.root / "data/folder").symlink_to(folder)
    return folder


def denied(local: Local, path: str) -> str:
    return (
        f"AccessDeniedError: {path} lies outside of the client's root {local.root} "
        "(set allow_outside_root: true in the config's local client to allow it)."
    )


@pytest.mark.parametrize("path", ["../outside/secret.csv", "data/link.csv", "data/folder/secret.csv"])
def test_paths_that_lead_outside(local: Local, outside: Path, path: str) -> None:
    storage = local.storage
    for verb in (storage.read, storage.exists, storage.list_paths, storage.infer_table, storage.fingerprint):
        assert refusal(verb, path) == denied(local, path)
    assert refusal(storage.write, path, b"x", overwrite=True) == denied(local, path)
    assert refusal(storage.copy, path, "copy.csv") == denied(local, path)
    assert refusal(storage.copy, "data/mine.csv", path, overwrite=True) == denied(local, path)
    assert refusal(storage.delete, path) == denied(local, path)
    assert refusal(local.metastore.create_table, "r", "t", definition={"location": path}) == denied(local, path)
    assert (outside / "secret.csv").read_text() == "a\n1\n"


def test_tables_that_lead_outside(local: Local, outside: Path) -> None:
    assert refusal(local.metastore.get_table, "data", "link") == denied(local, "data/link.csv")
    assert refusal(local.metastore.get_table, "data/folder", "secret") == denied(local, "data/folder")
    assert refusal(local.metastore.get_table, "..", "outside") == denied(local, "..")
    assert refusal(local.storage.infer_table, "data/*.csv") == denied(local, "data/link.csv")
    told = refusal(local.metastore.get_table, "data", "../data/mine")
    assert told == "NotFoundError: Table ../data/mine not found in database data. Tables: link, mine."


def test_listings_pass_over_links_that_lead_outside(local: Local, outside: Path) -> None:
    assert [found.path for found in local.storage.list_paths("data")] == ["data/mine.csv"]
    assert local.storage.fingerprint("data") == local.storage.fingerprint("data/m*.csv")


def test_links_inside_are_followed(local: Local) -> None:
    local.put("data/mine.csv", "a\n2\n")
    (local.root / "data/alias.csv").symlink_to("mine.csv")
    assert local.rows("alias") == [(2,)]
    assert local.storage.delete("data/alias.csv").path == "data/alias.csv"
    assert local.rows("mine") == [(2,)]


def test_symlink_loops_end(local: Local) -> None:
    local.put("data/t/a.csv", "a\n1\n")
    (local.root / "data/t/up").symlink_to(local.root / "data")
    assert local.rows("t") == [(1,)]
    assert [database.name for database in local.metastore.list_databases()] == ["data"]


def test_outside_can_be_allowed(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text("a\n1\n")
    local = make(tmp_path / "open", allow_outside_root=True)
    assert local.storage.read("../outside.csv") == b"a\n1\n"
    table = local.storage.infer_table("../outside.csv")
    assert local.ask("SELECT * FROM $table", table=table) == [(1,)]


def test_urls_and_nul_are_no_paths(local: Local) -> None:
    for path in ("s3://bucket/key.csv", "a\0b"):
        assert refusal(local.storage.read, path) == (
            f"EngineError: {path!r} is no path that client local can reach; it takes paths of files and file:// URLs."
        )


@pytest.mark.parametrize("path", ["", ".", "data/..", "/"])
def test_the_root_is_never_deleted(local: Local, path: str) -> None:
    local.put("data/a.csv", "a\n1\n")
    assert refusal(local.storage.delete, path, recursive=True).startswith("AccessDeniedError: ")
    assert (local.root / "data/a.csv").exists()


def test_delete_table_deletes_only_its_files(local: Local) -> None:
    local.put("data/t/year=2012/a.csv", "a\n1\n")
    local.put("data/t/b/_SUCCESS", "")
    local.put("data/other.csv", "a\n1\n")
    assert refusal(local.metastore.delete_table, "data", "t") == (
        "ConflictError: Table t in database data is nothing but its data (data/t): there is no registration to delete. "
        "Ask for delete_files to delete the data."
    )
    assert local.metastore.delete_table("data", "t", delete_files=True).name == "t"
    left = sorted(str(path.relative_to(local.root)) for path in local.root.rglob("*") if path.is_file())
    assert left == ["data/other.csv", "data/t/b/_SUCCESS"]
    assert not (local.root / "data/t/year=2012").exists()


def test_delete_table_leaves_files_of_others(local: Local) -> None:
    local.put("data/a/1.csv", "a\n1\n")
    local.put("data/b/1.csv", "a\n1\n")
    (local.root / "data/a/2.csv").symlink_to(local.root / "data/b/1.csv")
    assert refusal(local.metastore.delete_table, "data", "a", delete_files=True) == (
        "AccessDeniedError: data/b/1.csv lies outside of data/a, so it is not deleted with the table. "
        "Delete it yourself, then delete the table again."
    )
    assert (local.root / "data/a/1.csv").exists()


def test_delete_a_registration_with_its_files(local: Local) -> None:
    local.put("data/a.csv", "a\n1\n")
    local.put("data/b.csv", "a\n1\n")
    local.metastore.create_table("r", "t", definition={"location": "data/a*.csv"})
    local.metastore.delete_table("r", "t", delete_files=True)
    assert [found.path for found in local.storage.list_paths("data")] == ["data/b.csv"]


def test_no_config_may_ask_for_thousands_of_threads():
    """They would bring the whole machine to a stand."""
    configuration = {"configuration": {"threads": 20_000}}
    definition = {"type": "config", "id": "1", "clients": {"local": configuration}}
    found = [finding.message for finding in examiner(registry)(definition, ())]
    assert found == ["wrong value for 'threads' of client local"]


@pytest.mark.parametrize("format", ["csv", "json", "parquet", "xlsx"])
@pytest.mark.parametrize(
    ("name", "other"),
    [("a[1]", "a1"), ("s*", "s1"), ("b?", "bb"), ("w[", "wz"), ("br[12]/q", "br1/q"), ("**/q", "d/q")],
)
def test_names_that_look_like_globs_are_names(local: Local, format: str, name: str, other: str) -> None:
    for stem, column in ((name, "mine"), (other, "other")):
        path = local.put(f"data/{stem}.{format}", "")
        path.unlink()
        copied = local.put("copied", "")
        with duckdb.connect() as connection:
            if format == "xlsx":
                load_excel(connection)
            connection.execute(
                f"COPY (SELECT 'text' AS {column}) TO '{copied}' (FORMAT {format}{_HEADER.get(format, '')})"
            )
        copied.rename(path)
    location = f"data/{name}.{format}"
    inferred = local.storage.infer_table(location)
    assert inferred.schema is not None
    assert [column.name for column in inferred.schema.columns] == ["mine"]
    local.metastore.create_table("r", "t", definition={"location": location})
    assert local.ask("SELECT mine FROM r.t") == [("text",)]


def test_a_root_that_looks_like_a_glob(tmp_path: Path) -> None:
    for folder, column in (("br[12]", "mine"), ("br1", "other")):
        path = tmp_path / folder / "q/t.csv"
        path.parent.mkdir(parents=True)
        path.write_text(f"{column}\n1\n")
    local = make(tmp_path / "br[12]")
    assert local.ask("SELECT mine FROM q.t") == [(1,)]
    local.metastore.create_table("r", "t", definition={"location": "q/t.csv"})
    assert local.ask("SELECT mine FROM r.t") == [(1,)]


def test_tables_of_files_that_look_like_globs(local: Local) -> None:
    for name in ("k=[1]/a[1]", "k=1/a1", "k=1/a*"):
        local.put(f"data/t/{name}.csv", f"v\n{name}\n")
    assert local.rows("t", "SELECT v, k FROM $table ORDER BY v") == [
        ("k=1/a*", "1"),
        ("k=1/a1", "1"),
        ("k=[1]/a[1]", "[1]"),
    ]


def test_an_allowed_name_is_no_pattern_for_sql_that_people_write(local: Local) -> None:
    allowed = local.put("data/?b.csv", "v\nmine\n")
    hidden = local.put("data/_b.csv", "v\nhidden\n")
    table = local.metastore.get_table("data", "?b")
    assert refusal(local.execution.query, f"SELECT * FROM $table, read_csv('{allowed}')", table=table) == (
        f"AccessDeniedError: SQL may not open the file {hidden}: a query reads tables and nothing else. "
        "Ask for a table by its name (database.table), or register the file with metastore.create_table first."
    )


def test_a_file_larger_than_the_memory_is_copied_and_not_read(tmp_path: Path) -> None:
    local = make(tmp_path / "small", memory_limit="20MB")
    large = local.put("large.bin", "")
    with large.open("r+b") as file:
        file.truncate(30_000_000)
    assert refusal(local.storage.read, "large.bin") == (
        "EngineError: large.bin is not read whole: it is larger than 20 MB, as memory_limit has it. Ask for its rows "
        "with a query, or copy it."
    )
    assert local.storage.copy("large.bin", "a/copy.bin").size == 30_000_000


@pytest.mark.parametrize("note", ["[" * 100_000, '{"output": "out", "files": [{"path": 1}]}', "[]", None])
def test_a_note_that_is_none_opens_no_folder(tmp_path: Path, note: str | None) -> None:
    local = make(tmp_path / "noted")
    local.put("out/mine.csv", "id\n1\n")
    if note is None:
        os.mkfifo(local.root / "out/_mason.json")
    else:
        local.put("out/_mason.json", note)
    local.put("data/t.csv", "id\n1\n")
    table = local.metastore.get_table("data", "t")
    told = refusal(local.execution.format, table, output="out", format="csv", partitions=2, overwrite=True)
    assert told.startswith("ConflictError: out is a folder that Mason did not write")
