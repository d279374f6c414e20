"""``mason check``: whether what runs published fulfils their checks now."""

from __future__ import annotations

import click

from mason.cli import completion
from mason.cli.invocation import Invocation
from mason.cli.shared import json_option, open_project, output, show, show_json
from mason.project.runs import checking_published

_EPILOG = """\b
Examples:
  mason check                 all runs that were applied and have checks
  mason check late_flights    one of them
  mason check --json          for programs
"""


@click.command(epilog=_EPILOG)
@click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=completion.run_names)
@json_option
@click.pass_obj
def check(invocation: Invocation, runs: tuple[str, ...]) -> int:
    """Look whether the tables that runs published fulfil their checks now; nothing is changed.

    A run looks at its checks before it publishes, so this is for what changed since: another program wrote there, a
    table that others are compared with is another one, or time went by. Exits with 1 where a check fails, or could not
    be looked at.
    """
    from mason.render import JSON_FORMAT, check_results

    opened = open_project(invocation)
    found = checking_published.check_published(opened, runs)
    if invocation.json:
        listed = [check_results.published_json(each) for each in found]
        show_json({"format_version": JSON_FORMAT, "checked": listed})
    else:
        show("\n".join(check_results.published_lines(found, output(invocation))))
    return 0 if all(each.holds for each in found) else 1
