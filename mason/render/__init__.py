"""Views of plans, resources, answers and faults: for people and as JSON. Nothing here decides or changes anything."""

from __future__ import annotations

__all__ = [
    "JSON_FORMAT",
    "answers",
    "check_results",
    "comparisons",
    "dags",
    "dryruns",
    "formatted",
    "live",
    "markdown",
    "plans",
    "progress_bar",
    "resources",
    "results",
    "run_history",
    "schedules",
    "states",
    "terminal",
    "tree",
    "validated",
]

JSON_FORMAT = "1.0"
"""The version of all ``--json`` documents: the first number grows when a reader could break."""
