"""The engines by name, as far as what people write has to know them."""

from __future__ import annotations

ROLES = ("metastore", "storage", "execution", "scheduler")
"""The four engines, in the order in which they are always listed."""
