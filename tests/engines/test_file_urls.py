"""URLs of files: what is escaped, what comes back as it was, and what is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mason.engines.file_urls import escaped, file_path, file_url, scheme_of, unescaped


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("s3://bucket/key", "s3"),
        ("FILE:///a", "file"),
        ("gs+x.y-z://a", "gs+x.y-z"),
        ("data/a.csv", ""),
        ("C:/a", ""),
        ("a/b://c", ""),
        ("://a", ""),
        ("1a://b", ""),
        ("", ""),
    ],
)
def test_schemes(path: str, scheme: str) -> None:
    assert scheme_of(path) == scheme


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/data/a.csv", "file:///data/a.csv"),
        ("/", "file:///"),
        ("/a b/ä#1?%.csv", "file:///a%20b/%C3%A4%231%3F%25.csv"),
        ("/d/year=2012/[ab]*.csv", "file:///d/year=2012/[ab]*.csv"),
        (os.fsdecode(b"/bad\xff.csv"), "file:///bad%FF.csv"),
    ],
)
def test_files_have_urls_that_lead_back(path: str, url: str) -> None:
    assert file_url(Path(path)) == url
    assert file_path(url) == path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file://localhost/a", "/a"),
        ("FILE:///a%2", "/a%2"),
        ("file://elsewhere/a", None),
        ("file://", None),
        ("s3://bucket/a", None),
        ("/a", None),
    ],
)
def test_only_files_of_this_machine_have_paths(url: str, path: str | None) -> None:
    assert file_path(url) == path


def test_unescaping_is_the_inverse() -> None:
    every = "".join(map(chr, range(1, 0x250)))
    assert unescaped(escaped(every)) == every
