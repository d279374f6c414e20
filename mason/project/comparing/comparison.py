"""What comes of a comparison, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.values import dataclass

TOLERANCE = 1e-9
"""How far floats may lie apart and be the same, as a part of the larger one."""

MOST_ROWS = 1_000_000
"""How many rows of each answer are compared where nothing else is said."""

MOST_SHOWN = 10
"""How many differences are kept to be shown."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How answers are compared. ``most``: how many rows of each at most. ``sample``: how many of them, if not all.
    ``tolerance``: how far floats may lie apart, as a part of the larger one."""

    most: int = MOST_ROWS
    tolerance: float = TOLERANCE
    sample: int | None = None


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """A column that is another one with the second config. ``first`` and ``second`` are its types; empty: it is not
    there. ``what`` says the difference in words."""

    name: str
    first: str
    second: str
    what: str


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that is another one, or there is none (``None``), with the second config: values by the names of columns.

    ``columns`` are those that differ. Of an answer that is no rows, there is one value under the name of its place.
    """

    first: Mapping[str, Any] | None
    second: Mapping[str, Any] | None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator's answers with two configs, ``configs``, beside each other.

    ``columns``: those that differ. ``count``: how many columns there are. ``rows``: how many rows each has; ``None``
    where the answers are no rows. ``differing``: how many differences there are in the rows, of which ``differences``
    are the first. ``ordered``: whether the order of rows counted. ``sample``: how many rows were compared at most, if
    not all of them. ``order_differs``: the rows are the same, in another order. ``notes``: what was assumed.
    """

    address: str
    configs: tuple[str, str]
    tolerance: float
    columns: tuple[ColumnDifference, ...] = ()
    count: int = 0
    rows: tuple[int, int] | None = None
    differing: int = 0
    differences: tuple[RowDifference, ...] = ()
    ordered: bool = False
    order_differs: bool = False
    sample: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs. Of a sample, the number of all rows counts too."""
        if self.rows is not None and self.rows[0] != self.rows[1]:
            return False
        return not (self.columns or self.differing or self.order_differs)
