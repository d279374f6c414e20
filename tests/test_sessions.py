"""Sessions: two of them in one process, in two threads at once, share no secrets, no prints and no cancels."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mason import secrets
from mason.runtime.output import aside
from mason.runtime.workers import Control
from mason.sessions import Session, current
from tests.dryrun.test_prepare import step
from tests.runtime.test_workflow_run import do, operator, store, workflow

__all__ = ["store"]


def together(*works):
    """Does each in a thread of its own, all at once; gives what they return."""
    with ThreadPoolExecutor(len(works)) as threads:
        return [done.result(60) for done in [threads.submit(work) for work in works]]


def test_each_session_has_its_own_objects():
    one, other = Session(), Session()
    with one.entered():
        assert current() is one
        assert one.own(Control) is current().own(Control)
        with other.entered():
            assert current().own(Control) is other.own(Control) is not one.own(Control)
        assert current() is one


def test_secrets_are_those_of_the_session():
    both = threading.Barrier(2)

    def work(mine):
        with Session().entered():
            secrets.remember(mine)
            both.wait(60)
            found = secrets.scrub("first-secret second-secret"), secrets.scrub_all({"first-secret": ["second-secret"]})
            both.wait(60)
            return found

    assert together(lambda: work("first-secret"), lambda: work("second-secret")) == [
        ("REDACTED second-secret", {"REDACTED": ["second-secret"]}),
        ("first-secret REDACTED", {"first-secret": ["REDACTED"]}),
    ]
    assert secrets.scrub("first-secret") == "first-secret"


def test_a_thread_of_nobody_shows_no_secret_of_anybody():
    """As libraries start them: without a context."""
    found = []
    with Session().entered():
        secrets.remember("first-secret")
        with Session().entered():
            secrets.remember("second-secret")
            thread = threading.Thread(target=lambda: found.append(secrets.scrub("first-secret second-secret")))
            thread.start()
            thread.join()
    assert found == ["REDACTED REDACTED"]


def test_prints_of_a_session_go_its_own_way_while_another_one_leads_its_own_aside(capsys):
    both, left = threading.Barrier(2), threading.Event()

    def first():
        with Session(shares_process=True).entered():
            secrets.remember("first-secret")
            with aside():
                both.wait(60)
                print("first-secret second-secret of the first")
            left.set()
            print("the result of the first")

    def second():
        with Session(shares_process=True).entered():
            secrets.remember("second-secret")
            with aside():
                both.wait(60)
                assert left.wait(60)
                print("first-secret second-secret of the second")

    together(first, second)
    print("after both")
    printed = capsys.readouterr()
    assert printed.err.splitlines() == ["REDACTED second-secret of the first", "first-secret REDACTED of the second"]
    assert printed.out.splitlines() == ["the result of the first", "after both"]


DESCRIPTORS = """\
import os
from mason.runtime.output import aside
from mason.sessions import Session
for shares in (True, False):
    with Session(shares_process=shares).entered(), aside():
        os.write(1, b"shared\\n" if shares else b"alone\\n")
print("after")
"""


def test_only_a_session_that_has_its_process_for_itself_leads_descriptors_aside():
    done = subprocess.run([sys.executable, "-c", DESCRIPTORS], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("shared\nafter\n", "alone\n")


@pytest.mark.parametrize(("shares", "where"), [(True, "out"), (False, "err")])
def test_where_threads_of_nobody_print(capsys, shares, where):
    with Session(shares_process=shares).entered(), aside():
        thread = threading.Thread(target=print, args=("of nobody",))
        thread.start()
        thread.join()
    assert getattr(capsys.readouterr(), where) == "of nobody\n"


def test_of_runs_in_two_sessions_the_one_that_is_cancelled_ends_alone(store):
    sessions = Session(shares_process=True), Session(shares_process=True)
    both, cancelled = threading.Barrier(3), threading.Event()

    def run(session):
        calls = []

        def hangs_first():
            calls.append(1)
            if len(calls) == 1:
                both.wait(60)
                assert cancelled.wait(60)
            return []

        with session.entered():
            return do(workflow(step("a"), step("b", after="a")), store, hangs_first, control=session.own(Control))

    def cancel():
        both.wait(60)
        sessions[0].own(Control).finish()
        cancelled.set()

    one, other, _ = together(lambda: run(sessions[0]), lambda: run(sessions[1]), cancel)
    assert (one.status, other.status) == ("interrupted", "succeeded")


def test_runs_in_two_sessions_share_neither_secrets_nor_prints(store, capsys):
    both = threading.Barrier(2)

    def run(name):
        with Session(shares_process=True).entered() as session:
            secrets.remember(f"{name}-secret")
            both.wait(60)
            prepared = operator(
                f'print("first-secret second-secret of {name}")\nctx.info("first-secret second-secret")'
            )
            told = []
            end = do(
                replace(prepared, for_answer=name == "first"), store, control=session.own(Control), tell=told.append
            )
            both.wait(60)
            return end, [event["message"] for event in told if event["event"] == "said"]

    (one, one_told), (other, other_told) = together(lambda: run("first"), lambda: run("second"))
    assert (one.status, other.status) == ("succeeded", "succeeded")
    assert one_told == ["REDACTED second-secret"]
    assert sorted(other_told) == ["first-secret REDACTED", "first-secret REDACTED of second"]
    assert capsys.readouterr().err == "REDACTED second-secret of first\n"


def test_streams_are_as_they_were():
    before = sys.stdout, sys.stderr
    with aside():
        assert sys.stdout is not before[0]
        contextvars.copy_context().run(lambda: print("within"))
    assert (sys.stdout, sys.stderr) == before
