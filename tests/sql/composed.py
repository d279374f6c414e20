"""Queries that nobody wrote: put together from the grammar that is allowed, the same ones for the same seed."""

from __future__ import annotations

import random

_NUMBERS = ["small", "tiny", "n", "q", "p", "d", "1", "-3", "0", "2.5", "10"]
_TEXTS = ["name", "kind", "'a'", "'Apple'", "''", "'5%'"]
_PATTERNS = ["%a%", "A_p%", "%", "%\\%", "b%"]
_PARTS = ["year", "month", "day", "dow", "isodow", "doy", "week", "quarter", "hour", "minute", "second"]
_AGGREGATES = ["sum({})", "avg({})", "min({})", "max({})", "count({})", "median({})", "list({0} ORDER BY {0})"]
_WINDOWS = ["sum({}) ", "avg({}) ", "min({}) ", "lag({}) ", "rank() ", "row_number() ", "first_value({}) "]
_DATES = ["made", "sold", "DATE '2024-02-29'", "TIMESTAMP '2024-01-31 10:30:00'"]


class _Composer:
    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def number(self, depth: int) -> str:
        dice = self._dice
        if depth <= 0:
            return dice.choice(_NUMBERS)
        one, other = self.number(depth - 1), self.number(depth - 1)
        return dice.choice(
            [
                f"({one} + {other})",
                f"({one} - {other})",
                f"({one} / {other})",
                f"({one} * {other})",
                f"({one} // {other})",
                f"({one} % {other})",
                f"abs({one})",
                f"round({one}, 1)",
                f"floor({one})",
                f"coalesce({one}, {other})",
                f"CASE WHEN {self.truth(depth - 1)} THEN {one} ELSE {other} END",
                f"greatest({one}, {other})",
                f"nullif({one}, {other})",
                f"CAST({one} AS DOUBLE)",
                f"CAST({one} AS INTEGER)",
                f"CAST({one} AS DECIMAL(12,2))",
                f"CAST({one} AS BIGINT)",
            ]
        )

    def truth(self, depth: int) -> str:
        dice = self._dice
        one, other = self.number(depth - 1), self.number(depth - 1)
        basic = [
            f"{one} {dice.choice(['=', '<>', '<', '<=', '>', '>='])} {other}",
            f"{one} IS NULL",
            f"{one} IS DISTINCT FROM {other}",
            f"{one} BETWEEN {other} AND 10",
            f"{one} IN ({other}, 1)",
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
        return dice.choice(
            [
                f"({one} || {other})",
                f"concat({one}, {other}, id)",
                f"upper({one})",
                f"lower({one})",
                f"trim({one})",
                f"substring({one}, {dice.randint(1, 4)}, {dice.randint(0, 3)})",
                f"left({one}, {dice.randint(0, 4)})",
                f"replace({one}, 'a', {other})",
                f"coalesce({one}, {other})",
                f"nullif({one}, {other})",
                f"regexp_replace({one}, '[a-e]+', '<\\0>', 'g')",
                f"split_part({one}, 'a', {dice.randint(1, 3)})",
                f"CAST({self.date(0)} AS VARCHAR)",
                f"CASE WHEN {one} LIKE '{dice.choice(_PATTERNS)}' THEN {other} END",
                f"CAST(length({one}) AS VARCHAR)",
            ]
        )

    def date(self, depth: int) -> str:
        dice = self._dice
        if depth <= 0:
            return dice.choice(_DATES)
        one = self.date(depth - 1)
        unit = dice.choice(["day", "month", "year", "hour", "minute"])
        return dice.choice(
            [
                f"({one} + INTERVAL {dice.randint(-40, 40)} {unit.upper()})",
                f"date_trunc('{dice.choice([unit, 'week', 'quarter'])}', {one})",
                f"CAST({one} AS DATE)",
                f"last_day({one})",
                f"coalesce({one}, {self.date(depth - 1)})",
                f"greatest({one}, {self.date(depth - 1)})",
            ]
        )

    def of_dates(self, depth: int) -> str:
        dice = self._dice
        one, other = self.date(depth), self.date(depth)
        part = dice.choice(
            ["year", "month", "day", "dow", "isodow", "doy", "week", "quarter", "hour", "minute", "second"]
        )
        unit = dice.choice(["day", "month", "year", "hour", "minute", "second", "quarter"])
        return dice.choice(
            [
                f"date_part('{part}', {one})",
                f"date_diff('{unit}', {one}, {other})",
                f"strftime({one}, '{dice.choice(['%Y-%m-%d', '%d.%m.%y %H:%M', 'day %j', '%b %d'])}')",
                f"{one} < {other}",
                f"epoch({one})",
                one,
            ]
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
        column = dice.choice(["pay", "id", "boss", "pay * 1.5", "pay / 7", "pay // 7"])
        if kind == 3:
            call = dice.choice(_AGGREGATES)
            keep = dice.choice(["", " HAVING count(*) > 1", " HAVING min(pay) IS NOT NULL"])
            grouped = dice.choice(["GROUP BY dept", "GROUP BY ALL", "GROUP BY 1", "GROUP BY ROLLUP (dept)"])
            if "ALL" in grouped and "list" in call:
                grouped = "GROUP BY dept"
            return f"SELECT dept, {call.format(column)} AS a FROM staff {grouped}{keep}"
        if kind == 4:
            call = dice.choice(_WINDOWS)
            order = dice.choice(["id", "pay DESC, id", "hired NULLS FIRST, id"])
            part = dice.choice(["", "PARTITION BY dept "])
            return f"SELECT id, {call.format(column)}OVER ({part}ORDER BY {order}) AS a FROM staff ORDER BY id"
        join = dice.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        limit = dice.choice(["", f" LIMIT {dice.randint(0, 4)}"])
        order = "id NULLS FIRST, title, pay"
        return f"SELECT id, title, dept, {column} AS a FROM staff {join} depts USING (dept) ORDER BY {order}{limit}"


def composed(count: int, *, seed: int) -> list[str]:
    """``count`` queries, each other than the others."""
    composer = _Composer(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[composer.query()] = None
    return list(found)
