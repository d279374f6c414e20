"""What a shell completes beyond commands and options: names of what was applied, and ids of runs.

Asked for by a shell alone, and read-only. Where something is wrong nothing is completed: in the middle of a line a
person has no use for an error.
"""

from __future__ import annotations

from contextlib import suppress

import click

from mason.errors import MasonError
from mason.project import opening
from mason.project.opened import Project

_RUNS = 50


def addresses(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Addresses of what was applied."""
    return [address for address in _applied(context) if address.startswith(incomplete)]


def namespaces(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Namespaces of operators or workflows that were applied, whichever the command is about; ids of configs."""
    return _parts(context, 1, [_kind(context)], incomplete)


def commands(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Commands of the namespace that was typed."""
    return _parts(context, 2, [_kind(context), context.params.get("namespace")], incomplete)


def config_ids(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids of configs that were applied."""
    return _parts(context, 1, ["config"], incomplete)


def run_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of runs that were applied as resources."""
    return _parts(context, 1, ["run"], incomplete)


def run_ids(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids of the newest runs, newest first."""
    with suppress(MasonError, OSError):
        from mason.project.runs.history import list_runs

        found = (run_id for run_id, _ in list_runs(_project(context), most=_RUNS))
        return [run_id for run_id in found if run_id.startswith(incomplete)]
    return []


def parameters(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of parameters, and of what these name: databases, tables and columns of the config's metastore."""
    # click stops at an option without a value, which is the one that is completed, and leaves the arguments apart.
    names = [each for key in ("namespace", "command") if (each := context.params.get(key))] or context.args
    found: list[str] = []
    with suppress(MasonError, OSError):
        from mason.project import completing

        address = ".".join(map(str, (_kind(context), *names)))
        pairs = tuple(context.params.get("pairs") or ())
        config_id = str(context.params.get("config_id") or "")
        found = completing.parameters(_project(context), address, incomplete, pairs, config_id)
    return found


def opened(context: click.Context) -> Project | None:
    """The project of a command line that a shell completes; ``None`` where it cannot be opened."""
    with suppress(MasonError, OSError):
        return _project(context)
    return None


def _kind(context: click.Context) -> str:
    """The kind of resource that a command is about: what was typed for it, else the command's own name."""
    typed = context.params.get("kind")
    return typed.removesuffix("s") if isinstance(typed, str) else str(context.info_name)


def _parts(context: click.Context, place: int, before: list[str | None], incomplete: str) -> list[str]:
    """The words at ``place`` of addresses whose words before it are these."""
    split = [address.split(".") for address in _applied(context)]
    found = {words[place] for words in split if len(words) > place and words[:place] == before}
    return sorted(word for word in found if word.startswith(incomplete))


def _applied(context: click.Context) -> list[str]:
    with suppress(MasonError, OSError):
        return sorted(_project(context).store.read().resources)
    return []


def _project(context: click.Context) -> Project:
    options = context.find_root().params
    return opening.open_project(options.get("state"), workspace=options.get("workspace"))
