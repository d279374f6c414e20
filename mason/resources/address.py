"""How resources are named: ``config.1``, ``operator.table.get``, ``workflow.table.export``, ``run.daily_export``.

An address is plain text, because it is a key everywhere (state, plan, command line); this module is the
only one that takes it apart or puts it together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"
"""What namespaces, commands, ids and names are made of: they become file names, addresses and class names."""

WORK_PATTERN = f"{NAME_PATTERN[:-1]}:{NAME_PATTERN[1:]}"
"""How runs and schedules name the operator or workflow that they execute: ``namespace:command``."""

KINDS = ("config", "operator", "workflow", "run", "schedule")
"""The kinds of resource, in the order in which they are listed and applied."""

WORK = ("operator", "workflow")
"""The kinds that can be executed: what runs and schedules name."""

EXECUTED = ("run", "schedule")
"""The kinds whose resources, when they are applied, have more done than that their definition is saved."""

MOVED = "moved"
"""The type of a document that says that a resource has another address now. It has none itself."""


def is_name(text: str) -> bool:
    """Whether ``text`` may name a resource (see ``NAME_PATTERN``; at most 100 characters)."""
    return len(text) <= 100 and re.fullmatch(NAME_PATTERN[1:-1], text) is not None


def kind_of(address: str) -> str:
    """The kind in an address: ``operator`` for ``operator.table.get``."""
    return address.partition(".")[0]


def title_of(address: str) -> str:
    """The address as sentences say it: ``Operator table:get``, ``Config 1``."""
    kind, _, rest = address.partition(".")
    return f"{kind.capitalize()} {rest.replace('.', ':')}"


def operator_address(namespace: str, command: str) -> str:
    """The address of an operator."""
    return f"operator.{namespace}.{command}"


def work_address(definition: Mapping[str, Any]) -> str:
    """The address of the operator or workflow that a validated run or schedule executes."""
    kind = "workflow" if definition.get("workflow") else "operator"
    return f"{kind}.{definition[kind].replace(':', '.')}"


def run_address(name: str) -> str:
    """The address of a run."""
    return f"run.{name}"


def schedule_address(name: str) -> str:
    """The address of a schedule."""
    return f"schedule.{name}"


def config_address(identifier: str) -> str:
    """The address of a config."""
    return f"config.{identifier}"
