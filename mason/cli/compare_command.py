"""``mason compare``: the same operator with two configs, and whether it answers the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import click

from mason.cli.before_runs import tell_sql
from mason.cli.ctrl_c import one_step_interrupt
from mason.cli.invocation import Invocation
from mason.cli.shared import (
    confirm_each,
    json_option,
    markdown_option,
    open_project,
    output,
    progress,
    refuse_both,
    show,
    show_json,
    tell,
    variables_option,
    watching,
    yes_option,
)
from mason.project import confirming
from mason.project.comparing import comparison, operators_compared, sides
from mason.project.runs import operators
from mason.render import comparisons, dryruns
from mason.runtime.workers import Control

_EPILOG = """\b
Examples:
  mason compare operator table query -c 1 -c 2 -p database_name:data,table_name:flights \\
      -p 'query_string:"SELECT dest, count(*) AS n FROM $table GROUP BY dest ORDER BY dest"'
  mason compare operator table format -c 1 -c 2 -f parameters.yaml -y --json
"""


@click.group(epilog=_EPILOG)
def compare() -> None:
    """Do the same with two configs, and compare what comes of it. Exit code 0: the same, 2: different, 1: an error."""


@compare.command("operator", epilog=_EPILOG)
@click.argument("namespace")
@click.argument("command")
@click.option("-c", "--config", "config_ids", multiple=True, metavar="ID", help="A config; to be given twice.")
@click.option(
    "-p", "--parameters", "pairs", multiple=True, metavar="KEY:VALUE,...", help="Parameters, as of mason run."
)
@click.option(
    "-f", "--file", type=click.Path(path_type=Path), metavar="FILE", help="Parameters: a YAML or JSON mapping."
)
@variables_option
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Compare N rows, the same ones of both answers.")
@click.option(
    "--most",
    type=click.IntRange(1),
    default=comparison.MOST_ROWS,
    show_default=True,
    metavar="N",
    help="How many rows of each answer are compared at most, where the parameters give no limit.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1, max_open=True),
    default=comparison.TOLERANCE,
    show_default=True,
    help="How far floats may lie apart and be the same, as a part of the larger one.",
)
@click.option("--keep", is_flag=True, help="Keep what was written for the comparison.")
@yes_option
@json_option
@markdown_option
@click.pass_obj
def compare_operator(
    invocation: Invocation,
    namespace: str,
    command: str,
    config_ids: tuple[str, ...],
    pairs: tuple[str, ...],
    file: Path | None,
    sample: int | None,
    most: int,
    tolerance: float,
    keep: bool,
    auto_approve: bool,
    as_markdown: bool,
) -> int:
    """Run an operator that was applied with two configs, and compare columns, types and rows of the answers.

    Rows are compared in their order where the query orders them, else as multisets. An operator that only reads runs
    at once. One that writes is asked for, and writes to a folder of its own with each config, beside the place that the
    parameters give; what is there then is compared, and deleted again.
    """
    refuse_both(invocation, as_markdown)
    if len(config_ids) != 2:
        raise click.UsageError("Name two configs: -c 1 -c 2")
    given = operators.read_parameters(file, pairs)
    opened = open_project(invocation)
    asked = comparison.Asked(most, tolerance, sample)
    first, second = config_ids
    prepared = operators_compared.prepare(opened, (namespace, command), given, (first, second), asked)
    # What only reads is done here, where Ctrl-C ends it without further ado.
    asking = sides.Asking(lambda: invocation.session.own(Control), partial(_calling, invocation))
    with closing(prepared):
        for side in prepared.both:
            tell(dryruns.dry_run_text(side.prepared.shown, progress(invocation)))
            tell_sql(invocation, opened, side.prepared.run.plan, side.prepared.clients)
        if not all(side.prepared.shown.is_read_only for side in prepared.both):
            tell(f"What they write is {'kept' if keep else 'deleted once it was compared'}.")
            changing = next(side for side in prepared.both if not side.prepared.shown.is_read_only)
            confirm_each(confirming.of_run(changing.prepared.run, approved=auto_approve))
        with watching(invocation):
            found = operators_compared.compare(opened, prepared, asking=asking, tell=tell, keep=keep)
    if invocation.json:
        show_json(comparisons.comparison_json(found))
    elif as_markdown:
        show(comparisons.comparison_markdown(found))
    else:
        show(comparisons.comparison_text(found, output(invocation)))
    return 0 if found.same else 2


@contextmanager
def _calling(invocation: Invocation, control: Control) -> Iterator[None]:
    """Within it, Ctrl-C ends a run that is done in threads of its own."""
    try:
        with one_step_interrupt(control):
            yield
    finally:
        invocation.left_behind = invocation.left_behind or control.lost > 0
