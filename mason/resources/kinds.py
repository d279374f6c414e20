"""The kinds of resource: each is said in a module of its own, and all are treated alike here and elsewhere.

A kind's module is loaded when something is asked of that kind: a plan that finds nothing changed asks for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

from mason.resources.address import EXECUTED, KINDS, is_name, kind_of

if TYPE_CHECKING:
    from mason.resources.faults import Finding
    from mason.resources.kind import Kind

_FLAGS = ("protect", "read_only")


@cache
def kind_named(name: str) -> Kind:
    """The kind of that name. Raises ``KeyError`` for one that this Mason does not know."""
    if name not in KINDS:
        raise KeyError(name)
    return cast("Kind", getattr(import_module(f"mason.resources.{name}"), name.upper()))


def effect_of(address: str) -> Literal["", "done", "put"]:
    """What applying the resource at ``address`` does beside saving its definition (see :class:`Kind`)."""
    kind = kind_of(address)
    # A state may hold kinds that a newer Mason has: this one does nothing with them.
    return kind_named(kind).effect if kind in EXECUTED else ""


def uses_others(address: str) -> bool:
    """Whether the resource at ``address`` is of a kind that may use others, or one that this Mason does not know."""
    kind = kind_of(address)
    return kind not in KINDS or kind_named(kind).uses is not None


def is_address(text: str) -> bool:
    """Whether ``text`` is written like an address: a kind, and as many names as it has."""
    kind, *names = text.split(".")
    return kind in KINDS and len(names) == len(kind_named(kind).keys) and all(map(is_name, names))


def address_of(definition: Mapping[str, Any]) -> str:
    """The address of a validated definition, such as ``operator.table.get``."""
    kind = kind_named(definition["type"])
    return ".".join((kind.name, *(str(definition[key]) for key in kind.keys)))


def addresses_used(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses that a normalized definition uses."""
    uses = kind_named(definition["type"]).uses
    return uses(definition) if uses is not None else ()


def redirected(definition: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    """A normalized definition that names the address ``after`` where it named ``before``."""
    redirect = kind_named(definition["type"]).redirected
    return redirect(definition, before, after) if redirect is not None else dict(definition)


def renamed(definition: Mapping[str, Any], address: str) -> dict[str, Any]:
    """A definition with the name that ``address`` says."""
    kind, *names = address.split(".")
    return {**definition, **dict(zip(kind_named(kind).keys, names, strict=True))}


def findings(definition: Mapping[str, Any]) -> list[Finding]:
    """All that is wrong with a definition besides its schema.

    Says what it can about a definition that does not fit its schema either, so that everything is reported at once;
    parts of the wrong shape are left alone. Engines and verbs are not looked up: dry runs know them.
    """
    return kind_named(definition["type"]).findings(definition)


def normalize(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The normal form of a definition that passed its schema and checks: what is digested, stored and compared.

    Two ways of writing the same thing become one, so that a plan shows no change where nothing changed in meaning. The
    order of lists is kept, because people put the preferred client and the next step where they mean it.
    """
    # Imported here: what did not change is normal already.
    from mason.resources.kind import filled, without

    plain = filled(kind_named(definition["type"]).normalized(definition))
    # False is the default of these: it says no more than leaving them out.
    return without(plain, *_FLAGS) | {key: True for key in _FLAGS if definition.get(key)}
