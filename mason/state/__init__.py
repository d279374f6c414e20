"""What was applied: the snapshot (a value), and the stores that keep it (effects)."""

__all__ = [
    "content",
    "format",
    "journal",
    "local",
    "lock",
    "outcome",
    "serials",
    "signatures",
    "snapshot",
    "store",
    "urls",
    "whole_files",
]
