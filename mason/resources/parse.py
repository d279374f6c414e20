"""One file's text to resources: documents, then schema, then checks, then the Python beside it, then normal form."""

# Plain strings instead of pathlib, which costs more than the work itself when there are ten thousand files.
# ruff: noqa: PTH118, PTH120

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

from mason.errors import Diagnostic
from mason.resources import moved
from mason.resources.address import KINDS, MOVED, is_name
from mason.resources.documents import Document, read
from mason.resources.faults import CALLS, Fault
from mason.resources.folders import Folder
from mason.resources.kind import PythonClass
from mason.resources.kinds import address_of, addresses_used, findings, kind_named, normalize
from mason.resources.module import class_fault, class_name, has_class
from mason.resources.older import Older
from mason.resources.parse_cache import CachedDocument
from mason.resources.resource import ENTRY, digest_of, encode
from mason.resources.templates import unknown_references
from mason.resources.validate import Examine, kind_findings, schema_findings
from mason.resources.variables import Filled, Variables, are_used
from mason.resources.wording import nearest, quoted
from mason.values import dataclass, field

# Keys that tell a document of Mason's whose type is not one, and how many of them do.
_TELLING = frozenset(
    (
        *(
            "namespace",
            "command",
            "do",
            "dag",
            "clients",
            "config_id",
            "operator",
            "workflow",
            "schedule",
            "parameters",
        ),
        *("metastore_clients", "storage_clients", "execution_clients"),
        *("supported_configurations", "supported_schedulers"),
    )
)
_ENOUGH = 2


@dataclass(slots=True)
class Parsed:
    """What a file held. ``module`` is the digest of the Python files that matter to it (nothing if none do). ``faulty``
    are the addresses of its resources that have faults, empty where one cannot be told. ``notes`` tell what in it an
    older Mason wrote. ``variables`` are those that its resources use, with the digests of their values."""

    documents: list[CachedDocument] = field(default_factory=list)
    passed_over: int = 0
    module: str | None = None
    faults: list[Diagnostic] = field(default_factory=list)
    faulty: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


def parse(
    data: bytes,
    shown: str,
    *,
    named: bool,
    folder: Callable[[], Folder],
    examine: Examine,
    older: Older | None = None,
    path: str = "",
    variables: Variables | None = None,
) -> Parsed:
    """The resources in ``data``, and everything that is wrong with it.

    ``shown`` is the file as people see it. A mapping without ``type`` is passed over unless the file was ``named``, or
    ``type`` is what was meant; so is one whose ``type`` is not Mason's where nothing else in it is.
    ``folder`` gives the Python files beside it and is only called if they matter. ``examine`` is asked for further
    faults of each document with a ``type``, ``older`` to read those of the file ``path`` that an older Mason wrote.
    ``variables`` fill in what refers to them.
    """
    has_references = b"{" in data
    filling = (variables or Variables()) if has_references and are_used(data) else None
    parsing = _Parsing(shown, folder, examine, older, filling, has_references=has_references)
    documents, fatal = read(data)
    parsing.add_faults(fatal)
    parsing.parsed.faulty += [""] * len(fatal)
    for document in documents:
        if older is not None and (note := older.document(document.value, path)):
            parsing.parsed.notes.append(note)
        if "type" in document.value and not named and _is_of_others(document.value):
            parsing.parsed.passed_over += 1
        elif "type" in document.value:
            parsing.add(document)
        elif word := _misspelt_type(document.value):
            what = Fault(document.line, f"unknown key {quoted(word)}", "did you mean 'type'?")
            parsing.add_faults([what, *document.faults])
            parsing.parsed.faulty.append("")
        elif named:
            what = Fault(
                document.line,
                "this document has no type, so it is no resource",
                f"add type: {', '.join(KINDS[:-1])} or {KINDS[-1]}",
            )
            parsing.add_faults([what, *document.faults])
        else:
            parsing.parsed.passed_over += 1
    return parsing.parsed


def holds_resources(data: bytes) -> bool:
    """Whether a document in ``data`` is Mason's, or nobody can say because it is no YAML."""
    documents, fatal = read(data)
    return bool(fatal) or any("type" in each.value and not _is_of_others(each.value) for each in documents)


def _is_of_others(value: Mapping[str, object]) -> bool:
    """Whether a document with a ``type`` is that of another tool: it is no kind, nor almost one, and at most one of its
    keys is such as Mason's documents have."""
    kind = value["type"]
    if kind in (*KINDS, MOVED) or (isinstance(kind, str) and (not kind or nearest(kind, (*KINDS, MOVED)))):
        return False
    return len(_TELLING.intersection(value)) < _ENOUGH


def _misspelt_type(value: Mapping[str, object]) -> str:
    """The key that was meant as ``type``: it is almost that word, and holds a kind. Empty where there is none."""
    return next((key for key, given in value.items() if given in KINDS and nearest(key, ("type",))), "")


def _address_in(definition: Mapping[str, object]) -> str:
    """The address of a definition that has faults; empty where the names in it are among them."""
    kind = definition["type"]
    names = [str(definition.get(key, "")) for key in kind_named(str(kind)).keys] if kind in KINDS else []
    return ".".join((str(kind), *names)) if names and all(map(is_name, names)) else ""


class _Parsing:
    def __init__(
        self,
        shown: str,
        folder: Callable[[], Folder],
        examine: Examine,
        older: Older | None,
        variables: Variables | None,
        *,
        has_references: bool,
    ) -> None:
        self._has_references = has_references
        self._older = older
        self._variables = variables
        self._shown = shown
        self._folder = folder
        self._examine = examine
        self.parsed = Parsed()

    def add_faults(self, faults: Iterable[Fault]) -> None:
        self.parsed.faults.extend(Diagnostic(self._shown, *fault) for fault in faults)

    def add(self, document: Document) -> None:
        """Add the resource in a document with a ``type``, or its faults."""
        definition = document.value
        before = len(self.parsed.faults)
        self.add_faults((*document.faults, *document.unplain))
        filled = self._filled(document)
        told = {finding.path for finding in filled.findings}
        if definition["type"] == MOVED:
            self._move(document, before)
            return
        found = kind_findings(definition)
        if not found:
            found = schema_findings(definition)
            found += findings(definition)
            found += unknown_references(definition) if self._has_references else ()
        module = None
        wanted = kind_named(definition["type"]).python if definition["type"] in KINDS else None
        if wanted is not None and not definition.get("do"):
            names = (definition.get("namespace"), definition.get("command"))
            if all(isinstance(name, str) and is_name(name) for name in names):
                module = self._module(document, wanted)
        found += self._examine(definition, module.survey().calls if module else ())
        if module and module.is_older and self._older is not None:
            found = [each for each in found if not self._older.pardons(definition, each)]
        for path, message, remedy in found:
            if path in told:
                continue
            if module and path[:1] == (CALLS,):
                name, line = module.survey().places[str(path[1])]
                self.parsed.faults.append(Diagnostic(self._beside(name), line, message, remedy))
            else:
                message += f" (from {{{{vars.{filled.places[path]}}}}})" if path in filled.places else ""
                self.add_faults([Fault(document.line_of(path), message, remedy)])
        if len(self.parsed.faults) > before:
            self.parsed.faulty.append(_address_in(definition))
            return
        normal = normalize(definition)
        encoded = encode(normal)
        digest = digest_of(encoded, module.digest if module else None)
        name = class_name(normal["namespace"], normal["command"]) if module else ""
        self.parsed.documents.append((address_of(normal), digest, document.line, addresses_used(normal), encoded, name))

    def _filled(self, document: Document) -> Filled:
        """What became of the variables in a document, which are filled in."""
        if self._variables is None:
            return Filled({}, [], {})
        filled = self._variables.fill_in(document.value)
        self.parsed.variables.update(filled.used)
        self.add_faults(Fault(document.line_of(path), message, remedy) for path, message, remedy in filled.findings)
        return filled

    def _move(self, document: Document, before: int) -> None:
        found = moved.findings(document.value)
        self.add_faults(Fault(document.line_of(path), message, remedy) for path, message, remedy in found)
        if len(self.parsed.faults) == before:
            # It is kept among the resources, under an address that none has.
            self.parsed.documents.append((MOVED, "", document.line, (), encode(document.value), ""))

    def _beside(self, name: str) -> str:
        return os.path.join(os.path.dirname(self._shown), name)

    def _module(self, document: Document, wanted: PythonClass) -> Folder | None:
        """The Python files that do the work of this operator or workflow, where there are any."""
        namespace, command = document.value["namespace"], document.value["command"]
        title, expected = f"{document.value['type'].capitalize()} {namespace}:{command}", class_name(namespace, command)
        folder = self._folder()
        self.parsed.module = folder.digest
        if folder.faults:
            self.parsed.faults.extend(folder.faults)
            return None
        if not folder.digest:
            if wanted.needed:
                message = f"{title} has neither 'do' nor a Python class"
                remedy = f"add 'do', or write class {expected}(mason.{wanted.base}) in {ENTRY} beside it"
                self.add_faults([Fault(document.line, message, remedy)])
            return None
        fault = class_fault(folder.survey(), title, expected, wanted)
        if fault:
            self.parsed.faults.append(Diagnostic(self._beside(ENTRY), *fault))
        return folder if has_class(folder.survey(), namespace, command) else None
