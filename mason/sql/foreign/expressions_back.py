"""Expressions: what SQL says alike everywhere (names, values, conditions, CASE, calls), and rules of the dialect."""

from __future__ import annotations

from collections.abc import Callable

from mason.errors import TranslationError
from mason.sql.foreign import calls_back, windows_back
from mason.sql.foreign.conditions_back import compared, identifier, truth
from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Foreign, Work
from mason.sql.foreign.part import Part
from mason.sql.foreign.rules_back import chosen, meet
from mason.sql.foreign.sight import Named, Sight, field_of
from mason.sql.sql_types import BOOLEAN, NULL, VARCHAR, SqlType
from mason.sql.translating.translated import Value

_COMPARISONS = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_BINARY = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "IntDiv": "div", "Mod": "%", "DPipe": "||"}
_NOW = ("CurrentDate", "CurrentTimestamp", "CurrentTime", "Localtime", "Localtimestamp", "CurrentUser")
_UNCOMMON = (
    "Pow",
    "SimilarTo",
    "RegexpILike",
    "BitwiseLeftShift",
    "BitwiseRightShift",
    "Any",
    "All",
    "Slice",
    "Lambda",
)


def value(work: Work, part: Part, sight: Sight) -> Value:
    """Translate ``part``; raises :class:`mason.errors.TranslationError` for what has no rule."""
    rule = _KINDS.get(part.kind)
    part.check_grouping()
    if rule is not None:
        found = rule(work, part, sight)
    elif part.kind in work.written.kinds:
        name = _BINARY.get(part.kind, part.kind.lower())
        found = work.written.kinds[part.kind](Call(work, part, sight, name, _operands(work, part, sight)))
    elif part.kind in _NOW:
        raise part.refused(f"{part.kind} is another one at each run", "Give it as a parameter.")
    else:
        raise _no_rule(part, work.written)
    part.close()
    return found


def _operands(work: Work, part: Part, sight: Sight) -> list[Value]:
    """The operands of an operator; other nodes are read by their rules."""
    if part.kind not in _BINARY and part.kind not in ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "Neg", "BitwiseNot"):
        return []
    for name in ("typed", "safe"):
        part.take(name)
    found = [value(work, part.child("this"), sight)]
    if (other := part.maybe("expression")) is not None:
        found.append(value(work, other, sight))
    return found


def _literal(work: Work, part: Part, sight: Sight) -> Value:
    written = str(part.take("this"))
    meta = part.of.meta
    if part.take("is_string"):
        raw = (
            part.source[meta["start"] : meta["end"] + 1] if "start" in meta else "'" + written.replace("'", "''") + "'"
        )
        text = work.written.text(part, raw)
        if "\0" in text:
            raise part.refused("a text with a zero byte is not known to be the same", "Leave it out.")
        return Value(DUCK.text(text), VARCHAR, True, text)
    return work.written.number(part, written)


def _boolean(work: Work, part: Part, sight: Sight) -> Value:
    held = bool(part.take("this"))
    return Value(str(held).upper(), BOOLEAN, True, held)


def _column(work: Work, part: Part, sight: Sight) -> Value:
    names: list[Named] = []
    for name in ("catalog", "db", "table", "this"):
        if (found := part.maybe(name)) is not None:
            names.append(identifier(found))
    return sight.column(part, names)


def _dot(work: Work, part: Part, sight: Sight) -> Value:
    held = value(work, part.child("this"), sight)
    return field_of(part, work.written, held, *identifier(part.child("expression")))


def _paren(work: Work, part: Part, sight: Sight) -> Value:
    found = value(work, part.child("this"), sight)
    return Value(f"({found.text})", found.type, found.is_constant, found.constant)


def _comparison(work: Work, part: Part, sight: Sight) -> Value:
    sides = [value(work, part.child(name), sight) for name in ("this", "expression")]
    sign = _COMPARISONS[part.kind]
    call = Call(work, part, sight, sign, sides)
    one, other = compared(call, *sides, ordered=sign not in ("=", "<>"))
    return Value(f"({one} {sign} {other})", BOOLEAN)


def _same(work: Work, part: Part, sight: Sight) -> Value:
    if not work.written.distinct_from:
        raise part.refused("IS DISTINCT FROM is not known in " + work.written.engine, "Compare, and look at NULL.")
    sides = [value(work, part.child(name), sight) for name in ("this", "expression")]
    call = Call(work, part, sight, "IS DISTINCT FROM", sides)
    one, other = compared(call, *sides, ordered=False)
    word = "IS NOT DISTINCT FROM" if part.kind == "NullSafeEQ" else "IS DISTINCT FROM"
    return Value(f"({one} {word} {other})", BOOLEAN)


def _connected(work: Work, part: Part, sight: Sight) -> Value:
    # A chain of many conditions is as deep as it is long.
    chain: list[Part] = []
    inner = part
    while inner.kind == part.kind:
        chain.append(inner.child("expression"))
        before, inner = inner, inner.child("this")
        if before is not part:
            before.close()
    texts = [truth(work, inner, sight), *(truth(work, each, sight) for each in reversed(chain))]
    return Value(f"({(' AND ' if part.kind == 'And' else ' OR ').join(texts)})", BOOLEAN)


def _not(work: Work, part: Part, sight: Sight) -> Value:
    inner = part.child("this")
    if part.source[part.of.meta.get("start", part.place) :].startswith("!"):
        raise part.refused("! is not known to group alike", "Write NOT (...).")
    if inner.kind == "Is" and not inner.of.args.get("negate"):
        tested, said = _is_parts(work, inner, sight)
        inner.close()
        return Value(f"({tested} IS NOT {said})", BOOLEAN)
    return Value(f"(NOT {truth(work, inner, sight)})", BOOLEAN)


def _is_parts(work: Work, part: Part, sight: Sight) -> tuple[str, str]:
    tested = value(work, part.child("this"), sight)
    what = part.child("expression")
    if what.kind == "Null":
        if tested.type.name == "STRUCT" and work.written.dialect != "spark":
            raise part.refused("IS NULL of a row is not known to be the same", "Look at its parts.")
        return tested.text, "NULL"
    if what.kind == "Boolean" and tested.type == BOOLEAN:
        held = bool(what.take("this"))
        return tested.text, str(held).upper()
    raise part.refused("such an IS is not known to be the same", "Use IS NULL, IS TRUE or IS FALSE.")


def _is(work: Work, part: Part, sight: Sight) -> Value:
    tested, said = _is_parts(work, part, sight)
    return Value(f"({tested} IS {'NOT ' if part.take('negate') else ''}{said})", BOOLEAN)


def _in(work: Work, part: Part, sight: Sight) -> Value:
    tested = value(work, part.child("this"), sight)
    query = part.maybe("query")
    if query is not None:
        found = work.subquery(query.child("this") if query.kind == "Subquery" else query, sight)
        if query.kind == "Subquery":
            query.close()
        if len(found.columns) != 1:
            raise part.refused("IN takes a query of one column", "Let it answer with one column.")
        call = Call(work, part, sight, "IN", [tested, Value("", found.columns[0].type)])
        type_ = meet(call, call.arguments)
        work.written.check_compared(part, type_, ordered=False)
        if type_ != found.columns[0].type:
            raise part.refused(f"{tested.type} is looked for among {found.columns[0].type}", "Cast them to one type.")
        return Value(f"({work.written.implicit(part, tested, type_).text} IN ({found.text}))", BOOLEAN)
    listed = [value(work, each, sight) for each in part.children()]
    if not listed:
        raise part.refused("such an IN is not known to be the same", "List values.")
    call = Call(work, part, sight, "IN", [tested, *listed])
    type_ = meet(call, call.arguments)
    if type_.name in ("LIST", "STRUCT", "MAP"):
        raise part.refused(f"IN of {type_} is not known to be the same", "Compare parts of it.")
    work.written.check_compared(part, type_, ordered=False)
    texts = [work.written.implicit(part, each, type_).text for each in call.arguments]
    return Value(f"({texts[0]} IN ({', '.join(texts[1:])}))", BOOLEAN)


def _between(work: Work, part: Part, sight: Sight) -> Value:
    if part.take("symmetric"):
        raise part.refused("BETWEEN SYMMETRIC is not known to be the same", "Use least and greatest.")
    one, low, high = (value(work, part.child(name), sight) for name in ("this", "low", "high"))
    call = Call(work, part, sight, "BETWEEN", [one, low, high])
    first, least = compared(call, one, low, ordered=True)
    second, most = compared(call, one, high, ordered=True)
    return Value(f"({first} >= {least} AND {second} <= {most})", BOOLEAN)


def _case(work: Work, part: Part, sight: Sight) -> Value:
    tested = part.maybe("this")
    base = value(work, tested, sight) if tested is not None else None
    conditions, results = [], []
    for each in part.children("ifs"):
        when = each.child("this")
        if base is None:
            conditions.append(truth(work, when, sight))
        else:
            call = Call(work, part, sight, "CASE", ())
            one, other = compared(call, base, value(work, when, sight), ordered=False)
            conditions.append(f"({one} = {other})")
        results.append(value(work, each.child("true"), sight))
        each.close()
    default = part.maybe("default")
    results.append(value(work, default, sight) if default is not None else Value("NULL", NULL))
    return chosen(Call(work, part, sight, "CASE", results), conditions)


def _if(work: Work, part: Part, sight: Sight) -> Value:
    if not work.written.has_if:
        raise part.refused(f"{work.written.engine} has no IF", "Write CASE WHEN.")
    condition = truth(work, part.child("this"), sight)
    other = part.maybe("false")
    results = [
        value(work, part.child("true"), sight),
        value(work, other, sight) if other is not None else Value("NULL", NULL),
    ]
    return chosen(Call(work, part, sight, "IF", results), [condition])


def _cast(work: Work, part: Part, sight: Sight) -> Value:
    inner, tried = value(work, part.child("this"), sight), part.kind == "TryCast"
    if part.take("safe") and not tried:
        raise part.refused("such a cast is not known to be the same", "Use CAST.")
    target = type_named(work, part)
    return work.written.cast(Call(work, part, sight, "CAST", [inner]), inner, target, tried)


def type_named(work: Work, part: Part) -> SqlType:
    """The type that a cast names."""
    named = part.take("to")
    target = work.written.type_of(named)
    if target is None:
        raise part.refused(
            f"the type {named.sql(work.written.dialect)} is not known to be the same",
            "Use another one, with its digits.",
        )
    return target


def _query(work: Work, part: Part, sight: Sight) -> Value:
    inner = part.child("this")
    if part.kind == "Exists":
        inner = inner.child("this") if inner.kind == "Subquery" else inner
        return Value(f"EXISTS ({work.subquery(inner, sight).text})", BOOLEAN)
    found = work.subquery(inner, sight)
    if len(found.columns) != 1:
        raise part.refused("a subquery of several columns stands for a value", "Let it answer with one column.")
    if found.is_correlated and not is_one_row(work, inner):
        raise part.refused(
            "such a subquery may have several rows, at which one engine stops", "Use min(...), or a join."
        )
    # DuckDB takes any row of many; the others stop.
    text = found.text if is_one_row(work, inner) else _one_of(found.text)
    return Value(f"({text})", found.columns[0].type)


def _one_of(text: str) -> str:
    many = "error('More than one row stands for a value')"
    return (
        f'SELECT CASE WHEN count(*) > 1 THEN {many} ELSE any_value("_mason_one"."_mason_value") END'
        f' FROM ({text}) AS "_mason_one"("_mason_value")'
    )


def is_one_row(work: Work, part: Part) -> bool:
    """Whether a SELECT is one aggregate of all its rows."""
    args = part.of.args
    if part.kind != "Select" or args.get("group") or args.get("having") or len(args["expressions"]) != 1:
        return False
    (item,) = args["expressions"]
    name = str((item.this if type(item).__name__ == "Alias" else item).args.get("this", "")).lower()
    return name in work.written.aggregates


def knows(part: Part, written: Foreign) -> TranslationError | None:
    """Why a node is refused whatever the types are; ``None`` where that is not so."""
    if part.kind == "Anonymous":
        name = str(part.of.args["this"]).lower()
        known = (written.functions, written.aggregates, written.generated, windows_back.NAMES, calls_back.ELSEWHERE)
        return None if any(name in each for each in known) else calls_back.unknown(part, written, name)
    if part.kind in _NOW:
        return part.refused(f"{part.kind} is another one at each run", "Give it as a parameter.")
    is_operator = part.kind in _BINARY or part.kind in _UNCOMMON
    if is_operator and part.kind not in written.kinds and part.kind not in _KINDS:
        return _no_rule(part, written)
    return None


def _no_rule(part: Part, written: Foreign) -> TranslationError:
    said = "".join(f" {each.lower()}" if each.isupper() else each for each in part.kind).strip()
    return part.refused(f"{said} in {written.engine}'s SQL has no rule", "Write it otherwise.")


_KINDS: dict[str, Callable[[Work, Part, Sight], Value]] = {
    "Literal": _literal,
    "Boolean": _boolean,
    "Null": lambda work, part, sight: Value("NULL", NULL, True, None),
    "Column": _column,
    "Dot": _dot,
    "Paren": _paren,
    **dict.fromkeys(_COMPARISONS, _comparison),
    "NullSafeEQ": _same,
    "NullSafeNEQ": _same,
    "And": _connected,
    "Or": _connected,
    "Not": _not,
    "Is": _is,
    "In": _in,
    "Between": _between,
    "Case": _case,
    "If": _if,
    "Cast": _cast,
    "TryCast": _cast,
    "Subquery": _query,
    "Exists": _query,
    "Anonymous": calls_back.called,
    "Filter": calls_back.filtered,
    "WithinGroup": calls_back.within,
    "Window": calls_back.windowed,
}
