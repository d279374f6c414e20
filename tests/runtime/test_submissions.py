"""What a run asks of engines is asked once: jobs are waited for, taken up again, cancelled, and never forgotten."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from mason.clients.memory import MemoryClient
from mason.engines.engine import Engine
from mason.engines.jobs import Token
from mason.engines.models import Job
from mason.engines.progress import Progress, observing
from mason.errors import (
    CancelledError,
    ConflictError,
    JobFailedError,
    TransientEngineError,
    UnknownOutcomeError,
)
from mason.runtime.context import Context
from mason.runtime.submissions import Submissions
from mason.runtime.submitted import digest_of, jobs_of
from mason.runtime.waiting import Pauses
from tests.waiting import wait_for

AT_ONCE = Pauses(first=0.001, longest=0.002)
RUN = "20261121T101500.042-3f9a1c"


class Run:
    """A run of one step over a client whose service outlives it, as a person resumes it: with what its journal says."""

    def __init__(self, base: Path, **how: Any) -> None:
        self.base = base
        self.how = {"folder": "service", **how}
        self.events: list[dict[str, Any]] = []
        self.said: list[str] = []
        self.begin()

    def begin(self, *, again: bool = False, pauses: Pauses = AT_ONCE, **how: Any) -> Submissions:
        """Begin, or resume as another process would."""
        self.how |= how
        self.client = MemoryClient({"asynchronous": self.how}, base=self.base)
        self.submissions = Submissions(RUN, self.note, events=tuple(self.events), again=again, pauses=pauses)
        return self.submissions

    def note(self, event: str, /, **facts: Any) -> None:
        self.events.append({"event": event, **facts})

    def attempt(self, *, wait: bool = True) -> Context:
        """The context of one more attempt."""
        calls = self.submissions.of_step("step_1", lambda kind, message: self.said.append(message), wait=wait)
        return Context({}, self.client.engine, allowed=None, tell=lambda kind, message: None, calls=calls)

    def fake(self, output: str = "a.csv", *, wait: bool = True) -> Job:
        """Say one sentence in an attempt of its own."""
        return self.attempt(wait=wait).execution.fake({"id": "BIGINT"}, size=1, output=output, overwrite=True)

    @property
    def told(self) -> list[tuple[str, str]]:
        """The events, with their status."""
        return [(each["event"], each.get("status", "")) for each in self.events]

    @property
    def submitted(self) -> list[str]:
        """The attempts of the tokens that the service took."""
        assert self.client.service is not None
        return [each["token"].removeprefix(f"{RUN}/step_1/") for each in self.client.service.submissions]

    def cut(self, event: str) -> None:
        """Forget what was written from the last ``event`` on, as if the process had been killed before it."""
        last = max(number for number, each in enumerate(self.events) if each["event"] == event)
        del self.events[last:]


def test_a_job_is_waited_for(tmp_path: Path) -> None:
    run = Run(tmp_path, polls=3)
    reports: list[Progress] = []
    with observing(reports.append):
        job = run.fake()
    assert (job.status, job.result["rows"]) == ("succeeded", 1)
    assert run.told == [("submitting", ""), ("submitted", "queued"), ("job", "succeeded")]
    assert [each.what for each in reports if each.what.startswith("Job ")] == [
        f"Job {job.job_id} of memory {status}" for status in ("queued", "running", "running")
    ] + [f"Job {job.job_id} of memory"]
    assert reports[-1].ended


def test_the_token_is_written_before_the_call_and_the_job_before_the_first_look(tmp_path: Path) -> None:
    run = Run(tmp_path)
    job = run.fake()
    submitting, submitted, ended = run.events
    token = f"{RUN}/step_1/1/1"
    assert {each["token"] for each in run.events} == {token}
    assert {name: submitting[name] for name in ("step", "engine", "verb", "client")} == {
        "step": "step_1",
        "engine": "execution",
        "verb": "fake",
        "client": "memory",
    }
    assert submitted["job_id"] == ended["job_id"] == job.job_id
    assert run.client.engine("execution").find_job(token).job_id == job.job_id
    assert Token.parse(token) == Token(RUN, "step_1", 1, 1)


def test_work_that_is_done_at_once_is_told_when_it_is_done(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.client = MemoryClient({}, base=tmp_path)
    job = run.fake()
    assert run.told == [("submitted", "succeeded")]
    run.client = MemoryClient({}, base=tmp_path)
    run.submissions = Submissions(RUN, run.note, events=tuple(run.events))
    assert run.fake() == job
    assert run.client.files == {}


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_that_did_not_succeed_is_a_failure(tmp_path: Path, status: str) -> None:
    run = Run(tmp_path, fails=1, reason="No such bucket.")
    if status == "failed":
        with pytest.raises(JobFailedError) as raised:
            run.fake()
        told = "failed: No such bucket. Its last line is: It began."
    else:
        run.begin(fails=0)
        job = run.fake(wait=False)
        run.client.engine("execution").cancel_job(job.job_id)
        with pytest.raises(JobFailedError) as raised:
            run.fake()
        told = "was cancelled: A person cancelled it. Its last line is: Looked at 0 times."
    job_id = raised.value.job["job_id"]
    assert str(raised.value) == f"Job {job_id} of client memory {told}"
    assert run.told[-1] == ("job", status)


def test_what_failed_is_submitted_anew_under_another_token(tmp_path: Path) -> None:
    run = Run(tmp_path, fails=2)
    for _ in range(2):
        with pytest.raises(JobFailedError):
            run.fake()
    run.begin()
    assert run.fake().status == "succeeded"
    assert run.submitted == ["1/1", "1/2", "1/3"]


def test_what_succeeded_is_not_submitted_again(tmp_path: Path) -> None:
    run = Run(tmp_path)
    job = run.fake()
    assert run.fake() == job
    run.begin()
    assert run.fake() == job
    assert run.submitted == ["1/1"]


def test_each_sentence_counts_for_itself(tmp_path: Path) -> None:
    run = Run(tmp_path)
    ctx = run.attempt()
    first = ctx.execution.fake({"id": "BIGINT"}, size=1, output="a.csv")
    second = ctx.execution.fake({"id": "BIGINT"}, size=1, output="b.csv")
    run.begin()
    # In another order, as threads of an operator may have it.
    ctx = run.attempt()
    assert ctx.execution.fake({"id": "BIGINT"}, size=1, output="b.csv") == second
    assert ctx.execution.fake({"id": "BIGINT"}, size=1, output="a.csv") == first
    assert run.submitted == ["1/1", "2/1"]


def test_a_sentence_that_is_said_twice_is_submitted_twice(tmp_path: Path) -> None:
    run = Run(tmp_path)
    ctx = run.attempt()
    for _ in range(2):
        ctx.execution.fake({"id": "BIGINT"}, size=1, output="a.csv", overwrite=True)
    assert run.submitted == ["1/1", "2/1"]


def test_a_job_that_goes_on_is_taken_up_again(tmp_path: Path) -> None:
    run = Run(tmp_path, polls=3)
    job_id = run.fake(wait=False).job_id
    run.begin()
    job = run.fake()
    assert (job.job_id, job.status) == (job_id, "succeeded")
    assert run.submitted == ["1/1"]


def test_a_job_that_failed_meanwhile_is_taken_as_it_ended(tmp_path: Path) -> None:
    run = Run(tmp_path, polls=0, fails=1)
    with pytest.raises(JobFailedError):
        run.fake()
    run.cut("job") if run.told[-1][0] == "job" else run.events.__setitem__(-1, {**run.events[-1], "status": "running"})
    run.begin()
    with pytest.raises(JobFailedError):
        run.fake()
    assert run.submitted == ["1/1"]
    assert run.told[-1] == ("job", "failed")
    run.fake()
    assert run.submitted == ["1/1", "1/2"]


@pytest.mark.parametrize("known_by", ["token", "key"])
def test_killed_before_the_answer_nothing_is_submitted_twice(tmp_path: Path, known_by: str) -> None:
    run = Run(tmp_path, known_by=known_by)
    job = run.fake()
    run.cut("submitted")
    run.begin()
    assert run.fake().job_id == job.job_id
    assert run.submitted == ["1/1"]


@pytest.mark.parametrize("known_by", ["token", "key"])
def test_killed_before_the_call_it_is_submitted_under_the_same_token(tmp_path: Path, known_by: str) -> None:
    run = Run(tmp_path, known_by=known_by)
    run.note(
        "submitting",
        token=f"{RUN}/step_1/1/1",
        step="step_1",
        engine="execution",
        verb="fake",
        client="memory",
        digest=digest_of(RUN, {"schema": {"id": "BIGINT"}, "size": 1, "output": "a.csv", "overwrite": True}),
    )
    run.begin()
    assert run.fake().status == "succeeded"
    assert run.submitted == ["1/1"]


def test_where_nobody_can_tell_a_person_is_asked(tmp_path: Path) -> None:
    run = Run(tmp_path, known_by="nothing")
    run.fake()
    run.cut("submitted")
    run.begin()
    with pytest.raises(UnknownOutcomeError) as raised:
        run.fake()
    assert str(raised.value) == (
        "execution.fake was submitted to client memory and not answered, and the client cannot tell whether it "
        "arrived: to do it again might do it twice, so nothing was submitted. See there what became of it. To submit "
        "it again: "
        f"mason runs resume {RUN} --submit-again"
    )
    assert run.submitted == ["1/1"]
    run.begin(again=True)
    run.fake()
    assert run.submitted == ["1/1", "1/2"]


def test_a_job_that_vanished_is_no_success_and_not_done_again_unasked(tmp_path: Path) -> None:
    run = Run(tmp_path, vanishes=True)
    with pytest.raises(UnknownOutcomeError) as raised:
        run.fake()
    job_id = run.events[-1]["job_id"]
    assert str(raised.value) == (
        f"Client memory does not know job {job_id} any more, so nobody knows whether it did its work. "
        f"See what became of it there. (There is no job {job_id}.)"
    )
    assert run.told[-1] == ("job", "lost")
    run.begin()
    with pytest.raises(UnknownOutcomeError, match="--submit-again"):
        run.fake()
    assert run.submitted == ["1/1"]
    run.begin(again=True, vanishes=False)
    assert run.fake().status == "succeeded"
    assert run.submitted == ["1/1", "1/2"]


def test_a_service_that_is_away_for_a_while_is_borne(tmp_path: Path) -> None:
    run = Run(tmp_path, late=3)
    assert run.fake().status == "succeeded"
    assert run.submitted == ["1/1"]


def test_a_service_that_stays_away_is_told_and_the_job_is_not_forgotten(tmp_path: Path) -> None:
    run = Run(tmp_path, late=1_000_000)
    run.begin(pauses=Pauses(first=0.001, longest=0.002, patience=0.05))
    with pytest.raises(TransientEngineError, match=r"goes on, but nobody could say for 0\.05 seconds how it does"):
        run.fake()
    run.begin(late=0)
    assert run.fake().status == "succeeded"
    assert run.submitted == ["1/1"]


def test_what_the_service_refuses_is_not_submitted(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.client.put_file("a.csv", b"mine")
    with pytest.raises(ConflictError):
        run.attempt().execution.fake({"id": "BIGINT"}, size=1, output="a.csv")
    assert run.told == [("submitting", ""), ("refused", "")]
    run.client.files.clear()
    run.client.written.clear()
    run.attempt().execution.fake({"id": "BIGINT"}, size=1, output="a.csv")
    assert run.submitted == ["1/2"]


def test_other_parameters_cancel_what_goes_on(tmp_path: Path) -> None:
    run = Run(tmp_path, polls=1000)
    job = run.fake("a.csv", wait=False)
    run.begin(polls=1)
    run.how["polls"] = 1
    other = run.fake("b.csv")
    assert other.status == "succeeded"
    assert run.said == [f"Job {job.job_id} of client memory was cancelled (the step has other parameters now)."]
    assert run.client.engine("execution").get_job(job.job_id).status == "cancelled"


class Attempt:
    """An attempt that can be given up; see ``mason.engines.interrupts``."""

    def __init__(self) -> None:
        self.given_up = False
        self.interrupts: list[Any] = []

    def add(self, interrupt: Any) -> None:
        self.interrupts.append(interrupt)

    def discard(self, interrupt: Any) -> None:
        self.interrupts.remove(interrupt)

    def give_up(self) -> None:
        self.given_up = True
        for interrupt in tuple(self.interrupts):
            interrupt()


def in_thread(run: Run, attempt: Attempt) -> tuple[threading.Thread, list[BaseException]]:
    from mason.engines.interrupts import doing

    raised: list[BaseException] = []

    def work() -> None:
        with doing(attempt):
            try:
                run.fake()
            except CancelledError as error:
                raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: ("submitted", "queued") in run.told)
    return thread, raised


def test_an_attempt_that_is_given_up_cancels_its_job(tmp_path: Path) -> None:
    run = Run(tmp_path, polls=1_000_000)
    attempt = Attempt()
    thread, raised = in_thread(run, attempt)
    attempt.give_up()
    thread.join()
    job_id = run.events[1]["job_id"]
    assert str(raised[0]) == f"Job {job_id} of client memory was cancelled (its step was given up)."
    assert run.said == [str(raised[0])]
    assert run.told[-1] == ("job", "cancelled")


def test_who_gives_up_an_attempt_while_it_submits_has_something_to_wait_for(tmp_path: Path) -> None:
    """Else the process is gone before the job that was just told of is cancelled."""
    from mason.engines.interrupts import doing

    run = Run(tmp_path, polls=1_000_000)
    attempt, registered, note = Attempt(), [], run.note

    def told(event: str, /, **facts: Any) -> None:
        note(event, **facts)
        registered.append(len(attempt.interrupts))
        if event == "submitted":
            attempt.give_up()

    run.submissions.note = told
    with doing(attempt), pytest.raises(CancelledError):
        run.fake()
    assert registered[:2] == [1, 1]
    assert run.told[-1] == ("job", "cancelled")
    assert attempt.interrupts == []


def test_all_jobs_of_a_run_can_be_cancelled(tmp_path: Path) -> None:
    run = Run(tmp_path, polls=1_000_000, cancels=False)
    thread, raised = in_thread(run, Attempt())
    run.submissions.cancel("the run was cancelled")
    thread.join()
    job_id = run.events[1]["job_id"]
    assert str(raised[0]) == (
        f"Job {job_id} of client memory goes on: the client cannot cancel jobs. End it there if it shall not "
        "(the run was cancelled)."
    )
    # It is not forgotten: whoever resumes the run waits for it.
    run.begin(polls=1)
    assert run.fake().job_id == job_id


def test_an_open_job_can_be_the_result(tmp_path: Path) -> None:
    run = Run(tmp_path)
    job = run.fake(wait=False)
    assert job.status == "queued"
    ctx = run.attempt()
    again = ctx.say("execution", "fake", (), {"schema": {"id": "BIGINT"}, "size": 1, "output": "b.csv"}, wait=False)
    assert again.status == "queued"
    assert ctx.say("any", "get_job", (), {"job_id": again.job_id}).status == "running"


def test_without_a_run_a_job_is_waited_for_as_well(tmp_path: Path) -> None:
    client = MemoryClient({"asynchronous": {"polls": 1}}, base=tmp_path)
    ctx = Context({}, client.engine, allowed=None, tell=lambda kind, message: None)
    assert ctx.execution.fake({"id": "BIGINT"}, size=1, output="a.csv").status == "succeeded"
    assert client.service is not None
    assert [each["token"] for each in client.service.submissions] == [""]


def test_jobs_are_told_with_what_they_cost(tmp_path: Path) -> None:
    run = Run(tmp_path, cost={"bytes_scanned": 1000})
    job = run.fake()
    assert jobs_of(run.events) == [
        {
            "step": "step_1",
            "job_id": job.job_id,
            "client": "memory",
            "engine": "execution",
            "verb": "fake",
            "status": "succeeded",
            "cost": {"bytes_scanned": 1000},
        }
    ]


def test_events_of_other_versions_and_kinds_are_passed_over() -> None:
    def note(event: str, /, **facts: Any) -> None:
        raise AssertionError(event)

    newer = {
        "event": "submitted",
        "token": f"{RUN}/s/1/1",
        "step": "s",
        "status": "succeeded",
        "model": "X",
        "result": 1,
    }
    known = Submissions(RUN, note, events=[{"event": "started", "step": "s"}, newer])
    number, sentence = known.sentence("s", ("", "", "", ""), set())
    assert number == 1
    assert sentence.last is not None
    assert (sentence.last.status, sentence.last.has_result) == ("succeeded", False)


def test_engines_that_cannot_look_leave_the_outcome_unknown(tmp_path: Path) -> None:
    class Blind(Engine):
        client = "blind"  # type: ignore[assignment]
        role = "execution"

    from mason.runtime.waiting import look_at

    with pytest.raises(UnknownOutcomeError, match="Client blind cannot tell as execution how job 1 ends"):
        look_at(Blind(None), "1")
