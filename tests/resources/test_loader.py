"""From files to resources: order, addresses, what is passed over, lines found again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mason.resources.address import title_of
from mason.resources.loader import Places
from tests.resources.conftest import Project

WORKFLOW = """\
type: workflow
namespace: table
command: export
dag:
  - {id: one, namespace: table, command: get}
  - {id: two, type: workflow, namespace: table, command: other, dependencies: [one]}
  - {id: three, namespace: table, command: get, dependencies: [two]}
"""


def test_resources_come_in_the_order_of_files_and_lines(project: Project, operator: Callable[..., str]) -> None:
    project.write("b.yml", operator("three"))
    project.write("a.yaml", f"# first\n{operator('one')}---\nname: no resource\n---\n---\n{operator('two')}")
    project.write("mason.yaml", "name: demo\n")
    found = project.load()
    assert [(item.file, item.line, title_of(item.address)) for item in found.items] == [
        ("a.yaml", 2, "Operator table:one"),
        ("a.yaml", 11, "Operator table:two"),
        ("b.yml", 1, "Operator table:three"),
    ]
    assert (2, 1, project.root) == (found.files, found.passed_over, found.root)


def test_a_document_without_type_is_passed_over_unless_its_file_is_named(project: Project) -> None:
    project.write("sub/parameters.yaml", "# of a run\na: !Ref b\na: 2\n---\nx: 1\n")
    found = project.load("sub")
    assert (found.items, found.files, found.passed_over) == ((), 1, 2)
    what = "this document has no type, so it is no resource (add type: config, operator, workflow, run or schedule)"
    assert [
        "sub/parameters.yaml:2: the tag !Ref is not allowed (write the plain value without it)",
        f"sub/parameters.yaml:2: {what}",
        "sub/parameters.yaml:3: the key 'a' is given twice, first at line 2 (keep one of them)",
        f"sub/parameters.yaml:5: {what}",
    ] == project.faults("sub/parameters.yaml")


FOREIGN = [
    "apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata: {namespace: shop}\n",
    "type: object\nproperties:\n  workflow: {type: string}\n",
    "type: [object, 'null']\n",
    "type:\n  name: charge\n",
    "type: Service\nparameters: []\n",
]


@pytest.mark.parametrize("text", FOREIGN)
def test_yaml_of_other_tools_is_passed_over_unless_its_file_is_named(project: Project, text: str) -> None:
    project.write("a.yaml", text)
    found = project.load()
    assert (found.items, found.files, found.passed_over) == ((), 1, 1)
    assert len(project.faults("a.yaml")) == 1


def test_a_document_with_keys_of_mason_is_not_passed_over_whatever_its_type(project: Project) -> None:
    project.write("a.yaml", "type: job\nnamespace: a\ncommand: b\n")
    assert project.faults() == ["a.yaml:1: unknown type 'job' (known types: config, operator, workflow, run, schedule)"]


def test_a_misspelt_type_is_not_passed_over(project: Project) -> None:
    project.write("a.yaml", "types: [run]\nkind: run\n---\ntyp: operator\nnamespace: a\n---\nType: run\nname: a\n")
    assert project.faults() == [
        "a.yaml:4: unknown key 'typ' (did you mean 'type'?)",
        "a.yaml:7: unknown key 'Type' (did you mean 'type'?)",
    ]


def test_a_config_may_be_numbered(project: Project) -> None:
    project.write("a.yaml", "type: config\nid: 1\n")
    assert [item.address for item in project.load().items] == ["config.1"]


def test_the_same_address_in_two_places(project: Project, operator: Callable[..., str]) -> None:
    project.write("operators/a.yaml", operator())
    project.write("operators/b.yaml", operator() + "---\ntype: config\nid: 1\n---\ntype: config\nid: '1'\n")
    project.write("runs.yaml", "---\n".join(["type: run\nname: a\noperator: table:get\nconfig_id: 1\n"] * 2))
    assert project.faults() == [
        "operators/b.yaml:1: operator.table.get is already defined at operators/a.yaml:1"
        " (give one of them another namespace or command, or remove one)",
        "operators/b.yaml:10: config.1 is already defined at operators/b.yaml:7"
        " (give one of them another id, or remove one)",
        "runs.yaml:6: run.a is already defined at runs.yaml:1 (give one of them another name, or remove one)",
    ]


def test_references_of_a_workflow_are_what_its_steps_run(project: Project) -> None:
    project.write("a.yaml", WORKFLOW)
    assert project.load().items[0].references == ("operator.table.get", "workflow.table.other")


@pytest.mark.parametrize(
    ("path", "line"),
    [((), 2), (("do", 0), 6), (("do", 0, "metastore.get_table", "database"), 7), (("do", 4), 5), (("nothing",), 2)],
)
def test_locate_finds_lines_again(project: Project, path: tuple[str | int, ...], line: int) -> None:
    project.write(
        "a.yaml", "---\ntype: operator\nnamespace: a\ncommand: b\ndo:\n  - metastore.get_table:\n      database: x\n"
    )
    assert line == Places(project.root)(project.load().items[0], path)


def test_locate_knows_the_short_form_of_engines(project: Project) -> None:
    project.write("a.yaml", "type: config\nid: 1\nstorage_engine: local\n")
    assert Places(project.root)(project.load().items[0], ("storage_clients", 0)) == 3


def test_locate_falls_back_to_the_document(project: Project, operator: Callable[..., str]) -> None:
    path = project.write("a.yaml", "# x\n" + operator())
    resource = project.load().items[0]
    path.write_text("now: something else\n")
    assert Places(project.root)(resource, ("do", 0)) == 2
    path.unlink()
    assert Places(project.root)(resource, ("do", 0)) == 2
