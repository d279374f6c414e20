"""A root and the folders beside it that its client reaches: where paths lead, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from mason.clients._duckdb.root import Root
from tests.clients.conftest import refusal


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A root ``desk``, beside which lies ``lake``, that it reaches, and ``attic``, that it does not."""
    for name in ("desk", "lake", "attic"):
        (tmp_path / name).mkdir()
    return Root(tmp_path / "desk", client="desk", others=lambda: [tmp_path / "lake"])


def test_urls_lead_into_the_root_and_its_neighbours_alone(root: Root, tmp_path: Path) -> None:
    assert root.resolve(f"file://{tmp_path}/desk/a%20b.csv") == tmp_path / "desk/a b.csv"
    assert root.resolve(f"file://{tmp_path}/lake/a.csv") == tmp_path / "lake/a.csv"
    assert refusal(root.resolve, f"file://{tmp_path}/attic/a.csv") == (
        f"AccessDeniedError: file://{tmp_path}/attic/a.csv lies outside of the client's root {tmp_path}/desk "
        "(set allow_outside_root: true in the config's desk client to allow it)."
    )
    for path in (f"file://{tmp_path}/lake/../attic/a.csv", "../lake/a.csv", f"{tmp_path}/lake/a.csv", "../lake/*.csv"):
        assert refusal(root.resolve, path).startswith(f"AccessDeniedError: {path} lies outside of the client's root")
    assert refusal(root.resolve, "file://elsewhere/a.csv") == (
        "EngineError: 'file://elsewhere/a.csv' is no path that client desk can reach; it takes paths of files and "
        "file:// URLs."
    )


def test_what_lies_in_a_neighbour_is_shown_by_its_url(root: Root, tmp_path: Path) -> None:
    assert root.show(tmp_path / "desk/a.csv") == "a.csv"
    assert root.show(tmp_path / "lake/a b.csv") == f"file://{tmp_path}/lake/a%20b.csv"
    assert root.show(tmp_path / "attic/a.csv") == f"{tmp_path}/attic/a.csv"


def test_globs_are_found_by_urls(root: Root, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.txt", "a?b[1].csv"):
        (tmp_path / "lake" / name).write_text("x")
    base, files = root.find(f"file://{tmp_path}/lake/*.csv")
    assert (base, [file.name for file in files]) == (tmp_path / "lake", ["a.csv", "a?b[1].csv", "b.csv"])
    # A name with wildcards in it means the file that is called so.
    assert [file.name for file in root.find(f"file://{tmp_path}/lake/a%3Fb[1].csv")[1]] == ["a?b[1].csv"]
    assert root.is_glob(f"file://{tmp_path}/lake/%3F.csv")
    assert not root.is_glob(f"file://{tmp_path}/lake/a%3Fb[1].csv")


def test_links_are_located_themselves(root: Root, tmp_path: Path) -> None:
    (tmp_path / "desk/real").mkdir()
    (tmp_path / "desk/link").symlink_to("real")
    (tmp_path / "desk/away").symlink_to(tmp_path / "attic")
    (tmp_path / "desk/over").symlink_to(tmp_path / "lake")
    assert root.locate("link") == f"file://{tmp_path}/desk/link"
    assert root.locate("link/a.csv") == f"file://{tmp_path}/desk/real/a.csv"
    assert root.locate("link/*.csv") == f"file://{tmp_path}/desk/real/*.csv"
    assert refusal(root.locate, "away").startswith("AccessDeniedError: away lies outside of the client's root")
    assert refusal(root.locate, "away/*.csv").startswith("AccessDeniedError: away lies outside of the client's root")
    assert refusal(root.locate, "over/*.csv").startswith("AccessDeniedError: over lies outside of the client's root")


def test_links_within_a_neighbour_are_followed(root: Root, tmp_path: Path) -> None:
    (tmp_path / "lake/a.csv").write_text("x")
    (tmp_path / "lake/link.csv").symlink_to("a.csv")
    (tmp_path / "desk/link.csv").symlink_to(tmp_path / "lake/a.csv")
    for strict in (True, False):
        assert root.find(f"file://{tmp_path}/lake", strict=strict)[1] == [tmp_path / "lake/a.csv"]
    assert root.find("", strict=False)[1] == []
    assert refusal(root.find, "").startswith("AccessDeniedError: link.csv lies outside of the client's root")


def test_roots_are_not_to_be_lost(root: Root, tmp_path: Path) -> None:
    lost = [
        path for path in (tmp_path, tmp_path / "desk", tmp_path / "lake", tmp_path / "lake/a") if root.would_lose(path)
    ]
    assert lost == [tmp_path, tmp_path / "desk", tmp_path / "lake"]
    assert [root.owns(tmp_path / each) for each in ("desk", "desk/a", "lake/a", "attic/a")] == [
        False,
        True,
        True,
        False,
    ]
