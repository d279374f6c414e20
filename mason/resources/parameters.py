"""Parameters of a run: how ``-p`` text and ``-f`` values become the typed mapping that an operator declared.

Pure: reading the file is the caller's. All faults are collected and raised at once.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mason.errors import Diagnostic, ParameterError
from mason.resources.kinds import Parameter

_KEY = r"[A-Za-z_][A-Za-z0-9_.-]*"
_QUOTED = re.compile(r"""(?P<quote>['"])(?P<value>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\s*(?:,|$)""", re.DOTALL)
# A comma starts a new pair only when `key:` follows; `key::` is an SQL cast and `key://` a URL.
_NEXT_PAIR = re.compile(rf",(?=\s*{_KEY}\s*:(?!:|//))")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def parse_pairs(texts: Iterable[str]) -> dict[str, str]:
    """The pairs in the texts given with ``-p``, such as ``database_name:data,table_name:flights``.

    A key ends at the first ``:``. A value may be quoted with ``"`` or ``'`` (a backslash escapes the quote), and then
    holds anything. Raises ``ParameterError`` that names every malformed or repeated pair.
    """
    pairs: dict[str, str] = {}
    faults: list[Diagnostic] = []
    for text in texts:
        for key, value, fault in _pairs(text):
            if fault:
                faults.append(Diagnostic("", 0, fault))
            elif key in pairs:
                faults.append(Diagnostic("", 0, f"Parameter given twice: {key}"))
            else:
                pairs[key] = value
    if faults:
        raise ParameterError(faults)
    return pairs


def _pairs(text: str) -> Iterable[tuple[str, str, str]]:
    """Triples of key, value and fault (empty when there is none)."""
    rest = text.strip()
    while rest:
        match = re.match(rf"({_KEY})\s*:\s*", rest)
        if match is None:
            yield "", "", f"Malformed parameter: {rest!r} (write key:value)"
            return
        key, rest = match[1], rest[match.end() :]
        if rest[:1] in ("'", '"'):
            quoted = _QUOTED.match(rest)
            if quoted is None:
                yield key, "", f"Malformed parameter: {key} (its value starts with a quote; quote the whole value)"
                return
            yield key, re.sub(r"\\(['\"\\])", r"\1", quoted["value"]), ""
            rest = rest[quoted.end() :].strip()
        else:
            split = _NEXT_PAIR.search(rest)
            value, rest = (rest[: split.start()], rest[split.end() :].strip()) if split else (rest, "")
            yield key, value.strip(), ""


def bind(declared: Sequence[Parameter], given: Mapping[str, Any], *, of: str) -> dict[str, Any]:
    """The value of every declared parameter: as given, converted to its type, or its default (else ``None``).

    ``of`` names the operator in messages (``operator table:get``). Raises ``ParameterError`` that names all missing,
    unknown and malformed parameters.
    """
    faults: list[str] = []
    bound: dict[str, Any] = {}
    for parameter in declared:
        if given.get(parameter.name) is None:
            if parameter.required:
                faults.append(f"Required parameter not specified: {parameter.name}")
            bound[parameter.name] = parameter.default
            continue
        try:
            bound[parameter.name] = convert(given[parameter.name], parameter.type)
        except ValueError:
            wanted, value = _ARTICLES[parameter.type], given[parameter.name]
            faults.append(f"Parameter {parameter.name} must be {wanted}, not {value!r}")
    names = [parameter.name for parameter in declared]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            meant = f"did you mean {near[0]}?" if near else f"{of} takes: {', '.join(names) or 'no parameters'}"
            faults.append(f"Unknown parameter: {name} ({meant})")
    if faults:
        raise ParameterError(Diagnostic("", 0, fault) for fault in faults)
    return bound


_ARTICLES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list (JSON, such as [1, 2])",
    "object": 'a mapping (JSON, such as {"a": 1})',
}


def convert(value: Any, wanted: str) -> Any:
    """``value`` as the type ``wanted``. Text is read as that type; raises ``ValueError`` when it does not fit."""
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
    if not fits[wanted]:
        raise ValueError(wanted)
    return value


def _scalar_text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError("string")
    return value if isinstance(value, str) else json.dumps(value)


def _from_text(text: str, wanted: str) -> Any:
    if wanted == "boolean":
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else text
    if wanted == "integer":
        return int(text)
    if wanted == "number":
        return float(text) if not re.fullmatch(r"[+-]?\d+", text) else int(text)
    return json.loads(text)
