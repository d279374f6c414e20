"""``mason validate`` and ``mason run``: the dry run of an operator, and the run itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mason import project
from mason.cli import Invocation
from mason.cli.shared import confirm, json_option, open_project, output, progress, show, show_json, tell, watching
from mason.project import Prepared, Project
from mason.render import answers, dryruns, results
from mason.secrets import scrub_all

_VALIDATE_EPILOG = """\b
Examples:
  mason validate operator table get -p database_name:data,table_name:flights
  mason validate operator table get -f parameters.yaml -c 3
"""
_RUN_EPILOG = """\b
Examples:
  mason run operator table get -p database_name:data,table_name:flights
  mason run operator table query -p database_name:data -p table_name:flights \\
      -p 'query_string:"SELECT count(*) FROM $table"'
  mason run operator table infer -f parameters.yaml -c 3 -y
"""
Function = TypeVar("Function", bound=Callable[..., Any])


def _run_options(function: Function) -> Function:
    for option in (
        click.option(
            "-c", "--config", "config_id", default="", metavar="ID", help="The config (default: the current)."
        ),
        click.option(
            "-f",
            "--file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Parameters: a YAML or JSON mapping; -p wins over it.",
        ),
        click.option(
            "-p",
            "--parameters",
            "pairs",
            multiple=True,
            metavar="KEY:VALUE,...",
            help="Parameters; may be repeated. Quote values that hold commas followed by key-like text.",
        ),
        click.argument("command"),
        click.argument("namespace"),
    ):
        function = option(function)
    return function


@click.group(epilog=_VALIDATE_EPILOG)
def validate() -> None:
    """Check the parameters and the config of a run, and show its dry run. Nothing is called."""


@click.group(epilog=_RUN_EPILOG)
def run() -> None:
    """Run what was applied: dry run first, then a question (unless nothing can change), then execution."""


@validate.command("operator", epilog=_VALIDATE_EPILOG)
@_run_options
@json_option
@click.pass_obj
def validate_operator(
    invocation: Invocation, namespace: str, command: str, pairs: tuple[str, ...], file: Path | None, config_id: str
) -> None:
    """Check parameters and config for an operator, then show the finished sentences."""
    _, prepared = _prepare(invocation, namespace, command, pairs, file, config_id)
    if invocation.json:
        show_json(dryruns.dry_run_json(prepared.shown))
    else:
        show(dryruns.dry_run_text(prepared.shown, output(invocation)))
        show(f"\nValid: operator {namespace}:{command} can run with config {prepared.config.id}.")


@run.command("operator", epilog=_RUN_EPILOG)
@_run_options
@click.option("-y", "--auto-approve", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def run_operator(
    invocation: Invocation,
    namespace: str,
    command: str,
    pairs: tuple[str, ...],
    file: Path | None,
    config_id: str,
    auto_approve: bool,
) -> int:
    """Run an operator that was applied.

    Only when every sentence of the dry run is read-only is nobody asked. Rows and tables are printed as tables, and all
    else as JSON with the keys Errors, Warnings, Info and Data, empty ones left out; --json prints that for everything.
    """
    opened, prepared = _prepare(invocation, namespace, command, pairs, file, config_id)
    tell(dryruns.dry_run_text(prepared.shown, progress(invocation)))
    if (told := project.outlook(prepared)) is not None:
        tell(f"\n{results.rows_text(told, progress(invocation))}")
    if not prepared.shown.is_read_only and not auto_approve:
        confirm("Do this?")
    with watching(invocation):
        answer = project.execute(opened, prepared)
    if invocation.json:
        show_json(answer.to_dict())
    elif (text := results.result_text(answer, output(invocation))) is not None:
        show(text)
        # The sentence on rows that were cut is the table's last line.
        for line in answer.info:
            if line != answer.cut:
                tell(f"Info: {line}")
        for line in answer.warnings:
            tell(f"Warning: {line}")
    else:
        show(answers.answer_text(scrub_all(answer.to_dict())))
    if answer.failure is not None:
        if invocation.debug:
            import traceback

            tell("".join(traceback.format_exception(answer.failure)))
        for line in answer.errors:
            tell(f"Error: {line}")
        return answer.failure.exit_code
    return 0


def _prepare(
    invocation: Invocation, namespace: str, command: str, pairs: tuple[str, ...], file: Path | None, config_id: str
) -> tuple[Project, Prepared]:
    given = project.read_parameters(file, pairs)
    opened = open_project(invocation)
    return opened, project.prepare_operator(opened, (namespace, command), given, config_id=config_id)
