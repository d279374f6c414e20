"""Files of Mason 1.x, told apart from those of today at a glance; who translates them is loaded only where there are
some.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mason.home import mason_home
from mason.resources.address import KINDS
from mason.resources.faults import Finding
from mason.resources.older import OlderPython

_CLIENTS = frozenset({"airflow", "athena", "dask", "glue", "s3", "spark"})
"""The clients of 1.x. Its operators name those that they support, whether this Mason has them or not."""
_NAMING = ("supported_configurations", "supported_schedulers")
_PYTHON = re.compile(r"\b(Operator|Workflow)Definition\b|^from (api|clients|configurations|parameters)\b", re.MULTILINE)


_HOME = ("operators", "workflows", "configs", "registered_operators", "configurations")
"""The folders of 1.x and 1.0x in a person's ``~/.mason``."""


def left_at_home() -> str:
    """What to tell a person whose ``~/.mason`` holds what Mason 1.x has registered; empty where it holds nothing."""
    home = mason_home()
    found = [home / name for name in _HOME if next((home / name).rglob("*.y*ml"), None) is not None]
    if not found:
        return ""
    # Imported here: hardly anyone has them.
    import shlex

    names = ", ".join(folder.name for folder in found)
    return (
        f"{home} holds what Mason 1.x has registered ({names}). To see what would become of it: mason plan "
        f"{shlex.join(map(str, found))}, and then mason apply of the same."
    )


class Mason1:
    """Reads what Mason 1.x wrote (see :class:`mason.resources.older.Older`)."""

    def document(self, definition: dict[str, Any], file: str) -> str:
        """See :meth:`mason.resources.older.Older.document`."""
        if not _may_be_old(definition):
            return ""
        from mason.compat1 import upgrading

        return upgrading.translated(definition, Path(file))

    def python(self, texts: Mapping[str, str], folder: str, shown: str) -> OlderPython | None:
        """See :meth:`mason.resources.older.Older.python`."""
        if not any(_PYTHON.search(text) for text in texts.values()):
            return None
        from mason.compat1 import imports

        return imports.translated(texts, Path(folder), shown)

    def pardons(self, definition: Mapping[str, Any], finding: Finding) -> bool:
        """See :meth:`mason.resources.older.Older.pardons`: clients of 1.x that an operator says it supports."""
        if finding.path[:1] not in tuple((name,) for name in _NAMING):
            return False
        value: Any = definition
        for step in finding.path:
            value = value[step]
        return value in _CLIENTS


def _may_be_old(definition: Mapping[str, Any]) -> bool:
    kind = definition.get("type")
    if kind == "config":
        return "id" not in definition or "source" in definition or isinstance(definition.get("clients"), list)
    if kind == "workflow":
        steps = definition.get("dag")
        return isinstance(steps, list) and any(
            isinstance(step, dict) and ("retry_method" in step or step.get("retry") in ("exponential", "constant"))
            for step in steps
        )
    return kind not in KINDS and any(str(key).endswith(("_engine", "_clients")) for key in definition)
