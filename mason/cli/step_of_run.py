"""``mason run operator --within``: an operator that is a step of a run whose steps a scheduler does one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mason.cli.invocation import Invocation
from mason.cli.shared import open_project
from mason.errors import MasonError
from mason.project.opened import Project
from mason.project.runs import run_parts
from mason.project.runs.operators import PreparedOperator

LASTING = 3
"""The exit code of a step that another attempt would not mend: its parameters or its config are wrong."""


def prepare_step(
    invocation: Invocation,
    within: str,
    names: tuple[str, str],
    prepare: Callable[[], tuple[Project, PreparedOperator]],
) -> tuple[Project, PreparedOperator]:
    """The run of an operator that ``prepare`` prepares, as a part of the run that ``within`` tells. Raises as that."""
    part = run_parts.read_part(within)
    try:
        with run_parts.preparing(open_project(invocation), part, names):
            opened, prepared = prepare()
    except MasonError as error:
        error.exit_code = exit_code_of(error)
        raise
    run = replace(prepared.run, part=part, occasion=part.occasion, new_id=part.record_id)
    return opened, replace(prepared, run=run)


def exit_code_of(failure: MasonError) -> int:
    """The exit code of a step that failed so: a scheduler tries it again unless that is in vain."""
    from mason.runtime.retryable import is_retryable

    return failure.exit_code if is_retryable(failure) else LASTING
