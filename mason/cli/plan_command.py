"""``mason plan``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from mason.cli import completion
from mason.cli.invocation import Invocation
from mason.cli.shared import (
    addresses_among,
    full_option,
    json_option,
    markdown_option,
    open_project,
    output,
    refresh_option,
    refuse_both,
    replace_option,
    show,
    show_json,
    shown,
    tell,
    tell_of_old_home,
    variables_option,
)
from mason.project import planning
from mason.settings import Refresh

_EPILOG = """\b
Examples:
  mason plan                               the whole project
  mason plan operators/table               one folder
  mason plan --target operator.table.get   one resource and what it uses
  mason plan --replace run.daily_export    do a run again
  mason plan --destroy --out all.plan      what mason destroy would do
  mason plan --prune                       also delete what the files no longer define
  mason plan --out release.plan            save it for: mason apply release.plan
  mason plan --markdown                    as a comment for a pull request
  mason plan --detailed-exitcode           exit 2 when there are changes, for CI
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan to FILE.", metavar="FILE")
@click.option("--destroy", is_flag=True, help="Plan what mason destroy would do, of everything or of the --targets.")
@replace_option
@click.option("--prune", is_flag=True, help="Delete what this project applied and its files no longer define.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="ADDRESS",
    help="Only this resource and what it uses.",
    shell_complete=completion.addresses,
)
@click.option("--strict", is_flag=True, help="Read every file again instead of trusting sizes and times.")
@refresh_option("Ask all engines what changed there since it was applied, or none; else those of this machine.")
@click.option("--take-over", multiple=True, metavar="PROJECT", help="Plan to own what this other project applied.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 0 without changes, 2 with changes, 1 on errors.")
@variables_option
@full_option
@markdown_option
@json_option
@click.pass_obj
def plan(
    invocation: Invocation,
    paths: tuple[Path, ...],
    out: Path | None,
    destroy: bool,
    again: tuple[str, ...],
    prune: bool,
    targets: tuple[str, ...],
    strict: bool,
    refresh: Refresh | None,
    take_over: tuple[str, ...],
    detailed_exitcode: bool,
    full: bool,
    as_markdown: bool,
) -> int:
    """Show what apply would do; nothing is changed. Engines are only asked about the inputs of runs, and about what was
    applied: all with --refresh, else those that keep it in files of this machine (or as refresh in mason.yaml says).

    PATHS are YAML files or folders, or addresses, which are targets; without them it is the whole project: the nearest
    folder upward that holds mason.yaml, else the current one.
    """
    refuse_both(invocation, as_markdown)
    opened = open_project(invocation)
    paths, targets = addresses_among(paths, targets)
    file = planning.state_file(opened) if invocation.before is not None else ""
    before = invocation.before.at(file) if invocation.before is not None and file else None
    reliance = planning.Reliance()
    if destroy:
        if paths or prune or strict or refresh or again:
            raise click.UsageError("--destroy is about the state: it takes addresses (--target), and no paths.")
        made = planning.plan_destroy(opened, targets)
    else:
        made = planning.plan(
            opened,
            paths,
            prune=prune,
            targets=targets,
            strict=strict,
            take_over=take_over,
            refresh=refresh,
            again=again,
            reliance=reliance,
        )
    if not made.resources and not destroy:
        tell_of_old_home()
    from mason.render import plans

    if out is not None:
        from mason.planner.saved.planfile import write_planfile

        write_planfile(made, out)
    if invocation.json:
        show_json(plans.plan_json(made, url=opened.store.url, full=full))
    elif as_markdown:
        from mason.render.markdown import plan_markdown

        show(plan_markdown(made, see="mason plan" if out is None else f"mason show {shlex.quote(str(out))}"))
    else:
        text = plans.plan_text(made, output(invocation), full=full)
        show(text)
        says_nothing = made.is_empty and made.resources and not made.warnings
        # What is scrubbed depends on the whole environment.
        if before is not None and reliance.files_alone and says_nothing and shown(text) == text:
            before.keep(f"{text}\n")
    if out is not None:
        tell(f"Saved the plan. Apply exactly this with: mason {invocation.where()}apply {shlex.quote(str(out))}")
    return 2 if detailed_exitcode and not made.is_empty else 0
