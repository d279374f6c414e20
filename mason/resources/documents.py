"""YAML text to plain values that remember their lines: the only module that knows PyYAML.

Its own builder over PyYAML's events, because PyYAML's constructors forget lines, let the last of two equal
keys win, recurse (a thousand brackets end the process), expand aliases without bound and read YAML 1.1, where
``no`` is a boolean and ``1:30`` is a number. Here the core schema of YAML 1.2 holds (https://yaml.org/spec/1.2.2/#103-core-schema):
booleans are ``true`` and ``false``, dates stay text; and what JSON cannot hold is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mason.resources.faults import Fault, Path
from mason.resources.walking import MAX_BYTES
from mason.resources.wording import quoted
from mason.values import dataclass, field

MAX_DEPTH = 100
"""How deep lists and mappings may nest, aliases followed."""

MAX_EVENTS = 500_000
"""How many values, beginnings and ends one file may hold: ten megabytes of brackets would take a gigabyte."""

MAX_ALIASED = 1_000_000
"""How much aliases of one file may add, in characters of the text that they repeat."""

MERGE = "<<"
_STANDARD = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which no encoding can hold: Python reads so what is not UTF-8 on a command line."""

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_UNPLAIN = "a number is not written as it would be kept (123 for 0123, 1000.0 for 1e3)"
_UNPLAIN_REMEDY = "put it in quotes if it is text, else write it plainly"
_MAYBE_NOT_TEXT = frozenset("0123456789+-.tTfFnN~")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document that is a mapping.

    ``line`` is where it starts. ``lines`` holds, by the identity of each list and mapping in ``value``, the line of
    every item or key. ``faults`` count only if the document turns out to be a resource. ``unplain`` are the faults of
    numbers that are not written as they are kept (``0123``, ``1e3``), and ``spelled`` how such values at the top are
    written, by key: which it is, who knows the types of values may choose.
    """

    value: dict[str, Any]
    line: int
    lines: dict[int, dict[str, int] | list[int]]
    faults: tuple[Fault, ...]
    unplain: tuple[Fault, ...] = ()
    spelled: Mapping[str, str] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of the key or item at ``path``; of the nearest one around it where there is no such."""
        line = self.line
        # A step is a key or a number as the path goes on, and what it leads to may be anything.
        value: Any = self.value
        for step in path:
            try:
                lines: Any = self.lines[id(value)]
                line, value = lines[step], value[step]
            except (KeyError, IndexError, TypeError):
                break
        return line


class _RefusedError(Exception):
    """The file is not worth reading on: it would take too much memory, or nobody knows what comes next."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        self.fault = Fault(line, message, remedy)
        super().__init__(message)


def read(data: bytes, *, pure: bool = False) -> tuple[list[Document], list[Fault]]:
    """All documents of a file's bytes that are mappings, and what is wrong with the file whatever it is for.

    Empty documents are skipped. After a syntax error the documents before it are still returned. ``pure`` chooses the
    parser in Python, which is also taken where PyYAML was built without libyaml.
    """
    fault = _encoding_fault(data)
    if fault:
        return [], [fault]
    import yaml

    from mason.resources.syntax import reader_fault, syntax_fault

    data = data.removeprefix(b"\xef\xbb\xbf")
    builder = _Builder()
    try:
        loader = yaml.BaseLoader(data) if pure or not yaml.__with_libyaml__ else yaml.CBaseLoader(data)
        builder.build(loader)
    except _RefusedError as refused:
        builder.fatal.append(refused.fault)
    except yaml.reader.ReaderError as error:
        builder.fatal.append(reader_fault(error, data))
    except yaml.MarkedYAMLError as error:
        builder.fatal.append(syntax_fault(error, data))
    return builder.documents, builder.fatal


def too_large() -> Fault:
    """The fault of a file of more than ``MAX_BYTES``."""
    return Fault(0, f"the file is larger than {MAX_BYTES // 1_000_000} MB", "split it, or move it out of the project")


def _encoding_fault(data: bytes) -> Fault | None:
    if len(data) > MAX_BYTES:
        return too_large()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]:
        return Fault(1, "the file is UTF-16, not UTF-8", "save it as UTF-8")
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            what = f"the file is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
            return Fault(line, what, "save it as UTF-8")
    return None


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is still open."""

    container: Any
    lines: Any
    line: int
    anchor: str | None
    start: int
    aliased: int
    is_mapping: bool
    key: str | None = None
    merging: bool = False
    merges: list[Any] | None = None
    height: int = 1


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What an alias repeats: the value, its size in characters with its own aliases expanded, and its height."""

    value: Any
    size: int
    height: int


def _plainly(value: float) -> str:
    """How a number, ``true`` or ``false`` is kept, as ``json.dumps`` writes it in three times the time."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


class _Builder:
    """Turns the events of one file into documents, with a stack of its own instead of recursion."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.fatal: list[Fault] = []
        self._aliased = 0
        self._begin()

    def _begin(self) -> None:
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchor | None] = {}
        self._lines: dict[int, dict[str, int] | list[int]] = {}
        self._faults: list[Fault] = []
        self._unplain: list[tuple[int, str | None, str, Fault | None]] = []
        self._root: Any = None
        self._line = 0

    def build(self, loader: Any) -> None:
        import yaml

        scalar, alias = yaml.ScalarEvent, yaml.AliasEvent
        mapping, mapping_end = yaml.MappingStartEvent, yaml.MappingEndEvent
        sequence, sequence_end = yaml.SequenceStartEvent, yaml.SequenceEndEvent
        following = loader.get_event
        for _ in range(MAX_EVENTS):
            event = following()
            what = type(event)
            if what is scalar:
                self._scalar(event)
            elif what is mapping or what is sequence:
                self._open(event, what is mapping)
            elif what is mapping_end or what is sequence_end:
                self._close(event)
            elif what is alias:
                self._alias(event)
            elif what is yaml.DocumentStartEvent:
                self._begin()
            elif what is yaml.DocumentEndEvent:
                self._finish()
            elif what is yaml.StreamEndEvent:
                return
        message = f"the file holds more than {MAX_EVENTS:,} values"
        raise _RefusedError(event.start_mark.line + 1, message, "split it, or move it out of the project")

    def _finish(self) -> None:
        if isinstance(self._root, dict):
            root = id(self._root)
            spelled = {key: text for where, key, text, _ in self._unplain if where == root and key is not None}
            unplain = tuple(fault for *_, fault in self._unplain if fault is not None)
            self.documents.append(Document(self._root, self._line, self._lines, tuple(self._faults), unplain, spelled))
        elif self._root is not None:
            what = "a list" if isinstance(self._root, list) else "a single value"
            message = f"a document must be a mapping, but this one is {what}"
            self.fatal.append(Fault(self._line, message, "write it as 'key: value' lines"))

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        line: int = event.start_mark.line + 1
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.is_mapping and frame.key is None:
            if text == MERGE and event.implicit[0]:
                frame.merging, frame.key = True, MERGE
            else:
                self._key(frame, text if text.isascii() else self._whole(text, line), line)
            if event.anchor:
                self._anchors[event.anchor] = _Anchor(text, len(text) + 1, 0)
            return
        value: Any = text
        if event.implicit[0]:
            if not text or text[0] in _MAYBE_NOT_TEXT:
                value = self._resolved(text, line)
                if value is not None and not isinstance(value, str) and _plainly(value) != text:
                    # Not quoted here either.
                    fault = None if isinstance(value, bool) else Fault(line, _UNPLAIN, _UNPLAIN_REMEDY)
                    where = (id(frame.container), frame.key) if frame else (0, None)
                    self._unplain.append((*where, text, fault))
        elif event.tag and event.tag != "!" and event.tag != "tag:yaml.org,2002:str":
            value = self._tagged(event.tag, text, line)
        elif event.style == '"' and not text.isascii():
            value = self._whole(text, line)
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(value, len(text) + 1, 0)
        self._attach(value, line)

    def _resolved(self, text: str, line: int) -> Any:
        try:
            return resolve(text)
        except ValueError as error:
            self._faults.append(
                # Not quoted: it may be a secret that somebody has written here by mistake.
                Fault(line, str(error), "put it in quotes if it is meant as text")
            )
            return None

    def _whole(self, text: str, line: int) -> str:
        """Text that can be encoded: PyYAML's parser in Python lets halves of surrogate pairs through."""
        if SURROGATE.search(text):
            self._faults.append(Fault(line, "the text holds half of a surrogate pair", "write the character itself"))
            return SURROGATE.sub("?", text)
        return text

    def _tagged(self, tag: str, text: str, line: int) -> Any:
        value = self._resolved(text, line)
        kinds: dict[str, tuple[type, ...]] = {
            "int": (int,),
            "float": (int, float),
            "bool": (bool,),
            "null": (type(None),),
        }
        expected = kinds.get(tag.removeprefix(_STANDARD)) if tag.startswith(_STANDARD) else None
        if expected is None:
            self._refuse_tag(tag, line)
        elif type(value) not in expected:
            message = f"the value does not fit its tag {_shown_tag(tag)}"
            self._faults.append(Fault(line, message, "remove the tag"))
        return value

    def _refuse_tag(self, tag: str, line: int) -> None:
        self._faults.append(
            Fault(line, f"the tag {_shown_tag(tag)} is not allowed", "write the plain value without it")
        )

    def _key(self, frame: _Frame, text: str, line: int) -> None:
        first = frame.lines.get(text)
        if first is not None:
            message = f"the key {quoted(text)} is given twice, first at line {first}"
            self._faults.append(Fault(line, message, "keep one of them"))
        else:
            frame.lines[text] = line
        frame.key = text

    def _open(self, event: Any, is_mapping: bool) -> None:
        line = event.start_mark.line + 1
        stack = self._stack
        if len(stack) >= MAX_DEPTH:
            raise _RefusedError(line, f"lists and mappings nest deeper than {MAX_DEPTH} levels", "flatten them")
        if event.tag and event.tag not in ("!", f"{_STANDARD}map" if is_mapping else f"{_STANDARD}seq"):
            self._refuse_tag(event.tag, line)
        if event.anchor:
            self._anchors[event.anchor] = None
        container: Any = {} if is_mapping else []
        lines: Any = {} if is_mapping else []
        self._lines[id(container)] = lines
        stack.append(_Frame(container, lines, line, event.anchor, event.start_mark.index, self._aliased, is_mapping))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        for source in frame.merges or ():
            lines = self._lines[id(source)]
            for key, value in source.items():
                frame.container.setdefault(key, value)
                frame.lines.setdefault(key, lines[key])
        if frame.anchor:
            size = event.end_mark.index - frame.start + self._aliased - frame.aliased
            self._anchors[frame.anchor] = _Anchor(frame.container, size, frame.height)
        if self._stack:
            parent = self._stack[-1]
            parent.height = max(parent.height, frame.height + 1)
        self._attach(frame.container, frame.line)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        name = event.anchor
        anchor = self._anchors.get(name)
        if anchor is None:
            known = name in self._anchors
            if known:
                raise _RefusedError(line, f"*{name} stands inside of &{name} itself", "write the value out")
            # Not quoted: a password may begin like this.
            message = "what begins with * is an alias, and no value before it is marked with its name"
            raise _RefusedError(line, message, "put it in quotes if it is meant as text, or mark a value with &NAME")
        self._aliased += anchor.size
        if self._aliased > MAX_ALIASED:
            raise _RefusedError(
                line, "aliases (*name) make this file too large", "write fewer of them, or smaller anchors"
            )
        if len(self._stack) + anchor.height > MAX_DEPTH:
            message = f"lists and mappings nest deeper than {MAX_DEPTH} levels, aliases followed"
            raise _RefusedError(line, message, "flatten them")
        if self._stack:
            parent = self._stack[-1]
            parent.height = max(parent.height, anchor.height + 1)
            if parent.is_mapping and parent.key is None and isinstance(anchor.value, str):
                self._key(parent, anchor.value, line)
                return
        self._attach(anchor.value, line)

    def _attach(self, value: Any, line: int) -> None:
        if not self._stack:
            self._root, self._line = value, line
            return
        frame = self._stack[-1]
        if not frame.is_mapping:
            frame.container.append(value)
            frame.lines.append(line)
        elif frame.key is None:
            remedy = 'put quotes around it: "{{name}}"' if isinstance(value, dict) else "keys are text"
            self._faults.append(Fault(line, "a list or mapping stands where a key must be", remedy))
            frame.key = f"\0{line}"
        elif frame.merging:
            self._merge(frame, value, line)
            frame.merging, frame.key = False, None
        else:
            frame.container[frame.key] = value
            frame.key = None

    def _merge(self, frame: _Frame, value: Any, line: int) -> None:
        sources = value if isinstance(value, list) else [value]
        if all(isinstance(source, dict) for source in sources):
            frame.merges = (frame.merges or []) + sources
        else:
            self._faults.append(
                Fault(line, "<< must be followed by a mapping or a list of mappings", "write <<: *name")
            )


def resolve(text: str) -> Any:
    """What an unquoted scalar means in the core schema of YAML 1.2. ``ValueError`` for what JSON cannot hold."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number = int(text, 0) if text[:2] in ("0o", "0x") else int(text[:25])
        if len(text) > 25 or not -(2**63) <= number < 2**63:
            raise ValueError("this number does not fit into 64 bits")
        return number
    if _FLOAT.fullmatch(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise ValueError("this number is too large")
        return value
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is no number that can be stored")
    return text


def _shown_tag(tag: str) -> str:
    return quoted("!!" + tag.removeprefix(_STANDARD) if tag.startswith(_STANDARD) else tag)[1:-1]
