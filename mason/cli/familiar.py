"""What people type who come from Terraform, kubectl, dbt or Mason 1.x: understood where it means one thing here, else
one line says what to type. Loaded only for what Mason itself does not know.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

_LONG = (
    "allow-undefined",
    "auto-approve",
    "check",
    "config",
    "destroy",
    "detailed-exitcode",
    "diff",
    "file",
    "full",
    "help",
    "json",
    "lock-timeout",
    "markdown",
    "no-color",
    "out",
    "output",
    "overwrite",
    "parallelism",
    "prune",
    "refresh",
    "replace",
    "state",
    "strict",
    "take-over",
    "target",
    "var",
    "var-file",
    "version",
    "workspace",
)
"""Options of Mason's own that Terraform's users write with one dash."""

_MEANT = {
    "-chdir": "Change the folder first: cd FOLDER, then mason ...",
    "-input": "Without a prompt Mason asks nothing and does nothing, unless you pass -y.",
    "-lock": "The state's lock cannot be left out. How long to wait for it: --lock-timeout SECONDS",
    "-w": "To look again and again: watch mason get",
    "-refresh-only": "To see what changed in engines since: mason drift. To plan to put it right: mason plan --refresh",
    "-upgrade": "There is nothing to upgrade: clients come with Mason, or by pip.",
    "--select": "To plan a part: mason plan --target ADDRESS, or mason plan FOLDER",
    "--full-refresh": "To do a run again: mason apply --replace run.NAME",
}
"""Options that mean something else here, or nothing; each with what to type."""

_REFRESH = {
    "true": ["--refresh"],
    "always": ["--refresh"],
    "false": ["--no-refresh"],
    "never": ["--no-refresh"],
}
"""Values of ``-refresh=``, as Terraform has it and as ``mason.yaml`` has it."""

_COMMANDS: dict[str, tuple[str, ...]] = {
    "audit": ("check",),
    "delete": ("destroy",),
    "describe": ("get",),
    "diff": ("plan",),
    "explain": ("schema",),
    "force-unlock": ("state", "unlock"),
    "history": ("runs", "list"),
    "list": ("get",),
    "logs": ("runs", "logs"),
    "ls": ("get",),
    "rollback": ("state", "rollback"),
    "unlock": ("state", "unlock"),
}
"""Commands of other tools that are others here, in words."""

_HINTS = {
    "build": "What runs do is declared (type: run): mason apply. One operator or workflow: mason run",
    "clean": "Nothing is built that would have to be cleaned. What no file defines any more: mason apply --prune",
    "compile": "The finished sentences of runs: mason plan. Of one operator: mason validate operator NAMESPACE COMMAND",
    "console": "To ask tables: mason run operator table query",
    "create": "Write it as YAML, then: mason apply",
    "debug": "To check files and configs: mason validate. What engines hold otherwise: mason drift",
    "deps": "Operators are files of the project; those of Python packages come by pip.",
    "docs": "What was applied: mason get. What uses what: mason graph",
    "edit": "Change its YAML, then: mason apply",
    "login": "Credentials are those of each client's own tools; secrets are references: {{NAME}} in the config's YAML.",
    "output": "What a run returned: mason runs show ID",
    "providers": "Which clients there are: mason schema config",
    "refresh": "To see what changed in engines since: mason drift. To plan to put it right: mason plan --refresh",
    "seed": "Files are tables as they are: a folder in the warehouse is a database. See: mason run operator table list",
    "snapshot": "States that were: mason state history",
    "source": "What a run reads is said by its inputs (type: run); when these change it is done again by: mason apply",
    "taint": "To do a run again: mason apply --replace run.NAME",
    "test": "To check tables that runs published: mason check. To check files and configs: mason plan. To check a run: "
    "mason validate operator NAMESPACE COMMAND",
}
"""Commands of other tools that mean nothing here, or several things; each with what to type."""

_WORKSPACE = "The workspace is chosen by each command: mason --workspace NAME ..., or export MASON_WORKSPACE=NAME"


def with_long_options(arguments: Sequence[str]) -> list[str]:
    """A command line with two dashes before long options that were written with one. Raises ``click.UsageError`` for
    those that Mason has not, with what to type instead."""
    meant: list[str] = []
    for index, argument in enumerate(arguments):
        if argument == "--":
            return [*meant, *arguments[index:]]
        name, equals, value = argument.partition("=")
        if name in ("-refresh", "--refresh") and value in _REFRESH:
            meant += _REFRESH[value]
            continue
        if hint := _MEANT.get(name):
            raise click.UsageError(f"There is no option {name}. {hint}")
        meant.append(f"-{name}{equals}{value}" if name[:1] == "-" and name[1:] in _LONG else argument)
    return meant


def as_destroy(words: Sequence[str]) -> list[str]:
    """A command line that begins with a command, where Terraform's ``apply -destroy`` is ``destroy``."""
    if words[0] != "apply" or "--destroy" not in words:
        return list(words)
    return ["destroy", *(each for each in words[1:] if each != "--destroy")]


def is_of_1x(words: Sequence[str]) -> bool:
    """Whether a command line that begins with a command of today is one of Mason 1.0x: ``config PATH``, ``run``."""
    first, *rest = words
    if first == "run":
        return not rest
    return first == "config" and any("/" in each or each.endswith((".yaml", ".yml")) for each in rest)


def _of_1x(words: Sequence[str]) -> list[str] | None:
    """What a command of Mason 1.x is today, which is told; ``None`` where it is none."""
    first, *rest = words
    if first == "run" and not rest:
        raise click.UsageError(
            "mason run starts no server any more; that will be mason server, which is not there yet. To run what was "
            "applied: mason run operator NAMESPACE COMMAND"
        )
    if first in ("register", "config"):
        meant = ["apply", *rest]
    elif first == "operator":
        meant = _operator(rest)
    else:
        return None
    # Imported here: nobody types what is today's by this way.
    import shlex

    click.echo(f"mason {first} of Mason 1.x is today: mason {shlex.join(meant)}", err=True)
    return meant


def _operator(rest: Sequence[str]) -> list[str]:
    """``operator``, ``operator NAMESPACE`` list; with a command it runs, and its ``-c`` is a file of parameters."""
    names: list[str] = []
    options: list[str] = []
    given = iter(rest)
    for word in given:
        if word in ("-c", "--config"):
            options += ["-f", *[value for value in (next(given, None),) if value is not None]]
        elif word in ("-p", "--parameters"):
            options += ["-p", *[value for value in (next(given, None),) if value is not None]]
        elif word.startswith("-"):
            options.append(word)
        else:
            names.append(word)
    return [*(["run", "operator"] if len(names) > 1 else ["get", "operator"]), *names, *options]


def command(words: Sequence[str]) -> list[str] | None:
    """What a command line means that begins with no command of Mason's; ``None`` where that is not clear.

    Raises ``click.UsageError`` with what to type where it is another tool's way to do something.
    """
    if (meant := _of_1x(words)) is not None:
        return meant
    first, *rest = words
    if first == "version":
        return ["--version"]
    if first == "help":
        return [*rest, "--help"]
    if first in ("workspace", "workspaces"):
        if not rest or rest[0] in ("list", "ls"):
            return ["state", "workspaces", *rest[1:]]
        raise click.UsageError(_WORKSPACE)
    if first in _HINTS:
        raise click.UsageError(f"There is no command {first!r}. {_HINTS[first]}")
    if first == "delete" and rest and "." not in rest[0]:
        # As kubectl has it: the kind, then the names.
        names = [each for each in rest if not each.startswith("-")]
        return ["destroy", ".".join(names), *(each for each in rest if each.startswith("-"))]
    return [*_COMMANDS[first], *rest] if first in _COMMANDS else None
