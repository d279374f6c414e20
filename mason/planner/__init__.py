"""The difference between what people wrote and what was applied: from resources and a snapshot to a plan. Pure."""

__all__ = [
    "build",
    "carrying",
    "drift",
    "integrity",
    "plan",
    "renaming",
    "runs_and_schedules",
    "saved",
    "scheduled_dag",
]
