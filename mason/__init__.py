"""Mason: Terraform for data operators.

The names here are for people who write operators and clients. They are loaded on first use, so that
``import mason`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mason.engines.models import Column as Column
    from mason.engines.models import Database as Database
    from mason.engines.models import Job as Job
    from mason.engines.models import Location as Location
    from mason.engines.models import Rows as Rows
    from mason.engines.models import Schema as Schema
    from mason.engines.models import Table as Table
    from mason.errors import OperatorError as OperatorError
    from mason.planner.context import Context as Context
    from mason.planner.context import Operator as Operator
    from mason.planner.decision import Decision as Decision
    from mason.planner.decision import NextStep as NextStep
    from mason.planner.decision import StepEnd as StepEnd
    from mason.planner.decision import Workflow as Workflow

__version__ = "2.0.0"

_HOMES = {
    "Column": "mason.engines.models",
    "Context": "mason.planner.context",
    "Database": "mason.engines.models",
    "Decision": "mason.planner.decision",
    "Job": "mason.engines.models",
    "Location": "mason.engines.models",
    "NextStep": "mason.planner.decision",
    "Operator": "mason.planner.context",
    "OperatorError": "mason.errors",
    "Rows": "mason.engines.models",
    "Schema": "mason.engines.models",
    "StepEnd": "mason.planner.decision",
    "Table": "mason.engines.models",
    "Workflow": "mason.planner.decision",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mason' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])
