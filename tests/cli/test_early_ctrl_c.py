"""Ctrl-C while the command line is being loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INTERRUPTING = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep({})\n"


@pytest.mark.parametrize(("ignored", "code"), [(False, 130), (True, 1)])
def test_it_ends_without_a_traceback(tmp_path, ignored, code):
    """A module that the command line needs stands in for the moment: it is interrupted while it is imported. Where
    Ctrl-C is ignored the module goes on, and has nothing in it."""
    (tmp_path / "click.py").write_text(INTERRUPTING.format(0 if ignored else 30))
    command = [sys.executable, "-m", "mason", "--help"]
    if ignored:
        command = ["sh", "-c", 'trap "" INT; exec "$@"', "-", *command]
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    ended = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == code
    assert "KeyboardInterrupt" not in ended.stderr
    assert ignored or ended.stderr == ""
