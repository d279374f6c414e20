"""``mason show``: what a saved plan would do, as it was printed when it was made."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from mason import settings
from mason.cli.invocation import Invocation
from mason.cli.shared import full_option, json_option, markdown_option, output, refuse_both, show, show_json, tell
from mason.planner.saved.planfile import read_planfile
from mason.project import remembering
from mason.render import plans

_EPILOG = """\b
Examples:
  mason show release.plan              as mason plan printed it
  mason show release.plan --full       with the text of the Python files that it brings
  mason show release.plan --json       for programs
  mason show release.plan --markdown   as a comment for a pull request
"""


@click.command("show", epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@full_option
@markdown_option
@json_option
@click.pass_obj
def show_plan(invocation: Invocation, file: Path, full: bool, as_markdown: bool) -> None:
    """Show a plan that was saved with `mason plan --out FILE`, and who made it and when.

    Reads the file alone: whether the plan still fits the state shows when it is applied.
    """
    refuse_both(invocation, as_markdown)
    saved = read_planfile(file)
    remembering.remember_secrets(settings.find_project(settings.current_folder()), saved.plan)
    if invocation.json:
        show_json(plans.saved_json(saved, full=full))
    elif as_markdown:
        from mason.render.markdown import plan_markdown

        show(plan_markdown(saved.plan, see=f"mason show {shlex.quote(str(file))}", saved=saved))
    else:
        show(plans.plan_text(saved.plan, output(invocation), full=full))
        tell(plans.saved_text(saved))
