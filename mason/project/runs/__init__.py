"""Use cases of runs: prepare one, do it, go on with it, and look back. Operators and workflows alike."""

__all__ = [
    "checking_published",
    "clients",
    "costs",
    "differing",
    "history",
    "looking_ahead",
    "operators",
    "performing",
    "preparing",
    "resumption",
    "retention",
    "run_parts",
    "running",
    "scheduler_runs",
    "sql_checks",
]
