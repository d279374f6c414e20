"""The suite of storages; ``mason.testing.engines`` says how to use it."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from mason.engines.engine import Engine
from mason.engines.file_urls import scheme_of
from mason.engines.storage import Storage
from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    NotFoundError,
)
from mason.testing.engines import PEOPLE, EngineSuite


class StorageSuite(EngineSuite):
    """The sentences of ``mason.engines.storage``."""

    role: ClassVar[str] = "storage"

    @pytest.fixture
    def storage(self, any_engine: Engine) -> Storage:
        """The client as storage."""
        assert isinstance(any_engine, Storage)
        return any_engine

    def test_write_and_read(self, storage: Storage) -> None:
        """Text as UTF-8; what was written is read, byte for byte."""
        self.needs(storage, "write", "read", "exists")
        location = storage.write("notes/ä b.txt", "héllo\r\n")
        assert (location.path, location.size) == ("notes/ä b.txt", 8)
        assert storage.read("notes/ä b.txt") == "héllo\r\n".encode()
        assert storage.exists("notes")
        assert storage.exists("notes/ä b.txt")
        assert not storage.exists("notes/other")

    def test_write_over(self, storage: Storage) -> None:
        """Raises ``ConflictError`` when it exists, and leaves it; with ``overwrite`` it is replaced."""
        self.needs(storage, "write", "read")
        storage.write("a.txt", b"old")
        with pytest.raises(ConflictError):
            storage.write("a.txt", b"new")
        assert storage.read("a.txt") == b"old"
        storage.write("a.txt", b"new", overwrite=True)
        assert storage.read("a.txt") == b"new"

    def test_list_paths(self, storage: Storage) -> None:
        """Files at and below ``path``, sorted; those that readers pass over left out. Raises ``NotFoundError``."""
        self.needs(storage, "write", "list_paths")
        for path in ("b/2.csv", "b/10.csv", "a.csv", "b/_SUCCESS", "b/c/1.csv"):
            storage.write(path, b"x")
        assert [found.path for found in storage.list_paths("b")] == ["b/10.csv", "b/2.csv", "b/c/1.csv"]
        assert [found.path for found in storage.list_paths()] == ["a.csv", "b/10.csv", "b/2.csv", "b/c/1.csv"]
        assert [(found.path, found.size) for found in storage.list_paths("a.csv")] == [("a.csv", 1)]
        with pytest.raises(NotFoundError):
            storage.list_paths("nowhere")

    def test_missing_files(self, storage: Storage) -> None:
        """Raises ``NotFoundError``, whatever is asked of a file that does not exist."""
        asks: dict[str, tuple[str, ...]] = {
            "read": ("none.csv",),
            "copy": ("none.csv", "b.csv"),
            "delete": ("none.csv",),
            "infer_table": ("none.csv",),
        }
        for name, arguments in asks.items():
            if name in storage.supports:
                with pytest.raises(NotFoundError):
                    getattr(storage, name)(*arguments)

    def test_copy(self, storage: Storage) -> None:
        """Copies one file; ``ConflictError`` when the target exists."""
        self.needs(storage, "write", "copy", "read")
        storage.write("a.bin", bytes(range(256)))
        assert storage.copy("a.bin", "deep/er/b.bin").path == "deep/er/b.bin"
        assert storage.read("deep/er/b.bin") == storage.read("a.bin")
        with pytest.raises(ConflictError):
            storage.copy("a.bin", "deep/er/b.bin")

    def test_delete(self, storage: Storage) -> None:
        """Deletes a file, or with ``recursive`` a folder and all below it."""
        self.needs(storage, "write", "delete", "exists")
        storage.write("a/b/c.txt", b"x")
        storage.write("a/d.txt", b"x")
        assert storage.delete("a/d.txt").path == "a/d.txt"
        with pytest.raises(EngineError):
            storage.delete("a")
        assert storage.exists("a/b/c.txt")
        storage.delete("a", recursive=True)
        assert not storage.exists("a")

    @pytest.mark.parametrize(
        "path",
        [
            ".mason/state.csv",
            "a/.hidden/x.csv",
            "a/../.env",
            "a/.hidden.csv",
            "mason.yaml",
            "operators/table/get/operator.YML",
            "operators/table/get/__init__.py",
            "reviewed.plan",
            "warehouse/warehouse.duckdb",
        ],
    )
    def test_no_data_is_neither_written_nor_deleted(self, storage: Storage, path: str) -> None:
        """Hidden names, YAML, Python, plan files and database files are refused, be there something or not."""
        self.needs(storage, "write", "exists")
        storage.write("a/plain.csv", b"id\n1\n")
        asks: dict[str, tuple[Any, ...]] = {
            "write": (path, b"x"),
            "copy": ("a/plain.csv", path),
            "delete": (path,),
        }
        for name, arguments in asks.items():
            if name in storage.supports:
                with pytest.raises(AccessDeniedError) as raised:
                    getattr(storage, name)(*arguments)
                assert str(raised.value).startswith("No verb writes"), name
        assert not storage.exists(path)

    @pytest.mark.parametrize("path", ["../outside.txt", "a/../../outside.txt", "/etc/passwd"])
    def test_outside_is_refused(self, storage: Storage, path: str) -> None:
        """A path outside the root is refused."""
        asks: dict[str, tuple[Any, ...]] = {
            "list_paths": (path,),
            "exists": (path,),
            "locate": (path,),
            "infer_table": (path,),
            "fingerprint": (path,),
            "read": (path,),
            "write": (path, b"x"),
            "delete": (path,),
        }
        for name, arguments in asks.items():
            if name in storage.supports:
                with pytest.raises(AccessDeniedError):
                    getattr(storage, name)(*arguments)

    @pytest.mark.parametrize(
        ("path", "plain"),
        [
            ("a/b.csv", "a/b.csv"),
            ("./a//c/../b.csv", "a/b.csv"),
            ("a/b/", "a/b"),
            ("a/..", ""),
            (".", ""),
            ("d/*.csv", "d/*.csv"),
            ("./d/[ab]/**/*", "d/[ab]/**/*"),
        ],
    )
    def test_locate_has_one_url_for_a_path(self, storage: Storage, path: str, plain: str) -> None:
        """Without ``.``, ``..``, doubled or last slashes; below the URL of the root; the URL of a URL is that URL.
        Nothing need be there."""
        self.needs(storage, "locate")
        root, url = storage.locate(""), storage.locate(path)
        assert scheme_of(root) == storage.capabilities.schemes[0]
        assert not root.endswith("/")
        assert url == storage.locate(plain) == storage.locate(url)
        assert url == f"{root}/{plain}".rstrip("/")

    @pytest.mark.parametrize(
        "name", ["ä b.txt", "100%.txt", "a#b.txt", "a%20b.txt", "k=v/a+b.txt", "a&b;c.txt", "日本"]
    )
    def test_locate_escapes(self, storage: Storage, name: str) -> None:
        """Two paths have two URLs, and each leads to the file that was meant, whatever is in its name."""
        self.needs(storage, "locate", "write", "read")
        storage.write(name, name)
        assert storage.read(storage.locate(name)) == name.encode()
        assert storage.locate("a b.txt") != storage.locate("a%20b.txt")

    def test_every_verb_takes_what_locate_gives(self, storage: Storage) -> None:
        """In the place of the path, a file, folder or glob, and as it answers for the path."""
        self.needs(storage, "locate", "write", "read", "exists", "list_paths", "delete")
        assert storage.write(storage.locate("club/people.csv"), PEOPLE).path == "club/people.csv"
        assert storage.read(storage.locate("club/people.csv")) == PEOPLE
        assert storage.exists(storage.locate("club"))
        assert not storage.exists(storage.locate("cub"))
        for path in ("club/people.csv", "club", "club/*.csv", "club/p?ople.csv", "club/[opq]*"):
            url = storage.locate(path)
            assert [found.path for found in storage.list_paths(url)] == ["club/people.csv"]
            if "fingerprint" in storage.supports:
                assert storage.fingerprint(url) == storage.fingerprint(path)
            if "infer_table" in storage.supports:
                assert storage.infer_table(url).schema == storage.infer_table(path).schema
        if "copy" in storage.supports:
            copied = storage.copy(storage.locate("club/people.csv"), storage.locate("club/copy.csv"))
            assert copied.path == "club/copy.csv"
        assert storage.delete(storage.locate("club/people.csv")).path == "club/people.csv"
        assert not storage.exists("club/people.csv")

    @pytest.mark.parametrize("path", ["/..", "/../outside.txt", "/a/../../outside.txt"])
    def test_urls_outside_are_refused(self, storage: Storage, path: str) -> None:
        """A URL that leads out of the root is refused as a path is, and cannot be located either."""
        self.needs(storage, "locate", "read")
        for verb in (storage.read, storage.locate):
            with pytest.raises(AccessDeniedError):
                verb(storage.locate("") + path)

    @pytest.mark.parametrize("url", ["nowhere://a/b", "x+y.z://b"])
    def test_urls_of_others_are_refused(self, storage: Storage, url: str) -> None:
        """A URL of a scheme that the client does not reach is refused, and named."""
        self.needs(storage, "locate", "read")
        for verb in (storage.read, storage.locate):
            with pytest.raises(EngineError) as raised:
                verb(url)
            assert url in str(raised.value)

    @pytest.mark.parametrize("path", ["", ".", "a/.."])
    def test_root_is_not_deleted(self, storage: Storage, path: str) -> None:
        """The root itself stays."""
        self.needs(storage, "write", "delete", "exists")
        storage.write("a/b.txt", b"x")
        with pytest.raises(AccessDeniedError):
            storage.delete(path, recursive=True)
        assert storage.exists("a/b.txt")

    def test_fingerprint(self, storage: Storage) -> None:
        """Changes when a file there is added, removed or written, and is empty where there is no file."""
        self.needs(storage, "fingerprint", "write", "delete")
        seen = [storage.fingerprint("d/*.csv")]
        storage.write("d/a.csv", b"1")
        seen.append(storage.fingerprint("d/*.csv"))
        storage.write("d/b.csv", b"1")
        seen.append(storage.fingerprint("d/*.csv"))
        storage.write("d/b.csv", b"2", overwrite=True)
        seen.append(storage.fingerprint("d/*.csv"))
        storage.write("d/other.txt", b"2")
        assert storage.fingerprint("d/*.csv") == seen[-1]
        assert len(set(seen)) == len(seen)
        storage.delete("d/a.csv")
        storage.delete("d/b.csv")
        assert storage.fingerprint("d/*.csv") == storage.fingerprint("d/*.csv", content=True) == seen[0] == ""

    def test_fingerprint_of_content(self, storage: Storage) -> None:
        """Of names and what is in the files: it stays when a file is written again as it was."""
        self.needs(storage, "fingerprint", "write")
        storage.write("d/a.csv", b"1")
        first = storage.fingerprint("d", content=True)
        storage.write("d/a.csv", b"1", overwrite=True)
        assert storage.fingerprint("d", content=True) == first
        storage.write("d/a.csv", b"2", overwrite=True)
        assert storage.fingerprint("d", content=True) != first

    def test_infer_table(self, storage: Storage) -> None:
        """What the file looks like as a table; named for the path, or as asked."""
        self.needs(storage, "infer_table", "write")
        storage.write("club/people.csv", PEOPLE)
        table = storage.infer_table("club/people.csv")
        assert (table.name, table.format) == ("people", "csv")
        assert table.schema is not None
        assert table.schema.names == ("id", "name", "height")
        assert storage.infer_table("club", table="members").name == "members"

    def test_infer_without_headers(self, storage: Storage) -> None:
        """``read_headers`` says whether the first row holds column names."""
        self.needs(storage, "infer_table", "write")
        storage.write("words.csv", b"a,b\nc,d\n")
        with_names = storage.infer_table("words.csv", read_headers=True)
        without = storage.infer_table("words.csv", read_headers=False)
        assert with_names.schema is not None
        assert without.schema is not None
        assert with_names.schema.names == ("a", "b")
        assert without.schema.names != ("a", "b")

    def test_differing_files_conflict(self, storage: Storage) -> None:
        """``ConflictError`` when the files' schemas differ; it names the columns."""
        self.needs(storage, "infer_table", "write")
        storage.write("mixed/a.csv", b"id,delay\n1,2\n")
        storage.write("mixed/b.csv", b"id,late\n1,2\n")
        with pytest.raises(ConflictError) as raised:
            storage.infer_table("mixed")
        assert "delay" in str(raised.value)
        assert "late" in str(raised.value)
