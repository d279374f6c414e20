"""The checks of a step, those of its workflow and those of the run, and whether they can be looked at where it runs.

A check holds for the one output of its step. What has none, or several, and what a client publishes before it could be
looked at, is refused while nothing is done yet. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mason.dryrun.calls import Call
from mason.dryrun.dryrun import DryRun
from mason.engines import verbs_asked_of
from mason.engines.engine import ANY
from mason.errors import Diagnostic
from mason.resources.config import Config
from mason.resources.dag import step_remedy
from mason.resources.output_checks import Check, with_others
from mason.resources.workflow_file import CHECKS, WorkflowGiven

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog
    from mason.dryrun.expansion import Flat, FlatStep

OUTPUT = "output"
"""The argument of verbs that says where a table is written."""


def stepless(given: WorkflowGiven, flat: Flat) -> Iterator[Diagnostic]:
    """What is wrong with checks of a run that are of no step."""
    ids = [step.id for step in flat.steps] if given.checks else []
    for step in given.checks:
        if step not in ids:
            yield Diagnostic(*given.place((CHECKS, step)), f"Unknown step: {step}", step_remedy(step, ids))


def checks_of(
    flat: FlatStep, given: WorkflowGiven, shown: DryRun, config: Config, catalog: ClientCatalog
) -> tuple[tuple[Check, ...], list[Diagnostic]]:
    """The checks of a step, and what is wrong with having some there. ``shown`` is its dry run."""
    own, of_run = flat.step.checks, given.checks.get(flat.id, ())
    checks = with_others(own, of_run)
    if not checks:
        return (), []
    # What is wrong with all of them is told once.
    place = given.place((CHECKS, flat.id, len(of_run) - 1)) if of_run else ("", 0)
    return checks, [Diagnostic(*place, *wrong) for wrong in _faults(flat, shown, config, catalog)]


def _faults(flat: FlatStep, shown: DryRun, config: Config, catalog: ClientCatalog) -> Iterator[tuple[str, str]]:
    writing = [call for call in shown.calls if writes_table(call)]
    if not writing and shown.certain:
        yield "there is nothing to check: it writes no table", "give it an output, or take its checks away"
    elif len(writing) > 1 and not shown.has_python:
        verbs = ", ".join(f"{call.engine}.{call.verb}" for call in writing)
        yield f"its checks could be of several outputs ({verbs})", "write each output in a step of its own"
    for client in dict.fromkeys(call.client for call in writing):
        if not catalog.capabilities(config.type_of(client))["execution"].checks:
            told = f"client {client} publishes what it writes before it could be checked"
            yield told, "take the checks away, or run the step with another client"
    if not flat.wait or any(not call.wait for call in writing):
        yield "it does not wait for its job, so nobody would hear of its checks", "remove wait: false"


def writes_table(call: Call) -> bool:
    """Whether a sentence writes a table to an output, which can be checked."""
    if call.engine == ANY or call.read_only:
        return False
    return OUTPUT in verbs_asked_of(call.engine)[call.verb].writes
