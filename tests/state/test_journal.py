"""The journal of a run: nothing written is lost, and one process writes it at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mason.errors import ConflictError, StateError
from mason.state.journal import Journal, is_going_on, journal_path, read_journal

RUN = "20261121T101500.042-3f9a1c"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_events_come_back_in_their_order() -> None:
    assert read_journal(RUN) is None
    with Journal.create(RUN) as journal:
        for number in range(3):
            journal.write({"event": "x", "number": number, "text": "ü\n\udc80"})
        assert is_going_on(RUN)
    assert not is_going_on(RUN)
    assert [event["number"] for event in read_journal(RUN) or ()] == [0, 1, 2]
    assert (journal_path(RUN).stat().st_mode & 0o777) == 0o600


def test_one_process_writes_at_a_time() -> None:
    with Journal.create(RUN):
        with pytest.raises(ConflictError) as raised:
            Journal.resume(RUN)
        assert str(raised.value) == f"Run {RUN} goes on in another process. Wait until it has ended."
    with Journal.resume(RUN) as journal:
        journal.write({"number": 1})
    assert read_journal(RUN) == [{"number": 1}]


def test_half_a_line_is_cut_off() -> None:
    with Journal.create(RUN) as journal:
        journal.write({"number": 1})
    with journal_path(RUN).open("ab") as file:
        file.write(b'{"number": 2')
    assert read_journal(RUN) == [{"number": 1}]
    with Journal.resume(RUN) as journal:
        journal.write({"number": 3})
        assert journal.events() == [{"number": 1}, {"number": 3}]


def test_what_is_refused(home: Path) -> None:
    with pytest.raises(StateError) as raised:
        Journal.resume(RUN)
    assert str(raised.value) == f"This machine has no journal of run {RUN}: resume it where it ran."
    with pytest.raises(StateError):
        Journal.create("../x")
    (home / "journals").parent.mkdir(parents=True, exist_ok=True)
    (home / "journals").write_text("")
    with pytest.raises(StateError) as raised:
        Journal.create(RUN)
    assert str(raised.value) == (
        f"The journal {home}/journals/{RUN}.jsonl cannot be written: File exists. Make room there, or set MASON_HOME."
    )


def test_a_killed_process_leaves_its_events_and_no_lock() -> None:
    code = f"""
import os
from mason.state.journal import Journal
journal = Journal.create({RUN!r})
journal.write({{"number": 1}})
print("written", flush=True)
import time
time.sleep(60)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        assert is_going_on(RUN)
        process.send_signal(signal.SIGKILL)
    assert not is_going_on(RUN)
    assert read_journal(RUN) == [{"number": 1}]
