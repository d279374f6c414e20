"""A warehouse's folder, which several clients share: the jobs and the schedules that are kept there, and who may change
them. What only one client keeps in it (tables) is that client's."""

__all__ = ["folder", "locks", "neighbouring", "scheduler"]
