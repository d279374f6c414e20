"""Doing it: confirmed plans are applied, DAGs walked, operators run. Only this room calls verbs, through ``context``.

What is done was shown before and is done exactly so. Which project, state and clients there are is handed in.
"""

__all__ = [
    "ahead",
    "answer",
    "apart",
    "apply",
    "context",
    "decision",
    "estimating",
    "executor",
    "known_sentences",
    "outlook",
    "output",
    "places",
    "prepared_run",
    "records",
    "retryable",
    "run_part",
    "sql_by_types",
    "submitted",
    "walk",
    "workers",
    "workflow_run",
]
