"""Calls: functions, aggregates with what stands within and behind their parentheses, and calls with OVER."""

from __future__ import annotations

from collections.abc import Callable

from mason.errors import TranslationError
from mason.sql.foreign import windows_back
from mason.sql.foreign.conditions_back import truth
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Aggregate, Call, Foreign, Work
from mason.sql.foreign.part import Part
from mason.sql.foreign.sight import Sight
from mason.sql.sql_types import NULL, VARCHAR
from mason.sql.translating.translated import Value

_CHANGING = ("now", "current_date", "current_timestamp", "localtimestamp", "random", "rand", "uuid", "gen_random_uuid")
ELSEWHERE = ("explode", "posexplode", "unnest")
"""Functions that are read where select lists and FROM are."""


def called(work: Work, part: Part, sight: Sight) -> Value:
    """A call of a function, by its name."""
    name = str(part.take("this")).lower()
    if name in work.written.aggregates:
        return _aggregate(work, part, sight, lambda text: text, in_window=False)
    rule = work.written.functions.get(name)
    if rule is None:
        raise unknown(part, work.written, name)
    return rule(Call(work, part, sight, name, _arguments(work, part, sight, name)))


def unknown(part: Part, written: Foreign, name: str) -> TranslationError:
    """Why a function without a rule is refused."""
    if name in _CHANGING:
        return part.refused(f"{name} is another one at each run", "Give it as a parameter.")
    return part.refused(f"{name} of {written.engine} has no rule", written.remedies.get(name, "Write it otherwise."))


def _arguments(work: Work, part: Part, sight: Sight, name: str) -> list[Value]:
    found = []
    for each in part.children():
        if each.kind == "Var":
            held = str(each.take("this"))
            found.append(Value(DUCK.text(held), VARCHAR, True, held))
        elif each.kind == "Star" and name == "count":
            found.append(Value("*", NULL))
        else:
            found.append(work.value(each, sight))
    return found


def _aggregate(
    work: Work, part: Part, sight: Sight, over: Callable[[str], str], *, in_window: bool, within: Part | None = None
) -> Value:
    """An aggregate; DISTINCT and ORDER BY stand within its parentheses, or ORDER BY behind WITHIN GROUP."""
    name = str(part.take("this")).lower()
    items = part.children()
    distinct = bool(items) and items[0].kind == "Distinct"
    if distinct:
        held = items[0]
        items = held.children()
        held.close()
        if len(part.of.args["expressions"]) > 1:
            raise part.refused(f"{name} of DISTINCT is not known with more arguments", "Use a subquery.")
    orders: list[Part] = []
    arguments: list[Value] = []
    for each in items:
        inner = each
        if each.kind == "Order":
            orders = each.children()
            inner = each.child("this")
            each.close()
        if inner.kind == "Star":
            arguments.append(Value("*", NULL))
        elif inner.kind == "IgnoreNulls":
            raise inner.refused(f"IGNORE NULLS in {name} is not known to be the same", "Use FILTER.")
        else:
            arguments.append(work.value(inner, sight))
    if within is not None:
        orders = within.children()
        within.close()
    keys = [windows_back.key(work, each, sight) for each in orders]
    call = Call(work, part, sight, name, arguments)
    return work.written.aggregates[name](Aggregate(call, distinct, keys, over, in_window))


def filtered(work: Work, part: Part, sight: Sight) -> Value:
    """An aggregate with FILTER."""
    inner, where = part.child("this"), part.child("expression")
    within = None
    if inner.kind == "WithinGroup":
        group, within = inner, inner.child("expression")
        inner = group.child("this")
    name = str(inner.of.args.get("this", "")).lower()
    if inner.kind != "Anonymous" or name not in work.written.aggregates or not work.written.filter_clause:
        raise part.refused(f"FILTER for {name or inner.kind.lower()} has no rule", "Write CASE WHEN in an aggregate.")
    condition = truth(work, where.child("this"), sight)
    where.close()
    return _aggregate(
        work, inner, sight, lambda text: f"{text} FILTER (WHERE {condition})", in_window=False, within=within
    )


def within(work: Work, part: Part, sight: Sight) -> Value:
    """An aggregate with WITHIN GROUP."""
    inner, order = part.child("this"), part.child("expression")
    name = str(inner.of.args.get("this", "")).lower()
    if inner.kind != "Anonymous" or name not in work.written.aggregates:
        raise part.refused(f"WITHIN GROUP for {name} has no rule", "Write it otherwise.")
    return _aggregate(work, inner, sight, lambda text: text, in_window=False, within=order)


def windowed(work: Work, part: Part, sight: Sight) -> Value:
    """A call with OVER."""
    inner = part.child("this")
    condition = ""
    if inner.kind == "Filter":
        where = inner.child("expression")
        condition = f" FILTER (WHERE {truth(work, where.child('this'), sight)})"
        where.close()
        inner = inner.child("this")
    ignores = inner.kind == "IgnoreNulls"
    if ignores or inner.kind == "RespectNulls":
        inner = inner.child("this")
    name = str(inner.of.args.get("this", "")).lower()
    if inner.kind != "Anonymous":
        raise part.refused("such a call with OVER has no rule", "Use row_number, rank, lag, sum and their like.")
    over, keys = windows_back.over(work, part, sight, name)
    if name in work.written.aggregates and not ignores:
        return _aggregate(work, inner, sight, lambda text: f"{text}{condition} {over}", in_window=True)
    if condition:
        raise part.refused(f"FILTER for {name} has no rule", "Use a CASE.")
    inner.take("this")
    items = inner.children()
    if items and items[-1].kind == "IgnoreNulls":
        ignores, items[-1] = True, items[-1].child("this")
    call = Call(work, part, sight, name, [work.value(each, sight) for each in items])
    found = windows_back.ranked(call, over, keys, ignores)
    inner.close()
    return found
