"""Parameters of a run: how ``-p`` text and ``-f`` values become the typed mapping that an operator declared.

Pure: reading the file is the caller's. All faults are collected and raised at once, when the values meet what an
operator declares.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mason.errors import Diagnostic, ParameterError
from mason.resources.operator import Parameter
from mason.resources.wording import quoted
from mason.secrets import is_reference, remember_all
from mason.values import dataclass, field

_KEY = r"[A-Za-z_][A-Za-z0-9_.-]*"
_QUOTE_OR_ESCAPE = re.compile(r"""\\.|['"]""", re.DOTALL)
_PAIR_ENDS = re.compile(r"\s*(?:,|\Z)")
# A comma starts a new pair only when `key:` follows; `key::` is an SQL cast and `key://` a URL.
_NEXT_PAIR = rf",(?=\s*{_KEY}\s*:(?!:|//))"
_WHOLE = r"[+-]?[0-9]+"
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave: the values that can be read, and what is wrong with the rest.

    ``unread`` are parameters that were named but whose value cannot be read. ``complete`` is false when nobody can say
    which parameters were meant to be given. Neither are then called missing. ``places`` are the file and the line of
    values that stand in a file. ``spelled`` is how numbers and truth values of a file are written, where a parameter of
    text is another text otherwise.
    """

    values: dict[str, Any] = field(default_factory=dict)
    faults: tuple[Diagnostic, ...] = ()
    unread: frozenset[str] = frozenset()
    complete: bool = True
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)

    def over(self, other: Given) -> Given:
        """Both together; the values here win."""
        return Given(
            other.values | self.values,
            self.faults + other.faults,
            self.unread | other.unread,
            self.complete and other.complete,
            # A value that wins hides the place of the other one.
            {name: place for name, place in other.places.items() if name not in self.values} | dict(self.places),
            {name: text for name, text in other.spelled.items() if name not in self.values} | dict(self.spelled),
        )

    def named_as(self, declared: Sequence[Parameter]) -> Given:
        """The same, what was given under an alias by the name of its parameter; under both, that is a fault."""
        given = {*self.values, *self.unread}
        names = {alias: each.name for each in declared for alias in each.aliases if alias in given}
        if not names:
            return self
        twice = [
            Diagnostic(*self.places.get(alias, ("", 0)), f"Parameter given twice: {name}, also as {alias}")
            for alias, name in names.items()
            if name in given
        ]
        return Given(
            {names.get(key, key): value for key, value in self.values.items()},
            (*self.faults, *twice),
            frozenset(names.get(key, key) for key in self.unread),
            self.complete,
            {names.get(key, key): place for key, place in self.places.items()},
            {names.get(key, key): text for key, text in self.spelled.items()},
        )


def parse_pairs(texts: Iterable[str]) -> Given:
    """The pairs in the texts given with ``-p``, such as ``database_name:data,table_name:flights``.

    A key ends at the first ``:``. A value may be quoted with ``"`` or ``'`` (a backslash escapes the quote), and then
    holds anything. Every malformed or repeated pair is among the faults. So is ``:=``: a value that begins with ``=``
    is quoted, or stands behind a space. A text that begins with ``{`` is a JSON mapping instead, whose values keep
    their types.
    """
    pairs: dict[str, Any] = {}
    unread: set[str] = set()
    faults: list[Diagnostic] = []
    for text in texts:
        for key, value, fault in _pairs(text):
            if fault:
                faults.append(Diagnostic("", 0, fault))
                unread.update([key] if key else [])
            elif key in pairs:
                faults.append(Diagnostic("", 0, f"Parameter given twice: {key}"))
            else:
                pairs[key] = value
    return Given(pairs, tuple(faults), frozenset(unread))


def _pairs(text: str) -> Iterable[tuple[str, Any, str]]:
    """Triples of key, value and fault (empty when there is none)."""
    rest = text.strip()
    if rest.startswith("{"):
        yield from _of_json(rest)
        return
    while rest:
        match = re.match(rf"({_KEY})(\s*:)\s*", rest)
        if match is None:
            yield "", "", f"Malformed parameter: {rest!r} (write key:value)"
            return
        if rest[match.end(2) : match.end(2) + 1] == "=":
            yield match[1], "", f"Malformed parameter: {match[1]} := (write {match[1]}:value, without the =)"
            return
        key, rest = match[1], rest[match.end() :]
        if rest[:1] in ("'", '"'):
            closing = _closing_quote(rest)
            if not closing:
                yield key, "", f"Malformed parameter: {key} (its value starts with a quote; quote the whole value)"
                return
            yield key, re.sub(r"\\(['\"\\])", r"\1", rest[1:closing]), ""
            rest = _PAIR_ENDS.sub("", rest[closing + 1 :], count=1).strip()
        else:
            split = re.search(_NEXT_PAIR, rest)
            value, rest = (rest[: split.start()], rest[split.end() :].strip()) if split else (rest, "")
            yield key, value.strip(), ""


def _of_json(text: str) -> Iterable[tuple[str, Any, str]]:
    """The pairs of a JSON mapping."""
    try:
        yield from ((name, value, "") for name, value in json.loads(text).items())
    except (ValueError, RecursionError):
        yield "", "", f"Malformed parameters: {quoted(text)} begins like a JSON mapping, and is none"


def _closing_quote(text: str) -> int:
    """Where the quoted value at the start of ``text`` ends; 0 when it does not. Looks at each character once.

    A quote behind a backslash ends the value where no other does: in ``"c:\\"`` the backslash is meant as itself.
    """
    escaped = 0
    for match in _QUOTE_OR_ESCAPE.finditer(text, 1):
        if match[0][-1] != text[0]:
            continue
        ends = _PAIR_ENDS.match(text, match.end()) is not None
        if match[0] == text[0]:
            return match.end() - 1 if ends else escaped
        if ends:
            escaped = match.end() - 1
    return escaped


def bind(declared: Sequence[Parameter], given: Mapping[str, Any] | Given, *, of: str) -> dict[str, Any]:
    """The value of every declared parameter: as given, converted to its type, or its default (else ``None``).

    The values of secret ones are remembered, so that they are told nowhere; a ``{{NAME}}`` stays one until it runs.
    ``of`` names the operator in messages (``operator table:get``). Raises ``ParameterError`` that names all missing,
    unknown and malformed parameters.
    """
    read = (given if isinstance(given, Given) else Given(dict(given))).named_as(declared)
    faults: list[Diagnostic] = []
    bound: dict[str, Any] = {}

    def refuse(name: str, fault: str) -> None:
        faults.append(Diagnostic(*read.places.get(name, ("", 0)), fault))

    for parameter in declared:
        value = read.values.get(parameter.name)
        if value is None:
            if parameter.required and read.complete and parameter.name not in read.unread:
                refuse(parameter.name, f"Required parameter not specified: {parameter.name}")
            bound[parameter.name] = parameter.default
            continue
        if parameter.secret:
            # Before anything is told of it.
            remember_all(value)
            if is_reference(value):
                bound[parameter.name] = value
                continue
        if parameter.type == "string":
            value = read.spelled.get(parameter.name, value)
        try:
            bound[parameter.name] = convert(value, parameter.type)
        except ValueError:
            refuse(parameter.name, f"Parameter {parameter.name} must be {_ARTICLES[parameter.type]}, not {value!r}")
    names = [parameter.name for parameter in declared]
    for name in (*read.values, *(read.unread - read.values.keys())):
        if name not in names:
            import difflib

            near = difflib.get_close_matches(name, names, 1)
            meant = f"did you mean {near[0]}?" if near else f"{of} takes: {', '.join(names) or 'no parameters'}"
            refuse(name, f"Unknown parameter: {name} ({meant})")
    if faults or read.faults:
        raise ParameterError([*read.faults, *faults])
    return bound


_ARTICLES = {
    "any": "finite (JSON has no NaN and no Infinity)",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list (JSON, such as [1, 2])",
    "object": 'a mapping (JSON, such as {"a": 1})',
}


def convert(value: Any, wanted: str) -> Any:
    """``value`` as the type ``wanted``. Text is read as that type; raises ``ValueError`` when it does not fit.

    NaN and the infinities are no numbers here, nor inside of lists and mappings: JSON has none.
    """
    if not _is_finite(value):
        raise ValueError(wanted)
    if wanted == "any":
        return value
    if wanted == "string":
        return _scalar_text(value)
    if isinstance(value, str):
        value = _from_text(value.strip(), wanted)
    fits = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }
    if not fits[wanted] or not _is_finite(value):
        raise ValueError(wanted)
    return value


def _is_finite(value: Any) -> bool:
    # Without recursion: JSON may nest deeper than Python calls.
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, float) and not math.isfinite(each):
            return False
        waiting.extend(each.values() if isinstance(each, dict) else each if isinstance(each, (list, tuple)) else ())
    return True


def _scalar_text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError("string")
    return value if isinstance(value, str) else json.dumps(value)


def _from_text(text: str, wanted: str) -> Any:
    if wanted == "boolean":
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else text
    if wanted in ("integer", "number"):
        if re.fullmatch(_WHOLE, text):
            return int(text)
        if wanted == "integer" or not re.fullmatch(_NUMBER, text):
            raise ValueError(wanted)
        return float(text)
    if wanted == "array" and text and text[0] not in "[{":
        # What people write on a command line: names with commas between them.
        return [item.strip() for item in text.split(",")]
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(wanted) from error
