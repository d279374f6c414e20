"""Resources under another name: what files and people say of that, and what a state looks like after it."""

__all__ = ["moves", "rename", "replacement"]
