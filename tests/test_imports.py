"""Which room may import which, and what a start may load: the rules that keep Mason's parts apart and its start quick.

The directions are read from the syntax trees, so imports inside functions and under ``TYPE_CHECKING`` count as well.
What really gets loaded is looked up in processes of their own.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mason

PACKAGE = Path(mason.__file__).parent

# A room may import those of lower levels; rooms of one level do not know each other.
LEVELS = {
    "errors": 0,
    "bulk": 0,
    "values": 0,
    "version": 0,
    "settings": 1,
    "secrets": 1,
    "resources": 2,
    "engines": 3,
    "sql": 3,
    "state": 3,
    "clients": 4,
    "dryrun": 4,
    "planner": 5,
    "runtime": 6,
    "project": 7,
    "scaffold": 8,
    "render": 8,
    "cli": 9,
    "server": 9,
    "__main__": 10,
}
# mason.testing is for people who write stores and clients: it sees what they implement and nothing that uses it.
TESTING_MAY = {
    "testing",
    "errors",
    "values",
    "secrets",
    "settings",
    "resources",
    "engines",
    "state",
    "clients.registry",
}
# Clients may build on these, and on the registry's side of the room.
SHARED_BY_CLIENTS = {"_aws", "_duckdb", "_jobs", "_missing", "_statements", "_tables", "_warehouse"}
# Beside the standard library, all that a room may load at module top.
AT_TOP = {"cli": {"click"}, "render": {"click"}, "testing": {"pytest"}}
HEAVY = {"boto3", "botocore", "pandas", "numpy", "duckdb", "pyspark", "kubernetes", "sqlglot", "s3fs", "fsspec"}


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
        ("dryrun.prepare", "clients.registry", "dryrun (level 4) may not import clients (level 4)"),
        ("engines.models", "state.store", "engines (level 3) may not import state (level 3)"),
        ("errors", "settings", "errors (level 0) may not import settings (level 1)"),
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


# Runs the command line as the console script does and leaves the names of all loaded modules in a file.
LOADED = """
import sys
target = sys.argv.pop(1)
from mason.cli import main
try:
    main()
finally:
    with open(target, "w") as file:
        file.write(" ".join(sys.modules))
"""


def loaded_by(folder: Path, *arguments: str) -> set[str]:
    """The modules that ``mason ARGUMENTS`` loads when it is called in ``folder``."""
    names = folder.parent / "modules.txt"
    environment = {key: value for key, value in os.environ.items() if key != "MASON_STATE"}
    subprocess.run(
        [sys.executable, "-c", LOADED, str(names), *arguments],
        cwd=folder,
        env=environment | {"MASON_HOME": str(folder.parent / "home")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return set(names.read_text().split())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A scaffolded project whose resources were applied."""
    folder = tmp_path_factory.mktemp("imports") / "project"
    folder.mkdir()
    loaded_by(folder, "init")
    loaded_by(folder, "apply", "-y")
    return folder


@pytest.mark.xdist_group("imports")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["plan", "--help"],
        ["get"],
        ["get", "operator", "table", "get"],
        ["plan"],
        ["plan", "--strict", "--json"],
        ["validate", "operator", "table", "get", "-p", "database_name:data,table_name:flights"],
    ],
    ids=" ".join,
)
def test_starts_load_nothing_heavy(project, arguments):
    assert loaded_by(project, *arguments) & HEAVY == set()


@pytest.mark.xdist_group("imports")
def test_a_plan_without_a_change_loads_no_more_than_it_compares(project):
    """Neither engines nor clients, nor what plans runs and schedules, nor what applies."""
    loaded = {name for name in loaded_by(project, "plan") if name.startswith("mason.")}
    unneeded = {
        "mason.clients.local",
        "mason.engines",
        "mason.runtime.apply",
        "mason.planner.runs_and_schedules",
        "mason.dryrun.planned",
        "mason.dryrun.prepare",
    }
    assert loaded & unneeded == set()


@pytest.mark.xdist_group("imports")
@pytest.mark.parametrize("client", ["memory", "local", "local_async"])
def test_what_a_client_supports_is_known_without_what_reads_and_writes_tables(client):
    code = f"import sys; from mason.clients.registry import roles; roles({client!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert f"mason.clients.{client}.scheduler" in loaded
    assert [
        name for name in loaded if name.startswith(("mason.clients._duckdb.reading", "mason.clients._duckdb.writ"))
    ] == []


@pytest.mark.xdist_group("imports")
def test_a_short_run_of_a_workflow_loads_what_it_needs(tmp_path):
    """Nothing heavy, and not what reads YAML or tables, asks classes, keeps a log, or only finds out the name of this
    machine."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mason.yaml").write_text("name: short\n")
    (folder / "all.yaml").write_text(
        "{type: config, id: 1, metastore_engine: memory}\n---\n"
        "{type: operator, namespace: no, command: op, do: [{metastore.list_databases: {}}]}\n---\n"
        "{type: workflow, namespace: no, command: op, dag: [{id: only, namespace: no, command: op}]}\n"
    )
    loaded_by(folder, "apply", "-y")
    run = ("run", "workflow", "no", "op")
    # The first run of a day looks for old ones.
    loaded_by(folder, *run)
    loaded = loaded_by(folder, *run)
    assert loaded & {*HEAVY, "yaml", "logging", "socket", "rich", "random"} == set()
    assert loaded & {"mason.clients._duckdb.reading", "mason.runtime.decision", "mason.runtime.deciding"} == set()


@pytest.mark.xdist_group("imports")
def test_running_a_query_is_seen_to_load_duckdb(project):
    """The probe itself: were nothing ever seen, the test above could not fail."""
    arguments = ["run", "operator", "table", "get", "-p", "database_name:data,table_name:airlines"]
    assert "duckdb" in loaded_by(project, *arguments)
