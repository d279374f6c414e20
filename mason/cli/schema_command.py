"""``mason schema``: the JSON Schemas that editors complete and check YAML with."""

from __future__ import annotations

import click

from mason.cli.shared import show_json
from mason.project import loading
from mason.resources.schema import kinds

_EPILOG = """\b
Examples:
  mason schema operator
  mason schema config > config.schema.json
"""


@click.command(epilog=_EPILOG)
@click.argument("kind", type=click.Choice(kinds()))
def schema(kind: str) -> None:
    """Print the JSON Schema of a kind of document; for configs with the configuration of every known client."""
    show_json(loading.published_schema(kind))
