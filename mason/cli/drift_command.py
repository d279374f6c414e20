"""``mason drift``: what engines and the store hold otherwise than the state says."""

from __future__ import annotations

import click

from mason.cli.invocation import Invocation
from mason.cli.shared import json_option, open_project, output, show, show_json
from mason.project import drifting

_EPILOG = """\b
Examples:
  mason drift             what changed outside of Mason
  mason drift --json      for programs
  mason plan --refresh    what apply would do about it
"""


@click.command(epilog=_EPILOG)
@json_option
@click.pass_obj
def drift(invocation: Invocation) -> int:
    """Compare what was applied with what engines and the store hold; nothing is changed.

    Looked at are schedules, the tables that runs registered or deleted, and the stored Python files. Exits with 0 where
    all is as it was left, with 2 where something is not, and with 1 where nobody could look.
    """
    opened = open_project(invocation)
    snapshot = opened.store.read()
    found = drifting.find_drift(opened, snapshot)
    from mason.render import JSON_FORMAT, plans

    if invocation.json:
        state = {"url": opened.store.url, "lineage": snapshot.lineage, "serial": snapshot.serial}
        listed = [plans.drift_json(each) for each in found]
        show_json({"format_version": JSON_FORMAT, "state": state, "drift": listed})
    elif found:
        show("\n".join(plans.drift_lines(found, output(invocation))).rstrip("\n"))
    else:
        show("No drift.")
    if any(each.kind == "unknown" for each in found):
        return 1
    return 2 if found else 0
