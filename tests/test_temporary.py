"""Temporary folders go with their process, also with one that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mason import temporary

HOLD = """
import sys
from pathlib import Path
from mason import temporary

with temporary.folder("held", within=Path(sys.argv[1])) as folder:
    (folder / "x").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def unswept() -> None:
    temporary._swept.clear()


def held(place: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_folder_goes_with_its_context(tmp_path: Path) -> None:
    with temporary.folder("x", within=tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.name.startswith("mason-x-")
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "inner").mkdir()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    process, left = held(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (left / "x").exists()
    with temporary.folder("next", within=tmp_path):
        assert not left.exists()


def test_what_a_process_uses_stays(tmp_path: Path) -> None:
    process, used = held(tmp_path)
    with temporary.folder("next", within=tmp_path):
        assert (used / "x").exists()
    process.communicate("")
    assert not used.exists()


def test_folders_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mason-file").write_text("x")
    (tmp_path / "mason-link").symlink_to(tmp_path / "mine")
    others = []
    if os.geteuid() == 0:
        (tmp_path / "mason-theirs").mkdir()
        os.chown(tmp_path / "mason-theirs", 4242, 4242)
        others = ["mason-theirs"]
    with temporary.folder("next", within=tmp_path):
        pass
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mason-file", "mason-link", *others, "mine"]


MANY = """
import sys
from pathlib import Path
from mason import temporary

for _ in range(100):
    temporary._swept.clear()
    with temporary.folder("many", within=Path(sys.argv[1])) as folder:
        (folder / "x").write_text("x")
        temporary._sweep(sys.argv[1])
        assert (folder / "x").exists()
"""


def test_who_sweeps_takes_no_folder_that_was_just_made(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", MANY, tmp_path], stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    told = [each.communicate()[1] for each in processes]
    assert [each.returncode for each in processes] == [0] * 4, told
    assert list(tmp_path.iterdir()) == []
