"""The daemon that runs schedules when they are due.

It decides (:mod:`mason.project.schedules.due`) and writes that down; what is to be run waits in a ledger then, until a
process of its own takes it. So however many daemons there are, and whenever one of them is killed, nothing is run
twice, and what was decided is run by the next one that looks. A process whose daemon was killed goes on with its run.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from queue import Empty, SimpleQueue
from typing import IO, Any

from mason.engines.ledger import Ledger, Waiting, iso
from mason.engines.models import Schedule
from mason.errors import MasonError, NotFoundError
from mason.project.opened import Project
from mason.project.schedules import due
from mason.project.schedules.triggering import Kept, kept_schedulers
from mason.queues import take
from mason.runtime.prepared_run import Tell
from mason.secrets import scrub, scrub_all
from mason.settings import DEFAULT_WORKSPACE
from mason.values import dataclass, field

# Seconds: how often schedules are looked at, and configs; how long a schedule rests whose run could not even begin; and
# how long a process has to end that was told to.
_LOOK, _LOOK_AT_CONFIGS, _REST, _TO_END = 1.0, 10.0, 60.0, 3.0
# Seconds between two signals, so that they do not arrive as one.
_TWICE = 0.1
# As `python -m mason`, without the current folder among those that modules are imported from.
_MASON = "import sys; sys.path = [each for each in sys.path if each]; from mason.cli import main; main()"


def _nobody(event: Mapping[str, Any]) -> None:
    """Whom nothing is told."""


@dataclass(slots=True)
class _Child:
    """A process that runs one thing, and what it has told so far."""

    place: str
    schedule: str
    waiting: Waiting
    process: subprocess.Popen[bytes]
    run_id: str = ""
    job: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Daemon:
    """Runs what is due until it is told to end. ``once``: only what is due now, until that has ended.

    ``parallelism`` is how many runs go on at once. :meth:`finish` and :meth:`stop` may be called from signal handlers.
    """

    project: Project
    parallelism: int
    tell: Tell
    once: bool = False
    _finishing: bool = False
    _stopping: bool = False
    _all_well: bool = True
    _kept: dict[str, Kept] = field(default_factory=dict)
    _children: dict[tuple[str, str], _Child] = field(default_factory=dict)
    _resting: dict[tuple[str, str], float] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)
    _next: datetime | None = None
    _inbox: SimpleQueue[tuple[_Child, Mapping[str, Any] | None] | None] = field(default_factory=SimpleQueue)

    def finish(self) -> None:
        """Begin nothing new, and return when what runs has ended."""
        self._finishing = True
        self._inbox.put(None)

    def stop(self) -> None:
        """End what runs, and return."""
        self._finishing = self._stopping = True
        self._inbox.put(None)

    @property
    def finishing(self) -> bool:
        """Whether it was told to end."""
        return self._finishing

    def run(self) -> bool:
        """Do it. Returns whether all that ended here ended well.

        Raises ``NotFoundError`` when no config has a scheduler whose schedules Mason runs.
        """
        try:
            self._look_at_configs()
            if not self._kept and not self._told:
                raise NotFoundError(
                    "No config in the state has a scheduler whose schedules Mason runs. "
                    "Write scheduler_clients: [local] (or local_async) into one, and apply it."
                )
            looked_at = time.monotonic()
            self._look(decide=True)
            while not self._stopping and (self._children or not (self._finishing or self.once)):
                self._wait()
                if self._finishing:
                    continue
                if time.monotonic() - looked_at > _LOOK_AT_CONFIGS:
                    self._look_at_configs()
                    looked_at = time.monotonic()
                self._look(decide=not self.once)
        except BaseException:
            # Perhaps nobody listens any more, and processes are to be ended all the same.
            self.tell = _nobody
            raise
        finally:
            try:
                self._end_children()
            finally:
                for kept in self._kept.values():
                    kept.close()
        return self._all_well

    # --- what there is ------------------------------------------------------------------------------------------------

    def _look_at_configs(self) -> None:
        """Find the schedulers; what cannot be found out now is left as it was."""
        faults: list[str] = []

        def fault(config_id: str, error: MasonError) -> None:
            faults.append(config_id)
            self._fault(f"config {config_id}", error, config_id=config_id)

        try:
            found = kept_schedulers(self.project, fault=fault)
        except MasonError as error:
            self._fault("state", error)
            return
        unsure = {place: kept for place, kept in self._kept.items() if kept.config_id in faults}
        before, self._kept = self._kept, unsure | found
        for place, kept in before.items():
            if self._kept.get(place) is not kept:
                kept.close()
        self._well("state")
        for kept in found.values():
            self._well(f"config {kept.config_id}")
        for place, kept in found.items():
            if place not in before:
                self._event("watching", config_id=kept.config_id, client=kept.client, place=place)

    def _look(self, *, decide: bool) -> None:
        """Decide on what is due, and begin what waits, as much as may run at once."""
        self._next = None
        for place, kept in self._kept.items():
            try:
                names = kept.engine.schedule_names()
            except MasonError as error:
                self._fault(place, error, config_id=kept.config_id)
                continue
            self._well(place)
            for name in names:
                try:
                    self._look_at(kept, (place, name), decide=decide)
                except NotFoundError:
                    # Deleted meanwhile.
                    continue
                except MasonError as error:
                    self._fault(f"{place} {name}", error, schedule=name)
                else:
                    self._well(f"{place} {name}")

    def _look_at(self, kept: Kept, key: tuple[str, str], *, decide: bool) -> None:
        now = datetime.now(timezone.utc)
        name = key[1]
        schedule, ledger = kept.engine.look(name)
        self._mind_the_clock(key, ledger, now)
        following = due.next_time(schedule, ledger) if decide else None
        if following is not None and following <= now:
            ledger = self._decide(kept, name)
        elif following is not None and (self._next is None or following < self._next):
            self._next = following
        if (
            ledger.queue
            and schedule.enabled
            and not (ledger.last and ledger.last.status == "running")
            and key not in self._children
            and len(self._children) < self.parallelism
            and self._resting.get(key, 0) <= time.monotonic()
        ):
            self._begin(kept, key, ledger.queue[0])

    def _mind_the_clock(self, key: tuple[str, str], ledger: Ledger, now: datetime) -> None:
        """Tell of a schedule that would be silent because the clock was far ahead once."""
        about = f"the clock of {key}"
        if ledger.considered <= now + due.GRACE:
            self._well(about)
            return
        error = (
            f"Its times up to {iso(ledger.considered)} were considered already, and the clock says {iso(now)[:19]}Z: "
            "it was set back. None of them is run twice. If it was the clock that was wrong then, delete the schedule, "
            "and apply it again."
        )
        if about not in self._told:
            self._told[about] = error
            self._event("fault", schedule=key[1], error=error)

    def _decide(self, kept: Kept, name: str) -> Ledger:

        decisions: list[due.Decision] = []

        def change(schedule: Schedule, ledger: Ledger, busy: bool) -> Ledger:
            now = datetime.now(timezone.utc)
            decision = due.decide(schedule, ledger, now, busy=busy, new_job_id=kept.engine.new_job_id)
            decisions.append(decision)
            return decision.ledger

        ledger = kept.engine.change_ledger(name, change)
        decision = decisions[-1]
        if decision.missed:
            self._event(
                "missed",
                schedule=name,
                count=len(decision.missed),
                more=decision.more,
                first=iso(decision.missed[0]),
                last=iso(decision.missed[-1]),
            )
        for waiting in decision.queued:
            self._event("due", schedule=name, due=iso(waiting.due) if waiting.due else "")
        for skipped in decision.skipped:
            self._event("skipped", schedule=name, due=iso(skipped))
        return ledger

    # --- processes ----------------------------------------------------------------------------------------------------

    def _begin(self, kept: Kept, key: tuple[str, str], waiting: Waiting) -> None:
        """Let a process of its own run what waits: what an operator does to its process, it does to nothing else."""
        # The URL is that of the workspace already, whatever the environment says.
        arguments = ["--state", self.project.store.url, "--workspace", DEFAULT_WORKSPACE]
        arguments += ["scheduler", "trigger", key[1], "-c", kept.config_id]
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", _MASON, *arguments, "--queued", waiting.job_id, "-y", "--json"],
                cwd=self.project.settings.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # Ctrl-C in a terminal is for the daemon, which lets what runs end.
                start_new_session=True,
            )
        except OSError as error:
            self._resting[key] = time.monotonic() + _REST
            self._event("fault", schedule=key[1], error=f"No process can be started: {error.strerror}.")
            return
        child = _Child(*key, waiting, process)
        self._children[key] = child
        threading.Thread(target=self._listen, args=(child,), daemon=True).start()

    def _listen(self, child: _Child) -> None:
        """What a thread does for a process: hand on what it tells, and tell its end."""
        assert child.process.stdout is not None
        reader = threading.Thread(target=self._read, args=(child, child.process.stdout), daemon=True)
        reader.start()
        child.process.wait()
        # Something that it has left behind may hold its stdout open.
        reader.join(1.0)
        self._inbox.put((child, None))

    def _read(self, child: _Child, stream: IO[bytes]) -> None:
        for line in stream:
            with suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    self._inbox.put((child, event))

    def _wait(self) -> None:
        """Until something happens or something is due, at most for as long as there is between two looks."""
        left = _LOOK
        if self._next is not None and not self._finishing:
            left = min(left, max(0.0, (self._next - datetime.now(timezone.utc)).total_seconds()))
        with suppress(Empty):
            while True:
                message = take(self._inbox, left)
                if message is not None:
                    self._heard(*message)
                # What else there is already is heard before anything is decided.
                left = 0.0

    def _heard(self, child: _Child, event: Mapping[str, Any] | None) -> None:
        if event is None:
            self._ended(child)
        elif event.get("event") == "begun":
            child.run_id = str(event.get("run_id", ""))
            facts = {"due": iso(child.waiting.due)} if child.waiting.due else {}
            self._event("started", schedule=child.schedule, **facts, job_id=child.waiting.job_id, run_id=child.run_id)
        elif event.get("event") == "triggered":
            child.job = event

    def _ended(self, child: _Child) -> None:
        key = (child.place, child.schedule)
        self._children.pop(key, None)
        code = child.process.returncode
        facts: dict[str, Any] = {"due": iso(child.waiting.due)} if child.waiting.due else {}
        facts |= {"job_id": child.waiting.job_id, "run_id": child.run_id}
        if child.job is not None:
            result = child.job.get("result", {})
            facts["run_id"] = result.get("run_id", child.run_id)
            status, error = result.get("status", "failed"), "\n".join(child.job.get("logs", ()))
        elif child.run_id:
            status, error = "interrupted", f"Its process ended (exit code {code})."
        else:
            if code == 0:
                # Another daemon was faster.
                return
            self._all_well = False
            self._resting[key] = time.monotonic() + (float("inf") if self.once else _REST)
            again = "" if self.once else f" It is tried again in {_REST:g} seconds."
            why = f"The process that was to run it ended (exit code {code}).{again}"
            self._event("fault", schedule=child.schedule, error=why)
            return
        self._all_well = self._all_well and status == "succeeded"
        self._event("ended", schedule=child.schedule, **facts, status=status, **({"error": error} if error else {}))

    def _end_children(self) -> None:
        """Leave no process behind: each is told to stop, and killed with all that it has begun when it does not."""
        for pause in (_TWICE, 0) if self._children else ():
            # The first one lets a run finish what it is at.
            for child in self._children.values():
                child.process.send_signal(signal.SIGTERM)
            time.sleep(pause)
        deadline = time.monotonic() + _TO_END
        while self._children and time.monotonic() < deadline:
            with suppress(Empty):
                message = take(self._inbox, deadline - time.monotonic())
                if message is not None:
                    self._heard(*message)
                    self._kill(message[0]) if message[1] is None else None
        for child in list(self._children.values()):
            self._kill(child)
            child.process.wait()
            self._ended(child)

    def _kill(self, child: _Child) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)

    # --- telling ------------------------------------------------------------------------------------------------------

    def _event(self, event: str, **facts: Any) -> None:
        told = {"event": event, "at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), **facts}
        self.tell(scrub_all(told))

    def _fault(self, about: str, error: MasonError, **facts: Any) -> None:
        """Tell what is wrong, once for as long as it is the same."""
        told = scrub(str(error))
        if self._told.get(about) != told:
            self._told[about] = told
            self._event("fault", **facts, error=told)
        self._all_well = False

    def _well(self, about: str) -> None:
        self._told.pop(about, None)
