"""Functions of texts: what counts as a character, a blank or a letter, and where counting begins."""

from __future__ import annotations

from mason.sql.spark import spark_text
from mason.sql.spark.spark_text import bigint
from mason.sql.sql_types import (
    INTEGER,
    VARCHAR,
    list_of,
)
from mason.sql.translating import text_rules
from mason.sql.translating.patterns import Flavour, regular_expression, replacement
from mason.sql.translating.rules import Call, Rule, plain
from mason.sql.translating.translated import Value

_JAVA = Flavour("Spark")
_CONTAINS, _BEGINS, _ENDS = "contains({0}, {1})", "startswith({0}, {1})", "endswith({0}, {1})"


def _length(call: Call) -> Value:
    call.count(1)
    call.rewritten("Spark counts in INT")
    if call.arguments[0].type.name == "LIST":
        return bigint(f"array_size({call.arguments[0].text})")
    return bigint(f"char_length({call.to(0, VARCHAR)})")


def _split(call: Call) -> Value:
    call.count(2)
    mark = call.written(1)
    if not mark or "\\E" in mark:
        raise call.refused("splitting at no text is not known to be the same", "Name what stands between the parts.")
    call.rewritten("Spark splits at a regular expression")
    return Value(
        f"split({call.to(0, VARCHAR)}, {spark_text.text(f'{chr(92)}Q{mark}{chr(92)}E')}, -1)", list_of(VARCHAR)
    )


def _extract(call: Call) -> Value:
    call.count(2, 3)
    group = call.whole(2) if len(call.arguments) == 3 else 0
    pattern = regular_expression(call.node, call.written(1), "", _JAVA)
    if not 0 <= group <= pattern.count("("):
        raise call.refused(f"the pattern has no group {group}", "Name a group that it has.")
    call.rewritten("Spark's regular expressions are Java's, and its function gives the first group")
    return Value(f"regexp_extract({call.to(0, VARCHAR)}, {spark_text.text(pattern)}, {group})", VARCHAR)


def _regexp_replace(call: Call) -> Value:
    call.count(3, 4)
    flags = call.written(3) if len(call.arguments) == 4 else ""
    pattern = regular_expression(call.node, call.written(1), flags.replace("g", ""), _JAVA, groups="g" not in flags)
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
    **text_rules.RULES,
    "upper": _upper,
    "ucase": _upper,
    "lower": _lower,
    "lcase": _lower,
    "concat": text_rules.concat("concat_ws('', {})", "{}", ", ", "DuckDB passes NULL over, Spark's concat is NULL"),
    "concat_ws": text_rules.concat_ws,
    **dict.fromkeys(text_rules.LENGTHS, _length),
    "strlen": text_rules.counted("octet_length({0})"),
    **dict.fromkeys(("left", "right"), text_rules.side("{name}({0}, {1})")),
    "repeat": text_rules.repeated,
    "split_part": text_rules.part("split_part({0}, {1}, {2})"),
    **dict.fromkeys(("string_split", "str_split", "split", "string_to_array"), _split),
    **dict.fromkeys(text_rules.PLACES, text_rules.found("instr({0}, {1})")),
    **dict.fromkeys(text_rules.WITHIN, text_rules.contains(_CONTAINS, _BEGINS, _ENDS)),
    **dict.fromkeys(text_rules.MATCHES, text_rules.matches("({0} RLIKE {1})", _JAVA, "Java's")),
    "regexp_extract": _extract,
    "regexp_replace": _regexp_replace,
    "md5": plain("md5({0})", VARCHAR, VARCHAR),
    "sha256": plain("sha2({0}, 256)", VARCHAR, VARCHAR),
    "ascii": plain("ascii({0})", INTEGER, VARCHAR),
}
