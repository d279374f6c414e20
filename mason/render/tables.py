"""Aligned tables for people, as ``get`` and ``run`` print them. Widths are counted in terminal cells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from mason.render.terminal import Terminal, cells, cut, printable

NULL = "NULL"
_GAP = 2
# Cells: what a column of text is cut to before whole columns are left out, and up to where columns are aligned where
# nothing is cut. One long value would pad every other row.
_NARROWEST = 8
_WIDEST = 200


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


def fitted(
    header: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    terminal: Terminal,
    *,
    numeric: Collection[int] = (),
) -> tuple[Iterator[str], int]:
    """The lines of a table of values as they are (``None`` is shown as ``NULL``), and how many columns had to be left
    out of it.

    ``rows`` are gone through twice, first to see how wide they are: none of them is kept. On a terminal the widest
    columns are cut until all fit; where there are too many, those in the middle make room for an ellipsis. ``numeric``
    are the positions of the columns that are aligned on the right: they are cut last.
    """
    titles = [escaped(title) for title in header]
    contents = [0] * len(titles)
    for row in rows:
        for index, value in enumerate(row):
            if value is None:
                width = len(NULL)
            elif value.isascii() and value.isprintable():
                width = len(value)
            else:
                width = cells(escaped(value))
            if width > contents[index]:
                contents[index] = width
    natural = [max(cells(title), content, 1) for title, content in zip(titles, contents, strict=True)]
    if terminal.width:
        # The title of a number may be cut like a text, the number itself not.
        floors = [
            max(min(width, _NARROWEST), content if index in numeric else 0)
            for index, (width, content) in enumerate(zip(natural, contents, strict=True))
        ]
        kept = _kept(floors, terminal.width)
        # A terminal of three cells has no room for the ellipsis of what is left out.
        marked = len(kept) < len(titles) and terminal.width > _GAP + 1
        gaps = _GAP * (len(kept) - 1) + (_GAP + 1 if marked else 0)
        widths = _shrunk([natural[index] for index in kept], [floors[index] for index in kept], terminal.width - gaps)
    else:
        kept, marked = list(range(len(titles))), False
        widths = [min(width, _WIDEST) for width in natural]
    shown = [(index, width, index in numeric) for index, width in zip(kept, widths, strict=True)]

    def line(values: list[str]) -> str:
        if marked:
            values.insert((len(kept) + 1) // 2, "…")
        return (" " * _GAP).join(values).rstrip()

    def lines() -> Iterator[str]:
        first = line([_aligned(titles[index], width, right, terminal) for index, width, right in shown])
        yield terminal.style(first, "bold")
        for row in rows:
            yield line([_value(row[index], width, right, terminal) for index, width, right in shown])

    return lines(), len(titles) - len(kept)


def escaped(text: str) -> str:
    """``text`` on one line and without power over the terminal, each character as it is or as JSON writes it."""
    return text if text.isprintable() else printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _value(text: str | None, width: int, right: bool, terminal: Terminal) -> str:
    if text is not None:
        return _aligned(escaped(text), width, right, terminal)
    aligned = _aligned(NULL, width, right, terminal)
    return aligned.replace(NULL, terminal.style(NULL, "dim"))


def _aligned(text: str, width: int, right: bool, terminal: Terminal) -> str:
    shown = cut(text, width) if terminal.width else text
    space = " " * (width - cells(shown))
    return space + shown if right else shown + space


def _kept(floors: Sequence[int], width: int) -> list[int]:
    """The positions of the columns that fit when each is as narrow as may be: all, or as many of both ends."""
    everything = list(range(len(floors)))
    if sum(floors) + _GAP * (len(floors) - 1) <= width:
        return everything
    for count in range(len(floors) - 1, 1, -1):
        right = count // 2
        kept = everything[: count - right] + everything[-right:]
        if sum(floors[index] for index in kept) + _GAP * count + 1 <= width:
            return kept
    return everything[:1]


def _shrunk(natural: Sequence[int], floors: Sequence[int], room: int) -> list[int]:
    """Widths that fit into ``room`` together: the widest columns give way first, none below its floor."""
    for level in range(max(room, 1), 0, -1):
        widths = [min(width, max(floor, level)) for width, floor in zip(natural, floors, strict=True)]
        if sum(widths) <= room:
            return widths
    # One column that is left, wider than the terminal.
    return [max(room, 1)] * len(natural)
