"""Which type a text has: the one by which it would be written back as it stands, and text where there is none.

``007``, ``1e3``, ``+7`` and ``0x1F`` are texts, because a number would be written otherwise. So are dates that are not
written year first, because nobody can tell day and month apart; options say how they are to be read. A type has the
same rule here three times: as a guess from a few values, as the SQL that is true for a text that has it, and as the
SQL that makes the value of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from mason.clients._duckdb.quoting import literal
from mason.clients._tables.columns import WHOLE
from mason.values import dataclass

DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
FLOATS = frozenset({"FLOAT", "DOUBLE"})
_ZONED = "TIMESTAMP WITH TIME ZONE"
_MOST_DIGITS = 38
_USUAL_DIGITS = 18
# As many digits as a DOUBLE holds whatever they are.
_SAFE = 15

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Hour 24 would be written back as hour 0 of the next day.
_HOUR = r"([01][0-9]|2[0-3])"
_CLOCK = rf"{_HOUR}:[0-5][0-9]:[0-5][0-9]"
_MICROSECONDS = r"(\.[0-9]{1,6}0*)?"
_OFFSET = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_TIMESTAMP = rf"{_DAY}[ T]{_HOUR}:[0-5][0-9](:[0-5][0-9]{_MICROSECONDS})?"
_NANOSECONDS = rf"{_DAY}[ T]{_CLOCK}(\.[0-9]{{1,9}}0*)?"
_INSTANT = rf"{_DAY}[ T]{_CLOCK}{_MICROSECONDS}{_OFFSET}"
_TIME = rf"{_CLOCK}{_MICROSECONDS}"
_WHOLE = r"0|-?[1-9][0-9]*"
_NUMBER = r"-?(0|[1-9][0-9]*)?(\.[0-9]*[1-9]|\.0)?"
_SCIENTIFIC = r"-?[0-9]\.[0-9]+[eE][+-]?[0-9]{1,3}"
_PLAIN = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"
GROUPED = r"-?[1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]{1,3}"
"""Numbers that are other ones where a point groups thousands."""

# What is surely not the name of a column, although it may be text for us.
_LIKE_NUMBER = re.compile(
    r"\s*[-+]?[0-9][0-9.,' _]*%?\s*|0[xXbB][0-9a-fA-F]+|\s*[-+]?[0-9.]+[eE][-+]?[0-9]+\s*", re.ASCII
)
_LIKE_TIME = re.compile(
    r"\s*[0-9]{1,4}[-/.:][0-9]{1,2}([-/.:][0-9]{1,4})?([ T][0-9:.]+)?(\s*([+-][0-9:]+|[A-Z]{1,4}))?\s*", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Formats:
    """How numbers and times are written where it is not as SQL writes them; the options of the same names."""

    decimal: str = ""
    thousands: str = ""
    date_format: str = ""
    timestamp_format: str = ""

    @property
    def point(self) -> str:
        """What stands before the fraction."""
        return self.decimal or ("," if self.thousands == "." else ".")

    @property
    def separated(self) -> bool:
        """Whether numbers are not as SQL writes them."""
        return bool(self.thousands) or self.point != "."


PLAIN = Formats()


def guess(values: Iterable[str], formats: Formats = PLAIN) -> str:
    """The narrowest type that all ``values`` may have, of which none is empty; empty where there are no values.

    It is a guess: the SQL of :func:`fits` decides.
    """
    texts = set(values)
    kinds = {kind_of(value, formats) for value in texts}
    if not kinds:
        return ""
    if kinds == {"NaN"}:
        # As databases write them; otherwise they may be names.
        return "DOUBLE" if texts <= {"nan", "inf", "-inf"} else "VARCHAR"
    if kinds <= {"BIGINT", "DOUBLE", "NaN"}:
        return "BIGINT" if kinds == {"BIGINT"} else "DOUBLE"
    if kinds <= {"TIMESTAMP", "TIMESTAMP_NS"}:
        return "TIMESTAMP_NS" if "TIMESTAMP_NS" in kinds else "TIMESTAMP"
    if kinds == {"DATE", "NaN"}:
        return "DATE"
    return kinds.pop() if len(kinds) == 1 else "VARCHAR"


def kind_of(value: str, formats: Formats = PLAIN) -> str:
    """The type that one text seems to have."""
    if formats.separated:
        number = _as_plain(value, formats)
        if number is None and _LIKE_NUMBER.fullmatch(value) and not _LIKE_TIME.fullmatch(value):
            return "VARCHAR"
        value = number or value
    for name, pattern in _guesses():
        if pattern.fullmatch(value):
            return name
    for wanted, kind in ((formats.date_format, "DATE"), (formats.timestamp_format, "TIMESTAMP")):
        if wanted and _LIKE_TIME.match(value):
            return kind
    return "DATE" if formats.date_format and re.search("%[bB]|%Y%m", formats.date_format) else "VARCHAR"


@cache
def _guesses() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # Compiled when the first text is looked at: often none is.
    return (
        ("BIGINT", re.compile(rf" *(?:{_WHOLE}) *", re.ASCII)),
        ("DOUBLE", re.compile(rf" *(?:-?\.[0-9]+|{_PLAIN}|{_SCIENTIFIC}|-?[0-9]e[+-][0-9]{{2,3}}) *", re.ASCII)),
        ("BOOLEAN", re.compile(r"true|false", re.IGNORECASE)),
        ("DATE", re.compile(rf"{_DAY}|-?infinity", re.ASCII)),
        ("TIMESTAMP", re.compile(_TIMESTAMP, re.ASCII)),
        ("TIMESTAMP_NS", re.compile(_NANOSECONDS, re.ASCII)),
        (_ZONED, re.compile(_INSTANT, re.ASCII)),
        ("TIME", re.compile(_TIME, re.ASCII)),
        ("NaN", re.compile(r"nan|-?inf|-?infinity", re.IGNORECASE)),
    )


def shape(value: str) -> str:
    """What a text looks like at a glance: ``number``, ``time`` or ``text``."""
    if _LIKE_NUMBER.fullmatch(value):
        return "number"
    if _LIKE_TIME.fullmatch(value):
        return "time"
    return "text"


def _as_plain(value: str, formats: Formats) -> str | None:
    if not re.fullmatch(_separated(formats), value):
        return None
    without = value.replace(formats.thousands, "") if formats.thousands else value
    return without.replace(formats.point, ".").strip()


def _separated(formats: Formats) -> str:
    group = re.escape(formats.thousands)
    whole = rf"([0-9]{{1,3}}({group}[0-9]{{3}})+|[0-9]+)" if formats.thousands else "[0-9]+"
    return rf"\s*-?{whole}({re.escape(formats.point)}[0-9]+)?\s*"


def fits(column: str, kind: str, formats: Formats = PLAIN, *, declared: bool = False) -> str | None:
    """The SQL that is true for a text in ``column`` that has the type ``kind``; ``None`` where every text has.

    ``declared`` says that a person chose the type: then a text fits that loses nothing, however it is written.
    """
    if kind == "VARCHAR":
        return None
    number = _number(column, formats)
    if declared:
        return _loses_nothing(column, number, kind, formats)
    if kind in WHOLE:
        value = f"CAST(TRY_CAST({number} AS {kind}) AS VARCHAR)"
        # Few numbers have spaces around them, and to look for these takes as long as the rest.
        return f"({value} = {number} OR {value} = trim({number}))"
    if kind in FLOATS:
        value = f"CAST(TRY_CAST({number} AS {kind}) AS VARCHAR)"
        safe, most = (_SAFE, 17) if kind == "DOUBLE" else (6, 9)
        # Tools write the shortest digits that mean the value, or always the most that it may need.
        whole = f"format('{{:.{most}g}}', TRY_CAST({number} AS {kind})) = trim({number})"
        return (
            f"({value} IN ({number}, lower({number})) OR {value} = {number} || '.0' OR {value} IS NOT NULL AND "
            f"(length({number}) <= {safe} AND regexp_full_match(trim({number}), '{_NUMBER}|{_SCIENTIFIC}') "
            f"OR {whole} OR lower({number}) IN ('infinity', '-infinity')))"
        )
    decimal = DECIMAL.fullmatch(kind)
    if decimal:
        value, scale = f"CAST(TRY_CAST({number} AS {kind}) AS VARCHAR)", int(decimal[2])
        zeros = f" OR {value} = trim({number}) || '.{'0' * scale}'" if scale else ""
        return f"({value} = trim({number}){zeros})"
    if kind == "BOOLEAN":
        return f"lower({column}) IN ('true', 'false')"
    formatted = _formatted(column, kind, formats)
    if kind == "DATE":
        return f"(CAST(TRY_CAST({column} AS DATE) AS VARCHAR) = {column}{formatted})"
    patterns = {"TIMESTAMP": _TIMESTAMP, "TIMESTAMP_NS": _NANOSECONDS, _ZONED: _INSTANT, "TIME": _TIME}
    if kind in patterns:
        return (
            f"(TRY_CAST({column} AS {kind}) IS NOT NULL AND regexp_full_match({column}, {literal(patterns[kind])})"
            f"{formatted})"
        )
    return f"TRY_CAST({column} AS {kind}) IS NOT NULL"


def _loses_nothing(column: str, number: str, kind: str, formats: Formats) -> str:
    value = f"TRY_CAST({number} AS {kind})"
    if kind in WHOLE:
        return f"({value} IS NOT NULL AND coalesce(TRY_CAST({number} AS DECIMAL(38,9)) = {value}, true))"
    decimal = DECIMAL.fullmatch(kind)
    if decimal:
        fraction = f"rtrim(split_part(trim({number}), '.', 2), '0')"
        return f"({value} IS NOT NULL AND (length({fraction}) <= {decimal[2]} OR contains(lower({number}), 'e')))"
    if kind in ("DATE", "TIMESTAMP", "TIMESTAMP_NS", _ZONED, "TIME"):
        lost = {
            "DATE": f"contains({column}, ':')",
            "TIME": rf"regexp_matches({column}, '\.[0-9]{{6}}[0-9]*[1-9]|-')",
            "TIMESTAMP": rf"regexp_matches({column}, ':[0-9.]+ ?([+-][0-9:]*[1-9]|Z)|\.[0-9]{{6}}[0-9]*[1-9]')",
            "TIMESTAMP_NS": rf"regexp_matches({column}, ':[0-9.]+ ?([+-][0-9:]*[1-9]|Z)')",
            _ZONED: rf"regexp_matches({column}, '\.[0-9]{{6}}[0-9]*[1-9]')",
        }[kind]
        return f"(TRY_CAST({column} AS {kind}) IS NOT NULL AND NOT {lost}{_formatted(column, kind, formats)})"
    return f"{value} IS NOT NULL"


def _formatted(column: str, kind: str, formats: Formats) -> str:
    wanted = {"DATE": formats.date_format}.get(kind, formats.timestamp_format if kind.startswith("TIMESTAMP") else "")
    if not wanted:
        return ""
    read = f"try_strptime({column}, {literal(wanted)})"
    # A year of two digits, which the format says has four, is one of the first century.
    return f" OR {read} IS NOT NULL AND year({read}) > 99"


def value(column: str, kind: str, formats: Formats = PLAIN) -> str:
    """The SQL that makes the value of a text in ``column`` that fits ``kind``."""
    if kind == "VARCHAR":
        return column
    if kind == "DATE" and formats.date_format:
        read = f"try_strptime({column}, {literal(formats.date_format)})"
        return f"coalesce(CAST({read} AS DATE), TRY_CAST({column} AS DATE))"
    if kind.startswith("TIMESTAMP") and formats.timestamp_format:
        read = f"try_strptime({column}, {literal(formats.timestamp_format)})"
        return f"coalesce(CAST({read} AS {kind}), TRY_CAST({column} AS {kind}))"
    return f"TRY_CAST({_number(column, formats) if _numeric(kind) else column} AS {kind})"


def native(kind: str, formats: Formats) -> bool:
    """Whether DuckDB's reader of text makes the same value of a text that fits ``kind``. It makes NULL of a time with a
    zone that it cannot read, so that these are not its own."""
    if _numeric(kind):
        return not formats.separated
    if kind == "DATE":
        return not formats.date_format
    if kind == "TIMESTAMP":
        return not formats.timestamp_format
    return kind in ("VARCHAR", "BOOLEAN")


def fixed_point(fraction: tuple[int, int] | None, digits: int) -> str:
    """The DECIMAL of numbers whose fractions have ``fraction`` digits at least and at most, and ``digits`` before
    them; text where they differ, because they would not be written back as they stand."""
    if fraction is None or fraction[0] != fraction[1] or digits + fraction[0] > _MOST_DIGITS:
        return "VARCHAR"
    precision = _USUAL_DIGITS if digits + fraction[0] <= _SAFE else _MOST_DIGITS
    return f"DECIMAL({precision},{fraction[0]})"


def measures(column: str, formats: Formats) -> str:
    """The SQL, an aggregate, of what :func:`fixed_point` asks for: whether all are numbers, fractions, and digits."""
    number = f"trim({_number(column, formats)})"
    fraction = f"length(split_part({number}, '.', 2))"
    return (
        f"{{numbers: coalesce(bool_and(coalesce(regexp_full_match({number}, {literal(_PLAIN)}), false)) "
        f"FILTER ({column} <> ''), false), least: min({fraction}) FILTER (contains({number}, '.')), "
        f"most: max({fraction}), digits: coalesce(max(length(ltrim(split_part({number}, '.', 1), '-'))), 0)}}"
    )


def _numeric(kind: str) -> bool:
    return kind in WHOLE or kind in FLOATS or DECIMAL.fullmatch(kind) is not None


def _number(column: str, formats: Formats) -> str:
    if not formats.separated:
        return column
    without = f"replace({column}, {literal(formats.thousands)}, '')" if formats.thousands else column
    plain = f"replace({without}, {literal(formats.point)}, '.')"
    return f"CASE WHEN regexp_full_match({column}, {literal(_separated(formats))}) THEN {plain} END"


def likely_date_formats(values: Iterable[str]) -> tuple[str, ...]:
    """The formats, day first and month first, in which all ``values`` are dates that are not written year first; none
    where they are no such dates, or are written in several ways."""
    texts = list(values)
    if not texts:
        return ()
    found = re.fullmatch(r"([0-9]{1,2})([/.-])([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})", texts[0])
    if found is None:
        return ()
    mark, year = found[2], "%Y" if len(found[4]) == 4 else "%y"
    pattern = re.compile(rf"([0-9]{{1,2}}){re.escape(mark)}([0-9]{{1,2}}){re.escape(mark)}[0-9]{{{len(found[4])}}}")
    read = [pattern.fullmatch(text) for text in texts]
    pairs = [(int(each[1]), int(each[2])) for each in read if each is not None]
    if len(pairs) < len(texts) or any(max(pair) > 31 or min(pair) < 1 for pair in pairs):
        return ()
    formats = []
    if all(month <= 12 for _, month in pairs):
        formats.append(f"%d{mark}%m{mark}{year}")
    if all(month <= 12 for month, _ in pairs):
        formats.append(f"%m{mark}%d{mark}{year}")
    return tuple(formats)
