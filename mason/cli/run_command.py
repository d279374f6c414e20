"""``mason validate`` and ``mason run``: the dry run of an operator, and the run itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mason.cli import completion
from mason.cli.before_runs import tell_costs, tell_differing, tell_outputs, tell_sql
from mason.cli.ctrl_c import one_step_interrupt
from mason.cli.invocation import Invocation
from mason.cli.shared import (
    confirm_each,
    json_lines_option,
    json_option,
    legacy_option,
    open_project,
    output,
    parallelism_option,
    progress,
    show,
    show_json,
    tell,
    variables_option,
    watching,
    yes_option,
)
from mason.errors import MasonError
from mason.project import confirming
from mason.project.opened import Project
from mason.project.runs import operators
from mason.project.runs.costs import Estimates
from mason.project.runs.operators import PreparedOperator
from mason.render import answers, dryruns
from mason.render import results as answered
from mason.render.terminal import Terminal
from mason.secrets import scrub_all

# What workflows take is imported where it is used: a run of an operator starts faster without.
if TYPE_CHECKING:
    from mason.project.schedules.triggering import Putting
    from mason.runtime.prepared_run import PreparedRun

_VALIDATE_OPERATOR = """\b
Examples:
  mason validate operator table get -p database_name:data,table_name:flights
  mason validate operator table get -f parameters.yaml -c 3
"""
_VALIDATE_WORKFLOW = "  mason validate workflow table validated_infer -f steps.yaml\n"
_VALIDATE_PROJECT = "  mason validate                    the whole project, for CI and commit hooks\n"
_RUN_OPERATOR = """\b
Examples:
  mason run operator table get -p database_name:data,table_name:flights
  mason run operator table query -p database_name:data -p table_name:flights \\
      -p 'query_string:"SELECT count(*) FROM $table"'
  mason run operator table infer -f parameters.yaml -c 3 -y
"""
_RUN_WORKFLOW = "  mason run workflow table validated_infer -f steps.yaml\n"
_ONE_PARAMETER = "  mason {} workflow table validated_infer -f steps.yaml -p step_1.table_name:planes\n"
Function = TypeVar("Function", bound=Callable[..., Any])


def run_options(config_help: str) -> Callable[[Function], Function]:
    """``-p``, ``-f`` and ``-c``, as every command takes them that prepares a run."""
    options = (
        click.option(
            "-c",
            "--config",
            "config_id",
            default="",
            metavar="ID",
            help=config_help,
            shell_complete=completion.config_ids,
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
            help="Parameters; may be repeated. Quote values that hold commas followed by key-like text. "
            "Or a JSON mapping, whose values keep their types.",
            shell_complete=completion.parameters,
        ),
    )

    def with_options(function: Function) -> Function:
        function = variables_option(function)
        for option in options:
            function = option(function)
        return function

    return with_options


def _run_options(function: Function) -> Function:
    with_options = run_options("The config (default: the current).")
    command = click.argument("command", shell_complete=completion.commands)(with_options(function))
    return click.argument("namespace", shell_complete=completion.namespaces)(command)


class _Work(click.Group):
    """A group for operators and workflows: which of them is meant need not be said where only one has that name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            invocation, verb = ctx.find_object(Invocation), str(ctx.info_name)
            args = _completed(ctx, args) if invocation is None else _with_kind(open_project(invocation), verb, args)
        return super().resolve_command(ctx, args)


def _completed(ctx: click.Context, args: list[str]) -> list[str]:
    """As :func:`_with_kind`, for a command line that a shell completes: as it stands where it is not clear."""
    with suppress(MasonError, OSError, click.UsageError):
        opened = completion.opened(ctx)
        return args if opened is None else _with_kind(opened, str(ctx.info_name), args)
    return args


def _with_kind(opened: Project, verb: str, args: list[str]) -> list[str]:
    """``table get``, ``table:get`` or an address, with the kind in front that was applied by that name.

    Raises ``NotFoundError`` where nothing has that name, and ``click.UsageError`` where it is not clear what is meant.
    """
    from mason.project import applied
    from mason.resources.address import EXECUTED, KINDS

    written, *rest = args
    snapshot = opened.store.read()
    kind, *names = written.replace(":", ".").split(".")
    if kind not in KINDS:
        kind, names = "", [kind, *names]
    if len(names) == 1 and rest and not rest[0].startswith("-"):
        names.append(rest.pop(0))
    if len(names) != 2 or not all(names) or kind in EXECUTED or written.endswith((".yaml", ".yml")):
        for address in (written, f"run.{written}", f"schedule.{written}"):
            if address in snapshot.resources:
                raise click.UsageError(f"{address} is done by apply. To do it again: mason apply --replace {address}")
        whole = "mason validate alone checks the whole project, and takes no path. " if verb == "validate" else ""
        raise click.UsageError(f"{whole}Type: mason {verb} operator NAMESPACE COMMAND, or mason {verb} workflow ...")
    kinds = [kind] if kind else applied.find_work(snapshot, names)
    if len(kinds) > 1:
        both = " or ".join(f"mason {verb} {each} {' '.join(names)}" for each in kinds)
        raise click.UsageError(f"There is an operator and a workflow {':'.join(names)}. Type {both}.")
    return [*kinds, *names, *rest]


@click.group(cls=_Work, epilog=_VALIDATE_OPERATOR + _VALIDATE_WORKFLOW + _VALIDATE_PROJECT, invoke_without_command=True)
@click.option(
    "--allow-undefined",
    is_flag=True,
    help="Only warn of references to what no file here defines: other projects may apply it.",
)
@variables_option
@json_option
@click.pass_context
def validate(context: click.Context, allow_undefined: bool) -> None:
    """Check the whole project by its files alone; or the parameters and the config of a run, and show its dry run.
    Nothing is called, and for the project no state is read."""
    invocation = context.obj
    if context.invoked_subcommand is not None:
        if allow_undefined:
            raise click.UsageError("--allow-undefined is about the whole project: mason validate --allow-undefined")
        return
    from mason.project.validating import validate as validate_project
    from mason.render.validated import validated_json, validated_text

    found = validate_project(open_project(invocation, uses_state=False), allow_undefined=allow_undefined)
    if invocation.json:
        show_json(validated_json(found))
    else:
        show(validated_text(found))


@click.group(cls=_Work, epilog=_RUN_OPERATOR + _RUN_WORKFLOW)
def run() -> None:
    """Run what was applied: dry run first, then a question (unless nothing can change), then execution."""


@validate.command("operator", epilog=_VALIDATE_OPERATOR)
@_run_options
@json_option
@click.pass_obj
def validate_operator(
    invocation: Invocation, namespace: str, command: str, pairs: tuple[str, ...], file: Path | None, config_id: str
) -> None:
    """Check parameters and config for an operator, then show the finished sentences."""
    opened, prepared = _prepare(invocation, namespace, command, pairs, file, config_id)
    with closing(prepared):
        tell_sql(invocation, opened, prepared.run.plan, prepared.clients, cheaply=True)
    if invocation.json:
        show_json(dryruns.dry_run_json(prepared.shown))
    else:
        show(dryruns.dry_run_text(prepared.shown, output(invocation)))
        show(f"\nValid: operator {namespace}:{command} can run with config {prepared.shown.config_id}.")


@run.command("operator", epilog=_RUN_OPERATOR)
@_run_options
@click.option(
    "--results",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="JSON (- for stdin): for each earlier step that a parameter refers to, such as {{steps.step_1.job_id}}, "
    "what its run printed with --json.",
)
@click.option(
    "--within",
    default="",
    metavar="JSON",
    help="Of which run of a workflow this is a step, as the scheduler tells that does its steps.",
)
@click.option(
    "--as-job", is_flag=True, help="Answer a query without output with a job that keeps its rows, for job get."
)
@yes_option
@json_option
@legacy_option
@click.pass_obj
def run_operator(
    invocation: Invocation,
    namespace: str,
    command: str,
    pairs: tuple[str, ...],
    file: Path | None,
    config_id: str,
    results: Path | None,
    within: str,
    as_job: bool,
    auto_approve: bool,
) -> int:
    """Run an operator that was applied.

    It asks first, unless every sentence of the dry run is read-only. Python can do anything: a run of it is asked for
    unless its YAML says read_only: true. Rows and tables are printed as tables, and all else as JSON with the keys
    Errors, Warnings, Info and Data, empty ones left out; --json prints that for everything.
    """
    from mason.runtime.prepared_run import INTERRUPTED
    from mason.runtime.workers import Control

    if within:
        from mason.cli.step_of_run import prepare_step

        opened, prepared = prepare_step(
            invocation,
            within,
            (namespace, command),
            lambda: _prepare(invocation, namespace, command, pairs, file, config_id, results, as_job),
        )
    else:
        opened, prepared = _prepare(invocation, namespace, command, pairs, file, config_id, results, as_job)
    tell_differing(opened, prepared.run)
    tell(dryruns.dry_run_text(prepared.shown, progress(invocation)))
    control = invocation.session.own(Control)
    with closing(prepared):
        tell_sql(invocation, opened, prepared.run.plan, prepared.clients)
        if not auto_approve:
            tell_outputs(opened, prepared.run.plan, prepared.clients)
        if (told := operators.outlook(prepared)) is not None:
            tell(f"\n{answered.rows_text(told, progress(invocation))}")
        tell_costs(prepared.run, Estimates(opened, prepared.clients))
        confirm_each(confirming.of_run(prepared.run, approved=auto_approve))
        with watching(invocation), one_step_interrupt(control):
            end = operators.execute(opened, prepared, control=control)
    invocation.left_behind = control.lost > 0
    answer = end.answer
    assert answer is not None, "a person waits for it"
    if end.status == INTERRUPTED:
        for line in end.warnings:
            tell(f"Warning: {line}")
        raise KeyboardInterrupt
    if invocation.legacy:
        from mason.compat1 import shapes

        show_json(shapes.answer_shape(answer.to_dict(), answer.returned))
    elif invocation.json:
        show_json(answer.to_dict())
    elif (lines := answered.result_lines(answer, output(invocation))) is not None:
        for piece in answered.in_pieces(lines):
            show(piece)
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
        if within:
            from mason.cli.step_of_run import exit_code_of

            return exit_code_of(answer.failure)
        return answer.failure.exit_code
    return 0


@validate.command("workflow", epilog="\b\nExamples:\n" + _VALIDATE_WORKFLOW + _ONE_PARAMETER.format("validate"))
@_run_options
@json_option
@click.pass_obj
def validate_workflow(
    invocation: Invocation, namespace: str, command: str, pairs: tuple[str, ...], file: Path | None, config_id: str
) -> None:
    """Check the parameters and configs of a workflow's steps, draw its DAG, and show the finished sentences.

    Parameters go by step: a file with STEP: {config_id: ..., parameters: {...}}, and -p STEP.KEY:VALUE.
    """
    from mason.render import dags

    opened, prepared = _prepare_workflow(invocation, namespace, command, pairs, file, config_id)
    tell_sql(invocation, opened, prepared.plan, cheaply=True)
    putting = confirming.schedule_instead(opened, prepared)
    if invocation.json:
        show_json(dags.workflow_json(prepared.plan))
    else:
        show(dags.workflow_text(prepared.plan, output(invocation)))
        if putting is not None:
            show(_putting_text(putting, output(invocation)))
        show(f"\nValid: workflow {namespace}:{command} can run.")


@run.command("workflow", epilog="\b\nExamples:\n" + _RUN_WORKFLOW + _ONE_PARAMETER.format("run"))
@_run_options
@yes_option
@parallelism_option
@json_lines_option
@click.pass_obj
def run_workflow(
    invocation: Invocation,
    namespace: str,
    command: str,
    pairs: tuple[str, ...],
    file: Path | None,
    config_id: str,
    auto_approve: bool,
    parallelism: int | None,
) -> int:
    """Run a workflow that was applied: dry run first, then a question, then its steps, in the order of its DAG.

    Parameters go by step: a file with STEP: {config_id: ..., parameters: {...}}, and -p STEP.KEY:VALUE.

    Where the parameters say a schedule (a cron expression), nothing is run now: the config's scheduler is given it.

    Ctrl-C finishes the steps that run and begins no others; pressed again, it waits for nothing. What is left is done
    by mason runs resume. On a terminal a tree shows how each step does, elsewhere each event is a line.
    """
    from mason.cli.doing_workflows import do_workflow
    from mason.project.runs import running
    from mason.render import dags

    opened, prepared = _prepare_workflow(invocation, namespace, command, pairs, file, config_id)
    tell_differing(opened, prepared)
    tell(dags.workflow_text(prepared.plan, progress(invocation)))
    if (putting := confirming.schedule_instead(opened, prepared, ask_scheduler=True)) is not None:
        return _put_schedule(invocation, opened, putting, approved=auto_approve)
    tell_sql(invocation, opened, prepared.plan)
    if not auto_approve:
        tell_outputs(opened, prepared.plan)
    with closing(Estimates(opened)) as estimates:
        tell_costs(prepared, estimates)
    confirm_each(confirming.of_run(prepared, approved=auto_approve))
    return do_workflow(invocation, prepared, partial(running.execute_run, opened, prepared), parallelism)


def _putting_text(putting: Putting, terminal: Terminal) -> str:
    from mason.render.plans import call_line

    return f"\nat the times of its schedule:\n  {call_line(putting.call, terminal)}"


def _put_schedule(invocation: Invocation, opened: Project, putting: Putting, *, approved: bool) -> int:
    """Where the parameters say when a workflow runs: have its scheduler keep that, and run nothing now."""
    from mason.project.schedules import triggering

    tell(_putting_text(putting, progress(invocation)))
    confirm_each(confirming.of_schedule(approved=approved))
    following = triggering.put_schedule(opened, putting)
    name = putting.call.arguments["schedule"]["name"]
    if invocation.json:
        show_json({"schedule": name, "client": putting.call.client, "next": following})
    else:
        due = f" It is due next at {following.replace('T', ' ')[:19]} UTC." if following else ""
        show(f"Schedule {name} is kept by {putting.call.client}.{due} To run it now: mason scheduler trigger {name}")
    return 0


def _prepare_workflow(
    invocation: Invocation, namespace: str, command: str, pairs: tuple[str, ...], file: Path | None, config_id: str
) -> tuple[Project, PreparedRun]:
    from mason.project.runs import preparing

    given = preparing.read_workflow_parameters(file, pairs)
    opened = open_project(invocation)
    return opened, preparing.prepare_workflow(opened, (namespace, command), given, config_id=config_id)


def _prepare(
    invocation: Invocation,
    namespace: str,
    command: str,
    pairs: tuple[str, ...],
    file: Path | None,
    config_id: str,
    results: Path | None = None,
    as_job: bool = False,
) -> tuple[Project, PreparedOperator]:
    given = operators.read_parameters(file, pairs)
    handed = operators.read_handed_results(results) if results is not None else None
    opened = open_project(invocation)
    names = (namespace, command)
    return opened, operators.prepare_operator(opened, names, given, config_id=config_id, results=handed, as_job=as_job)
