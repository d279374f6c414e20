"""Which rows of two answers belong together: in their order, or as multisets, in one pass over sorted rows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest

from mason.project.comparing.spooled import Row
from mason.values import dataclass, field

_MOST_PENDING = 500
"""How many rows with the same text are looked through for a partner on the other side that is close enough."""

_MANY = 50_000
"""After so many differences no more partners are looked for: it would take long, and change little."""


@dataclass(slots=True)
class Found:
    """The rows that differ: how many pairs or lone ones, and the first of them. ``None`` stands for no row."""

    most: int
    number: int = 0
    pairs: list[tuple[Row | None, Row | None]] = field(default_factory=list)

    def add(self, first: Row | None, second: Row | None) -> None:
        """Take note of a difference."""
        self.number += 1
        if len(self.pairs) < self.most:
            self.pairs.append((first, second))


Close = Callable[[float, float], bool]


def closeness(tolerance: float) -> Close:
    """Whether two floats are the same: they lie apart by no more than this part of the larger one."""

    def close(one: float, other: float) -> bool:
        return one == other or abs(one - other) <= tolerance * max(abs(one), abs(other))

    return close


def in_order(first: Iterable[Row], second: Iterable[Row], close: Close, *, most: int) -> Found:
    """The rows that differ where each is compared with the one at its place."""
    found = Found(most)
    for one, other in zip_longest(first, second):
        if one is None or other is None or one.text != other.text or _compared(one, other, close):
            found.add(one, other)
    return found


def as_multisets(first: Iterator[Row], second: Iterator[Row], close: Close, *, most: int) -> Found:
    """The rows that one side has and the other has not, or not as often. Both are sorted as ``Spooled.sorted`` does."""
    found = Found(most)
    pending: tuple[list[Row], list[Row]] = ([], [])
    one, other = next(first, None), next(second, None)
    text = ""
    while one is not None or other is not None:
        ahead = min(row.text for row in (one, other) if row is not None)
        if ahead != text:
            _settle(pending, close, found)
            text = ahead
        if one is not None and other is not None and one.text == other.text:
            apart = _compared(one, other, close)
        else:
            apart = -1 if one is not None and one.text == ahead else 1
        if apart < 0 and one is not None:
            pending[0].append(one)
        if apart > 0 and other is not None:
            pending[1].append(other)
        if apart <= 0:
            one = next(first, None)
        if apart >= 0:
            other = next(second, None)
        if max(map(len, pending)) >= _MOST_PENDING:
            _settle(pending, close, found)
    _settle(pending, close, found)
    return found


def _compared(one: Row, other: Row, close: Close) -> int:
    """-1, 0 or 1: how the floats of rows with the same text stand to each other, the first that are not close."""
    for left, right in zip(one.floats, other.floats, strict=True):
        if not close(left, right):
            return -1 if left < right else 1
    return 0


def _settle(pending: tuple[list[Row], list[Row]], close: Close, found: Found) -> None:
    """Pair the rows with the same text that sorting did not bring together, and note those that are left."""
    first, second = pending
    if first or second:
        partner = _partners(first, second, close) if first and second and found.number < _MANY else {}
        taken = set(partner.values())
        for index, row in enumerate(first):
            if index not in partner:
                found.add(row, None)
        for index, row in enumerate(second):
            if index not in taken:
                found.add(None, row)
        first.clear()
        second.clear()


def _partners(first: Sequence[Row], second: Sequence[Row], close: Close) -> dict[int, int]:
    """As many rows of the first as possible with a row of the second each that is close (augmenting paths)."""
    near = [[index for index, other in enumerate(second) if not _compared(one, other, close)] for one in first]
    holder: dict[int, int] = {}
    for start in range(len(first)):
        seen: set[int] = set()
        path: list[tuple[int, Iterator[int]]] = [(start, iter(near[start]))]
        taken: list[int] = []
        while path:
            _, candidates = path[-1]
            candidate = next((each for each in candidates if each not in seen), None)
            if candidate is None:
                path.pop()
                if taken:
                    taken.pop()
                continue
            seen.add(candidate)
            taken.append(candidate)
            if candidate not in holder:
                for (row, _), place in zip(path, taken, strict=True):
                    holder[place] = row
                break
            path.append((holder[candidate], iter(near[holder[candidate]])))
    return {row: place for place, row in holder.items()}
