"""What a client must keep whose jobs go on when a verb has returned: tokens, statuses, cancelling, reasons.

Inherit beside the suites of the engines, for each engine that answers with open jobs; ``submit`` asks for some work::

    class TestMyJobs(AsynchronousSuite):
        role = "execution"

        @pytest.fixture
        def client(self, tmp_path): ...

        def submit(self, engine, number): return engine.format(..., output=f"out/{number}.parquet")

        @pytest.fixture
        def failed(self, any_engine): return self.ended(any_engine, any_engine.format(..., output="refused/"))

What the client does not declare is skipped: ``cancel_job``, ``find_job``, an ``idempotent`` handover.
"""

from __future__ import annotations

import pytest

from mason.engines.engine import Engine
from mason.engines.jobs import ENDED, OPEN, Token, submitting
from mason.engines.models import Job
from mason.errors import ConflictError, NotFoundError
from mason.testing.engines import EngineSuite


class AsynchronousSuite(EngineSuite):
    """The sentences of ``mason.engines.jobs``, and of the verbs of jobs in ``mason.engines.engine``."""

    def submit(self, engine: Engine, number: int) -> Job:
        """Ask for work that succeeds after a while; work of another ``number`` is no hindrance to it."""
        raise NotImplementedError

    @pytest.fixture
    def failed(self, any_engine: Engine) -> Job:
        """A job that the service took, and that failed. Override, or the tests of failures are skipped."""
        pytest.skip("this client's tests submit nothing that fails")

    def test_declares_that_work_goes_on_elsewhere(self, any_engine: Engine) -> None:
        """An engine that answers with open jobs declares it, and can tell how they do."""
        assert any_engine.handover.elsewhere
        assert "get_job" in any_engine.supports

    def test_answers_with_an_open_job(self, any_engine: Engine) -> None:
        """The verb returns before the work has ended, with an id by which the job is asked for."""
        job = self.submit(any_engine, 1)
        assert job.status in OPEN
        assert job.job_id
        assert any_engine.get_job(job.job_id).job_id == job.job_id

    def test_ends_once(self, any_engine: Engine) -> None:
        """A job that has ended stays so, and says what it made."""
        job = self.ended(any_engine, self.submit(any_engine, 1))
        assert (job.status, any_engine.get_job(job.job_id).status) == ("succeeded", "succeeded")
        assert job.result
        assert job.finished
        assert Job.from_dict(job.to_dict()) == job

    def test_an_open_job_has_no_result(self, any_engine: Engine) -> None:
        """What is not made yet is not told."""
        job = self.submit(any_engine, 1)
        assert job.status in OPEN
        assert not job.result
        assert not job.finished

    def test_says_why_it_failed(self, failed: Job) -> None:
        """A failed job has the service's own reason, and no result."""
        assert failed.status == "failed"
        assert failed.reason
        assert not failed.result

    def test_unknown_job(self, any_engine: Engine) -> None:
        """Raises ``NotFoundError`` for an id that it did not give."""
        for name in ("get_job", "cancel_job"):
            if name in any_engine.supports:
                with pytest.raises(NotFoundError):
                    getattr(any_engine, name)("20200101T000000-abcdef")

    def test_cancel(self, any_engine: Engine) -> None:
        """A job that goes on is stopped; once it has ended, that is a conflict."""
        self.needs(any_engine, "cancel_job")
        job = self.submit(any_engine, 1)
        assert any_engine.cancel_job(job.job_id).job_id == job.job_id
        assert self.ended(any_engine, job).status == "cancelled"
        with pytest.raises(ConflictError):
            any_engine.cancel_job(job.job_id)

    def test_found_by_its_token(self, any_engine: Engine) -> None:
        """A job is found by the token that it was submitted under, while it goes on and when it has ended."""
        self.needs(any_engine, "find_job")
        tokens = [Token("20261121T101500.042-3f9a1c", "step_1.inner", 1, number) for number in (1, 2)]
        jobs = []
        for number, token in enumerate(tokens):
            with submitting(token):
                jobs.append(self.submit(any_engine, number))
        assert [any_engine.find_job(str(token)).job_id for token in tokens] == [job.job_id for job in jobs]
        self.ended(any_engine, jobs[0])
        found = any_engine.find_job(str(tokens[0]))
        assert found.job_id == jobs[0].job_id
        assert found.status in ENDED

    def test_nothing_is_found_that_was_not_submitted(self, any_engine: Engine) -> None:
        """Raises ``NotFoundError``, also where something was submitted under no token."""
        self.needs(any_engine, "find_job")
        self.submit(any_engine, 1)
        with pytest.raises(NotFoundError):
            any_engine.find_job(str(Token("20261121T101500.042-3f9a1c", "step_1", 1, 1)))

    def test_submitted_again_it_answers_with_the_first_job(self, any_engine: Engine) -> None:
        """Under the same token nothing is submitted twice; under another one it is."""
        if not any_engine.handover.idempotent:
            pytest.skip(f"{any_engine.client} knows no idempotency keys as {any_engine.role}")
        first, second = (Token("20261121T101500.042-3f9a1c", "step_1", 1, number) for number in (1, 2))
        with submitting(first):
            job = self.submit(any_engine, 1)
            assert self.submit(any_engine, 1).job_id == job.job_id
        with submitting(second):
            assert self.submit(any_engine, 2).job_id != job.job_id
