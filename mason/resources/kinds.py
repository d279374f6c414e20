"""Typed views of what a resource's definition says.

A definition is the normalized mapping (see ``normalize``) that is digested, stored in the state and shown
by ``get``; these frozen values are what the rest of Mason reasons with. They are built from definitions
that passed their JSON Schema, so building them cannot fail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mason.values import dataclass

ROLES = ("metastore", "storage", "execution", "scheduler")
"""The four engines, in the order in which they are always listed."""

TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
"""A reference in an argument of a sentence: ``{{name}}``, spaces around the name allowed."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operator.

    ``type`` is ``any`` or a JSON Schema type: ``string``, ``integer``, ``number``, ``boolean``, ``array``, ``object``.
    """

    name: str
    required: bool
    type: str = "any"
    default: Any = None
    description: str = ""


TRIGGER_RULES = ("all_success", "one_failed", "all_done", "none_failed")
"""When a step runs, depending on how its dependencies ended; the first where nothing was said."""

SENTENCE_WORDS = ("as", "when")
"""The keys of a sentence beside its verb."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """``do VERB(arguments) as ENGINE``, the client still open. ``bind`` names the result for later sentences, ``when``
    the parameter without which the sentence is left out."""

    engine: str
    verb: str
    arguments: Mapping[str, Any]
    bind: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    """A parameterized definition of work. ``sentences`` is empty where a Python class does the work."""

    namespace: str
    command: str
    description: str
    parameters: tuple[Parameter, ...]
    supported_configurations: tuple[Mapping[str, str], ...]
    sentences: tuple[Sentence, ...]

    def said(self, parameters: Mapping[str, Any]) -> tuple[Sentence, ...]:
        """The sentences that are said with these parameters: one with ``when`` only where that parameter has a value
        that is neither false nor empty."""
        return tuple(each for each in self.sentences if not each.when or parameters.get(each.when))

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
                )
                for required in (True, False)
                for given in parameters.get("required" if required else "optional", ())
            ),
            supported_configurations=tuple(definition.get("supported_configurations", ())),
            sentences=tuple(_sentence(given) for given in definition.get("do", ())),
        )


def _sentence(given: Mapping[str, Any]) -> Sentence:
    call = next(key for key in given if key not in SENTENCE_WORDS)
    engine, _, verb = call.partition(".")
    return Sentence(engine, verb, given[call] or {}, given.get("as", ""), given.get("when", ""))


@dataclass(frozen=True, slots=True)
class Config:
    """Which clients play which engine (the first is preferred), and each client's configuration, secrets unresolved."""

    id: str
    engines: Mapping[str, tuple[str, ...]]
    clients: Mapping[str, Mapping[str, Any]]

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Config:
        """The typed view of a normalized config definition."""
        return cls(
            id=definition["id"],
            engines={role: tuple(definition.get(f"{role}_clients", ())) for role in ROLES},
            clients={name: given.get("configuration", {}) for name, given in definition.get("clients", {}).items()},
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a workflow: an operator or another workflow, and after which steps it runs.

    ``retry`` is ``constant(SECONDS)``, ``exponential(SECONDS)`` or empty; ``retry_max`` says how often it is tried
    again and ``timeout`` after how many seconds it is given up (both ``None`` where nothing was said).
    """

    id: str
    type: str
    namespace: str
    command: str
    dependencies: tuple[str, ...]
    retry: str = ""
    retry_max: int | None = None
    timeout: int | None = None
    trigger_rule: str = TRIGGER_RULES[0]

    @property
    def address(self) -> str:
        """The address of what the step runs."""
        return f"{self.type}.{self.namespace}.{self.command}"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A DAG of steps."""

    namespace: str
    command: str
    name: str
    description: str
    supported_schedulers: tuple[str, ...]
    steps: tuple[Step, ...]

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Workflow:
        """The typed view of a normalized workflow definition."""
        return cls(
            namespace=definition["namespace"],
            command=definition["command"],
            name=definition.get("name", ""),
            description=definition.get("description", ""),
            supported_schedulers=tuple(definition.get("supported_schedulers", ())),
            steps=tuple(
                Step(
                    id=given["id"],
                    type=given.get("type", "operator"),
                    namespace=given["namespace"],
                    command=given["command"],
                    dependencies=tuple(given.get("dependencies", ())),
                    retry=given.get("retry", ""),
                    retry_max=given.get("retry_max"),
                    timeout=given.get("timeout"),
                    trigger_rule=given.get("trigger_rule", TRIGGER_RULES[0]),
                )
                for given in definition.get("dag", ())
            ),
        )
