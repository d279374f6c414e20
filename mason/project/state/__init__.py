"""Use cases that look after the state itself, and not after what it holds."""

__all__ = ["keeping", "migration", "pushing", "signing"]
