"""The way to Spark by applications: views and questions are put into files, and an application answers them.

One application answers all questions of a verb at once, because each one costs a start of pods. Questions that are
answered at once are deleted with their application; of a job it stays for as long as the runner says.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients.spark.cluster.application_run import Application
from mason.clients.spark.cluster.applications import Told, manifest
from mason.clients.spark.cluster.cluster_api import Cluster
from mason.clients.spark.cluster.cluster_runner import Runner
from mason.clients.spark.cluster.driver_answers import Put, Reported, Written, answered, columns_of, is_answered, put
from mason.clients.spark.spark_answers import fetch_files
from mason.clients.spark.spark_ways import ParquetView, Question, Unanswered
from mason.clients.spark.spark_work import folder_of, out_of, read_back
from mason.clients.spark.submitted_work import Work
from mason.engines import interrupts
from mason.engines.progress import Progress, report
from mason.errors import AccessDeniedError, CancelledError, EngineError, MasonError, TransientEngineError

if TYPE_CHECKING:
    from mason.clients.spark.spark_ground import Ground
    from mason.engines.models import Rows

_DIGITS = 32
_CANCELLED, _SUBMITTED = "cancelled", "submitted"


class ApplicationWay:
    """See :class:`~mason.clients.spark.spark_ways.Way`. ``folder`` is for what is put to drivers; one for each
    question, or for all of a job."""

    def __init__(self, client: Ground, runner: Runner, cluster: Cluster, folder: Path) -> None:
        self._client, self._runner, self._cluster, self._folder = client, runner, cluster, folder
        self._views: list[ParquetView] = []

    def reaches(self, paths: Sequence[Path]) -> bool:
        """Whether all of them are in volumes."""
        return all(self._runner.in_pods(path) is not None for path in paths)

    def check_catalog(self) -> None:
        """Each application has a catalog of its own."""
        raise EngineError(
            "A table of Spark's catalog is not read by a runner, whose applications have a catalog of their own each. "
            "Reach Spark by remote for it, or register the table's files in another metastore."
        )

    def holds(self, name: str) -> bool:
        """An application knows none but its own."""
        return any(each.name == name for each in self._views)

    def make(self, view: ParquetView) -> None:
        """Every question of this way gets it."""
        self._views.append(view)

    def drop(self, names: Sequence[str]) -> None:
        """They are gone with their application."""
        self._views = [each for each in self._views if each.name not in names]

    def answers(self, questions: Sequence[Question], limit: int | None = None) -> list[Rows]:
        """By one application for all of them, which is waited for."""
        name = f"mason-{secrets.token_hex(_DIGITS // 2)}"
        folder = self._folder / name
        more = None if limit is None else limit + 1
        puts = [Put(each, folder / f"out{number}", more) for number, each in enumerate(questions)]
        application = Application(self._cluster, self._runner, name)
        try:
            written = put(self._runner, folder, self._views, puts)
            with _given_up_with(application) as is_given_up:
                application.submit(self._manifest(name, name, written), name)
                _wait(application, folder, is_given_up)
                names = answered(folder)
            rows = [
                fetch_files(read_back(each.out, columns_of(each.question, found)), self._client.limits, limit)
                for each, found in zip(puts, names, strict=True)
            ]
        except Reported as error:
            raise error.explained([each.sql for each in questions]) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(MasonError):
            application.delete()
        return rows

    def _manifest(self, name: str, job_id: str, written: Written) -> dict[str, Any]:
        return manifest(self._runner, self._cluster.namespace, Told(name, job_id, written.script, written.asked))


def _wait(application: Application, folder: Path, is_given_up: Any) -> None:
    """Wait until a driver has answered. What it wrote down of a failure says more than its operator does."""
    try:
        application.wait(is_given_up)
    except (CancelledError, TransientEngineError, AccessDeniedError):
        raise
    except EngineError:
        if not is_answered(folder):
            raise


@contextmanager
def _given_up_with(application: Application) -> Iterator[Any]:
    """Within it, Ctrl-C and whoever gives up the work end the application; gives whether that was done."""
    asked: list[bool] = []

    def end() -> None:
        asked.append(True)
        with suppress(Exception):
            application.delete()

    work = interrupts.current()
    if work is not None:
        work.add(end)
    report(Progress(0, 0, "rows", f"Querying by {application.name}"))
    try:
        yield lambda: bool(asked)
    except (KeyboardInterrupt, TransientEngineError, AccessDeniedError):
        # Nobody will ask for its answer.
        end()
        raise
    finally:
        report(Progress(0, 0, "rows", f"Querying by {application.name}", ended=True))
        if work is not None:
            work.discard(end)


class ApplicationJob(ApplicationWay):
    """See :class:`~mason.clients.spark.spark_ways.JobWay`: one application, whose name the job's id ends with."""

    session_id = ""

    def __init__(self, client: Ground, runner: Runner, cluster: Cluster, work: Work | None = None) -> None:
        super().__init__(client, runner, cluster, client.own.folder)
        self._application: Application | None = None
        if work is not None:
            self._of(work)
            if not is_answered(self._folder):
                # Whoever may not ask is told now, and not by a thread.
                self._named.look()

    def _of(self, work: Work) -> None:
        digits = work.job_id.rpartition("-")[2]
        self._folder = folder_of(self._client, work.job_id)
        self._application = Application(self._cluster, self._runner, f"mason-{digits}")

    @property
    def _named(self) -> Application:
        assert self._application is not None, "a job is prepared first"
        return self._application

    def prepare(self, work: Work, question: Question, facts: Mapping[str, Question]) -> Work:
        """The application answers facts, too: it would cost another one to ask for them before."""
        self._of(work)
        asked = [Put(question, out_of(self._client, work.job_id))]
        asked += [Put(each, self._folder / f"fact{number}") for number, each in enumerate(facts.values())]
        put(self._runner, self._folder, self._views, asked)
        known = [(each.name, str(each.type)) for each in question.translation.columns]
        return replace(work, columns=tuple(known), told={**work.told, **dict.fromkeys(facts)})

    def begin(self, work: Work) -> None:
        """Make the application, where this job has not made it already."""
        if self._is_marked(_CANCELLED):
            raise CancelledError("It was cancelled.")
        there = self._runner.shared(self._folder)
        written = Written.within(there)
        self._named.submit(self._manifest(self._named.name, work.job_id, written), work.job_id)
        self._mark(_SUBMITTED)

    def write(self, work: Work) -> Work:
        """Wait for it, and take what it answered."""
        if not is_answered(self._folder):
            try:
                _wait(self._named, self._folder, lambda: self._is_marked(_CANCELLED))
            except (TransientEngineError, AccessDeniedError) as error:
                raise Unanswered(error) from error
        try:
            names = answered(self._folder)
        except Reported as error:
            raise error.explained([work.sql]) from None
        columns = work.columns or tuple((name, "") for name in names[0])
        return replace(work, columns=columns, told=self._facts(work, names[1:]))

    def _facts(self, work: Work, names: Sequence[Sequence[str]]) -> dict[str, Any]:
        found = dict(work.told)
        for number, (fact, columns) in enumerate(zip(list(found), names, strict=True)):
            source = read_back(self._folder / f"fact{number}", [(name, "") for name in columns])
            found[fact] = fetch_files(source, self._client.limits, None).rows[0][0]
        return found

    def go_on(self, work: Work) -> Work:
        """The application is made where the process that was to make it ended before; never a second time."""
        if not is_answered(self._folder) and not self._is_marked(_SUBMITTED):
            try:
                self.begin(work)
            except (TransientEngineError, AccessDeniedError) as error:
                raise Unanswered(error) from error
        return self.write(work)

    def cancel(self) -> None:
        """What is only about to be made is not made any more."""
        self._mark(_CANCELLED)
        self._named.delete()

    def told(self) -> tuple[str, str]:
        """As its operator tells it."""
        return self._named.told()

    def _mark(self, what: str) -> None:
        (self._folder / what).touch()

    def _is_marked(self, what: str) -> bool:
        return (self._folder / what).exists()

    def leave(self) -> None:
        """The application goes on."""
        self._cluster.close()

    def close(self) -> None:
        """What has ended stays to be looked at, for as long as the runner says."""
        self._cluster.close()
