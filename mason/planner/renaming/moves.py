"""Which resources of the state have another address now, as the files say; and which look as if they had. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mason.errors import Diagnostic
from mason.planner.plan import NAMES, Action
from mason.resources.address import kind_of
from mason.resources.kinds import effect_of
from mason.resources.resource import Move, Resource
from mason.resources.wording import suggestion
from mason.state.snapshot import Entry
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Renames:
    """``before`` holds the address in the state of each resource that has another one now. ``faults`` are moves that
    make no sense, ``warnings`` are about those that cannot be followed."""

    before: Mapping[str, str]
    faults: tuple[Diagnostic, ...] = ()
    warnings: tuple[str, ...] = ()


def renames(moves: Sequence[Move], wanted: Mapping[str, Resource], applied: Collection[str]) -> Renames:
    """What ``moves`` mean for a state that holds ``applied`` and shall hold ``wanted``.

    Moves may follow one another (a to b, b to c). One whose old name the state does not hold was followed already.
    """
    faults: list[Diagnostic] = []
    following: dict[str, Move] = {}
    for move in moves:
        other = following.setdefault(move.before, move)
        if other is not move:
            message = f"{move.before} is moved twice, first at {other.file}:{other.line}"
            faults.append(Diagnostic(move.file, move.line, message, "remove one of them"))
    circles = list(_circles(following, wanted))
    for circle in circles:
        message = f"{' -> '.join([*circle, circle[0]])} is a circle"
        first = following[circle[0]]
        faults.append(Diagnostic(first.file, first.line, message, _over_a_third_name(circle, {*wanted, *applied})))
    for move in moves:
        if move.before in wanted and not any(move.before in circle for circle in circles):
            standing = wanted[move.before]
            message = f"{move.before} is moved, but it is still defined at {standing.file}:{standing.line}"
            faults.append(Diagnostic(move.file, move.line, message, "remove that definition, or this move"))
        if move.after not in wanted and not any(each.before == move.after for each in moves):
            message = f"{move.before} is moved to {move.after}, which these files do not define"
            known = [address for address in wanted if kind_of(address) == kind_of(move.after)]
            remedy = suggestion(move.after, known, "") or "define it, plan the files that do, or remove this move"
            faults.append(Diagnostic(move.file, move.line, message, remedy))
    before: dict[str, str] = {}
    warnings: list[str] = []
    for move in moves if not faults else ():
        after = _last(move, following)
        if after is None:
            faults.append(Diagnostic(move.file, move.line, f"{move.before} is moved in a circle", "remove one of them"))
        elif move.before in applied and after in applied:
            warnings.append(
                f"{move.before} and {after} are both in the state, so the move at {move.file}:{move.line} cannot be "
                f"followed. Delete one of them: mason destroy {move.before}"
            )
        elif move.before in applied and after in before:
            message = f"{move.before} and {before[after]} are both moved to {after}"
            faults.append(Diagnostic(move.file, move.line, message, "remove one of them"))
        elif move.before in applied:
            before[after] = move.before
    return Renames(before, tuple(faults), tuple(warnings))


def leading_to(moves: Sequence[Move], wanted: Collection[str]) -> tuple[Move, ...]:
    """Those ``moves`` of a whole project that matter to a part of it, which defines ``wanted``."""
    following = {move.before: move for move in moves}
    return tuple(move for move in moves if _last(move, following) in wanted)


def _circles(following: Mapping[str, Move], wanted: Collection[str]) -> Iterator[list[str]]:
    """The names that are to be swapped, all of them ``wanted``, each circle in the order of its moves."""
    seen: set[str] = set()
    for name, move in following.items():
        circle = [name]
        while move.after in following and move.after not in circle:
            circle.append(move.after)
            move = following[move.after]
        if move.after == name and name not in seen and all(each in wanted for each in circle):
            seen.update(circle)
            yield circle


def _over_a_third_name(circle: Sequence[str], taken: Collection[str]) -> str:
    """How names are swapped. Not by documents: they would say the same before it was done and after."""
    first, second, *_ = circle
    third = f"{first}_moved"
    while third in taken:
        third += "_"
    steps = [(first, third), *zip(circle[:0:-1], [first, *circle[:1:-1]], strict=True), (third, second)]
    if effect_of(first) == "put":
        named = ", then ".join(f"{before} to {after}" for before, after in steps)
        return f"move them over a third name, by an apply for each move with no other beside it: {named}"
    commands = " && ".join(f"mason state mv {before} {after}" for before, after in steps)
    return f"remove these moves, and swap the names in the state, over a third one: {commands}"


def _last(move: Move, following: Mapping[str, Move]) -> str | None:
    """Where a chain of moves ends; nothing if it does not."""
    seen = {move.before}
    while move.after in following:
        move = following[move.after]
        if move.before in seen:
            return None
        seen.add(move.before)
    return move.after


def likely(actions: Sequence[Action], applied: Mapping[str, Entry]) -> Iterator[str]:
    """Sentences on what is deleted and created with the very same definition but for its name."""
    deleted: dict[str, list[str]] = {}
    for action in actions:
        if action.kind == "delete":
            entry = applied[action.address]
            deleted.setdefault(_nameless(action.address, entry.definition, entry.module), []).append(action.address)
    for action in actions if deleted else ():
        if action.wanted is None or action.replaces is not None:
            continue
        same = deleted.get(_nameless(action.address, json.loads(action.wanted.encoded), action.wanted.module), [])
        if len(same) == 1:
            yield (
                f"{action.address} is what {same[0]} was, which would be deleted. If it only has another name now, say "
                f"so in a document: {{type: moved, from: {same[0]}, to: {action.address}}}"
            )


def _nameless(address: str, definition: Mapping[str, Any], module: str | None) -> str:
    rest = {key: value for key, value in definition.items() if key not in NAMES}
    return json.dumps([kind_of(address), rest, module], sort_keys=True)
