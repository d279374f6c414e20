"""Use cases: a project's settings, its state, its clients and the planner, wired together.

The command line and servers call these and nothing below. How a use case is asked for and how its result is shown is
not this room's business.
"""

__all__ = [
    "applied",
    "applying",
    "comparing",
    "completing",
    "confirming",
    "drifting",
    "formatting",
    "importing",
    "loading",
    "older_mason",
    "opened",
    "opening",
    "planning",
    "policies",
    "remembering",
    "runs",
    "schedules",
    "state",
    "translating",
    "validating",
]
