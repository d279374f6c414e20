"""Python beside YAML: what its class must be, and what can be told of it without importing it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mason.resources.module import class_name, survey
from mason.resources.resource import Module
from tests.resources.conftest import Project

OPERATOR = "type: operator\nnamespace: table\ncommand: get\n"
WORKFLOW = "type: workflow\nnamespace: table\ncommand: get\ndag: [{id: s, namespace: a, command: b}]\n"
CLASS = "import mason\n\nclass TableGet(mason.Operator):\n    def run(self, ctx):\n        "
PLACE = "table/get/__init__.py"


def _module(project: Project, body: str, **more: str) -> Module:
    project.write("table/get/operator.yaml", OPERATOR)
    project.write(PLACE, CLASS + body + "\n")
    for name, text in more.items():
        project.write(f"table/get/{name}.py", text)
    module = project.load().items[0].module
    assert module is not None
    return module


def _faults(project: Project, text: str | bytes, yaml: str = OPERATOR) -> list[str]:
    project.write("table/get/resource.yaml", yaml)
    return project.faults_of(text, PLACE)


@pytest.mark.parametrize(
    ("namespace", "command", "expected"),
    [
        ("table", "get", "TableGet"),
        ("my_ns", "do_it", "MyNsDoIt"),
        ("a-b", "toCSV", "ABToCSV"),
        ("2d", "x", "_2dX"),
    ],
)
def test_class_names(namespace: str, command: str, expected: str) -> None:
    assert class_name(namespace, command) == expected


def test_the_module_of_an_operator(project: Project) -> None:
    module = _module(project, "return ctx.metastore.get_table('a', ctx.params['b'])", helper="X = 1\n")
    texts = json.loads(module.content)
    assert sorted(texts) == ["__init__.py", "helper.py"]
    assert texts["helper.py"] == "X = 1\n"
    assert (module.class_name, module.calls, module.certain) == ("TableGet", ("metastore.get_table",), True)


def test_digest_of_the_resource_covers_the_module(project: Project) -> None:
    _module(project, "return 1")
    before = project.load().items[0]
    _module(project, "return 2")
    after = project.load().items[0]
    assert before.encoded == after.encoded
    assert before.digest != after.digest


def test_sub_packages_belong_to_the_module_and_other_folders_do_not(project: Project) -> None:
    for name in ["sub/__init__.py", "sub/deep/__init__.py", "plain/x.py", "__pycache__/x.py", ".venv/x.py"]:
        project.write(f"table/get/{name}", "")
    project.write("table/get/other/__init__.py", "class TablePut(mason.Operator):\n    def run(self, ctx): ...\n")
    project.write("table/get/other/operator.yaml", OPERATOR.replace("get", "put"))
    module = _module(project, "return None")
    assert sorted(json.loads(module.content)) == ["__init__.py", "sub/__init__.py", "sub/deep/__init__.py"]


def test_nothing_is_imported(project: Project) -> None:
    mark = project.root / "imported"
    project.write("table/get/operator.yaml", OPERATOR)
    project.write(PLACE, f"open({str(mark)!r}, 'w')\n{CLASS}return 1\n")
    project.load()
    assert not mark.exists()


def test_several_operators_share_a_module(project: Project) -> None:
    project.write("a/get.yaml", OPERATOR)
    project.write("a/put.yaml", OPERATOR.replace("get", "put"))
    project.write("a/__init__.py", f"{CLASS}return 1\n\nclass TablePut(TableGet):\n    pass\n")
    names = [item.module.class_name for item in project.load().items if item.module]
    assert names == ["TableGet", "TablePut"]


def test_sentences_need_no_module(project: Project) -> None:
    project.write("a/get.yaml", OPERATOR + "do: [{storage.list_paths: }]\n")
    project.write("a/__init__.py", "this is no Python")
    assert project.load().items[0].module is None


def test_a_workflow_needs_no_class(project: Project) -> None:
    project.write("a/workflow.yaml", WORKFLOW)
    assert project.load().items[0].module is None
    project.write("a/__init__.py", "class Other:\n    pass\n")
    assert project.load().items[0].module is None
    project.write("a/__init__.py", "class TableGet(Workflow):\n    def step(self, current, next): ...\n")
    module = project.load().items[0].module
    assert module is not None
    assert module.class_name == "TableGet"


FAULTS = {
    "syntax": ("import mason\nclass TableGet(\n", f"{PLACE}:2: not valid Python: '(' was never closed"),
    "null": ("x = 1\0", f"{PLACE}:1: not valid Python: source code "),
    "nesting": (f"x = {'-' * 100_000}1\n", f"{PLACE}:1: not valid Python: it nests too deeply"),
    "latin-1": (b"# caf\xe9\n", f"{PLACE}:1: the file is not UTF-8: byte 0xe9 at offset 5 (save it as UTF-8)"),
    "no class": (
        "x = 1\n",
        f"{PLACE}:1: Operator table:get needs a class TableGet (write class TableGet(mason.Operator))",
    ),
    "misnamed": (
        "from mason import Operator\n\nclass Helper: ...\n\nclass GetTable(Operator):\n    def run(self, ctx): ...\n",
        f"{PLACE}:5: Operator table:get needs a class TableGet, found GetTable"
        " (rename it, or write class TableGet(mason.Operator))",
    ),
    "misnamed without base": (
        "class Helper: ...\n",
        f"{PLACE}:1: Operator table:get needs a class TableGet, found Helper"
        " (rename it, or write class TableGet(mason.Operator))",
    ),
    "no base": (
        "class TableGet:\n    def run(self, ctx): ...\n",
        f"{PLACE}:1: class TableGet does not derive from mason.Operator (write class TableGet(mason.Operator))",
    ),
    "no run": (
        "class TableGet(Operator):\n    pass\n",
        f"{PLACE}:1: class TableGet has no method run (write def run(self, ctx))",
    ),
    "async": (
        "class TableGet(Operator):\n    async def run(self, ctx): ...\n",
        f"{PLACE}:2: TableGet.run must not be async (write def run(self, ctx))",
    ),
    "signature": (
        "class TableGet(Operator):\n    def run(self): ...\n",
        f"{PLACE}:2: TableGet.run does not take 'ctx' (write def run(self, ctx))",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_with_a_module(name: str, project: Project) -> None:
    text, expected = FAULTS[name]
    faults = _faults(project, text)
    assert [fault[: len(expected)] if name == "null" else fault for fault in faults] == [expected]


def test_what_is_wrong_with_the_class_of_a_workflow(project: Project) -> None:
    text = "class TableExport(mason.Workflow):\n    def step(self, current, next): ...\n"
    assert _faults(project, text, WORKFLOW) == [
        f"{PLACE}:1: Workflow table:get needs a class TableGet, found TableExport"
        " (rename it, or write class TableGet(mason.Workflow))"
    ]
    assert _faults(project, "class TableGet(Workflow):\n    def step(self): ...\n", WORKFLOW) == [
        f"{PLACE}:2: TableGet.step does not take 'current, next' (write def step(self, current, next))"
    ]


CERTAIN = [
    "return ctx.metastore.get_table('a', 'b')",
    "ctx.info(ctx.params['x']); ctx.warn('y')",
    "return [ctx.storage.read(p) for p in ctx.storage.list_paths()]",
    "def inner(): return ctx.storage.read('x')\n        return inner()",
]
UNCERTAIN = [
    "f = ctx.execution.query; return f('select 1')",
    "ctx.execution.query(**anything)",
    "m = ctx.metastore",
    "helper(ctx)",
    "helper(ctx.storage)",
    "getattr(ctx, 'storage').delete('x')",
    "getattr(ctx.storage, 'delete')('x')",
    "self.ctx = ctx",
    "c = ctx; c.storage.read('x')",
    "ctx = other(ctx)",
    "[ctx]",
    "return lambda: ctx",
    "ctx.__dict__['storage'].delete('x')",
    "ctx.storage.__class__.delete(1)",
    "ctx.connect('s3')",
    "locals()['c' + 'tx']",
    "eval('ctx.storage.delete()')",
    "from mason.clients import registry",
    "import mason.project",
    "import inspect",
    "from gc import get_objects",
    "ctx.info.__self__._open_engine('storage').write('x', 'y')",
    "tell = ctx.info",
    "ctx.params.__class__",
    "sys._getframe().f_locals",
]


@pytest.mark.parametrize("body", CERTAIN)
def test_verbs_are_certain_where_the_tree_shows_them(body: str, project: Project) -> None:
    assert _module(project, body).certain


@pytest.mark.parametrize("body", UNCERTAIN)
def test_verbs_are_uncertain_where_engines_escape(body: str, project: Project) -> None:
    assert not _module(project, body).certain


@pytest.mark.parametrize(
    "text",
    [
        "class A(mason.Operator):\n    def run(self, c):\n        helper(c)\n",
        "class A(mason.Operator):\n    def run(self, *args):\n        args[0].storage.read('x')\n",
        "class A(mason.Operator):\n    @wrapped\n    def run(self, ctx): ...\n",
        "@wrapped\nclass A(mason.Operator):\n    def run(self, ctx): ...\n",
        "class A(mason.Operator, metaclass=M):\n    def run(self, ctx): ...\n",
        "def work(c: mason.Context) -> None:\n    other(c)\n",
    ],
)
def test_other_ways_to_escape(text: str) -> None:
    assert not survey({"__init__.py": text}).certain


def test_verbs_in_all_files_count(project: Project) -> None:
    module = _module(project, "return work(1)", work="def work(c):\n    return c.storage.delete('x')\n")
    assert (module.calls, module.certain) == (("storage.delete",), True)


@pytest.mark.parametrize(
    ("body", "calls", "certain"),
    [
        ("return ctx.catalog.describe('a')", ("catalog.describe",), True),
        ("return ctx.engine('catalog').describe('a')", ("catalog.describe",), True),
        ("return ctx.engine('storage').read('a')", ("storage.read",), True),
        ("catalog = ctx.engine('catalog'); return catalog.describe('a')", (), False),
        ("return ctx.engine(ctx.params['name']).describe('a')", (), False),
        ("return ctx.engine('nothing').describe('a')", (), False),
        ("return ctx.nothing.describe('a')", (), False),
        ("open = ctx.engine; return open('catalog').describe('a')", (), False),
        # Only a context has engines of other packages: anything may have an attribute of that name.
        ("return ctx.params['a'].catalog.describe('a')", (), True),
    ],
)
def test_engines_of_other_packages_are_seen(
    project: Project, catalog_package: Path, body: str, calls: tuple[str, ...], certain: bool
) -> None:
    module = _module(project, body)
    assert (module.calls, module.certain) == (calls, certain)
