"""Aligned tables for people, as ``get`` prints them. Widths are counted in terminal cells."""

from __future__ import annotations

from collections.abc import Sequence

from mason.render.terminal import Terminal, cells, printable


def table(header: Sequence[str], rows: Sequence[Sequence[str]], terminal: Terminal) -> str:
    """``header`` and ``rows`` in aligned columns, two spaces apart, cut to the terminal's width."""
    shown = [[_one_line(cell) for cell in row] for row in rows]
    widths = [max(cells(row[index]) for row in (header, *shown)) for index in range(len(header))]
    lines = [terminal.style(terminal.cut(_line(header, widths)), "bold")]
    lines += [terminal.cut(_line(row, widths)) for row in shown]
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
