"""In which order resources that use one another are saved, and who uses whom in a circle. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from mason.resources.address import KINDS, kind_of

Uses = Mapping[str, Sequence[str]]
"""The addresses that each address uses; those that are no key themselves do not count."""


def topological(uses: Uses) -> list[str]:
    """The addresses, each after what it uses; by kind and then by name where the order is free.

    Where resources use one another in a circle there is no such order, and kind and name decide alone.
    """
    by_name = sorted(uses, key=lambda address: (_rank(kind_of(address)), address))
    sorter = TopologicalSorter({address: [used for used in uses[address] if used in uses] for address in by_name})
    try:
        sorter.prepare()
    except CycleError:
        return by_name
    place = {address: number for number, address in enumerate(by_name)}
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        order.extend(ready)
        sorter.done(*ready)
    return order


def cycles(uses: Uses) -> list[list[str]]:
    """A circle of addresses (the first one again at its end), if there is one; an empty list if there is none."""
    try:
        TopologicalSorter(
            {address: [used for used in using if used in uses] for address, using in uses.items()}
        ).prepare()
    except CycleError as error:
        return [list(error.args[1])]
    return []


def _rank(kind: str) -> int:
    # A state may hold kinds that a newer Mason has: they come last.
    return KINDS.index(kind) if kind in KINDS else len(KINDS)
