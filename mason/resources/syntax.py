"""What PyYAML's complaints mean to the person who wrote the file: one sentence and one remedy each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mason.resources.faults import Fault
from mason.resources.wording import quoted

if TYPE_CHECKING:
    import yaml

_FIT = "check that it is indented like its neighbours and that each 'key:' is followed by a space"

_BARE_TEMPLATE = re.compile(r"[:,\[{-]\s*\{\{")

_KNOWN = (
    ("mapping values are not allowed", "': ' cannot stand here", "put the text in quotes, or check the indentation"),
    (
        "could not find expected ':'",
        "a ':' is missing after the key",
        "write 'key: value', and put long texts in quotes",
    ),
    ("did not find expected key", "this line does not fit the mapping around it", _FIT),
    ("did not find expected '-' indicator", "this line does not fit the list around it", "begin each item with '- '"),
    ("expected <block end>, but found", "this line does not fit what is around it", _FIT),
    ("sequence entries are not allowed", "a list item ('- ') cannot stand here", "put it on a line of its own"),
    ("node content", "a value is missing here", "complete it, or close the bracket that was opened"),
    ("unknown escape character", "there is no such escape in double quotes", r"write \\ for \, or use single quotes"),
    ("did not find expected <document start>", "a new document begins without '---'", "write '---' between documents"),
    ("expected '<document start>'", "a new document begins without '---'", "write '---' between documents"),
)


def reader_fault(error: yaml.reader.ReaderError, data: bytes) -> Fault:
    """The fault of a character that YAML does not allow."""
    text = data.decode()
    code = error.character if isinstance(error.character, int) else ord(error.character[:1])
    place = text.find(chr(code)) if 0 <= code < 0x110000 else 0
    line = text.count("\n", 0, max(place, 0)) + 1
    return Fault(line, f"the character U+{code:04X} is not allowed in YAML", "remove it")


def syntax_fault(error: yaml.MarkedYAMLError, data: bytes) -> Fault:
    """The fault of text that is no YAML."""
    mark = error.problem_mark or error.context_mark
    if error.context_mark and "could not find expected ':'" in (error.problem or ""):
        mark = error.context_mark  # the scanner notices on the next line what is missing on this one
    line = mark.line + 1 if mark else 1
    problem = " ".join((error.problem or "it cannot be parsed").split())
    written = data.decode().splitlines()
    text = written[line - 1] if line <= len(written) else ""
    indent = text[: len(text) - len(text.lstrip())]
    if "\t" in indent:
        return Fault(line, "a tab indents this line", "indent with spaces")
    if "unexpected end of stream" in problem or "unexpected document" in problem:
        opened = error.context_mark.line + 1 if error.context_mark else line
        return Fault(opened, "the quote that opens here is never closed", "close it")
    if "cannot start any token" in problem and mark:
        return Fault(
            line, f"{quoted(text[mark.column : mark.column + 1])} cannot begin a value", "put the value in quotes"
        )
    if "alphabetic or numeric character" in problem:
        return Fault(line, "a value that begins with * or & has to be in quotes", "put it in quotes")
    unclosed = re.search(r"expected ',' or '(.)'", problem)
    if unclosed:
        opened = error.context_mark.line + 1 if error.context_mark else line
        what = "list" if unclosed[1] == "]" else "mapping"
        return Fault(line, f"',' or '{unclosed[1]}' is missing in the {what} that begins at line {opened}", "close it")
    for known, message, remedy in _KNOWN:
        if known in problem:
            if _BARE_TEMPLATE.search(text):
                remedy = 'put quotes around the value with "{{...}}"'
            return Fault(line, message, remedy)
    return Fault(line, f"this is not YAML: {problem}")
