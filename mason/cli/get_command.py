"""``mason get`` and ``mason config``: what was applied."""

from __future__ import annotations

from typing import Any

import click

from mason.cli import completion
from mason.cli.invocation import Invocation
from mason.cli.shared import json_option, legacy_option, open_project, output, show, show_json, tell, tell_of_old_home
from mason.project import applied
from mason.resources.address import KINDS
from mason.settings import DEFAULT_WORKSPACE

_GET_EPILOG = """\b
Examples:
  mason get                      everything, a table for each kind
  mason get operator             all operators
  mason get operator table       the operators of one namespace
  mason get operator table get   one definition, whole, as JSON
  mason get config 1 --json      for scripts
  mason get operator -o name     addresses, a line each
  mason get operator -o yaml     as files would say it
"""
_CONFIG_EPILOG = """\b
Examples:
  mason config         all configs; * marks the current one
  mason config 3       the definition of config 3
  mason config 3 -s    use config 3 from now on
"""


class _Kind(click.Choice):  # type: ignore[type-arg]  # click 8.1 takes no argument here
    """A choice that takes the plural as well: ``mason get operators`` is what people say."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        singular = str(value).removesuffix("s")
        return super().convert(singular if singular in KINDS else value, param, ctx)


@click.command(epilog=_GET_EPILOG)
@click.argument("kind", type=_Kind(["all", *KINDS]), default="all")
@click.argument("namespace", required=False, shell_complete=completion.namespaces)
@click.argument("command", required=False, shell_complete=completion.commands)
@click.option(
    "-o", "--output", "form", type=click.Choice(["json", "name", "yaml"]), help="Print definitions, or addresses only."
)
@json_option
@legacy_option
@click.pass_obj
def get(invocation: Invocation, kind: str, namespace: str | None, command: str | None, form: str | None) -> None:
    """List what was applied. When NAMESPACE and COMMAND leave one match, its whole definition is printed.

    For configs, NAMESPACE is the id.
    """
    if form in ("name", "yaml") and invocation.json:
        raise click.UsageError(f"Choose one of --json and -o {form}.")
    invocation.json = invocation.json or form == "json"
    _look_up(invocation, kind, [name for name in (namespace, command) if name], form)


@click.command(epilog=_CONFIG_EPILOG)
@click.argument("identifier", metavar="[ID]", required=False, shell_complete=completion.config_ids)
@click.option("-s", "--set-current", is_flag=True, help="Use this config from now on.")
@json_option
@legacy_option
@click.pass_obj
def config(invocation: Invocation, identifier: str | None, set_current: bool) -> None:
    """List configs, or show one.

    The current config belongs to you, not to the team: it is kept in ~/.mason, for each state.
    """
    if not set_current:
        _look_up(invocation, "config", [identifier] if identifier else [])
        return
    if not identifier:
        raise click.UsageError("-s needs the ID of a config.")
    applied.choose_config(open_project(invocation).store.read(), identifier)
    if invocation.json:
        from mason.render import JSON_FORMAT

        show_json({"format_version": JSON_FORMAT, "current_config": identifier})
    tell(f"Config {identifier} is current.")


def _look_up(invocation: Invocation, kind: str, names: list[str], form: str | None = None) -> None:
    opened = open_project(invocation)
    snapshot = opened.store.read()
    found = applied.find(snapshot, kind, names)
    current = applied.current_config(snapshot)
    from mason.render import resources

    edited = [address for address in snapshot.edited if address in found]
    for address in edited:
        tell(f"Warning: {address} was edited in the state: it is not what was applied. See what differs: mason plan")

    if invocation.legacy:
        from mason.compat1 import shapes

        shaped = [shapes.definition_shape(applied.shown_definition(entry), current=current) for entry in found.values()]
        show_json(shaped[0] if names and len(shaped) == 1 else shaped)
    elif invocation.json:
        show_json(resources.resources_json(found, current, applied.shown_definition, edited=edited))
    elif found and form == "name":
        show("\n".join(found))
    elif found and form == "yaml":
        show(resources.definitions_yaml([applied.shown_definition(entry) for entry in found.values()]))
    elif names and len(found) == 1:
        show(resources.definition_text(applied.shown_definition(next(iter(found.values())))))
    elif found:
        show(resources.resources_text(found, current, output(invocation)))
    else:
        what = "Nothing" if kind == "all" else f"No {kind}"
        where = f" in workspace {opened.workspace}" if opened.workspace != DEFAULT_WORKSPACE else ""
        tell(f"{what} was applied yet{where}. Start with: mason apply")
        tell_of_old_home()
