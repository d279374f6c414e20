"""Plans on disk: written so that what was reviewed is what will be applied, and refused where they no longer fit."""

__all__ = ["planfile", "stale"]
