"""Value classes that cost little to define: the standard library's ``dataclass``, made in a quarter of its time.

A start of Mason defines dozens of classes of values and uses a few of them. The standard decorator compiles up to six
methods for each; this one compiles ``__init__`` alone, and the others are closures that behave in the same way. To type
checkers it is the standard decorator, and what :mod:`dataclasses` does with values (``replace``, ``fields``) works.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, slots: bool, frozen: bool = False) -> Callable[[type], type]:
        """A class with slots, for its annotated fields; it has to be said, for those who read it.

        Takes what values have: fields, defaults, and what :func:`field` says of them. Raises ``TypeError`` for an
        ``InitVar``, a ``ClassVar``, a ``__post_init__`` and a base class with fields.
        """
        if not slots:
            raise TypeError("mason.values makes classes with slots. Take dataclasses.dataclass for others.")
        return partial(_value, frozen=frozen)


__all__ = ["dataclass", "field"]


def _value(plain: type, *, frozen: bool) -> type:
    if hasattr(plain, "__post_init__") or hasattr(plain, "__dataclass_fields__"):
        raise TypeError(f"{plain.__qualname__} has __post_init__ or a base with fields: take dataclasses.dataclass.")
    # Where there is none, the standard library makes one from a signature, which is not there yet.
    plain.__doc__ = plain.__doc__ or plain.__name__
    value: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(plain)
    known = fields(value)
    if len(known) != len(value.__dataclass_fields__):
        raise TypeError(f"{plain.__qualname__} has an InitVar or a ClassVar: take dataclasses.dataclass.")
    methods = {**_shared(known), **(_frozen(value, known) if frozen else {"__hash__": None})}
    for name, method in methods.items():
        # What a class says itself stays.
        if plain.__dict__.get(name) is None:
            setattr(value, name, method)
    value.__init__ = _initializer(value, known)
    made: type = value
    return made


def _initializer(value: type, known: Iterable[Field[Any]]) -> Callable[..., None]:
    """The one method whose parameters Python has to know, and which therefore is compiled."""
    names: dict[str, Any] = {"_missing": MISSING}
    parameters, lines = "", ""
    for each in known:
        name = each.name
        # What Python itself calls to fill a slot: __setattr__ refuses.
        names[f"_set_{name}"] = value.__dict__[name].__set__
        given = name
        if each.default_factory is not MISSING:
            names[f"_make_{name}"] = each.default_factory
            parameters += f", {name}=_missing"
            given = f"_make_{name}() if {name} is _missing else {name}"
        elif each.default is not MISSING:
            names[f"_default_{name}"] = each.default
            parameters += f", {name}=_default_{name}"
        else:
            parameters += f", {name}"
        lines += f"\n _set_{name}(self, {given})"
    exec(f"def __init__(self{parameters}):{lines or ' pass'}", names)
    initializer: Callable[..., None] = names["__init__"]
    initializer.__qualname__ = f"{value.__qualname__}.__init__"
    return initializer


def _shared(known: tuple[Field[Any], ...]) -> Mapping[str, Callable[..., Any]]:
    """What all values do."""
    compared = _reader([each.name for each in known if each.compare])
    shown = [each.name for each in known if each.repr]

    def __eq__(self: Any, other: object) -> Any:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    @recursive_repr()
    def __repr__(self: Any) -> str:
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({inner})"

    return {"__eq__": __eq__, "__repr__": __repr__}


def _frozen(value: type, known: tuple[Field[Any], ...]) -> Mapping[str, Callable[..., Any]]:
    """What values do that stay as they are."""
    every = _reader([each.name for each in known])
    hashed = _reader([each.name for each in known if (each.compare if each.hash is None else each.hash)])
    setters = [value.__dict__[each.name].__set__ for each in known]

    def __hash__(self: Any) -> int:
        return hash(hashed(self))

    def __setattr__(self: Any, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self: Any, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self: Any) -> list[Any]:
        return list(every(self))

    def __setstate__(self: Any, state: list[Any]) -> None:
        for fill, given in zip(setters, state, strict=True):
            fill(self, given)

    made = (__hash__, __setattr__, __delattr__, __getstate__, __setstate__)
    return {method.__name__: method for method in made}


def _reader(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What makes a tuple of these attributes. ``attrgetter`` does so for two and more."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda each: tuple(getattr(each, name) for name in names)
