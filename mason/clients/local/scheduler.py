"""The role of scheduler, which ``local`` plays so that a config may name it; it declares no verbs."""

from __future__ import annotations

from typing import ClassVar

from mason.engines.scheduler import Scheduler


class LocalScheduler(Scheduler):
    """Keeps no schedules: every verb raises ``UnsupportedVerbError``."""

    client: ClassVar[str] = "local"
    supports: ClassVar[frozenset[str]] = frozenset()
