"""The use case: make the two runs ready, do them one after the other, and compare what they answer."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import temporary
from mason.engines.models import Column, Rows, Table
from mason.errors import ConflictError, EngineError
from mason.project.comparing import sides, told_answers
from mason.project.comparing.canonical import Columns, paired
from mason.project.comparing.comparison import MOST_SHOWN, Asked, Comparison, RowDifference
from mason.project.comparing.matching import Close, Found, as_multisets, closeness, in_order
from mason.project.comparing.ordering import Ordering, ordering_if_told
from mason.project.comparing.spooled import Row, Spooled, connected, spool
from mason.project.opened import Project
from mason.resources.address import title_of
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.project.comparing.sides import Asking, Side
    from mason.resources.parameters import Given

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Prepared:
    """The two runs, made ready and not done; to be closed, whether they are done or not."""

    first: Side
    second: Side
    asked: Asked

    @property
    def both(self) -> tuple[Side, Side]:
        """The runs, in the order in which they are done."""
        return self.first, self.second

    def close(self) -> None:
        """Close the clients of both."""
        for side in self.both:
            side.prepared.close()


def prepare(
    project: Project, names: tuple[str, str], given: Given, config_ids: tuple[str, str], asked: Asked
) -> Prepared:
    """Check the operator, its parameters and both configs, and make their dry runs; no engine is called. Raises as
    :func:`mason.project.comparing.sides.prepare`."""
    first = sides.prepare(project, names, given, config_ids[0], asked)
    try:
        second = sides.prepare(project, names, given, config_ids[1], asked)
    except BaseException:
        first.prepared.close()
        raise
    return Prepared(first, second, asked)


def compare(
    project: Project,
    prepared: Prepared,
    *,
    asking: Asking,
    tell: Callable[[str], None],
    keep: bool = False,
) -> Comparison:
    """Do both runs and compare what they answer. ``tell`` takes what there is to say meanwhile; what was written is
    deleted in the end, unless it is to be ``keep``-t.

    Raises what the runs raise, and ``ConflictError`` where the answers cannot be compared: more rows than are compared,
    in no order.
    """
    with temporary.folder("compare") as folder:
        try:
            answers = [
                _answer(project, side, folder / f"{number}.rows", prepared.asked.most, asking, tell)
                for number, side in enumerate(prepared.both)
            ]
        finally:
            if not keep:
                for side in prepared.both:
                    if warning := sides.remove(project, side):
                        tell(warning)
        first, second = answers
        if isinstance(first, _Kept) and isinstance(second, _Kept):
            return _rows(prepared, first, second, folder)
        if isinstance(first, _Kept) or isinstance(second, _Kept):
            raise EngineError(
                "One config answers with rows, the other one with something else: see each with mason run."
            )
        return _documents(prepared, first, second)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Rows that are on disk as they were answered."""

    columns: tuple[Column, ...]
    file: Path
    count: int
    more: bool

    def __iter__(self) -> Iterator[Sequence[Any]]:
        with self.file.open("rb") as file:
            while True:
                try:
                    yield from pickle.load(file)
                except EOFError:
                    return


def _answer(
    project: Project, side: Side, file: Path, most: int, asking: Asking, tell: Callable[[str], None]
) -> _Kept | Any:
    """What a side returned; rows are put on disk, so that those of one side are in memory at a time."""

    def told(kind: str, message: str) -> None:
        if kind == "Warnings":
            tell(f"Warning (config {side.config_id}): {message}")

    found = sides.returned(project, side, asking=asking, most=most, tell=told)
    if not isinstance(found, Rows):
        return found
    rows = iter(found.rows)
    with file.open("wb") as out:
        while batch := list(islice(rows, _BATCH)):
            pickle.dump(batch, out, protocol=pickle.HIGHEST_PROTOCOL)
    return _Kept(found.schema.columns, file, len(found.rows), found.more)


def _rows(prepared: Prepared, first: _Kept, second: _Kept, folder: Path) -> Comparison:
    asked, side = prepared.asked, prepared.first
    columns = paired(first.columns, second.columns)
    names = [column.name for column in first.columns]
    order = ordering_if_told(side.sql, side.dialect, names) if side.sql and not side.output else None
    notes = [*columns.notes, *_cut(prepared, first, second, order)]
    files = [folder / "first.spooled", folder / "second.spooled"]
    for kept, places, changes, file in zip(
        (first, second), (columns.first, columns.second), columns.changes, files, strict=True
    ):
        rows = islice(kept, asked.sample) if order is not None and asked.sample else kept
        spool(rows, places, changes, file, tolerance=asked.tolerance)
        kept.file.unlink()
    close = closeness(asked.tolerance)
    with connected(folder) as connection:
        left, right = Spooled(connection, files[0]), Spooled(connection, files[1])
        if order is None and asked.sample is not None and asked.sample < first.count:
            most = left.hash_of(asked.sample)
            left, right = (Spooled(connection, file, most_hash=most) for file in files)
        found, moved = _found(left, right, order, columns, names, close, notes)
    return Comparison(
        prepared.first.prepared.shown.address,
        (side.config_id, prepared.second.config_id),
        asked.tolerance,
        columns=columns.differences,
        count=len(columns.names),
        rows=(first.count, second.count),
        differing=found.number,
        differences=tuple(_difference(columns.names, *pair, close) for pair in _beside(found)),
        ordered=order is not None,
        order_differs=moved,
        sample=asked.sample,
        notes=tuple(dict.fromkeys(notes)),
    )


def _found(
    left: Spooled,
    right: Spooled,
    order: Ordering | None,
    columns: Columns,
    names: Sequence[str],
    close: Close,
    notes: list[str],
) -> tuple[Found, bool]:
    """What differs in the rows, and whether that is their order alone."""
    if order is not None:
        found = in_order(left.in_order(), right.in_order(), close, most=MOST_SHOWN)
        if not found.number:
            return found, False
    same = as_multisets(left.sorted(), right.sorted(), close, most=MOST_SHOWN * 4)
    if order is None or same.number:
        return same, False
    keys = [columns.names.index(names[key]) for key in order.keys if names[key] in columns.names]
    if not order.lacking and _ordered_alike(left, right, keys, close):
        notes.append("rows that the query's order leaves equal come in another order, which is no difference")
        return same, False
    if order.lacking:
        notes.append("the query orders by what it does not answer: where that is equal, rows may come in any order")
    return same, True


def _ordered_alike(left: Spooled, right: Spooled, keys: Sequence[int], close: Close) -> bool:
    """Whether the columns that rows are ordered by are the same, row by row."""
    for one, other in zip(left.in_order(), right.in_order(), strict=True):
        first, second = one.values(), other.values()
        for key in keys:
            if next(told_answers.differences(first[key], second[key], close), None) is not None:
                return False
    return True


def _cut(prepared: Prepared, first: _Kept, second: _Kept, order: Ordering | None) -> Iterator[str]:
    """What to note of answers that a limit cuts. Raises ``ConflictError`` where nobody knows which rows are left."""
    for side, kept in zip(prepared.both, (first, second), strict=True):
        if not kept.more:
            continue
        if side.is_whole and order is None:
            raise ConflictError(
                f"With config {side.config_id} there are more than {prepared.asked.most:,} rows, in no certain order: "
                "which of them would be compared is not known. Compare more with --most, fewer with a narrower query, "
                "or the first ones with ORDER BY."
            )
        which = "" if order is not None else ": which ones these are is not certain without ORDER BY"
        yield f"compared are the first {kept.count:,} rows with config {side.config_id}; there are more{which}"


def _beside(found: Found) -> list[tuple[Row | None, Row | None]]:
    """The first rows that differ, those beside each other of which most values are the same."""
    pairs = [(one, other) for one, other in found.pairs if one is not None and other is not None]
    first = [one for one, other in found.pairs if one is not None and other is None]
    second = [other for one, other in found.pairs if one is None and other is not None]
    near = [
        (score, left, right)
        for left, one in enumerate(first)
        for right, other in enumerate(second)
        if (score := _alike(one, other)) * 2 >= len(one.values())
    ]
    partner: dict[int, int] = {}
    for _, left, right in sorted(near, key=lambda each: (-each[0], *each[1:])):
        if left not in partner and right not in partner.values():
            partner[left] = right
    shown: list[tuple[Row | None, Row | None]] = list(pairs)
    shown += [(one, second[partner[left]] if left in partner else None) for left, one in enumerate(first)]
    shown += [(None, other) for right, other in enumerate(second) if right not in partner.values()]
    return shown[:MOST_SHOWN]


def _alike(one: Row, other: Row) -> int:
    """How many values of two rows are the same."""
    return sum(left == right for left, right in zip(one.values(), other.values(), strict=True))


def _difference(names: Sequence[str], one: Row | None, other: Row | None, close: Close) -> RowDifference:
    first = dict(zip(names, one.values(), strict=True)) if one is not None else None
    second = dict(zip(names, other.values(), strict=True)) if other is not None else None
    columns: tuple[str, ...] = ()
    if first is not None and second is not None:
        columns = tuple(
            name for name in names if next(told_answers.differences(first[name], second[name], close), None) is not None
        )
    return RowDifference(first, second, columns)


def _documents(prepared: Prepared, first: Any, second: Any) -> Comparison:
    address = prepared.first.prepared.shown.address
    told = [told_answers.document(each, of=title_of(address)) for each in (first, second)]
    close = closeness(prepared.asked.tolerance)
    found = list(told_answers.differences(told[0][0], told[1][0], close))
    columns = None
    if isinstance(first, Table) and isinstance(second, Table) and first.schema and second.schema:
        columns = paired(first.schema.columns, second.schema.columns)
    left_out = dict.fromkeys([*told[0][1], *told[1][1]])
    notes = [f"not compared is where and how it is kept: {', '.join(left_out)}"] if left_out else []
    return Comparison(
        address,
        (prepared.first.config_id, prepared.second.config_id),
        prepared.asked.tolerance,
        columns=columns.differences if columns else (),
        count=len(columns.names) if columns else 0,
        differing=len(found),
        differences=tuple(found[:MOST_SHOWN]),
        notes=(*(columns.notes if columns else ()), *notes),
    )
