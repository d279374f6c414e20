"""``mason init``: a project to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from mason import scaffold
from mason.cli.shared import show
from mason.settings import current_folder

_EPILOG = """\b
Examples:
  mason init flights && cd flights && mason plan
  mason init                                      in the current folder
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=".")
def init(folder: Path) -> None:
    """Scaffold a project that plans and applies at once.

    Writes mason.yaml, a config for the local client, the standard operators, sample data (real flight
    records) and JSON Schemas for editors. Files that exist are never overwritten; a .gitignore is added to.
    """
    here = current_folder()
    made = scaffold.scaffold(folder)
    show(f"Made {made.files} files in {folder}:")
    for name, purpose in made.contents:
        show(f"  {name:<12} {purpose}")
    if made.ignored:
        show(f"Added to {folder / '.gitignore'}: {', '.join(made.ignored)}")
    show("\nNext:")
    if folder.resolve() != here:
        show(f"  cd {shlex.quote(str(folder))}")
    show("  mason plan      see what would change")
    show("  mason apply     say yes to it")
    show("  mason run operator table get -p database_name:data,table_name:flights")
