"""Functions of texts: what counts as a character, a blank or a letter, and where counting begins."""

from __future__ import annotations

from mason.sql.spark import spark_text
from mason.sql.spark.patterns import like, regular_expression, replacement
from mason.sql.spark.rules import Call, Rule, bigint, cast_text, plain
from mason.sql.spark.translated import Value
from mason.sql.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    INTEGER,
    INTEGERS,
    NULL,
    TIMESTAMP,
    VARCHAR,
    list_of,
)

_BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Unicode's space separators, which DuckDB trims; Spark trims blanks only."""

_COUNTED = "Spark counts in INT"


def as_text(call: Call, index: int) -> str:
    """An argument as DuckDB writes it where texts are put together."""
    value = call.arguments[index]
    if value.type == VARCHAR:
        return value.text
    if value.type in INTEGERS or value.type in (BOOLEAN, DATE, TIMESTAMP) or value.type.name == "DECIMAL":
        return cast_text(value.text, VARCHAR)
    if value.type == NULL:
        return cast_text("NULL", VARCHAR)
    raise call.refused(f"texts of {value.type} look different in Spark", "Cast it to a text or a DECIMAL before.")


def _joined(call: Call) -> Value:
    call.count(2)
    types = [value.type for value in call.arguments]
    if NULL in types or any(each.name == "LIST" for each in types):
        raise call.refused(f"|| of {types[0]} and {types[1]} is not known to be the same", "Join texts.")
    return Value(f"({as_text(call, 0)} || {as_text(call, 1)})", VARCHAR)


def _concat(call: Call) -> Value:
    call.count(1, 100)
    call.rewritten("DuckDB passes NULL over, Spark's concat is NULL")
    return Value(f"concat_ws('', {', '.join(as_text(call, index) for index in range(len(call.arguments)))})", VARCHAR)


def _concat_ws(call: Call) -> Value:
    call.count(2, 100)
    return Value(f"concat_ws({', '.join(as_text(call, index) for index in range(len(call.arguments)))})", VARCHAR)


def _length(call: Call) -> Value:
    call.count(1)
    call.rewritten(_COUNTED)
    if call.arguments[0].type.name == "LIST":
        return bigint(f"array_size({call.arguments[0].text})")
    return bigint(f"char_length({call.to(0, VARCHAR)})")


def _trimmed(side: str) -> Rule:
    def rule(call: Call) -> Value:
        call.count(1, 2)
        if len(call.arguments) == 2:
            letters = spark_text.text(call.written(1))
            if letters == "''":
                raise call.refused(f"{call.name} of no characters is not known to be the same", "Name a character.")
            return Value(f"trim({side} {letters} FROM {call.to(0, VARCHAR)})", VARCHAR)
        call.rewritten("DuckDB trims every kind of space, Spark one")
        return Value(f"trim({side} {spark_text.text(_BLANKS)} FROM {call.to(0, VARCHAR)})", VARCHAR)

    return rule


def _substring(call: Call) -> Value:
    call.count(2, 3)
    start = call.whole(1)
    length = call.whole(2) if len(call.arguments) == 3 else None
    if start < 1 or (length is not None and length < 0):
        raise call.refused(f"{call.name} from {start} is not known to be the same", "Count from 1, forwards.")
    return Value(f"substring({call.to(0, VARCHAR)}, {start}{'' if length is None else f', {length}'})", VARCHAR)


def _side(call: Call) -> Value:
    call.count(2)
    if not 0 <= call.whole(1) < 2**31:
        raise call.refused(f"{call.name} with a negative count is not known to be the same", "Use substring.")
    return Value(f"{call.name}({call.to(0, VARCHAR)}, {call.whole(1)})", VARCHAR)


def _padded(call: Call) -> Value:
    call.count(3)
    if not 0 <= call.whole(1) < 2**20 or not call.written(2):
        raise call.refused(f"{call.name} to {call.whole(1)} is not known to be the same", "Pad with a character.")
    return Value(f"{call.name}({call.to(0, VARCHAR)}, {call.whole(1)}, {spark_text.text(call.written(2))})", VARCHAR)


def _repeated(call: Call) -> Value:
    call.count(2)
    if not 0 <= call.whole(1) < 2**20:
        raise call.refused(f"repeat {call.whole(1)} times is not known to be the same", "Name a small number.")
    return Value(f"repeat({call.to(0, VARCHAR)}, {call.whole(1)})", VARCHAR)


def _replace(call: Call) -> Value:
    call.count(3)
    if not call.written(1):
        raise call.refused("replacing an empty text is not known to be the same", "Name what is replaced.")
    return Value(f"replace({call.to(0, VARCHAR)}, {call.to(1, VARCHAR)}, {call.to(2, VARCHAR)})", VARCHAR)


def _part(call: Call) -> Value:
    call.count(3)
    if not call.written(1) or call.whole(2) < 1:
        raise call.refused(f"{call.name} is known to be the same only for parts from 1", "Count from 1.")
    return Value(f"split_part({call.to(0, VARCHAR)}, {call.to(1, VARCHAR)}, {call.whole(2)})", VARCHAR)


def _split(call: Call) -> Value:
    call.count(2)
    mark = call.written(1)
    if not mark or "\\E" in mark:
        raise call.refused("splitting at no text is not known to be the same", "Name what stands between the parts.")
    call.rewritten("Spark splits at a regular expression")
    return Value(
        f"split({call.to(0, VARCHAR)}, {spark_text.text(f'{chr(92)}Q{mark}{chr(92)}E')}, -1)", list_of(VARCHAR)
    )


def _found(call: Call) -> Value:
    call.count(2)
    if not call.written(1):
        raise call.refused("looking for an empty text is not known to be the same", "Name what is looked for.")
    call.rewritten(_COUNTED)
    return bigint(f"instr({call.to(0, VARCHAR)}, {call.to(1, VARCHAR)})")


def _contains(call: Call) -> Value:
    call.count(2)
    if call.arguments[0].type.name == "LIST":
        raise call.refused("contains of a list is not known to be the same", "Use list_contains.")
    name = {"prefix": "startswith", "starts_with": "startswith", "^@": "startswith", "contains": "contains"}
    spark = name.get(call.name, "endswith")
    return Value(f"{spark}({call.to(0, VARCHAR)}, {call.to(1, VARCHAR)})", BOOLEAN)


def _like(call: Call) -> Value:
    negated, folded = call.name.startswith(("!", "not_")), call.name.endswith(("*", "ilike_escape"))
    escape = call.written(2) if len(call.arguments) == 3 else ""
    pattern = like(call.node, call.written(1), escape)
    tested = call.to(0, VARCHAR)
    if folded:
        if not call.written(1).isascii():
            raise call.refused("ILIKE with letters beyond ASCII is not known to be the same", "Use ASCII or LIKE.")
        # Only these two letters beyond ASCII have lower-case forms within it, and those differ between the engines.
        tested, pattern = f"translate({tested}, '{_UPPER}', '{_LOWER}')", pattern.lower()
        call.rewritten("letters are folded as DuckDB does")
    elif pattern != spark_text.text(call.written(1)):
        call.rewritten("Spark takes a backslash for an escape")
    verb = "NOT LIKE" if negated else "LIKE"
    return Value(f"({tested} {verb} {pattern} ESCAPE '\\\\')", BOOLEAN)


_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ\u212a\u0130"
_LOWER = "abcdefghijklmnopqrstuvwxyzki"


def _matches(call: Call) -> Value:
    call.count(2, 3)
    flags = call.written(2) if len(call.arguments) == 3 else ""
    whole = call.name == "regexp_full_match"
    pattern = regular_expression(call.node, call.written(1), flags)
    call.rewritten("Spark's regular expressions are Java's")
    pattern = f"\\A(?:{pattern})\\z" if whole else pattern
    return Value(f"({call.to(0, VARCHAR)} RLIKE {spark_text.text(pattern)})", BOOLEAN)


def _extract(call: Call) -> Value:
    call.count(2, 3)
    group = call.whole(2) if len(call.arguments) == 3 else 0
    pattern = regular_expression(call.node, call.written(1), "")
    if not 0 <= group <= pattern.count("("):
        raise call.refused(f"the pattern has no group {group}", "Name a group that it has.")
    call.rewritten("Spark's regular expressions are Java's, and its function gives the first group")
    return Value(f"regexp_extract({call.to(0, VARCHAR)}, {spark_text.text(pattern)}, {group})", VARCHAR)


def _regexp_replace(call: Call) -> Value:
    call.count(3, 4)
    flags = call.written(3) if len(call.arguments) == 4 else ""
    pattern = regular_expression(call.node, call.written(1), flags.replace("g", ""), groups="g" not in flags)
    if "g" in flags:
        call.rewritten("Spark's regular expressions are Java's")
        new = replacement(call.node, call.written(2), 0)
    else:
        # Spark replaces all: what stands before the first place is matched with it, and kept.
        call.rewritten("DuckDB replaces the first place, Spark all")
        pattern, new = f"\\A((?s:.*?))(?:{pattern})", "$1" + replacement(call.node, call.written(2), 1)
    return Value(f"regexp_replace({call.to(0, VARCHAR)}, {spark_text.text(pattern)}, {spark_text.text(new)})", VARCHAR)


def _upper(call: Call) -> Value:
    call.count(1)
    text = call.to(0, VARCHAR)
    call.rewritten("Spark makes two letters of some, as SS of \u00df")
    call.work.noted(call.node, "rare letters (ligatures, Greek with marks, the newest of Unicode) stop the query")
    sharp, kept, capital = (spark_text.text(each) for each in "\u00df\ue000\u1e9e")
    upper = f"translate(upper(translate({text}, {sharp}, {kept})), {kept}, {capital})"
    return Value(_guarded(text, _UNLIKE_UPPER, upper), VARCHAR)


def _lower(call: Call) -> Value:
    call.count(1)
    text = call.to(0, VARCHAR)
    call.rewritten("Spark has another sigma at the end of words, and makes two letters of \u0130")
    call.work.noted(call.node, "the newest letters of Unicode stop the query")
    lower = f"lower(translate({text}, '\u03a3\u0130', '\u03c3i'))"
    return Value(_guarded(text, _UNLIKE_LOWER, lower), VARCHAR)


# Letters that become others in Spark, found by looking at each of Unicode's in both; a list for Java's expressions.
_UNLIKE_UPPER = (
    "\u0149\u019b\u01f0\u0264\u0390\u03b0\u0587\u1c8a\u1e96-\u1e9a\u1f50\u1f52\u1f54\u1f56\u1f80-\u1faf"
    "\u1fb2-\u1fb4\u1fb6\u1fb7\u1fbc\u1fc2-\u1fc4\u1fc6\u1fc7\u1fcc\u1fd2\u1fd3\u1fd6\u1fd7\u1fe2-\u1fe4\u1fe6\u1fe7"
    "\u1ff2-\u1ff4\u1ff6\u1ff7\u1ffc\ua7cd\ua7cf\ua7d3\ua7d5\ua7db\ue000\ufb00-\ufb06\ufb13-\ufb17"
    "\U00010d70-\U00010d85\U00016ebb-\U00016ed3"
)
_UNLIKE_LOWER = "\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\U00010d50-\U00010d65\U00016ea0-\U00016eb8"


def _guarded(text: str, letters: str, result: str) -> str:
    """``result`` where ``text`` has none of the ``letters``; elsewhere the query stops."""
    shown = "".join(each if each == "-" else f"\\\\x{{{ord(each):x}}}" for each in letters)
    stop = f"raise_error(concat('Upper and lower case are not the same as in DuckDB for: ', {text}))"
    return f"CASE WHEN {text} RLIKE '[{shown}]' THEN {stop} ELSE {result} END"


RULES: dict[str, Rule] = {
    "||": _joined,
    "upper": _upper,
    "ucase": _upper,
    "lower": _lower,
    "lcase": _lower,
    "concat": _concat,
    "concat_ws": _concat_ws,
    "length": _length,
    "len": _length,
    "char_length": _length,
    "character_length": _length,
    "strlen": plain("CAST(octet_length({0}) AS BIGINT)", BIGINT, VARCHAR, why=_COUNTED),
    "trim": _trimmed("BOTH"),
    "ltrim": _trimmed("LEADING"),
    "rtrim": _trimmed("TRAILING"),
    "substring": _substring,
    "substr": _substring,
    "left": _side,
    "right": _side,
    "lpad": _padded,
    "rpad": _padded,
    "repeat": _repeated,
    "replace": _replace,
    "split_part": _part,
    "string_split": _split,
    "str_split": _split,
    "split": _split,
    "string_to_array": _split,
    "instr": _found,
    "strpos": _found,
    "position": _found,
    "contains": _contains,
    "starts_with": _contains,
    "prefix": _contains,
    "^@": _contains,
    "ends_with": _contains,
    "suffix": _contains,
    "~~": _like,
    "!~~": _like,
    "~~*": _like,
    "!~~*": _like,
    "like_escape": _like,
    "not_like_escape": _like,
    "ilike_escape": _like,
    "not_ilike_escape": _like,
    "regexp_matches": _matches,
    "regexp_full_match": _matches,
    "regexp_extract": _extract,
    "regexp_replace": _regexp_replace,
    "md5": plain("md5({0})", VARCHAR, VARCHAR),
    "sha256": plain("sha2({0}, 256)", VARCHAR, VARCHAR),
    "ascii": plain("ascii({0})", INTEGER, VARCHAR),
}
