"""``mason state``: looking after the state itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mason import bounds
from mason.cli import completion
from mason.cli.invocation import Invocation
from mason.cli.shared import (
    confirm,
    confirm_each,
    json_option,
    lock_timeout_option,
    open_project,
    output,
    progress,
    show,
    show_json,
    tell,
    yes_option,
)
from mason.errors import SettingsError
from mason.planner.plan import Plan
from mason.project import applied
from mason.project.confirming import Confirmation
from mason.project.opened import Project
from mason.project.state import keeping, pushing, signing
from mason.render import states as views
from mason.render.terminal import printable
from mason.resources.address import KINDS
from mason.state.snapshot import Snapshot

Function = TypeVar("Function", bound=Callable[..., Any])

_EPILOG = """\b
Examples:
  mason state list operator.table
  mason state show operator.table.get
  mason state mv operator.table.get operator.table.fetch
  mason state history
  mason state rollback 12
  mason state migrate s3://bucket/prefix
  mason state lock-info
  mason state unlock 8c2f6f0d1f6a9c3e
"""


def _dry_run_option(function: Function) -> Function:
    return click.option("--dry-run", is_flag=True, help="Only show what would be done.")(function)


@click.group("state", epilog=_EPILOG)
def state_group() -> None:
    """Look after the state itself: what it holds, its versions, its lock, and where it is kept.

    No engine is called by any of these. What changes the state keeps the snapshot before as a backup.
    """


@state_group.command("list")
@click.argument("prefix", metavar="[ADDR-PREFIX]", default="", shell_complete=completion.addresses)
@click.option("--kind", type=click.Choice(KINDS), help="Only resources of this kind.")
@json_option
@click.pass_obj
def list_state(invocation: Invocation, prefix: str, kind: str | None) -> None:
    """List the addresses in the state, or those that begin with ADDR-PREFIX."""
    opened = open_project(invocation)
    snapshot = opened.store.read()
    found = keeping.listed(snapshot, prefix, kind=kind or "")
    if invocation.json:
        show_json(views.list_json(found, snapshot, url=opened.store.url))
    elif found:
        show(views.list_text(found, output(invocation)))
    else:
        tell(f"There is no {kind} here." if kind and snapshot.resources else "The state holds nothing.")


@state_group.command("show")
@click.argument("address", metavar="ADDR", shell_complete=completion.addresses)
@json_option
@click.pass_obj
def show_entry(invocation: Invocation, address: str) -> None:
    """Show all that the state holds of one resource; values of secret fields are REDACTED."""
    opened = open_project(invocation)
    snapshot = opened.store.read()
    entry = keeping.entry_of(snapshot, address)
    definition = applied.shown_definition(entry)
    users, edited = keeping.users_of(snapshot, address), not entry.is_as_applied
    if invocation.json:
        url = opened.store.url
        show_json(views.show_json(address, entry, definition, snapshot, users=users, edited=edited, url=url))
    else:
        show(views.show_text(address, entry, definition, output(invocation), users=users, edited=edited))


@state_group.command("mv")
@click.argument("before", metavar="A", shell_complete=completion.addresses)
@click.argument("after", metavar="B")
@_dry_run_option
@lock_timeout_option
@json_option
@click.pass_obj
def move(invocation: Invocation, before: str, after: str, dry_run: bool, lock_timeout: float) -> None:
    """Give the resource at address A the address B, and tell all that refers to it.

    For a resource that you rename in its YAML: with the same names there, `mason plan` has nothing to change, and a run
    is not done again. A document `{type: moved, from: A, to: B}` beside the YAML does the same for the whole team with
    the next apply.
    """
    opened = open_project(invocation)

    def prepare() -> keeping.Change[keeping.Moved]:
        return keeping.move(opened, before, after)

    change = prepare()
    _show_first(invocation, views.moved_text(change.told))
    now = change.base
    if not dry_run:
        now = keeping.carry_out(opened, change, prepare, operation="state mv", lock_timeout=lock_timeout)
        keeping.follow_config(change.told, now)
    _show_done(invocation, opened, "Moved", views.moved_json(change.told), now, dry_run=dry_run)


@state_group.command("rm")
@click.argument("addresses", metavar="ADDR...", nargs=-1, required=True, shell_complete=completion.addresses)
@yes_option
@_dry_run_option
@lock_timeout_option
@json_option
@click.pass_obj
def forget(
    invocation: Invocation, addresses: tuple[str, ...], auto_approve: bool, dry_run: bool, lock_timeout: float
) -> None:
    """Let the state forget resources. Nothing else is touched: no engine, no file, no data.

    A schedule goes on in its scheduler. To delete one there as well: `mason destroy ADDR`.
    """
    opened = open_project(invocation)

    def prepare() -> keeping.Change[keeping.Forgotten]:
        return keeping.forget(opened, addresses)

    change = prepare()
    _show_first(invocation, views.forgotten_text(change.told))
    now = change.base
    if not dry_run:
        if not auto_approve:
            confirm_each(change.confirmations)
        now = keeping.carry_out(opened, change, prepare, operation="state rm", lock_timeout=lock_timeout)
    _show_done(invocation, opened, "Forgot", views.forgotten_json(change.told), now, dry_run=dry_run)


@state_group.command("pull")
@click.pass_obj
def pull(invocation: Invocation) -> None:
    """Print the state as it is kept: the JSON of state.json, for a look, a copy or an edit."""
    content = keeping.pulled(open_project(invocation))
    if sys.stdout.isatty():
        click.echo(printable(content.decode()), nl=False)
    else:
        click.echo(content, nl=False)


@state_group.command("push")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--force", is_flag=True, help="Also a file of another state, or an older one.")
@yes_option
@_dry_run_option
@lock_timeout_option
@json_option
@click.pass_obj
def push(
    invocation: Invocation, file: Path, force: bool, auto_approve: bool, dry_run: bool, lock_timeout: float
) -> None:
    """Put FILE (- for stdin), which is a state as `mason state pull` prints it, in the place of the state.

    The whole file is checked first. It is refused when it is another state (its lineage differs), or when its serial is
    not higher than that of the state: after an edit by hand, make it higher. With --force it is put there all the same,
    with a serial of its own.
    """
    opened = open_project(invocation)
    if str(file) == "-" and force and not auto_approve and not dry_run:
        raise SettingsError("With the state on stdin nobody can answer there: pass -y as well, or a file.")
    content, where = _read(file)

    def prepare() -> keeping.Change[pushing.Pushed] | None:
        return pushing.push(opened, content, where=where, force=force)

    change = prepare()
    if change is None:
        tell(f"{where} is what the state {opened.store.url} holds. There is nothing to do.")
        _show_nothing(invocation, opened, views.pushed_json(None), dry_run=dry_run)
        return
    _show_plan(invocation, change.told.plan)
    for address in change.told.edited:
        tell(f"Warning: {address} was edited in {where}: it is not what was applied. The next plan puts it back.")
    for reason in change.told.reasons:
        tell(f"Warning: {where} is put there although {reason}.")
    now = change.base
    if not dry_run:
        if not auto_approve:
            confirm_each(change.confirmations)
        now = keeping.carry_out(opened, change, prepare, operation="state push", lock_timeout=lock_timeout)
    _show_done(invocation, opened, "Pushed", views.pushed_json(change.told), now, dry_run=dry_run)


def _read(file: Path) -> tuple[bytes, str]:
    """The content of a file or stdin, and what people call it."""
    if str(file) == "-":
        try:
            return bounds.read_stream(sys.stdin.buffer, bounds.STATE), "stdin"
        except bounds.TooLargeError as error:
            raise SettingsError(f"stdin: cannot be read ({error.strerror}).") from error
    try:
        return bounds.read_file(file, bounds.STATE), str(file)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}).") from error


@state_group.command("sign-key")
@json_option
@click.pass_obj
def sign_key(invocation: Invocation) -> None:
    """Make your key, where you have none, and list it in mason.signers: from then on, what you apply is signed.

    With `require_signatures: true` in mason.yaml nothing is run but what somebody listed there has signed. Commit both
    files: who reviews them decides whose code runs.
    """
    made = signing.make_key(open_project(invocation))
    if invocation.json:
        show_json({"key": made.public, "signers": str(made.signers)})
    else:
        show(
            f"Your key is in {made.key}: keep it to yourself. {made.signers} says that ed25519 {made.public} may sign."
        )


@state_group.command("sign")
@click.argument("addresses", metavar="[ADDR]...", nargs=-1, shell_complete=completion.addresses)
@yes_option
@_dry_run_option
@lock_timeout_option
@json_option
@click.pass_obj
def sign(
    invocation: Invocation, addresses: tuple[str, ...], auto_approve: bool, dry_run: bool, lock_timeout: float
) -> None:
    """Sign what the state holds: ADDR..., or all that nobody in mason.signers has signed. Look at it first (mason state
    show ADDR, mason plan): you vouch for it. What you apply is signed without this."""
    opened = open_project(invocation)

    def prepare() -> keeping.Change[tuple[str, ...]]:
        return signing.sign(opened, addresses)

    change = prepare()
    _show_first(invocation, "\n".join(f"  {address}" for address in change.told) or "There is nothing to sign.")
    now = change.base
    if not dry_run and change.told:
        if not auto_approve:
            confirm_each(change.confirmations)
        now = keeping.carry_out(opened, change, prepare, operation="state sign", lock_timeout=lock_timeout)
    _show_done(invocation, opened, "Signed", {"addresses": list(change.told)}, now, dry_run=dry_run or not change.told)


@state_group.command("history")
@json_option
@click.pass_obj
def history(invocation: Invocation) -> None:
    """List the snapshots that are kept: when and by whom each was written, and how many resources it changed."""
    opened = open_project(invocation)
    versions = keeping.history(opened)
    if invocation.json:
        show_json(views.history_json(versions, url=opened.store.url))
    elif versions:
        show(views.history_text(versions, output(invocation)))
    else:
        tell(f"Nothing was written to the state {opened.store.url} yet.")


@state_group.command("rollback")
@click.argument("serial", type=click.IntRange(min=1))
@yes_option
@_dry_run_option
@lock_timeout_option
@json_option
@click.pass_obj
def roll_back(invocation: Invocation, serial: int, auto_approve: bool, dry_run: bool, lock_timeout: float) -> None:
    """Make the state what it was at SERIAL (see `mason state history`), as a new serial.

    Definitions come back, and what is known of runs and schedules. No engine is called: what runs did stays done, and
    schedulers keep what they have.
    """
    opened = open_project(invocation)

    def prepare() -> keeping.Change[Plan] | None:
        return keeping.roll_back(opened, serial)

    change = prepare()
    if change is None:
        _show_first(invocation, "No changes.")
        tell(f"The state {opened.store.url} holds what it held at serial {serial}. There is nothing to do.")
        _show_nothing(invocation, opened, views.replaced_json(None), dry_run=dry_run)
        return
    _show_plan(invocation, change.told)
    now = change.base
    if not dry_run:
        if not auto_approve:
            confirm_each(change.confirmations)
        now = keeping.carry_out(opened, change, prepare, operation="state rollback", lock_timeout=lock_timeout)
    _show_done(invocation, opened, "Rolled back", views.replaced_json(change.told), now, dry_run=dry_run)


@state_group.command("migrate")
@click.argument("url")
@click.option("--write", is_flag=True, help="Also make URL the state of mason.yaml.")
@_dry_run_option
@lock_timeout_option
@json_option
@click.pass_obj
def migrate(invocation: Invocation, url: str, write: bool, dry_run: bool, lock_timeout: float) -> None:
    """Copy the state to URL: snapshot, backups, sources and the history of runs, read back and compared.

    The old state stays as it was. A place that holds something else is refused; an attempt that was interrupted is
    gone on with.
    """
    from mason.project.state import migration

    opened = open_project(invocation)
    if write:
        # Before anything is copied.
        migration.check_write_url(opened, url)
    if dry_run:
        prepared = migration.prepare_migration(opened, url)
    else:
        prepared = migration.migrate(opened, url, lock_timeout=lock_timeout, tell=tell)
    _show_first(invocation, views.migration_text(prepared, done=not dry_run))
    for warning in views.migration_warnings(prepared):
        tell(f"Warning: {warning}")
    told, file = migration.told_url(url, opened.settings.root), ""
    if write and not dry_run:
        file = str(migration.write_url(opened, url))
        _show_first(invocation, f"Wrote to {file}: state: {told}")
        if os.environ.get("MASON_STATE"):
            tell("Warning: MASON_STATE is set, and goes before what mason.yaml says.")
    else:
        _show_first(invocation, f"To use it from now on, write into mason.yaml: state: {told}")
    if invocation.json:
        show_json(views.migration_json(prepared, url=opened.store.url, dry_run=dry_run, told=told, file=file))


@state_group.command("workspaces")
@json_option
@click.pass_obj
def workspaces(invocation: Invocation) -> None:
    """List the workspaces: states under one URL that are kept apart (mason --workspace NAME ...)."""
    found = keeping.workspaces(open_project(invocation))
    if invocation.json:
        show_json(views.workspaces_json(found))
    else:
        show(views.workspaces_text(found, output(invocation)))


def _show_plan(invocation: Invocation, plan: Plan) -> None:
    from mason.render import plans

    terminal = progress(invocation) if invocation.json else output(invocation)
    _show_first(invocation, plans.plan_text(plan, terminal))


def _show_first(invocation: Invocation, text: str) -> None:
    """What there is for people to see. Programs get one document, at the end."""
    (tell if invocation.json else show)(text)


def _show_done(
    invocation: Invocation, opened: Project, what: str, told: dict[str, Any], now: Snapshot, *, dry_run: bool
) -> None:
    """Say that the state is ``now`` what it was to become, or with ``dry_run`` still what it was."""
    if invocation.json:
        show_json(views.changed_json(told, now, url=opened.store.url, dry_run=dry_run))
    elif not dry_run:
        show(f"{what}. The state {opened.store.url} is at serial {now.serial} now.")


def _show_nothing(invocation: Invocation, opened: Project, told: dict[str, Any], *, dry_run: bool) -> None:
    if invocation.json:
        now = opened.store.read()
        show_json(views.changed_json(told, now, url=opened.store.url, dry_run=dry_run, changed=False))


@state_group.command("lock-info")
@json_option
@click.pass_obj
def lock_info(invocation: Invocation) -> None:
    """Show who holds the lock, for what and since when."""
    opened = open_project(invocation)
    holder = keeping.lock_info(opened)
    if invocation.json:
        show_json(views.lock_json(holder, url=opened.store.url))
    else:
        show(views.lock_text(holder, url=opened.store.url))


@state_group.command("unlock")
@click.argument("lock_id", metavar="ID")
@yes_option
@click.pass_obj
def unlock(invocation: Invocation, lock_id: str, auto_approve: bool) -> None:
    """Take the lock from its holder, whose ID `mason state lock-info` shows.

    Hardly ever needed: the lock of a process that died is free when its lease has run out, after a minute or so. A
    holder that is still at work can write no more from then on, and stops when it finds out: at its next write, or when
    it would renew its lease, which it does three times in its length. The lock of a state in a folder goes with
    its process and cannot be taken from it.
    """
    opened = open_project(invocation)
    holder = keeping.holder_to_unlock(opened, lock_id)
    if not auto_approve:
        tell(views.lock_text(holder, url=opened.store.url))
        confirm(Confirmation("Take the lock from its holder?"))
    keeping.unlock(opened, lock_id)
    by = f"which {holder.who} (process {holder.pid}) had locked" if holder.who else "where no lock of Mason's stood"
    show(f"Unlocked the state {opened.store.url}, {by}.")
