"""``mason apply`` and ``mason destroy``: a plan, a yes, and then exactly that plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from mason import project
from mason.cli import Invocation
from mason.cli.shared import confirm, json_option, open_project, output, progress, show, show_json, tell, yes_option
from mason.errors import CancelledError, DefinitionExistsError, SettingsError, StalePlanError
from mason.planner.plan import Action, Plan
from mason.planner.planfile import is_planfile, read_planfile
from mason.project import Project
from mason.render import plans
from mason.resources.address import title_of

_APPLY_EPILOG = """\b
Examples:
  mason apply                  plan the whole project, ask, apply
  mason apply operators/table  only this folder
  mason apply -y               without asking; overwriting needs -o as well
  mason apply -y -o            without asking, overwriting included
  mason apply release.plan     exactly the plan that was saved and reviewed
"""
_DESTROY_EPILOG = """\b
Examples:
  mason destroy                       everything that the state holds
  mason destroy operator.table.get    one resource, and what uses it
"""
_lock_timeout = click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for somebody else's lock.",
)


@click.command(epilog=_APPLY_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH...|PLANFILE]")
@yes_option
@click.option("-o", "--overwrite", is_flag=True, help="With -y: overwrite definitions that exist.")
@click.option("--prune", is_flag=True, help="Delete what this project applied and its files no longer define.")
@click.option("--target", "targets", multiple=True, metavar="ADDRESS", help="Only this resource and what it uses.")
@click.option("--strict", is_flag=True, help="Read every file again, and store sources anew that are missing.")
@_lock_timeout
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
    lock_timeout: float,
) -> None:
    """Make the state what the files say: plan, ask, do.

    PATHS are YAML files or folders (default: the whole project), or one plan file made with
    `mason plan --out`, which is applied without a question because it was reviewed.
    """
    opened = open_project(invocation)
    if len(paths) == 1 and is_planfile(paths[0]):
        if prune or targets or strict or overwrite:
            raise SettingsError(f"{paths[0]} is a plan file: it is applied as it was reviewed, without other options.")
        made = read_planfile(paths[0])
        _show_plan(invocation, made)
        _carry_out(invocation, opened, made, lock_timeout)
        return

    def plan() -> Plan:
        return project.plan(opened, paths, prune=prune, targets=targets, strict=strict)

    made = plan()
    _show_plan(invocation, made)
    if auto_approve and made.overwrites and not overwrite:
        raise DefinitionExistsError(
            "\n".join(
                f"Definition already exists for {title_of(action.address)} (pass -o to overwrite)"
                for action in made.overwrites
            )
        )
    question = "" if auto_approve else "Apply these changes?"
    _carry_out(invocation, opened, made, lock_timeout, question=question, again=plan)


@click.command(epilog=_DESTROY_EPILOG)
@click.argument("addresses", nargs=-1)
@yes_option
@_lock_timeout
@json_option
@click.pass_obj
def destroy(invocation: Invocation, addresses: tuple[str, ...], auto_approve: bool, lock_timeout: float) -> None:
    """Delete what the state holds: everything, or the given addresses and what uses them.

    Deletes definitions from the state. No file of the project and no data is touched.
    """
    opened = open_project(invocation)
    made = project.plan_destroy(opened, addresses)
    _show_plan(invocation, made)
    _carry_out(invocation, opened, made, lock_timeout, question="" if auto_approve else "Delete these definitions?")


def _show_plan(invocation: Invocation, made: Plan) -> None:
    if invocation.json:
        tell(plans.plan_text(made, progress(invocation)))
    else:
        show(plans.plan_text(made, output(invocation)))


def _carry_out(
    invocation: Invocation,
    opened: Project,
    made: Plan,
    lock_timeout: float,
    *,
    question: str = "",
    again: Callable[[], Plan] | None = None,
) -> None:
    """Ask ``question`` if there is one, apply the plan, and say what was done, however it ends.

    ``again`` plans anew when somebody else has written the state meanwhile: as long as that gives the very actions
    that were shown, their turn is only a later one.
    """
    done: list[Action] = []
    serial = made.serial
    try:
        if question and not made.is_empty:
            confirm(question)
        while not made.is_empty and not done:
            try:
                serial = project.apply(opened, made, lock_timeout=lock_timeout, done=done.append).serial
            except StalePlanError:
                fresh = again() if again else made
                if fresh.serial == made.serial or fresh.actions != made.actions:
                    raise
                made = fresh
        if invocation.json:
            show_json(plans.applied_json(made, done, url=opened.store.url, serial=serial))
        elif done:
            show("\n".join(["", *(plans.done_text(action) for action in done), "", plans.applied_summary(made)]))
    except KeyboardInterrupt:
        now = opened.store.read().serial
        raise CancelledError(
            "Interrupted. Nothing was applied."
            if now == made.serial
            else f"Interrupted, but the state moved on to serial {now} before. See what it holds with: mason plan"
        ) from None
