"""The requests to Athena: submit a statement once, see how it does, find it again, stop it, read its rows.

A statement is submitted under an idempotency key (``ClientRequestToken``): Athena answers with the first execution
where the same one arrives again. When an answer gets lost, the execution is looked for by its mark all the same,
because not every server that speaks Athena's protocol knows the key.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from mason.clients._aws.connecting import Connection
from mason.clients._aws.denials import Asked, code_of
from mason.clients.athena.marks import Mark, mark_of
from mason.errors import EngineError, NotFoundError, TransientEngineError
from mason.values import dataclass

_LONGEST = 262_144
"""Bytes of the longest statement (AWS Athena, "StartQueryExecution")."""
_PAGE = 1000
_IDS = 50
_LISTED = 10_000
_PAUSES = (0.5, 1.0, 2.0, 4.0)
# Answers that say that nothing was begun.
_REFUSED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"})
_ID = re.compile(r"[0-9a-fA-F-]{36}")
_MISSING = re.compile(r"not found|does ?n.t exist|was not found", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Workgroup:
    """What a workgroup says: where results go, whether that holds for everybody, and how much a query may scan."""

    location: str
    enforced: bool
    most_bytes: int | None


class Statements:
    """Statements of one workgroup. ``configuration`` is the client's."""

    def __init__(self, aws: Connection, configuration: Mapping[str, Any]) -> None:
        self.aws = aws
        self.workgroup_name = str(configuration.get("workgroup", "primary"))
        self._catalog = str(configuration.get("data_catalog", "AwsDataCatalog"))
        self._location = str(configuration.get("output_location") or "")
        self._reuse = int(configuration.get("result_reuse_minutes", 0))

    @cached_property
    def workgroup(self) -> Workgroup:
        """The workgroup, asked for once. Raises ``EngineError`` for one that is switched off."""
        name = self.workgroup_name
        try:
            answer = self._call("get_work_group", f"look at workgroup {name}", "GetWorkGroup", WorkGroup=name)
        except EngineError as error:
            if code_of(error) == "InvalidRequestException":
                raise NotFoundError(f"There is no workgroup {name} in {self.aws.region}. Set workgroup.") from error
            raise
        found = answer["WorkGroup"]
        if found.get("State") == "DISABLED":
            raise EngineError(f"Workgroup {name} is disabled. Enable it, or set another workgroup.")
        told = found.get("Configuration") or {}
        location = (told.get("ResultConfiguration") or {}).get("OutputLocation") or ""
        enforced = bool(told.get("EnforceWorkGroupConfiguration"))
        return Workgroup(location, enforced, told.get("BytesScannedCutoffPerQuery"))

    @property
    def location(self) -> str:
        """The folder that results go to, with a slash at its end. Raises ``EngineError`` where nobody says one."""
        theirs, own = self.workgroup.location, self._location
        found = (theirs or own) if self.workgroup.enforced else (own or theirs)
        if not found:
            raise EngineError(
                f"Athena does not know where to write results: set output_location in client {self.aws.client}, or "
                f"give workgroup {self.workgroup_name} one."
            )
        return found.rstrip("/") + "/"

    def start(self, sql: str, *, database: str = "", mark: Mark | None = None, reuse: bool = False) -> str:
        """Submit a statement and return the id of its execution. With ``reuse`` an earlier result may be given again.

        Raises ``TransientEngineError`` where no answer came and the statement is not found either.
        """
        text = mark.on(sql) if mark else sql
        if (size := len(text.encode())) > _LONGEST:
            raise EngineError(f"The statement has {size:,} bytes, and Athena takes {_LONGEST:,}. Make it shorter.")
        given: dict[str, Any] = {
            "QueryString": text,
            "ClientRequestToken": f"{mark.token}-{mark.part:05}" if mark else uuid.uuid4().hex,
            "WorkGroup": self.workgroup_name,
            "ResultConfiguration": {"OutputLocation": self.location},
            "QueryExecutionContext": {"Catalog": self._catalog, **({"Database": database} if database else {})},
        }
        if reuse and self._reuse:
            by_age = {"Enabled": True, "MaxAgeInMinutes": self._reuse}
            given["ResultReuseConfiguration"] = {"ResultReuseByAgeConfiguration": by_age}
        for pause in (*_PAUSES, None):
            try:
                answer = self.aws.call_once("athena", "start_query_execution", self._to_start, **given)
                return str(answer["QueryExecutionId"])
            except TransientEngineError as error:
                if pause is None:
                    raise
                if code_of(error) not in _REFUSED and mark is not None:
                    found = [each for each in self.find(mark.token) if _part(each) == mark.part]
                    if found:
                        return str(found[0]["QueryExecutionId"])
                time.sleep(pause)
        raise AssertionError("the last attempt raises")

    def look(self, execution_id: str) -> Mapping[str, Any]:
        """An execution as it is now. Raises ``NotFoundError``."""
        if not _ID.fullmatch(execution_id):
            raise NotFoundError(f"There is no query {execution_id!r}: Athena's ids are UUIDs.")
        try:
            found: Mapping[str, Any] = self._call(
                "get_query_execution",
                f"look at query {execution_id}",
                "GetQueryExecution",
                QueryExecutionId=execution_id,
            )["QueryExecution"]
        except EngineError as error:
            if code_of(error) == "InvalidRequestException" and _MISSING.search(str(error)):
                raise NotFoundError(f"There is no query {execution_id} in {self.aws.region}.") from error
            raise
        return found

    def stop(self, execution_id: str) -> None:
        """Stop an execution; nothing happens to one that has ended."""
        doing = f"stop query {execution_id}"
        self._call("stop_query_execution", doing, "StopQueryExecution", QueryExecutionId=execution_id)

    def find(self, token: str, *, since: float = 0.0) -> list[Mapping[str, Any]]:
        """The executions that were submitted under a token (its digest), each part once, in order.

        ``since`` (seconds of the epoch) is when the run began: Athena lists the newest first, and older ones are not
        looked through.
        """
        found: dict[int, Mapping[str, Any]] = {}
        for page in self._newest():
            for each in page:
                mark = mark_of(each.get("Query", ""))
                if mark is not None and mark.token == token:
                    found.setdefault(mark.part, each)
                    if len(found) == mark.parts:
                        return [found[part] for part in sorted(found)]
            if page and _submitted(page[-1]) < _submitted(page[0]) < since:
                break
        return [found[part] for part in sorted(found)]

    def _newest(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        more: dict[str, str] = {}
        for _ in range(_LISTED // _IDS):
            listed = self._call(
                "list_query_executions",
                f"list the queries of workgroup {self.workgroup_name}",
                "ListQueryExecutions",
                WorkGroup=self.workgroup_name,
                MaxResults=_IDS,
                **more,
            )
            # A server that knows no pages gives more at once than can be asked for.
            ids = listed.get("QueryExecutionIds") or []
            for first in range(0, len(ids), _IDS):
                yield self._batch(ids[first : first + _IDS])
            if not listed.get("NextToken"):
                return
            more = {"NextToken": listed["NextToken"]}

    def _batch(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        doing = f"look at queries of workgroup {self.workgroup_name}"
        answer = self._call("batch_get_query_execution", doing, "BatchGetQueryExecution", QueryExecutionIds=list(ids))
        found: Sequence[Mapping[str, Any]] = answer.get("QueryExecutions") or []
        return found

    def columns(self, execution_id: str) -> list[Mapping[str, Any]]:
        """The columns of a result."""
        answer = self._results(execution_id, 1)
        described: list[Mapping[str, Any]] = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        return described

    def rows(
        self, execution: Mapping[str, Any], limit: int | None
    ) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """The columns of a result and its first rows, at most ``limit``, page by page."""
        rows: list[Mapping[str, Any]] = []
        described: list[Mapping[str, Any]] = []
        more: dict[str, str] = {}
        # The first row of a query's first page holds the names of its columns.
        skip = 1 if execution.get("StatementType", "DML") == "DML" else 0
        while limit is None or len(rows) < limit:
            wanted = _PAGE if limit is None else min(_PAGE, limit - len(rows) + skip)
            answer = self._results(str(execution["QueryExecutionId"]), wanted, **more)
            described = described or answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            rows += answer["ResultSet"]["Rows"][skip:]
            skip = 0
            if not answer.get("NextToken"):
                break
            more = {"NextToken": answer["NextToken"]}
        return described, rows if limit is None else rows[:limit]

    def rows_written(self, execution_id: str) -> int | None:
        """How many rows an execution made, where the service tells."""
        doing = f"look at the statistics of query {execution_id}"
        try:
            answer = self._call(
                "get_query_runtime_statistics", doing, "GetQueryRuntimeStatistics", QueryExecutionId=execution_id
            )
        except EngineError:
            # A courtesy: servers beside Athena have none, and a policy may lack it.
            return None
        found = (answer.get("QueryRuntimeStatistics") or {}).get("Rows", {}).get("OutputRows")
        return int(found) if found is not None else None

    def _results(self, execution_id: str, most: int, **more: str) -> Any:
        return self._call(
            "get_query_results",
            f"read the result of query {execution_id}",
            "GetQueryResults",
            QueryExecutionId=execution_id,
            MaxResults=most,
            **more,
        )

    @property
    def _to_start(self) -> Asked:
        return self._asked(f"submit a query to workgroup {self.workgroup_name}", "StartQueryExecution")

    def _asked(self, doing: str, action: str) -> Asked:
        arn = f"arn:{self.aws.partition}:athena:{self.aws.region}:*:workgroup/{self.workgroup_name}"
        return Asked(doing, f"athena:{action}", arn)

    def _call(self, operation: str, doing: str, action: str, **arguments: Any) -> Any:
        return self.aws.call("athena", operation, self._asked(doing, action), **arguments)


def _part(execution: Mapping[str, Any]) -> int:
    mark = mark_of(execution.get("Query", ""))
    return mark.part if mark else 0


def _submitted(execution: Mapping[str, Any]) -> float:
    found = (execution.get("Status") or {}).get("SubmissionDateTime")
    return found.timestamp() if found is not None else 0.0
