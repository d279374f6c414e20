"""Python files come out of a state or a plan by plain names, or not at all."""

from __future__ import annotations

import json

import pytest

from mason.resources.packed import is_plain, unpacked


@pytest.mark.parametrize("name", ["__init__.py", "a b.py", "helpers/__init__.py", "ä/b.c.py"])
def test_plain_names(name: str) -> None:
    assert is_plain(name)
    assert unpacked(json.dumps({name: "x = 1"}).encode()) == {name: "x = 1"}


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".py",
        "/etc/x.py",
        "../x.py",
        "a/../x.py",
        "a//x.py",
        "./x.py",
        ".hidden/x.py",
        "a/.hidden.py",
        "a\\x.py",
        "x.pyc",
        "x.txt",
        "x.py/",
        "a\n.py",
        "a\0.py",
        "~/x.py",
        "a/" * 40 + "x.py",
        "a" * 300 + ".py",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    assert not is_plain(name)
    with pytest.raises(ValueError, match="which is no plain name of a Python file"):
        unpacked(json.dumps({"__init__.py": "", name: "x = 1"}).encode())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[]", "it is no mapping of files"),
        (b"{", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b'{"a.py": 1}', "its file a.py is no text"),
        (b'{"a.py": "", "a.py/b.py": ""}', "it has a file and a folder a.py"),
    ],
)
def test_other_contents_are_refused(content: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        unpacked(content)
