"""Where quotes are open in a text: what stands inside of them ends no line, whatever the quotes of a file are. Pure."""

from __future__ import annotations

import re

from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Quotes:
    """The character that quotes values, empty for none, and the one that takes a quote inside of them for text: the
    same where a quote is doubled."""

    quote: str = '"'
    escape: str = '"'

    def count(self, text: str) -> int:
        """How many quotes in ``text`` open or close a value, a doubled one counting twice."""
        return self._plain(text).count(self.quote) if self.quote else 0

    def outside(self, text: str) -> str:
        """What of ``text``, which begins outside of quotes, stands outside of them."""
        return "".join(self._plain(text).split(self.quote)[::2]) if self.quote else text

    def _plain(self, text: str) -> str:
        if not self.escape or self.escape == self.quote or self.escape not in text:
            return text
        return re.sub(f"{re.escape(self.escape)}.", "", text, flags=re.DOTALL)


def end_of_lines(text: str) -> str:
    """How the first line of ``text`` ends; empty where none does."""
    found = re.search("\r\n|\n|\r", text)
    return found[0] if found else ""
