"""What other packages bring to Mason: their entry points by group, found once.

Reading the metadata of all installed packages costs more than the rest of a start. So each room asks only when a name
is met that Mason itself does not know, and says which names win.
"""

from __future__ import annotations

from collections.abc import Mapping

from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Brought:
    """One entry point: ``target`` is ``module:name``; ``package`` and ``version`` are those of the distribution, empty
    where its metadata does not say."""

    target: str
    package: str = ""
    version: str = ""


_found: dict[str, Mapping[str, Brought]] = {}
_missed: set[str] = set()


def brought(group: str) -> Mapping[str, Brought]:
    """The entry points of a group (``mason.clients``) by name. Of two with one name the first on the path is taken."""
    if group not in _found:
        # Imported here: it takes longer than what most starts do.
        from importlib.metadata import entry_points

        points: dict[str, Brought] = {}
        for point in entry_points(group=group):
            distribution = point.dist
            named = (distribution.name, distribution.version) if distribution else ("", "")
            points.setdefault(point.name, Brought(point.value, *named))
        _found[group] = points
    return _found[group]


def miss(group: str) -> None:
    """Remember that something was read in this process that a package could change by bringing to ``group``."""
    _missed.add(group)


def matters(group: str) -> bool:
    """Whether what was read in this process may depend on what packages bring to ``group``: there was something, or
    something was missed."""
    return group in _missed or bool(_found.get(group))


def forget() -> None:
    """Look for entry points anew: packages were installed or removed while this process runs."""
    _found.clear()
    _missed.clear()
