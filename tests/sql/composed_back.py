"""Queries in other dialects that nobody wrote: put together from the grammar that is allowed, the same ones for the
same seed."""

from __future__ import annotations

import random

_NUMBERS = ["small", "n", "q", "p", "d", "1", "3", "0", "2.5", "10"]
_TEXTS = ["name", "kind", "'a'", "'Apple'", "''", "'5%'"]
_PATTERNS = ["%a%", "A_p%", "%", "b%"]
_WINDOWS = [
    "sum({}) ",
    "min({}) ",
    "max({}) ",
    "count({}) ",
    "lag({}) ",
    "rank() ",
    "row_number() ",
    "first_value({}) ",
]


class _Composer:
    """What both dialects have; ``dialect`` is spark or postgres."""

    def __init__(self, dialect: str, seed: int) -> None:
        self._dice = random.Random(seed)
        self._is_spark = dialect == "spark"
        self._double = "DOUBLE" if self._is_spark else "double precision"
        self._text = "STRING" if self._is_spark else "text"
        self._time = "TIMESTAMP_NTZ" if self._is_spark else "timestamp"

    def number(self, depth: int) -> str:
        dice = self._dice
        if depth <= 0:
            return dice.choice(_NUMBERS)
        one, other = self.number(depth - 1), self.number(depth - 1)
        own = (
            [f"pmod({dice.choice(['n', 'small'])}, 7)", f"({one} / 4)", f"if({self.truth(0)}, {one}, {other})"]
            if self._is_spark
            else [f"(n / {dice.choice(['7', '-3', 'small'])})", f"(CAST({one} AS {self._double}) / 4)", f"({one} % 7)"]
        )
        return dice.choice(
            [
                f"({one} + {other})",
                f"({one} - {other})",
                f"({one} * {other})",
                f"abs({one})",
                f"-({one})",
                f"coalesce({one}, {other})",
                f"CASE WHEN {self.truth(depth - 1)} THEN {one} ELSE {other} END",
                f"greatest({one}, {other})",
                f"least({one}, {other})",
                f"nullif({one}, {other})",
                f"CAST({one} AS {self._double})",
                f"CAST({one} AS INT)",
                f"CAST({one} AS DECIMAL(12,2))",
                f"CAST({one} AS BIGINT)",
                f"floor({one})",
                *own,
            ]
        )

    def truth(self, depth: int) -> str:
        dice = self._dice
        one, other = self.number(depth - 1), self.number(depth - 1)
        basic = [
            f"{one} {dice.choice(['=', '<>', '<', '<=', '>', '>='])} {other}",
            f"{one} IS NULL",
            f"{one} IS NOT DISTINCT FROM {other}",
            f"{one} BETWEEN {other} AND 10",
            f"{one} IN ({other}, 1)",
            f"{one} NOT IN ({other}, 1)",
        ]
        if depth <= 0:
            return dice.choice(basic)
        left, right = self.truth(depth - 1), self.truth(depth - 1)
        return dice.choice([*basic, f"({left} AND {right})", f"({left} OR {right})", f"NOT ({left})"])

    def text(self, depth: int) -> str:
        dice = self._dice
        if depth <= 0:
            return dice.choice(_TEXTS)
        one, other = self.text(depth - 1), self.text(depth - 1)
        own = (
            [f"regexp_replace({one}, '[a-e]+', '<>')", f"upper({one})", f"substring({one}, {dice.randint(-3, 3)})"]
            if self._is_spark
            else [f"regexp_replace({one}, '[a-e]+', '<>', 'g')", f"btrim({one}, 'aA')", f"CAST({one} AS text)"]
        )
        return dice.choice(
            [
                f"({one} || {other})",
                f"concat({one}, {other}, id)",
                f"trim({one})",
                f"substring({one}, {dice.randint(1, 4)}, {dice.randint(0, 3)})",
                f"left({one}, {dice.randint(0, 4)})",
                f"right({one}, {dice.randint(0, 4)})",
                f"replace({one}, 'a', {other})",
                f"coalesce({one}, {other})",
                f"nullif({one}, {other})",
                f"split_part({one}, 'a', {dice.randint(1, 3)})",
                f"lpad({one}, {dice.randint(0, 6)}, '*')",
                f"reverse({one})",
                f"CAST({self.date(0)} AS {self._text})",
                f"CASE WHEN {one} LIKE '{dice.choice(_PATTERNS)}' THEN {other} END",
                f"CAST(length({one}) AS {self._text})",
                *own,
            ]
        )

    def date(self, depth: int) -> str:
        dice = self._dice
        dates = ["made", "sold", "DATE '2024-02-29'", f"CAST('2024-01-31 10:30:00' AS {self._time})"]
        if depth <= 0:
            return dice.choice(dates)
        one = self.date(depth - 1)
        unit = dice.choice(["DAY", "MONTH", "YEAR"])
        days = dice.choice(["made", "DATE '2024-02-29'"])
        return dice.choice(
            [
                f"({one} + INTERVAL '{dice.randint(0, 40)}' {unit})",
                f"({one} - INTERVAL '{dice.randint(0, 40)}' {unit})",
                f"(CAST({one} AS {self._time}) + INTERVAL '{dice.randint(0, 90)}' MINUTE)",
                f"CAST({one} AS DATE)",
                f"({days} + {dice.randint(0, 40)})",
                f"coalesce({one}, {self.date(depth - 1)})",
                f"greatest({one}, {self.date(depth - 1)})",
                f"date_trunc('{dice.choice(['month', 'week', 'quarter', 'day'])}', CAST({one} AS {self._time}))",
            ]
        )

    def of_dates(self, depth: int) -> str:
        dice = self._dice
        one, other = self.date(depth), self.date(depth)
        part = dice.choice(["year", "month", "day", "dow", "doy", "week", "quarter"])
        formats = ["yyyy-MM-dd", "dd.MM.yy", "EEE d MMM"] if self._is_spark else ["YYYY-MM-DD", "DD.MM.YY", "Dy Mon"]
        own = (
            [f"dayofweek({one})", f"weekday({one})", f"datediff({one}, {other})", f"last_day({one})"]
            if self._is_spark
            else [f"(CAST({one} AS date) - CAST({other} AS date))", f"extract(isodow FROM {one})"]
        )
        shown = "date_format" if self._is_spark else "to_char"
        return dice.choice(
            [f"extract({part} FROM {one})", f"{shown}({one}, '{dice.choice(formats)}')", f"{one} < {other}", one, *own]
        )

    def query(self) -> str:
        dice = self._dice
        kind = dice.randrange(6)
        if kind == 0:
            return f"SELECT {self.number(2)} AS a, {self.truth(1)} AS b FROM numbers WHERE small BETWEEN -100 AND 100"
        if kind == 1:
            return f"SELECT id, {self.text(2)} AS a FROM items WHERE {self.text(1)} IS NOT NULL"
        if kind == 2:
            return f"SELECT id, {self.of_dates(dice.randint(0, 2))} AS a FROM items ORDER BY id"
        column = dice.choice(["pay", "id", "boss", "pay * 1.5", "pay + id", "pay % 7"])
        if kind == 3:
            return self._grouped(column)
        if kind == 4:
            call = dice.choice(_WINDOWS)
            order = dice.choice(["id", "pay DESC, id", "hired NULLS FIRST, id", "boss, id"])
            part = dice.choice(["", "PARTITION BY dept "])
            frame = dice.choice(["", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"]) if call[:3] in ("sum", "min") else ""
            return f"SELECT id, {call.format(column)}OVER ({part}ORDER BY {order}{frame}) AS a FROM staff ORDER BY id"
        join = dice.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        limit = dice.choice(["", f" LIMIT {dice.randint(0, 4)}"])
        order = f"id {dice.choice(['', 'DESC', 'NULLS FIRST', 'DESC NULLS LAST'])}, floor, pay"
        return f"SELECT id, floor, dept, {column} AS a FROM staff {join} depts USING (dept) ORDER BY {order}{limit}"

    def _grouped(self, column: str) -> str:
        dice = self._dice
        calls = ["sum({})", "min({})", "max({})", "count({})", "count(DISTINCT {})"]
        calls += ["avg({})", "median({})", "sort_array(collect_list({}))"] if self._is_spark else []
        calls += [] if self._is_spark else ["array_agg({0} ORDER BY {0})", f"avg(CAST({{}} AS {self._double}))"]
        keep = dice.choice(["", " HAVING count(*) > 1", " HAVING min(pay) IS NOT NULL"])
        grouped = dice.choice(["GROUP BY dept", "GROUP BY 1", "GROUP BY ROLLUP (dept)", "GROUP BY dept, boss"])
        return f"SELECT dept, {dice.choice(calls).format(column)} AS a FROM staff {grouped}{keep}"


def composed_back(dialect: str, count: int, *, seed: int) -> list[str]:
    """``count`` queries in a dialect, each other than the others."""
    composer = _Composer(dialect, seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[composer.query()] = None
    return list(found)
