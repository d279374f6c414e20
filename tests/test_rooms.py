"""Which room may import which, and what of it: the rules that keep Mason's parts apart.

They are read from the syntax trees, so imports inside functions and under ``TYPE_CHECKING`` count as well.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mason

PACKAGE = Path(mason.__file__).parent

# A room may import those of lower levels; rooms of one level do not know each other.
LEVELS = {
    "bounds": 0,
    "errors": 0,
    "ownership": 0,
    "sessions": 0,
    "bulk": 0,
    "queues": 0,
    "temporary": 0,
    "values": 0,
    "version": 0,
    "caches": 1,
    "packages": 1,
    "home": 1,
    "secrets": 1,
    "aws": 2,
    "settings": 2,
    "unchanged": 2,
    "resources": 3,
    "engines": 4,
    "sql": 4,
    "state": 4,
    "clients": 5,
    "compat1": 5,
    "dryrun": 5,
    "planner": 6,
    "runtime": 7,
    "project": 8,
    "scaffold": 9,
    "render": 9,
    "cli": 10,
    "server": 10,
    "__main__": 11,
}
# mason.testing is for people who write stores and clients: it sees what they implement and nothing that uses it.
TESTING_MAY = {
    "testing",
    "bounds",
    "errors",
    "sessions",
    "values",
    "secrets",
    "home",
    "settings",
    "resources",
    "engines",
    "state",
    "clients.registry",
}
# Clients may build on these, and on the registry's side of the room.
SHARED_BY_CLIENTS = {
    "_aws",
    "_duckdb",
    "_glue_catalog",
    "_hive_tables",
    "_jobs",
    "_missing",
    "_objects",
    "_postgres",
    "_statements",
    "_tables",
    "_warehouse",
}
# Beside the standard library, all that a room may load at module top.
AT_TOP = {"cli": {"click"}, "render": {"click"}, "testing": {"pytest"}}
# Rooms for packages of other people: they offer more than Mason itself asks for.
FOR_OTHERS = {"mason.engines", "mason.testing"}
# Every client has these: what it does as which engine.
ENGINE_MODULES = {"metastore.py", "storage.py", "execution.py", "scheduler.py"}


def modules(package: Path) -> dict[str, ast.Module]:
    """The syntax tree of each module of the package by its name without ``mason.``, the examples left out."""
    found = {}
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        if parts[0] != "examples" and parts != ("__init__",):
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(file.read_text("utf-8"), str(file))
    return found


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the full name of everything that is imported anywhere in ``tree``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, "." * node.level + f"{node.module or ''}.{alias.name}"


def at_top(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """As ``imports``, only of what is executed when the module is loaded."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                yield from imports(child)
            elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                waiting.extend(child.orelse)
            elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                waiting.append(child)


def named_in_strings(tree: ast.AST) -> Iterator[str]:
    """The full names in texts that are nothing else (``mason.clients.local:LocalClient``): what is loaded by them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(_NAMED, node.value):
            yield node.value.replace(":", ".")


_NAMED = r"mason(\.\w+)+(:\w+)?"


def packages(package: Path) -> dict[str, ast.Module]:
    """The syntax tree of each package's ``__init__``, by its full name."""
    found = {}
    for file in sorted(package.rglob("__init__.py")):
        parts = file.parent.relative_to(package).parts
        if parts[:1] != ("examples",) and parts:
            found[".".join((package.name, *parts))] = ast.parse(file.read_text("utf-8"), str(file))
    return found


def offered(tree: ast.Module) -> set[str] | None:
    """The names in ``__all__``, ``None`` where there is none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def asked_of(rooms: Mapping[str, object], importer: str, full: str) -> Iterator[tuple[str, str]]:
    """What importing ``full`` asks of each room that it leads through and that ``importer`` is not in."""
    parts = full.split(".")
    for depth in range(2, len(parts)):
        room = ".".join(parts[:depth])
        if room in rooms and not f"{importer}.".startswith(f"{room}."):
            yield room, parts[depth]


def fault(importer: str, imported: str) -> str:
    """Why module ``importer`` may not import ``imported`` (names without ``mason.``); empty when it may."""
    room, target = importer.split(".")[0], imported.split(".")[0]
    if room == "testing":
        seen = any(f"{imported}.".startswith(f"{allowed}.") for allowed in TESTING_MAY)
        return "" if seen else f"testing may not import {imported}"
    for name in (room, target):
        if name not in LEVELS:
            return f"{name} is in no level of this test"
    if room == target == "clients":
        return client_fault(importer, imported)
    if room != target and LEVELS[target] >= LEVELS[room]:
        return f"{room} (level {LEVELS[room]}) may not import {target} (level {LEVELS[target]})"
    return ""


def client_fault(importer: str, imported: str) -> str:
    """Clients do not import one another, and the registry names them by strings only."""
    # What stands directly in the room (the registry) has no client's name.
    own, other = (name.split(".")[1] if "." in name else "" for name in (importer, imported))
    if other in (own, *SHARED_BY_CLIENTS) or (own != "registry" and other == "registry"):
        return ""
    return f"client {own} may not import client {other}"


def test_imports_point_down_only():
    faults = []
    for importer, tree in modules(PACKAGE).items():
        for line, imported in imports(tree):
            if imported.startswith("."):
                faults.append(f"{importer}:{line}: relative import; write it out")
            elif imported.startswith("mason."):
                reason = fault(importer, imported.removeprefix("mason."))
                faults += [f"{importer}:{line}: {reason}"] if reason else []
    assert faults == []


def test_module_tops_import_the_standard_library_only():
    faults = []
    for importer, tree in modules(PACKAGE).items():
        allowed = {"mason", *AT_TOP.get(importer.split(".")[0], ())}
        for line, imported in at_top(tree):
            library = imported.split(".")[0]
            if library not in allowed and library not in sys.stdlib_module_names:
                faults.append(f"{importer}:{line}: import {library} inside the function that needs it")
    assert faults == []


@pytest.mark.parametrize(
    ("importer", "imported", "expected"),
    [
        ("cli.plan", "project.plan", ""),
        ("planner.build", "state.store.StateStore", ""),
        ("planner.build", "planner.diff.diff", ""),
        ("clients.glue.metastore", "clients._aws.session", ""),
        ("clients.glue.metastore", "clients.glue.names", ""),
        ("testing", "clients.registry.client_class", ""),
        ("dryrun.prepare", "clients.registry", "dryrun (level 5) may not import clients (level 5)"),
        ("engines.models", "state.store", "engines (level 4) may not import state (level 4)"),
        ("errors", "settings", "errors (level 0) may not import settings (level 2)"),
        ("clients.glue", "clients.athena.sql", "client glue may not import client athena"),
        ("clients.registry", "clients.local.LocalClient", "client registry may not import client local"),
        ("testing", "clients.local", "testing may not import clients.local"),
        ("testing", "planner.plan", "testing may not import planner.plan"),
        ("kitchen.sink", "errors", "kitchen is in no level of this test"),
    ],
)
def test_the_rule_itself(importer, imported, expected):
    assert fault(importer, imported) == expected


def test_lazy_and_type_checking_imports_are_told_apart():
    tree = ast.parse(
        "import os\n"
        "if TYPE_CHECKING:\n    import pandas\n"
        "try:\n    import yaml\nexcept ImportError:\n    import json\n"
        "class A:\n    import re\n    def f(self):\n        import duckdb\n"
    )
    assert sorted(name for _, name in at_top(tree)) == ["json", "os", "re", "yaml"]
    assert sorted(name for _, name in imports(tree)) == ["duckdb", "json", "os", "pandas", "re", "yaml"]


def test_rooms_say_what_they_offer_and_nothing_else_is_asked_of_them():
    rooms = packages(PACKAGE)
    offers = {room: offered(tree) for room, tree in rooms.items()}
    assert [room for room, names in offers.items() if names is None] == []
    asked: dict[str, set[str]] = {room: set() for room in rooms}
    faults = []
    for name, tree in (modules(PACKAGE) | {"": ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))}).items():
        importer = f"mason.{name}"
        for full in [*(full for _, full in imports(tree)), *named_in_strings(tree)]:
            for room, part in asked_of(rooms, importer, full):
                asked[room].add(part)
                if part not in (offers[room] or ()):
                    faults.append(f"{importer} imports {part} of {room}, which is not in its __all__")
    assert faults == []
    unasked = {room: (names or set()) - asked[room] for room, names in offers.items() if room not in FOR_OTHERS}
    assert {room: names for room, names in unasked.items() if names} == {}


def test_what_rooms_offer_is_there():
    missing = []
    for room, tree in packages(PACKAGE).items():
        folder = PACKAGE.joinpath(*room.split(".")[1:])
        own = {name for node in tree.body for name in names_made_by(node)}
        missing += [
            f"{room}.{name}"
            for name in offered(tree) or ()
            if name not in own and not (folder / f"{name}.py").is_file() and not (folder / name).is_dir()
        ]
    assert missing == []


def names_made_by(node: ast.stmt) -> set[str]:
    """The names that a statement at the top of a module makes."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {target.id for target in targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.ImportFrom | ast.Import):
        return {alias.asname or alias.name for alias in node.names}
    return set()


def test_no_module_imports_itself_through_others():
    trees = {f"mason.{name}": tree for name, tree in modules(PACKAGE).items()}
    trees["mason"] = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    graph: dict[str, set[str]] = {}
    for importer, tree in trees.items():
        targets = {module_in(trees, full) for _, full in imports(tree)}
        graph[importer] = targets - {importer, ""}
    assert circle(graph) == []


def module_in(trees: Mapping[str, object], full: str) -> str:
    """The module that importing ``full`` loads; empty where it is none of these."""
    while full and full not in trees:
        full = full.rpartition(".")[0]
    return full


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle, the first one again at its end; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_what_is_known_of_1x_is_asked_for_by_two_who_seldom_do():
    room = "mason.compat1"
    trees = modules(PACKAGE).items()
    importers = {name for name, tree in trees for _, full in imports(tree) if f"{full}.".startswith(f"{room}.")}
    at_once = {name for name, tree in trees for _, full in at_top(tree) if f"{full}.".startswith(f"{room}.")}
    seams = {"cli", "cli.get_command", "cli.run_command", "project.older_mason"}
    assert {name for name in importers if not name.startswith("compat1")} == seams
    assert {name for name in at_once if not name.startswith("compat1")} == set()


def test_a_circle_is_seen():
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert sorted(set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}))) == ["a", "b", "c"]


def test_each_file_name_is_that_of_one_file():
    found = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE)
        if place.parts[0] != "examples" and file.name != "__init__.py" and file.name not in ENGINE_MODULES:
            found[file.name].append(str(place))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
