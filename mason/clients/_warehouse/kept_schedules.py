"""Schedules in a warehouse's folder: a JSON file each, and beside it a ledger of what became of its times.

``schedules/NAME.json`` is the schedule, ``schedules/ledgers/NAME.json`` its ledger, ``schedules/locks/NAME.lock`` is
held by who changes one of them, and ``schedules/locks/NAME.run`` by who runs it, for as long as that takes. Both locks
are the operating system's: a process that dies gives them back, and what it left in the ledger tells that it died.

The lock of a run is only ever tried by who holds the other one, so that a look at it is in nobody's way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mason import bounds
from mason.caches import Stamp, stamp_at
from mason.clients._jobs import is_done, now
from mason.clients._jobs import iso as job_time
from mason.clients._missing import missing
from mason.clients._warehouse import locks
from mason.clients._warehouse.folder import WarehouseFolder
from mason.engines.ledger import Change, LastRun, Ledger, Waiting, iso
from mason.engines.models import Job, Schedule
from mason.engines.runner import Ran
from mason.engines.scheduler import check_schedule
from mason.errors import ConflictError, EngineError, NotFoundError
from mason.resources.address import is_name
from mason.values import dataclass

VERB = "scheduler.trigger_schedule"


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process alone may do now: it holds the lock of the run as the descriptor ``lock``."""

    schedule: Schedule
    waiting: Waiting
    run_id: str
    submitted: str
    lock: int


class ScheduleFiles:
    """The schedules of one warehouse. Reading makes nothing."""

    def __init__(self, warehouse: WarehouseFolder) -> None:
        self.warehouse = warehouse
        self.folder = warehouse.folder / "schedules"

    def names(self) -> list[str]:
        """The names of all schedules, sorted."""
        with self.warehouse.reached():
            try:
                # Not by pathlib, which takes twenty times as long: each schedule that is put asks for the names of all.
                with os.scandir(self.folder) as entries:
                    files = [os.path.splitext(each.name) for each in entries if each.is_file()]  # noqa: PTH122
            except (FileNotFoundError, NotADirectoryError):
                return []
            return sorted(stem for stem, ending in files if ending == ".json")

    def stamps(self, name: str) -> dict[str, Stamp] | None:
        """The stamp of the file of a schedule, by its path; ``None`` for what is no name, which may lead elsewhere."""
        path = self._file(name)
        with self.warehouse.reached():
            return {str(path): stamp_at(path)} if is_name(name) else None

    def get(self, name: str) -> Schedule:
        """One schedule. Raises ``NotFoundError`` that suggests a near name, and ``EngineError`` for a damaged file."""
        path = self._file(name)
        with self.warehouse.reached():
            try:
                # What is no name may lead out of the folder.
                content = bounds.read_file(path, bounds.RECORD) if is_name(name) else None
            except (FileNotFoundError, NotADirectoryError):
                content = None
        if content is None:
            raise missing("Schedule", name, self.names())
        try:
            found = Schedule.from_dict(bounds.parse_json(content))
            check_schedule(found)
            if found.name.lower() != name.lower():
                raise ValueError(found.name)
        except (ValueError, KeyError, TypeError, AttributeError, EngineError) as error:
            raise EngineError(
                f"Schedule {name} is damaged: {path}. Remove the file, and apply the schedule again."
            ) from error
        if found.name != name:
            # The file system takes both for one.
            raise missing("Schedule", name, self.names())
        return found

    def put(self, schedule: Schedule, *, overwrite: bool) -> Schedule:
        """Keep a schedule. Times count from now on where it is new, and where when it runs changed.

        Raises as ``Scheduler.put_schedule``, and ``ConflictError`` for a name that differs from another in case only.
        """
        check_schedule(schedule)
        name = schedule.name
        other = next((each for each in self.names() if each != name and each.lower() == name.lower()), None)
        if other is not None:
            raise ConflictError(f"Schedule {name} exists already as {other}: names must differ in more than case.")
        with self._alone(name):
            there = name in self.names()
            if there and not overwrite:
                raise ConflictError(f"Schedule {name} exists already. Ask for overwrite to replace it.")
            ledger = Ledger(now())
            if there:
                ledger = self._settled(name, self._read_ledger(name))
                if _times(schedule) != self._times_there(name):
                    ledger = replace(ledger, considered=now())
            # The ledger first: without one, times would count from the schedule's file on.
            self._write_ledger(
                name, ledger if schedule.enabled else self._emptied(ledger, "The schedule was disabled.")
            )
            self._write(self._file(name), schedule.to_dict())
        return schedule

    def delete(self, name: str) -> Schedule:
        """Forget a schedule, and what waits of it; a run that goes on is not disturbed. Raises ``NotFoundError``."""
        self.get(name)
        with self._alone(name):
            schedule = self.get(name)
            self._emptied(self._read_ledger(name), "The schedule was deleted.")
            with self.warehouse.reached():
                self._file(name).unlink()
                self._ledger_file(name).unlink(missing_ok=True)
        return schedule

    def look(self, name: str) -> tuple[Schedule, Ledger]:
        """A schedule and its ledger, in which a run that died is one. Writes nothing. Raises ``NotFoundError``."""
        schedule = self.get(name)
        with self.warehouse.reached(), locks.held(self._lock(name), shared=True):
            ledger = self._read_ledger(name)
            died = self._died(name, ledger)
        return schedule, replace(ledger, last=died) if died else ledger

    def change(self, name: str, change: Change) -> Ledger:
        """Change a ledger alone; see :class:`~mason.engines.ledger.SelfRunning`."""
        self.get(name)
        with self._alone(name):
            schedule = self.get(name)
            settled = self._settled(name, self._read_ledger(name))
            after = change(schedule, settled, locks.is_taken(self._run_lock(name)))
            for waiting in after.queue:
                if waiting not in settled.queue:
                    self.warehouse.put_job(_job(schedule, waiting, "queued", submitted=job_time(now())))
            for waiting in settled.queue:
                if waiting not in after.queue:
                    self._end_job(waiting.job_id, "cancelled", "It was taken out of the queue.")
            if after != settled or not self._ledger_file(name).exists():
                self._write_ledger(name, after)
        return after

    def claim(self, name: str, run_id: str, waiting: Waiting | None = None, *, job_id: str = "") -> Claim | None:
        """The right to run something now, under ``run_id``: what waits under ``job_id``, or else ``waiting``.

        ``None`` when it does not wait, or when the schedule runs or is not enabled. :meth:`finish` has to follow.
        """
        self.get(name)
        with self._alone(name):
            schedule = self.get(name)
            # Before the lock is taken, by which a run that died is known.
            ledger = self._settled(name, self._read_ledger(name))
            with self.warehouse.reached():
                lock = locks.take(self._run_lock(name))
            if lock is None:
                return None
            try:
                chosen = waiting or next((each for each in ledger.queue if each.job_id == job_id), None)
                if chosen is None or not schedule.enabled:
                    os.close(lock)
                    return None
                began = now()
                submitted = self._submitted(chosen.job_id) or job_time(began)
                due = iso(chosen.due) if chosen.due else ""
                self.warehouse.put_job(_job(schedule, chosen, "running", submitted=submitted, run_id=run_id))
                queue = tuple(each for each in ledger.queue if each.job_id != chosen.job_id)
                last = LastRun(run_id, "running", chosen.job_id, due, job_time(began))
                self._write_ledger(name, replace(ledger, queue=queue, last=last))
            except BaseException:
                os.close(lock)
                raise
        return Claim(schedule, chosen, run_id, submitted, lock)

    def finish(self, claim: Claim, ran: Ran | None) -> Job | None:
        """Write down how a claimed run ended, and let others run the schedule; ``None``: it ended without an answer."""
        name = claim.schedule.name
        try:
            if ran is None:
                return None
            job = _job(
                claim.schedule,
                claim.waiting,
                "succeeded" if ran.status == "succeeded" else "failed",
                submitted=claim.submitted,
                run_id=ran.run_id,
                outcome=ran.status,
                finished=job_time(now()),
                logs=tuple(ran.error.splitlines()),
                steps=ran.steps,
            )
            self.warehouse.put_job(job)
            with self._alone(name):
                # It may have been deleted meanwhile, and put again.
                ledger = self._read_ledger(name) if name in self.names() else None
                if ledger is not None and ledger.last is not None and ledger.last.run_id == claim.run_id:
                    last = replace(ledger.last, status=ran.status, finished=job.finished, error=ran.error)
                    self._write_ledger(name, replace(ledger, last=last))
            return job
        finally:
            os.close(claim.lock)

    def job(self, job_id: str) -> Job:
        """A job, which has failed where the process died that ran it. Raises ``NotFoundError``."""
        job = self.warehouse.get_job(job_id)
        if job.status != "running" or job.verb != VERB:
            return job
        try:
            last = self.look(str(job.result.get("schedule", "")))[1].last
        except NotFoundError:
            # The schedule was deleted, which disturbs no run.
            return job
        if last is None or last.job_id != job_id or last.status != "interrupted":
            return job
        return replace(job, status="failed", reason=last.error, logs=(*job.logs, last.error))

    def cancel(self, job_id: str) -> Job:
        """Take a job out of the queue that it waits in. Raises as ``Engine.cancel_job``."""
        job = self.job(job_id)
        if job.status == "queued":
            name = str(job.result.get("schedule", ""))
            self.change(name, lambda _, ledger, __: replace(ledger, queue=_without(ledger.queue, job_id)))
            job = self.job(job_id)
            if job.status == "cancelled":
                return job
        if job.status != "running":
            raise is_done(job)
        run_id = job.result.get("run_id", "")
        raise EngineError(f"Job {job_id} is run {run_id} by now. End that: mason runs cancel {run_id}")

    def handed_over(self, ending: str) -> Job:
        """The job whose id ends so. Raises ``NotFoundError`` where there is none, or only such that wait nowhere."""
        for job_id in self.warehouse.jobs_that_end(ending):
            job = self.job(job_id)
            queue = self.look(str(job.result.get("schedule", "")))[1].queue if job.status == "queued" else ()
            # Who died before it was in the queue left its file, and it was perhaps submitted again.
            if job.status != "queued" or any(each.job_id == job_id for each in queue):
                return job
        raise NotFoundError(f"There is no job that ends with {ending}, or it waits nowhere.")

    def _died(self, name: str, ledger: Ledger) -> LastRun | None:
        """The last run as interrupted, where it is told to run and nobody runs it."""
        last = ledger.last
        if last is None or last.status != "running" or locks.is_taken(self._run_lock(name)):
            return None
        why = f"The process that ran it died. Go on with: mason runs resume {last.run_id}"
        return replace(last, status="interrupted", error=why)

    def _settled(self, name: str, ledger: Ledger) -> Ledger:
        """The ledger after a run that died, written down, and its job too."""
        died = self._died(name, ledger)
        if died is None:
            return ledger
        self._end_job(died.job_id, "failed", died.error)
        settled = replace(ledger, last=died)
        self._write_ledger(name, settled)
        return settled

    def _emptied(self, ledger: Ledger, why: str) -> Ledger:
        """The ledger without what waited, whose jobs are cancelled."""
        for waiting in ledger.queue:
            self._end_job(waiting.job_id, "cancelled", why)
        return replace(ledger, queue=())

    def _end_job(self, job_id: str, status: str, why: str) -> None:
        try:
            job = self.warehouse.get_job(job_id)
        except NotFoundError:
            # Somebody tidied up.
            return
        self.warehouse.put_job(replace(job, status=status, logs=(*job.logs, why), finished=job_time(now())))

    def _submitted(self, job_id: str) -> str:
        try:
            return self.warehouse.get_job(job_id).submitted
        except NotFoundError:
            return ""

    def _times_there(self, name: str) -> tuple[str, str, bool] | None:
        """When the schedule that is there runs; ``None`` where its file is damaged, and is about to be replaced."""
        try:
            return _times(self.get(name))
        except EngineError:
            return None

    def _read_ledger(self, name: str) -> Ledger:
        path = self._ledger_file(name)
        with self.warehouse.reached():
            try:
                content = bounds.read_file(path, bounds.RECORD)
            except FileNotFoundError:
                # Somebody removed it. Times that nothing is known of count from when the schedule was put.
                return Ledger(datetime.fromtimestamp(self._file(name).stat().st_mtime, timezone.utc))
        try:
            return Ledger.from_dict(bounds.parse_json(content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(
                f"The ledger of schedule {name} is damaged: {path}. Remove the file: the times since the schedule was "
                "put then count as missed."
            ) from error

    def _write_ledger(self, name: str, ledger: Ledger) -> None:
        self._write(self._ledger_file(name), ledger.to_dict())

    def _write(self, path: Path, values: Mapping[str, Any]) -> None:
        from mason.clients._duckdb.writing.atomic import write_whole

        with self.warehouse.reached():
            write_whole(path, json.dumps(values, ensure_ascii=False, indent=1).encode("utf-8"))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _ledger_file(self, name: str) -> Path:
        return self.folder / "ledgers" / f"{name}.json"

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        with self.warehouse.reached(), locks.held(self._lock(name)):
            yield

    def _lock(self, name: str) -> Path:
        return self.folder / "locks" / f"{name}.lock"

    def _run_lock(self, name: str) -> Path:
        return self.folder / "locks" / f"{name}.run"


def _times(schedule: Schedule) -> tuple[str, str, bool]:
    """What says when it runs."""
    return schedule.schedule, schedule.time_zone, schedule.enabled


def _job(
    schedule: Schedule,
    waiting: Waiting,
    status: str,
    *,
    submitted: str,
    run_id: str = "",
    outcome: str = "",
    finished: str = "",
    logs: tuple[str, ...] = (),
    steps: Mapping[str, str] = MappingProxyType({}),
) -> Job:
    result: dict[str, Any] = {
        "schedule": schedule.name,
        "workflow": schedule.workflow,
        "due": iso(waiting.due) if waiting.due else "",
        "run_id": run_id,
        "status": outcome,
        "error": "\n".join(logs),
        "steps": dict(steps),
    }
    shown = {name: value for name, value in result.items() if value}
    # What follows says how to go on, which the logs end with.
    reason = logs[0] if logs and status == "failed" else ""
    return Job(waiting.job_id, status, VERB, logs, shown, submitted, finished, reason=reason)


def _without(queue: tuple[Waiting, ...], job_id: str) -> tuple[Waiting, ...]:
    return tuple(each for each in queue if each.job_id != job_id)
