"""The way to Spark by a session, on a server or on this machine: views are the session's, and answers come at once."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients.spark.spark_answers import columns_of, fetch, interruptible, numbered
from mason.clients.spark.spark_failures import explained
from mason.clients.spark.spark_session import Connected
from mason.clients.spark.spark_tables import spark_path
from mason.clients.spark.spark_work import DONE, out_of, write_by_spark
from mason.clients.spark.submitted_work import Work
from mason.errors import CancelledError, EngineError

if TYPE_CHECKING:
    from mason.clients.spark.spark_ground import Ground
    from mason.clients.spark.spark_ways import ParquetView, Question
    from mason.engines.models import Rows

# How many questions run at once: while one is planned, or shuffles its last rows, another one computes.
_AT_ONCE = 4
# Seconds between two questions to a server about work that another process submitted.
_PAUSE = 0.5
# Seconds that a query is given to begin before it is stopped.
_BEGINS = 5.0


class SessionWay:
    """See :class:`~mason.clients.spark.spark_ways.Way`; the session is pyspark's."""

    def __init__(self, client: Ground, connected: Connected) -> None:
        self._client, self._session, self._views = client, connected.session, connected.views

    def reaches(self, paths: Sequence[Path]) -> bool:
        """Server and client have the same files."""
        return True

    def check_catalog(self) -> None:
        """The catalog is the session's."""

    def holds(self, name: str) -> bool:
        """Whether the session kept it."""
        return self._views.take(name)

    def make(self, view: ParquetView) -> None:
        """A temporary view of the session."""
        with explained():
            reader = self._session.read.schema(view.schema)
            reader = reader.option("basePath", spark_path(view.base)) if view.base is not None else reader
            # Another thread may make the same one.
            reader.parquet(*map(spark_path, view.paths)).createOrReplaceTempView(view.name)
        self._views.made(view.name)

    def drop(self, names: Sequence[str]) -> None:
        """Most are kept. Those of a session that is lost are gone with it."""
        with explained():
            self._views.give_back(names, self._session.catalog.dropTempView)

    def answers(self, questions: Sequence[Question], limit: int | None = None) -> list[Rows]:
        """Some at once, where there are several."""
        answer = partial(self._answer, limit=limit)
        if len(questions) < 2:
            return [answer(each) for each in questions]
        contexts = [contextvars.copy_context() for _ in questions]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mason-spark-ask") as pool:
            asked = [pool.submit(each.run, answer, one) for each, one in zip(contexts, questions, strict=True)]
            try:
                return [each.result() for each in asked]
            except BaseException:
                for future in asked:
                    future.cancel()
                raise

    def _answer(self, question: Question, limit: int | None) -> Rows:
        translation = question.translation
        with explained(question.sql), interruptible(self._session):
            frame = self._session.sql(translation.text)
            columns = columns_of(translation, frame)
            arrow = numbered(frame if limit is None else frame.limit(limit + 1), columns).toArrow()
        return fetch(arrow, columns, self._client.limits, limit)


class SessionJob(SessionWay):
    """See :class:`~mason.clients.spark.spark_ways.JobWay`: the session of one job, on a server one of its own, by
    which the job is found again."""

    def __init__(self, client: Ground, connected: Connected, session_id: str) -> None:
        super().__init__(client, connected)
        self.session_id = session_id
        self._connected = connected
        self._told = ""
        self._begins_until = 0.0

    def prepare(self, work: Work, question: Question, facts: Mapping[str, Question]) -> Work:
        """Facts are asked for at once."""
        told = {name: self.answers([each])[0].rows[0][0] for name, each in facts.items()}
        with explained(question.sql):
            # What Spark refuses, it refuses now.
            columns = columns_of(question.translation, self._session.sql(work.text))
        return replace(work, columns=tuple(columns), told={**work.told, **told})

    def begin(self, work: Work) -> None:
        """Nothing goes on before it is waited for."""
        with suppress(AttributeError):
            self._session.registerProgressHandler(self._watch)
            self._begins_until = time.monotonic() + _BEGINS

    def _watch(self, stages: Any, *_: Any, **__: Any) -> None:
        """What pyspark calls with the stages of what is executed."""
        total = sum(stage.num_tasks for stage in stages or ())
        if total:
            self._told = f"{sum(stage.num_completed_tasks for stage in stages)} of {total} tasks are done"

    def write(self, work: Work) -> Work:
        """Spark writes while the session is listened to."""
        write_by_spark(self._session, work.text, work.columns, out_of(self._client, work.job_id), sql=work.sql)
        return work

    def go_on(self, work: Work) -> Work:
        """Wait until the server is through with what another process submitted; ask it, where that process had no time
        to."""
        states, out = self._when_still(), out_of(self._client, work.job_id)
        if (out / DONE).exists():
            return work
        if any(state.endswith("_CANCELLED") for state in states):
            raise CancelledError("It was cancelled.")
        failed = any(state.endswith("_FAILED") for state in states)
        if states and not failed and not out.exists():
            # The views are there, and nobody has asked for what is made of them.
            return self.write(work)
        raise EngineError(
            "The process that submitted it ended, and Spark's server did not finish it: it was started anew, it "
            "failed, or it ended what nobody waited for. Nothing was written."
        )

    def _when_still(self) -> list[str]:
        """The states of all that was asked of the session, once nothing of it goes on."""
        while True:
            with explained():
                statuses = [
                    (each.operation_id, str(each.OperationState.Name(each.state)))
                    for each in self._session.client._get_operation_statuses().operation_statuses
                ]
            running = [name for name, state in statuses if state.endswith("_RUNNING")]
            if not running:
                return [state for _, state in statuses]
            self._hold(running[0])
            time.sleep(_PAUSE)

    def _hold(self, operation_id: str) -> None:
        """Take what a running operation answers, so that the server does not end it for want of a listener."""
        import importlib

        client = self._session.client
        protocol = importlib.import_module("pyspark.sql.connect.proto.base_pb2")
        request = protocol.ReattachExecuteRequest(session_id=client._session_id, operation_id=operation_id)
        request.user_context.user_id = client._user_id or ""
        # What goes wrong on the way shows in the status, which is asked for next.
        with suppress(Exception):
            for response in client._stub.ReattachExecute(request, metadata=client._builder.metadata()):
                if response.HasField("result_complete"):
                    return

    def cancel(self) -> None:
        """What is only on its way to the server is not stopped there yet. Nor is what the server has no tasks of: Spark
        4.3 forgets a query that is stopped while it is planned, and does the first stage of it all the same."""
        if not self._told and time.monotonic() < self._begins_until:
            return
        with explained():
            self._session.interruptAll()

    def told(self) -> tuple[str, str]:
        """Tasks, as far as the server tells of them."""
        return "running", self._told

    def leave(self) -> None:
        """The session goes on."""
        with suppress(Exception):
            self._session.client.close()

    def close(self) -> None:
        """Give the session back."""
        self._connected.close()
