"""Which files a load looks at, and what the file system puts in its way."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mason.resources.loader import load
from mason.resources.walking import find
from tests.resources.conftest import Project


def _seen(project: Project, *names: str) -> list[str]:
    return [file.shown for file in find([project.root / name for name in names], project.root)[0]]


def test_yaml_files_below_the_project_sorted_without_what_is_none_of_ours(project: Project) -> None:
    kept = ["a.yaml", "b/c.yml", "b/mason.yaml", "b.yaml", "z/y/x.yaml"]
    left = ["mason.yaml", ".hidden.yaml", ".git/a.yaml", "node_modules/a.yaml", "b/__pycache__/a.yaml", "b/a.json"]
    for name in [*kept, *left, "env/pyvenv.cfg", "env/lib/a.yaml"]:
        project.write(name, "x: 1\n")
    assert sorted(kept) == _seen(project)


def test_what_is_named_is_looked_at_even_if_hidden(project: Project) -> None:
    for name in [".hidden.yaml", ".git/a.yaml", "env/pyvenv.cfg", "env/b.yaml"]:
        project.write(name, "x: 1\n")
    assert _seen(project, ".hidden.yaml", ".git", "env") == [".git/a.yaml", ".hidden.yaml", "env/b.yaml"]


def test_a_file_named_twice_is_loaded_once(project: Project, operator: Callable[..., str]) -> None:
    project.write("a/b.yaml", operator())
    assert len(project.load("a", "a/b.yaml", "a/../a", ".").items) == 1


def test_paths_outside_of_the_project_are_shown_as_given(project: Project, operator: Callable[..., str]) -> None:
    outside = project.root.parent / "shared"
    outside.mkdir()
    (outside / "a.yaml").write_text(operator())
    assert [str(outside / "a.yaml")] == [item.file for item in load([outside], root=project.root).items]


def test_relative_paths_are_shown_from_the_project(
    project: Project, operator: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("sub/a.yaml", operator())
    monkeypatch.chdir(project.root / "sub")
    assert [item.file for item in load([Path("a.yaml")], root=Path("..")).items] == ["sub/a.yaml"]
    assert [item.file for item in load([], root=project.root).items] == ["sub/a.yaml"]


def test_a_missing_path(project: Project) -> None:
    assert project.faults("nowhere") == ["nowhere: there is no such file or folder (check the path)"]
    project.write("a.yaml", "x: 1\n")
    assert project.faults("a.yaml/b") == ["a.yaml/b: there is no such file or folder (check the path)"]


def test_a_file_that_is_no_yaml(project: Project) -> None:
    project.write("a.json", "{}")
    assert project.faults("a.json") == ["a.json: this is no .yaml or .yml file (name a folder or a YAML file)"]


def test_an_empty_folder_holds_no_resources(project: Project) -> None:
    found = project.load()
    assert (found.items, found.files, found.passed_over) == ((), 0, 0)


def test_a_link_to_itself(project: Project) -> None:
    (project.root / "loop").symlink_to("loop")
    (project.root / "one.yaml").symlink_to("two.yaml")
    (project.root / "two.yaml").symlink_to("one.yaml")
    assert [
        f"{name}: this link leads back to itself (remove the link)" for name in ("loop", "one.yaml", "two.yaml")
    ] == project.faults()
    assert project.faults("loop") == ["loop: this link leads back to itself (remove the link)"]


def test_a_link_to_a_folder_around_it(project: Project) -> None:
    (project.root / "a").mkdir()
    (project.root / "a/up").symlink_to("..")
    (project.root / "a/same").symlink_to(".")
    (project.root / "a/top").symlink_to("/")
    assert [
        f"a/{name}: this link leads back to a folder that holds it (remove the link)" for name in ("same", "top", "up")
    ] == project.faults()


def test_a_link_to_nothing(project: Project) -> None:
    (project.root / "a.yaml").symlink_to("nowhere")
    (project.root / "not-ours").symlink_to("nowhere")
    expected = ["a.yaml: this link points to nothing (remove it, or mend its target)"]
    assert expected == project.faults()
    assert expected == project.faults("a.yaml")


def test_linked_folders_and_files_are_loaded_once_under_their_own_name(
    project: Project, operator: Callable[..., str]
) -> None:
    project.write("z/real.yaml", operator())
    (project.root / "a").symlink_to("z")
    (project.root / "b.yaml").symlink_to("z/real.yaml")
    assert [item.file for item in project.load().items] == ["z/real.yaml"]


def test_linked_folders_outside_are_followed(project: Project, operator: Callable[..., str]) -> None:
    outside = project.root.parent / "shared"
    outside.mkdir()
    (outside / "x.yaml").write_text(operator())
    (project.root / "link").symlink_to(outside)
    assert [item.file for item in project.load().items] == ["link/x.yaml"]


def test_what_is_no_regular_file(project: Project) -> None:
    os.mkfifo(project.root / "pipe.yaml")
    expected = ["pipe.yaml: this is no regular file (rename it, or move it out of the project)"]
    assert expected == project.faults()


def test_file_names_that_cannot_be_shown(project: Project) -> None:
    project.write("a\x1b[0m.yaml", "x: 1\n")
    Path(os.fsdecode(os.fsencode(project.root) + b"/b\xff.yaml")).write_text("x: 1\n")
    rest = "the file's name holds control characters or is not UTF-8 (rename it)"
    assert [f"a\\x1b[0m.yaml: {rest}", f"b\\udcff.yaml: {rest}"] == project.faults()


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder that anybody may enter, and no privileges to read what is not readable."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(was)
    for path in folder.rglob("*"):
        path.chmod(0o700)
    shutil.rmtree(folder)


def test_unreadable_files_and_folders(as_nobody: Path) -> None:
    project = Project(as_nobody, as_nobody / "cache")
    project.write("a.yaml", "x: 1\n").chmod(0)
    project.write("b/c.yaml", "x: 1\n")
    (as_nobody / "b").chmod(0)
    rest = "cannot be read: Permission denied (check its permissions)"
    assert [f"a.yaml: {rest}", f"b: {rest}"] == project.faults()
    assert [f"b/c.yaml: {rest}"] == project.faults("b/c.yaml")


def test_what_the_project_ignores_is_left_out_unless_it_is_named(project: Project) -> None:
    for name in ("a.yaml", "charts/x/values.yaml", "ops/charts/b.yaml", "ops/c.tmpl.yaml", "ops/deep/k8s/d.yaml"):
        project.write(name, "a: 1\n")

    def found(*ignore: str, names: tuple[str, ...] = ("",)) -> list[str]:
        return [file.shown for file in find([project.root / name for name in names], project.root, ignore)[0]]

    assert found() == ["a.yaml", "charts/x/values.yaml", "ops/c.tmpl.yaml", "ops/charts/b.yaml", "ops/deep/k8s/d.yaml"]
    assert found("charts") == ["a.yaml", "ops/c.tmpl.yaml", "ops/deep/k8s/d.yaml"]
    assert found("ops/charts", "*.tmpl.yaml", "ops/*/k8s") == ["a.yaml", "charts/x/values.yaml"]
    assert found("ops") == ["a.yaml", "charts/x/values.yaml"]
    assert found("charts", names=("charts/x/values.yaml", "ops/charts")) == [
        "charts/x/values.yaml",
        "ops/charts/b.yaml",
    ]
    assert found("Charts", "a", "x/values.yaml") == found()
