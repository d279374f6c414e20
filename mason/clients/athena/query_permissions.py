"""What Athena, Glue and S3 have to allow for verbs of execution: Athena reads and writes as who asks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.clients._aws.bucket_permissions import DELETE, READ, WRITE, on_objects, url_of
from mason.clients._glue_catalog.catalog_permissions import arn, named, table_arns
from mason.clients._statements.table_targets import is_table
from mason.clients.athena.table_urls import named_in
from mason.engines.permissions import Permission

_TABLES = ("glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables")
_MADE = ("glue:BatchCreatePartition", "glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable")
_GROUPS = ("glue:BatchCreatePartition", "glue:CreateTable", "glue:DeleteTable", "glue:GetPartitions", "glue:GetTable")
_QUERY = (
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetWorkGroup",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
)
_JOB = ("athena:BatchGetQueryExecution", "athena:GetQueryRuntimeStatistics", "athena:ListQueryExecutions")
# Of a job that failed in part, or scans too much, the rest is stopped by who looks at it.
_LOOK = (
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetQueryRuntimeStatistics",
    "athena:GetWorkGroup",
    "athena:StopQueryExecution",
)
_OF_JOBS: Mapping[str, tuple[str, ...]] = {
    "get_job": _LOOK,
    "find_job": ("athena:BatchGetQueryExecution", "athena:ListQueryExecutions", *_LOOK),
    "cancel_job": _LOOK,
}


def of_queries(
    configuration: Mapping[str, Any], verb: str, arguments: Mapping[str, Any], root: str
) -> Iterator[Permission]:
    """What a verb needs. A query may read other tables of the database that its table is in."""
    workgroup = (arn({**configuration, "catalog_id": None}, "athena", f"workgroup/{_workgroup(configuration)}"),)
    if verb in _OF_JOBS:
        yield Permission(_OF_JOBS[verb], workgroup)
        yield from _of_jobs(configuration, root)
        return
    if verb == "plan_merge":
        yield from on_objects(url_of(_known(arguments.get("table")).get("location"), root), READ)
        return
    if verb == "fake":
        yield from _of_fake(configuration, arguments, root, workgroup)
        return
    results = _results(configuration)
    writes = verb not in ("preview", "summarize", "estimate") and not (verb == "query" and not arguments.get("output"))
    yield Permission((*_QUERY, *(_JOB if writes else ())), workgroup)
    known = _known(arguments.get("table"))
    name = named(known.get("name")) if verb != "query" else "*"
    yield Permission(_TABLES, table_arns(configuration, named(known.get("database")), name))
    if verb == "merge":
        # Tables of files that differ, which are there while the statements run.
        yield Permission(_GROUPS, table_arns(configuration, named(known.get("database")), "mason_*"))
    yield from on_objects(url_of(known.get("location"), root), READ)
    yield from _bucket(results)
    yield from on_objects(results, (*WRITE, *(DELETE if writes else ())))
    output = arguments.get("output")
    if writes and isinstance(output, str) and is_table(output):
        database, _ = named_in(output) if "{{" not in output else ("*", "*")
        yield Permission((*_TABLES, *_MADE), table_arns(configuration, database, "*"))
        # Where the database, or the config's storage, has its tables.
        yield from on_objects(root or "s3://*", (*WRITE, *DELETE))
    elif writes:
        yield from on_objects(url_of(output, root), (*WRITE, *DELETE))


def _of_jobs(configuration: Mapping[str, Any], root: str) -> Iterator[Permission]:
    """Who asks for a job publishes what it wrote, or takes it away where it failed: files, or a table."""
    for place in dict.fromkeys((_results(configuration), root or "s3://*")):
        yield from on_objects(place, (*WRITE, *DELETE))
    yield Permission((*_TABLES, *_MADE), table_arns(configuration, "*", "*"))


def _results(configuration: Mapping[str, Any]) -> str:
    """Where results go, as far as the configuration says it."""
    return str(configuration.get("output_location") or "s3://*")


def _known(table: Any) -> Mapping[str, Any]:
    return table if isinstance(table, Mapping) else {}


def _of_fake(
    configuration: Mapping[str, Any], arguments: Mapping[str, Any], root: str, workgroup: tuple[str, ...]
) -> Iterator[Permission]:
    """Rows are made on the machine that asks: of Athena the workgroup's folder is asked for, in which jobs are kept."""
    yield Permission(("athena:GetWorkGroup",), workgroup)
    like = arguments.get("schema")
    if isinstance(like, Mapping) and like.get("location"):
        yield from on_objects(url_of(like["location"], root), READ)
    yield from on_objects(_results(configuration), WRITE)
    yield from on_objects(url_of(arguments.get("output"), root), (*WRITE, *DELETE))


def _bucket(url: str) -> Iterator[Permission]:
    bucket = url.removeprefix("s3://").partition("/")[0]
    yield Permission(("s3:GetBucketLocation",), (f"arn:aws:s3:::{bucket}",))


def _workgroup(configuration: Mapping[str, Any]) -> str:
    return str(configuration.get("workgroup") or "primary")
