"""Whether the finished arguments of a sentence fit the verb: what is missing, and what has another type. Pure.

Text that can only mean one thing becomes it (``"5"`` where a whole number is asked for), because values of parameters
without a declared type are text. All else is refused before the call, in words and not by the client's Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.dryrun.sentences import placeholder
from mason.engines import models, verbs_asked_of
from mason.engines.verbs import Verb
from mason.resources.operator import Sentence
from mason.resources.parameters import convert
from mason.resources.templates import TEMPLATE

_NAMES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "Sequence[str]": 'a list of text (JSON, such as ["a", "b"])',
    "Mapping[str, Any]": 'a mapping (JSON, such as {"a": 1})',
}
_PLAIN: Mapping[str, type | tuple[type, ...]] = {
    "str": str,
    "bytes": bytes,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "None": type(None),
}
# What a person can write down; other annotations are models, which only an earlier sentence gives.
_JSON_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "Mapping[str, Any]": "object"}


def fit(sentence: Sentence, finished: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """``finished`` with the types and in the order of the verb's signature, and a fault for each that does not fit.

    ``values`` are those that ``finished`` was made with: an argument that waits for others is left as it is.
    """
    verb = verbs_asked_of(sentence.engine)[sentence.verb]
    if sentence.dialect or sentence.trust:
        finished = {**said_of_sql(verb, sentence.dialect, sentence.trust), **finished}
    fitted: dict[str, Any] = {}
    faults = [f"{verb} takes no {name!r}" for name in finished if name not in verb.arguments]
    for name in verb.arguments:
        given = sentence.arguments.get(name)
        if name not in finished:
            if name in verb.required:
                faults.append(_missing(verb, name, given))
        elif _waits(given, values):
            fitted[name] = finished[name]
        else:
            try:
                fitted[name] = fitting(finished[name], verb.annotations[name])
            except ValueError:
                faults.append(_unfit(verb, name, finished[name], given))
    return fitted, faults


def said_of_sql(verb: Verb, dialect: str, trust: bool) -> dict[str, Any]:
    """The arguments of ``verb`` that say how its SQL is meant, where it takes some: its dialect, if one was named, and
    whether it is run also where it is not known to answer the same."""
    said = {"dialect": dialect or None, "trust": trust or None}
    return {name: value for name, value in said.items() if value is not None and name in verb.arguments}


def waits(sentence: Sentence, values: Mapping[str, Any]) -> frozenset[str]:
    """The arguments whose values are not known yet, where ``values`` are."""
    return frozenset(name for name, given in sentence.arguments.items() if _waits(given, values))


def fitting(value: Any, annotation: str) -> Any:
    """``value`` as one of the types of ``annotation``. Raises ``ValueError`` when it is none and cannot become one."""
    wanted = annotation.split(" | ")
    if any(_is(value, kind) for kind in wanted):
        return value
    for kind in wanted:
        try:
            return _become(value, kind)
        except ValueError:
            continue
    raise ValueError(annotation)


def _is(value: Any, kind: str) -> bool:
    if kind == "Sequence[str]":
        return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
    if kind == "Mapping[str, Any]":
        return isinstance(value, Mapping)
    plain = _PLAIN.get(kind)
    if plain is None:
        # An engine of another package may have types that only its own verbs can judge.
        model = getattr(models, kind, None) if kind != "Any" else None
        return not isinstance(model, type) or isinstance(value, model)
    return isinstance(value, plain) and not (kind in ("int", "float") and isinstance(value, bool))


def _become(value: Any, kind: str) -> Any:
    if not isinstance(value, (str, int, float, list, tuple)):
        raise ValueError(kind)
    if kind == "Sequence[str]":
        items = convert(list(value) if isinstance(value, tuple) else value, "array")
        return [convert(item, "string") if isinstance(item, (int, float)) else _text(item) for item in items]
    if kind not in _JSON_TYPES or isinstance(value, tuple):
        raise ValueError(kind)
    return convert(value, _JSON_TYPES[kind])


def _text(item: Any) -> str:
    if not isinstance(item, str):
        raise ValueError("string")
    return item


def _waits(given: Any, values: Mapping[str, Any]) -> bool:
    """Whether ``given`` holds a placeholder whose value is not known yet."""
    if isinstance(given, str):
        return any(match[1].strip().partition(".")[0] not in values for match in TEMPLATE.finditer(given))
    if isinstance(given, Mapping):
        return any(_waits(inner, values) for inner in given.values())
    return isinstance(given, list) and any(_waits(inner, values) for inner in given)


def _missing(verb: Verb, name: str, given: Any) -> str:
    source = placeholder(given)
    if not source:
        return f"{verb} needs {name!r}"
    lack = f"{{{{{source}}}}} holds nothing" if "." in source else f"parameter {source} was not given"
    return f"{verb} needs {name!r}, but {lack}"


def _unfit(verb: Verb, name: str, value: Any, given: Any) -> str:
    kinds = [kind for kind in verb.annotations[name].split(" | ") if kind not in ("None", "bytes")]
    wanted = " or ".join(_NAMES.get(kind, f"a {kind} (the result of an earlier sentence)") for kind in kinds)
    is_plain = isinstance(value, (str, int, float, list, dict))
    shown = repr(value) if is_plain else f"a {type(value).__name__}"
    source = placeholder(given)
    origin = f" ({{{{{source}}}}})" if source else ""
    return f"{verb} needs {wanted} for {name!r}, not {shown}{origin}"
