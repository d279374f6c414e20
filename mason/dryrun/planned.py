"""A run of a workflow that was checked and not begun, as a value; and what each of its steps is given once it begins.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mason.dryrun.calls import ShownStep
from mason.dryrun.dryrun import DryRun
from mason.dryrun.references import Reference, Unresolved, fill, look_up
from mason.errors import Diagnostic, ParameterError, ResourceError
from mason.resources.address import kind_of, title_of
from mason.resources.config import Config
from mason.resources.executed import ONLY_STEP
from mason.resources.operator import Operator
from mason.resources.parameters import Given, bind
from mason.resources.trigger import TRIGGER_RULES
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.resources.output_checks import Check


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step as it will be run, but for what earlier steps return.

    ``id`` is dotted where the step comes from a workflow within (``step_2.inner_1``), and so are ``dependencies``,
    which stand before it in the plan. ``parameters`` are bound; those named in ``waiting`` hold ``references`` and get
    their values from :func:`resolve`. ``shown`` is the dry run, with references left visible. ``retry`` is
    ``constant(SECONDS)``, ``exponential(SECONDS)`` or empty. ``digest`` is that of the operator with its module,
    ``source`` the content of the module of a Python operator. Without ``wait``, jobs that go on elsewhere are handed on
    as they are. ``checks`` are those of its one output.
    """

    id: str
    operator: Operator
    config: Config
    dependencies: tuple[str, ...]
    parameters: Mapping[str, Any]
    waiting: tuple[str, ...]
    references: tuple[Reference, ...]
    trigger_rule: str
    retry: str
    retry_max: int | None
    timeout: int | None
    shown: DryRun
    digest: str
    source: bytes | None = None
    wait: bool = True
    checks: tuple[Check, ...] = ()

    @property
    def address(self) -> str:
        """The address of the operator."""
        return self.shown.address

    @property
    def told(self) -> ShownStep:
        """What a plan tells of it."""
        return ShownStep(
            id=self.id,
            address=self.address,
            config_id=self.config.id,
            dependencies=self.dependencies,
            trigger_rule=self.trigger_rule,
            retry=self.retry,
            retry_max=self.retry_max,
            timeout=self.timeout,
            calls=self.shown.calls,
            certain=self.shown.certain,
            untold=self.shown.untold,
            has_python=self.shown.has_python,
            is_promised=self.shown.is_promised,
            wait=self.wait,
            root=self.shown.root,
            checks=self.checks,
        )


@dataclass(frozen=True, slots=True)
class PlannedWorkflow:
    """One of the workflows in a plan. ``source`` is the content of the module where a class decides on its steps.

    ``dependencies`` are those of each of its steps, by the ids in its own file. ``is_promised`` says that the author of
    the class promises that it only reads (``read_only: true``).
    """

    address: str
    digest: str
    source: bytes | None = None
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_promised: bool = False

    @property
    def class_name(self) -> str:
        """The name of that class; empty where there is none."""
        if self.source is None:
            return ""
        # Imported here: most workflows have no class, and this brings all that reads Python.
        from mason.resources.module import class_name

        _, namespace, command = self.address.split(".")
        return class_name(namespace, command)


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """A run of a workflow that was checked: its steps, each after its dependencies and else in the order of the file.

    ``workflows`` are the workflow itself (under an empty key) and those in it, by the id of the step that they are.
    ``digests`` are those of all definitions that are used, by address, and ``behaviours`` those of what they do (see
    ``mason.resources.behaviour``). ``left_out`` are the ids of the steps that are
    invalid, or wait for one that is, where the parameters say ``strict: false``; ``warnings`` say why.
    """

    address: str
    config_id: str
    steps: tuple[PlannedStep, ...]
    workflows: Mapping[str, PlannedWorkflow]
    digests: Mapping[str, str]
    schedule: str = ""
    schedule_name: str = ""
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    behaviours: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_read_only(self) -> bool:
        """Whether the run needs no confirmation: no step and no class can change anything, or authors promise so."""
        deciding = (planned for planned in self.workflows.values() if planned.source is not None)
        return all(planned.is_promised for planned in deciding) and all(step.shown.is_read_only for step in self.steps)


def alone(
    operator: Operator, shown: DryRun, config: Config, *, digests: Mapping[str, str], source: bytes | None
) -> WorkflowPlan:
    """The run of one operator as that of a workflow that has one step (``ONLY_STEP``), whose parameters are values.

    ``digests`` are those of the operator, of the operators that it is made of, and of the config, by address.
    """
    step = PlannedStep(
        id=ONLY_STEP,
        operator=operator,
        config=config,
        dependencies=(),
        parameters=shown.parameters,
        waiting=(),
        references=(),
        trigger_rule=TRIGGER_RULES[0],
        retry="",
        retry_max=None,
        timeout=None,
        shown=shown,
        digest=digests[shown.address],
        source=source,
    )
    return WorkflowPlan(shown.address, config.id, (step,), workflows={}, digests=digests)


def resolve(step: PlannedStep, results: Mapping[str, list[Any] | str]) -> dict[str, Any]:
    """The parameters of ``step`` with its references filled in and converted to the types that are declared.

    ``results`` are, by the ids of steps, the ``Data`` of those that succeeded, and how the others ended in one word
    (``failed``, ``skipped``, ``cancelled``). Raises ``ParameterError`` with all that cannot be had or does not fit.
    """
    if not step.waiting:
        return dict(step.parameters)
    values: dict[str, Any] = {}
    faults: list[str] = []
    for reference in step.references:
        try:
            values[reference.text] = look_up(reference, results)
        except Unresolved as error:
            faults.append(f"Step {step.id} needs {reference.text}, but {error}")
    if faults:
        raise ParameterError(Diagnostic("", 0, fault) for fault in faults)
    declared = [parameter for parameter in step.operator.parameters if parameter.name in step.waiting]
    filled = Given({name: fill(step.parameters[name], values) for name in step.waiting})
    try:
        return {**step.parameters, **bind(declared, filled, of=named(step.address))}
    except ParameterError as error:
        raise ParameterError(of_step(step.id, error)) from error


def of_step(step: str, error: ResourceError) -> list[Diagnostic]:
    """The faults of an error, told as those of a step."""
    return [replace(fault, message=f"Step {step}: {fault.message}") for fault in error.diagnostics]


def named(address: str) -> str:
    """``operator table:get``."""
    return f"{kind_of(address)} {title_of(address).partition(' ')[2]}"
