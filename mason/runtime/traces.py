"""Where an exception of a person's Python comes from, as text: a traceback without what is Mason's own in it. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traceback import FrameSummary, TracebackException

_MASON = str(Path(__file__).parents[1])
# As many exceptions of a chain, and of one of them as many frames: an endless recursion has thousands.
_MOST_CHAINED = 10
_MOST_FRAMES = 50
_FIRST_FRAMES = 10


def trace_of(error: BaseException, folder: Path) -> str:
    """The traceback of ``error`` from the first frame on that is in ``folder``, whose files go by their names in it.

    The exceptions that it was raised from, or because of, come first, as Python has it.
    """
    # Imported here: most calls raise nothing.
    from traceback import TracebackException

    told: TracebackException | None = TracebackException.from_exception(error, compact=True)
    parts: list[str] = []
    while told is not None and len(parts) < 2 * _MOST_CHAINED:
        parts.insert(0, "\n".join([*_frames(told, folder), "".join(told.format_exception_only()).rstrip("\n")]))
        if told.__cause__ is not None:
            told, link = told.__cause__, "\nThe above exception was the direct cause of the following exception:\n"
        elif told.__context__ is not None and not told.__suppress_context__:
            told, link = told.__context__, "\nDuring handling of the above exception, another exception occurred:\n"
        else:
            break
        parts.insert(0, link)
    return "\n".join(parts).replace(f"{folder}/", "")


def _frames(told: TracebackException, folder: Path) -> list[str]:
    inside = f"{folder}/"
    first = next((at for at, frame in enumerate(told.stack) if frame.filename.startswith(inside)), len(told.stack))
    frames = [frame for frame in told.stack[first:] if not frame.filename.startswith(f"{_MASON}/")]
    if not frames:
        return []
    lines = [_line(frame) for frame in frames]
    if len(lines) > _MOST_FRAMES:
        left_out = f"  ... {len(lines) - _MOST_FRAMES} more ..."
        lines[_FIRST_FRAMES : len(lines) - _MOST_FRAMES + _FIRST_FRAMES] = [left_out]
    return ["Traceback (most recent call last):", *lines]


def _line(frame: FrameSummary) -> str:
    place = f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
    return f"{place}\n    {frame.line}" if frame.line else place
