"""A comparison of two answers: for people, as a comment for a pull request, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mason.render import JSON_FORMAT
from mason.render.tables import table
from mason.render.terminal import Terminal
from mason.resources.address import title_of
from mason.secrets import scrub

if TYPE_CHECKING:
    from mason.project.comparing.comparison import Comparison, RowDifference

_FIRST = "The first that differ:"

_LONGEST = 60
"""How long a value may be to be shown whole."""


def comparison_text(compared: Comparison, terminal: Terminal) -> str:
    """What was compared, what differs, and the first rows that do, side by side."""
    first, second = compared.configs
    verdict = terminal.style("the same", "green") if compared.same else terminal.style("different", "red")
    lines = [f"{title_of(compared.address)} with configs {first} and {second}: {verdict}.", *_sentences(compared)]
    if compared.columns:
        cells = [[each.name, each.first or "-", each.second or "-", each.what] for each in compared.columns]
        header = ["COLUMN", f"CONFIG {first}", f"CONFIG {second}", "DIFFERENCE"]
        lines += ["", table(header, cells, terminal)]
    if compared.differences:
        header = ["", "COLUMN", f"CONFIG {first}", f"CONFIG {second}"]
        lines += ["", _FIRST, table(header, list(_cells(compared)), terminal)]
    return "\n".join(lines)


def _sentences(compared: Comparison) -> Iterator[str]:
    if compared.rows is None and compared.count == 0:
        yield (
            f"{_counted(compared.differing, 'value')} different." if compared.differing else "All values are the same."
        )
    else:
        apart = f"{len(compared.columns)} different" if compared.columns else "the same"
        yield f"Columns: {compared.count} in both, {apart}."
    if compared.rows is not None:
        how = "in their order" if compared.ordered else "as multisets, because no order is said"
        some = f", a sample of {compared.sample:,}" if compared.sample else ""
        apart = f"{compared.differing:,} have no equal in the other answer" if compared.differing else "the same"
        apart = "the same in another order" if compared.order_differs else apart
        yield f"Rows: {compared.rows[0]:,} and {compared.rows[1]:,}, compared {how}{some}: {apart}."
    yield f"Floats are the same that lie apart by no more than {compared.tolerance:g} of their size."
    for note in compared.notes:
        yield f"Note: {note}."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what} is" if number == 1 else f"{number:,} {what}s are"


def _cells(compared: Comparison) -> Iterator[list[str]]:
    """A line for each column that differs; of a row that is on one side only, one line."""
    for number, each in enumerate(compared.differences, 1):
        if each.first is None or each.second is None:
            yield [str(number), _only(each), _whole(each.first), _whole(each.second)]
            continue
        for index, (name, one, other) in enumerate(_differing(each.first, each.second, each.columns)):
            yield [str(number) if index == 0 else "", name, one, other]


def _only(each: RowDifference) -> str:
    return ", ".join(each.columns) or "(row)"


def _differing(
    first: Mapping[str, Any], second: Mapping[str, Any], columns: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    """The columns that differ, and before them the others that tell which row it is."""
    alike = {name: value for name, value in first.items() if name not in columns}
    if alike:
        yield "(row)", _whole(alike), "="
    for name in columns:
        yield name, _value(first[name]), _value(second[name])


def _whole(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    return _cut(", ".join(f"{name}={_value(value)}" for name, value in row.items()))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(scrub("NULL" if value is None else repr(value) if isinstance(value, str) else text))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 21]} … {text[-18:]}"


def comparison_json(compared: Comparison) -> dict[str, Any]:
    """The document that ``mason compare --json`` prints."""
    first, second = compared.configs
    return {
        "format_version": JSON_FORMAT,
        "address": compared.address,
        "configs": [first, second],
        "same": compared.same,
        "tolerance": compared.tolerance,
        "columns": {
            "count": compared.count,
            "differences": [
                {"name": each.name, "first": each.first or None, "second": each.second or None, "what": each.what}
                for each in compared.columns
            ],
        },
        "rows": {
            "counts": list(compared.rows) if compared.rows is not None else None,
            "ordered": compared.ordered,
            "order_differs": compared.order_differs,
            "sample": compared.sample,
            "differing": compared.differing,
            "differences": [
                {"first": each.first, "second": each.second, "columns": list(each.columns)}
                for each in compared.differences
            ],
        },
        "notes": list(compared.notes),
    }


def comparison_markdown(compared: Comparison) -> str:
    """A comment for a pull request."""
    first, second = compared.configs
    verdict = "the same" if compared.same else "different"
    lines = [f"## {title_of(compared.address)} with configs {_code(first)} and {_code(second)}: {verdict}", ""]
    lines += [f"- {_plain(each)}" for each in _sentences(compared)]
    if compared.columns:
        lines += ["", f"| column | {_code(first)} | {_code(second)} | difference |", "|---|---|---|---|"]
        lines += [
            f"| {_code(each.name)} | {_code(each.first or '-')} | {_code(each.second or '-')} | {_code(each.what)} |"
            for each in compared.columns
        ]
    if compared.differences:
        lines += [
            "",
            _FIRST,
            "",
            f"| | column | {_code(first)} | {_code(second)} |",
            "|---|---|---|---|",
        ]
        lines += [f"| {number} | {' | '.join(map(_code, cells))} |" for number, *cells in _cells(compared)]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """A sentence of Mason's, in which people's names may stand: nothing in it means anything to markdown."""
    return _code(text) if any(each in text for each in "<>@#*_`[]|") else text


def _code(text: str) -> str:
    """A code span in a cell of a table, in which nothing has another meaning."""
    shown = " ".join(text.replace("`", "'").split()).replace("|", "\\|")
    return f"`{shown or ' '}`"
