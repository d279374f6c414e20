"""Which statements a text holds, by its words: strings, quoted names and comments are passed over, never read."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|--[^\n]*)
    |(?P<comment>/\*)
    |(?P<text>[eE]'(?:[^'\\]|''|\\.)*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)
        |\$(?P<tag>[A-Za-z_\x80-\U0010ffff]?[\w\x80-\U0010ffff]*)\$.*?(?:\$(?P=tag)\$|$))
    |(?P<word>[^\W\d]\w*)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_QUERY = frozenset(
    {"SELECT", "FROM", "VALUES", "TABLE", "DESCRIBE", "DESC", "SHOW", "SUMMARIZE", "PIVOT", "PIVOT_WIDER", "UNPIVOT"}
    | {"PIVOT_LONGER"}
)
"""The words that a statement begins with which only asks."""
_AFTER_WITH = _QUERY | {"INSERT", "UPDATE", "DELETE", "MERGE"}
SELECT = "SELECT"


def kinds(sql: str) -> list[str]:
    """The kind of each statement in ``sql``: :data:`SELECT` for whatever only asks, else its first word (``DROP``)."""
    found = [_kind(words) for words in _statements(sql) if words]
    return [SELECT if kind in _QUERY else kind for kind in found]


def first_word(sql: str) -> str:
    """The first word of the first statement in capitals; empty where there is none."""
    return next((words[0][0] for words in _statements(sql) if words), "")


def _kind(words: list[tuple[str, int]]) -> str:
    first, _ = next(((word, depth) for word, depth in words if word != "("), words[0])
    if first != "WITH":
        return first
    # What the names are defined for stands outside of all parentheses.
    level = words[0][1] if words[0][0] != "(" else next(depth for word, depth in words if word == "WITH")
    return next((word for word, depth in words[1:] if depth == level and word in _AFTER_WITH), SELECT)


def _statements(sql: str) -> Iterator[list[tuple[str, int]]]:
    """The words (and what is neither word nor text) of each statement, in capitals, and within how many parentheses."""
    words: list[tuple[str, int]] = []
    depth = 0
    for kind, token in _tokens(sql):
        if token == ";":
            yield words
            words, depth = [], 0
            continue
        depth -= token == ")"
        words.append((token.upper() if kind == "word" else "'" if kind == "text" else token, depth))
        depth += token == "("
    yield words


def _tokens(sql: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(sql):
        found = _TOKEN.match(sql, place)
        assert found is not None, "every character is something"
        place = found.end()
        if found["comment"]:
            place = _after_comment(sql, place)
        elif not found["skip"]:
            yield ("word" if found["word"] else "text" if found["text"] else "other"), found[0]


def _after_comment(sql: str, place: int) -> int:
    """Where a comment ends whose inside begins at ``place``; comments nest."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(sql, place)
        if edge is None:
            return len(sql)
        depth += 1 if edge[0] == "/*" else -1
        place = edge.end()
    return place
