"""``mason import``: operators for the tables that a catalog has already, and schedules that a scheduler keeps."""

from __future__ import annotations

import click

from mason.cli.invocation import Invocation
from mason.cli.shared import confirm, json_option, open_project, show, show_json, tell, yes_option
from mason.project import importing
from mason.project.confirming import Confirmation

_EPILOG = """\b
Examples:
  mason import glue club
  mason import glue club -c 1 -y
  mason import hive club
  mason import airflow
"""


@click.command(name="import", epilog=_EPILOG)
@click.argument("client")
@click.argument("database", default="")
@click.option("-c", "--config", "config_id", default="", metavar="ID", help="CLIENT's config (default: the current).")
@yes_option
@json_option
@click.pass_obj
def import_existing(invocation: Invocation, client: str, database: str, config_id: str, auto_approve: bool) -> None:
    """Write an operator for each table of DATABASE in the metastore CLIENT, which registers it as it is now. Without
    DATABASE: write the schedules that the scheduler CLIENT keeps of Mason's and that the state does not know.

    The YAML is shown first; with --json nobody is asked, and nothing is written without -y. Nothing in the catalog is
    changed, now or when the operators are applied: who runs one registers its table.
    """
    if "." in client:
        raise click.UsageError(
            "Name a metastore and a database: mason import glue DATABASE, or a scheduler: mason import airflow. All "
            "else that exists already is declared in YAML like everything, then: mason apply"
        )
    opened = open_project(invocation)
    if database:
        found = importing.import_tables(opened, client, database, config_id=config_id)
        none, kind = f"Database {database} has no table to import.", "operator"
    else:
        found = importing.import_schedules(opened, client, config_id=config_id)
        none, kind = f"Scheduler {client} keeps no schedule of Mason's that the state does not know.", "schedule"
    if invocation.json:
        _print_json(found, write=auto_approve)
        return
    for note in found.notes:
        tell(f"Note: {note}.")
    if not found.documents:
        tell(none)
        return
    show(found.text.rstrip())
    count = f"{len(found.documents)} {kind}{'' if len(found.documents) == 1 else 's'}"
    if not auto_approve:
        confirm(Confirmation(f"Write {count} to {found.file}?"))
    found.write()
    tell(f"Wrote {count} to {found.file}. See what they do: mason plan")


def _print_json(found: importing.Imported, *, write: bool) -> None:
    from mason.render import JSON_FORMAT

    written = write and bool(found.documents)
    if written:
        found.write()
    document = {
        "format_version": JSON_FORMAT,
        "file": str(found.file),
        "documents": [dict(each) for each in found.documents],
        "notes": list(found.notes),
        "written": written,
    }
    show_json(document)
