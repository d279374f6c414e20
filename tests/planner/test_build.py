"""Planning as a function of files and state: which actions, why, in which order, and what is refused."""

from __future__ import annotations

import pytest

from mason.errors import NotFoundError, ResourceError
from mason.planner.build import Prune, build_destroy
from mason.resources.resource import Module
from mason.state.format import decode_lines, lay_out
from mason.state.snapshot import Entry, Snapshot, StoredEntries
from tests.planner.conftest import config, operator, resource, snapshot, workflow


def shown(plan) -> list[str]:
    return [f"{action.kind} {action.address}" for action in plan.actions] + [f"no-op {name}" for name in plan.unchanged]


def test_what_the_state_lacks_is_created(plan_of):
    plan = plan_of(operator())
    assert shown(plan) == ["create operator.table.get"]
    assert plan.actions[0].reason == "not in the state"
    assert plan.count() == {"create": 1, "overwrite": 0, "delete": 0, "run": 0}


def test_what_is_equal_is_left_alone(plan_of):
    plan = plan_of(operator(), against=snapshot(operator()))
    assert shown(plan) == ["no-op operator.table.get"]
    assert plan.is_empty
    assert (plan.lineage, plan.serial) == ("abc", 3)


def test_an_overwrite_names_the_fields_that_differ_and_counts_the_rest(plan_of):
    plan = plan_of(operator(description="new"), against=snapshot(operator(description="old")))
    action = plan.actions[0]
    assert (action.kind, action.reason) == ("overwrite", "its definition changed")
    assert [(change.path, change.before, change.after) for change in action.changes] == [("description", "old", "new")]
    assert action.unchanged == 5


def test_a_changed_module_overwrites(plan_of):
    module = Module("sha256:new", b'{"__init__.py":"new"}', "TableGet", (), True)
    plan = plan_of(resource(operator(do=[]), module=module), against=snapshot(operator(do=[])))
    assert (plan.actions[0].kind, plan.actions[0].reason) == ("overwrite", "its Python files changed")
    assert plan.actions[0].wanted.source == b'{"__init__.py":"new"}'
    assert [(change.path, change.kind) for change in plan.actions[0].changes] == [("__init__.py", "added")]


def test_changed_python_files_are_told_one_by_one(plan_of):
    before = snapshot(operator(do=[]), module="sha256:old")
    content = b'{"__init__.py":"new","kept.py":"x","added.py":"y"}'
    module = Module("sha256:new", content, "TableGet", (), True)
    sources = {"sha256:old": b'{"__init__.py":"old","kept.py":"x","gone.py":"z"}'}
    plan = plan_of(resource(operator(do=[]), module=module), against=before, sources=sources)
    assert [(change.path, change.kind, change.before, change.after) for change in plan.actions[0].changes] == [
        ("__init__.py", "changed", "old", "new"),
        ("gone.py", "removed", "z", None),
        ("added.py", "added", None, "y"),
    ]


def test_a_strict_plan_stores_missing_sources_anew(plan_of):
    module = Module("sha256:same", b"{}", "TableGet", (), True)
    given = resource(operator(do=[]), module=module)
    state = snapshot(operator(do=[]), module="sha256:same")
    assert plan_of(given, against=state).is_empty
    assert plan_of(given, against=state, strict=True, sources={"sha256:same": b"{}"}).is_empty
    plan = plan_of(given, against=state, strict=True)
    assert (plan.actions[0].kind, plan.actions[0].reason) == ("overwrite", "its stored source is missing or damaged")


def test_saves_come_after_what_they_use(plan_of):
    plan = plan_of(
        workflow("a", "outer", "workflow.z.inner", "operator.table.get"),
        workflow("z", "inner", "operator.table.get"),
        operator(),
        config(),
    )
    assert shown(plan) == [
        "create config.1",
        "create operator.table.get",
        "create workflow.z.inner",
        "create workflow.a.outer",
    ]


def test_nothing_is_deleted_without_prune(plan_of):
    assert shown(plan_of(operator(), against=snapshot(operator(), operator("table", "old")))) == [
        "no-op operator.table.get"
    ]


def test_prune_deletes_only_what_the_same_project_applied(plan_of):
    old = snapshot(operator("table", "old"))
    foreign = snapshot(operator("table", "foreign"), project="other")
    both = Snapshot({**old.resources, **foreign.resources}, serial=1, lineage="abc")
    plan = plan_of(operator(), against=both, prune=[])
    assert shown(plan) == ["create operator.table.get", "delete operator.table.old"]
    assert plan.actions[1].reason == "all.yaml no longer defines it"


def test_prune_within_a_path_leaves_the_rest(plan_of):
    old = snapshot(operator("table", "old"), file="operators/old.yaml")
    assert "delete operator.table.old" in shown(plan_of(operator(), against=old, prune=["operators"]))
    assert "delete operator.table.old" not in shown(plan_of(operator(), against=old, prune=["oper"]))


def test_an_empty_folder_deletes_nothing_even_with_prune(plan_of):
    assert shown(plan_of(against=snapshot(operator()), prune=[])) == []


def test_deleting_what_another_resource_uses_is_refused(plan_of):
    state = snapshot(operator(), workflow("a", "b", "operator.table.get"))
    with pytest.raises(ResourceError) as refused:
        plan_of(workflow("a", "b", "operator.table.get"), against=state, prune=[])
    assert str(refused.value) == (
        "all.yaml:1: workflow.a.b uses operator.table.get, which would be deleted (delete both or neither)"
    )


def test_deletions_come_users_first(plan_of):
    state = snapshot(operator(), workflow("a", "b", "operator.table.get"))
    assert shown(plan_of(config(), against=state, prune=[])) == [
        "create config.1",
        "delete workflow.a.b",
        "delete operator.table.get",
    ]


def test_a_step_that_uses_nothing_known_is_refused(plan_of):
    with pytest.raises(ResourceError) as refused:
        plan_of(operator(), workflow("a", "b", "operator.table.gett"))
    assert str(refused.value) == (
        "all.yaml:7: step step_0 uses operator.table.gett, which is neither in these files nor in the state "
        "(did you mean 'operator.table.get'?)"
    )


def test_a_step_is_not_told_to_use_the_workflow_that_it_stands_in(plan_of):
    with pytest.raises(ResourceError) as refused:
        plan_of(operator(), workflow("a", "up", "workflow.a.ups"))
    assert "did you mean" not in str(refused.value)


def test_workflows_that_contain_one_another_are_refused(plan_of):
    with pytest.raises(ResourceError) as refused:
        plan_of(workflow("a", "b", "workflow.c.d"), workflow("c", "d", "workflow.a.b"))
    assert str(refused.value) == (
        "all.yaml:1: workflows contain one another: workflow.a.b -> workflow.c.d -> workflow.a.b "
        "(take one of these steps out)"
    )


def test_a_circle_through_an_unchanged_workflow_is_refused(plan_of):
    state = snapshot(workflow("a", "b", "workflow.c.d"), workflow("c", "d", "operator.table.get"), operator())
    with pytest.raises(ResourceError, match="workflows contain one another"):
        plan_of(workflow("a", "b", "workflow.c.d"), workflow("c", "d", "workflow.a.b"), against=state)


def test_a_circle_in_the_state_can_still_be_destroyed():
    state = snapshot(workflow("a", "b", "workflow.c.d"), workflow("c", "d", "workflow.a.b"))
    assert len(build_destroy(state).actions) == 2
    assert len(build_destroy(state, targets=["workflow.a.b"]).actions) == 2


def test_kinds_of_a_newer_mason_can_be_destroyed():
    state = Snapshot({"run.daily": Entry("run", "sha256:x", {"type": "run"})}, serial=1, lineage="abc")
    assert [action.address for action in build_destroy(state).actions] == ["run.daily"]


def test_what_is_defined_elsewhere_in_the_project_is_not_pruned():
    state = snapshot(operator("table", "moved"), file="a/one.yaml").resources
    assert list(Prune({"operator.table.moved"}, ["a"]).obsolete(state, "flights")) == []
    assert [address for address, _ in Prune({"config.1"}, ["a"]).obsolete(state, "flights")] == ["operator.table.moved"]


def test_an_applied_workflow_that_is_not_part_of_the_plan_counts_as_it_was_applied(plan_of):
    state = snapshot(operator("x", "old"), operator("x", "new"), workflow("a", "b", "operator.x.old"))
    with pytest.raises(ResourceError, match=r"workflow\.a\.b uses operator\.x\.old, which would be deleted"):
        plan_of(
            operator("x", "new"),
            workflow("a", "b", "operator.x.new"),
            against=state,
            prune=[],
            targets=["operator.x.old"],
        )


def test_deleting_what_another_project_applied_is_pointed_out():
    plan = build_destroy(snapshot(operator(), project="other"), project="flights")
    assert plan.foreign == {"other": ("operator.table.get",)}


def test_a_target_takes_along_what_it_uses(plan_of):
    plan = plan_of(workflow("a", "b", "operator.table.get"), operator(), config(), targets=["workflow.a.b"])
    assert shown(plan) == ["create operator.table.get", "create workflow.a.b"]


def test_an_unknown_target_is_named_with_the_nearest(plan_of):
    with pytest.raises(NotFoundError) as refused:
        plan_of(operator(), targets=["operator.table.gte"])
    assert str(refused.value) == (
        "There is no operator.table.gte in the files or in the state (did you mean 'operator.table.get'?)."
    )


def test_overwriting_what_another_project_applied_is_pointed_out(plan_of):
    plan = plan_of(operator(description="new"), against=snapshot(operator(), project="other"))
    assert plan.foreign == {"other": ("operator.table.get",)}


def test_destroy_takes_along_the_users_of_a_target():
    state = snapshot(operator(), workflow("a", "b", "operator.table.get"), config())
    plan = build_destroy(state, targets=["operator.table.get"])
    assert [(action.address, action.reason) for action in plan.actions] == [
        ("workflow.a.b", "it uses operator.table.get"),
        ("operator.table.get", "destroy was asked for"),
    ]
    assert len(build_destroy(state).actions) == 3
    with pytest.raises(NotFoundError, match=r"There is no config\.2 in the state \(did you mean 'config\.1'\?\)\."):
        build_destroy(state, targets=["config.2"])


def stored(*definitions) -> tuple[Snapshot, list[list[str]]]:
    """A snapshot as a store gives it, and for which addresses entries were decoded, in lists of what was at once."""
    given, asked = snapshot(*definitions), []

    def decode(lines, addresses):
        asked.append(sorted(addresses))
        return decode_lines(lines, addresses)

    laid = lay_out(given, before=Snapshot())
    entries = StoredEntries(laid.content, laid.digests, laid.starts, decode)
    return Snapshot(entries, given.serial, given.lineage), asked


def test_a_changed_workflow_has_other_workflows_decoded_and_no_operator(plan_of):
    others = (operator(), operator("table", "list"), workflow("x", "y", "operator.table.get"))
    state, asked = stored(*others, workflow("a", "b", "operator.table.get"))
    plan = plan_of(*others, workflow("a", "b", "operator.table.list"), against=state)
    assert [action.address for action in plan.actions] == ["workflow.a.b"]
    assert sorted(asked) == [["workflow.a.b"], ["workflow.x.y"]]


def test_pruning_decodes_what_nothing_defines_any_more(plan_of):
    state, asked = stored(operator(), operator("x", "old"), operator("x", "older"))
    plan = plan_of(operator(), against=state, prune=[])
    assert [action.address for action in plan.actions] == ["operator.x.older", "operator.x.old"]
    assert asked == [["operator.x.old", "operator.x.older"]]
