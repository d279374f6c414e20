"""``mason scheduler``: run what is due, run one schedule now, and look at what there is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from mason.cli.ctrl_c import two_step_interrupt
from mason.cli.invocation import Invocation
from mason.cli.shared import (
    Heard,
    confirm,
    json_lines_option,
    json_option,
    kept_stdout,
    open_project,
    output,
    print_to,
    progress,
    show,
    show_json,
    tell,
    yes_option,
)
from mason.errors import CancelledError
from mason.project.confirming import Confirmation
from mason.project.schedules import daemon, triggering
from mason.render import JSON_FORMAT, schedules
from mason.secrets import scrub_all

_EPILOG = """\b
Examples:
  mason scheduler start
  mason scheduler start --once --json
  mason scheduler list
  mason scheduler trigger nightly -c 1
"""
_START_EPILOG = """\b
Examples:
  mason scheduler start           until Ctrl-C
  mason scheduler start --once    what is due now, for a cron or a timer of the system
"""
_TRIGGER_EPILOG = """\b
Examples:
  mason scheduler trigger nightly
  mason scheduler trigger nightly -c 1 -y
"""


@click.group("scheduler", epilog=_EPILOG)
def scheduler_group() -> None:
    """Run the schedules of this machine (clients local and local_async)."""


@scheduler_group.command("start", epilog=_START_EPILOG)
@click.option("--once", is_flag=True, help="Run what is due now, wait until that has ended, and return.")
@click.option("--parallelism", type=click.IntRange(min=1), metavar="N", help="How many runs at once (default: cores).")
@json_lines_option
@click.pass_obj
def start(invocation: Invocation, once: bool, parallelism: int | None) -> int:
    """Run schedules when they are due, each in a process of its own, until Ctrl-C.

    Any number of these may run: each due time is run once. Ctrl-C (or SIGTERM) begins nothing new and waits for what
    runs; pressed again, it stops what runs.
    """
    terminal = output(invocation)

    def told(event: Mapping[str, Any]) -> None:
        if invocation.json:
            print_to(sys.stdout, json.dumps(event, ensure_ascii=False))
        else:
            show(schedules.daemon_line(event, terminal))

    found = daemon.Daemon(
        open_project(invocation), parallelism=parallelism or os.cpu_count() or 1, tell=told, once=once
    )

    with two_step_interrupt(found, finishing="Beginning nothing new, and waiting for what runs"):
        all_well = found.run()
    return 0 if all_well or not once else 1


@scheduler_group.command("list")
@json_option
@click.pass_obj
def list_schedules(invocation: Invocation) -> None:
    """List schedules: when they run next, and how they ran last."""
    found = triggering.list_schedules(open_project(invocation))
    if invocation.json:
        show_json({"format_version": JSON_FORMAT, "schedules": found})
    elif found:
        show(schedules.schedules_table(found, output(invocation)))
    else:
        show("There are no schedules yet.")


@scheduler_group.command("trigger", epilog=_TRIGGER_EPILOG)
@click.argument("name")
@click.option("-c", "--config", "config_id", default="", metavar="ID", help="The config (default: the current).")
@click.option(
    "--queued", "job_id", default="", metavar="JOB", help="Run what waits under this id, and nothing if it does not."
)
@yes_option
@json_lines_option
@click.pass_obj
def trigger(invocation: Invocation, name: str, config_id: str, job_id: str, auto_approve: bool) -> int:
    """Run a schedule's workflow now, whatever time it is. The client local_async lets mason scheduler start do it.

    With --json, the last line is the job.
    """
    from mason.render import dags, run_history
    from mason.runtime.walk import Control

    opened = open_project(invocation)
    terminal = progress(invocation)
    control = invocation.session.own(Control)
    with kept_stdout() as stdout:
        # Who has begun this process may have been killed.
        heard = Heard()

        def told(event: Mapping[str, Any]) -> None:
            with heard:
                if invocation.json:
                    print_to(stdout, json.dumps(scrub_all(event), ensure_ascii=False))
                elif line := run_history.event_line(event, terminal):
                    tell(line)

        with triggering.Trigger(opened, name, config_id, tell=told, control=control) as triggered:
            if not auto_approve:
                prepared = triggered.prepare()
                if prepared is not None:
                    tell(dags.workflow_text(prepared.plan, terminal))
                confirm(Confirmation("Run this?"))

            with two_step_interrupt(control):
                job = triggered.do(job_id)
        if job is None:
            if not invocation.json:
                tell(f"Nothing to do: {job_id} does not wait any more, or schedule {name} runs.")
            return 0
        if invocation.json:
            told({"event": "triggered", **job.to_dict()})
            return _exit_code(job.status, job.result)
    show(schedules.job_text(job.to_dict(), self_running=triggered.self_running))
    return _exit_code(job.status, job.result)


def _exit_code(status: str, result: Mapping[str, Any]) -> int:
    if result.get("status") == "interrupted":
        return CancelledError.exit_code
    return 1 if status == "failed" else 0
