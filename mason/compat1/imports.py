"""Python of 1.x to Python of today: the lines that import from Mason 1.x lead to :mod:`mason.compat1`, all else stays.

Done on the text, and within the lines that it stands on, so that a line in a traceback is the line in the file. A
module of 1.0x that has a function ``run`` and no class gets the class that it is today. The names of Mason's own rooms
(``mason.engines``) are those of today in every other file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mason.errors import Diagnostic
from mason.resources.module import class_name
from mason.resources.older import OlderPython
from mason.resources.parameter_file import read_mapping

_JOBS = ("Job", "ExecutedJob", "InvalidJob", "FailedJob", "RetryableJob")
_SCHEMAS = ("Schema", "SchemaElement", "InvalidSchema", "EmptySchema", "SchemaConflict")
_INVALID = ("InvalidTable", "InvalidTables", "TableNotFound", "ConflictingTable")
_MODELS = "engines.metastore.models"
_EXECUTION_JOBS = "engines.execution.models.jobs"
_DAGS = "engines.scheduler.models.dags"

MODULES: Mapping[str, tuple[str, ...]] = {
    "api": ("operator_api",),
    "clients.responsable": ("Responsable",),
    "clients.response": ("Response",),
    "clients.engines.execution": ("ExecutionClient",),
    "clients.engines.invalid_client": ("InvalidClient",),
    "clients.engines.metastore": ("MetastoreClient",),
    "clients.engines.scheduler": ("SchedulerClient",),
    "clients.engines.storage": ("StorageClient",),
    "configurations": ("Config",),
    "configurations.config": ("Config",),
    _EXECUTION_JOBS: _JOBS,
    f"{_EXECUTION_JOBS}.executed_job": ("ExecutedJob",),
    f"{_EXECUTION_JOBS}.format_job": ("FormatJob",),
    f"{_EXECUTION_JOBS}.infer_job": ("InferJob",),
    f"{_EXECUTION_JOBS}.invalid_job": ("InvalidJob", "FailedJob", "RetryableJob"),
    f"{_EXECUTION_JOBS}.merge_job": ("MergeJob",),
    f"{_EXECUTION_JOBS}.preview_job": ("PreviewJob",),
    f"{_EXECUTION_JOBS}.query_job": ("QueryJob",),
    f"{_EXECUTION_JOBS}.summary_job": ("SummaryJob",),
    f"{_MODELS}.credentials": ("MetastoreCredentials", "InvalidCredentials"),
    f"{_MODELS}.credentials.aws": ("AWSCredentials",),
    f"{_MODELS}.database": ("Database", "InvalidDatabase", "DatabaseList"),
    f"{_MODELS}.ddl": ("DDLStatement", "InvalidDDLStatement"),
    f"{_MODELS}.schemas.schema": _SCHEMAS,
    f"{_MODELS}.table": ("Table", "TableList", *_INVALID),
    f"{_MODELS}.table.invalid_table": _INVALID,
    f"{_MODELS}.table.summary": ("TableSummary",),
    f"{_MODELS}.table.table": ("Table", "TableList"),
    f"{_DAGS}.executed_dag_step": ("ExecutedDagStep",),
    f"{_DAGS}.failed_dag_step": ("FailedDagStep",),
    f"{_DAGS}.invalid_dag_step": ("InvalidDagStep",),
    f"{_DAGS}.valid_dag_step": ("ValidDagStep",),
    "engines.storage.models.path": ("Path", "construct"),
    "operators.operator_definition": ("OperatorDefinition",),
    "operators.operator_response": ("OperatorResponse", "DelayedOperatorResponse"),
    "parameters": ("Parameters", "ValidatedParameters"),
    "parameters.parameters": ("Parameters",),
    "parameters.validated_parameters": ("ValidatedParameters",),
    "util.environment": ("MasonEnvironment",),
    "util.exception": ("message",),
    "util.list": ("get", "flatten", "flatten_string"),
    "util.logger": ("logger",),
    "util.result": ("compute",),
    "util.uuid": ("uuid4",),
    "workflows.workflow_definition": ("WorkflowDefinition",),
}
"""What is kept of the modules of 1.x, by their names without ``mason.`` (which 1.0x did not write)."""

_ROOMS = frozenset(name.partition(".")[0] for name in MODULES)
_HERE = "mason.compat1"
_SWAGGER = ("swagger.yml", "swagger.yaml")


def translated(texts: Mapping[str, str], folder: Path, shown: str) -> OlderPython | None:
    """The files of a folder with imports that are there today, and what in them is not kept; ``None`` where they import
    nothing of 1.x.

    ``shown`` is the folder as people see it. A file that is no Python is left to those who look for that.
    """
    found: dict[str, str] = {}
    faults: list[Diagnostic] = []
    is_old = False
    for name, text in texts.items():
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found[name] = text
            continue
        place = f"{shown}/{name}" if shown else name
        before = len(faults)
        changes = [*_imports(tree, place, faults)]
        is_old = is_old or bool(changes) or len(faults) > before
        found[name] = _replaced(text, changes)
        if name == "__init__.py" and _has_function(tree):
            found[name] += _as_class(folder)
    if not is_old:
        return None
    note = "Python of Mason 1.x, which runs as a class of today (mason.Operator, mason.Workflow)"
    if beside := next((each for each in _SWAGGER if (folder / each).is_file()), ""):
        note += f"; {beside} beside it is not needed any more"
    return OlderPython(found, tuple(faults), note)


def _imports(tree: ast.Module, place: str, faults: list[Diagnostic]) -> Iterator[tuple[ast.stmt, str]]:
    """The statements that import from 1.x, each with what stands there today; what is not kept goes to ``faults``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and _is_old(node.module or ""):
            module = (node.module or "").removeprefix("mason.")
            kept = MODULES.get(module, ())
            lost = [alias.name for alias in node.names if alias.name not in kept]
            if lost:
                message = f"{node.module} of Mason 1.x is not kept, or not its {', '.join(lost)}"
                faults.append(Diagnostic(place, node.lineno, message, f"what there is of it: {', '.join(kept) or '-'}"))
            names = ", ".join(f"{each.name} as {each.asname}" if each.asname else each.name for each in node.names)
            yield node, f"from {_HERE} import ({names}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("mason.") and _is_old(alias.name):
                    message = f"{alias.name} of Mason 1.x is only kept for: from {alias.name} import ..."
                    faults.append(Diagnostic(place, node.lineno, message, "write it so"))


def _is_old(module: str) -> bool:
    """Whether a module is one of 1.x: kept or not, but none of today's."""
    name = module.removeprefix("mason.")
    if name in MODULES:
        return True
    if name.partition(".")[0] not in _ROOMS and not module.startswith("mason."):
        return False
    inside = Path(__file__).parent.parent.joinpath(*name.split("."))
    return not (inside.is_dir() or inside.with_suffix(".py").is_file())


def _replaced(text: str, changes: list[tuple[ast.stmt, str]]) -> str:
    """``text`` with statements replaced; each takes as many lines as before."""
    lines = text.encode().split(b"\n")
    for node, written in sorted(changes, key=lambda change: (change[0].lineno, change[0].col_offset), reverse=True):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        head, tail = lines[first][: node.col_offset], lines[last][node.end_col_offset or 0 :]
        whole = head + written.encode() + b"\n" * (last - first) + b")" + tail
        lines[first : last + 1] = whole.split(b"\n")
    return b"\n".join(lines).decode()


def _has_function(tree: ast.Module) -> bool:
    """Whether a module does its work in a function, as those of 1.0x did."""
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return "run" in names and not any(isinstance(node, ast.ClassDef) for node in tree.body)


def _as_class(folder: Path) -> str:
    """The class that a function ``run`` is today, named after the operator whose YAML stands beside it."""
    for name in ("operator.yaml", "operator.yml"):
        file = folder / name
        if file.is_file():
            document, _ = read_mapping(file)
            names: list[Any] = [document.value.get(key) for key in ("namespace", "command")] if document else []
            if names and all(isinstance(each, str) for each in names):
                return _CLASS.format(name=class_name(*names))
    return ""


_CLASS = """

from mason.compat1 import OperatorDefinition


class {name}(OperatorDefinition):
    def run(self, env, config, parameters, response):
        return run(env, config, parameters, response)
"""
