"""Steps of a resumed run that are done: they stay as they ran, whatever is given for them by now. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from mason.dryrun.expansion import FlatStep
from mason.dryrun.references import is_referring
from mason.resources.operator import Operator, Parameter
from mason.resources.parameters import convert
from mason.secrets import scrub_all

Kept: TypeAlias = "Callable[[Sequence[FlatStep]], Mapping[str, Mapping[str, Any]]]"
"""Of all steps of a run that is resumed: with which parameters those ran that are not done again."""


def others_given(flat: FlatStep, operator: Operator, ran: Mapping[str, Any], read: Callable[[Any], Any]) -> bool:
    """Whether something is given anew for a step that is not what it ``ran`` with.

    ``read`` spells the references in a value as they were kept.
    """
    declared = {parameter.name: parameter for parameter in operator.parameters}
    given = {**flat.entry.parameters, **flat.entry.pairs.values}
    return any(
        name not in declared or not _is(read(value) if is_referring(value) else value, ran.get(name), declared[name])
        for name, value in given.items()
    )


def _is(given: Any, known: Any, parameter: Parameter) -> bool:
    """Whether ``given`` would be bound as the value that is ``known``, in which secrets are taken out."""
    if given is None:
        return bool(parameter.default == known)
    try:
        return bool(scrub_all(given if is_referring(given) else convert(given, parameter.type)) == known)
    except ValueError:
        return False
