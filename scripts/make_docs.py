"""Writes the generated references, so that they cannot say anything that the code does not.

``docs/commands.md`` holds the help of every command, ``docs/yaml.md`` the keys of YAML, ``docs/sql_on_*.md`` what
becomes of queries; the tables between marks in other pages are made from what engines and clients declare.
``make docs`` runs this; a test compares the files with what it would write.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import click

from mason.cli import mason as root
from mason.cli.invocation import Invocation
from mason.clients import registry
from mason.engines import engine_types
from mason.engines.capabilities import Capabilities, FileFormat
from mason.engines.engine import Engine
from mason.engines.scheduling import Keeps
from scripts.sql_page import COMPARED, sql_page
from scripts.yaml_page import yaml_page

ROOT = Path(__file__).resolve().parent.parent
_MADE = re.compile(r"(<!-- (\w+): made by `make docs` -->\n).*?(<!-- end of \2 -->)", re.DOTALL)


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
    for role, engine in engine_types().items():
        for verb in engine.verbs.values():
            cells = ["yes" if verb.name in registry.roles(name).get(role, ()) else "" for name in names]
            effect = "" if verb.read_only and verb.changing_with is None else " *"
            lines.append(f"| `{verb}`{effect} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", "\\* changes things (`execution.query` only with `output`)", ""])


def roles_table() -> str:
    """Who plays what: a row for each client, a column for each engine."""
    roles = list(engine_types())
    lines = ["| client | " + " | ".join(roles) + " | |", "|---|" + "---|" * (len(roles) + 1)]
    for name in registry.names():
        cells = [_yes(registry.roles(name).get(role)) for role in roles]
        lines.append(f"| `{name}` | {' | '.join(cells)} | {registry.schema(name).get('description', '')} |")
    return "\n".join([*lines, ""])


def pages_list() -> str:
    """The pages of clients: a line for each, with what the client is."""
    pages = sorted((ROOT / "docs" / "clients").glob("*.md"))
    said = {page.stem: registry.schema(page.stem).get("description", "") for page in pages}
    return "".join(f"- [`{name}`](clients/{name}.md): {text}\n" for name, text in said.items())


def engines_table() -> str:
    """What there is to ask: a row for each engine, with what it is and its verbs."""
    lines = ["| engine | is | verbs |", "|---|---|---|"]
    for role, engine in engine_types().items():
        verbs = ", ".join(f"`{name}`" for name in engine.verbs)
        lines.append(f"| `{role}` | {_first_sentence(engine)} | {verbs} |")
    return "\n".join([*lines, ""])


def _first_sentence(engine: type[Engine]) -> str:
    return re.split(r"(?<=\.)\s", (engine.__doc__ or "").strip(), maxsplit=1)[0].replace("``", "`")


def formats_table() -> str:
    """Which formats clients read and write: a row for each client that works on tables and each format."""
    lines = ["| client | format | read | written | compressed by | as a folder |", "|---|---|---|---|---|---|"]
    for name in registry.names():
        can = registry.capabilities(name).get("execution", Capabilities())
        for format in dict.fromkeys(each.name for each in (*can.reads, *can.writes)):
            read, written = can.read(format), can.written(format)
            compressions = ", ".join((written or read or FileFormat(format)).compressions)
            folders = " and ".join(
                word for word, each in (("read", read), ("written", written)) if each is not None and each.folders
            )
            cells = [f"`{name}`", f"`{format}`", _yes(read), _yes(written), compressions, folders]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _yes(given: object) -> str:
    return "yes" if given else ""


def capabilities_table() -> str:
    """What else clients declare: a row for each client and engine, with what differs from promising nothing."""
    lines = ["| client | engine | declares |", "|---|---|---|"]
    for name in registry.names():
        for role, can in registry.capabilities(name).items():
            declared = [
                f"`{each.name}`: {_value(getattr(can, each.name))}"
                for each in fields(Capabilities)
                if each.name not in ("reads", "writes", "keeps") and getattr(can, each.name) != each.default
            ]
            lines.append(f"| `{name}` | `{role}` | {', '.join(declared)} |")
    return "\n".join([*lines, ""])


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def schedulers_table() -> str:
    """What schedulers keep: a row for each rule, a column for each client that is one."""
    found = {name: registry.capabilities(name) for name in registry.names() if "scheduler" in registry.roles(name)}
    keeps = {name: can["scheduler"].keeps for name, can in found.items()}
    lines = ["| rule | " + " | ".join(keeps) + " |", "|---|" + "---|" * len(keeps)]
    for rule in fields(Keeps):
        cells = [_kept(getattr(each, rule.name), rule.name) for each in keeps.values()]
        lines.append(f"| `{rule.name}` | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _kept(kept: Mapping[str, tuple[str, ...]] | tuple[str, ...] | bool | int | None, rule: str) -> str:
    if isinstance(kept, bool):
        return _yes(kept)
    if rule == "together":
        return ", ".join(" and ".join(pair) for pair in kept) if isinstance(kept, tuple) and kept else "all"
    if rule == "operators":
        return ", ".join(kept) if isinstance(kept, Mapping) else "all"
    return ", ".join(kept) if isinstance(kept, tuple) else "any number" if kept is None else str(kept)


_TABLES: dict[str, Callable[[], str]] = {
    "clients": clients_table,
    "roles": roles_table,
    "pages": pages_list,
    "engines": engines_table,
    "formats": formats_table,
    "capabilities": capabilities_table,
    "schedulers": schedulers_table,
}


def made_anew(text: str) -> str:
    """A page with every table in it made anew that stands between its marks."""
    return _MADE.sub(lambda match: f"{match[1]}{_TABLES[match[2]]()}{match[3]}", text)


def pages_with_tables() -> list[Path]:
    """The pages that hold a table between marks."""
    return [
        page
        for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
        if _MADE.search(page.read_text("utf-8"))
    ]


def main() -> None:
    """Write all generated references."""
    (ROOT / "docs" / "commands.md").write_text(commands_page(), "utf-8")
    (ROOT / "docs" / "yaml.md").write_text(yaml_page(), "utf-8")
    for each in COMPARED:
        (ROOT / "docs" / f"{each.page}.md").write_text(sql_page(each), "utf-8")
    for page in pages_with_tables():
        page.write_text(made_anew(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
