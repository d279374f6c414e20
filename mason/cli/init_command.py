"""``mason init``: a project to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from mason import scaffold
from mason.cli.invocation import Invocation
from mason.cli.shared import show
from mason.project.state import keeping
from mason.settings import current_folder
from mason.state.snapshot import Snapshot

_EPILOG = """\b
Examples:
  mason init flights && cd flights && mason plan
  mason init                                      in the current folder
  mason init flights --state s3://bucket/flights  with a state that a team shares
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--state", metavar="URL", help="Where to keep the state, such as s3://bucket/prefix.")
@click.pass_obj
def init(invocation: Invocation, folder: Path, state: str | None) -> None:
    """Scaffold a project that plans and applies at once.

    Writes mason.yaml, a config for the local client, the standard operators, sample data (real flight
    records) and JSON Schemas for editors. Files that exist are never overwritten; a .gitignore is added to.
    The state is kept in the folder, or at the URL of --state when it can be written there.
    """
    here = current_folder()
    url = state or invocation.state or ""
    # Before anything is written: a project that cannot be applied is of no use.
    there = keeping.check_place(url) if url else Snapshot()
    made = scaffold.scaffold(folder, state=url)
    show(f"Made {made.files} files in {folder}:")
    for name, purpose in made.contents:
        show(f"  {name:<12} {purpose}")
    if made.ignored:
        show(f"Added to {folder / '.gitignore'}: {', '.join(made.ignored)}")
    if there.serial:
        show(f"The state at {url} holds {len(there.resources)} resources already (serial {there.serial}).")
    show("\nNext:")
    if folder.resolve() != here:
        show(f"  cd {shlex.quote(str(folder))}")
    show("  mason plan      see what would change")
    show("  mason apply     say yes to it")
    show("  mason run operator table get -p database_name:data,table_name:flights")
