"""Mason: Terraform for data operators.

The names here are for people who write operators and clients. They are loaded on first use, so that
``import mason`` costs next to nothing.
"""

from __future__ import annotations

from mason.version import __version__ as __version__

# Not imported, because a plan that was made before is answered in the time that typing takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mason.engines.models import Column as Column
    from mason.engines.models import Database as Database
    from mason.engines.models import Job as Job
    from mason.engines.models import Location as Location
    from mason.engines.models import Rows as Rows
    from mason.engines.models import Schema as Schema
    from mason.engines.models import Table as Table
    from mason.errors import OperatorError as OperatorError
    from mason.runtime.context import Context as Context
    from mason.runtime.context import Operator as Operator
    from mason.runtime.decision import Decision as Decision
    from mason.runtime.decision import NextStep as NextStep
    from mason.runtime.decision import StepEnd as StepEnd
    from mason.runtime.decision import Workflow as Workflow

_HOMES = {
    "Column": "mason.engines.models",
    "Context": "mason.runtime.context",
    "Database": "mason.engines.models",
    "Decision": "mason.runtime.decision",
    "Job": "mason.engines.models",
    "Location": "mason.engines.models",
    "NextStep": "mason.runtime.decision",
    "Operator": "mason.runtime.context",
    "OperatorError": "mason.errors",
    "Rows": "mason.engines.models",
    "Schema": "mason.engines.models",
    "StepEnd": "mason.runtime.decision",
    "Table": "mason.engines.models",
    "Workflow": "mason.runtime.decision",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mason' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])
