"""What there is to say of a kind of resource, for all that treats kinds alike: each has a module that says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from mason.resources.faults import Finding
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class PythonClass:
    """The Python class that may stand beside a definition: it extends ``base`` of ``mason`` and has ``method``, which
    takes ``arguments``. ``needed`` says that a definition that does not say itself what to do needs one. ``also`` is
    another name of the method, ``older`` the class that an older Mason wanted, which is one of today's all the same."""

    base: str
    method: str
    arguments: tuple[str, ...]
    needed: bool
    also: str = ""
    older: PythonClass | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource.

    ``name``
        The ``type`` of its documents.
    ``keys``
        The keys of a definition that make its address, in that order.
    ``findings``
        All that is wrong with a definition besides its schema; of parts that do not fit the schema it says nothing.
    ``normalized``
        A definition that has no faults, without cosmetic differences. It may hold keys without a value.
    ``uses``
        The addresses that a normalized definition uses; ``None`` where the kind uses nothing.
    ``redirected``
        A normalized definition that names the second address where it named the first; ``None`` as for ``uses``.
    ``effect``
        What applying one does beside saving its definition: a run is ``done``, a schedule is ``put`` where its
        scheduler keeps it.
    ``behaviour``
        What a normalized definition says of what it does, without what it is called; ``None`` where all of it counts.
    ``python``
        The Python class that may stand beside a definition; ``None`` where none may.
    """

    name: str
    keys: tuple[str, ...]
    findings: Callable[[Mapping[str, Any]], list[Finding]]
    normalized: Callable[[Mapping[str, Any]], dict[str, Any]]
    uses: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    redirected: Callable[[Mapping[str, Any], str, str], dict[str, Any]] | None = None
    effect: Literal["", "done", "put"] = ""
    behaviour: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    python: PythonClass | None = None

    @property
    def form(self) -> str:
        """How its addresses are written: ``operator.NAMESPACE.COMMAND``."""
        return ".".join((self.name, *(key.upper() for key in self.keys)))


def without(given: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """``given`` without ``keys``."""
    return {key: value for key, value in given.items() if key not in keys}


def filled(given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` without the keys that hold nothing: no value, or an empty one."""
    return {key: value for key, value in given.items() if value not in _EMPTY}


_EMPTY: tuple[Any, ...] = (None, "", [], {})
