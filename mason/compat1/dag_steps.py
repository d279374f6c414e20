"""Steps as workflows of 1.x see them, and what they say of them."""

from __future__ import annotations

from typing import Any

import mason
from mason.compat1.job_kinds import ExecutedJob, InvalidJob
from mason.compat1.response import OperatorResponse, Response
from mason.compat1.surroundings import ValidatedParameters


class _Operator:
    """The operator of a step: its name, and the parameters that it will be given."""

    def __init__(self, address: str, parameters: ValidatedParameters) -> None:
        _, self.namespace, self.command = address.split(".")
        self.parameters = parameters


class ValidDagStep:
    """A step that is about to begin."""

    def __init__(self, id: str, operator: Any = None, dependencies: list[str] | None = None) -> None:
        self.id = id
        self.operator = operator
        self.dependencies = list(dependencies or ())

    @classmethod
    def of(cls, following: mason.NextStep) -> ValidDagStep:
        """That of today's ``following``."""
        operator = _Operator(following.address, ValidatedParameters(following.parameters))
        return cls(following.id, operator, list(following.dependencies))


class ExecutedDagStep:
    """A step that ended. Its ``operator_response.object`` is the job that it returned, where it returned one."""

    def __init__(self, step: ValidDagStep, response: OperatorResponse) -> None:
        self.step = step
        self.operator_response = response

    @classmethod
    def of(cls, ended: mason.StepEnd) -> ExecutedDagStep:
        """That of today's ``ended``."""
        response = Response()
        response.data = list(ended.data or ())
        told = OperatorResponse(response)
        first = response.data[0] if response.data else None
        if ended.status != "succeeded":
            told.object = InvalidJob(ended.error or ended.status)
        elif isinstance(first, dict) and first.get("job_id"):
            told.object = ExecutedJob(first["job_id"], logs=first.get("logs"))
        return cls(ValidDagStep(ended.id), told)

    def failed(self, reason: str) -> FailedDagStep:
        """This step, failed."""
        return FailedDagStep(reason, self.step, self.operator_response)


class FailedDagStep:
    """A step that failed, and why."""

    def __init__(self, reason: str, step: Any = None, response: Any = None) -> None:
        self.reason = reason
        self.step = step
        self.operator_response = response


class InvalidDagStep:
    """A step that cannot be done, and why."""

    def __init__(self, reason: str, response: Any = None) -> None:
        self.reason = reason
        self.operator_response = response
