"""Operators: parameterized definitions of work. All that there is to say of this kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.resources.address import kind_of
from mason.resources.faults import Finding, Path
from mason.resources.kind import Kind, PythonClass, filled, without
from mason.resources.templates import TEMPLATE
from mason.resources.wording import described, quoted, shown_path, suggestion
from mason.values import dataclass

SENTENCE_WORDS = ("as", "when", "unless", "wait", "dialect", "sql")
"""The keys of a sentence beside its verb."""

COMPOSED = "operator"
"""What stands where an engine does in a sentence that says another operator: ``operator.NAMESPACE.COMMAND``."""

TRUST = "trust"
"""What ``sql`` says of an operator or a sentence whose SQL is run even where it is not known to answer the same."""


_FITS: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list,), "a list"),
    "object": ((dict,), "a mapping"),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operator.

    ``type`` is ``any`` or a JSON Schema type: ``string``, ``integer``, ``number``, ``boolean``, ``array``, ``object``.
    The value of one that is ``secret`` is kept and shown nowhere; ``{{NAME}}`` is looked up when the operator runs.
    ``aliases`` are other names under which it may be given, such as those of former days.
    """

    name: str
    required: bool
    type: str = "any"
    default: Any = None
    description: str = ""
    secret: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """``do VERB(arguments) as ENGINE``, the client still open. ``bind`` names the result for later sentences, ``when``
    the parameter without which the sentence is left out, ``unless`` one with which it is. Without ``wait``, a job that
    goes on elsewhere is the result as it is. ``dialect`` is that of its SQL (empty: nothing was said), which is run as
    :class:`Operator` says where it is in ``trust``. The sentences of an operator within another one have further names
    for the result in ``also_bind``, and further ``conditions``: parameters that must be given, or must not be. Where
    ``engine`` is ``COMPOSED``, ``verb`` names an operator (``table.get``)."""

    engine: str
    verb: str
    arguments: Mapping[str, Any]
    bind: str = ""
    when: str = ""
    wait: bool = True
    dialect: str = ""
    trust: bool = False
    unless: str = ""
    also_bind: tuple[str, ...] = ()
    conditions: tuple[tuple[str, bool], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the result."""
        return (self.bind, *self.also_bind) if self.bind else self.also_bind

    @property
    def all_conditions(self) -> tuple[tuple[str, bool], ...]:
        """The parameters that decide whether it is said, each with whether it must have a value."""
        own = ((self.when, True), (self.unless, False))
        return (*((name, wanted) for name, wanted in own if name), *self.conditions)


@dataclass(frozen=True, slots=True)
class Operator:
    """A parameterized definition of work. ``sentences`` is empty where a Python class does the work.

    ``read_only`` says that its runs only read: checked where there are sentences, else the promise of its author.
    ``dialect`` is the one that its SQL is written in (empty: nothing was said). In ``trust`` its SQL is run also where
    it is not known to answer the same.
    """

    namespace: str
    command: str
    description: str
    parameters: tuple[Parameter, ...]
    supported_configurations: tuple[Mapping[str, str], ...]
    sentences: tuple[Sentence, ...]
    read_only: bool = False
    dialect: str = ""
    trust: bool = False

    def said(self, parameters: Mapping[str, Any]) -> tuple[Sentence, ...]:
        """The sentences that are said with these parameters: one with ``when`` only where that parameter has a value
        that is neither false nor empty, one with ``unless`` only where it has none."""
        return tuple(
            each
            for each in self.sentences
            if all(bool(parameters.get(name)) is wanted for name, wanted in each.all_conditions)
        )

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Operator:
        """The typed view of a normalized operator definition."""
        parameters = definition.get("parameters", {})
        return cls(
            namespace=definition["namespace"],
            command=definition["command"],
            description=definition.get("description", ""),
            parameters=tuple(
                Parameter(
                    name=given["name"],
                    required=required,
                    type=given.get("type", "any"),
                    default=given.get("default"),
                    description=given.get("description", ""),
                    secret=given.get("secret", False),
                    aliases=tuple(given.get("aliases", ())),
                )
                for required in (True, False)
                for given in parameters.get("required" if required else "optional", ())
            ),
            supported_configurations=tuple(definition.get("supported_configurations", ())),
            sentences=tuple(_said(given, definition) for given in definition.get("do", ())),
            read_only=definition.get("read_only", False),
            dialect=definition.get("dialect", ""),
            trust=definition.get("sql") == TRUST,
        )


def _said(given: Mapping[str, Any], operator: Mapping[str, Any]) -> Sentence:
    call = next(key for key in given if key not in SENTENCE_WORDS)
    engine, _, verb = call.partition(".")
    return Sentence(
        engine,
        verb,
        given[call] or {},
        bind=given.get("as", ""),
        when=given.get("when", ""),
        wait=given.get("wait", True),
        dialect=given.get("dialect") or operator.get("dialect", ""),
        trust=TRUST in (given.get("sql"), operator.get("sql")),
        unless=given.get("unless", ""),
    )


def _findings(definition: Mapping[str, Any]) -> list[Finding]:
    known, found = _parameters(definition.get("parameters"))
    return found + _sentences(definition.get("do"), known)


def _parameters(given: Any) -> tuple[list[str] | None, list[Finding]]:
    """The names of the parameters (nothing where they cannot all be told) and what is wrong with them."""
    places: dict[str, Path] = {}
    found: list[Finding] = []
    readable = given is None or isinstance(given, dict)
    for group in ("required", "optional"):
        entries = given.get(group) if isinstance(given, dict) else None
        readable = readable and (entries is None or isinstance(entries, list))
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            path: Path = ("parameters", group, number)
            name = entry.get("name") if isinstance(entry, dict) else entry
            if not isinstance(name, str):
                readable = False
                continue
            if name in places:
                first = shown_path(places[name])
                message = f"parameter {quoted(name)} is given twice: {first} and {shown_path(path)}"
                found.append(Finding(path, message, "remove one of them"))
            places.setdefault(name, path)
            if isinstance(entry, dict):
                found.extend(_default(entry, path) if group == "optional" else ())
                found.extend(_aliases(entry, path, places))
    names = [name for name, path in places.items() if "aliases" not in path]
    return names if readable else None, found


def _aliases(entry: Mapping[str, Any], path: Path, places: dict[str, Path]) -> Iterator[Finding]:
    """What is wrong with other names of a parameter, which go to ``places``: each may be that of one only."""
    given = entry.get("aliases")
    for number, alias in enumerate(given if isinstance(given, list) else ()):
        if isinstance(alias, str):
            here = (*path, "aliases", number)
            if alias in places:
                where = f"{shown_path(places[alias])} and {shown_path(here)}"
                message = f"parameter {quoted(alias)} is given twice: {where}"
                yield Finding(here, message, "remove one of them")
            places.setdefault(alias, here)


def _default(entry: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    value, declared = entry.get("default"), entry.get("type")
    if value is not None and entry.get("secret"):
        message = f"{shown_path(path)} is secret, and a default would be kept in the state"
        yield Finding((*path, "default"), message, "leave it out, and give {{NAME}} where it is run")
        return
    types, expected = _FITS.get(declared if isinstance(declared, str) else "any", ((), ""))
    if value is None or not types:
        return
    fits = isinstance(value, types) and (not isinstance(value, bool) or bool in types)
    if not fits:
        message = f"{shown_path(path)}.default must be {expected}, but it is {described(value)}"
        remedy = "write true or false" if bool in types else "put it in quotes" if str in types else ""
        yield Finding((*path, "default"), message, remedy)


def _sentences(given: Any, parameters: list[str] | None) -> list[Finding]:
    found: list[Finding] = []
    known = list(parameters or ())
    # Results of sentences that may be left out are there for those that are left out with them.
    bound: dict[str, str] = {}
    for number, sentence in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(sentence, dict) or not sentence:
            continue
        path: Path = ("do", number)
        calls = [key for key in sentence if key not in SENTENCE_WORDS]
        verbs = [key for key in calls if "." in key]  # other keys are refused by the schema
        if not calls or len(verbs) > 1:
            what = "says more than one thing" if verbs else "says nothing"
            remedy = "write one engine.verb a sentence, and 'as' beside it if a later one needs its result"
            found.append(Finding(path, f"{shown_path(path)} {what}", remedy))
        found.extend(_beside_operator(sentence, verbs, path))
        for word in ("when", "unless") if parameters is not None else ():
            named = sentence.get(word)
            if isinstance(named, str) and named not in (parameters or ()):
                message = f"{shown_path(path)}.{word}: {quoted(named)} is no parameter"
                found.append(Finding((*path, word), message, suggestion(named, parameters or (), "parameters")))
        when = sentence.get("when")
        certain = [name for name in known if bound.get(name, when) == when]
        for call in calls if parameters is not None else ():
            found.extend(_references(sentence[call], (*path, call), certain))
        bind = sentence.get("as")
        if isinstance(bind, str) and bind in known:
            what = "a parameter" if bind in (parameters or ()) else "an earlier result"
            message = f"{shown_path(path)}.as: {quoted(bind)} is already the name of {what}"
            found.append(Finding((*path, "as"), message, "choose another name"))
        elif isinstance(bind, str):
            known.append(bind)
            if isinstance(when, str) or isinstance(sentence.get("unless"), str):
                # What is left out with one parameter is not there with another, or without.
                bound[bind] = when if isinstance(when, str) else ""
    return found


def _beside_operator(sentence: Mapping[str, Any], verbs: list[str], path: Path) -> Iterator[Finding]:
    """What is wrong with a sentence that says another operator, as far as it shows without that one."""
    named = next((each for each in verbs if each.startswith(f"{COMPOSED}.")), "")
    for word in ("wait", "dialect", "sql") if named else ():
        if sentence.get(word) is not None:
            message = f"{shown_path(path)}.{word} says nothing beside {named}"
            yield Finding((*path, word), message, "its own sentences say that")


def _references(value: Any, path: Path, known: list[str]) -> Iterator[Finding]:
    if isinstance(value, str):
        if "{{" in value:
            yield from _templates(value, path, known)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _references(inner, (*path, key), known)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _references(inner, (*path, number), known)


def _templates(text: str, path: Path, known: list[str]) -> Iterator[Finding]:
    matches = list(TEMPLATE.finditer(text))
    for match in matches:
        name = match[1].strip()
        if name.partition(".")[0] in known:  # {{table.name}} is a part of what a sentence returned
            continue
        message = f"{{{{{quoted(name)[1:-1]}}}}} is neither a parameter nor the result of an earlier sentence"
        yield Finding(path, message, suggestion(name, known, "known names"))
    # Counted first: nearly always they are as many.
    if text.count("{{") > len(matches) and "{{" in TEMPLATE.sub("", text):
        yield Finding(path, f"{quoted(text)} opens {{{{ and never closes it", "write {{name}}")


def _normalized(definition: Mapping[str, Any]) -> dict[str, Any]:
    given = definition.get("parameters") or {}
    groups = {group: [_parameter(entry) for entry in given.get(group) or ()] for group in ("required", "optional")}
    sentences = [_sentence(sentence) for sentence in definition.get("do") or ()]
    return {**definition, "parameters": filled(groups), "do": sentences}


def _parameter(entry: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"name": entry}
    plain = {key: entry[key] for key in ("name", "description") if entry.get(key)}
    if entry.get("type") not in (None, "any"):
        plain["type"] = entry["type"]
    if entry.get("default") is not None:
        plain["default"] = entry["default"]
    if entry.get("secret"):
        plain["secret"] = True
    if entry.get("aliases"):
        plain["aliases"] = entry["aliases"]
    return plain


def _sentence(given: Mapping[str, Any]) -> dict[str, Any]:
    # To wait is what is done where nothing is said.
    said = {key: value for key, value in given.items() if key != "wait" or value is False}
    said = {key: value for key, value in said.items() if key not in ("dialect", "sql") or value}
    return {key: value if key in SENTENCE_WORDS else value or {} for key, value in said.items()}


def _uses(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses of the operators that this one is made of."""
    said = (key for sentence in definition.get("do", ()) for key in sentence)
    return tuple(dict.fromkeys(key for key in said if key.startswith(f"{COMPOSED}.")))


def _redirected(definition: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    if before not in _uses(definition):
        return dict(definition)
    said = [
        {(after if key == before else key): value for key, value in sentence.items()} for sentence in definition["do"]
    ]
    return {**definition, "do": said}


def _behaviour(definition: Mapping[str, Any]) -> dict[str, Any]:
    said = without(definition, "namespace", "command", "description", "parameters", "protect", "read_only")
    # By name: parameters are given by their names, so their order means nothing.
    groups = {
        group: {given["name"]: without(given, "name", "description") for given in parameters}
        for group, parameters in definition.get("parameters", {}).items()
    }
    return {**said, "parameters": groups}


_OLDER = PythonClass(
    "OperatorDefinition", "run", ("env", "config", "parameters", "response"), needed=True, also="run_async"
)

OPERATOR = Kind(
    "operator",
    ("namespace", "command"),
    _findings,
    _normalized,
    _uses,
    _redirected,
    behaviour=_behaviour,
    python=PythonClass("Operator", "run", ("ctx",), needed=True, older=_OLDER),
)


def is_operator(address: str) -> bool:
    """Whether there is an operator at ``address``."""
    return kind_of(address) == OPERATOR.name
