"""The parse cache: what it saves, what it must notice, and that losing it harms nobody.

That a file was not parsed again is seen by putting a different result into the cache beforehand.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mason import packages
from mason.caches import RACY_NS, stamp_of, trusted
from mason.errors import ResourceError
from mason.resources.parse_cache import Cache
from tests import catalogs
from tests.resources.conftest import Project


def _addresses(project: Project, *names: str, strict: bool = False) -> list[str]:
    return [item.address for item in project.load(*names, strict=strict, cached=True).items]


def _age(project: Project) -> None:
    """Let the cache believe that it looked at these files long after they were written, as it does after 2 s."""
    cache = Cache(project.cache)
    aged = {}
    for key, entry in cache.files.items():
        aged[key] = (stamp_of((project.root / key).stat()), *entry[1:])
    modules = {}
    for key, module in cache.modules.items():
        stamps = tuple((name, stamp_of((project.root / key / name).stat())) for name, _ in module[0])
        modules[key] = (stamps, *module[1:])
    cache.write(aged, modules)


def _plant(project: Project) -> None:
    """Change every address in the cache, so that an answer from the cache is told from one from the file."""
    cache = Cache(project.cache)
    planted = {
        key: (*entry[:3], tuple(("operator.from.cache", *document[1:]) for document in entry[3]), *entry[4:])
        for key, entry in cache.files.items()
    }
    cache.write(planted, cache.modules)


@pytest.fixture
def cached(project: Project, operator: Callable[..., str]) -> Project:
    """A project of one file, loaded, its cache aged and planted."""
    project.write("a.yaml", operator())
    _addresses(project)
    _age(project)
    _plant(project)
    return project


def test_an_unchanged_file_is_not_read_again(cached: Project) -> None:
    assert _addresses(cached) == ["operator.from.cache"]


def test_what_comes_from_the_cache_is_what_was_parsed(project: Project, operator: Callable[..., str]) -> None:
    project.write("a.yaml", operator("one") + "---\nx: 1\n---\n" + operator("two"))
    project.write("b/c.yaml", "type: operator\nnamespace: table\ncommand: get\n")
    project.write("b/__init__.py", "class TableGet(Operator):\n    def run(self, ctx): ctx.storage.read('x')\n")
    plain = project.load()
    first = project.load(cached=True)
    _age(project)
    assert (plain, plain) == (first, project.load(cached=True))


def test_strict_compares_contents(cached: Project, operator: Callable[..., str]) -> None:
    path = cached.root / "a.yaml"
    cache = Cache(cached.cache)
    stamp, _, *rest = cache.files["a.yaml"]
    cache.write({"a.yaml": (stamp, hashlib.sha256(b"other").digest(), *rest)}, {})  # type: ignore[dict-item]
    assert _addresses(cached) == ["operator.from.cache"]
    assert path.read_text() == operator()
    assert _addresses(cached, strict=True) == ["operator.table.get"]


def test_a_fresh_checkout_is_not_parsed_again(cached: Project) -> None:
    path = cached.root / "a.yaml"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, (1, 1))
    assert _addresses(cached) == ["operator.from.cache"]


@pytest.mark.parametrize("keep_times", [False, True])
def test_a_changed_file_is_read_again(cached: Project, operator: Callable[..., str], keep_times: bool) -> None:
    path = cached.root / "a.yaml"
    before = path.stat()
    path.write_text(operator("put"))
    if keep_times:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert _addresses(cached) == ["operator.table.put"]


def test_a_file_replaced_by_another_of_the_same_size_and_time(cached: Project, operator: Callable[..., str]) -> None:
    path, other = cached.root / "a.yaml", cached.root / "new"
    other.write_text(operator("put"))
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert _addresses(cached) == ["operator.table.put"]


def test_a_file_that_was_just_written_is_not_trusted(project: Project, operator: Callable[..., str]) -> None:
    project.write("a.yaml", operator())
    _addresses(project)
    assert Cache(project.cache).files["a.yaml"][0] is None


def test_stamps_are_trusted_when_the_change_is_long_ago() -> None:
    now = 10 * RACY_NS
    old, new = now - RACY_NS - 1, now - RACY_NS
    assert trusted((1, old, old, 2), now) == (1, old, old, 2)
    assert [trusted((1, new, old, 2), now), trusted((1, old, new, 2), now)] == [None, None]


def test_a_change_in_python_beside_it_is_noticed(project: Project) -> None:
    project.write("a.yaml", "type: operator\nnamespace: table\ncommand: get\n")
    text = "class TableGet(Operator):\n    def run(self, ctx): ctx.storage.{}('x')\n"
    project.write("__init__.py", text.format("read"))
    project.load(cached=True)
    _age(project)
    project.write("__init__.py", text.format("copy"))
    assert [item.module.calls for item in project.load(cached=True).items if item.module] == [("storage.copy",)]
    _age(project)
    project.write("more.py", "x.storage.delete('y')\n")
    module = project.load(cached=True).items[0].module
    assert module is not None
    assert module.calls == ("storage.copy", "storage.delete")


def test_python_that_appears_or_vanishes_is_noticed(project: Project) -> None:
    project.write(
        "a.yaml", "type: workflow\nnamespace: table\ncommand: get\ndag: [{id: s, namespace: a, command: b}]\n"
    )
    assert project.load(cached=True).items[0].module is None
    _age(project)
    path = project.write("__init__.py", "class TableGet(Workflow):\n    def step(self, current, next): ...\n")
    assert project.load(cached=True).items[0].module is not None
    _age(project)
    path.unlink()
    assert project.load(cached=True).items[0].module is None


def test_python_with_faults_beside_a_cached_workflow_is_noticed(project: Project) -> None:
    text = "type: workflow\nnamespace: table\ncommand: get\ndag: [{id: s, namespace: a, command: b}]\n"
    project.write("a.yaml", text)
    project.load(cached=True)
    _age(project)
    project.write("__init__.py", "class TableGet(\n")
    with pytest.raises(ResourceError, match="not valid Python"):
        project.load(cached=True)


def test_what_was_passed_over_is_a_fault_when_named(project: Project) -> None:
    project.write("a.yaml", "x: 1\n")
    assert project.load(cached=True).passed_over == 1
    _age(project)
    assert project.load(cached=True).passed_over == 1
    with pytest.raises(ResourceError, match="this document has no type"):
        project.load("a.yaml", cached=True)


def test_files_with_faults_are_not_cached_and_the_others_are(project: Project, operator: Callable[..., str]) -> None:
    project.write("a.yaml", operator())
    project.write("b.yaml", "type: operatr\n")
    for _ in range(2):
        with pytest.raises(ResourceError, match="unknown type 'operatr'"):
            project.load(cached=True)
    assert sorted(Cache(project.cache).files) == ["a.yaml"]


def test_a_look_at_a_part_keeps_what_is_known_of_the_rest(project: Project, operator: Callable[..., str]) -> None:
    project.write("a/x.yaml", operator("one"))
    project.write("b/x.yaml", operator("two"))
    _addresses(project)
    _addresses(project, "a")
    assert sorted(Cache(project.cache).files) == ["a/x.yaml", "b/x.yaml"]
    (project.root / "a/x.yaml").unlink()
    _addresses(project)
    assert sorted(Cache(project.cache).files) == ["b/x.yaml"]


def test_the_cache_is_written_only_when_something_changed(cached: Project) -> None:
    before = cached.cache.stat()
    _addresses(cached)
    after = cached.cache.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [path.name for path in cached.cache.parent.iterdir()] == [cached.cache.name]


@pytest.mark.parametrize("position", [0, 20, 60, 120, -1])
def test_a_damaged_cache_is_not_believed(cached: Project, position: int) -> None:
    data = bytearray(cached.cache.read_bytes())
    data[position] ^= 1
    cached.cache.write_bytes(data)
    assert _addresses(cached) == ["operator.table.get"]


@pytest.mark.parametrize("content", [b"", b"mason", marshal.dumps(({}, {})), b"\0" * 1000])
def test_what_is_no_cache_is_not_believed(cached: Project, content: bytes) -> None:
    cached.cache.write_bytes(content)
    assert _addresses(cached) == ["operator.table.get"]
    assert Cache(cached.cache).files


def test_a_cut_cache_is_not_believed(cached: Project) -> None:
    cached.cache.write_bytes(cached.cache.read_bytes()[:-10])
    assert _addresses(cached) == ["operator.table.get"]


def test_a_cache_that_cannot_be_written_is_no_error(project: Project, operator: Callable[..., str]) -> None:
    project.write("a.yaml", operator())
    project.cache = project.write("file", "") / "below" / "cache"
    assert _addresses(project) == ["operator.table.get"]
    project.cache = Path(os.devnull) / "cache"
    assert _addresses(project) == ["operator.table.get"]
    project.cache = project.root
    assert _addresses(project) == ["operator.table.get"]


def test_a_project_may_move(project: Project, operator: Callable[..., str]) -> None:
    project.write("a.yaml", operator())
    _addresses(project)
    _plant(project)
    project.root = project.root.rename(project.root.parent / "moved")
    assert _addresses(project) == ["operator.from.cache"]


PYTHON = """\
import mason


class TableGet(mason.Operator):
    def run(self, ctx):
        return ctx.catalog.describe("a")
"""


def test_other_engines_than_before_make_what_depended_on_them_be_read_again(
    project: Project, catalog_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("table/operator.yaml", "{type: operator, namespace: table, command: get}\n")
    project.write("table/__init__.py", PYTHON)
    path = [*sys.path]

    def found() -> tuple[tuple[str, ...], bool]:
        packages.forget()
        module = project.load(cached=True).items[0].module
        assert module is not None
        _age(project)
        return module.calls, module.certain

    assert found() == (("catalog.describe",), True)
    _plant(project)
    assert _addresses(project) == ["operator.from.cache"]
    monkeypatch.setattr(sys, "path", [each for each in path if each != str(catalog_package)])
    assert found() == ((), False)
    # Nobody brings an engine now, and that mattered.
    _plant(project)
    assert _addresses(project) == ["operator.from.cache"]
    monkeypatch.setattr(sys, "path", path)
    assert found() == (("catalog.describe",), True)


def test_what_names_the_four_only_stays_known_whatever_is_installed(
    project: Project, operator: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.forget()
    project.write("a.yaml", operator())
    _addresses(project)
    _age(project)
    _plant(project)
    monkeypatch.syspath_prepend(str(catalogs.put(tmp_path / "site")))
    packages.forget()
    assert _addresses(project) == ["operator.from.cache"]
    packages.forget()
