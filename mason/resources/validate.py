"""Definitions against their JSON Schema, with complaints that a person can act on.

The schemas say what is allowed; this module says in one sentence what is not, where, and what was probably
meant. What a schema cannot say is checked in ``checks`` and ``dag``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from mason.resources.address import KINDS, MOVED, NAME_PATTERN, WORK_PATTERN
from mason.resources.faults import Finding, Path
from mason.resources.roles import brought_roles
from mason.resources.schema import schema
from mason.resources.wording import TYPE_WORDS, described, nearest, quoted, shown_path, suggestion

if TYPE_CHECKING:
    from mason.resources.faults import Path

NAME_REMEDY = "use letters, digits, _ and -, not beginning with -"


Examine = Callable[[Mapping[str, Any], Sequence[str]], Iterable[Finding]]
"""A further check of a definition, of whatever shape, and of the ``engine.verb`` calls of the class beside it."""


_Engines = tuple[tuple[str, str], ...]
"""Engines besides the four, and the packages that bring them."""


@cache
def _schema(kind: str, engines: _Engines) -> dict[str, Any]:
    return schema(kind, dict(engines))


@cache
def _validator(kind: str, engines: _Engines) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(_schema(kind, engines))


def kind_findings(definition: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with the ``type`` of a definition that has one."""
    kind = definition["type"]
    if kind in KINDS or kind == MOVED:
        return []
    if not isinstance(kind, str) or not kind:
        return [Finding(("type",), f"type must be {_listed(KINDS)}, but it is {described(kind)}")]
    return [Finding(("type",), f"unknown type {quoted(kind)}", suggestion(kind, KINDS, "known types"))]


def schema_findings(definition: Mapping[str, Any]) -> list[Finding]:
    """Everything that the JSON Schema of its kind (which must be known) has against a definition."""
    kind = definition["type"]
    if _validator(kind, ()).is_valid(definition):
        return []
    # Looked for now: what is unknown may be an engine that another package brings.
    engines = tuple((role, each.package) for role, each in brought_roles().items())
    found: list[Finding] = []
    for error in _validator(kind, engines).iter_errors(definition):
        found.extend(_sentences(error, _schema(kind, engines), definition))
    # A misspelt key is also a missing one: say it once.
    meant = {(*finding.path[:-1], word) for finding in found if (word := _meant(finding))}
    return [finding for finding in found if not (finding.message.startswith("missing key") and finding.path in meant)]


def _meant(finding: Finding) -> str:
    head, _, rest = finding.remedy.partition("did you mean '")
    return rest.partition("'")[0] if not head and finding.message.startswith("unknown key") else ""


def _sentences(error: Any, root: Mapping[str, Any], definition: Any) -> Iterator[Finding]:
    path: Path = tuple(error.instance_path)
    keyword = error.kind.name
    rule = _rule_at(root, path)
    value = _value_at(definition, path)
    if keyword == "additionalProperties":
        for key in error.kind.unexpected:
            yield _unknown_key(key, path, rule, value)
    elif keyword == "required":
        within = f" in {shown_path(path)}" if path else ""
        # The path ends with the key that is missing: its line is the line of the mapping around it.
        yield Finding((*path, error.kind.property), f"missing key {quoted(error.kind.property)}{within}")
    elif keyword == "type":
        yield _wrong_type(path, error.kind.types, value)
    elif keyword == "enum":
        options = [option for option in error.kind.options if option is not None]
        word = value if isinstance(value, str) else ""
        meant = nearest(word, options)
        remedy = f"did you mean '{meant}'?" if meant else ""
        yield Finding(path, f"{shown_path(path)} must be {_listed(options)}, but it is {described(value)}", remedy)
    elif keyword == "propertyNames":
        for key in value:
            if not _validator_of_names().is_valid(key):
                yield Finding((*path, key), f"{quoted(key)} in {shown_path(path)} is no name", NAME_REMEDY)
    else:
        yield _limit(path, keyword, error.kind, value)


@cache
def _validator_of_names() -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for({"pattern": NAME_PATTERN, "maxLength": 100})


def _unknown_key(key: str, path: Path, rule: Mapping[str, Any], value: Mapping[str, Any]) -> Finding:
    within = f" in {shown_path(path)}" if path else ""
    if len(path) == 2 and path[0] == "do":
        return Finding(
            (*path, key), f"{quoted(key)}{within} is no verb", "write engine.verb, such as metastore.get_table"
        )
    if key == "default" and path[:2] == ("parameters", "required"):
        remedy = "only optional parameters have a default: list it under parameters.optional"
        return Finding((*path, key), f"unknown key 'default'{within}", remedy)
    known = [name for name in rule.get("properties", {}) if name not in value]
    return Finding((*path, key), f"unknown key {quoted(key)}{within}", suggestion(key, known, "known keys"))


def _wrong_type(path: Path, types: list[str], value: Any) -> Finding:
    if path[:1] == ("dag",) and path[-1] == "retry":
        # Text as it has to be is no better in quotes.
        return Finding(path, f"{shown_path(path)} cannot be {described(value)}", _RETRY_REMEDY)
    expected = [TYPE_WORDS[name] for name in TYPE_WORDS if name in types]
    remedy = ""
    if "string" in types and isinstance(value, bool | int | float):
        remedy = "put it in quotes"
    elif "boolean" in types and isinstance(value, str):
        remedy = "write true or false"
    elif "array" in types and isinstance(value, str) and value:
        remedy = f"write [{quoted(value)[1:-1]}]"
    # What stands where a client's configuration should may be a secret.
    what = "text" if path[:1] == ("clients",) and isinstance(value, str) else described(value)
    return Finding(path, f"{shown_path(path)} must be {_listed(expected)}, but it is {what}", remedy)


def _limit(path: Path, keyword: str, kind: Any, value: Any) -> Finding:
    place = shown_path(path)
    if keyword == "pattern" and kind.pattern == NAME_PATTERN:
        return Finding(path, f"{place} must be a name, but it is {described(value)}", NAME_REMEDY)
    if keyword == "pattern" and kind.pattern == WORK_PATTERN:
        return Finding(path, f"{place} must be namespace:command, but it is {described(value)}", "such as table:export")
    if keyword == "pattern":
        return Finding(path, f"{place} cannot be {described(value)}", _RETRY_REMEDY)
    if keyword == "maxLength":
        return Finding(path, f"{place} is longer than {kind.limit} characters", "shorten it")
    if keyword == "minimum":
        return Finding(path, f"{place} must be at least {kind.limit}, but it is {described(value)}")
    if keyword == "maximum":
        return Finding(path, f"{place} must be at most {kind.limit}, but it is {described(value)}")
    if keyword == "uniqueItems":
        twice = next(item for number, item in enumerate(value) if item in value[:number])
        return Finding(path, f"{place} names {described(twice)} twice", "remove one of them")
    if keyword in ("minItems", "minProperties", "minLength"):
        return Finding(path, f"{place} is empty", "write something there" if keyword == "minLength" else _ADD)
    if keyword == "maxProperties":
        remedy = "write one engine.verb a sentence, and 'as' beside it if a later one needs its result"
        return Finding(path, f"{place} says more than one thing", remedy)
    return Finding(path, f"{place} does not fit its schema ({keyword})")


_ADD = "add at least one entry"
_RETRY_REMEDY = "write constant(SECONDS) or exponential(SECONDS), such as constant(5)"


def _listed(words: list[str] | tuple[str, ...], conjunction: str = "or") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def _value_at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _rule_at(rule: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    for step in path:
        if isinstance(step, int):
            rule = rule.get("items", {})
        else:
            additional = rule.get("additionalProperties")
            rule = rule.get("properties", {}).get(step) or (additional if isinstance(additional, dict) else {})
    return rule
