"""The scheduler of ``airflow``: each schedule is a DAG of the same name, in a file that Mason writes.

What was put is read from the file; whether it is paused, and whether there is such a DAG at all, Airflow tells.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from threading import Event
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from mason.clients._jobs import is_done
from mason.clients._missing import missing
from mason.clients.airflow import AirflowClient
from mason.clients.airflow.airflow_api import Asked
from mason.clients.airflow.airflow_times import timetable
from mason.clients.airflow.dag_file import DagFile, dag_text, marked
from mason.clients.airflow.dag_folder import DagFolder
from mason.clients.airflow.dag_runs import CANCELLED, DagRuns, run_path
from mason.engines import interrupts
from mason.engines.capabilities import Capabilities
from mason.engines.jobs import OPEN, Handover, submission
from mason.engines.models import Dag, Job, Schedule
from mason.engines.progress import Progress, report
from mason.engines.scheduler import Scheduler, check_schedule
from mason.engines.scheduling import Keeps
from mason.errors import CancelledError, ConflictError, EngineError, NotFoundError
from mason.resources.retry import KINDS
from mason.resources.trigger import TRIGGER_RULES

_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_GRACE = 300


class AirflowScheduler(Scheduler):
    """DAGs of one Airflow. Those that Mason did not make are neither listed nor replaced."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {
            "get_schedule",
            "list_schedules",
            "put_schedule",
            "trigger_schedule",
            "delete_schedule",
            "get_job",
            "cancel_job",
        }
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        keeps=Keeps(
            trigger_rules=TRIGGER_RULES,
            retries=KINDS,
            timeouts=True,
            results=True,
            groups=True,
            cron=("five fields", "six fields", "either day", "#"),
            time_zones=True,
            clock_changes=False,
            catch_up=("none", "latest", "all"),
            overlap=("skip", "queue"),
            together=(("none", "skip"), ("latest", "skip"), ("all", "queue")),
        )
    )
    # A run has the id that it is given: one of the same token is there already.
    handover = Handover(elsewhere=True, idempotent=True)
    connection: AirflowClient

    @cached_property
    def folder(self) -> DagFolder:
        """Where the DAG files are."""
        return DagFolder(self.connection.base / str(self.connection.configuration["dags"]))

    @cached_property
    def runs(self) -> DagRuns:
        """What asks about runs."""
        return DagRuns(self.connection.api)

    def get_schedule(self, name: str) -> Schedule:
        """What Mason put under that name, not enabled where its DAG is paused. One whose file somebody edited has no
        workflow and no steps."""
        found = self.folder.read(name)
        if found is None:
            raise missing("Schedule", name, [each.schedule.name for each in self.folder.all()])
        dag = self._dag(name)
        if dag is None:
            raise NotFoundError(
                f"Airflow has no DAG {name}, though its file is in {self.folder.folder}. Somebody deleted it, or it "
                "was not read yet."
            )
        return _as_found(found, dag)

    def list_schedules(self) -> list[Schedule]:
        """Those of Mason's whose DAG Airflow has, sorted by name."""
        files = {each.schedule.name: each for each in self.folder.all()}
        if not files:
            return []
        dags = {
            str(each["dag_id"]): each
            for each in self.connection.api.pages("list the DAGs of Mason", "/api/v2/dags", "dags", tags="mason")
        }
        return [_as_found(files[name], dags[name]) for name in sorted(files.keys() & dags.keys())]

    def put_schedule(self, schedule: Schedule, *, overwrite: bool = False) -> Schedule:
        """Write the DAG file, wait until Airflow has it, and unpause it, or pause it where it is not enabled.

        Raises ``ConflictError`` for a file or DAG of that name that is not Mason's, and ``EngineError`` where Airflow
        cannot read the file, or does not have it after ``deploy_timeout``.
        """
        check_schedule(schedule, self)
        self._check_pool()
        before, dag = self.folder.read(schedule.name), self._dag(schedule.name)
        if before is None and dag is not None and not dag.get("is_stale"):
            raise ConflictError(
                f"Airflow has a DAG {schedule.name} that Mason did not write ({dag.get('fileloc')}), so it is not "
                "replaced. Give the schedule another name."
            )
        place = self._place(schedule, before)
        # Whether it is enabled is what Airflow keeps.
        kept = replace(schedule, enabled=True)
        there = before is not None and (before.schedule, before.place, before.edited) == (kept, place, False)
        if before is not None and not there and not overwrite:
            raise ConflictError(f"Schedule {schedule.name} exists already. Ask for overwrite to replace it.")
        if not there:
            # Imported here: the room of states is not needed by those who only look.
            from mason.state.lock import who

            self.folder.write(schedule.name, dag_text(kept, place, who()), overwrite=before is not None)
        dag = self._deployed(kept, place)
        self._pause(schedule.name, dag, paused=not schedule.enabled)
        return schedule

    def trigger_schedule(self, name: str) -> Job:
        """Have Airflow run the DAG now, under an id that is made of the token of the submission."""
        schedule = self.get_schedule(name)
        if not schedule.enabled:
            raise ConflictError(
                f"DAG {name} is paused, and Airflow would let its runs wait for ever. Write enabled: true and apply "
                "that, or unpause it."
            )
        token = submission()
        if token is None:
            import secrets

            mark = secrets.token_hex(16)
        else:
            mark = token.digest[:32]
        run_id = f"mason__{mark}"
        path = f"/api/v2/dags/{quote(name, safe='')}/dagRuns"
        try:
            run = self.connection.api.call(
                Asked(f"trigger DAG {name}", "POST", path, {"dag_run_id": run_id, "logical_date": None})
            )
        except ConflictError:
            # The same submission got there before.
            run = self._run(name, run_id)
        return self.runs.job(run, _steps_of(schedule))

    def delete_schedule(self, name: str) -> Schedule:
        """Remove the DAG file, and what Airflow knows of the DAG with the history of its runs."""
        found = self.folder.read(name)
        dag = self._dag(name)
        if found is None:
            raise missing("Schedule", name, [each.schedule.name for each in self.folder.all()])
        self.folder.delete(name)
        if dag is None:
            return found.schedule
        path = f"/api/v2/dags/{quote(name, safe='')}"
        # Its DAG processor may have been faster.
        with suppress(NotFoundError):
            self.connection.api.call(Asked(f"delete DAG {name}", "DELETE", path))
        return _as_found(found, dag)

    def get_job(self, job_id: str) -> Job:
        """How a run of a DAG goes."""
        name, run_id = _parted(job_id)
        run = self._run(name, run_id)
        found = self.folder.read(name)
        return self.runs.job(run, _steps_of(found.schedule) if found is not None else ())

    def cancel_job(self, job_id: str) -> Job:
        """Have Airflow fail a run, which ends the tasks that it is at."""
        name, run_id = _parted(job_id)
        job = self.get_job(job_id)
        if job.status not in OPEN:
            raise is_done(job)
        body = {"state": "failed", "note": CANCELLED}
        self.connection.api.call(Asked(f"cancel run {run_id} of DAG {name}", "PATCH", run_path(name, run_id), body))
        return self.get_job(job_id)

    # What Airflow has

    def _dag(self, name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.connection.api.call(
                Asked(f"get DAG {name}", "GET", f"/api/v2/dags/{quote(name, safe='')}")
            )
        except NotFoundError:
            return None
        return found

    def _run(self, name: str, run_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.connection.api.call(
            Asked(f"get run {run_id} of DAG {name}", "GET", run_path(name, run_id))
        )
        return found

    def _check_pool(self) -> None:
        """Raises ``NotFoundError`` for a pool that Airflow does not have: its tasks would wait for ever."""
        pool = str(self.connection.configuration.get("pool", ""))
        if pool:
            path = f"/api/v2/pools/{quote(pool, safe='')}"
            self.connection.api.call(Asked(f"get pool {pool}", "GET", path))

    def _place(self, schedule: Schedule, before: DagFile | None) -> dict[str, Any]:
        """Where and how the commands of the steps run."""
        given = self.connection.configuration
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        place = {
            "client": self.client,
            "mason": given.get("mason", "mason"),
            "folder": given.get("worker_folder", str(self.connection.base)),
            "state": given.get("worker_state", self.connection.state),
            "pool": given.get("pool", ""),
            "grace": given.get("grace", _GRACE),
            "cron": timetable(schedule.schedule),
        }
        # Of times before it was put nothing is made up; what was put as it is now was put then.
        if before is not None and before.schedule == replace(schedule, enabled=True):
            return {**place, "since": before.place.get("since", now)}
        return {**place, "since": now}

    def _deployed(self, schedule: Schedule, place: Mapping[str, Any]) -> Mapping[str, Any]:
        """The DAG, once Airflow has it as it was written."""
        limit = float(self.connection.configuration.get("deploy_timeout", 400))
        work, given_up = interrupts.current(), Event()
        if work is not None:
            work.add(given_up.set)
        begin, pause = time.monotonic(), _PAUSE
        try:
            while True:
                dag = self._dag(schedule.name)
                described = str((dag or {}).get("description") or "")
                if dag is not None and not dag.get("is_stale") and marked(described, schedule, place):
                    return dag
                self._check_import(schedule.name)
                if time.monotonic() - begin > limit:
                    raise EngineError(self._unseen(schedule.name, limit))
                report(
                    Progress(0, 0, "bytes", f"Waiting until Airflow has read {self.folder.path(schedule.name).name}")
                )
                if given_up.wait(min(pause, max(0.0, begin + limit - time.monotonic()) + 0.01)):
                    raise CancelledError(
                        f"Nobody waits any more until Airflow has DAG {schedule.name}; its file is written."
                    )
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        finally:
            if work is not None:
                work.discard(given_up.set)

    def _check_import(self, name: str) -> None:
        """Raises ``EngineError`` where Airflow could not read the file, with the line."""
        file = self.folder.path(name)
        asked = urlencode({"filename_pattern": f"%{file.name}", "order_by": "-timestamp", "limit": 1})
        found = self.connection.api.call(Asked("list import errors", "GET", f"/api/v2/importErrors?{asked}"))[
            "import_errors"
        ]
        if not found or str(found[0].get("filename", "")).rpartition("/")[2] != file.name:
            return
        try:
            written = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc)
        except OSError:
            return
        when = datetime.fromisoformat(str(found[0]["timestamp"]).replace("Z", "+00:00"))
        if when < written:
            # It is of the file as it was before.
            return
        lines = [each.strip() for each in str(found[0].get("stack_trace", "")).splitlines() if each.strip()]
        places = [each for each in lines if each.startswith("File ") and file.name in each]
        line = places[-1].partition(", line ")[2].partition(",")[0] if places else ""
        where = f"{file.name}:{line}" if line else file.name
        raise EngineError(f"Airflow cannot read {where}: {lines[-1] if lines else 'it does not say why'}")

    def _unseen(self, name: str, limit: float) -> str:
        return (
            f"Airflow does not have DAG {name} after {limit:g} seconds, though {self.folder.path(name)} is written. "
            "Check that this is the folder from which Airflow takes its DAG files (dags_folder of [core]), that its "
            "DAG processor runs, how often it looks for new files (refresh_interval of [dag_processor]), and that "
            "deploy_timeout of the config is longer."
        )

    def _pause(self, name: str, dag: Mapping[str, Any], *, paused: bool) -> None:
        if bool(dag.get("is_paused")) != paused:
            doing = f"{'pause' if paused else 'unpause'} DAG {name}"
            path = f"/api/v2/dags/{quote(name, safe='')}"
            self.connection.api.call(Asked(doing, "PATCH", path, {"is_paused": paused}))


def _as_found(found: DagFile, dag: Mapping[str, Any]) -> Schedule:
    schedule = replace(found.schedule, enabled=not dag.get("is_paused"))
    # What somebody edited runs nobody knows what.
    return replace(schedule, workflow="", dag=Dag(())) if found.edited else schedule


def _steps_of(schedule: Schedule) -> tuple[str, ...]:
    return tuple(step.id for step in schedule.dag.steps)


def _parted(job_id: str) -> tuple[str, str]:
    name, slash, run_id = job_id.partition("/")
    if not slash or not name or not run_id:
        raise NotFoundError(f"There is no job {job_id}.")
    return name, run_id
