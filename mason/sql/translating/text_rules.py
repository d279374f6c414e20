"""Functions of texts: what counts as a character or a blank, and where counting begins.

A rule that is made here checks what it is given; the dialect says its text.
"""

from __future__ import annotations

from mason.sql.sql_types import BOOLEAN, DOUBLE, FLOAT, NULL, VARCHAR
from mason.sql.translating.patterns import Flavour, like, regular_expression
from mason.sql.translating.rules import Call, Rule
from mason.sql.translating.translated import Value

BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Unicode's space separators, which DuckDB trims; others trim blanks only."""

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ\u212a\u0130"
_LOWER = "abcdefghijklmnopqrstuvwxyzki"


def as_text(call: Call, index: int) -> str:
    """An argument as DuckDB writes it where texts are put together."""
    value = call.arguments[index]
    if value.type == VARCHAR:
        return value.text
    if call.dialect.shows(value.type):
        return call.dialect.shown(value)
    if value.type == NULL:
        return call.cast("NULL", VARCHAR)
    remedy = "Cast it to a DECIMAL before." if value.type in (FLOAT, DOUBLE) else "Leave it out."
    raise call.refused(f"texts of {value.type} look different in {call.dialect.engine}", remedy)


def _joined(call: Call) -> Value:
    call.count(2)
    types = [value.type for value in call.arguments]
    if NULL in types or any(each.name == "LIST" for each in types):
        raise call.refused(f"|| of {types[0]} and {types[1]} is not known to be the same", "Join texts.")
    return Value(f"({as_text(call, 0)} || {as_text(call, 1)})", VARCHAR)


def concat(template: str, part: str, mark: str, why: str) -> Rule:
    """concat, which passes NULL over: ``part`` of each argument, with ``mark`` between them, in ``template``."""

    def rule(call: Call) -> Value:
        call.count(1, 100)
        if why:
            call.rewritten(why)
        parts = mark.join(part.format(as_text(call, index)) for index in range(len(call.arguments)))
        return Value(template.format(parts), VARCHAR)

    return rule


def concat_ws(call: Call) -> Value:
    """concat_ws, which passes NULL over everywhere."""
    call.count(2, 100)
    return Value(f"concat_ws({', '.join(as_text(call, index) for index in range(len(call.arguments)))})", VARCHAR)


def counted(template: str) -> Rule:
    """A count of characters or bytes, as a BIGINT."""

    def rule(call: Call) -> Value:
        call.count(1)
        call.rewritten(f"{call.dialect.engine} counts in INT")
        return call.bigint(template.format(call.to(0, VARCHAR)))

    return rule


def trimmed(side: str) -> Rule:
    """trim of a side: BOTH, LEADING or TRAILING."""

    def rule(call: Call) -> Value:
        call.count(1, 2)
        text = call.dialect.text
        if len(call.arguments) == 2:
            letters = text(call.told(1))
            if letters == "''":
                raise call.refused(f"{call.name} of no characters is not known to be the same", "Name a character.")
            return Value(f"trim({side} {letters} FROM {call.to(0, VARCHAR)})", VARCHAR)
        call.rewritten(f"DuckDB trims every kind of space, {call.dialect.engine} one")
        return Value(f"trim({side} {text(BLANKS)} FROM {call.to(0, VARCHAR)})", VARCHAR)

    return rule


def _substring(call: Call) -> Value:
    call.count(2, 3)
    start = call.whole(1)
    length = call.whole(2) if len(call.arguments) == 3 else None
    if start < 1 or (length is not None and length < 0):
        raise call.refused(f"{call.name} from {start} is not known to be the same", "Count from 1, forwards.")
    return Value(f"substring({call.to(0, VARCHAR)}, {start}{'' if length is None else f', {length}'})", VARCHAR)


def side(template: str) -> Rule:
    """left and right, of the text and of a count."""

    def rule(call: Call) -> Value:
        call.count(2)
        if not 0 <= call.whole(1) < 2**31:
            raise call.refused(f"{call.name} with a negative count is not known to be the same", "Use substring.")
        return Value(template.format(call.to(0, VARCHAR), call.whole(1), name=call.name), VARCHAR)

    return rule


def _padded(call: Call) -> Value:
    call.count(3)
    if not 0 <= call.whole(1) < 2**20 or not call.told(2):
        raise call.refused(f"{call.name} to {call.whole(1)} is not known to be the same", "Pad with a character.")
    return Value(f"{call.name}({call.to(0, VARCHAR)}, {call.whole(1)}, {call.dialect.text(call.told(2))})", VARCHAR)


def repeated(call: Call) -> Value:
    """repeat, a number of times that was written."""
    call.count(2)
    if not 0 <= call.whole(1) < 2**20:
        raise call.refused(f"repeat {call.whole(1)} times is not known to be the same", "Name a small number.")
    return Value(f"repeat({call.to(0, VARCHAR)}, {call.whole(1)})", VARCHAR)


def _replace(call: Call) -> Value:
    call.count(3)
    if not call.told(1):
        raise call.refused("replacing an empty text is not known to be the same", "Name what is replaced.")
    return Value(f"replace({call.to(0, VARCHAR)}, {call.to(1, VARCHAR)}, {call.to(2, VARCHAR)})", VARCHAR)


def part(template: str) -> Rule:
    """split_part, empty where there is no such part."""

    def rule(call: Call) -> Value:
        call.count(3)
        if not call.told(1) or call.whole(2) < 1:
            raise call.refused(f"{call.name} is known to be the same only for parts from 1", "Count from 1.")
        return Value(template.format(call.to(0, VARCHAR), call.to(1, VARCHAR), call.whole(2)), VARCHAR)

    return rule


def found(template: str) -> Rule:
    """The place of a text in another one, from 1, and 0 where it is not."""

    def rule(call: Call) -> Value:
        call.count(2)
        if not call.told(1):
            raise call.refused("looking for an empty text is not known to be the same", "Name what is looked for.")
        call.rewritten(f"{call.dialect.engine} counts in INT")
        return call.bigint(template.format(call.to(0, VARCHAR), call.to(1, VARCHAR)))

    return rule


def contains(within: str, begins: str, ends: str) -> Rule:
    """Whether a text holds another one, begins or ends with it."""
    begin = ("prefix", "starts_with", "^@")

    def rule(call: Call) -> Value:
        call.count(2)
        if call.arguments[0].type.name == "LIST":
            raise call.refused("contains of a list is not known to be the same", "Use list_contains.")
        template = within if call.name == "contains" else begins if call.name in begin else ends
        return Value(template.format(call.to(0, VARCHAR), call.to(1, VARCHAR)), BOOLEAN)

    return rule


def found_in(template: str) -> Rule:
    """Whether a text holds another one that was written out and is not empty."""

    def rule(call: Call) -> Value:
        call.count(2)
        if call.arguments[0].type != VARCHAR or not call.told(1):
            raise call.refused("looking for an empty text is not known to be the same", "Name what is looked for.")
        return Value(template.format(call.to(0, VARCHAR), call.to(1, VARCHAR)), BOOLEAN)

    return rule


def matched(call: Call) -> Value:
    """LIKE and ILIKE."""
    negated, folded = call.name.startswith(("!", "not_")), call.name.endswith(("*", "ilike_escape"))
    escape = call.told(2) if len(call.arguments) == 3 else ""
    dialect = call.dialect
    pattern = like(call.node, call.told(1), escape, dialect.like_escape)
    tested = call.to(0, VARCHAR)
    if folded:
        if not call.told(1).isascii():
            raise call.refused("ILIKE with letters beyond ASCII is not known to be the same", "Use ASCII or LIKE.")
        # Only these two letters beyond ASCII have lower-case forms within it, and those differ between the engines.
        tested, pattern = f"translate({tested}, '{_UPPER}', '{_LOWER}')", pattern.lower()
        call.rewritten("letters are folded as DuckDB does")
    elif pattern != call.told(1):
        call.rewritten(f"{dialect.engine} takes a backslash for an escape")
    verb = "NOT LIKE" if negated else "LIKE"
    return Value(f"({tested} {verb} {dialect.text(pattern)} ESCAPE {dialect.text(dialect.like_escape)})", BOOLEAN)


def upper(template: str, why: str) -> Rule:
    """upper, which is ``template`` but for the letters that it makes two of."""

    def rule(call: Call) -> Value:
        call.count(1)
        text = call.to(0, VARCHAR)
        call.rewritten(why)
        call.noted("rare letters (ligatures, Greek with marks, the newest of Unicode) stop the query")
        sharp, kept, capital = (call.dialect.text(each) for each in "\u00df\ue000\u1e9e")
        made = f"translate({template.format(f'translate({text}, {sharp}, {kept})')}, {kept}, {capital})"
        return Value(_guarded(call, text, UNLIKE_UPPER, made), VARCHAR)

    return rule


def lower(template: str, why: str) -> Rule:
    """lower, which is ``template`` but for the two letters that depend on what is around them."""

    def rule(call: Call) -> Value:
        call.count(1)
        text = call.to(0, VARCHAR)
        call.rewritten(why)
        call.noted("the newest letters of Unicode stop the query")
        made = template.format(f"translate({text}, '\u03a3\u0130', '\u03c3i')")
        return Value(_guarded(call, text, UNLIKE_LOWER, made), VARCHAR)

    return rule


# Letters that become others than in DuckDB, found by looking at each of Unicode's: in Spark, and in PostgreSQL by ICU.
# Those of the newest Unicode are among them, which an engine may know or not.
UNLIKE_UPPER = (
    "\u0149\u019b\u01f0\u0264\u0390\u03b0\u0587\u1c8a\u1e96-\u1e9a\u1f50\u1f52\u1f54\u1f56\u1f80-\u1faf"
    "\u1fb2-\u1fb4\u1fb6\u1fb7\u1fbc\u1fc2-\u1fc4\u1fc6\u1fc7\u1fcc\u1fd2\u1fd3\u1fd6\u1fd7\u1fe2-\u1fe4\u1fe6\u1fe7"
    "\u1ff2-\u1ff4\u1ff6\u1ff7\u1ffc\ua7cd\ua7cf\ua7d3\ua7d5\ua7db\ue000\ufb00-\ufb06\ufb13-\ufb17"
    "\U00010d70-\U00010d85\U00016ebb-\U00016ed3"
)
UNLIKE_LOWER = "\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\U00010d50-\U00010d65\U00016ea0-\U00016eb8"


def _guarded(call: Call, text: str, letters: str, result: str) -> str:
    """``result`` where ``text`` has none of the ``letters``; elsewhere the query stops."""
    stop = call.dialect.stop_at("Upper and lower case are not the same as in DuckDB for: ", text, VARCHAR)
    return f"CASE WHEN {call.dialect.holding(text, letters)} THEN {stop} ELSE {result} END"


def matches(template: str, flavour: Flavour, engine: str) -> Rule:
    """Whether a regular expression, whose kind is that of ``engine``, is found in a text or is all of it."""

    def rule(call: Call) -> Value:
        call.count(2, 3)
        flags = call.told(2) if len(call.arguments) == 3 else ""
        pattern = regular_expression(call.node, call.told(1), flags, flavour, only_asks=True)
        call.rewritten(f"{call.dialect.engine}'s regular expressions are {engine}")
        if call.name == "regexp_full_match":
            pattern = f"{flavour.start}(?:{pattern}){flavour.end}"
        return Value(template.format(call.to(0, VARCHAR), call.dialect.text(pattern)), BOOLEAN)

    return rule


RULES: dict[str, Rule] = {
    "||": _joined,
    "trim": trimmed("BOTH"),
    "ltrim": trimmed("LEADING"),
    "rtrim": trimmed("TRAILING"),
    "substring": _substring,
    "substr": _substring,
    "lpad": _padded,
    "rpad": _padded,
    "replace": _replace,
    **dict.fromkeys(("~~", "!~~", "~~*", "!~~*"), matched),
    **dict.fromkeys(("like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape"), matched),
}
"""The functions that are written alike everywhere."""

LENGTHS = ("length", "len", "char_length", "character_length")
PLACES = ("instr", "strpos", "position")
WITHIN = ("contains", "starts_with", "prefix", "^@", "ends_with", "suffix")
MATCHES = ("regexp_matches", "regexp_full_match")
