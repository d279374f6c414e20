"""Operators made of operators: a sentence ``operator.NAMESPACE.COMMAND`` becomes the sentences of that operator. Pure.

The result is an operator like any other, whose sentences are all said to engines. So nothing that comes later, from the
choice of clients to the journal of a run, knows that there were several.

Parameters of the inner operator are replaced by what the sentence gives for them, results get names that the outer
operator does not use. A parameter that is passed on whole takes the inner one's type where it declares none, so that
``false`` is the same in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mason.dryrun.sentences import placeholder
from mason.engines import verbs_asked_of
from mason.errors import Diagnostic, NotFoundError, ParameterError
from mason.resources.address import title_of
from mason.resources.faults import Finding, Path
from mason.resources.operator import COMPOSED, Operator, Parameter, Sentence
from mason.resources.parameters import convert
from mason.resources.templates import TEMPLATE
from mason.resources.wording import TYPE_WORDS, free_name, quoted, suggestion

Find = Callable[[str], "Operator | None"]
"""The operator at an address, as it is written; ``None`` where there is none."""


def composed(operator: Operator, find: Find) -> Operator:
    """``operator`` with the sentences of the operators that it is made of. Raises ``ParameterError`` with all that is
    wrong."""
    made, findings = compose(operator, find)
    if findings:
        raise ParameterError(Diagnostic("", 0, message, remedy) for _, message, remedy in findings)
    return made


def compose(operator: Operator, find: Find, within: tuple[str, ...] = ()) -> tuple[Operator, list[Finding]]:
    """As :func:`composed`, and everything that is wrong, by its place in the definition.

    ``within`` are the addresses of the operators that this one is a sentence of, the outermost first.
    """
    if not any(each.engine == COMPOSED for each in operator.sentences):
        return operator, []
    return _Composition(operator, find, within).made()


class _Composition:
    """One operator that is made of others: its flat sentences so far, and what is wrong."""

    def __init__(self, operator: Operator, find: Find, within: tuple[str, ...]) -> None:
        self._operator = operator
        self._find = find
        self._within = (*within, f"{COMPOSED}.{operator.namespace}.{operator.command}")
        self._parameters = {each.name: each for each in operator.parameters}
        self._taken = {*self._parameters, *(each.bind for each in operator.sentences if each.bind)}
        self._supported: Sequence[Mapping[str, str]] = operator.supported_configurations
        self._sentences: list[Sentence] = []
        self._findings: list[Finding] = []

    def made(self) -> tuple[Operator, list[Finding]]:
        for index, sentence in enumerate(self._operator.sentences):
            path: Path = ("do", index, f"{sentence.engine}.{sentence.verb}")
            if sentence.engine == COMPOSED:
                self._add(sentence, path)
            else:
                self._sentences.append(sentence)
        # What SQL is written in, and whether it is trusted, each sentence says by now.
        flat = replace(
            self._operator,
            parameters=tuple(self._parameters.values()),
            sentences=tuple(self._sentences),
            supported_configurations=tuple(self._supported),
            dialect="",
            trust=False,
        )
        return flat, self._findings

    def _inner(self, sentence: Sentence, path: Path) -> Operator | None:
        """The operator that a sentence names, flat; ``None`` where there is a fault."""
        address = f"{COMPOSED}.{sentence.verb}"
        title = title_of(address)
        fault: tuple[str, str] = ("", "")
        inner = self._find(address)
        if address in self._within:
            circle = [*self._within[self._within.index(address) :], address]
            fault = (f"operators say one another: {' -> '.join(circle)}", "take one of these sentences out")
        elif inner is None:
            fault = (f"there is no {title[0].lower()}{title[1:]}", "apply it first")
        elif not inner.sentences:
            what = "is written in Python, which is no sentence that can be said within another operator"
            fault = (f"{title} {what}", "let both be steps of a workflow")
        if fault[0] or inner is None:
            self._findings.append(Finding(path, *fault))
            return None
        flat, findings = compose(inner, self._find, self._within)
        if findings:
            why = f"{title} cannot be said: {findings[0].message}"
            self._findings.append(Finding(path, why, findings[0].remedy))
            return None
        return flat

    def _add(self, sentence: Sentence, path: Path) -> None:
        inner = self._inner(sentence, path)
        if inner is None:
            return
        self._support(inner, path)
        before = len(self._findings)
        given = {each.name: self._given(each, sentence, path) for each in inner.parameters}
        known = {name: each.name for each in inner.parameters for name in (each.name, *each.aliases)}
        for name in sentence.arguments:
            if name not in known:
                title = title_of(f"{COMPOSED}.{sentence.verb}")
                remedy = suggestion(name, known, "it takes") or "it takes no parameters"
                self._findings.append(Finding((*path, name), f"{title} takes no {quoted(name)}", remedy))
        if len(self._findings) > before:
            return
        names = {name: self._free(name) for each in inner.sentences for name in each.names}
        kept = [(each, conditions) for each, conditions in self._said(inner, given, path) if conditions is not None]
        last = _last(conditions for _, conditions in kept)
        if sentence.bind and last is None:
            message = f"{path[2]} may say nothing, so that there is no result to be called {quoted(sentence.bind)}"
            self._findings.append(
                Finding((*path[:2], "as"), message, "leave 'as' out, or give what it needs to say something")
            )
        for number, (each, conditions) in enumerate(kept):
            results = (sentence.bind,) if sentence.bind and last is not None and number >= last else ()
            try:
                arguments = {key: _put(value, given, names) for key, value in each.arguments.items()}
            except NotFoundError as error:
                self._findings.append(Finding(path, f"{path[2]} cannot be said: {str(error).rstrip('.')}"))
                continue
            said = replace(
                each,
                arguments=arguments,
                bind=names.get(each.bind, ""),
                also_bind=(*(names[name] for name in each.also_bind), *results),
                when="",
                unless="",
                conditions=(*sentence.all_conditions, *(conditions or ())),
            )
            self._sentences.append(said)
            if self._operator.read_only and _changes(said):
                message = f"{path[2]} says {said.engine}.{said.verb}, which changes things, but read_only is true"
                self._findings.append(Finding(path, message, "remove read_only: true, or the sentence"))

    def _support(self, inner: Operator, path: Path) -> None:
        """Narrow the clients that are supported to those that the inner operator supports as well."""
        theirs = inner.supported_configurations
        if not self._supported or not theirs:
            self._supported = self._supported or theirs
            return
        both = [
            {**ours, **other}
            for ours in self._supported
            for other in theirs
            if all(ours.get(role, client) == client for role, client in other.items())
        ]
        if not both:
            message = f"{path[2]} supports none of the configurations that the rest of this operator supports"
            self._findings.append(Finding(path, message, "name those that both support in supported_configurations"))
        else:
            self._supported = [each for number, each in enumerate(both) if each not in both[:number]]

    def _free(self, name: str) -> str:
        """A name for a result that nothing else in this operator has."""
        free = free_name(name, self._taken)
        self._taken.add(free)
        return free

    def _given(self, wanted: Parameter, sentence: Sentence, path: Path) -> Any:
        """What stands for a parameter of the inner operator: a value, or text with references of the outer one."""
        names = [name for name in (wanted.name, *wanted.aliases) if sentence.arguments.get(name) is not None]
        if not names:
            if wanted.required:
                title = title_of(f"{COMPOSED}.{sentence.verb}")
                self._findings.append(Finding(path, f"{title} needs {quoted(wanted.name)}", ""))
            return wanted.default
        value, here = sentence.arguments[names[0]], (*path, names[0])
        if fault := self._unfit(wanted, value):
            message, remedy = fault
            self._findings.append(Finding(here, message, remedy))
        elif not _refers(value):
            try:
                return convert(value, wanted.type)
            except ValueError:
                self._findings.append(Finding(here, f"{quoted(names[0])} must be {TYPE_WORDS[wanted.type]}"))
        return value

    def _unfit(self, wanted: Parameter, value: Any) -> tuple[str, str] | None:
        """What is wrong with references that are given for a parameter of the inner operator, or with a secret one."""
        name = quoted(wanted.name)
        passed = self._parameters.get(placeholder(value))
        if wanted.secret and (passed is None or not passed.secret):
            return f"{name} is secret, and must be given a parameter that is", "write {{name}} of one with secret: true"
        if not _refers(value) or wanted.type == "any":
            return None
        if passed is None:
            is_whole = bool(placeholder(value))
            if isinstance(value, str) and not is_whole and wanted.type != "string":
                return f"{name} must be {TYPE_WORDS[wanted.type]}, and text with {{{{...}}}} in it is text", ""
            return None
        if passed.type == "any":
            self._parameters[passed.name] = passed = replace(passed, type=wanted.type)
        if passed.type != wanted.type and (passed.type, wanted.type) != ("integer", "number"):
            message = (
                f"{name} must be {TYPE_WORDS[wanted.type]}, and parameter {passed.name} is {TYPE_WORDS[passed.type]}"
            )
            return message, "give both the same type"
        return self._left_out(wanted, passed)

    def _left_out(self, wanted: Parameter, passed: Parameter) -> tuple[str, str] | None:
        """What is wrong where the outer parameter may hold nothing, for which the inner one has a default."""
        if passed.required or passed.default is not None or wanted.default is None:
            return None
        nothing = f"parameter {passed.name} may hold nothing"
        return f"{quoted(wanted.name)} is {wanted.default!r} where it is left out, and {nothing}", "give it a default"

    def _said(
        self, inner: Operator, given: Mapping[str, Any], path: Path
    ) -> Iterator[tuple[Sentence, tuple[tuple[str, bool], ...] | None]]:
        """The sentences of the inner operator with their conditions in terms of the outer one; ``None`` for a sentence
        that is never said."""
        for sentence in inner.sentences:
            open_: list[tuple[str, bool]] = []
            never = False
            for name, wanted in sentence.all_conditions:
                value = given[name]
                passed = placeholder(value)
                if passed in self._parameters:
                    open_.append((passed, wanted))
                elif passed or (isinstance(value, str) and "{{" in value and not TEMPLATE.sub("", value)):
                    message = f"{quoted(name)} decides what {path[2]} says, and {value} is known only when it runs"
                    self._findings.append(Finding((*path, name), message, "give it a parameter, or a value"))
                elif bool(value) is not wanted:
                    never = True
            yield sentence, None if never else tuple(open_)


def _changes(sentence: Sentence) -> bool:
    arguments = {name: value for name, value in sentence.arguments.items() if value is not None}
    return not verbs_asked_of(sentence.engine)[sentence.verb].is_read_only(arguments)


def _last(conditions: Iterable[tuple[tuple[str, bool], ...] | None]) -> int | None:
    """Where the sentences begin of which one is the last that is said: the last without conditions."""
    last = None
    for number, each in enumerate(conditions):
        if not each:
            last = number
    return last


def _refers(value: Any) -> bool:
    if isinstance(value, str):
        return TEMPLATE.search(value) is not None
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(map(_refers, inner))


def _put(value: Any, given: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    """An argument of an inner sentence, in terms of the outer operator."""
    if isinstance(value, Mapping):
        return {key: _put(inner, given, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_put(inner, given, names) for inner in value]
    if not isinstance(value, str):
        return value
    if whole := placeholder(value):
        return _one(whole, given, names)

    def text(inside: str) -> str:
        put = _one(inside, given, names)
        return "" if put is None else str(put)

    return TEMPLATE.sub(lambda match: text(match[1].strip()), value)


def _one(inside: str, given: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    """What stands for one reference of the inner operator. Raises ``NotFoundError`` as the sentence itself would."""
    name, *parts = inside.split(".")
    if name in names:
        return f"{{{{{'.'.join((names[name], *parts))}}}}}"
    value = given[name]
    if outer := placeholder(value):
        return f"{{{{{'.'.join((outer, *parts))}}}}}"
    for part in parts:
        if not isinstance(value, Mapping) or part not in value:
            raise NotFoundError(f"{{{{{inside}}}}}: there is no {part} in it.")
        value = value[part]
    return value
