"""What is asked of a made-up column: its name and type, and what is known of the one that it imitates."""

from __future__ import annotations

from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class TextShape:
    """How the texts of a column look: lengths in characters, and ``letters``, which is one of ``digits``, ``upper``
    (no small letter), ``lower`` (no capital), ``mixed`` and ``words`` (some have spaces)."""

    shortest: int
    longest: int
    letters: str = "mixed"


@dataclass(frozen=True, slots=True)
class FakeColumn:
    """A column to make up. Without facts, its name and type say all.

    ``type`` is a type as DuckDB spells it. ``null_share`` (0 to 1) is the share of nulls. ``min`` and ``max`` are the
    bounds of numbers, dates and times, as DuckDB writes them. ``distinct`` says how many values there are where they
    repeat. ``values`` are all values as text, with their shares, where they are few: nothing else is drawn then.
    ``unique`` keeps whole numbers unique. ``step`` is what all values are multiples of: ``1`` or ``0.01`` for
    floating numbers, ``day`` or ``second`` for timestamps; empty where there is nothing. ``text`` is the shape of
    texts whose name says nothing.
    """

    name: str
    type: str
    null_share: float = 0.0
    min: str | None = None
    max: str | None = None
    distinct: int | None = None
    values: tuple[tuple[str, float], ...] = ()
    unique: bool = False
    step: str = ""
    text: TextShape | None = None
