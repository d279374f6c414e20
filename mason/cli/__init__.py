"""The command line: a group whose commands are loaded one at a time, and the frame around them that ends every run.

A command parses, calls ``mason.project`` and hands the result to ``mason.render``. What a command raises becomes a
message, an exit code and never a traceback here, in one place. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import importlib
import io
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from mason.cli.invocation import Invocation, unwritable
from mason.errors import CancelledError, MasonError, SettingsError
from mason.version import __version__

if TYPE_CHECKING:
    from mason.unchanged import Look

__all__ = ["main"]

# Help texts stand here so that `mason --help` loads no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("mason.cli.init_command:init", "Scaffold a project that plans and applies at once."),
    "plan": ("mason.cli.plan_command:plan", "Show what apply would do; nothing is changed."),
    "show": ("mason.cli.show_command:show_plan", "Show a saved plan, also as markdown for a pull request."),
    "apply": ("mason.cli.apply_command:apply", "Plan, ask, and make the state what the files say."),
    "destroy": ("mason.cli.apply_command:destroy", "Plan the deletion of what the state holds, ask, and do it."),
    "get": ("mason.cli.get_command:get", "List what was applied, or print one definition."),
    "config": ("mason.cli.get_command:config", "List configs, or choose the current one."),
    "validate": ("mason.cli.run_command:validate", "Check the project's files, or a run's parameters and its dry run."),
    "run": ("mason.cli.run_command:run", "Run an operator or workflow: dry run, confirmation, execution."),
    "compare": ("mason.cli.compare_command:compare", "Run an operator with two configs, and compare the answers."),
    "check": ("mason.cli.check_command:check", "Look whether what runs published fulfils their checks now."),
    "runs": ("mason.cli.runs_command:runs_group", "Look at the history of runs; resume one that ended early."),
    "scheduler": (
        "mason.cli.scheduler_command:scheduler_group",
        "Run schedules when they are due; list or trigger them.",
    ),
    "state": (
        "mason.cli.state_command:state_group",
        "Look after the state: list, move, forget, history, rollback, migrate.",
    ),
    "drift": ("mason.cli.drift_command:drift", "Compare what was applied with what engines hold; nothing is changed."),
    "graph": ("mason.cli.graph_command:graph", "Draw a workflow's DAG, or what uses what."),
    "trust": ("mason.cli.trust_command:trust", "Use settings and states that another user of this machine owns."),
    "sql": ("mason.cli.sql_command:sql", "Show a query as another engine reads it, or why it would answer otherwise."),
    "import": ("mason.cli.import_command:import_existing", "Write YAML for what is there already: tables, schedules."),
    "policy": ("mason.cli.policy_command:policy", "Print the least IAM policy for what was applied."),
    "fmt": ("mason.cli.fmt_command:fmt", "Put the YAML of a project into one layout."),
    "schema": ("mason.cli.schema_command:schema", "Print the JSON Schema of a kind of resource."),
}


_EPILOG = """\b
Examples:
  mason init my_project && cd my_project   a project to start from
  mason plan                               what would change
  mason apply                              say yes to it
  mason run operator table list -p database_name:data
"""


class _Commands(click.Group):
    """A group that knows its commands by name and loads the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        return cast(click.Command, getattr(importlib.import_module(module), attribute))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from mason.resources.wording import nearest

            near = nearest(args[0], COMMANDS)
            meant = f" Did you mean {near!r}?" if near else ""
            ctx.fail(f"There is no command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.option("--state", metavar="URL", help="Where the state is kept (default: MASON_STATE, mason.yaml, ~/.mason).")
@click.option(
    "--workspace",
    metavar="NAME",
    help="Which of the states at that URL, kept apart from the others (default: MASON_WORKSPACE, default).",
)
@click.option(
    "-l",
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="What Mason and the libraries that it uses log on stderr. info tells which state is used, which engine calls "
    "a run makes (not their values) and how long the command took; debug also how long each call took, and tracebacks. "
    "Results, plans, questions and errors are shown at every level.",
)
@click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR).")
@click.version_option(__version__, message="mason %(version)s")
@click.pass_obj
def mason(invocation: Invocation, state: str | None, workspace: str | None, log_level: str, no_color: bool) -> None:
    """Terraform for data operators: declare them in YAML, see the plan, say yes."""
    invocation.state = state
    invocation.workspace = workspace
    invocation.no_color = no_color
    invocation.log_level = log_level
    if log_level != "warning":
        import logging

        from mason.render.terminal import printable
        from mason.secrets import scrubbing_formatter

        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(scrubbing_formatter("%(levelname)s %(name)s: %(message)s", printable))
        logging.basicConfig(level=log_level.upper(), handlers=[handler])


def main(before: Look | None = None) -> None:
    """The console script. ``before`` is what the process saw of the project before anything was loaded.

    Exit codes: 0 done, 1 an error (some of the work may be done, which is told), 2 changes
    (``plan --detailed-exitcode``) or drift (``drift``), 130 interrupted (Ctrl-C, SIGTERM, SIGHUP), 141 nobody read
    stdout to its end.
    """
    if sys.stdout is None:
        _tell("Error: stdout is closed, so nothing was done. If nobody wants the result, send it to /dev/null.")
        sys.exit(1)
    # Python leaves out streams that were closed (`<&-`). Here nobody has to ask whether they are there, and no file
    # gets their descriptors.
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as above
    _spell_out_what_stdout_lacks()
    _interrupt_as_ctrl_c()
    invocation = Invocation(before=before)
    code = call(sys.argv[1:], invocation)
    if invocation.left_behind:
        # Python would wait for threads that such work has started, and take the others from libraries in mid-sentence.
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _interrupt_as_ctrl_c() -> None:
    """Let what ends jobs of a CI and closed terminals give back locks on the way out, as Ctrl-C does."""

    def interrupted(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    # Who said nohup meant it.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, interrupted)


def _spell_out_what_stdout_lacks() -> None:
    """Let characters that stdout's encoding has not be written as JSON escapes, which in JSON are still themselves.

    Only where Python would raise an error instead: who chose something else gets that.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        codecs.register_error("mason.json", _json_escaped)
        sys.stdout.reconfigure(errors="mason.json")


def _json_escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    # Imported here: most terminals speak UTF-8.
    import json

    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def call(arguments: list[str], invocation: Invocation | None = None) -> int:
    """Run one command and return its exit code; every failure is told here."""
    invocation = invocation or Invocation()
    with invocation.session.entered():
        return _called(arguments, invocation)


def _called(arguments: list[str], invocation: Invocation) -> int:
    try:
        code = _call(arguments, invocation)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has seen enough.
        _abandon_stdout()
        return 141
    except OSError:
        # A full disk, for instance. It was told when the result was printed, which is still waiting to be written.
        _abandon_stdout()
        return 1
    return code


def _abandon_stdout() -> None:
    """Lead stdout to nowhere, or Python would complain once more when it closes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _call(arguments: list[str], invocation: Invocation) -> int:
    stdout = sys.stdout
    try:
        returned = _timed(arguments, invocation)
    except (KeyboardInterrupt, click.Abort) as error:
        # What a store says of a write that was under way.
        said = f"Interrupted. {error}" if isinstance(error, KeyboardInterrupt) and str(error) else "Interrupted."
        _tell(f"\n{said}")
        if invocation.json or "--json" in arguments:
            _print_json(CancelledError(), said)
        return CancelledError.exit_code
    except click.ClickException as error:
        # A usage error is 1 and not click's 2, which means "changes" where --detailed-exitcode was given.
        _remember_likely()
        told = io.StringIO()
        error.show(told)
        _tell(told.getvalue().rstrip("\n"))
        # Where the fault is in the options, --json itself may not have been looked at yet.
        if invocation.json or "--json" in arguments:
            _print_json(error, error.format_message())
        return 1
    except MasonError as error:
        _report(error, invocation)
        return error.exit_code
    except SystemExit as error:
        # Nothing here exits but click: after it has told a shell how a command line goes on, and when the reader of
        # stdout has gone, which it also wraps then.
        if sys.stdout is not stdout:
            raise BrokenPipeError from error
        return error.code if isinstance(error.code, int) else 0
    except Exception as error:
        # Whatever else is raised is told as a fault in Mason itself, without a traceback where nobody asked for one.
        _report(_unwritten(error), invocation)
        return 1
    return returned if isinstance(returned, int) else 0


def _unwritten(error: Exception) -> Exception:
    """What is to be told of ``error``: in words where click could not print a help text."""
    # Whatever else Mason writes has a name, and whoever writes it an error of its own.
    if isinstance(error, OSError) and error.filename is None and error.errno in _TAKES_NOTHING:
        return unwritable(error)
    return error


_TAKES_NOTHING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def _timed(arguments: list[str], invocation: Invocation) -> Any:
    began = time.monotonic()
    try:
        return mason.main(_understood(arguments), prog_name="mason", standalone_mode=False, obj=invocation)
    finally:
        invocation.log(f"the command took {time.monotonic() - began:.3f} seconds")


def _understood(arguments: list[str]) -> list[str]:
    """A command line, in Mason's own words where it is in those of another tool and means one thing."""
    at = _command_at(arguments)
    foreign = at is not None and (arguments[at] not in COMMANDS or _may_be_of_1x(arguments[at:]))
    if not foreign and not any(_may_be_foreign(each) for each in arguments):
        return arguments
    # Imported here: most people type what there is.
    from mason.cli import familiar

    arguments = familiar.with_long_options(arguments)
    at = _command_at(arguments)
    foreign = at is not None and (arguments[at] not in COMMANDS or familiar.is_of_1x(arguments[at:]))
    if at is not None:
        arguments = [*arguments[:at], *familiar.as_destroy(arguments[at:])]
    meant = familiar.command(arguments[at:]) if foreign else None
    return arguments if meant is None else [*arguments[:at], *meant]


def _may_be_of_1x(words: list[str]) -> bool:
    return words == ["run"] or (words[0] == "config" and len(words) > 1)


def _may_be_foreign(argument: str) -> bool:
    if argument.startswith("--"):
        return argument in ("--select", "--full-refresh", "--destroy") or argument.startswith("--refresh=")
    return argument.startswith("-") and (len(argument) > 2 or argument == "-w")


def _command_at(arguments: list[str]) -> int | None:
    """Where the command stands, behind the options of all commands; ``None`` where there is none."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in ("--state", "--workspace", "-l", "--log-level", "-state", "-workspace") else 1
    return at if at < len(arguments) else None


def _report(error: Exception, invocation: Invocation) -> None:
    """Tell an error on stderr, and on stdout as JSON where JSON was asked for."""
    from mason.errors import ResourceError
    from mason.secrets import scrub

    _remember_likely()
    if invocation.debug:
        import traceback

        _tell("".join(traceback.format_exception(error)))
    message = str(error)
    if not isinstance(error, MasonError):
        hint = "" if invocation.debug else " Run again with: mason -l debug ..."
        message = f"a fault in Mason itself: {type(error).__name__}: {message.rstrip('.')}.{hint}"
    if invocation.legacy:
        _print_legacy(message)
    elif invocation.json:
        _print_json(error, message)
    # Scrubbed while it is whole: a secret may have several lines.
    lines = scrub(message).splitlines()
    for line in lines:
        _tell(f"Error: {line}")
    if isinstance(error, (ResourceError, SettingsError)) and len(error.diagnostics) > 1:
        _tell(f"{len(lines)} errors.")


def _remember_likely() -> None:
    """What is wrong with a command line is told in its words, and among them may be a secret that nobody asked for."""
    from mason import secrets, settings

    try:
        known = settings.environment(settings.find_project(settings.current_folder()))
    except MasonError:
        # What is wrong with the settings may be what is being told.
        known = dict(os.environ)
    secrets.remember_likely(known)


def _print_legacy(message: str) -> None:
    from mason.cli.shared import show_json
    from mason.compat1.shapes import answer_shape

    with contextlib.suppress(SettingsError):
        show_json(answer_shape({"Errors": message.splitlines()}, None))


def _print_json(error: Exception, message: str) -> None:
    from mason.cli.shared import show_json
    from mason.render.answers import error_json

    # Where stdout takes nothing, that is the error.
    with contextlib.suppress(SettingsError):
        show_json(error_json(error, message))


def _tell(text: str) -> None:
    from mason.render.terminal import printable
    from mason.secrets import scrub

    click.echo(printable(scrub(text)), err=True)
