"""The record that every run leaves: what ran, as what, with what, and how it ended."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any

from mason.dryrun.dryrun import DryRun
from mason.secrets import scrub_all
from mason.state.lock import who
from mason.version import __version__


def new_run_id(now: datetime) -> str:
    """An id that sorts by time and meets no other: ``20261121T101500.042-3f9a1c``."""
    return f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}-{os.urandom(3).hex()}"


def moment_of(told: Any) -> datetime | None:
    """The moment that a record or a journal tells; ``None`` where it tells none, or not in which time zone."""
    try:
        moment = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def record_of(
    shown: DryRun,
    status: str,
    *,
    errors: Sequence[str] = (),
    warnings: Sequence[str] = (),
    digest: str,
    serial: int,
    started: datetime,
) -> dict[str, Any]:
    """A run as JSON-ready data, without secrets. Holds no ``Data``: results belong to the person who asked.

    ``status`` is ``running`` (what remains of a run whose process was killed), ``succeeded``, ``failed`` or
    ``interrupted``. ``finished_at`` is empty while it runs.
    """
    # Scrubbed before they become text, where a secret would be spelled as Python spells it.
    calls = [replace(call, arguments=scrub_all(call.arguments)) for call in shown.calls]
    return _record(
        shown.address,
        status,
        started,
        digest=digest,
        config_id=shown.config_id,
        parameters=dict(shown.parameters),
        calls=[str(call) for call in calls],
        serial=serial,
        errors=list(errors),
        warnings=list(warnings),
    )


def workflow_record(
    address: str,
    status: str,
    *,
    config_id: str,
    digests: Mapping[str, str],
    parameters: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    serial: int,
    started: datetime,
    resumed: datetime | None = None,
    errors: Sequence[str] = (),
    stopped: Mapping[str, str] = MappingProxyType({}),
    occasion: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """A run of a workflow as JSON-ready data, without secrets: as :func:`record_of`, with ``steps`` for ``calls``.

    ``digests`` are those of all definitions that were used, ``parameters`` go by step, and a step has ``step``,
    ``status``, ``attempts``, ``error``, ``started_at`` and ``finished_at``. ``resumed`` is when it was resumed last,
    ``errors`` are those of the run itself, and ``stopped`` says before which ``step`` a class stopped it and for what
    ``reason``. ``occasion`` is the ``schedule`` that it was run for, and the time that was ``due``; or the address
    of the ``resource`` that is done by it.
    """
    return _record(
        address,
        status,
        started,
        digest=digests.get(address, ""),
        digests=dict(digests),
        config_id=config_id,
        parameters=dict(parameters),
        steps=[dict(step) for step in steps],
        serial=serial,
        errors=[*(f"{step['step']}: {step['error']}" for step in steps if step["status"] == "failed"), *errors],
        warnings=[],
        **({"resumed_at": resumed.isoformat(timespec="milliseconds")} if resumed else {}),
        **({"stopped": dict(stopped)} if stopped else {}),
        **occasion,
    )


def _record(address: str, status: str, started: datetime, **facts: Any) -> dict[str, Any]:
    """What every run has, around what this one has."""
    # Not before it began, where a clock was set back meanwhile.
    finished = max(datetime.now(timezone.utc), started)
    scrubbed: dict[str, Any] = scrub_all(
        {
            "version": 1,
            "mason_version": __version__,
            "address": address,
            "status": status,
            **facts,
            "started_at": started.isoformat(timespec="milliseconds"),
            "finished_at": "" if status == "running" else finished.isoformat(timespec="milliseconds"),
            "run_by": who(),
        }
    )
    return scrubbed
