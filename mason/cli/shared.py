"""What several commands have in common: opening the project, the ``--json`` option, asking for a yes."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from mason.cli import completion
from mason.cli.invocation import Invocation, unwritable
from mason.errors import NotConfirmedError
from mason.project import opening
from mason.project.confirming import Confirmation
from mason.project.opened import Project
from mason.render.terminal import Terminal, printable, printable_but_styles
from mason.secrets import scrub, scrub_all
from mason.settings import Refresh
from mason.state.lock import listening

Function = TypeVar("Function", bound=Callable[..., Any])


def json_option(function: Function) -> Function:
    """``--json``: one JSON document on stdout and nothing else."""
    return _json_option("Print one JSON document.")(function)


def json_lines_option(function: Function) -> Function:
    """``--json`` of commands that go on for a while: a line of JSON on stdout for each event, and nothing else."""
    return _json_option("Print a line of JSON for each event.")(function)


def _json_option(text: str) -> Callable[[Function], Function]:
    return click.option("--json", "as_json", is_flag=True, expose_value=False, callback=_want_json, help=text)


def _want_json(ctx: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    invocation = ctx.find_object(Invocation)
    assert invocation is not None, "every command is called with an invocation"
    invocation.json = value
    return value


def legacy_option(function: Function) -> Function:
    """``--legacy-json``: as ``--json``, in the shapes of Mason 1.x."""
    text = "Print one JSON document as Mason 1.x did."
    return click.option("--legacy-json", is_flag=True, expose_value=False, callback=_want_legacy, help=text)(function)


def _want_legacy(ctx: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    invocation = ctx.find_object(Invocation)
    assert invocation is not None, "every command is called with an invocation"
    invocation.legacy = value
    return value


class _Ordered(click.Option):
    """An option that tells the invocation of its values when they are parsed: click keeps the order of the values of
    one option, and not that of two, and a later value of a variable wins."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        super().add_to_parser(parser, ctx)
        (name,) = self.opts
        option = parser._long_opt[name]
        process, invocation = option.process, ctx.find_object(Invocation)
        if invocation is None:
            # A shell completes: nothing is called.
            return

        def told(value: Any, state: Any) -> None:
            invocation.variables.append((name, value))
            process(value, state)

        option.process = told


def variables_option(function: Function) -> Function:
    """``--var NAME=VALUE`` and ``--var-file FILE``, which may repeat."""
    text = "A value for {{vars.NAME}}; may be repeated, and the last one wins."
    file = "A YAML or JSON mapping of variables; may be repeated."
    for name, metavar, told in (("--var-file", "FILE", file), ("--var", "NAME=VALUE", text)):
        function = click.option(name, multiple=True, metavar=metavar, help=told, expose_value=False, cls=_Ordered)(
            function
        )
    return function


def refresh_option(text: str) -> Callable[[Function], Function]:
    """``--refresh`` and ``--no-refresh``: instead of what ``mason.yaml`` says."""
    return click.option("--refresh/--no-refresh", default=None, callback=_want_refresh, help=text)


def _want_refresh(_ctx: click.Context, _parameter: click.Parameter, value: bool | None) -> Refresh | None:
    return None if value is None else "always" if value else "never"


def markdown_option(function: Function) -> Function:
    """``--markdown``: a comment for a pull request."""
    option = click.option("--markdown", "as_markdown", is_flag=True, help="Print a comment for a pull request.")
    return option(function)


def full_option(function: Function) -> Function:
    """``--full``: the text of the Python files that are created, too."""
    option = click.option("--full", is_flag=True, help="Show the text of the Python files that come with it, too.")
    return option(function)


def refuse_both(invocation: Invocation, as_markdown: bool) -> None:
    """Refuse ``--json`` and ``--markdown`` together. Raises ``click.UsageError``."""
    if invocation.json and as_markdown:
        raise click.UsageError("Choose one of --json and --markdown.")


def open_project(invocation: Invocation, *, uses_state: bool = True) -> Project:
    """The project around the current folder. ``uses_state`` is false for who looks at its files alone."""
    opened = opening.open_project(invocation.state, workspace=invocation.workspace, variables=invocation.variables)
    # Until the command ends: whoever waits for a lock, or takes over one that ran out, should know.
    click.get_current_context().with_resource(listening(tell))
    if uses_state and (told := opening.first_meeting(opened)):
        tell(told)
    invocation.log(f"project {opened.settings.root}, state {opened.store.url}")
    return opened


def show(text: str) -> None:
    """A result, on stdout. What people wrote can colour it at most; it cannot command the terminal."""
    _print(shown(text))


def shown(text: str) -> str:
    """``text`` as :func:`show` prints it."""
    return printable_but_styles(scrub(text))


def show_json(document: Any) -> None:
    """A result as JSON, on stdout."""
    _print(printable(json.dumps(scrub_all(document), ensure_ascii=False, indent=2)))


def _print(text: str) -> None:
    try:
        click.echo(text, color=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error) from error


def parallelism_option(function: Function) -> Function:
    """``--parallelism N``."""
    text = "How many steps at once (default: cores)."
    return click.option("--parallelism", type=click.IntRange(min=1), metavar="N", help=text)(function)


class _Seconds(click.FloatRange):
    """How long to wait: not less than nothing, ``inf`` for ever. NaN, which ranges let pass, would be no time."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        converted = super().convert(value, param, ctx)
        if math.isnan(converted):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return converted


def lock_timeout_option(function: Function) -> Function:
    """``--lock-timeout SECONDS``. Where nobody sits and waits, patience costs less than a job that has to run again."""
    option = click.option(
        "--lock-timeout",
        type=_Seconds(min=0),
        default=_lock_patience,
        show_default="10, or 300 where CI is set",
        metavar="SECONDS",
        help="How long to wait for somebody else's lock.",
    )
    return option(function)


def _lock_patience() -> float:
    return 300.0 if os.environ.get("CI", "").lower() not in ("", "0", "false") else 10.0


def replace_option(function: Function) -> Function:
    """``--replace ADDRESS``."""
    text = "Do this run again, or put this schedule again, though nothing changed."
    option = click.option(
        "--replace", "again", multiple=True, metavar="ADDRESS", help=text, shell_complete=completion.addresses
    )
    return option(function)


def addresses_among(paths: tuple[Path, ...], targets: tuple[str, ...]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The paths, and the targets with the addresses among the paths: what no file is called and looks like one."""
    if not paths:
        return paths, targets
    # Imported here: most plans are of the whole project.
    from mason.resources.kinds import is_address

    words = ".".join(map(str, paths))
    if len(paths) > 1 and is_address(words) and not any(path.exists() for path in paths):
        # A kind and its names, as other commands take them.
        return (), (*targets, words)
    named = [str(path) for path in paths if is_address(str(path)) and not path.exists()]
    return tuple(path for path in paths if str(path) not in named), (*targets, *named)


def tell_of_old_home() -> None:
    """Offer what Mason 1.x has registered for this person, where nothing is known of it yet."""
    from mason.project.older_mason import left_at_home

    if told := left_at_home():
        tell(told)


def yes_option(function: Function) -> Function:
    """``-y``: no question."""
    return click.option("-y", "--auto-approve", is_flag=True, help="Do not ask.")(function)


@contextmanager
def kept_stdout() -> Iterator[TextIO]:
    """stdout as it is now, for results that are told while what operators print is led aside."""
    try:
        number = os.dup(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        yield sys.stdout
        return
    stream = os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace")
    try:
        yield stream
    finally:
        # What could not be written was told when it was printed.
        with suppress(OSError):
            stream.close()


def print_to(stream: TextIO, line: str) -> None:
    """A line of JSON, at once."""
    stream.write(printable(line) + "\n")
    stream.flush()


class Heard:
    """What is told of work within it may find nobody who listens any more (`| head`, a terminal that was closed): the
    work goes on all the same, and ``unheard`` is the first error of that."""

    unheard: OSError | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, OSError):
            return False
        self.unheard = self.unheard or error
        return True


def tell(text: str) -> None:
    """Progress or a question, on stderr; as careful as :func:`show`."""
    click.echo(printable_but_styles(scrub(text)), err=True, color=True)


def output(invocation: Invocation) -> Terminal:
    """What stdout can show."""
    return Terminal.of(sys.stdout, no_color=invocation.no_color)


def progress(invocation: Invocation) -> Terminal:
    """What stderr can show."""
    return Terminal.of(sys.stderr, no_color=invocation.no_color)


def watching(invocation: Invocation) -> AbstractContextManager[None]:
    """Within it, the progress of long work is shown on stderr: nothing with ``--json``, whose readers are programs."""
    if invocation.json:
        return nullcontext()
    from mason.render.progress_bar import showing

    stream = sys.stderr
    # Log lines go to the stream directly, and would be written into a bar.
    live = stream.isatty() and invocation.log_level in ("warning", "error")
    return showing(stream, lambda: Terminal.of(stream, no_color=invocation.no_color), live=live)


def confirm(confirmation: Confirmation) -> None:
    """Ask on stderr; raises ``NotConfirmedError`` for any answer but the expected one, and for none."""
    # The names of projects in it come from the state.
    asked = printable(scrub(f"{confirmation.question} Only {confirmation.expected} is accepted: "))
    click.echo(f"\n{asked}", err=True, nl=False)
    answer = sys.stdin.readline()
    if not sys.stdin.isatty():
        # Nobody's Enter has ended the line.
        click.echo("", err=True)
    if not answer:
        raise NotConfirmedError("Nobody answered, so nothing was done. Without a prompt, pass -y.")
    if answer.strip() != confirmation.expected:
        raise NotConfirmedError("Not confirmed, so nothing was done.")


def confirm_each(confirmations: Iterable[Confirmation]) -> None:
    """Ask what has to be confirmed, one after the other; see :func:`confirm`."""
    for confirmation in confirmations:
        confirm(confirmation)
