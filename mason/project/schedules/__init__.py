"""Use cases of schedules: which are due, and what runs them when they are."""

__all__ = ["daemon", "scheduled", "triggering"]
