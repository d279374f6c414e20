"""What makes a method a verb: how the planner learns names, arguments and effects without calling anything.

A verb is a public method of an engine's class, marked with :func:`verb`. The mark says
whether the verb may be called before anybody has confirmed anything. This module holds no verbs itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mason.values import dataclass, field

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Verb:
    """The signature of one thing that an engine can be asked.

    ``required`` and ``optional`` are argument names, in the order of the signature. ``changing_with``
    names the argument whose presence turns a read-only verb into a changing one (``query`` with ``output``).
    ``shown_by`` is the read-only verb that tells what a changing one would do, from the same arguments.
    ``annotations`` are the types of the arguments as they are written in the signature (``int | None``).
    ``paths`` are the arguments that are paths (or URLs) of files, or hold one under ``location``; that tables have
    locations need not be said. ``writes`` are those of them where something is written or deleted.
    """

    engine: str
    name: str
    read_only: bool
    required: tuple[str, ...]
    optional: tuple[str, ...]
    changing_with: str | None = None
    shown_by: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    paths: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """All argument names, the required ones first."""
        return self.required + self.optional

    def is_read_only(self, arguments: Mapping[str, object]) -> bool:
        """Whether a call with these ``arguments`` leaves everything as it is."""
        if self.changing_with is None:
            return self.read_only
        return self.read_only and arguments.get(self.changing_with) in (None, "")

    def __str__(self) -> str:
        return f"{self.engine}.{self.name}"


def verb(
    *,
    read_only: bool,
    changing_with: str | None = None,
    shown_by: str | None = None,
    paths: tuple[str, ...] = (),
    writes: tuple[str, ...] = (),
) -> Callable[[Method], Method]:
    """Mark a method of an engine class as a verb."""

    def mark(method: Method) -> Method:
        method.__dict__["_mason_verb"] = (read_only, changing_with, shown_by, paths, writes)
        return method

    return mark


def verbs_of(engine: str, cls: type) -> dict[str, Verb]:
    """The verbs that ``cls`` marks in its own body, by name, in the order in which they are written."""
    found: dict[str, Verb] = {}
    for name, method in vars(cls).items():
        mark = getattr(method, "_mason_verb", None)
        if mark is None:
            continue
        names, optional = _parameters(method)
        found[name] = Verb(
            engine=engine,
            name=name,
            read_only=mark[0],
            required=tuple(each for each in names if each not in optional),
            optional=tuple(each for each in names if each in optional),
            changing_with=mark[1],
            shown_by=mark[2],
            annotations={each: _written(method.__annotations__.get(each, Any)) for each in names},
            paths=mark[3],
            writes=mark[4],
        )
    return found


def _written(annotation: Any) -> str:
    """An annotation as it is written: Python keeps text where a module defers annotations, and types elsewhere."""
    if isinstance(annotation, str):
        return annotation
    plain = isinstance(annotation, type) and not hasattr(annotation, "__args__")
    name = annotation.__name__ if plain else str(annotation)
    # collections.abc.Sequence[str] is written as Sequence[str].
    return re.sub(r"\b(?:\w+\.)+", "", name)


def _parameters(method: Any) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names of the parameters but ``self``, in their order, and those among them that have defaults.

    Of plain methods, as verbs are, ``inspect.signature`` says the same in a hundred times the time.
    """
    code = method.__code__
    positional = code.co_varnames[: code.co_argcount]
    optional = positional[len(positional) - len(method.__defaults__ or ()) :]
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    return names, frozenset((*optional, *(method.__kwdefaults__ or ())))
