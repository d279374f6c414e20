"""``mason apply`` and ``mason destroy``: a plan, a yes, and then exactly that plan."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from mason.cli import completion
from mason.cli.invocation import Invocation
from mason.cli.shared import (
    Heard,
    addresses_among,
    confirm,
    json_option,
    lock_timeout_option,
    open_project,
    output,
    parallelism_option,
    progress,
    refresh_option,
    replace_option,
    show,
    show_json,
    tell,
    variables_option,
    yes_option,
)
from mason.errors import CancelledError, SettingsError
from mason.planner.plan import Plan
from mason.planner.saved.planfile import is_planfile
from mason.project import applying, confirming, planning
from mason.project.applying import CarriedOut
from mason.project.confirming import Confirmation
from mason.project.opened import Project
from mason.render import plans
from mason.resources.address import title_of
from mason.settings import Refresh

_take_over = click.option(
    "--take-over",
    multiple=True,
    metavar="PROJECT",
    help="Overwrite or delete what this other project applied; may be repeated.",
)
_APPLY_EPILOG = """\b
Examples:
  mason apply                  plan the whole project, ask, apply
  mason apply operators/table  only this folder
  mason apply -y               without asking; overwriting needs -o as well
  mason apply -y -o            without asking, overwriting included
  mason apply --replace run.daily_export   do a run again, though nothing changed
  mason apply release.plan     exactly the plan that was saved and reviewed
"""
_DESTROY_EPILOG = """\b
Examples:
  mason destroy                       everything that the state holds
  mason destroy operator.table.get    one resource, and what uses it
"""


@click.command(epilog=_APPLY_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, readable=False), metavar="[PATH...|PLANFILE]")
@yes_option
@click.option("-o", "--overwrite", is_flag=True, help="With -y: overwrite definitions that exist.")
@click.option("--prune", is_flag=True, help="Delete what this project applied and its files no longer define.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="ADDRESS",
    help="Only this resource and what it uses.",
    shell_complete=completion.addresses,
)
@click.option("--strict", is_flag=True, help="Read every file again, and store sources anew that are missing.")
@refresh_option("Put right what changed in all engines since it was applied, or none; else those of this machine.")
@replace_option
@lock_timeout_option
@parallelism_option
@variables_option
@_take_over
@json_option
@click.pass_obj
def apply(
    invocation: Invocation,
    paths: tuple[Path, ...],
    auto_approve: bool,
    overwrite: bool,
    prune: bool,
    targets: tuple[str, ...],
    strict: bool,
    refresh: Refresh | None,
    again: tuple[str, ...],
    lock_timeout: float,
    parallelism: int | None,
    take_over: tuple[str, ...],
) -> int:
    """Make the state what the files say, put schedules and do runs: plan, ask, do.

    PATHS are YAML files or folders (default: the whole project), addresses, which are targets, or one plan file made
    with `mason plan --out`, which is applied without a question because it was reviewed.
    """
    opened = open_project(invocation)
    paths, targets = addresses_among(paths, targets)
    saved = next(filter(is_planfile, paths), None)
    if saved is not None:
        if len(paths) > 1:
            raise SettingsError(f"{saved} is no YAML. If it is a plan file, apply it alone: mason apply {saved}")
        if prune or targets or strict or overwrite or refresh or again or invocation.variables:
            raise SettingsError(
                f"{saved} is a plan file: it is applied as it was reviewed, with the variables that it was made with, "
                "and without other options."
            )
        made = applying.read_saved(opened, saved)
        _show_plan(invocation, made)
        # It was reviewed, what it overwrites included.
        asked = confirming.of_plan(made, "", approved=True, overwrite=True, take_over=take_over)
        return _carry_out(invocation, opened, made, asked, lock_timeout, parallelism=parallelism)

    def plan() -> Plan:
        return planning.plan(
            opened,
            paths,
            prune=prune,
            targets=targets,
            strict=strict,
            take_over=take_over,
            refresh=refresh,
            again=again,
        )

    made = plan()
    _show_plan(invocation, made)
    asked = confirming.of_plan(
        made, "Apply these changes?", approved=auto_approve, overwrite=overwrite, take_over=take_over
    )
    return _carry_out(invocation, opened, made, asked, lock_timeout, again=plan, parallelism=parallelism)


@click.command(epilog=_DESTROY_EPILOG)
@click.argument("addresses", nargs=-1, shell_complete=completion.addresses)
@yes_option
@lock_timeout_option
@_take_over
@json_option
@click.pass_obj
def destroy(
    invocation: Invocation,
    addresses: tuple[str, ...],
    auto_approve: bool,
    lock_timeout: float,
    take_over: tuple[str, ...],
) -> int:
    """Delete what the state holds: everything, or the given addresses and what uses them.

    Deletes definitions from the state, and schedules from their schedulers. No file of the project and no data is
    touched.
    """
    opened = open_project(invocation)
    made = planning.plan_destroy(opened, addresses)
    _show_plan(invocation, made)
    asked = confirming.of_plan(
        made, "Delete these definitions?", approved=auto_approve, overwrite=True, take_over=take_over
    )
    return _carry_out(invocation, opened, made, asked, lock_timeout)


def _show_plan(invocation: Invocation, made: Plan) -> None:
    if invocation.json:
        tell(plans.plan_text(made, progress(invocation)))
    else:
        show(plans.plan_text(made, output(invocation)))


def _carry_out(
    invocation: Invocation,
    opened: Project,
    made: Plan,
    asked: Sequence[Confirmation],
    lock_timeout: float,
    *,
    again: Callable[[], Plan] | None = None,
    parallelism: int | None = None,
) -> int:
    """Ask, apply the plan, and say what was done, however it ends. Returns the exit code.

    Where engines are called, runs are told as they go and Ctrl-C lets what runs finish first.
    """
    with applying.interruptions_told(opened, made):
        carry_out = partial(
            applying.carry_out,
            opened,
            made,
            lock_timeout=lock_timeout,
            confirmations=asked,
            confirm=confirm,
            again=again,
        )
        done = _watched(invocation, carry_out, parallelism) if made.touches_engines else carry_out()
        try:
            _show_applied(invocation, opened, done)
        finally:
            if done.kept is not None:
                # Last, because it is what has to be looked after first.
                tell(plans.unsaved_text(done.applied.unsaved_because, done.kept, options=invocation.where()))
    if done.applied.is_interrupted:
        return CancelledError.exit_code
    return 0 if done.is_complete else 1


def _watched(invocation: Invocation, carry_out: Callable[..., CarriedOut], parallelism: int | None) -> CarriedOut:
    # Imported here: definitions are applied without.
    from mason.cli.ctrl_c import two_step_interrupt
    from mason.render import run_history
    from mason.runtime.workers import Control

    control = invocation.session.own(Control)
    terminal = progress(invocation)
    heard = Heard()

    def told(address: str, event: Mapping[str, Any]) -> None:
        with heard:
            if not invocation.json and (line := run_history.event_line(event, terminal)):
                tell(f"{title_of(address)}: {line}")

    done = carry_out(
        tell=told,
        parallelism=parallelism or os.cpu_count() or 1,
        control=control,
        calling=lambda: two_step_interrupt(control),
    )
    invocation.left_behind = control.lost > 0
    return done


def _show_applied(invocation: Invocation, opened: Project, done: CarriedOut) -> None:
    made, applied = done.plan, done.applied
    if invocation.json:
        show_json(plans.applied_json(applied, url=opened.store.url, kept=done.kept))
    elif not made.is_empty:
        told = [plans.done_text(action) for action in applied.done]
        told += [plans.spared_text(action) for action in applied.spared]
        show("\n".join(["", *told, "", plans.applied_summary(applied)]))
    for failure in applied.failures:
        tell(f"Error: {plans.failure_text(failure)}")
    if applied.halted_because and applied.not_begun:
        tell(f"Error: The state could not be written for a while, so nothing more was begun. {applied.halted_because}")
