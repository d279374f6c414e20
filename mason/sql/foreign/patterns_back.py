"""Regular expressions of Java and of PostgreSQL as RE2 reads them, as far as these mean the same."""

from __future__ import annotations

from mason.sql.foreign.duck_text import DUCK
from mason.sql.foreign.foreign import Call, Rule
from mason.sql.sql_types import BOOLEAN, VARCHAR
from mason.sql.translating.patterns import Flavour, regular_expression
from mason.sql.translating.translated import Value

JAVA = Flavour("DuckDB", dot="[^\\n\\r\\x{85}\\x{2028}\\x{2029}]")
"""Java's: a dot is no end of a line of any kind. ``$``, which may stand before a last end of line, is refused."""
POSIX = Flavour("DuckDB", dot="[\\s\\S]", takes_longest=True)
"""PostgreSQL's: a dot is any sign, and the longest match is taken."""


def checked(call: Call, pattern: str, flavour: Flavour, *, groups: bool = True, only_asks: bool = False) -> str:
    """A pattern for RE2; refuses what is not the same."""
    if flavour is JAVA and pattern.replace("\\\\", "").replace("\\$", "").find("$") >= 0:
        raise call.refused("$ in a pattern may stand before a last end of line", "Write \\z, or leave it out.")
    if flavour is POSIX and any(sign in pattern for sign in ("\\w", "\\W", "\\d", "\\D", "\\s", "\\S")):
        raise call.refused("classes by a letter are those of the database's language", "Write [0-9] or [A-Za-z].")
    if flavour is JAVA and "\\s" in pattern.lower().replace("\\\\", ""):
        raise call.refused("\\s is not the same in a class", "Write the blanks that are meant.")
    return regular_expression(call.part, pattern, "", flavour, groups=groups, only_asks=only_asks)


def matches(flavour: Flavour, *, negated: bool = False) -> Rule:
    """Whether a pattern is found in a text."""

    def rule(call: Call) -> Value:
        part = call.part
        if part.kind in ("RegexpLike", "RegexpILike"):
            if part.take("flag") is not None:
                raise call.refused("flags of a pattern are not known to be the same", "Leave them out.")
            values = [call.work.value(part.child(name), call.sight) for name in ("this", "expression")]
            call = Call(call.work, part, call.sight, call.name, values)
        call.count(2)
        pattern = checked(call, call.told(1), flavour, only_asks=True)
        text = f"regexp_matches({call.to(0, VARCHAR)}, {DUCK.text(pattern)})"
        return Value(f"(NOT {text})" if negated else text, BOOLEAN)

    return rule
