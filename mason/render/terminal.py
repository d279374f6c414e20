"""Colour and width: what the terminal can do, decided once and handed to the views.

Colour is left out when the output is no terminal, when ``NO_COLOR`` is set (https://no-color.org) or when
``--no-color`` was given.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TextIO

_CODES = {"green": "32", "yellow": "33", "red": "31", "cyan": "36", "bold": "1", "dim": "2"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the views may use: whether colours, and how many columns (0: no limit, the output is no terminal)."""

    color: bool = False
    width: int = 0

    @classmethod
    def of(cls, stream: TextIO, *, no_color: bool) -> Terminal:
        """The terminal behind ``stream``, if it is one."""
        if not stream.isatty():
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
        """``text`` cut to the terminal's width, with an ellipsis where something is missing."""
        return text if not self.width or len(text) <= self.width else text[: max(self.width - 1, 1)] + "…"
