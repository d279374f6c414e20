"""References in what people write: ``{{name}}``. Which there may be depends on the place; one that nothing fills in is
refused, because it would be passed on as it stands.

The sentences of an operator know their parameters and check these themselves, and the parameters of runs and schedules
are checked where what they execute is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mason.resources.faults import Finding, Path
from mason.resources.wording import nearest, quoted, shown_path
from mason.secrets import is_reference

TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
"""A reference in an argument of a sentence: ``{{name}}``, spaces around the name allowed."""

_PROSE = "description"
_FILLED_IN_LATER = {"operator": "do", "run": "parameters", "schedule": "parameters"}


def unknown_references(definition: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with references outside of an operator's sentences and the parameters of runs and schedules.

    A client's configuration may refer to the environment; nothing else refers to anything by now, because variables are
    filled in. Descriptions are for people, and may say what they like.
    """
    kind = definition.get("type")
    for key, value in definition.items():
        if key in (_PROSE, _FILLED_IN_LATER.get(str(kind))):
            continue
        for path, text in _texts(value, (key,)):
            in_configuration = kind == "config" and key == "clients" and "configuration" in path[:3]
            yield from _of_environment(text, path) if in_configuration else _nowhere(text, path)


def _of_environment(text: str, path: Path) -> Iterator[Finding]:
    for match in TEMPLATE.finditer(text):
        if not is_reference(match[0]):
            # Not quoted: it may be a part of a secret.
            yield Finding(path, f"{shown_path(path)} holds {{{{...}}}} that names no environment variable", _BY_NAME)
    if "{{" in TEMPLATE.sub("", text):
        yield Finding(path, f"{shown_path(path)} opens {{{{ and never closes it", _BY_NAME)


_BY_NAME = "write {{NAME}}, with letters, digits and _, or {{vars.NAME}} for a variable of mason.yaml"


def _nowhere(text: str, path: Path) -> Iterator[Finding]:
    for match in TEMPLATE.finditer(text):
        message = f"{quoted(match[0])} in {shown_path(path)} is a reference that nothing fills in"
        yield Finding(path, message, remedy_for(match[1]))
    if "{{" in TEMPLATE.sub("", text):
        yield Finding(path, f"{shown_path(path)} opens {{{{ and never closes it", "write {{vars.NAME}}, or no braces")


def remedy_for(inside: str) -> str:
    """What to write instead of a reference that nothing fills in, by what stands in its braces."""
    first, dot, rest = inside.strip().partition(".")
    if dot and (meant := nearest(first.lower(), ("vars", "steps", "runs"))):
        return f"did you mean {{{{{meant}.{rest}}}}}?"
    if is_reference(f"{{{{{inside}}}}}"):
        return f"for a variable of mason.yaml write {{{{vars.{inside.strip()}}}}}, else the value itself"
    return "for a variable of mason.yaml write {{vars.NAME}}, else the value itself"


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if "{{" in value:
            yield path, value
    elif isinstance(value, Mapping | list):
        for step, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            # The descriptions of parameters are prose as well.
            if step != _PROSE or path[:1] != ("parameters",):
                yield from _texts(inner, (*path, step))
