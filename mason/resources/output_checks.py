"""Checks of what a run or step writes: what they are and how they are told. Pure; nothing is looked at here.

Written in a run or in a step of a workflow (``checks:``), they hold for the one output of that step. Whoever writes the
output looks whether they hold before anybody else can see it (see ``mason.engines.checking``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from mason.resources.wording import free_name, quoted, shortened
from mason.values import dataclass

if TYPE_CHECKING:
    from decimal import Decimal

KINDS = ("not_null", "unique", "accepted_values", "row_count", "freshness", "sql")
"""The keys of which each check has one."""

ON_ROWS = ("not_null", "unique", "accepted_values", "sql")
"""Those of them that rows pass or fail, so that ``at_most`` some of them may fail."""

FAIL, WARN = SEVERITIES = ("fail", "warn")
"""What comes of a check that does not hold: nothing is published, or a warning is told."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
"""The units of ``within``, in seconds."""

# Texts, which Python compiles when it first needs them: most runs have no checks.
_WITHIN = r"([0-9]{1,9}) ?([smhdw])"
_PERCENT = r"([0-9]{1,3}(?:\.[0-9]{1,9})?) ?%"
_SHARE = r"([+-]?)([0-9]{1,9}(?:\.[0-9]{1,9})?)%"
_CHANGE = rf"(?:{_SHARE})?\.\.(?:{_SHARE})?"
_LONGEST = 100
# What "within" is where nothing is said of it.
_NEVER = ("within", 0)


@dataclass(frozen=True, slots=True)
class Check:
    """One check of an output. ``kind`` is of :data:`KINDS`, and says which of the fields mean anything.

    - ``name``: what it is called in results, once for each step.
    - ``columns``: of ``not_null``, ``unique`` (all together), ``accepted_values`` and ``freshness`` (one each).
    - ``values``: the accepted ones, as YAML has them; NULL is none of them and passes.
    - ``least``, ``most``: of rows. ``change``: of the number of rows since the last success (``-10%..+50%``).
    - ``within``: seconds that the newest value of a time may be old.
    - ``sql``: a SELECT in DuckDB's dialect over ``$table``, the output, that is to give no row.
    - ``severity``: of :data:`SEVERITIES`. ``at_most``: how many rows may fail (``5``, ``0.5%``); empty for none.
    """

    kind: str
    name: str
    columns: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    least: int | None = None
    most: int | None = None
    change: str = ""
    within: int = 0
    sql: str = ""
    severity: str = FAIL
    at_most: str = ""
    description: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without what is as if nothing was said."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {name: value for name, value in plain.items() if value not in (None, "", []) and (name, value) != _NEVER}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Check:
        """The inverse of :meth:`to_dict`. Raises ``KeyError`` or ``TypeError`` for anything else."""
        lists = {name: tuple(values[name]) for name in ("columns", "values") if name in values}
        return cls(**{**values, **lists})

    @property
    def sentence(self) -> str:
        """What has to hold, in words and on one line."""
        but = f", but for at most {allowance_text(self.at_most)}" if self.at_most else ""
        return f"{_SENTENCES[self.kind](self)}{but}"


def of_definition(given: Any) -> tuple[Check, ...]:
    """The checks that a list in a definition says, which has no faults. Those without a name get one, each another."""
    entries = [each for each in given or () if isinstance(each, Mapping)]
    taken = {str(each["name"]) for each in entries if each.get("name")}
    found = []
    for each in entries:
        check = _check(each)
        if not check.name:
            check = replace(check, name=free_name(_usual_name(check), taken))
            taken.add(check.name)
        found.append(check)
    return tuple(found)


def with_others(checks: Sequence[Check], others: Sequence[Check]) -> tuple[Check, ...]:
    """``checks`` and behind them ``others``, which get other names where theirs are taken."""
    found = list(checks)
    for each in others:
        found.append(replace(each, name=free_name(each.name, [check.name for check in found])))
    return tuple(found)


def seconds_of(text: Any) -> int | None:
    """What ``24h`` says in seconds; ``None`` for what says no time."""
    found = re.fullmatch(_WITHIN, text.strip()) if isinstance(text, str) else None
    return int(found[1]) * UNITS[found[2]] if found and int(found[1]) else None


def allowance_of(given: Any) -> str | None:
    """``at_most`` as :class:`Check` has it, from what a person wrote (``5``, ``"5"``, ``0.5 %``); ``None`` for what is
    no number of rows and no share."""
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given) if given >= 0 else None
    text = str(given).strip() if isinstance(given, str) else ""
    if text.isascii() and text.isdigit() and len(text) < 19:
        return str(int(text))
    share = re.fullmatch(_PERCENT, text)
    if share is None:
        return None
    from decimal import Decimal

    return f"{Decimal(share[1]).normalize():f}%" if Decimal(share[1]) <= 100 else None


def change_of(text: Any) -> tuple[Decimal | None, Decimal | None] | None:
    """The least and the largest change in percent that ``-10%..+50%`` allows (``None``: any); ``None`` for what says
    neither, or which nothing could fulfil."""
    found = re.fullmatch(_CHANGE, text.replace(" ", "")) if isinstance(text, str) else None
    if found is None:
        return None
    from decimal import Decimal

    least, most = (
        Decimal(f"{sign}{number}") if number else None
        for sign, number in ((found[1] or "", found[2]), (found[3] or "", found[4]))
    )
    if (least is None and most is None) or (least is not None and most is not None and least > most):
        return None
    return None if most is not None and most < -100 else (least, most)


def _check(given: Mapping[str, Any]) -> Check:
    kind = next(key for key in KINDS if given.get(key) is not None)
    said = given[kind]
    told: dict[str, Any] = {
        "name": str(given.get("name") or ""),
        "severity": given.get("severity") or FAIL,
        "at_most": (allowance_of(given["at_most"]) or "") if given.get("at_most") is not None else "",
        "description": given.get("description") or "",
    }
    if kind in ("not_null", "unique"):
        return Check(kind, columns=(said,) if isinstance(said, str) else tuple(said), **told)
    if kind == "accepted_values":
        return Check(kind, columns=(said["column"],), values=tuple(said["values"]), **told)
    if kind == "freshness":
        return Check(kind, columns=(said["column"],), within=seconds_of(said["within"]) or 0, **told)
    if kind == "row_count":
        change = (said.get("change") or "").replace(" ", "")
        return Check(kind, least=said.get("min"), most=said.get("max"), change=change, **told)
    return Check(kind, sql=said, **told)


def _usual_name(check: Check) -> str:
    return "_".join((check.kind, *check.columns))


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _not_null(check: Check) -> str:
    return f"{_and(check.columns)} {'is' if len(check.columns) == 1 else 'are'} never null"


def _unique(check: Check) -> str:
    if len(check.columns) == 1:
        return f"{check.columns[0]} is unique (null aside)"
    return f"{_and(check.columns)} together are unique (rows with a null in them aside)"


def _accepted(check: Check) -> str:
    words = (quoted(each) if isinstance(each, str) else _plain(each) for each in check.values)
    return f"{check.columns[0]} is null or one of {shortened(words)}"


def _plain(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _row_count(check: Check) -> str:
    said = []
    if check.least is not None and check.least == check.most:
        said.append(f"there are exactly {counted_rows(check.least)}")
    elif check.least is not None or check.most is not None:
        least = f"at least {check.least:,}" if check.least is not None else ""
        most = f"at most {check.most:,}" if check.most is not None else ""
        rows = "row" if 1 in (check.least, check.most) and None in (check.least, check.most) else "rows"
        said.append(f"there are {' and '.join(each for each in (least, most) if each)} {rows}")
    if check.change:
        said.append(f"their number differs by {check.change} from that of the last success")
    return " and ".join(said)


def _freshness(check: Check) -> str:
    newest = f"the newest value of {check.columns[0]}"
    return f"{newest} is at most {time_text(check.within)} old (times without a zone are UTC)"


def _sql(check: Check) -> str:
    text = " ".join(check.sql.split())
    return f"no row comes from {text if len(text) <= _LONGEST else f'{text[: _LONGEST - 3]}...'}"


def allowance_text(at_most: str) -> str:
    """``at_most`` in words: ``5 rows``, ``0.5% of the rows``."""
    return f"{at_most} of the rows" if at_most.endswith("%") else counted_rows(int(at_most))


def counted_rows(count: int) -> str:
    """``1 row``, ``1,000 rows``."""
    return "1 row" if count == 1 else f"{count:,} rows"


def time_text(seconds: int) -> str:
    """Seconds in the largest unit that has no rest: ``36h``, and ``1d`` for a day."""
    unit = next(each for each in reversed(UNITS) if not seconds % UNITS[each])
    return f"{seconds // UNITS[unit]}{unit}"


_SENTENCES = {
    "not_null": _not_null,
    "unique": _unique,
    "accepted_values": _accepted,
    "row_count": _row_count,
    "freshness": _freshness,
    "sql": _sql,
}
