"""What the steps of a run have asked engines to change, so that nothing is done twice that was done, or may have been.

Before a changing verb is called on an engine that hands work on, the journal gets ``submitting``; after the call and
before the first wait, ``submitted``; and ``job`` when the job has ended. A call that was refused is ``refused``. A call
of an engine that does its work at once is told by ``submitted`` alone, when it is done: a process that is killed in the
middle takes that work with it.

A step that is done again (in another attempt, or because its run is resumed) says its sentences in the same order. A
sentence that was said before, with the same arguments to the same client, is looked up here first: what succeeded is
not done again, what goes on is waited for, and what failed is submitted under a new token. What became of a call that
was not answered is found out by its token. Where that cannot be done, a person is asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, Protocol, TypeAlias

from mason.engines import interrupts
from mason.engines.engine import Engine
from mason.engines.jobs import OPEN, Token, submitting
from mason.engines.models import Job
from mason.engines.verbs import Verb
from mason.errors import (
    CancelledError,
    MasonError,
    NotFoundError,
    TransientEngineError,
    UnknownOutcomeError,
)
from mason.runtime.submitted import EVENTS, digest_of, kept_result, restored_result
from mason.runtime.waiting import Pauses, Wakeup, cancel, look_at, named, refuse_failed, wait_for
from mason.state.lock import turns
from mason.values import dataclass, field

_Called: TypeAlias = "tuple[str, str, str, str]"
# Seconds between two looks at whether another attempt of the same step is through with a sentence.
_TURN = 0.05


class Note(Protocol):
    """Writes an event into the journal of the run, and tells it."""

    def __call__(self, event: str, /, **facts: Any) -> object:
        """Raises ``StateError`` where it cannot be written."""
        ...


class Say(Protocol):
    """Tells the person something about a step (``Info`` or ``Warnings``)."""

    def __call__(self, kind: str, message: str, /) -> object:
        """Raises nothing."""
        ...


@dataclass(slots=True)
class Submission:
    """A changing call, as far as it is known: ``status`` is ``submitting`` (nobody knows whether it arrived),
    ``refused``, ``lost`` (its job vanished), or that of its job; a call without a job has ``succeeded``.

    ``call`` names engine, verb, client and the digest of the arguments. ``result`` is what the call returned,
    ``has_result`` whether that is known.
    """

    token: Token
    call: _Called
    status: str = "submitting"
    job: Job | None = None
    result: Any = None
    has_result: bool = False


@dataclass(slots=True)
class _Sentence:
    """All submissions of one sentence: the last one, and who is at it."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    last: Submission | None = None


class Submissions:
    """Those of one run. ``note`` writes the journal; ``again`` is true where a person said that work may be submitted
    again of which nobody knows whether it was done."""

    def __init__(
        self,
        run_id: str,
        note: Note,
        *,
        events: Sequence[Mapping[str, Any]] = (),
        again: bool = False,
        pauses: Pauses | None = None,
    ) -> None:
        self.run_id = run_id
        self.note = note
        self.again = again
        self.pauses = pauses or Pauses()
        self._lock = threading.Lock()
        self._sentences: dict[str, dict[int, _Sentence]] = {}
        self._wakeups: set[Wakeup] = set()
        self._cancelled = ""
        self._cancelling = 0
        for event in events:
            self._take(event)

    def _take(self, event: Mapping[str, Any]) -> None:
        """What an event of the journal tells."""
        if event["event"] not in EVENTS:
            return
        token = Token.parse(event["token"])
        sentence = self._sentences.setdefault(token.step, {}).setdefault(token.sentence, _Sentence())
        if event["event"] == "submitting" or sentence.last is None or sentence.last.token != token:
            call = (event.get("engine", ""), event.get("verb", ""), event.get("client", ""), event.get("digest", ""))
            sentence.last = Submission(token, call)
        last = sentence.last
        if event["event"] == "refused":
            last.status = "refused"
        elif event["event"] != "submitting":
            last.status = event["status"]
            if "job_id" in event:
                last.job = Job(event["job_id"], last.status if last.status != "lost" else "failed")
            if "result" in event:
                last.result, last.has_result = restored_result(event.get("model", ""), event["result"])
                last.job = last.result if isinstance(last.result, Job) else last.job

    def sentence(self, step: str, call: _Called, taken: set[int]) -> tuple[int, _Sentence]:
        """The number of a sentence, and what is known of it: of those that are not ``taken`` in this attempt, the one
        that made the same ``call`` before, else the first. It is taken by that."""
        with self._lock:
            known = self._sentences.setdefault(step, {})
            alike = (
                number
                for number, each in sorted(known.items())
                if number not in taken and each.last is not None and each.last.call == call
            )
            number = next(alike, 0) or next(each for each in count(1) if each not in taken)
            taken.add(number)
            return number, known.setdefault(number, _Sentence())

    def forget(self, step: str) -> None:
        """Keep nothing of a step that is done."""
        with self._lock:
            self._sentences.pop(step, None)

    def of_step(self, step: str, say: Say, *, wait: bool = True) -> StepCalls:
        """The calls of one attempt of a step; without ``wait``, open jobs are handed on as results."""
        return StepCalls(self, step, say, wait=wait)

    def cancel(self, why: str) -> None:
        """Let all jobs that are waited for be cancelled at their engines, and those that will be. Returns at once."""
        self._cancelled = why
        for wakeup in tuple(self._wakeups):
            wakeup.call(why)

    @contextmanager
    def wakeup(self) -> Iterator[Wakeup]:
        """To be waited with: it ends when the attempt is given up, or all jobs are to be cancelled."""
        with Wakeup() as wakeup:
            self._wakeups.add(wakeup)
            if self._cancelled:
                wakeup.call(self._cancelled)
            try:
                yield wakeup
            finally:
                self._wakeups.discard(wakeup)

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """Within it, a job is being cancelled: :meth:`see_off` waits for that."""
        with self._lock:
            self._cancelling += 1
        try:
            yield
        finally:
            with self._lock:
                self._cancelling -= 1

    def see_off(self, seconds: float) -> None:
        """Wait, at most so long, until what was to be cancelled is, or is told not to be."""
        for _ in turns(seconds, longest=0.02):
            if not self._cancelling:
                return


class StepCalls:
    """The changing calls of one attempt of one step, counted as they are made; may be made from several threads."""

    def __init__(self, run: Submissions, step: str, say: Say, *, wait: bool) -> None:
        self._run = run
        self._step = step
        self._say = say
        self._wait = wait
        self._taken: set[int] = set()

    def make(
        self, engine: Engine, verb: Verb, arguments: Mapping[str, Any], do: Callable[[], Any], *, wait: bool = True
    ) -> Any:
        """What the call ``do`` of ``verb`` returns, once its job has succeeded; made unless it was made before.

        Raises what it raises, ``JobFailedError``, ``CancelledError``, and ``UnknownOutcomeError`` where it was perhaps
        made before and nobody knows.
        """
        call = (verb.engine, verb.name, engine.client, digest_of(self._run.run_id, arguments))
        made = _Call(self._run, engine, call, do, self._say, wait=wait and self._wait)
        number, sentence = self._run.sentence(self._step, call, self._taken)
        with _turn(sentence.turn):
            return made.make(sentence, self._step, number)


@contextmanager
def _turn(lock: threading.Lock) -> Iterator[None]:
    """Hold ``lock``. Raises ``CancelledError`` when nobody waits for it any more."""
    work = interrupts.current()
    while not lock.acquire(timeout=_TURN):
        if work is not None and work.given_up:
            raise CancelledError("The attempt before is not through yet, and nobody waits for this one any more.")
    try:
        yield
    finally:
        lock.release()


class _Call:
    """One changing call of an attempt."""

    def __init__(
        self,
        run: Submissions,
        engine: Engine,
        call: _Called,
        do: Callable[[], Any],
        say: Say,
        *,
        wait: bool,
    ) -> None:
        self._run = run
        self._engine = engine
        self._call = call
        self._do = do
        self._say = say
        self._wait = wait

    def make(self, sentence: _Sentence, step: str, number: int) -> Any:
        last = sentence.last
        if last is None:
            return self._submit(sentence, Token(self._run.run_id, step, number, 1))
        if last.status == "submitting":
            return self._find_out(sentence, last)
        if last.status == "lost" and not self._run.again:
            job = last.job.job_id if last.job else ""
            raise self._unknown(f"Client {last.call[2]} did not know job {job} any more that this step submitted")
        if last.call != self._call:
            return self._replace(sentence, last)
        if last.status in OPEN:
            assert last.job is not None, "what is open is a job"
            return self._adopt(last, last.job)
        if last.status == "succeeded":
            if last.has_result:
                return last.result
            if last.job is not None and "get_job" in self._engine.supports:
                return self._adopt(last, last.job)
        return self._submit(sentence, self._next(last))

    def _next(self, last: Submission) -> Token:
        return replace(last.token, attempt=last.token.attempt + 1)

    def _find_out(self, sentence: _Sentence, last: Submission) -> Any:
        """What became of a call that was not answered: found by its token, or made again under it."""
        handover, same = self._engine.handover, last.call == self._call
        if not handover.elsewhere and last.call[2] == self._call[2]:
            # Its work ended with the process or the attempt that it was done in.
            return self._submit(sentence, last.token if same else self._next(last))
        if last.call[:3] == self._call[:3] and "find_job" in self._engine.supports:
            try:
                job = self._engine.find_job(str(last.token))
            except NotFoundError:
                return self._submit(sentence, last.token if same else self._next(last))
            self._submitted(last, job)
            return self._adopt(last, job) if same else self._replace(sentence, last)
        if same and handover.idempotent:
            return self._submit(sentence, last.token)
        if self._run.again:
            return self._submit(sentence, self._next(last))
        raise self._unknown(
            f"{last.call[0]}.{last.call[1]} was submitted to client {last.call[2]} and not answered, and the client "
            "cannot tell whether it arrived"
        )

    def _unknown(self, what: str) -> UnknownOutcomeError:
        return UnknownOutcomeError(
            f"{what}: to do it again might do it twice, so nothing was submitted. See there what became of it. To "
            f"submit it again: mason runs resume {self._run.run_id} --submit-again"
        )

    def _replace(self, sentence: _Sentence, last: Submission) -> Any:
        """The sentence says something else now than when it was said before: what goes on of that is not wanted."""
        if last.status in OPEN and last.job is not None:
            if last.call[::2] != self._call[::2] and not self._run.again:
                raise self._unknown(
                    f"Job {last.job.job_id} of client {last.call[2]} goes on, which this step submitted with other "
                    "parameters"
                )
            if last.call[::2] == self._call[::2]:
                self._cancel(last, last.job, "the step has other parameters now")
        return self._submit(sentence, self._next(last))

    def _submit(self, sentence: _Sentence, token: Token) -> Any:
        """Make the call."""
        if not self._engine.handover.elsewhere:
            return self._hand_over(sentence, token)
        # From before it is made: who gives the attempt up in between waits until its job is cancelled, too.
        with self._run.wakeup():
            return self._hand_over(sentence, token)

    def _hand_over(self, sentence: _Sentence, token: Token) -> Any:
        last = sentence.last = Submission(token, self._call)
        elsewhere = self._engine.handover.elsewhere
        if elsewhere:
            self._run.note("submitting", token=str(token), step=token.step, **_named(self._call))
        try:
            with submitting(token):
                returned = self._do()
        except MasonError as error:
            if not isinstance(error, (TransientEngineError, CancelledError)):
                last.status = "refused"
                if elsewhere:
                    self._run.note("refused", token=str(token), step=token.step, error=str(error))
            raise
        if not isinstance(returned, Job):
            last.status, last.result, last.has_result = "succeeded", returned, True
            self._note("submitted", last)
            return returned
        self._submitted(last, returned)
        return self._end(last, named(returned, self._engine))

    def _submitted(self, last: Submission, job: Job) -> None:
        last.job, last.status = job, job.status
        if job.status == "succeeded":
            last.result, last.has_result = named(job, self._engine), True
        self._note("submitted", last)

    def _note(self, event: str, last: Submission) -> None:
        """Write what is known of a call: its status, its job, and what it returned if that can be read again."""
        facts: dict[str, Any] = {}
        if event == "submitted":
            facts |= _named(last.call)
        if last.job is not None:
            facts["job_id"] = last.job.job_id
            facts |= {name: value for name in ("cost", "reason") if (value := getattr(last.job, name))}
        if last.has_result and (kept := kept_result(last.result)) is not None:
            facts |= kept
        self._run.note(event, token=str(last.token), step=last.token.step, status=last.status, **facts)

    def _adopt(self, last: Submission, job: Job) -> Any:
        """Go on with a job that was submitted before."""
        try:
            found = look_at(self._engine, job.job_id)
        except UnknownOutcomeError:
            self._lose(last)
            raise
        except (TransientEngineError, ConnectionError, TimeoutError):
            # It is asked again with pauses.
            found = replace(job, status="running")
        return self._end(last, named(found, self._engine), adopted=True)

    def _lose(self, last: Submission) -> None:
        last.status = "lost"
        self._note("job", last)

    def _end(self, last: Submission, job: Job, *, adopted: bool = False) -> Job:
        """Wait until ``job`` has ended; returned if it succeeded, or if nobody is to wait and it goes on."""
        if job.status in OPEN and self._wait:
            job = self._waited(last, job)
        if job.status in OPEN:
            return job
        if adopted or last.status != job.status:
            self._ended(last, job)
        return refuse_failed(job, self._engine.client)

    def _waited(self, last: Submission, job: Job) -> Job:
        with self._run.wakeup() as wakeup:
            try:
                return named(wait_for(self._engine, job, wakeup, self._run.pauses), self._engine)
            except UnknownOutcomeError:
                self._lose(last)
                raise
            except CancelledError as error:
                raise CancelledError(self._cancel(last, job, wakeup.why)) from error

    def _cancel(self, last: Submission, job: Job, why: str) -> str:
        """Cancel a job, and tell what came of it."""
        with self._run.cancelling():
            ended, told = cancel(self._engine, job, self._run.pauses)
            if ended is not None:
                self._ended(last, named(ended, self._engine))
            told = f"{told[:-1]} ({why})." if why else told
            self._say("Warnings", told)
        return told

    def _ended(self, last: Submission, job: Job) -> None:
        last.job, last.status = job, job.status
        if job.status == "succeeded":
            last.result, last.has_result = job, True
        self._note("job", last)


def unrecorded(engine: Engine, do: Callable[[], Any], *, wait: bool = True) -> Any:
    """What the changing call ``do`` returns, once its job has succeeded, where no run records what is submitted.

    Raises what it raises, ``JobFailedError``, and as ``mason.runtime.waiting.wait_for``.
    """
    returned = do()
    if not isinstance(returned, Job):
        return returned
    if returned.status in OPEN and wait:
        pauses = Pauses()
        with Wakeup() as wakeup:
            try:
                returned = wait_for(engine, returned, wakeup, pauses)
            except CancelledError as error:
                raise CancelledError(cancel(engine, returned, pauses)[1]) from error
    return refuse_failed(returned, engine.client)


def _named(call: _Called) -> dict[str, str]:
    return dict(zip(("engine", "verb", "client", "digest"), call, strict=True))
