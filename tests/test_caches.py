"""Private caches: what is written is read again, by the same Mason and whole, or nothing is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mason import caches

VALUE = {"path": ((1, 2, 3, 4), ("text", None, True), [0.5, b"bytes"])}


def test_a_value_is_read_again_under_its_header_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "cache"
    assert caches.read(file, b"mine\n") is None
    assert caches.write(file, b"mine\n", VALUE)
    assert caches.read(file, b"mine\n") == VALUE
    assert caches.read(file, b"yours") is None
    assert list(file.parent.iterdir()) == [file]


def test_headers_differ_by_format_and_by_what_the_value_depends_on() -> None:
    here = caches.header(b"one", __file__, ("duckdb", 1))
    assert here == caches.header(b"one", __file__, ("duckdb", 1))
    others = [
        caches.header(b"two", __file__, ("duckdb", 1)),
        caches.header(b"one", __file__, ("duckdb", 2)),
        caches.header(b"one", caches.__file__, ("duckdb", 1)),
    ]
    assert len({here, *others}) == 4


@pytest.mark.parametrize("damage", ["cut", "changed", "longer", "empty", "folder"])
def test_a_damaged_cache_is_no_cache(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "cache"
    caches.write(file, b"mine\n", VALUE)
    data = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        changed = data[:-1] + bytes([data[-1] ^ 1])
        file.write_bytes({"cut": data[:-1], "changed": changed, "longer": data + b"x", "empty": b""}[damage])
    assert caches.read(file, b"mine\n") is None


def test_what_takes_too_much_and_what_cannot_be_written_is_not_kept(tmp_path: Path) -> None:
    assert not caches.write(tmp_path / "cache", b"", "x" * 100, most_bytes=100)
    assert caches.write(tmp_path / "cache", b"", "x" * 100, most_bytes=200)
    assert not caches.write(tmp_path / "cache" / "below", b"", VALUE)
    (tmp_path / "folder").mkdir()
    assert not caches.write(tmp_path / "folder", b"", VALUE)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cache", "folder"]


def test_of_those_who_write_at_once_one_wins_and_readers_see_whole_values(tmp_path: Path) -> None:
    file = tmp_path / "cache"
    values = [[number] * 10_000 for number in range(4)]
    caches.write(file, b"", values[0])

    def write(value: list[int]) -> bool:
        return all(caches.write(file, b"", value) for _ in range(20))

    with ThreadPoolExecutor() as pool:
        writing = [pool.submit(write, value) for value in values]
        read = [caches.read(file, b"") for _ in range(200)]
        assert all(each.result() for each in writing)
    assert all(value in values for value in read)
    assert list(tmp_path.iterdir()) == [file]
