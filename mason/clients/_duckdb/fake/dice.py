"""Draws that depend on the seed, the column and the row alone, as SQL: no thread and no other column changes them.

A draw is DuckDB's hash of the row's number and a key of 62 bits; each column and each purpose has a key of its own.
All arithmetic here is of whole numbers, because that is exact in every order and on every machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from mason.values import dataclass

_SIGNED = 2**63


@dataclass(frozen=True, slots=True)
class Dice:
    """The draws of one column: ``path`` names it, ``row`` is the SQL of the row's number, from 0 and below 2**62."""

    seed: int
    path: str
    row: str

    def number(self, purpose: str) -> int:
        """A number below 2**62 that is the same for all rows."""
        text = f"{self.seed}\n{self.path}\n{purpose}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 2

    def roll(self, purpose: str = "") -> str:
        """64 bits, as ``UBIGINT``."""
        return f"hash({self.row} + {self.number(purpose)})"

    def below(self, size: int, purpose: str = "") -> str:
        """A ``BIGINT`` from 0 to ``size`` - 1; ``size`` is below 2**63."""
        return f"CAST({self.roll(purpose)} % CAST({size} AS UBIGINT) AS BIGINT)"

    def whole(self, low: int, high: int) -> str:
        """A whole number from ``low`` to ``high``, both of which some type of DuckDB holds."""
        span = high - low + 1
        if low >= -_SIGNED and high < _SIGNED and span < _SIGNED // 2:
            return f"(CAST({low} AS BIGINT) + {self.below(span)})"
        # 128 bits: the distance from `low` may be more than a HUGEINT holds, so below zero and above are apart.
        bits = f"(CAST({self.roll()} AS UHUGEINT) * CAST({2**64} AS UHUGEINT) + {self.roll('low')})"
        distance = bits if span >= 2**128 else f"({bits} % CAST({span} AS UHUGEINT))"
        if low >= 0:
            return f"(CAST({low} AS UHUGEINT) + {distance})"
        zero = f"CAST({-low} AS UHUGEINT)"
        return (
            f"(CASE WHEN {distance} < {zero} THEN CAST({low} AS HUGEINT) + CAST({distance} AS HUGEINT) "
            f"ELSE CAST({distance} - {zero} AS HUGEINT) END)"
        )

    def skewed(self, low: int, high: int) -> str:
        """As :meth:`whole`, but small numbers are frequent, as they are among prices; the range is below 2**50."""
        return f"({low} + ({self.below(high - low + 1)} * {self.below(1024, 'skew')}) // 1024)"

    def spaced(self, low: int, high: int, count: int) -> str:
        """One of ``count`` numbers that lie evenly from ``low`` to ``high``; all of it fits into a ``BIGINT``."""
        return f"({low} + {self.below(count)} * {high - low} // {count - 1})"

    def share(self) -> str:
        """A ``DOUBLE`` from 0 to just below 1."""
        return f"(CAST({self.roll()} >> 11 AS DOUBLE) / {2**53})"

    def permuted(self, size: int) -> str:
        """A ``BIGINT`` from 0 to ``size`` - 1, another one for each of ``size`` rows; ``size`` is below 2**31."""
        import math

        step = self.number("step") % size | 1
        while math.gcd(step, size) > 1:
            step += 2
        return f"(({self.row} % {size} * {step} + {self.number('start') % size}) % {size})"

    def part(self, name: str) -> Dice:
        """The dice of one part of the value."""
        return replace(self, path=f"{self.path}\n{name}")

    def element(self, index: str) -> Dice:
        """The dice of one element of a list; ``index`` is the SQL of its place."""
        return replace(self, row=f"(CAST({self.roll('element')} >> 2 AS BIGINT) + {index})")
