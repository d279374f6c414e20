"""Runs: the wish that an operator or workflow has been executed. All that there is to say of this kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mason.resources.address import work_address
from mason.resources.executed import (
    ONLY_STEP,
    normalized,
    redirected,
    result_references,
    runs_before,
    times_findings,
    uses,
)
from mason.resources.faults import Finding
from mason.resources.kind import Kind
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.resources.output_checks import Check


@dataclass(frozen=True, slots=True)
class Run:
    """The wish that an operator or workflow has been executed.

    ``work`` is its address. ``inputs`` are paths of the config's storage, compared by ``compare`` (``stat`` or
    ``content``); ``before`` are the names of the runs that it waits for. ``checks`` are those of what it writes, by the
    step of the workflow (an operator is the one step ``ONLY_STEP``).
    """

    name: str
    work: str
    config_id: str
    parameters: Mapping[str, Any]
    inputs: tuple[str, ...]
    compare: str
    before: tuple[str, ...]
    checks: Mapping[str, tuple[Check, ...]] = field(default_factory=dict)

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Run:
        """The typed view of a normalized run definition."""
        return cls(
            name=definition["name"],
            work=work_address(definition),
            config_id=definition["config_id"],
            parameters=definition.get("parameters", {}),
            inputs=tuple(definition.get("inputs", ())),
            compare=definition.get("compare", "stat"),
            before=tuple(runs_before(definition)),
            checks=_checks(definition.get("checks")),
        )


def _findings(definition: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    if definition.get("workflow") is not None and definition.get("operator") is not None:
        found.append(Finding(("operator",), "a run has a workflow or an operator, not both", "remove one of them"))
    elif definition.get("workflow") is None and definition.get("operator") is None:
        found.append(
            Finding((), "missing key 'workflow' or 'operator'", "say what is run, such as workflow: table:export")
        )
    name, before = definition.get("name"), definition.get("depends_on")
    if isinstance(before, list) and name in before:
        found.append(Finding(("depends_on", before.index(name)), f"run {name} depends on itself", "remove it"))
    for parts in dict.fromkeys(result_references(definition.get("parameters"))):
        text = f"{{{{{'.'.join(('runs', *parts))}}}}}"
        if not all(parts):
            remedy = "write {{runs.NAME.KEY}}, such as {{runs.infer.job_id}}"
            found.append(Finding(("parameters",), f"{text} is no reference", remedy))
        elif parts[0] == name:
            found.append(Finding(("parameters",), f"{text}: a run cannot refer to itself", "name another run"))
    found += _of_checks(definition)
    remedy = "a run is done once, when it is applied: write a resource of type: schedule for its times"
    return found + times_findings(definition, remedy)


def _checks(given: Any) -> dict[str, tuple[Check, ...]]:
    """The checks of a run by the step that they are of: a list is of the one step of an operator."""
    if not given:
        return {}
    # Imported here: many runs have no checks.
    from mason.resources.output_checks import of_definition

    by_step = given if isinstance(given, Mapping) else {ONLY_STEP: given}
    return {step: of_definition(listed) for step, listed in by_step.items()}


def _of_checks(definition: Mapping[str, Any]) -> list[Finding]:
    given = definition.get("checks")
    if not given:
        return []
    from mason.resources.check_findings import check_findings

    if isinstance(given, list) and definition.get("workflow") is not None:
        remedy = "write the id of a step, and its checks below it"
        return [Finding(("checks",), "the checks of a workflow need the step that they are of", remedy)]
    if isinstance(given, dict) and definition.get("operator") is not None:
        return [Finding(("checks",), "the checks of an operator are a list", "take the step away: - not_null: [id]")]
    if isinstance(given, dict):
        return [each for step, listed in given.items() for each in check_findings(listed, ("checks", step))]
    return check_findings(given, ("checks",))


RUN = Kind("run", ("name",), _findings, normalized, uses, redirected, effect="done")
