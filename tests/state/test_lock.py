"""What all stores say alike of who holds a lock."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mason.state.lock import may_live, new_lock


def test_a_holder_is_gone_for_sure_only_where_that_can_be_seen():
    here = new_lock("apply", path="s3://bucket")
    assert may_live(here)
    # Of another user, as who is not root is told.
    assert may_live(replace(here, pid=1))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(30)
    gone = replace(here, pid=ended.pid)
    assert not may_live(gone)
    assert may_live(replace(gone, who="ann@elsewhere"))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells of processes that nobody buried")
def test_a_holder_that_was_killed_is_gone_before_anybody_buries_it():
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    held = replace(new_lock("apply", path="s3://bucket"), pid=killed.pid)
    assert may_live(held)
    killed.kill()
    # Told, and left as it is.
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    assert not may_live(held)
    killed.communicate()
