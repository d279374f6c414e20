"""``mason fmt``: the YAML of a project in one layout."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mason import bounds
from mason.cli.invocation import Invocation
from mason.cli.shared import json_option, open_project, show, show_json
from mason.errors import ResourceError

_EPILOG = """\b
Examples:
  mason fmt                   the whole project, with its mason.yaml
  mason fmt --check           for CI and commits: change nothing, exit 1 where something would be changed
  mason fmt --diff operators  show what would be changed below a folder
  mason fmt - <run.yaml       stdin to stdout, for editors
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 where something would be changed.")
@click.option("--diff", is_flag=True, help="As --check, and show the lines.")
@json_option
@click.pass_obj
def fmt(invocation: Invocation, paths: tuple[Path, ...], check: bool, diff: bool) -> None:
    """Put YAML files into one layout: indentation, blanks, empty lines. What they say stays, and so do their comments,
    the order of keys, and quotes.

    A file that cannot be laid out without a change to what it says is left as it is, and named; exit 1 then.
    """
    # Imported here: what lays out YAML is needed by nothing else.
    from mason.project.formatting import format_files, format_text
    from mason.render.formatted import formatted_diff, formatted_json, formatted_text

    if paths == (Path("-"),):
        if check or diff or invocation.json:
            raise click.UsageError("With - for stdin, the result goes to stdout: leave out --check, --diff and --json.")
        # As bytes: nothing of it is made printable.
        click.echo(format_text(bounds.read_stream(sys.stdin.buffer, bounds.PARAMETERS)), nl=False)
        return
    found = format_files(open_project(invocation, uses_state=False), paths, write=not (check or diff))
    if invocation.json:
        show_json(formatted_json(found))
    elif diff and found.changed:
        show(formatted_diff(found))
    else:
        show(formatted_text(found, written=not (check or diff)))
    if found.faults and not invocation.json:
        raise ResourceError(list(found.faults))
    if found.faults or (found.changed and (check or diff)):
        click.get_current_context().exit(1)
