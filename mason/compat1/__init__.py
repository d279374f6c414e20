"""Mason 1.x: its YAML and its Python, in the words of today.

Everything that Mason still knows of 1.0x and 1.x is in this room. It translates when files are loaded: a config
without a ``type`` becomes one (``upgrading``), and the imports of a Python file that were written for 1.x lead to the
names below (``imports``), so that what reaches the planner, the state and the runtime is a resource and a class like
all others. Nobody imports this room but the loader, and only for files of 1.x; the classes of 1.x are loaded by the
files that name them.

The names are those of 1.x. They stand on Mason's public names (``mason.Operator``), as the code of any other package.
"""

from __future__ import annotations

from typing import Any

__all__ = ["imports", "shapes", "upgrading"]

_HOMES = {
    **dict.fromkeys(("OperatorDefinition", "WorkflowDefinition"), "definitions"),
    **dict.fromkeys(("ExecutedDagStep", "FailedDagStep", "InvalidDagStep", "ValidDagStep"), "dag_steps"),
    **dict.fromkeys(("Responsable", "Response", "OperatorResponse", "DelayedOperatorResponse"), "response"),
    **dict.fromkeys(("Parameters", "ValidatedParameters", "MasonEnvironment", "operator_api"), "surroundings"),
    **dict.fromkeys(("Config", "InvalidClient"), "roles_of_config"),
    "MetastoreClient": "metastore",
    "StorageClient": "storage",
    "ExecutionClient": "execution",
    "SchedulerClient": "scheduler",
    **dict.fromkeys(("Job", "ExecutedJob", "InvalidJob", "FailedJob", "RetryableJob"), "job_kinds"),
    **dict.fromkeys(("QueryJob", "FormatJob", "InferJob", "MergeJob", "PreviewJob", "SummaryJob"), "job_kinds"),
    **dict.fromkeys(("Table", "TableList", "TableSummary", "Database", "DatabaseList"), "table_kinds"),
    **dict.fromkeys(("InvalidTable", "InvalidTables", "TableNotFound", "ConflictingTable"), "table_kinds"),
    **dict.fromkeys(("InvalidDatabase", "DDLStatement", "InvalidDDLStatement"), "table_kinds"),
    **dict.fromkeys(("Schema", "SchemaElement", "InvalidSchema", "EmptySchema", "SchemaConflict"), "table_kinds"),
    **dict.fromkeys(("MetastoreCredentials", "InvalidCredentials", "AWSCredentials"), "table_kinds"),
    **dict.fromkeys(("Path", "construct"), "table_kinds"),
    **dict.fromkeys(("compute", "logger", "message", "uuid4", "get", "flatten", "flatten_string"), "small_tools"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"Mason keeps no {name!r} of Mason 1.x")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
