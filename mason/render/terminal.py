"""Colour and width: what the terminal can do, decided once and handed to the views; and what may not reach it.

Colour is left out when the output is no terminal, when ``NO_COLOR`` is set (https://no-color.org) or when
``--no-color`` was given.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import unicodedata
from typing import TextIO

from mason.values import dataclass

_CODES = {"green": "32", "yellow": "33", "red": "31", "cyan": "36", "bold": "1", "dim": "2"}
# Control characters but tab and line feed, separators of lines and paragraphs, what turns the direction of writing
# around, and halves of characters (bytes of file names that are no text).
_COMMANDS = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_OURS = "|".join(["0", *_CODES.values()])
# Texts, compiled when one is needed: most of what is said is plain.
_COMMANDS_BUT_STYLES = rf"(\033\[(?:{_OURS})(?:;(?:{_OURS}))*m)|{_COMMANDS}"


def printable(text: str) -> str:
    """``text`` with the characters that command a terminal escaped as in JSON, so that JSON stays the same JSON."""
    return text if _is_plain(text) else re.sub(_COMMANDS, lambda match: json.dumps(match[0])[1:-1], text)


def printable_but_styles(text: str) -> str:
    """As :func:`printable`, for what the views made: the colours that :meth:`Terminal.style` knows are left in."""
    if _is_plain(text):
        return text
    return re.sub(_COMMANDS_BUT_STYLES, lambda match: match[1] or json.dumps(match[0])[1:-1], text)


def _is_plain(text: str) -> bool:
    """Whether nothing in ``text`` can command a terminal, told without a pattern."""
    return text.replace("\n", "").replace("\t", "").isprintable()


def cells(text: str) -> int:
    """How many cells ``text`` takes: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def cut(text: str, width: int) -> str:
    """``text`` without styles in at most ``width`` cells (1 or more); an ellipsis ends what was cut."""
    if cells(text) <= width:
        return text
    used = 0
    for index, character in enumerate(text):
        used += cells(character)
        if used >= width:
            return text[:index] + "…"
    return text


def redraws(stream: TextIO | None) -> bool:
    """Whether ``stream`` is a terminal that can draw in place, and shows what is not ASCII as wide as it is counted."""
    if stream is None or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return False
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the views may use: whether colours, and how many columns (0: no limit, the output is no terminal)."""

    color: bool = False
    width: int = 0

    @classmethod
    def of(cls, stream: TextIO | None, *, no_color: bool) -> Terminal:
        """The terminal behind ``stream``, if it is one (``None``: a standard stream that was closed)."""
        if stream is None or not stream.isatty():
            return cls()
        allowed = not (no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb")
        width = int(columns) if (columns := os.environ.get("COLUMNS", "")).isdecimal() else 0
        if not width:
            # Not shutil's function of the same name: importing that takes longer than printing a table.
            with contextlib.suppress(OSError):
                width = os.get_terminal_size(stream.fileno()).columns
        return cls(allowed, width)

    def style(self, text: str, *styles: str) -> str:
        """``text`` in the given styles, or as it is where colour is not wanted."""
        if not self.color or not styles:
            return text
        return f"\033[{';'.join(_CODES[style] for style in styles)}m{text}\033[0m"

    def cut(self, text: str) -> str:
        """``text`` without styles, cut to the terminal's width in cells; an ellipsis ends what was cut."""
        return cut(text, self.width) if self.width else text
