"""YAML in one layout: what ``mason fmt`` writes. Text in, text out; what is said stays as it is, comments too.

A library that keeps comments does the writing (ruamel.yaml). It is not taken at its word: what it wrote is read again,
and where values, anchors or comments are not those of before, the file is refused, and left as it is.

The layout: two spaces for each level, lists too; one space behind ``key:``; one ``---`` between documents; no more than
one empty line in a row, none at the start and the end; no blanks at the ends of lines; lines end as the first one does.
Quotes, the order of keys, and values in brackets stay as they are written.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from mason.errors import ResourceError
from mason.resources.documents import read, resolve
from mason.resources.faults import Fault

_NEVER_WRAPPED = 1_000_000
# A second pass may move a comment that the first one has moved; a third one changes nothing.
_PASSES = 3
# Events of a document that is a single value: its start, the value, its end.
_EMPTY = 3


def laid_out(data: bytes) -> bytes:
    """The bytes of a YAML file in Mason's layout.

    Raises :class:`UnfitTextError` where the file is no YAML that Mason reads, or cannot be written otherwise without a
    change to what it says.
    """
    _, faults = read(data)
    if faults:
        raise UnfitTextError(faults)
    text = data.decode("utf-8-sig")
    newline = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    before = text.replace("\r\n", "\n")
    after = before
    for _ in range(_PASSES):
        last, after = after, _tidied(_written(after))
        if after == last:
            break
    else:
        raise UnfitTextError([Fault(1, "the layout does not settle", "lay this file out by hand")])
    if (differing := _first_difference(before, after)) is not None:
        remedy = "write it more plainly, or lay this file out by hand"
        raise UnfitTextError([Fault(differing, "laid out otherwise, this would not say the same", remedy)])
    return after.replace("\n", newline).encode()


class UnfitTextError(ResourceError):
    """A file that is left as it is; ``faults`` say why, with their lines."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__([])
        self.faults = faults


def _written(text: str) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    writer = YAML()
    writer.preserve_quotes = True
    writer.width = _NEVER_WRAPPED
    writer.allow_duplicate_keys = True
    writer.indent(mapping=2, sequence=4, offset=2)
    # The library forgets comments that stand before the first ---.
    head = match[0] if (match := re.match(r"([ \t]*(#.*)?\n)+(?=---)", text)) else ""
    body = text[len(head) :]
    out = io.StringIO(head)
    out.seek(len(head))
    try:
        writer.explicit_start = body.startswith("---")
        writer.dump_all([each for each in writer.load_all(body) if each is not None], out)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise UnfitTextError([Fault(line, "this cannot be laid out", "lay this file out by hand")]) from error
    return out.getvalue()


def _tidied(text: str) -> str:
    """Without blanks at the ends of lines and with one empty line at most, but for texts of several lines."""
    kept: list[str] = []
    verbatim = _lines_of_texts(text)
    for number, line in enumerate(text.split("\n")):
        if number in verbatim:
            kept.append(line)
        elif line.strip() or (kept and kept[-1] and kept[-1] != "---"):
            kept.append(line.rstrip(" \t"))
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(kept) + "\n" if kept else ""


def _lines_of_texts(text: str) -> set[int]:
    """The lines, from 0, of scalars that go over several lines: blanks may be a part of them."""
    found: set[int] = set()
    for token in _tokens(text):
        start, end = token.start_mark, token.end_mark
        if end.line > start.line:
            found.update(range(start.line + (token.style in ("|", ">")), end.line + (end.column > 0)))
    return found


def _tokens(text: str) -> Iterator[Any]:
    """The scalars of a text, as PyYAML's parser in Python sees them: its marks count characters."""
    import yaml

    return (token for token in yaml.scan(text) if isinstance(token, yaml.ScalarToken))


def _first_difference(before: str, after: str) -> int | None:
    """The line of ``before``, from 1, from which ``after`` says something else; ``None`` where it says the same."""
    for told in (_said, _comments):
        first, second = list(told(before)), list(told(after))
        for number, (line, what) in enumerate(first):
            if number >= len(second) or second[number][1] != what:
                return line
        if len(second) > len(first):
            return first[-1][0] if first else 1
    return None


def _said(text: str) -> Iterator[tuple[int, Any]]:
    """What the parser tells of a text, each with its line: values, anchors, tags, and what is quoted."""
    import yaml

    document: list[tuple[int, Any]] = []
    for event in yaml.parse(text):
        told = [getattr(event, name, None) for name in ("anchor", "tag", "implicit", "value", "version", "tags")]
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and resolve(event.value) is None:
            # Nothing has several spellings, of which one is kept.
            told[3] = "null"
        assert event.start_mark is not None, "the parser marks every event"
        document.append((event.start_mark.line + 1, (type(event).__name__, *told)))
        if isinstance(event, (yaml.DocumentEndEvent, yaml.StreamEndEvent)):
            # A document in which nothing stands may go.
            if len(document) != _EMPTY or document[1][1][4] != "null":
                yield from document
            document = []


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """The comments of a text in their order, each with its line."""
    place, line = 0, 1
    for token in (*_tokens(text), None):
        end = token.start_mark.index if token is not None else len(text)
        for number, part in enumerate(text[place:end].split("\n")):
            # In between scalars, a # begins a comment wherever it stands behind a blank or at the start.
            if found := re.search(r"(?:^|[ \t])#", part):
                yield line + number, part[found.end() - 1 :].rstrip()
        if token is None:
            return
        header = text[token.start_mark.index : token.end_mark.index].partition("\n")[0]
        if token.style in ("|", ">") and " #" in header:
            yield token.start_mark.line + 1, header[header.index(" #") + 1 :].rstrip()
        place, line = token.end_mark.index, token.end_mark.line + 1
