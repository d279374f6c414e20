"""What there is to say of a run's queries before it is done: what they will write, what changed of that which they
read, which of them, or of their checks, will fail, and what becomes of them on an engine of another dialect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mason.dryrun.calls import NOTE, Outlook
from mason.dryrun.changed_columns import Changed, Columns, difference
from mason.dryrun.planned import PlannedStep
from mason.engines.check_columns import faults
from mason.errors import TranslationError
from mason.resources.output_checks import Check
from mason.resources.wording import listing
from mason.runtime.ahead import Reading
from mason.runtime.sql_by_types import Judged
from mason.sql import parsed
from mason.sql.table_argument import TABLE, quoted

# How many columns are named, and looked for in a query.
_MOST = 20
# How much is told of what becomes of one query.
_MOST_OF_SQL = 3


def outlook(
    step: PlannedStep, readings: Sequence[Reading], changed: Sequence[Changed], *, alone: bool = True
) -> Outlook:
    """What there is to say of a step that reads so, of whose inputs the columns ``changed``. The step of a run that is
    ``alone``, of one operator, has no name."""
    notes: list[str] = []
    warnings: list[str] = []
    wrong: list[tuple[str, str, str]] = []
    for reading in readings:
        named = _named(step, reading.number, alone=alone)
        try:
            columns = reading.columns()
        except TranslationError as error:
            warnings.append(f"{named} will fail: {error}")
            notes += _reads(reading, named, changed)
            continue
        if reading.output:
            notes.append(f"{named} writes {_told(columns)}")
            wrong += [(step.id, check.name, fault) for check in step.checks for fault in _faults(check, columns)]
        notes += _reads(reading, named, changed)
        notes += _writes(reading, named, changed, columns)
    return Outlook(tuple(notes), tuple(warnings), tuple(wrong))


def of_sql(step: PlannedStep, judged: Sequence[Judged], *, alone: bool = True) -> Outlook:
    """What there is to say of the SQL of a step on an engine of another dialect, by the types of its tables' columns.

    A query that DuckDB itself does not take will fail wherever it runs, which :func:`outlook` says.
    """
    notes: list[str] = []
    wrong: list[tuple[str, str, str]] = []
    for each in judged:
        if not each.is_wrong:
            wrong += [(step.id, "", fault) for fault in each.faults]
        said = [f"a note on {sentence}" if word == NOTE else sentence for word, sentence in each.told]
        more = [f"{len(said) - _MOST_OF_SQL} more of this kind (mason sql tells all)"] if said[_MOST_OF_SQL:] else []
        named = _named(step, each.number, alone=alone)
        notes += [f"{named}: {sentence}" for sentence in [*said[:_MOST_OF_SQL], *more]]
    return Outlook(tuple(notes), (), tuple(wrong))


def _named(step: PlannedStep, number: int, *, alone: bool) -> str:
    return f"sentence {number}" if alone else f"sentence {number} of step {step.id}"


def _told(columns: Columns) -> str:
    return listing([f"{name} {kind}" for name, kind in columns.items()], most=_MOST)


def _reads(reading: Reading, named: str, changed: Sequence[Changed]) -> Iterator[str]:
    """Which of the columns that changed a query reads by name."""
    for table, change in _of_tables(reading, changed):
        before = _as_it_was(reading, table, change)
        if _answer(reading, {table: before}) is None:
            # It could not be asked then either, so nobody knows what it needs.
            continue
        needed = [
            name
            for name in change.names[:_MOST]
            if _answer(reading, {table: {each: kind for each, kind in before.items() if each != name}}) is None
        ]
        if needed and reading.sql:
            yield f"{named} reads {listing(needed)} of {change.path}, which changed"


def _writes(reading: Reading, named: str, changed: Sequence[Changed], columns: Columns) -> Iterator[str]:
    """What of the answer is another one than at the last success."""
    before = {table: _as_it_was(reading, table, change) for table, change in _of_tables(reading, changed)}
    answered = _answer(reading, before) if before else None
    if answered is not None and (told := difference(answered, columns)):
        yield f"the columns that {named} gives change: {told}"


def _of_tables(reading: Reading, changed: Sequence[Changed]) -> Iterator[tuple[str, Changed]]:
    for table, place in reading.places.items():
        for change in changed:
            if change.is_of(place):
                yield table, change


def _as_it_was(reading: Reading, table: str, change: Changed) -> Columns:
    """The columns of a table as they were; those that its path alone gives it stay."""
    now = reading.tables[table]
    kept = {name: kind for name, kind in now.items() if name not in change.now}
    return {**change.before, **kept}


def _answer(reading: Reading, tables: Mapping[str, Columns]) -> Columns | None:
    try:
        return reading.columns(tables)
    except TranslationError:
        return None


def _faults(check: Check, columns: Columns) -> Iterator[str]:
    if check.kind != "sql":
        yield from faults(check, columns)
        return
    try:
        text = quoted(check.sql)
        if parsed.tables_read(text) == [TABLE]:
            parsed.columns_of(text, {TABLE: columns})
    except TranslationError as error:
        yield f"check {check.name}: its query cannot be asked: {error}"
