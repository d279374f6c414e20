"""What can be wrong with what people write, as values: at a line of a file, or at a place in a definition."""

from __future__ import annotations

from typing import NamedTuple

Path = tuple["str | int", ...]
"""Where a value stands in a document: ``("do", 0, "as")``."""

CALLS = "\0calls"
"""The first step of the path of a finding about a call of the class beside a definition; the call is the second."""


class Fault(NamedTuple):
    """Something wrong at a line (counted from 1) of a file; see :class:`mason.errors.Diagnostic`."""

    line: int
    message: str
    remedy: str = ""


class Finding(NamedTuple):
    """Something wrong at a place in a definition (or see ``CALLS``); the loader turns places into lines."""

    path: Path
    message: str
    remedy: str = ""
