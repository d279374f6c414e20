"""Texts: what counts as a character, where counting begins, patterns and case."""

from __future__ import annotations

from mason.sql.foreign.duck_text import DUCK, as_type, stop_at
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.sql_types import BOOLEAN, DATE, INTEGERS, NULL, TIMESTAMP, VARCHAR, SqlType
from mason.sql.translating.text_rules import UNLIKE_LOWER, UNLIKE_UPPER
from mason.sql.translating.translated import Value

_SHOWN = (*INTEGERS, BOOLEAN, DATE, TIMESTAMP, VARCHAR)


def as_text(call: Call, index: int) -> str:
    """An argument as a text, where texts are put together."""
    value = call.arguments[index]
    if value.type == NULL:
        return DUCK.cast("NULL", VARCHAR)
    if value.type in _SHOWN or value.type.name == "DECIMAL":
        return value.text if value.type == VARCHAR else as_type(value, VARCHAR)
    raise call.refused(f"texts of {value.type} look different in DuckDB", "Cast it to a DECIMAL before.")


def joined(call: Call) -> Value:
    """``||`` and concat, which are NULL where one part is."""
    call.count(1, 100)
    if len(call.arguments) == 1:
        return Value(as_text(call, 0), VARCHAR)
    if any(each.type == NULL for each in call.arguments):
        return Value(DUCK.cast("NULL", VARCHAR), VARCHAR)
    if any(each.type.name in ("LIST", "BLOB") for each in call.arguments):
        raise call.unknown(remedy="Join texts.")
    return Value(f"({' || '.join(as_text(call, index) for index in range(len(call.arguments)))})", VARCHAR)


def passing_null_over(call: Call) -> Value:
    """concat, which passes NULL over."""
    call.count(1, 100)
    return Value(f"concat({', '.join(as_text(call, index) for index in range(len(call.arguments)))})", VARCHAR)


def with_mark(call: Call) -> Value:
    """concat_ws, which passes NULL over."""
    call.count(2, 100)
    if any(each.type.name == "LIST" for each in call.arguments):
        raise call.unknown(remedy="Use array_join.")
    texts = [call.to(0, VARCHAR), *(as_text(call, index) for index in range(1, len(call.arguments)))]
    return Value(f"concat_ws({', '.join(texts)})", VARCHAR)


def counted(template: str, result: SqlType) -> Rule:
    """A count of characters or a place in a text, of the engine's type."""

    def rule(call: Call) -> Value:
        call.count(2 if "{1}" in template else 1)
        texts = [call.to(index, VARCHAR) for index in range(len(call.arguments))]
        return Value(DUCK.cast(template.format(*texts), result), result)

    return rule


def trimmed(name: str) -> Rule:
    """trim and its like, of blanks or of the characters of a text that was written."""

    def rule(call: Call) -> Value:
        call.count(1, 2)
        letters = DUCK.text(call.told(1)) if len(call.arguments) == 2 else "' '"
        call.rewritten("DuckDB trims every kind of space")
        return Value(f"{name}({call.to(0, VARCHAR)}, {letters})", VARCHAR)

    return rule


def trim_from(call: Call) -> Value:
    """``trim(BOTH 'x' FROM text)``."""
    part = call.part
    side = str(part.take("position") or "BOTH").upper()
    letters = part.maybe("expression")
    text = call.work.value(part.child("this"), call.sight)
    mark = call.work.value(letters, call.sight) if letters is not None else Value("' '", VARCHAR, True, " ")
    inner = Call(call.work, part, call.sight, "trim", [text, mark])
    return trimmed({"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}[side])(inner)


def substring(call: Call, *, from_zero: bool, backwards: bool) -> Value:
    """A part of a text; ``from_zero``: 0 is 1; ``backwards``: negative places count from the end."""
    call.count(2, 3)
    start = call.whole(1)
    length = call.whole(2) if len(call.arguments) == 3 else None
    text = call.to(0, VARCHAR)
    if start == 0 and from_zero:
        start = 1
    if length is not None and length < 0:
        raise call.refused(f"{call.name} of {length} characters is not known to be the same", "Count from 0.")
    if start < 0 and backwards and length is None:
        call.rewritten("the count is from the end")
        return Value(f"right({text}, {-start})", VARCHAR)
    if start < 1:
        raise call.refused(f"{call.name} from {start} is not known to be the same", "Count from 1, forwards.")
    return Value(f"substring({text}, {start}{'' if length is None else f', {length}'})", VARCHAR)


def substring_from(*, from_zero: bool, backwards: bool) -> Rule:
    """``substring(text FROM 2 FOR 3)``, and with commas."""

    def rule(call: Call) -> Value:
        part = call.part
        parts = [part.child("this"), *(each for name in ("start", "length") if (each := part.maybe(name)) is not None)]
        values = [call.work.value(each, call.sight) for each in parts]
        inner = Call(call.work, part, call.sight, "substring", values)
        return substring(inner, from_zero=from_zero, backwards=backwards)

    return rule


def position_in(result: SqlType) -> Rule:
    """``position(text IN text)``."""

    def rule(call: Call) -> Value:
        part = call.part
        values = [call.work.value(part.child(name), call.sight) for name in ("substr", "this")]
        inner = Call(call.work, part, call.sight, "position", values)
        return Value(DUCK.cast(f"instr({inner.to(1, VARCHAR)}, {inner.to(0, VARCHAR)})", result), result)

    return rule


def side(*, negative_is_empty: bool) -> Rule:
    """left and right."""

    def rule(call: Call) -> Value:
        call.count(2)
        count = call.whole(1)
        if count < 0 and not negative_is_empty:
            raise call.refused(f"{call.name} with a negative count is not known to be the same", "Use substring.")
        return Value(f"{call.name}({call.to(0, VARCHAR)}, {max(count, 0)})", VARCHAR)

    return rule


def padded(call: Call) -> Value:
    """lpad and rpad, with blanks where no sign is said."""
    call.count(2, 3)
    mark = call.told(2) if len(call.arguments) == 3 else " "
    if not 0 <= call.whole(1) < 2**20 or not mark:
        raise call.refused(f"{call.name} to {call.whole(1)} is not known to be the same", "Pad with a character.")
    return Value(f"{call.name}({call.to(0, VARCHAR)}, {call.whole(1)}, {DUCK.text(mark)})", VARCHAR)


def repeated(call: Call) -> Value:
    """repeat, a number of times that was written."""
    call.count(2)
    if not 0 <= call.whole(1) < 2**20:
        raise call.refused(f"repeat {call.whole(1)} times is not known to be the same", "Name a small number.")
    return Value(f"repeat({call.to(0, VARCHAR)}, {call.whole(1)})", VARCHAR)


def replaced(call: Call) -> Value:
    """replace of a text that is not empty."""
    call.count(3)
    if not call.told(1):
        raise call.refused("replacing an empty text is not known to be the same", "Name what is replaced.")
    return Value(f"replace({', '.join(call.to(index, VARCHAR) for index in range(3))})", VARCHAR)


def piece(call: Call) -> Value:
    """split_part, empty where there is no such part."""
    call.count(3)
    if not call.told(1) or call.whole(2) < 1:
        raise call.refused(f"{call.name} is known to be the same only for parts from 1", "Count from 1.")
    return Value(f"split_part({call.to(0, VARCHAR)}, {call.to(1, VARCHAR)}, {call.whole(2)})", VARCHAR)


def liked(call: Call) -> Value:
    """LIKE and ILIKE, with a pattern that was written."""
    outer, part, escape = call.part, call.part, call.written.like_escape
    if part.kind == "Escape":
        said = call.work.value(part.child("expression"), call.sight)
        escape = str(said.constant) if said.is_text else "?"
        if len(escape) != 1 or escape == "?":
            raise part.refused("such an escape character is not known to be the same", "Write one sign.")
        part = part.child("this")
    folded = part.kind == "ILike"
    negated = bool(part.take("negate"))
    sides = [call.work.value(part.child(name), call.sight) for name in ("this", "expression")]
    call = Call(call.work, part, call.sight, part.kind.upper(), sides)
    if part is not outer:
        part.close()
    pattern = call.told(1)
    _check_pattern(call, pattern, escape)
    tested = call.to(0, VARCHAR)
    if folded:
        if not pattern.isascii():
            raise call.refused("ILIKE with letters beyond ASCII is not known to be the same", "Use ASCII or LIKE.")
        tested, pattern = folded_alike(tested), pattern.lower()
        call.rewritten("letters beyond ASCII are folded as this engine does")
    said_escape = f" ESCAPE {DUCK.text(escape)}" if escape and escape in pattern else ""
    return Value(f"({tested} {'NOT LIKE' if negated else 'LIKE'} {DUCK.text(pattern)}{said_escape})", BOOLEAN)


def folded_alike(text: str) -> str:
    """A text whose letters of ASCII are small, and the sign of Kelvin; a dotted capital i, which becomes two letters,
    stops the query."""
    stopped = stop_at("ILIKE is not the same in DuckDB for: ", text, VARCHAR)
    text = f"CASE WHEN contains({text}, '\u0130') THEN {stopped} ELSE {text} END"
    return f"translate({text}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ\u212a', 'abcdefghijklmnopqrstuvwxyzk')"


def _check_pattern(call: Call, pattern: str, escape: str) -> None:
    signs = iter(pattern)
    for sign in signs:
        if escape and sign == escape and next(signs, "") not in ("%", "_", escape):
            raise call.refused("the escape character stands before another one", "Put it before %, _ or itself.")


def upper(call: Call) -> Value:
    """upper by Unicode's rules, which make two letters of the sharp s; others that are not the same stop the query."""
    call.count(1)
    text = call.to(0, VARCHAR)
    call.rewritten("DuckDB has another capital for the sharp s")
    call.noted("rare letters (ligatures, Greek with marks, the newest of Unicode) stop the query")
    return Value(_guarded(text, UNLIKE_UPPER, f"upper(replace({text}, '\u00df', 'SS'))"), VARCHAR)


def lower(call: Call) -> Value:
    """lower by Unicode's rules; a capital sigma and a dotted capital i, which depend on what is around, stop it."""
    call.count(1)
    text = call.to(0, VARCHAR)
    call.rewritten("some letters depend on what is around them")
    call.noted("the Greek capital sigma, the dotted capital I and the newest letters of Unicode stop the query")
    return Value(_guarded(text, UNLIKE_LOWER + "\u03a3\u0130", f"lower({text})"), VARCHAR)


def in_ascii(call: Call) -> Value:
    """upper and lower of letters of ASCII; others are folded by a language, or in a way that is not said."""
    call.count(1)
    text = call.to(0, VARCHAR)
    call.rewritten("letters beyond ASCII are not known to be folded alike")
    call.noted("a text with letters beyond ASCII stops the query")
    stopped = stop_at("Upper and lower case are not known to be the same for: ", text, VARCHAR)
    beyond = f"regexp_matches({text}, '[^\\x00-\\x7F]')"
    return Value(f"CASE WHEN {beyond} THEN {stopped} ELSE {call.name}({text}) END", VARCHAR)


def _guarded(text: str, letters: str, result: str) -> str:
    stopped = stop_at("Upper and lower case are not the same in DuckDB for: ", text, VARCHAR)
    return f"CASE WHEN regexp_matches({text}, '[{letters}]') THEN {stopped} ELSE {result} END"


def within(template: str) -> Rule:
    """Whether a text holds another one, begins or ends with it."""

    def rule(call: Call) -> Value:
        call.count(2)
        return Value(template.format(call.to(0, VARCHAR), call.to(1, VARCHAR)), BOOLEAN)

    return rule
