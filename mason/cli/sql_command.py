"""``mason sql``: a query as another engine reads it, with what had to be written otherwise and why."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mason.cli.invocation import Invocation
from mason.cli.shared import json_option, open_project, show, show_json, tell
from mason.errors import TranslationError
from mason.project import translating

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\b
Examples:
  mason sql 'SELECT 7 // 2' --to spark
  mason sql 'SELECT * FROM t LIMIT 5' --to postgres --table 't=id INTEGER, name VARCHAR'
  mason sql 'SELECT count(*) FROM flights' --to spark -c 1 -d data
  mason sql 'SELECT size(split(a, ",")) AS n FROM t' --from spark --to duckdb --table 't=a VARCHAR'
  mason sql - --to spark -d data <query.sql
"""


@click.command(epilog=_EPILOG)
@click.argument("text")
@click.option("--to", "target", type=click.Choice(translating.targets()), required=True, help="The wanted dialect.")
@click.option(
    "--from",
    "written",
    type=click.Choice(translating.sources()),
    default=translating.sources()[0],
    show_default=True,
    help="The dialect that TEXT is written in.",
)
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME=COLUMNS",
    help="The columns of a table, with their DuckDB types: 't=id INTEGER, name VARCHAR'. May be given several times.",
)
@click.option(
    "-c",
    "--config",
    "config_id",
    default="",
    metavar="ID",
    help="The config whose metastore is asked for the columns of other tables (default: the current).",
)
@click.option("-d", "--database", default="", metavar="NAME", help="The database of tables that are named without one.")
@json_option
@click.pass_obj
def sql(
    invocation: Invocation, text: str, target: str, written: str, tables: Sequence[str], config_id: str, database: str
) -> None:
    """Translate a query, so that it answers the same on another engine; nothing is run.

    TEXT is a query, in DuckDB's SQL unless --from says another dialect, or - for the one on stdin. What was written
    otherwise, and why, is told on stderr. What is not known to answer the same is refused, with its place and with what
    to write instead.
    """
    query = sys.stdin.read() if text == "-" else text
    known = dict(map(_table, tables))
    missing = [
        name for name in translating.tables_of(query, written) if name.lower() not in {each.lower() for each in known}
    ]
    if missing:
        opened = open_project(invocation)
        known |= translating.columns_kept(opened, missing, config_id=config_id, database=database)
    found = translating.translate(query, known, written=written, to=target)
    if invocation.json:
        from mason.render import JSON_FORMAT

        show_json({"format_version": JSON_FORMAT, "from": written, "to": target, **found.to_dict()})
        return
    show(found.text)
    for each in found.rewrites:
        tell(f"Line {each.line}, column {each.column}: {each.what} is written otherwise: {each.why}.")
    for each in found.notes:
        tell(f"Line {each.line}, column {each.column}: note that {each.why}.")


def _table(given: str) -> tuple[str, dict[str, str]]:
    name, separator, columns = given.partition("=")
    if not (separator and name.strip()):
        raise TranslationError(f"--table {given!r} names no table", "Write --table 't=id INTEGER, name VARCHAR'.")
    return name.strip(), translating.columns_written(columns)
