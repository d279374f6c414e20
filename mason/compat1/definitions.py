"""The classes that operators and workflows of 1.x extend: each is one of today's that calls what is written for 1.x."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import mason
from mason.compat1.dag_steps import ExecutedDagStep, FailedDagStep, InvalidDagStep, ValidDagStep
from mason.compat1.response import OperatorResponse, Response
from mason.compat1.roles_of_config import Config
from mason.compat1.surroundings import MasonEnvironment, ValidatedParameters


class OperatorDefinition(mason.Operator):
    """An operator with ``run(env, config, parameters, response)``, ``run_async`` of the same, or both.

    1.x asked the client which of the two it wants. Here ``run`` is called, and ``run_async`` where there is no other,
    or where ``output_path`` is given, which ``run`` of the examples of 1.x did not know.
    """

    _run: ClassVar[Callable[..., Any] | None] = None
    _run_async: ClassVar[Callable[..., Any] | None] = None

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        # The method of today has the same name: that of 1.x moves aside.
        if "run" in cls.__dict__:
            cls._run = cls.__dict__["run"]
            del cls.run
        if "run_async" in cls.__dict__:
            cls._run_async = cls.__dict__["run_async"]

    def run(self, ctx: mason.Context) -> Any:
        """Call what 1.x would call, and return what it says in today's words. Raises ``OperatorError`` for errors."""
        do = self._run
        if do is None or (self._run_async is not None and ctx.params.get("output_path")):
            do = self._run_async
        assert do is not None, "the loader has seen one of them"
        answered = do(MasonEnvironment(), Config(ctx), ValidatedParameters(ctx.params), Response())
        response = answered.response if isinstance(answered, OperatorResponse) else answered
        if not isinstance(response, Response):
            raise mason.OperatorError(f"{type(self).__name__} of Mason 1.x must return an OperatorResponse.")
        for line in response.info:
            ctx.info(line)
        for line in response.warnings:
            ctx.warn(line)
        if response.errors:
            raise mason.OperatorError("\n".join(response.errors))
        return response.returned()


class WorkflowDefinition(mason.Workflow):
    """A workflow with ``step(current, next)``, which returns a step: valid, executed, failed or invalid."""

    _step: ClassVar[Callable[..., Any] | None] = None

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if "step" in cls.__dict__:
            cls._step = cls.__dict__["step"]
            del cls.step

    def step(self, current: mason.StepEnd | None, next: mason.NextStep) -> mason.Decision | None:
        """Ask ``step`` of 1.x, which was asked between two steps only, and carry out what it returns."""
        if current is None or self._step is None:
            return self.go_on()
        following = ValidDagStep.of(next)
        returned = self._step(ExecutedDagStep.of(current), following)
        if isinstance(returned, FailedDagStep | InvalidDagStep):
            return self.fail(returned.reason)
        if isinstance(returned, ExecutedDagStep):
            said = returned.operator_response.response.info
            return self.stop("; ".join(said) or f"{type(self).__name__} says that it is done")
        changed = following.operator.parameters.changed
        if changed:
            name = sorted(changed)[0]
            return self.fail(
                f"{type(self).__name__} sets {name} of {following.id} to another value than the plan showed. Write "
                f"what it refers to as the parameter, such as {{{{steps.{current.id}.job_id}}}}."
            )
        return self.go_on()
