"""The record that every run leaves: what ran, as what, with what, and how it ended."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

from mason import __version__
from mason.planner.answer import Answer
from mason.planner.dryrun import DryRun
from mason.secrets import scrub_all
from mason.state.lock import who


def new_run_id(now: datetime) -> str:
    """An id that sorts by time and meets no other: ``20261121T101500-3f9a1c``."""
    return f"{now:%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"


def record_of(shown: DryRun, answer: Answer, *, digest: str, serial: int, started: datetime) -> dict[str, Any]:
    """A finished run as JSON-ready data, without secrets. Holds no ``Data``: results belong to the person who asked."""
    finished = datetime.now(timezone.utc)
    record = {
        "version": 1,
        "mason_version": __version__,
        "address": shown.address,
        "digest": digest,
        "config_id": shown.config_id,
        "parameters": dict(shown.parameters),
        "calls": [str(call) for call in shown.calls],
        "serial": serial,
        "status": "failed" if answer.errors else "succeeded",
        "errors": answer.errors,
        "warnings": answer.warnings,
        "started_at": started.isoformat(timespec="milliseconds"),
        "finished_at": finished.isoformat(timespec="milliseconds"),
        "run_by": who(),
    }
    scrubbed: dict[str, Any] = scrub_all(record)
    return scrubbed
