"""The journal of a run: nothing written is lost, and one process writes it at a time."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mason.errors import ConflictError, StateError
from mason.state.journal import Journal, add_event, is_going_on, journal_path, read_journal, strange_lines, was_asked

RUN = "20261121T101500.042-3f9a1c"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def numbered(number: int) -> dict[str, object]:
    return {"event": "x", "at": "", "number": number}


def test_events_come_back_in_their_order() -> None:
    assert read_journal(RUN) is None
    with Journal.create(RUN) as journal:
        for number in range(3):
            journal.write({**numbered(number), "text": "ü\n\udc80"})
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
        journal.write(numbered(1))
    assert read_journal(RUN) == [numbered(1)]


def test_half_a_line_is_cut_off() -> None:
    with Journal.create(RUN) as journal:
        journal.write(numbered(1))
    with journal_path(RUN).open("ab") as file:
        file.write(b'{"number": 2')
    assert read_journal(RUN) == [numbered(1)]
    with Journal.resume(RUN) as journal:
        journal.write(numbered(3))
        assert journal.events() == [numbered(1), numbered(3)]


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
journal.write({{"event": "x", "at": "", "number": 1}})
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
    assert read_journal(RUN) == [numbered(1)]


def test_half_a_line_that_found_no_room_is_taken_back() -> None:
    code = f"""
import resource
from mason.errors import StateError
from mason.state.journal import Journal
with Journal.create({RUN!r}) as journal:
    journal.write({{"event": "x", "at": "", "number": 1}})
    resource.setrlimit(resource.RLIMIT_FSIZE, (60, resource.RLIM_INFINITY))
    try:
        journal.write({{"event": "x", "at": "", "number": 2}})
    except StateError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.write({{"event": "x", "at": "", "number": 3}})
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout == (
        f"The journal {journal_path(RUN)} cannot be written: No space left on device. "
        "Make room there, or set MASON_HOME.\n"
    )
    assert read_journal(RUN) == [numbered(1), numbered(3)]
    assert strange_lines(RUN) == []


def test_lines_of_others_are_passed_over_and_can_be_found() -> None:
    with Journal.create(RUN) as journal:
        journal.write(numbered(1))
    with journal_path(RUN).open("a") as file:
        file.write('{"event": "ended", "at": "", "step": "a", "status": "fine"}\n{"event": "x"}\n\n')
    with Journal.resume(RUN) as journal:
        journal.write(numbered(2))
    assert read_journal(RUN) == [numbered(1), numbered(2)]
    assert strange_lines(RUN) == [2, 3, 4]


def test_a_process_that_was_forked_has_no_part_in_it() -> None:
    reading, writing = os.pipe()
    with Journal.create(RUN) as journal:
        child = os.fork()
        if not child:
            # Lives on when its parent has closed the journal, without writing to it.
            try:
                journal.write(numbered(2))
            except StateError:
                os.write(writing, b"refused")
            signal.pause()
        assert os.read(reading, 20) == b"refused"
        assert is_going_on(RUN)
        journal.write(numbered(1))
    try:
        assert not is_going_on(RUN)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
    assert read_journal(RUN) == [numbered(1)]


def test_who_only_looks_refuses_nobody() -> None:
    with Journal.create(RUN):
        pass
    with journal_path(RUN).open() as looked:
        fcntl.flock(looked, fcntl.LOCK_SH)
        threading.Timer(0.1, fcntl.flock, (looked, fcntl.LOCK_UN)).start()
        with Journal.resume(RUN):
            pass


def test_what_others_write_is_noticed_once() -> None:
    with Journal.create(RUN) as journal:
        journal.write(numbered(1))
        assert not journal.others_wrote()
        add_event(RUN, {"event": "asked", "at": "", "by": "ann@here"})
        journal.write(numbered(2))
        assert [journal.others_wrote() for _ in range(2)] == [True, False]
    with Journal.resume(RUN) as journal:
        assert not journal.others_wrote()
    assert not journal.others_wrote()


def test_a_run_was_asked_to_end_until_it_is_resumed() -> None:
    asked = {"event": "asked", "by": "ann@here"}
    assert was_asked([{"event": "begun"}, asked, {"event": "ended"}]) == asked
    assert was_asked([{"event": "begun"}, asked, {"event": "resumed"}, {"event": "started"}]) is None
    assert was_asked([]) is None
