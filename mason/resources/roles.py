"""The engines by name, as far as what people write has to know them: four, and those that other packages bring.

What an engine can be asked is in ``mason.engines``. Here names are enough, so that nothing of a package is imported to
read YAML or Python that names its engine, and nothing is looked for as long as no other engine is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from mason.packages import Brought, brought, matters, miss

ROLES = ("metastore", "storage", "execution", "scheduler")
"""The four engines that Mason brings, in the order in which they are always listed."""

GROUP = "mason.engines"
"""The group of entry points by which packages bring engines: the name is the engine's, the value ``module:Class``."""

_SUFFIXES = ("_clients", "_engine")


def brought_roles() -> Mapping[str, Brought]:
    """The engines that other packages bring, sorted by name. The four are Mason's own, whoever registers them, and a
    name of other characters than ``a`` to ``z`` and ``_`` could not be written into a sentence."""
    points = brought(GROUP)
    return {name: points[name] for name in sorted(points) if name not in ROLES and _can_be_said(name)}


def _can_be_said(name: str) -> bool:
    # A regular expression would be compiled by every start.
    return name.isascii() and name.islower() and name.replace("_", "").isalpha()


def known_roles() -> tuple[str, ...]:
    """All engines that there are here, in the order in which they are listed."""
    return (*ROLES, *brought_roles())


def is_role(name: str) -> bool:
    """Whether there is an engine of that name here."""
    return name in ROLES or name in brought_roles()


def is_role_in_python(name: str) -> bool:
    """As :func:`is_role`, for the answer to be remembered with what was found in a Python file."""
    found = is_role(name)
    if not found:
        miss(GROUP)
    return found


def in_order(roles: Iterable[str]) -> tuple[str, ...]:
    """Engines in the order in which they are listed: the four, then others by name; each of them once."""
    given = set(roles)
    return (*(role for role in ROLES if role in given), *sorted(given.difference(ROLES)))


def named_roles(keys: Iterable[str]) -> tuple[str, ...]:
    """The engines that the keys of a config name (``storage_clients``, ``storage_engine``), whether they are known or
    not, in the order in which they are listed."""
    return in_order(
        key.removesuffix(suffix) for key in keys for suffix in _SUFFIXES if key.endswith(suffix) and key != suffix
    )


def others_digest() -> str:
    """A digest of the engines that other packages bring: what was read while there were others may be read
    otherwise."""
    told = [(name, each.target, each.package, each.version) for name, each in brought_roles().items()]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def others_matter() -> bool:
    """Whether what was read in this process may depend on which engines other packages bring."""
    return matters(GROUP)
