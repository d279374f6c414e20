"""What is wrong with the checks of a run or step besides their schema, at the places where they are written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.resources.faults import Finding, Path
from mason.resources.output_checks import KINDS, ON_ROWS, allowance_of, change_of, seconds_of
from mason.resources.wording import described, shown_path

_KNOWN = frozenset((*KINDS, "severity", "at_most", "name", "description"))
_SUCH_AS = "such as not_null: [id]"


def check_findings(given: Any, path: Path) -> list[Finding]:
    """What is wrong with a list of checks at ``path``; nothing of parts that do not fit the schema."""
    found: list[Finding] = []
    names: dict[str, int] = {}
    for number, each in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(each, Mapping):
            continue
        place = (*path, number)
        found += _of_check(each, place)
        name = each.get("name")
        if isinstance(name, str) and name:
            if name in names:
                first = shown_path((*path, names[name]))
                found.append(
                    Finding((*place, "name"), f"check {name} is there twice: {first} too", "give it another name")
                )
            names.setdefault(name, number)
    return found


def _of_check(check: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    kinds = [key for key in KINDS if check.get(key) is not None]
    if not kinds and _KNOWN.issuperset(check):
        # One that was mistyped is told as such.
        yield Finding(path, f"{shown_path(path)} checks nothing", f"write one of {', '.join(KINDS)}, {_SUCH_AS}")
    elif len(kinds) > 1:
        message = f"{shown_path(path)} says more than one thing: {', '.join(kinds)}"
        yield Finding(path, message, "write each as a check of its own")
    allowed = check.get("at_most")
    if allowed is not None and allowance_of(allowed) is None and isinstance(allowed, str | int):
        message = f"{shown_path((*path, 'at_most'))} cannot be {described(allowed)}"
        yield Finding((*path, "at_most"), message, "write a number of rows, or a share of them, such as 1%")
    elif allowed is not None and len(kinds) == 1 and kinds[0] not in ON_ROWS:
        message = f"{shown_path((*path, 'at_most'))} means nothing for {kinds[0]}, which no row passes or fails"
        yield Finding((*path, "at_most"), message, "remove it")
    for kind in kinds:
        said, place = check[kind], (*path, kind)
        if kind in ("not_null", "unique"):
            yield from _columns(said, place)
        elif kind == "row_count":
            yield from _row_count(said, place)
        elif kind == "freshness":
            yield from _freshness(said, place)
        elif kind == "accepted_values":
            yield from _accepted(said, place)
        elif isinstance(said, str) and not said.strip():
            yield Finding(place, f"{shown_path(place)} is empty", "write one SELECT over $table")


def _columns(said: Any, path: Path) -> Iterator[Finding]:
    if said in ("", []):
        yield Finding(path, f"{shown_path(path)} is empty", "name a column")
    if isinstance(said, list) and all(isinstance(each, str) for each in said):
        for number, name in enumerate(said):
            # SQL folds case.
            if name.lower() in [each.lower() for each in said[:number]]:
                yield Finding((*path, number), f"{shown_path(path)} names {name} twice", "remove one of them")


def _row_count(said: Any, path: Path) -> Iterator[Finding]:
    if not isinstance(said, Mapping):
        return
    least, most, change = said.get("min"), said.get("max"), said.get("change")
    if least is None and most is None and change is None:
        yield Finding(path, f"{shown_path(path)} asks for nothing", "write min, max or change")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield Finding(path, f"{shown_path(path)}: min is {least}, which is more than max, {most}", "exchange them")
    if isinstance(change, str) and change_of(change) is None:
        message = f"{shown_path((*path, 'change'))} cannot be {described(change)}"
        yield Finding((*path, "change"), message, "write the least and the largest change, such as -10%..+50%")


def _freshness(said: Any, path: Path) -> Iterator[Finding]:
    within = said.get("within") if isinstance(said, Mapping) else None
    if isinstance(within, str) and seconds_of(within) is None:
        message = f"{shown_path((*path, 'within'))} cannot be {described(within)}"
        yield Finding((*path, "within"), message, "write a time such as 90s, 30m, 24h, 7d or 2w")


def _accepted(said: Any, path: Path) -> Iterator[Finding]:
    values = said.get("values") if isinstance(said, Mapping) else None
    for number, value in enumerate(values if isinstance(values, list) else ()):
        if not isinstance(value, str | int | float):
            message = f"{shown_path((*path, 'values', number))} cannot be {described(value)}"
            remedy = "null always passes: add a check not_null where it must not" if value is None else "write a value"
            yield Finding((*path, "values", number), message, remedy)
