"""Variables: values that differ between people, workspaces or stages, declared in ``mason.yaml`` and used as
``{{vars.NAME}}`` in any value of a resource. Pure: who reads files and the environment hands in what is there.

They are filled in when a file is parsed, before anything else looks at a document. So all that is checked, compared,
planned and kept is resolved, and a resource is another one where a variable has another value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from mason.errors import Diagnostic
from mason.resources.documents import SURROGATE, read
from mason.resources.faults import Finding, Path
from mason.resources.parameters import convert
from mason.resources.templates import TEMPLATE
from mason.resources.wording import TYPE_WORDS, described, nearest, quoted, shown_path, suggestion
from mason.values import dataclass, field

ENVIRONMENT = "MASON_VAR_"
"""What stands before a variable's name in the environment."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_KEYS = ("type", "description", "default", "workspaces")
_USED = re.compile(rb"\{\{\s*vars\b")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as it is declared: its type (as of an operator's parameter), whether it has a default, and which.

    ``workspaces`` holds the defaults of single workspaces, ``line`` says where in ``mason.yaml`` it is declared.
    """

    name: str
    line: int
    type: str = "any"
    description: str = ""
    has_default: bool = False
    default: Any = None
    workspaces: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assigned:
    """A value that somebody gave to a variable; ``place`` names that in messages (``--var``, ``prod.yaml``), ``line``
    is where it stands there (0: in no file), ``spelled`` how it is written there, where that is not how it is kept."""

    name: str
    value: Any
    place: str
    line: int = 0
    spelled: str | None = None


def are_used(data: bytes) -> bool:
    """Whether the text of a file may use a variable: quick, and wrong only where escapes hide one, which is refused
    then as a reference that nobody knows."""
    return b"{{" in data and _USED.search(data) is not None


def declared_in(data: bytes, shown: str) -> tuple[dict[str, Variable], list[Diagnostic]]:
    """The variables below ``vars`` in the text of a ``mason.yaml``, and everything that is wrong there.

    ``shown`` names the file in messages.
    """
    documents, fatal = read(data)
    faults = [Diagnostic(shown, *fault) for fault in fatal]
    found: dict[str, Variable] = {}
    for document in documents[:1]:
        given = document.value.get("vars")
        faults += [Diagnostic(shown, *fault) for fault in (*document.faults, *document.unplain)]
        if given is not None and not isinstance(given, dict):
            message = f"'vars' must be a mapping of variables, but it is {described(given)}"
            faults.append(Diagnostic(shown, document.line_of(("vars",)), message, "write NAME: DEFAULT lines below it"))
        for name, declaration in given.items() if isinstance(given, dict) else ():
            line = document.line_of(("vars", name))
            variable, findings = _declared(name, declaration, line)
            found[name] = variable
            faults += [Diagnostic(shown, document.line_of(path), message, rest) for path, message, rest in findings]
    return found, faults


def _declared(name: str, given: Any, line: int) -> tuple[Variable, list[Finding]]:
    path: Path = ("vars", name)
    if not _NAME.fullmatch(name):
        remedy = "use letters, digits and _, not beginning with a digit"
        return Variable(name, line), [Finding(path, f"{quoted(name)} cannot name a variable", remedy)]
    if given is None:
        return Variable(name, line), []
    if not isinstance(given, dict):
        return Variable(name, line, _type_of(given), has_default=True, default=given), list(_unfit(given, "any", path))
    found = [_unknown(key, path) for key in given if key not in _KEYS]
    wanted, description = given.get("type") or _type_of(given.get("default")), given.get("description") or ""
    if wanted != "any" and (not isinstance(wanted, str) or wanted not in TYPE_WORDS):
        message = f"{shown_path(path)}.type must be one of {', '.join((*TYPE_WORDS, 'any'))}"
        found.append(Finding((*path, "type"), message, _meant(str(wanted))))
        wanted = "any"
    if not isinstance(description, str):
        message = f"{shown_path(path)}.description must be text, but it is {described(description)}"
        found.append(Finding((*path, "description"), message, "put it in quotes"))
    by_workspace = given.get("workspaces") or {}
    if not isinstance(by_workspace, dict):
        message = f"{shown_path(path)}.workspaces must be a mapping, but it is {described(by_workspace)}"
        found.append(Finding((*path, "workspaces"), message, "write WORKSPACE: VALUE lines below it"))
        by_workspace = {}
    for place, value in (
        (("default",), given.get("default")),
        *((("workspaces", k), v) for k, v in by_workspace.items()),
    ):
        found += _unfit(value, wanted, (*path, *place))
    return (
        Variable(name, line, wanted, str(description), "default" in given, given.get("default"), by_workspace),
        found,
    )


def _type_of(default: Any) -> str:
    """The type of a variable that says none: that of its default, so that text of a command line becomes the same."""
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(default), "any")


def _meant(wanted: str) -> str:
    return f"did you mean '{near}'?" if (near := nearest(wanted, (*TYPE_WORDS, "any"))) else ""


def _unknown(key: str, path: Path) -> Finding:
    if key in ("secret", "sensitive"):
        message = f"{shown_path(path)} cannot be secret: plans and the state keep the values of variables"
        remedy = "write {{NAME}} where the secret is used: it is looked up in the environment when a client connects"
        return Finding((*path, key), message, remedy)
    remedy = suggestion(key, _KEYS, "known keys")
    return Finding((*path, key), f"unknown key {quoted(key)} in {shown_path(path)}", remedy)


def _unfit(value: Any, wanted: str, path: Path) -> Iterator[Finding]:
    """What is wrong with a value that stands in a file, where it has a type of its own."""
    if wrong := fault_of(value, wanted, typed=True):
        yield Finding(path, f"{shown_path(path)} {wrong}")


def fault_of(value: Any, wanted: str, *, typed: bool = False) -> str:
    """What is wrong with the value of a variable of the type ``wanted``, as the end of a sentence; empty if nothing.

    ``typed`` says that the value has a type of its own, so that text is no number.
    """
    texts = list(_texts(value))
    if any(SURROGATE.search(text) for text in texts):
        return "is not UTF-8 text"
    if any("{{" in text for text in texts):
        return "holds {{...}}, which stays text in a variable: write it where the variable is used"
    if value is None:
        return ""
    try:
        fits = not typed or wanted in ("any", "string") or not isinstance(value, str)
        convert(value, wanted)
    except (ValueError, KeyError):
        fits = False
    # Not quoted: somebody may have given a secret here.
    return "" if fits else f"must be {TYPE_WORDS[wanted]}"


class Variables:
    """The variables of a project and their values in one call.

    ``declared`` are the variables by name and ``shown`` the file that declares them, ``values`` the values that are
    known, each of its variable's type. A variable that is declared and has no value may not be used.
    """

    def __init__(
        self, declared: Mapping[str, Variable] | None = None, values: Mapping[str, Any] | None = None, shown: str = ""
    ) -> None:
        self._declared = declared or {}
        self.values = values or {}
        self._shown = shown or "mason.yaml"

    def digest(self, name: str) -> str:
        """What is the same exactly while a variable has the same value; empty where it has none."""
        if name not in self.values:
            return ""
        return sha256(json.dumps(self.values[name], sort_keys=True).encode()).hexdigest()

    def fill_in(self, definition: dict[str, Any]) -> Filled:
        """Replace the references to variables in ``definition``, in place, so that its lists and mappings stay those
        that they are. A value that is one reference takes the variable's value with its type."""
        filled = Filled({}, [], {})
        self._fill(definition, (), filled)
        return filled

    def filled(self, value: Any) -> tuple[Any, list[Finding]]:
        """``value`` with the references replaced, and what is wrong with them."""
        holder = {"": _copied(value)}
        found = self.fill_in(holder)
        return holder[""], [Finding(path[1:], *rest) for path, *rest in found.findings]

    def _fill(self, holder: Any, path: Path, filled: Filled) -> None:
        # A file bounds how deep its lists and mappings nest.
        for step, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            here = (*path, step)
            if isinstance(step, str) and "{{" in step and any(map(_named, TEMPLATE.findall(step))):
                filled.findings.append(Finding(here, f"{quoted(step)} is a key, and keys hold no variables"))
            if isinstance(value, str):
                if "{{" in value:
                    holder[step] = self._text(value, here, filled)
            elif isinstance(value, dict | list):
                self._fill(value, here, filled)

    def _text(self, text: str, path: Path, filled: Filled) -> Any:
        whole = TEMPLATE.fullmatch(text.strip())
        if whole is not None and "{{" not in whole[1]:
            name = _named(whole[1])
            return text if name is None else self._value(name, text, path, filled)

        def inside(match: re.Match[str]) -> str:
            name = _named(match[1])
            if name is None:
                return match[0]
            value = self._value(name, match[0], path, filled)
            if value is None or isinstance(value, dict | list):
                message = f"{match[0]} is {described(value)}, which cannot stand inside of a longer text"
                filled.findings.append(Finding(path, message, "let it be the whole value"))
                return match[0]
            return value if isinstance(value, str) else json.dumps(value)

        return TEMPLATE.sub(inside, text)

    def _value(self, name: str, text: str, path: Path, filled: Filled) -> Any:
        filled.used[name] = self.digest(name)
        filled.places[path] = name
        if name in self.values:
            return _copied(self.values[name])
        if not name:
            message, remedy = f"{text} names no variable", "write {{vars.NAME}}"
        elif name not in self._declared:
            message = f"there is no variable {quoted(name)}"
            remedy = _declare(name, self._declared, self._shown)
        else:
            line = self._declared[name].line
            message = f"variable {quoted(name)} has no value"
            remedy = f"give it one: --var {name}=VALUE, {ENVIRONMENT}{name}, or a default at {self._shown}:{line}"
        filled.findings.append(Finding(path, message, remedy))
        return text


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a definition: the variables that it ``used`` with their digests, the ``findings``, and the
    variables by the ``places`` where they stand."""

    used: dict[str, str]
    findings: list[Finding]
    places: dict[Path, str]


def assigned(
    declared: Mapping[str, Variable],
    workspace: str,
    environment: Mapping[str, str],
    given: Iterable[Assigned],
    *,
    shown: str,
) -> tuple[Variables, list[Diagnostic]]:
    """The values of variables, and everything that is wrong with what was given.

    Of several values the later one of these wins: the default, that of ``workspace``, that of ``environment``
    (``MASON_VAR_NAME``, in any case), and then ``given``, in the order in which it was.
    """
    faults: list[Diagnostic] = []
    values: dict[str, Any] = {}
    for variable in declared.values():
        if workspace in variable.workspaces:
            values[variable.name] = variable.workspaces[workspace]
        elif variable.has_default:
            values[variable.name] = variable.default
    for each in (*_of_environment(declared, environment, faults), *given):
        wanted = declared[each.name].type if each.name in declared else "any"
        value = each.spelled if wanted == "string" and each.spelled is not None else each.value
        message, remedy = "", ""
        if each.name not in declared:
            message, remedy = f"there is no variable {quoted(each.name)}", _declare(each.name, declared, shown)
        elif wrong := fault_of(value, wanted, typed=bool(each.line)):
            message = f"variable {quoted(each.name)} {wrong}"
        if message:
            faults.append(_misgiven(each, message, remedy))
        else:
            values[each.name] = value
    if faults:
        return Variables(declared, {}, shown), faults
    typed = {name: value if value is None else convert(value, declared[name].type) for name, value in values.items()}
    return Variables(declared, typed, shown), []


def _of_environment(
    declared: Iterable[str], environment: Mapping[str, str], faults: list[Diagnostic]
) -> Iterator[Assigned]:
    """The values that the environment gives. People write its names in capitals, and variables in small letters: a name
    that is written otherwise is understood where it means one variable."""
    by_case: dict[str, list[str]] = {}
    for name in declared:
        by_case.setdefault(name.upper(), []).append(name)
    places: dict[str, str] = {}
    for place in sorted(each for each in environment if each.startswith(ENVIRONMENT)):
        alike = by_case.get(place.removeprefix(ENVIRONMENT).upper(), [])
        exact = [name for name in alike if f"{ENVIRONMENT}{name}" == place]
        found = exact or alike
        if len(found) != 1:
            # Of another program, or of none of several that differ in case only.
            continue
        other = places.setdefault(found[0], place)
        if environment[other] != environment[place]:
            message = f"{other} and {place} give variable {quoted(found[0])} different values"
            faults.append(Diagnostic("", 0, message, "keep one of them"))
        yield Assigned(found[0], environment[place], place)


def _misgiven(given: Assigned, message: str, remedy: str) -> Diagnostic:
    if given.line:
        return Diagnostic(given.place, given.line, message, remedy)
    return Diagnostic("", 0, f"{given.place}: {message}", remedy)


def _declare(name: str, declared: Iterable[str], shown: str) -> str:
    """What to do about a variable that is not declared."""
    return suggestion(name, declared, "declared are") or f"declare it under 'vars' in {shown}"


def _named(inside: str) -> str | None:
    """The name of the variable that the inside of ``{{...}}`` means, empty where it names none; ``None`` where it is no
    reference to a variable."""
    first, dot, name = inside.strip().partition(".")
    return name.strip() if first.strip() == "vars" and (dot or not name) else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _copied(value: Any) -> Any:
    """``value``, whose lists and mappings may be changed without changing another one's."""
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
