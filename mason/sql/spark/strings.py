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
_LOWER_WHY = "Spark has another sigma at the end of words, and makes two letters of \u0130"
_CONTAINS, _BEGINS, _ENDS = "contains({0}, {1})", "startswith({0}, {1})", "endswith({0}, {1})"


def _length(call: Call) -> Value:
    call.count(1)
    call.rewritten("Spark counts in INT")
    if call.arguments[0].type.name == "LIST":
        return bigint(f"array_size({call.arguments[0].text})")
    return bigint(f"char_length({call.to(0, VARCHAR)})")


def _split(call: Call) -> Value:
    call.count(2)
    mark = call.told(1)
    if not mark or "\\E" in mark:
        raise call.refused("splitting at no text is not known to be the same", "Name what stands between the parts.")
    call.rewritten("Spark splits at a regular expression")
    return Value(
        f"split({call.to(0, VARCHAR)}, {spark_text.text(f'{chr(92)}Q{mark}{chr(92)}E')}, -1)", list_of(VARCHAR)
    )


def _extract(call: Call) -> Value:
    call.count(2, 3)
    group = call.whole(2) if len(call.arguments) == 3 else 0
    pattern = regular_expression(call.node, call.told(1), "", _JAVA)
    if not 0 <= group <= pattern.count("("):
        raise call.refused(f"the pattern has no group {group}", "Name a group that it has.")
    call.rewritten("Spark's regular expressions are Java's, and its function gives the first group")
    return Value(f"regexp_extract({call.to(0, VARCHAR)}, {spark_text.text(pattern)}, {group})", VARCHAR)


def _regexp_replace(call: Call) -> Value:
    call.count(3, 4)
    flags = call.told(3) if len(call.arguments) == 4 else ""
    pattern = regular_expression(call.node, call.told(1), flags.replace("g", ""), _JAVA, groups="g" not in flags)
    if "g" in flags:
        call.rewritten("Spark's regular expressions are Java's")
        new = replacement(call.node, call.told(2), 0)
    else:
        # Spark replaces all: what stands before the first place is matched with it, and kept.
        call.rewritten("DuckDB replaces the first place, Spark all")
        pattern, new = f"\\A((?s:.*?))(?:{pattern})", "$1" + replacement(call.node, call.told(2), 1)
    return Value(f"regexp_replace({call.to(0, VARCHAR)}, {spark_text.text(pattern)}, {spark_text.text(new)})", VARCHAR)


RULES: dict[str, Rule] = {
    **text_rules.RULES,
    **dict.fromkeys(
        ("upper", "ucase"), text_rules.upper("upper({0})", "Spark makes two letters of some, as SS of \u00df")
    ),
    **dict.fromkeys(("lower", "lcase"), text_rules.lower("lower({0})", _LOWER_WHY)),
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
