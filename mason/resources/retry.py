"""How often failed work is tried again, and how long to wait before each time. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, cast

from mason.values import dataclass

KINDS = ("constant", "exponential")
"""How the waits between attempts grow."""

MOST = 3
"""How often work is tried again where a retry is asked for, but not how often."""

# Seconds: doubling goes no further than that.
_CAP = 3600.0
# Work that failed together (a service was away) is not tried again together.
_JITTER = 0.1

_WRITTEN = rf"({'|'.join(KINDS)})\(([1-9][0-9]{{0,8}})\)"


@dataclass(frozen=True, slots=True)
class Retry:
    """After a failure, wait and try again, at most ``most`` times: ``most + 1`` attempts in all.

    ``constant`` waits ``seconds`` each time, ``exponential`` doubles: ``seconds``, twice that, four times that, and so
    on up to one hour. Up to a tenth is added to each wait by chance, to the longest ones as well.
    """

    kind: Literal["constant", "exponential"]
    seconds: float
    most: int = MOST

    @classmethod
    def parse(cls, text: str, most: int | None = None) -> Retry:
        """What ``constant(5)`` or ``exponential(5)`` says, as workflows write it; ``most`` is 3 where it is ``None``.

        Raises ``ValueError`` for anything else.
        """
        found = re.fullmatch(_WRITTEN, text)
        if found is None:
            raise ValueError(f"{text!r} is no retry: write constant(SECONDS) or exponential(SECONDS)")
        kind = cast(Literal["constant", "exponential"], found[1])
        return cls(kind, float(found[2]), MOST if most is None else most)

    def delay(self, attempt: int, random: Callable[[], float]) -> float:
        """The seconds to wait after ``attempt`` (counted from 1) failed; ``random`` gives numbers from 0 up to 1."""
        seconds = self.seconds
        if self.kind == "exponential":
            # Doubled in whole numbers no further than any cap can need: there may be a million attempts.
            seconds = min(seconds * 2 ** min(attempt - 1, 100), _CAP)
        return seconds * (1 + _JITTER * random())
