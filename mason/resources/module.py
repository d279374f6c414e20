"""The Python files beside an operator's or workflow's YAML: read and looked through, never imported.

Importing would run a person's code at the moment when they only want to see a plan. So everything here works on
text and syntax trees: whether the class is there, and which verbs it can be seen to call. Where the tree does
not show it for sure, the answer is "not certain", never a guess.
"""

# Plain strings instead of pathlib, which costs more than the work itself when there are ten thousand files.
# ruff: noqa: PTH114, PTH123

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping

from mason.resources.documents import too_large
from mason.resources.faults import Fault
from mason.resources.kind import PythonClass
from mason.resources.packed import is_plain
from mason.resources.resource import ENTRY
from mason.resources.roles import ROLES, is_role_in_python
from mason.resources.walking import MAX_BYTES
from mason.resources.wording import quoted
from mason.values import dataclass

_HARMLESS = frozenset({"params", "info", "warn", "config"})
"""What may be asked of a context besides its engines."""

_EVASIONS = frozenset({"eval", "exec", "locals", "vars", "globals", "__import__"})
"""Names through which code reaches engines without naming them."""

_INSIDES = frozenset({"f_locals", "_getframe", "__self__", "__globals__", "__closure__", "__dict__"})
"""Attributes that lead from a function or frame to what it holds, and so perhaps to engines."""

_REFLECTION = frozenset({"inspect", "gc", "ctypes"})
"""Modules that do the same."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the syntax trees of a folder show.

    ``classes`` are the top-level classes of its ``__init__.py``; ``calls`` are ``engine.verb`` in the order in
    which they stand there, ``places`` the file's name in the folder and the line of each where it stands first, and
    ``arguments`` ``engine.verb.name`` of the arguments that are passed by name;
    ``certain`` is false where other verbs or arguments may be meant; ``faults`` are keyed by the file's name in
    the folder.
    """

    classes: Mapping[str, ast.ClassDef]
    calls: tuple[str, ...]
    arguments: frozenset[str]
    certain: bool
    faults: tuple[tuple[str, Fault], ...]
    places: Mapping[str, tuple[str, int]]


def class_name(namespace: str, command: str) -> str:
    """What the class of ``namespace:command`` is called: ``TableGet``, ``MyNsDoIt``."""
    parts = re.split(r"[_-]+", f"{namespace}_{command}")
    name = "".join(part[:1].upper() + part[1:] for part in parts)
    return f"_{name}" if name[:1].isdigit() else name


def list_files(folder: str) -> list[tuple[str, str]]:
    """Name in the folder (``/`` between parts) and path of its Python files and those of its sub packages, sorted.

    A sub folder with YAML of its own is another operator's. Raises ``OSError``. What may not be packed is among them;
    see :func:`unpackable`.
    """
    found: list[tuple[str, str]] = []
    pending = [(folder, "")]
    while pending:
        path, prefix = pending.pop()
        with os.scandir(path) as entries:
            listed = [entry for entry in entries if not entry.name.startswith(".")]
        if prefix and not _is_package({entry.name for entry in listed}):
            continue
        for entry in listed:
            if entry.name.endswith(".py") and entry.is_file():
                found.append((prefix + entry.name, entry.path))
            elif entry.name != "__pycache__" and entry.is_dir(follow_symlinks=False):
                pending.append((entry.path, f"{prefix}{entry.name}/"))
    return sorted(found)


def unpackable(listed: Iterable[tuple[str, str]], folder: str, root: str) -> list[tuple[str, Fault]]:
    """Which of the listed files of ``folder`` are not packed: links that lead out of the project at ``root``, or to
    what is no Python (another file, such as ``.env``, would come into the state with everything that is in it), and
    names that no file is unpacked under."""
    faults: list[tuple[str, Fault]] = []
    for name, path in listed:
        if not is_plain(name):
            faults.append((name, Fault(1, "no Python file of an operator can have this name", "give it a plain one")))
        elif os.path.islink(path):
            real = os.path.realpath(path)
            inside = (os.path.realpath(each) + "/" for each in (folder, root))
            below = [real.removeprefix(each) for each in inside if real.startswith(each)]
            if not below:
                told = "this is a link that leads out of the project, so it is not packed"
                faults.append((name, Fault(1, told, "put a copy of the file in its place")))
            elif not any(is_plain(each) for each in below):
                told = "this is a link to what is no Python file, so it is not packed"
                faults.append((name, Fault(1, told, "remove the link")))
    return faults


def _is_package(names: set[str]) -> bool:
    return ENTRY in names and not any(name.endswith((".yaml", ".yml")) for name in names)


def read_files(listed: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[tuple[str, Fault]]]:
    """The texts of listed files by name, and which of them are not UTF-8. Raises ``OSError``."""
    texts: dict[str, str] = {}
    faults: list[tuple[str, Fault]] = []
    for name, path in listed:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        try:
            texts[name] = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            message = f"the file is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
            faults.append((name, Fault(line, message, "save it as UTF-8")))
        if len(data) > MAX_BYTES:
            faults.append((name, too_large()))
    return texts, faults


def pack(texts: Mapping[str, str]) -> tuple[str, bytes]:
    """Digest and content of a module, as kept in :class:`mason.resources.resource.Module`."""
    content = json.dumps(texts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return "sha256:" + hashlib.sha256(content).hexdigest(), content


def survey(texts: Mapping[str, str]) -> Survey:
    """Look through the files of a folder, given by name."""
    faults: list[tuple[str, Fault]] = []
    classes: dict[str, ast.ClassDef] = {}
    calls: dict[str, tuple[str, int]] = {}
    arguments: set[str] = set()
    certain = True
    for name, text in sorted(texts.items()):
        tree = _parse(text)
        if isinstance(tree, Fault):
            faults.append((name, tree))
            continue
        if name == ENTRY:
            classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        looked = _Look(tree)
        for call in sorted(looked.calls, key=looked.calls.__getitem__):
            calls.setdefault(call, (name, looked.calls[call][0]))
        arguments |= looked.arguments
        certain = certain and looked.certain
    return Survey(classes, tuple(calls), frozenset(arguments), certain, tuple(faults), calls)


def _parse(text: str) -> ast.Module | Fault:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about style; they come again when the operator runs
            return ast.parse(text)
    except SyntaxError as error:
        return Fault(error.lineno or 1, f"not valid Python: {error.msg}")
    except ValueError:  # null bytes, before Python 3.12
        return Fault(1, "not valid Python: source code cannot contain null bytes")
    except (RecursionError, MemoryError):
        return Fault(1, "not valid Python: it nests too deeply")


def class_fault(found: Survey, title: str, expected: str, wanted: PythonClass) -> Fault | None:
    """Why ``__init__.py`` has no usable class for an operator or workflow; nothing if it has one.

    ``title`` says whose it is, ``expected`` how it has to be called, ``wanted`` what it has to be. Where none is needed
    there is no fault without a class of that base.
    """
    base = wanted.base
    chosen = found.classes.get(expected)
    if chosen is None:
        others = [name for name, node in found.classes.items() if base in _bases(node, found.classes)]
        if not wanted.needed and not others:
            return None
        written = f"class {expected}(mason.{base})"
        if not others:
            others = list(found.classes)
        if others:
            line = found.classes[others[0]].lineno
            return Fault(
                line, f"{title} needs a class {expected}, found {', '.join(others)}", f"rename it, or write {written}"
            )
        return Fault(1, f"{title} needs a class {expected}", f"write {written}")
    if wanted.older is not None and wanted.older.base in _bases(chosen, found.classes):
        return _method_fault(chosen, found.classes, wanted.older)
    if base not in _bases(chosen, found.classes):
        return Fault(
            chosen.lineno,
            f"class {expected} does not derive from mason.{base}",
            f"write class {expected}(mason.{base})",
        )
    return _method_fault(chosen, found.classes, wanted)


def has_class(found: Survey, namespace: str, command: str) -> bool:
    """Whether ``__init__.py`` has the class of ``namespace:command``."""
    return class_name(namespace, command) in found.classes


def _bases(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> set[str]:
    """Names of all bases, through classes of the same file."""
    names: set[str] = set()
    pending = [node]
    while pending:
        for base in pending.pop().bases:
            name = base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
            if name and name not in names:
                names.add(name)
                pending.extend([classes[name]] if name in classes else [])
    return names


def _method_fault(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], wanted: PythonClass) -> Fault | None:
    method, parameters = wanted.method, wanted.arguments
    signature = f"def {method}(self, {', '.join(parameters)})"
    homes = [node, *(classes[name] for name in sorted(_bases(node, classes)) if name in classes)]
    names = (method, wanted.also or method)
    written = next((m for home in homes for m in home.body if getattr(m, "name", "") in names), None)
    if written is None:
        return Fault(node.lineno, f"class {node.name} has no method {method}", f"write {signature}")
    if isinstance(written, ast.AsyncFunctionDef):
        return Fault(written.lineno, f"{node.name}.{method} must not be async", f"write {signature}")
    if not isinstance(written, ast.FunctionDef) or not _accepts(written.args, len(parameters) + 1):
        return Fault(
            written.lineno, f"{node.name}.{method} does not take {quoted(', '.join(parameters))}", f"write {signature}"
        )
    return None


def _accepts(arguments: ast.arguments, count: int) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    keyword_only = any(default is None for default in arguments.kw_defaults)
    return required <= count and (positional >= count or arguments.vararg is not None) and not keyword_only


class _Look:
    """Which ``engine.verb`` one file names, and whether engines could be reached in ways that it does not show."""

    def __init__(self, tree: ast.Module) -> None:
        self.calls: dict[str, tuple[int, int]] = {}
        self.arguments: set[str] = set()
        self.certain = True
        self._parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        contexts = {"ctx"} | {name for node in ast.walk(tree) for name in self._contexts(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ROLES:
                self._engine(node, node.attr)
            elif isinstance(node, ast.Attribute) and node.attr in _INSIDES:
                self.certain = False
            elif isinstance(node, ast.Name):
                self._name(node, contexts)
            elif isinstance(node, ast.ClassDef) and (node.decorator_list or node.keywords):
                self.certain = False
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)

    def _contexts(self, node: ast.AST) -> Iterator[str]:
        """The names under which a function gets the context."""
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in arguments:
            if argument.annotation is not None and "Context" in ast.dump(argument.annotation):
                yield argument.arg
        if node.name == "run" and isinstance(self._parents.get(node), ast.ClassDef):
            if node.args.vararg or node.args.kwarg or node.decorator_list:
                self.certain = False
            yield from (argument.arg for argument in arguments[1:])

    def _named_engine(self, asked: ast.Attribute) -> None:
        """``ctx.engine("catalog")``."""
        around = self._parents[asked]
        named = around.args[0] if isinstance(around, ast.Call) and around.func is asked and around.args else None
        if isinstance(around, ast.Call) and isinstance(named, ast.Constant) and isinstance(named.value, str):
            self._brought_engine(around, named.value)
        else:
            self.certain = False

    def _brought_engine(self, node: ast.Attribute | ast.Call, name: str) -> None:
        """An engine that another package may bring; its name is looked up only where a context is asked for it."""
        if is_role_in_python(name):
            self._engine(node, name)
        else:
            self.certain = False

    def _engine(self, node: ast.Attribute | ast.Call, name: str) -> None:
        parent = self._parents[node]
        if isinstance(parent, ast.Attribute) and not parent.attr.startswith("_"):
            call = f"{name}.{parent.attr}"
            place = (node.lineno, node.col_offset)
            self.calls[call] = min(place, self.calls.get(call, place))
            self._arguments(call, parent)
        else:
            self.certain = False

    def _arguments(self, call: str, verb: ast.Attribute) -> None:
        around = self._parents[verb]
        if not (isinstance(around, ast.Call) and around.func is verb):
            self.certain = False
            return
        for keyword in around.keywords:
            if keyword.arg is None:  # a verb that is called with ** may get any argument
                self.certain = False
            else:
                self.arguments.add(f"{call}.{keyword.arg}")

    def _name(self, node: ast.Name, contexts: set[str]) -> None:
        if node.id in _EVASIONS:
            self.certain = False
        if node.id not in contexts:
            return
        parent = self._parents[node]
        if not isinstance(node.ctx, ast.Load) or not isinstance(parent, ast.Attribute):
            self.certain = False
        elif parent.attr in _HARMLESS:
            self.certain = self.certain and not self._reached_behind(parent)
        elif parent.attr == "engine":
            self._named_engine(parent)
        elif parent.attr not in ROLES:
            self._brought_engine(parent, parent.attr)

    def _reached_behind(self, asked: ast.Attribute) -> bool:
        """Whether code goes on to the inside of what it asked the context for, from where it could reach engines."""
        around = self._parents[asked]
        if asked.attr in ("params", "config"):
            return isinstance(around, ast.Attribute) and around.attr.startswith("_")
        return not (isinstance(around, ast.Call) and around.func is asked)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if _REFLECTION.intersection(name.partition(".")[0] for name in names):
            self.certain = False
        inner = [name for name in names if name.startswith("mason.")]
        if any(not name.startswith(("mason.engines", "mason.errors")) for name in inner):
            self.certain = False
