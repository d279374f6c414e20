"""Whether files of one table agree on columns and types, and the sentence that says where they do not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mason.clients._tables.columns import WHOLE, Columns
from mason.errors import ConflictError
from mason.resources.wording import listing

AllNull = Callable[[int, str], bool]
"""Whether the column has no values in the file of that index, so that its type there means nothing."""

_FRACTIONS = frozenset({"FLOAT", "DOUBLE"})
_MOST_COLUMNS = 10
_MOST_FILES = 3
_WIDER = (
    # Types found in text are guesses: of two guesses the wider one, which holds every value of the narrower.
    (frozenset({"BIGINT", "HUGEINT"}), "HUGEINT"),
    (frozenset({"BIGINT", "UBIGINT"}), "HUGEINT"),
    (frozenset({"BIGINT", "DOUBLE"}), "DOUBLE"),
    (frozenset({"DATE", "TIMESTAMP"}), "TIMESTAMP"),
    (frozenset({"TIMESTAMP", "TIMESTAMP_NS"}), "TIMESTAMP_NS"),
)


def agree(
    files: Sequence[tuple[str, Columns]],
    *,
    title: str,
    inferred: bool,
    sampled: bool,
    pinned: Columns | None,
    all_null: AllNull,
) -> Columns:
    """The columns of a table, in the order of the first file (or of ``pinned``).

    ``files`` are names and columns; ``inferred`` says that types are guesses from text, and ``sampled`` that they are
    from a sample of it, so that they forbid no other type. Raises ``ConflictError``.
    """
    if pinned is not None:
        return _fit(files, title, pinned, rounds=not sampled)
    distinct = {columns for _, columns in files}
    if len(distinct) < 2:
        return next(iter(distinct), ())
    faults = []
    kinds: dict[str, str] = {}
    for column, by_type in _who_has(files).items():
        kind = _one_type(column, by_type, inferred, all_null)
        fault = _absence(files, column, by_type)
        if fault is None and kind is None:
            fault = _types_found(files, column, by_type)
        if fault is not None:
            faults.append(fault)
        elif kind is not None:
            kinds[column] = kind
    _refuse(faults, title)
    return tuple((name, kinds[name]) for name, _ in files[0][1])


def _fit(files: Sequence[tuple[str, Columns]], title: str, pinned: Columns, *, rounds: bool) -> Columns:
    """``pinned``, if every file has just these columns, and, where reading ``rounds``, no fractions in those that are
    registered as whole numbers."""
    everything = [("the registration", pinned), *files]
    faults = []
    for column, by_type in _who_has(everything).items():
        fault = _absence(everything, column, by_type)
        if fault is None and rounds and next(iter(by_type)) in WHOLE and not by_type.keys().isdisjoint(_FRACTIONS):
            fault = _types_found(everything, column, by_type)
        if fault is not None:
            faults.append(fault)
    _refuse(faults, title)
    return pinned


def _who_has(files: Sequence[tuple[str, Columns]]) -> dict[str, dict[str, list[int]]]:
    """Per column, per type: the indexes of the files."""
    has: dict[str, dict[str, list[int]]] = {}
    for index, (_, columns) in enumerate(files):
        for name, kind in columns:
            has.setdefault(name, {}).setdefault(kind, []).append(index)
    return has


def _absence(files: Sequence[tuple[str, Columns]], column: str, by_type: dict[str, list[int]]) -> str | None:
    """The fault of a column that some files lack: told by the files that are fewer."""
    present = sorted(index for where in by_type.values() for index in where)
    absent = sorted(set(range(len(files))) - set(present))
    if not absent:
        return None
    if len(absent) < len(present):
        return f"column {column}: missing in {_files(files, absent)}"
    return f"column {column}: only in {_files(files, present)}"


def _types_found(files: Sequence[tuple[str, Columns]], column: str, by_type: dict[str, list[int]]) -> str:
    found = ", ".join(f"{each} in {_files(files, where)}" for each, where in by_type.items())
    return f"column {column}: {found}"


def _one_type(column: str, by_type: dict[str, list[int]], inferred: bool, all_null: AllNull) -> str | None:
    kinds = set(by_type)
    found = _widest(kinds, inferred)
    if found is None:
        kinds = {kind for kind, where in by_type.items() if not all(all_null(index, column) for index in where)}
        found = _widest(kinds, inferred) if kinds else "VARCHAR"
    return found


def _widest(kinds: set[str], inferred: bool) -> str | None:
    if len(kinds) == 1:
        return next(iter(kinds))
    if not inferred:
        return None
    return next((wider for pair, wider in _WIDER if kinds <= pair | {wider}), None)


def _files(files: Sequence[tuple[str, Columns]], where: Sequence[int]) -> str:
    return listing((files[index][0] for index in where), most=_MOST_FILES)


def _refuse(faults: list[str], title: str) -> None:
    if faults:
        shown = "; ".join(faults[:_MOST_COLUMNS])
        rest = len(faults) - _MOST_COLUMNS
        more = f"; and {rest} more columns" if rest > 0 else ""
        raise ConflictError(
            f"The files of {title} have different schemas: {shown}{more}. "
            "Make the files alike, or register a glob of those that are."
        )
