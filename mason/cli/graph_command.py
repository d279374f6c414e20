"""``mason graph``: the DAG of a workflow, or what uses what, as a picture or for other tools."""

from __future__ import annotations

import click

from mason.cli import completion
from mason.cli.invocation import Invocation
from mason.cli.shared import open_project, output, show
from mason.project.runs import preparing
from mason.render import dags

_EPILOG = """\b
Examples:
  mason graph
  mason graph workflow table validated_infer
  mason graph workflow table export --format mermaid
  mason graph --format dot | dot -Tsvg > graph.svg
"""


@click.command(epilog=_EPILOG)
@click.argument("kind", required=False, type=click.Choice(["workflow"]))
@click.argument("namespace", required=False, shell_complete=completion.namespaces)
@click.argument("command", required=False, shell_complete=completion.commands)
@click.option(
    "--format",
    "form",
    type=click.Choice(["ascii", "mermaid", "dot"]),
    default="ascii",
    show_default=True,
    help="How to draw it.",
)
@click.pass_obj
def graph(invocation: Invocation, kind: str | None, namespace: str | None, command: str | None, form: str) -> None:
    """Draw the DAG of a workflow that was applied, or all resources and what they use."""
    if kind is not None and command is None:
        raise click.UsageError("Name the workflow: mason graph workflow NAMESPACE COMMAND")
    opened = open_project(invocation)
    if namespace is not None and command is not None:
        nodes = dags.nodes_of(preparing.applied_workflow(opened, (namespace, command)))
    else:
        nodes = dags.resource_nodes(preparing.applied_uses(opened))
    if not nodes:
        show("There is nothing in the state to draw. Apply something first: mason apply")
    elif form == "mermaid":
        show(dags.mermaid_dag(nodes))
    elif form == "dot":
        show(dags.dot_dag(nodes, name=f"{namespace}:{command}" if command else "mason"))
    else:
        show(dags.ascii_dag(nodes, output(invocation)))
