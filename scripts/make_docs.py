"""Writes the generated references, so that they cannot say anything that the code does not.

``docs/commands.md`` holds the help of every command; the README's table of clients is made from what the clients
declare. ``make docs`` runs this; a test compares the files with what it would write.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from mason.cli import mason as root
from mason.cli.invocation import Invocation
from mason.clients import registry
from mason.engines import ENGINES

ROOT = Path(__file__).resolve().parent.parent
_TABLE = re.compile(r"(<!-- clients: made by `make docs` -->\n).*?(<!-- end of clients -->)", re.DOTALL)


def commands_page() -> str:
    """The reference of all commands, as Markdown."""
    parts = ["# Commands\n\nMade by `make docs` from the program's own help.\n"]
    for context in _walk(click.Context(root, info_name="mason", obj=Invocation(), terminal_width=100)):
        parts.append(f"## {context.command_path}\n\n```text\n{context.command.get_help(context)}\n```\n")
    return "\n".join(parts)


def _walk(context: click.Context) -> Iterator[click.Context]:
    """The contexts of a command and, depth first, of all commands in it."""
    context.help_option_names = ["-h", "--help"]
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            inner = context.command.get_command(context, name)
            assert inner is not None
            yield from _walk(click.Context(inner, info_name=name, parent=context, terminal_width=100))


def clients_table() -> str:
    """What works where: a row for each verb, a column for each client."""
    names = registry.names()
    lines = ["| verb | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for role, engine in ENGINES.items():
        for verb in engine.verbs.values():
            cells = ["yes" if verb.name in registry.roles(name).get(role, ()) else "" for name in names]
            effect = "" if verb.read_only and verb.changing_with is None else " *"
            lines.append(f"| `{verb}`{effect} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", "\\* changes things (`execution.query` only with `output`)", ""])


def readme(text: str) -> str:
    """The README with its table of clients made anew."""
    return _TABLE.sub(lambda match: f"{match[1]}{clients_table()}{match[2]}", text)


def main() -> None:
    """Write all generated references."""
    (ROOT / "docs" / "commands.md").write_text(commands_page(), "utf-8")
    page = ROOT / "README.md"
    page.write_text(readme(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
