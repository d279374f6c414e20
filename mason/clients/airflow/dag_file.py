"""A schedule as the text of a DAG file, and back. Pure.

The schedule stands in it as JSON that Python reads as it is, without an escape that could end it. A digest of all but
itself tells a file that somebody edited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from mason.clients.airflow.dag_code import CODE
from mason.engines.models import Schedule
from mason.errors import EngineError
from mason.resources.retry import MOST
from mason.values import dataclass

LARGEST = 4 << 20
"""So many bytes a DAG file has at most."""

# As Linux has it for one argument, the end of the text counted.
_LONGEST_ARGUMENT = 128 * 1024 - 1
_FIRST = "# Made by Mason for schedule "
_DIGEST = "# Digest: "
_OWNER = "# Owner: "
_IMPORTS = """\
import contextlib
import ctypes
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, BaseOperator, CronTriggerTimetable, RetryDecision, RetryPolicy, TaskGroup
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
"""
_BEGIN, _END = " = json.loads(r'''\n", "\n''')\n"


@dataclass(frozen=True, slots=True)
class DagFile:
    """What stands in a DAG file of Mason's.

    schedule: what was put.
    place: where and how its commands run, as the file's code reads it.
    owner: who put it last, ``user@host``.
    digest: of the text, hexadecimal.
    edited: whether somebody else changed the text since.
    """

    schedule: Schedule
    place: Mapping[str, Any]
    owner: str
    digest: str
    edited: bool = False


def dag_text(schedule: Schedule, place: Mapping[str, Any], owner: str) -> str:
    """The text of the DAG file. Raises ``EngineError`` where it would be too large."""
    for step in schedule.dag.steps:
        if any(len(argument.encode()) > _LONGEST_ARGUMENT for argument in step.command):
            raise EngineError(
                f"Schedule {schedule.name}: the parameters of step {step.id} are too long for a command, which holds "
                f"{_LONGEST_ARGUMENT:,} bytes. Shorten them."
            )
    work = schedule.workflow.partition(".")[2].replace(".", ":")
    digest = _digest_of_contents(schedule, place)
    described = f"Mason runs {work or schedule.name}. {_mark(digest)}"
    body = "".join(
        (
            _IMPORTS,
            f"\nSCHEDULE{_BEGIN}{_json(schedule.to_dict())}{_END}",
            f"PLACE{_BEGIN}{_json({**place, 'description': described})}{_END}",
            f"MOST_RETRIES = {MOST}\n",
            CODE,
        )
    )
    head = f"{_FIRST}{schedule.name}. Do not edit it: mason apply writes it anew.\n{_OWNER}{owner}\n"
    text = f"{head}{_DIGEST}{_digest(head + body)}\n\n{body}"
    if len(text) > LARGEST:
        raise EngineError(
            f"Schedule {schedule.name} is too large for a DAG file: {len(text):,} bytes, and at most {LARGEST:,} are "
            "written. Split its workflow, or shorten the parameters."
        )
    return text


def read_dag_text(text: str) -> DagFile | None:
    """What stands in a DAG file; ``None`` for one that Mason did not write, or whose schedule cannot be read."""
    if not text.startswith(_FIRST):
        return None
    head, _, rest = text.partition(_DIGEST)
    digest, _, body = rest.partition("\n\n")
    owner = head.partition(_OWNER)[2].partition("\n")[0]
    try:
        schedule = Schedule.from_dict(_read(body, "SCHEDULE"))
        place = dict(_read(body, "PLACE"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    place.pop("description", None)
    return DagFile(schedule, place, owner, digest, edited=digest != _digest(head + body))


def marked(description: str, schedule: Schedule, place: Mapping[str, Any]) -> bool:
    """Whether a DAG that Airflow describes so is the one of this schedule and place."""
    return description.endswith(_mark(_digest_of_contents(schedule, place)))


def _digest_of_contents(schedule: Schedule, place: Mapping[str, Any]) -> str:
    return _digest(CODE + _json(schedule.to_dict()) + _json(place))


def _mark(digest: str) -> str:
    return f"[{digest[:16]}]"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _json(value: Mapping[str, Any]) -> str:
    # All but ASCII is escaped, and so is what could end the text of Python around it.
    return json.dumps(value, indent=1, allow_nan=False).replace("'", "\\u0027")


def _read(body: str, name: str) -> Any:
    begin = body.index(f"\n{name}{_BEGIN}") + len(f"\n{name}{_BEGIN}")
    return json.loads(body[begin : body.index(_END, begin)])
