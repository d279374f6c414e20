"""What to say when a name leads nowhere: the nearest name that there is, else all of them."""

from __future__ import annotations

from collections.abc import Iterable

from mason.errors import NotFoundError
from mason.resources.wording import listing


def missing(kind: str, name: str, names: Iterable[str], where: str = "") -> NotFoundError:
    """The error for a ``kind`` (``Table``, ``Database``) that is not among ``names``; ``where`` goes behind it."""
    import difflib

    there = sorted(names)
    near = difflib.get_close_matches(name, there, n=1)
    if near:
        return NotFoundError(f"{kind} {name} not found{where}. Did you mean {near[0]}?")
    what = f"{kind}s: {listing(there, most=20)}." if there else f"There are no {kind.lower()}s."
    return NotFoundError(f"{kind} {name} not found{where}. {what}")
