"""Finishing sentences: putting parameters and results into the arguments of an operator's ``do:`` list. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mason.engines.models import Model
from mason.errors import NotFoundError
from mason.resources.operator import Sentence
from mason.resources.templates import TEMPLATE


class Pending(str):
    """Text that stands for a value which is not known yet. A part of it (``{{name.part}}``) stays as it is written."""

    __slots__ = ()


def finish(sentence: Sentence, values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of ``sentence`` with every ``{{name}}`` replaced that ``values`` knows; others stay as they are.

    An argument that is one placeholder takes the value with its type; inside of longer text the value is
    written as text. An argument that comes out as ``None`` (an optional parameter not given) is left out.
    """
    finished = {name: _fill(given, values) for name, given in sentence.arguments.items()}
    return {name: value for name, value in finished.items() if value is not None}


def placeholder(given: Any) -> str:
    """The name in ``given`` (``table`` or ``table.name``) where it is one placeholder and nothing else; else empty."""
    whole = TEMPLATE.fullmatch(given.strip()) if isinstance(given, str) else None
    # Two of them are no single one.
    return whole[1].strip() if whole and "{{" not in whole[1] else ""


def _fill(given: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(given, str):
        whole = TEMPLATE.fullmatch(given.strip())
        if whole and _base(whole) in values:
            return _value(whole, values)
        # One pass: a value that itself holds {{...}} is text of the person's and not looked into.
        return TEMPLATE.sub(lambda match: _text(match, values), given)
    if isinstance(given, Mapping):
        return {key: _fill(inner, values) for key, inner in given.items()}
    if isinstance(given, list):
        return [_fill(inner, values) for inner in given]
    return given


def _base(match: re.Match[str]) -> str:
    return match[1].strip().partition(".")[0]


def _value(match: re.Match[str], values: Mapping[str, Any]) -> Any:
    """The value of ``name`` or, looked up step by step in mappings and models, of ``name.part.part``."""
    name, *parts = match[1].strip().split(".")
    value = values[name]
    for part in parts:
        if isinstance(value, Pending):
            return match[0]
        held = value.to_dict() if isinstance(value, Model) else value
        if not isinstance(held, Mapping) or part not in held:
            raise NotFoundError(f"{match[0]}: there is no {part} in it.")
        value = held[part]
    return value


def _text(match: re.Match[str], values: Mapping[str, Any]) -> str:
    if _base(match) not in values:
        return match[0]
    value = _value(match, values)
    return "" if value is None else str(value)
