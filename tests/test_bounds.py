"""What is read from outside is looked at before it is read."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mason import bounds


def why(path: Path, most: int) -> str:
    with pytest.raises(OSError, match=r".") as raised:
        bounds.read_file(path, most)
    return str(raised.value.strerror)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"12345")
    assert bounds.read_file(file, 5) == b"12345"
    file.write_bytes(b"")
    assert bounds.read_file(file, 0) == b""
    file.write_bytes(b"x" * 3_000_001)
    assert why(file, 3_000_000) == "it is larger than 3 MB"


def test_a_hole_is_as_large_as_it_says(tmp_path: Path) -> None:
    """Nothing of it is read: it would not fit into memory."""
    with (tmp_path / "x").open("wb") as file:
        file.truncate(10**12)
    assert why(tmp_path / "x", bounds.STATE) == "it is larger than 1000 MB"


def test_pipes_and_devices_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert why(tmp_path / "pipe", 10) == "it is no regular file"
    assert why(Path("/dev/zero"), 10) == "it is no regular file"
    assert why(tmp_path, 10) == "Is a directory"
    assert why(tmp_path / "none", 10) == "No such file or directory"


def test_what_says_that_it_is_empty_is_read_all_the_same() -> None:
    if Path("/proc/self/status").exists():
        assert bounds.read_file(Path("/proc/self/status"), 1_000_000).startswith(b"Name:")
        assert why(Path("/proc/self/status"), 10) == "it is larger than 0 MB"


def test_streams() -> None:
    assert bounds.read_stream(io.BytesIO(b"12345"), 5) == b"12345"
    with pytest.raises(bounds.TooLargeError):
        bounds.read_stream(io.StringIO("123456"), 5)


@pytest.mark.parametrize("content", ["[" * 151 + "]" * 151, '{"a":' * 5000 + "1" + "}" * 5000, "[" * 100_000])
def test_json_has_a_depth(content: str) -> None:
    with pytest.raises(ValueError, match=r"it nests deeper than 150 levels|Expecting value"):
        bounds.parse_json(content)
    assert bounds.parse_json("[" * 150 + "]" * 150)


def test_python_names_for_numbers_are_no_json() -> None:
    assert bounds.parse_json("[NaN]")
    with pytest.raises(ValueError, match="NaN is no JSON"):
        bounds.parse_json("[NaN]", strict=True)


def test_an_endless_stdin_ends(tmp_path: Path) -> None:
    """The limit holds while it is read: the rest stays where it is."""
    code = "import sys; from mason import bounds; bounds.read_stream(sys.stdin.buffer, 1000)"
    with Path("/dev/zero").open("rb") as zeros:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=zeros, capture_output=True, text=True, timeout=60, check=False
        )
    assert "it is larger than 0 MB" in done.stderr
