"""Whether what was written fulfils its checks, decided before anybody can see it.

The runtime says by :func:`asking` which checks hold for what a verb writes. They belong to the context
(:mod:`contextvars`) of the call; verbs keep their signatures. An engine that declares ``capabilities.checks`` reads
:func:`asked`, measures what it has staged (:class:`Measured`), and gives that to :func:`decided`, which raises before
anything was published. The results stand under ``checks`` in the manifest, and so in the result of the job.

What an engine measures is facts; what follows from them is decided here, the same for all engines. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from typing import Any

from mason.errors import CheckFailedError
from mason.resources.output_checks import FAIL, ON_ROWS, Check, allowance_text, change_of, counted_rows, time_text
from mason.resources.wording import listing
from mason.values import dataclass, field

PASSED, WARNED, FAILED = STATUSES = ("passed", "warned", "failed")
"""How a check ended, by its severity where it does not hold."""

MOST_EXAMPLES = 5
"""How many of the rows that fail a check are kept."""

LONGEST_VALUE = 100
"""How many characters of a value are kept in them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The checks of one output, and how many rows it had at the last success (``None``: there was none)."""

    checks: tuple[Check, ...]
    rows_before: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, for an engine whose work another process may end."""
        return {"checks": [check.to_dict() for check in self.checks], "rows_before": self.rows_before}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Asked:
        """The inverse of :meth:`to_dict`."""
        return cls(tuple(map(Check.from_dict, values["checks"])), values["rows_before"])


@dataclass(frozen=True, slots=True)
class Measured:
    """What an engine found out for one check.

    - ``failing``: of checks on rows: how many fail. ``examples``: the first of them, JSON-ready.
    - ``counts``: how many of these by column, where there are several.
    - ``age``: of ``freshness``: how many seconds old the newest value is; ``None`` where there is none.
    - ``newest``: that value as text. ``ahead``: how many values are more than a day ahead, which do not count.
    - ``unknown``: of checks on rows: why nothing could be found out, so that it does not hold.
    """

    failing: int = 0
    examples: Sequence[Mapping[str, Any]] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    age: Decimal | None = None
    newest: str = ""
    ahead: int = 0
    unknown: str = ""


_asked: ContextVar[Asked | None] = ContextVar("mason_checks", default=None)


@contextmanager
def asking(asked: Asked | None) -> Iterator[None]:
    """Within it, what is written has to fulfil these checks."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def asked() -> Asked | None:
    """The checks of what is written here; ``None`` where there are none."""
    return _asked.get()


def decided(asked: Asked, rows: int, measured: Sequence[Measured], *, published: bool = False) -> list[dict[str, Any]]:
    """The results of all checks of an output of so many ``rows``, ``measured`` in the order of the checks.

    The keys of each: ``name``, ``check`` (its kind), ``says`` (what has to hold), ``severity``, ``status`` (of
    ``STATUSES``), ``rows``; ``failing`` (rows) of checks on rows; ``message`` where it does not hold, or there is
    something to tell; ``examples`` of failing rows; ``description`` where the check has one.

    Raises ``CheckFailedError`` with all of them where one failed, unless what is looked at is ``published`` already.
    """
    results = [
        _result(check, rows, found, asked.rows_before) for check, found in zip(asked.checks, measured, strict=True)
    ]
    if not published:
        refuse_failed(results)
    return results


def refuse_failed(results: Sequence[Mapping[str, Any]]) -> None:
    """Raises ``CheckFailedError`` where one of the results is that of a check that failed."""
    failed = [each for each in results if each["status"] == FAILED]
    if failed:
        lines = [f"Check {each['name']} failed: {each['message']}." for each in failed]
        raise CheckFailedError(
            "\n".join((*lines, "Nothing was published: what was there before is still there.")), results
        )


def warnings(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each check that does not hold and is only warned of."""
    return [f"Check {each['name']} does not hold: {each['message']}." for each in results if each["status"] == WARNED]


def _result(check: Check, rows: int, found: Measured, before: int | None) -> dict[str, Any]:
    if check.kind in ON_ROWS:
        holds, message = _on_rows(check, rows, found)
    elif check.kind == "row_count":
        holds, message = _row_count(check, rows, before)
    else:
        holds, message = _freshness(check, found)
    if not holds and check.description:
        message = f"{message} ({check.description.rstrip('.')})"
    return {
        "name": check.name,
        "check": check.kind,
        "says": check.sentence,
        "severity": check.severity,
        "status": PASSED if holds else FAILED if check.severity == FAIL else WARNED,
        "rows": rows,
        **({"failing": found.failing} if check.kind in ON_ROWS else {}),
        **({"message": message} if message else {}),
        **({"examples": [dict(each) for each in found.examples]} if found.examples else {}),
        **({"description": check.description} if check.description else {}),
    }


def _on_rows(check: Check, rows: int, found: Measured) -> tuple[bool, str]:
    if found.unknown:
        return False, found.unknown
    if not found.failing:
        return True, ""
    of_all, one = f"{counted_rows(found.failing)} of {rows:,}", found.failing == 1
    if check.kind == "sql":
        what = f"its query gives {counted_rows(found.failing)}"
    elif check.kind == "unique":
        what = f"{of_all} {'repeats' if one else 'repeat'} the {' and '.join(check.columns)} of another"
    else:
        no = f"no value in {_null(check, found)}" if check.kind == "not_null" else f"another {check.columns[0]}"
        what = f"{of_all} {'has' if one else 'have'} {no}"
    if not check.at_most:
        return False, what
    return _allowed(check.at_most, found.failing, rows), f"{what}; {_limit(check.at_most)}"


def _allowed(at_most: str, failing: int, rows: int) -> bool:
    if not at_most.endswith("%"):
        return failing <= int(at_most)
    # Exact, however many rows there are.
    return Decimal(failing) * 100 <= Decimal(at_most[:-1]) * rows


def _limit(at_most: str) -> str:
    return f"at most {allowance_text(at_most)} may"


def _null(check: Check, found: Measured) -> str:
    if len(check.columns) == 1:
        return check.columns[0]
    return listing([f"{name} ({count:,})" for name, count in found.counts.items() if count])


def _row_count(check: Check, rows: int, before: int | None) -> tuple[bool, str]:
    wrong = []
    if check.least is not None and rows < check.least:
        wrong.append(f"{_there_are(rows)}, fewer than {check.least:,}")
    if check.most is not None and rows > check.most:
        wrong.append(f"{_there_are(rows)}, more than {check.most:,}")
    change = change_of(check.change) if check.change else None
    if change is not None and before is not None and not _within(change, rows, before):
        wrong.append(f"{_there_are(rows)}, and at the last success {before:,}: {_percent(rows, before)}")
    if wrong:
        return False, "; ".join(wrong)
    untold = change is not None and before is None
    return True, "no earlier success to compare the number of rows with" if untold else ""


def _within(change: tuple[Decimal | None, Decimal | None], rows: int, before: int) -> bool:
    least, most = change
    grown = Decimal(rows - before) * 100
    # From no rows, any growth is more than any share.
    if before == 0:
        return rows == 0 or most is None
    return (least is None or grown >= least * before) and (most is None or grown <= most * before)


def _percent(rows: int, before: int) -> str:
    if before == 0:
        return "more than any share"
    return f"{Decimal(rows - before) * 100 / before:+.1f}%"


def _freshness(check: Check, found: Measured) -> tuple[bool, str]:
    ahead = f"; {counted_rows(found.ahead)} more than a day ahead {'does' if found.ahead == 1 else 'do'} not count"
    passed_over = ahead if found.ahead else ""
    if found.age is None:
        return False, f"{check.columns[0]} has no value{passed_over}"
    message = f"the newest value is {found.newest}"
    if found.age <= check.within:
        return True, f"{message}{passed_over}"
    return False, f"{message}, more than {time_text(check.within)} ago{passed_over}"


def _there_are(rows: int) -> str:
    return "there is 1 row" if rows == 1 else f"there are {rows:,} rows"
