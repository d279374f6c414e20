"""``mason runs``: the history of runs, and going on with one that ended early."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from mason.cli import completion
from mason.cli.doing_workflows import do_workflow
from mason.cli.invocation import Invocation
from mason.cli.run_command import run_options
from mason.cli.shared import (
    confirm_each,
    json_lines_option,
    json_option,
    lock_timeout_option,
    open_project,
    output,
    parallelism_option,
    progress,
    show,
    show_json,
    tell,
    yes_option,
)
from mason.errors import MasonError
from mason.project import confirming
from mason.project.opened import Project
from mason.project.runs import history, resumption, scheduler_runs
from mason.render import JSON_FORMAT, dags, run_history

_EPILOG = """\b
Examples:
  mason runs list
  mason runs show last
  mason runs logs 20261121T101500.042-3f9a1c --step step_2
  mason runs resume last
  mason runs prune --dry-run
"""
_LOGS_EPILOG = """\b
Examples:
  mason runs logs last
  mason runs logs 20261121T101500.042-3f9a1c --step step_2
"""
_RESUME_EPILOG = """\b
Examples:
  mason runs resume last                               with the parameters that the run had
  mason runs resume last -p step_2.table_name:planes   with another one, where the cause was there
  mason runs resume last -f steps.yaml                 with others
  mason runs resume 20261121T101500.042-3f9a1c -y
"""


@click.group("runs", epilog=_EPILOG)
def runs_group() -> None:
    """Look at the history of runs, resume or cancel one, and remove old ones.

    Where a command takes a RUN_ID, last means the newest run.
    """


@runs_group.command("list")
@click.option("-n", "--most", type=click.IntRange(min=0), default=20, show_default=True, help="How many (0: all).")
@json_option
@click.pass_obj
def list_runs(invocation: Invocation, most: int) -> None:
    """List runs, newest first."""
    found = history.list_runs(open_project(invocation), most=most)
    if invocation.json:
        listed = [{"run_id": run_id, **record} for run_id, record in found]
        show_json({"format_version": JSON_FORMAT, "runs": listed})
    elif found:
        show(run_history.runs_table(found, output(invocation)))
    else:
        show("There are no runs yet.")


@runs_group.command("show")
@click.argument("run_id", shell_complete=completion.run_ids)
@json_option
@click.pass_obj
def show_run(invocation: Invocation, run_id: str) -> None:
    """Show one run, and its steps or calls.

    RUN_ID last is the newest run.
    """
    opened = open_project(invocation)
    run_id = history.meant_run(opened, run_id)
    record = _as_known(opened, run_id)
    if invocation.json:
        show_json({"format_version": JSON_FORMAT, "run_id": run_id, **record})
    else:
        show(run_history.run_text(run_id, record, output(invocation)))


def _as_known(opened: Project, run_id: str) -> dict[str, Any]:
    """The record of a run, by its scheduler's word where nobody else tells of its end."""
    record = history.show_run(opened, run_id)
    if not scheduler_runs.is_elsewhere(record):
        return record
    try:
        return scheduler_runs.as_scheduler_tells(opened, run_id, record)
    except MasonError as error:
        tell(f"Warning: {record['scheduler']} could not be asked how the run goes: {error}")
        return record


@runs_group.command("logs", epilog=_LOGS_EPILOG)
@click.argument("run_id", shell_complete=completion.run_ids)
@click.option("--step", default="", metavar="ID", help="Only this step.")
@json_option
@click.pass_obj
def show_logs(invocation: Invocation, run_id: str, step: str) -> None:
    """Show what happened in a run, event by event.

    RUN_ID last is the newest run.
    """
    opened = open_project(invocation)
    run_id = history.meant_run(opened, run_id)
    events = history.run_events(opened, run_id)
    chosen = [event for event in events if not step or event.get("step") == step]
    if invocation.json:
        show_json({"format_version": JSON_FORMAT, "run_id": run_id, "events": chosen})
        return
    for event in chosen:
        for line in run_history.log_lines(event, output(invocation)):
            show(f"{event['at']}  {line}")


@runs_group.command("resume", epilog=_RESUME_EPILOG)
@click.argument("run_id", shell_complete=completion.run_ids)
@run_options("The config (default: that of the run).")
@yes_option
@lock_timeout_option
@parallelism_option
@click.option(
    "--submit-again",
    "submit_again",
    is_flag=True,
    help="Also do again what was handed to a service of which nobody knows whether it did it.",
)
@json_lines_option
@click.pass_obj
def resume(
    invocation: Invocation,
    run_id: str,
    pairs: tuple[str, ...],
    file: Path | None,
    config_id: str,
    auto_approve: bool,
    lock_timeout: float,
    parallelism: int | None,
    submit_again: bool,
) -> int:
    """Go on with a run that failed or was interrupted; steps that succeeded are not done again. Jobs that go on
    elsewhere are waited for, and not submitted again.

    Parameters given here lie over those that the run had, one by one, and hold for the steps that are not done yet. Of
    what the steps that are done returned, they can refer to what the run's own parameters referred to. That of a run
    resource is done under the lock of the state, as mason apply does it. RUN_ID last is the newest run.
    """
    opened = open_project(invocation)
    run_id = history.meant_run(opened, run_id)
    prepare = partial(
        resumption.prepare_resumption, opened, run_id, pairs, file, config_id=config_id, submit_again=submit_again
    )
    prepared = prepare()
    tell(dags.workflow_text(prepared.plan, progress(invocation)))
    tell(f"\nDone already: {', '.join(prepared.done or ()) or 'nothing'}.")
    confirm_each(confirming.of_run(prepared, approved=auto_approve))
    execute = partial(resumption.resume, opened, prepared, again=prepare, lock_timeout=lock_timeout)
    return do_workflow(invocation, prepared, execute, parallelism)


@runs_group.command("gather")
@click.option(
    "--within", required=True, metavar="JSON", help="Which run it is, as the scheduler tells that did its steps."
)
@json_option
@click.pass_obj
def gather(invocation: Invocation, within: str) -> int:
    """Keep the record of a run whose steps a scheduler did one by one, each with --within.

    It reads JSON from stdin: how each step ended (succeeded, failed, upstream_failed, skipped or interrupted), by its
    id. The rest the records of the steps tell.
    """
    from mason.project.runs import run_parts

    part, ends = run_parts.read_part(within), run_parts.read_ends()
    record = run_parts.gather(open_project(invocation), part, ends)
    if invocation.json:
        show_json({"format_version": JSON_FORMAT, "run_id": part.run_id, **record})
    else:
        show(run_history.end_line(part.run_id, record))
    return 0 if record["status"] == "succeeded" else 1


@runs_group.command("cancel")
@click.argument("run_id", shell_complete=completion.run_ids)
@click.option("--now", is_flag=True, help="Wait for nothing: what it is at is interrupted.")
@click.pass_obj
def cancel(invocation: Invocation, run_id: str, now: bool) -> None:
    """Let a run of this machine finish what it is at, and begin nothing new.

    Other runs that the same process does (those of one mason apply) go on. Asked again, the run is not hurried. A run
    whose steps a scheduler does is ended there, at once. RUN_ID last is the newest run.
    """
    opened = open_project(invocation)
    run_id = history.meant_run(opened, run_id)
    record = history.show_run(opened, run_id)
    if scheduler_runs.is_elsewhere(record):
        ended = scheduler_runs.cancel_there(opened, run_id, record)
        show(f"Run {run_id} was ended in {record['scheduler']}: {ended['status']}.")
        return
    show(run_history.asked_text(run_id, history.cancel_run(opened, run_id, now=now), now=now))


@runs_group.command("prune")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@json_option
@click.pass_obj
def prune(invocation: Invocation, dry_run: bool) -> None:
    """Remove old runs from the history, and their journals from this machine.

    Kept are the newest 1,000 runs and those of the last 90 days, or as many as mason.yaml says (history: with keep_runs
    and keep_days). Runs that go on are kept as well. This is also done once a day, when a run begins.
    """
    from mason.project.runs import retention

    opened = open_project(invocation)
    pruned = retention.prune(opened, dry_run=dry_run)
    if invocation.json:
        listed = {"runs": list(pruned.runs), "journals": list(pruned.journals)}
        show_json({"format_version": JSON_FORMAT, "dry_run": dry_run, **listed})
    else:
        show(run_history.pruned_text(pruned.runs, pruned.journals, opened.settings.history, dry_run=dry_run))
