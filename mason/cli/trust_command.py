"""``mason trust``: which folders of other users of this machine may be used."""

from __future__ import annotations

from pathlib import Path

import click

from mason import home
from mason.cli.shared import show

_EPILOG = """\b
Examples:
  mason trust /srv/flights   use the project there, and its .env, although another user owns it
  mason trust                list what is trusted
"""


@click.command(epilog=_EPILOG)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
def trust(folders: tuple[Path, ...]) -> None:
    """Use settings, .env files and states in FOLDERS, and in folders below them, though another user of this machine
    owns them or can write there. Without FOLDERS, list those that are trusted.

    They decide which code runs as you, and where your secrets go. It is kept in MASON_HOME, for you alone.
    """
    if folders:
        home.trust(folders)
    else:
        show("\n".join(home.trusted()) or "Nothing is trusted but what is yours.")
