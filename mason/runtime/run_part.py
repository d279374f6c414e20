"""A step that a scheduler does by a command, as part of a run: which run that is, and under which id its record is.

The scheduler's tasks may run on several machines, at the same time. Each keeps a record of its own in the state that
all of them share, and the record of the whole run is put together from these.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from mason.engines.occasion import Occasion
from mason.errors import Diagnostic, ParameterError
from mason.values import dataclass

_MARK = ":"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a run, or the whole of it where ``step`` is empty.

    run_id: that of the whole run, the same for all its parts.
    schedule: the name of the schedule.
    due: the time that was due, ISO 8601 in UTC; empty where it was triggered.
    workflow: the address of the workflow.
    config_id: the config that the schedule names.
    scheduler: the client that does the steps.
    job_id: the run as the scheduler knows it.
    started_at: when the whole run began, ISO 8601.
    step: the id of the step.
    attempt: which attempt of the step it is, from 1.
    trigger_rule: that of the step; empty for the first one.
    retried: whether the step is tried again when it fails.
    """

    run_id: str
    schedule: str
    workflow: str
    scheduler: str
    job_id: str
    started_at: str
    due: str = ""
    config_id: str = ""
    step: str = ""
    attempt: int = 0
    trigger_rule: str = ""
    retried: bool = False

    @classmethod
    def parse(cls, text: str) -> Part:
        """The inverse of ``to_dict`` as JSON. Raises ``ParameterError``."""
        from mason import bounds

        known = {each.name: {"str": str, "int": int, "bool": bool}[str(each.type)] for each in fields(cls)}
        try:
            given = bounds.parse_json(text)
            if not isinstance(given, dict):
                raise ValueError("it must be a mapping")
            if odd := [name for name, value in given.items() if type(value) is not known.get(name)]:
                raise ValueError(f"{odd[0]} is unknown, or of the wrong type")
            part = cls(**given)
            if not part.run_id or _MARK in part.run_id:
                raise ValueError("run_id is no id of a run")
        except (ValueError, TypeError) as error:
            raise ParameterError([Diagnostic("", 0, f"What --within says of the run: {error}")]) from error
        return part

    @property
    def record_id(self) -> str:
        """Under which id the record of this part is kept."""
        found = _MARK.join((self.run_id, self.step, str(self.attempt)))
        if len(found) <= _LONGEST:
            return found
        from hashlib import sha256

        return _MARK.join((self.run_id, sha256(self.step.encode()).hexdigest()[:16], str(self.attempt)))

    @property
    def occasion(self) -> Occasion:
        """For which schedule it is done."""
        return Occasion(self.schedule, self.due)

    def of_whole(self) -> dict[str, str]:
        """What the record of the whole run says of where it was done."""
        return self.occasion.to_dict() | {"scheduler": self.scheduler, "job_id": self.job_id}

    def to_dict(self) -> dict[str, Any]:
        """What the record of the part says of the whole, and of its place in it."""
        told = {
            "run_id": self.run_id,
            "step": self.step,
            "attempt": self.attempt,
            "trigger_rule": self.trigger_rule,
            **self.of_whole(),
        }
        return {name: value for name, value in told.items() if value}


def is_part(run_id: str) -> bool:
    """Whether a record of that id is one of a part."""
    return _MARK in run_id


def whole_of(run_id: str) -> str:
    """The id of the run that a record belongs to: itself, where it is no part."""
    return run_id.partition(_MARK)[0]


def begins_parts(run_id: str) -> str:
    """What the ids of all parts of a run begin with."""
    return f"{run_id}{_MARK}"
