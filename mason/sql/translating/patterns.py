"""Patterns: LIKE's wildcards, and the part of RE2's regular expressions that other engines can say.

DuckDB matches with RE2. Java's engines look for the leftmost match and try alternatives from left to right as it does,
so that they agree where every sign means the same; POSIX engines take the longest match, which is the same one where a
pattern is simple. A pattern is read sign by sign; a sign that is not known is refused.
"""

from __future__ import annotations

from typing import Protocol

from mason.values import dataclass

_LITERAL = frozenset(" !\"#%&',-/:;<=>@_`~")
_ESCAPED = frozenset(".*+?()[]{}|^$\\/-")
_CLASSES = {"d": "0-9", "D": "^0-9", "w": "0-9A-Za-z_", "W": "^0-9A-Za-z_", "s": "\\t\\n\\f\\r ", "S": "^\\t\\n\\f\\r "}
_SIGNS = {"n": "\\n", "t": "\\t", "r": "\\r", "f": "\\f"}


class Placed(Protocol):
    """A node of a query, of whichever parser."""

    def refused(self, reason: str, remedy: str) -> Exception:
        """The error that says at this node's place why there is no translation."""


@dataclass(slots=True, frozen=True)
class Flavour:
    """How an engine writes what is not the same everywhere: any sign, any but the end of a line, both ends of the text.

    ``takes_longest``: of several matches at one place it takes the longest, as POSIX says.
    """

    engine: str
    everything: str = "[\\s\\S]"
    dot: str = "[^\\n]"
    start: str = "\\A"
    end: str = "\\z"
    takes_longest: bool = False


def like(node: Placed, pattern: str, escape: str, sign_of: str = "\\") -> str:
    """LIKE's pattern with ``sign_of`` as escape character."""
    found: list[str] = []
    signs = iter(pattern)
    for sign in signs:
        if escape and sign == escape:
            escaped = next(signs, "")
            if escaped not in ("%", "_", escape) or not escaped:
                raise node.refused("the escape character stands before another one", "Put it before %, _ or itself.")
            found.append(sign_of + escaped if escaped in ("%", "_", sign_of) else escaped)
        else:
            found.append(sign * 2 if sign == sign_of else sign)
    return "".join(found)


def regular_expression(
    node: Placed, pattern: str, flags: str, flavour: Flavour, *, groups: bool = True, only_asks: bool = False
) -> str:
    """RE2's ``pattern`` for another engine; refuses what they do not share.

    Without ``groups`` it is for replacing every place, where a match of nothing is counted otherwise. ``only_asks``: it
    only counts whether there is a match, not which one.
    """
    if not set(flags) <= {"i", "s", "c"}:
        raise node.refused(f"the flags {flags!r} are not known to be the same", "Use i, s, or g where one replaces.")
    if "i" in flags and not pattern.isascii():
        raise node.refused("letters beyond ASCII in any case are not known to be the same", "Leave the flag out.")
    if "i" in flags and any(sign in pattern.lower() for sign in "ks["):
        raise node.refused(
            "k, s and classes have relatives beyond ASCII in any case", "Write [kK], [sS] and leave the flag out."
        )
    reader = _Reader(node, pattern, "s" in flags, flavour)
    found = reader.alternatives(0)
    if not groups and reader.may_be_empty:
        raise node.refused(
            f"a pattern that may match nothing is replaced otherwise in {flavour.engine}", "Use + instead of *."
        )
    if flavour.takes_longest and not only_asks and reader.has_choice:
        raise node.refused(
            "a pattern with alternatives, counted groups or lazy counts finds another match there",
            "Use classes and counts: [a-z]+.",
        )
    return f"(?i){found}" if "i" in flags else found


def replacement(node: Placed, text: str, shift: int = 0) -> str:
    """What is put in a match's place, with groups as Java writes them; ``shift`` groups stand before."""
    found: list[str] = []
    place = 0
    while place < len(text):
        sign, following = text[place], text[place + 1 : place + 2]
        place += 1
        if sign != "\\":
            found.append("\\$" if sign == "$" else sign)
            continue
        place += 1
        if following == "\\":
            found.append("\\\\")
        elif following in set("0123456789") and not (following == "0" and shift):
            if text[place : place + 1].isdigit():
                raise node.refused("a digit after a group is not known to be the same", "Put another sign between.")
            found.append(f"${int(following) + shift}")
        else:
            raise node.refused(f"\\{following} in a replacement is not known to be the same", "Write \\\\ or \\1.")
    return "".join(found)


class _Reader:
    """Reads a pattern once, from left to right."""

    def __init__(self, node: Placed, pattern: str, dot_all: bool, flavour: Flavour) -> None:
        self._node, self._pattern, self._dot_all, self._flavour = node, pattern, dot_all, flavour
        self._at = 0
        self.has_choice = False
        self.may_be_empty = False

    def _refused(self, what: str) -> Exception:
        return self._node.refused(
            f"{what} in the regular expression {self._pattern!r} is not known to be the same",
            "Use letters, classes, groups, anchors and counts.",
        )

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1 : self._at]

    def alternatives(self, depth: int) -> str:
        if depth > 20:
            raise self._refused("so many groups")
        found, empty = [self._sequence(depth)], [self.may_be_empty]
        while self._peek() == "|":
            self._take()
            self.has_choice = True
            found.append(self._sequence(depth))
            empty.append(self.may_be_empty)
        if depth == 0 and self._peek():
            raise self._refused(self._peek())
        self.may_be_empty = any(empty)
        return "|".join(found)

    def _sequence(self, depth: int) -> str:
        found: list[str] = []
        empty = True
        while self._peek() and self._peek() not in "|)":
            atom, countable = self._atom(depth)
            nothing = self.may_be_empty
            count, optional = self._count()
            # A count of a group, or a lazy one, leaves a choice.
            self.has_choice |= bool(count) and (atom.startswith("(") or count.endswith("?"))
            if count and (not countable or nothing):
                raise self._refused("a count of what may match nothing")
            empty = empty and (optional or nothing)
            found.append(atom + count)
        self.may_be_empty = empty
        return "".join(found)

    def _count(self) -> tuple[str, bool]:
        sign = self._peek()
        if sign not in ("*", "+", "?", "{"):
            return "", False
        self._take()
        optional = sign in "*?"
        if sign == "{":
            end = self._pattern.find("}", self._at)
            inside = self._pattern[self._at : end]
            least, comma, most = inside.partition(",")
            if end < 0 or not least.isdigit() or not (most == "" or most.isdigit()) or int(least) > 999:
                raise self._refused("{")
            if most and int(most) > 999:
                raise self._refused("{")
            self._at = end + 1
            sign, optional = "{" + least + comma + most + "}", int(least) == 0
        if self._peek() == "?":
            sign += self._take()
        if self._peek() and self._peek() in "*+?{":
            raise self._refused("a count after a count")
        return sign, optional

    def _atom(self, depth: int) -> tuple[str, bool]:
        """One atom, and whether a count may follow; leaves in ``may_be_empty`` whether it matches nothing."""
        self.may_be_empty = False
        sign = self._take()
        if sign == "(":
            return self._group(depth), True
        if sign == "[":
            return self._bracket(), True
        if sign == ".":
            return (self._flavour.everything if self._dot_all else self._flavour.dot), True
        if sign in "^$":
            self.may_be_empty = True
            return (self._flavour.start if sign == "^" else self._flavour.end), False
        if sign == "\\":
            return self._escape(), True
        if sign.isalnum() or sign in _LITERAL or ord(sign) > 127:
            return sign, True
        raise self._refused(sign)

    def _group(self, depth: int) -> str:
        head = "("
        if self._peek() == "?":
            self._take()
            if self._take() != ":":
                raise self._refused("(?")
            head = "(?:"
        inside = self.alternatives(depth + 1)
        if self._take() != ")":
            raise self._refused("( without )")
        return f"{head}{inside})"

    def _escape(self) -> str:
        sign = self._take()
        if sign in _CLASSES:
            return f"[{_CLASSES[sign]}]"
        if sign in _SIGNS:
            return _SIGNS[sign]
        if sign in _ESCAPED and sign:
            return "\\" + sign
        raise self._refused(f"\\{sign}")

    def _bracket(self) -> str:
        found = "["
        if self._peek() == "^":
            found += self._take()
        first = True
        while (sign := self._take()) != "]" or first:
            if sign in ("", "[", "]", "&", "^", "~"):
                raise self._refused("[ with such a sign")
            if sign == "\\":
                escaped = self._take()
                if escaped in _CLASSES and escaped.islower():
                    found += _CLASSES[escaped]
                elif escaped in _SIGNS:
                    found += _SIGNS[escaped]
                elif escaped and escaped in _ESCAPED:
                    found += "\\" + escaped
                else:
                    raise self._refused(f"\\{escaped}")
            elif sign == "-":
                at_edge = first or self._peek() == "]"
                found += "\\-" if at_edge else "-"
            elif sign.isalnum() or sign in _LITERAL or sign in ".*+?(){}|$" or ord(sign) > 127:
                found += "\\" + sign if sign in ".*+?(){}|$#" else sign
            else:
                raise self._refused(sign)
            first = False
        return found + "]"
