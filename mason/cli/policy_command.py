"""``mason policy``: the least IAM policy for what was applied."""

from __future__ import annotations

import click

from mason.cli.invocation import Invocation
from mason.cli.shared import json_option, open_project, show_json, tell
from mason.project import policies

_EPILOG = """\b
Examples:
  mason policy config 1
  mason policy operator table get -p database_name:club,table_name:people
  mason policy workflow table infer
  mason policy run nightly >policy.json
"""


@click.command(epilog=_EPILOG)
@click.argument("kind", type=click.Choice(policies.KINDS))
@click.argument("names", nargs=-1)
@click.option("-c", "--config", "config_id", default="", metavar="ID", help="For which config (default: the current).")
@click.option(
    "-p",
    "--parameters",
    "pairs",
    multiple=True,
    metavar="PAIRS",
    help="Parameters of an operator, as key:value,key:value; those that are not given may be anything.",
)
@json_option
@click.pass_obj
def policy(invocation: Invocation, kind: str, names: tuple[str, ...], config_id: str, pairs: tuple[str, ...]) -> None:
    """Print the least policy that lets AWS allow what an operator, workflow, run or config asks of it.

    It is JSON as it stands; with --json the document also says what the policy does not hold. Per bucket, database and
    table, as far as these are known. The account stands as * in it. Nothing is asked of AWS.
    """
    from mason.resources.parameters import parse_pairs

    wanted = {"operator": 2, "workflow": 2, "run": 1}.get(kind, 0)
    if len(names) < wanted or len(names) > max(wanted, 1):
        raise click.UsageError(
            "Name it: mason policy operator NAMESPACE COMMAND, workflow NAMESPACE COMMAND, run NAME or config [ID]."
        )
    found = policies.policy_of(
        open_project(invocation), kind, names, dict(parse_pairs(pairs).values), config_id=config_id
    )
    if invocation.json:
        from mason.render import JSON_FORMAT

        show_json({"format_version": JSON_FORMAT, "policy": found.to_dict(), "notes": list(found.notes)})
        return
    show_json(found.to_dict())
    for note in found.notes:
        tell(f"Note: {note}.")
    if not found.statements:
        tell("Nothing of it asks AWS for anything.")
