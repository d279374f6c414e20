"""What the loader asks of a room that knows how an older Mason wrote its files. Nothing is known of that here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from mason.errors import Diagnostic
from mason.resources.faults import Finding
from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class OlderPython:
    """The Python files of a folder in the words of today, what of them is not kept, and a sentence that tells it."""

    texts: Mapping[str, str]
    faults: tuple[Diagnostic, ...]
    note: str


class Older(Protocol):
    """Puts what an older Mason wrote into the words of today, while files are loaded."""

    def document(self, definition: dict[str, Any], file: str) -> str:
        """Change a document of ``file`` in place, and return a sentence that tells what was done; empty for none."""
        ...

    def python(self, texts: Mapping[str, str], folder: str, shown: str) -> OlderPython | None:
        """The Python files of ``folder`` by name, as they are today; ``None`` where they are already."""
        ...

    def pardons(self, definition: Mapping[str, Any], finding: Finding) -> bool:
        """Whether what is wrong with a definition was right in its time, and shows in time when it is used."""
        ...
