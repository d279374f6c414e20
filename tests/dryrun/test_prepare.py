"""A run of a workflow before anything is called: the steps in their order, what they are given, and every refusal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mason.clients import registry
from mason.dryrun import expansion
from mason.dryrun.planned import resolve
from mason.dryrun.prepare import prepare
from mason.errors import NotFoundError, ParameterError, ResourceError
from mason.resources.parameters import parse_pairs
from mason.resources.workflow_file import given_for_workflow, read_workflow_file
from mason.state.snapshot import Entry
from tests.planner.conftest import snapshot

ROLES = ("metastore", "storage", "execution", "scheduler")
MEMORY = {f"{role}_clients": ["memory"] for role in ROLES}
CONFIGS = [{"type": "config", "id": identifier} | MEMORY for identifier in ("1", "2")]
INFER = {
    "type": "operator",
    "namespace": "table",
    "command": "infer",
    "parameters": {
        "required": [{"name": "database_name"}],
        "optional": [{"name": "limit", "type": "integer", "default": 7}],
    },
    "do": [{"execution.query": {"sql": "{{database_name}}", "limit": "{{limit}}"}}],
}
JOB = {
    "type": "operator",
    "namespace": "job",
    "command": "get",
    "parameters": {"required": [{"name": "job_id", "type": "string"}], "optional": [{"name": "tags", "type": "array"}]},
    "do": [{"execution.get_job": {"job_id": "{{job_id}}"}}],
}
NOOP = {"type": "operator", "namespace": "no", "command": "op", "do": [{"metastore.list_databases": {}}]}


def step(identifier, uses="no.op", after="", **more):
    kind, _, rest = uses.rpartition(":")
    namespace, _, command = rest.partition(".")
    given = {"id": identifier, "type": kind or "operator", "namespace": namespace, "command": command}
    return given | ({"dependencies": after.split()} if after else {}) | more


def flow(name, *steps):
    return {"type": "workflow", "namespace": "w", "command": name, "dag": list(steps)}


def planned(*flows, given=None, pairs=(), config_id="1", name="main", operators=(INFER, JOB, NOOP), **sources):
    state = snapshot(*CONFIGS, *operators, *flows)
    return prepare(
        f"workflow.w.{name}",
        given_for_workflow(given or {}, parse_pairs(pairs)),
        lookup=state.resources.get,
        read_source=sources.__getitem__,
        catalog=registry,
        config_id=config_id,
    )


def refused(*flows, error=ParameterError, **options):
    with pytest.raises(error) as caught:
        planned(*flows, **options)
    return str(caught.value).splitlines()


def shape(plan):
    return [(each.id, each.dependencies) for each in plan.steps]


DIAMOND = flow(
    "main",
    step("step_1", "table.infer"),
    step("step_2", "job.get", "step_1", retry="exponential(5)", retry_max=4, timeout=60),
    step("step_3", "no.op", "step_1"),
    step("step_4", "job.get", "step_2 step_3", trigger_rule="all_done"),
)
GIVEN = {
    "step_1": {"parameters": {"database_name": "data", "limit": "5"}, "config_id": 2},
    "step_2": {"parameters": {"job_id": "{{ steps.step_1.job_id }}"}},
    "step_4": {"parameters": {"job_id": "of {{steps.step_1.job_id}}", "tags": ["{{steps.step_2.tags}}", "x"]}},
}


def test_each_step_is_told_with_what_it_will_be_given():
    plan = planned(DIAMOND, given=GIVEN)
    assert shape(plan) == [
        ("step_1", ()),
        ("step_2", ("step_1",)),
        ("step_3", ("step_1",)),
        ("step_4", ("step_2", "step_3")),
    ]
    first, second, _, last = plan.steps
    assert first.parameters == {"database_name": "data", "limit": 5}
    assert (first.config.id, second.config.id) == ("2", "1")
    assert (second.retry, second.retry_max, second.timeout) == ("exponential(5)", 4, 60)
    assert (second.trigger_rule, last.trigger_rule) == ("all_success", "all_done")
    assert [str(call) for each in plan.steps for call in each.shown.calls] == [
        # Its job is asked for by others.
        "for memory as execution do query_job(sql='data', limit=5)",
        "for memory as execution do get_job(job_id='{{steps.step_1.job_id}}')",
        "for memory as metastore do list_databases()",
        "for memory as execution do get_job(job_id='of {{steps.step_1.job_id}}')",
    ]
    assert [(each.step, each.path) for each in last.references] == [("step_1", ("job_id",)), ("step_2", ("tags",))]
    assert sorted(plan.digests) == [
        "config.1",
        "config.2",
        "operator.job.get",
        "operator.no.op",
        "operator.table.infer",
        "workflow.w.main",
    ]
    assert plan.is_read_only


def test_pairs_win_over_the_file():
    plan = planned(DIAMOND, given=GIVEN, pairs=["step_1.database_name:other"])
    assert plan.steps[0].parameters["database_name"] == "other"


def test_all_faults_of_all_steps_are_told_at_once(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("step_1:\n  parameters:\n    limit: many\n    colour: red\nstep_3: {config_id: 9}\nstp_4:\n")
    state = snapshot(*CONFIGS, INFER, JOB, NOOP, DIAMOND)
    given = read_workflow_file(file, parse_pairs([]))
    with pytest.raises(ParameterError) as caught:
        prepare(
            "workflow.w.main",
            given,
            lookup=state.resources.get,
            read_source={}.__getitem__,
            catalog=registry,
            config_id="1",
        )
    assert str(caught.value).replace(str(file), "p.yaml").splitlines() == [
        "Step step_1: Required parameter not specified: database_name",
        "Step step_2: Required parameter not specified: job_id",
        "Step step_4: Required parameter not specified: job_id",
        "p.yaml:3: Step step_1: Parameter limit must be a whole number, not 'many'",
        "p.yaml:4: Step step_1: Unknown parameter: colour (operator table:infer takes: database_name, limit)",
        "p.yaml:5: Step step_3: There is no config 9 in the state (see what there is with: mason config)",
        "p.yaml:6: Unknown step: stp_4 (did you mean 'step_4'?)",
    ]


def test_without_strict_invalid_steps_are_left_out_with_those_that_wait_for_them():
    given = GIVEN | {"step_2": {}, "strict": False}
    plan = planned(DIAMOND, given=given)
    assert [each.id for each in plan.steps] == ["step_1", "step_3"]
    assert plan.left_out == ("step_2", "step_4")
    assert plan.warnings == (
        "Step step_2 is left out: Required parameter not specified: job_id",
        "Step step_4 is left out: it depends on step_2",
    )
    assert (
        refused(DIAMOND, given={"strict": False})[0] == "Step step_1: Required parameter not specified: database_name"
    )
    assert refused(DIAMOND, given=given | {"step_9": {}})[-1] == (
        "Unknown step: step_9 (the steps are step_1, step_2, step_3, step_4)"
    )


def test_what_a_config_cannot_do_and_what_is_not_there_is_told_by_step():
    no_execution = {"type": "config", "id": "3", "metastore_clients": ["memory"]}
    steps = flow("main", step("a", "job.get"), step("b", "no.such"), step("c", "workflow:w.gone"), step("d"))
    assert refused(
        steps, operators=(JOB, NOOP, no_execution), given={"a": {"parameters": {"job_id": 1}, "config_id": "3"}}
    ) == [
        "Step a: Configuration 3 not supported by configured engines for operator job:get. No client is configured for "
        "execution. Check operator.yaml for supported engine configurations.",
        "Step b: There is no operator no:such in the state (apply it first)",
        "Step c: There is no workflow w:gone in the state (apply it first)",
    ]
    assert refused(flow("main", step("d")), config_id="") == [
        "Step d: No config is named "
        "(give it a config_id, name one for all with -c ID, or choose one with: mason config ID -s)"
    ]
    assert refused(name="gone", error=NotFoundError) == [
        "There is no workflow w:gone in the state. See what there is with: mason get workflow"
    ]


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("{{steps.step_9.x}}", "{{steps.step_9.x}}: there is no step step_9 (the steps are step_1, check, step_3)"),
        ("{{steps.chek.x}}", "{{steps.chek.x}}: there is no step chek (did you mean 'check'?)"),
        ("{{steps.check.x}}", "{{steps.check.x}}: a step cannot refer to itself"),
        ("{{steps.step_3.x}}", "{{steps.step_3.x}}: step_3 comes after check (refer to a step before it)"),
        (
            "a {{ steps.step_1.x }}",
            "{{steps.step_1.x}}: step_1 does not come before check (add it to the dependencies of check)",
        ),
        (
            "{{steps.}}",
            "{{steps.}} is no reference (write {{steps.STEP.KEY}}, such as {{steps.step_1.job_id}})",
        ),
        (
            "<<PULLED FROM step_9>>",
            "{{steps.step_9.job_id}}: there is no step step_9 (the steps are step_1, check, step_3)",
        ),
    ],
)
def test_references_are_checked(reference, fault):
    steps = flow("main", step("step_1"), step("check", "job.get"), step("step_3", after="check"))
    assert refused(steps, given={"check": {"parameters": {"job_id": reference}}}) == [f"Step check: {fault}"]


def test_the_old_placeholder_is_understood():
    steps = flow("main", step("a"), step("b", "job.get", "a"))
    plan = planned(steps, given={"b": {"parameters": {"job_id": "<<PULLED FROM a>>", "tags": ["no <<reference"]}}})
    assert plan.steps[1].parameters["job_id"] == "{{steps.a.job_id}}"
    assert plan.warnings == ("Step b: <<PULLED FROM a>> is the old form of a reference. Write {{steps.a.job_id}}",)


@pytest.mark.parametrize(
    "text", ["{{steps.a.job_id", "{{steps.a.job_id}", "<<PULLED FROM >>", "x {{ runs.a.b", "<<PULLED FROM a"]
)
def test_what_begins_like_a_reference_is_warned_of(text):
    steps = flow("main", step("a"), step("b", "job.get", "a"))
    plan = planned(steps, given={"b": {"parameters": {"job_id": "7", "tags": [text]}}})
    assert plan.steps[1].parameters["tags"] == [text]
    assert plan.warnings == (
        f"Step b: '{text}' has the beginning of a reference and stays as it is. Write {{{{steps.STEP.KEY}}}} or "
        "{{runs.NAME.KEY}}",
    )


def test_a_reference_that_is_not_closed_before_the_next_is_no_reference():
    steps = flow("main", step("a"), step("b", "job.get", "a"))
    given = {"b": {"parameters": {"job_id": "{{steps.a.job_id and {{steps.a.job_id}}"}}}
    assert refused(steps, given=given) == [
        "Step b: {{steps.a.job_id and {{steps.a.job_id}} is no reference "
        "(close the first one before the second one opens)"
    ]


NESTED = (
    flow(
        "main",
        step("a"),
        step("mid", "workflow:w.sub", "a", trigger_rule="one_failed", retry="constant(1)"),
        step("z", "job.get", "mid"),
    ),
    flow("sub", step("a", "job.get"), step("b", "job.get"), step("c", "workflow:w.leaf", "a b", timeout=5)),
    flow("leaf", step("x"), step("y", after="x", retry="exponential(2)", retry_max=0), step("z", after="x")),
)
NESTED_GIVEN = {
    "mid": {
        "config_id": "2",
        "parameters": {
            "a": {"parameters": {"job_id": "{{steps.a.job_id}}"}, "config_id": "1"},
            "b": {"parameters": {"job_id": "1"}},
        },
    },
    "z": {"parameters": {"job_id": "{{steps.mid.c.y.0.job_id}}"}},
}


def test_workflows_within_become_one_flat_dag():
    plan = planned(*NESTED, given=NESTED_GIVEN)
    assert shape(plan) == [
        ("a", ()),
        ("mid.a", ("a",)),
        ("mid.b", ("a",)),
        ("mid.c.x", ("mid.a", "mid.b")),
        ("mid.c.y", ("mid.c.x",)),
        ("mid.c.z", ("mid.c.x",)),
        ("z", ("mid.c.y", "mid.c.z")),
    ]
    assert [each.config.id for each in plan.steps] == ["1", "1", "2", "2", "2", "2", "1"]
    assert [each.trigger_rule for each in plan.steps[:4]] == ["all_success", "one_failed", "one_failed", "all_success"]
    assert [(each.retry, each.retry_max, each.timeout) for each in plan.steps[2:6]] == [
        ("constant(1)", None, None),
        ("constant(1)", None, 5),
        ("exponential(2)", 0, 5),
        ("constant(1)", None, 5),
    ]
    assert {key: each.address for key, each in plan.workflows.items()} == {
        "": "workflow.w.main",
        "mid": "workflow.w.sub",
        "mid.c": "workflow.w.leaf",
    }
    # Within, the id of the step itself cannot be meant: it is the one outside.
    assert plan.steps[1].parameters["job_id"] == "{{steps.a.job_id}}"
    assert plan.steps[1].references[0].step == "a"
    assert (plan.steps[-1].references[0].step, plan.steps[-1].references[0].path) == ("mid.c.y", ("0", "job_id"))


def test_faults_within_are_told_with_the_full_id():
    given = {
        "mid": {"parameters": {"a": {"parameters": {"job_id": "{{steps.mid.c.x}}"}}, "bb": {}}},
        "z": {"parameters": {"job_id": "{{steps.mid.x}}"}},
    }
    assert refused(*NESTED, given=given, pairs=["mid.c.x.y:1", "mid.q.x:1", "mid.k:1"]) == [
        "Step mid is a workflow: k names none of its steps (the steps are a, b, c)",
        "Step mid.a: {{steps.mid.c.x}}: mid.c.x comes after mid.a (refer to a step before it)",
        "Step mid.b: Required parameter not specified: job_id",
        "Step mid.c.x: Unknown parameter: y (operator no:op takes: no parameters)",
        "Step z: {{steps.mid.x}}: mid is a workflow (name one of its steps: a, b, c)",
        "Unknown step: mid.bb (did you mean 'b'?)",
        "Unknown step: mid.q (the steps are a, b, c)",
    ]


def test_workflows_without_an_order_are_refused_by_name():
    circle = (flow("main", step("a", "workflow:w.sub")), flow("sub", step("b", "workflow:w.main")))
    assert refused(*circle, error=ResourceError) == [
        "workflows contain one another: workflow.w.main -> workflow.w.sub -> workflow.w.main "
        "(take one of these steps out)"
    ]
    steps = (flow("main", step("a", "workflow:w.sub")), flow("sub", step("b", after="c"), step("c", after="b")))
    assert refused(*steps, error=ResourceError) == [
        "Workflow w:sub: Cycle detected. Repeated steps: b, c (remove one of the dependencies)"
    ]


def test_workflows_that_multiply_or_nest_without_end_are_refused():
    ten = [flow(f"f{n}", *(step(f"s{i}", f"workflow:w.f{n + 1}") for i in range(10))) for n in range(9)]
    assert refused(*ten, flow("f9", step("s")), name="f0", error=ResourceError) == [
        "Workflow w:f0: there are more than 50,000 steps, with those of the workflows in it (split it)"
    ]
    deep = [flow(f"f{n}", step("s", f"workflow:w.f{n + 1}")) for n in range(expansion.MAX_NESTED)]
    last = flow(f"f{expansion.MAX_NESTED}", step("s"))
    assert refused(*deep, last, name="f0", error=ResourceError) == [
        "Workflow w:f0: workflows nest deeper than 100 levels (split it)"
    ]
    assert len(planned(*deep, last, name="f1").steps) == 1


def test_a_python_operator_is_surveyed_and_its_source_handed_on():
    text = "import mason\nclass NoOp(mason.Operator):\n    def run(self, ctx):\n        ctx.storage.delete(path='x')\n"
    source = json.dumps({"__init__.py": text}).encode()
    operator = {key: value for key, value in NOOP.items() if key != "do"}
    state = snapshot(*CONFIGS, flow("main", step("a"), step("b")))
    entries = dict(state.resources) | {"operator.no.op": Entry("operator", "sha256:x", operator, module="sha256:m")}
    plan = prepare(
        "workflow.w.main",
        given_for_workflow({}),
        lookup=entries.get,
        read_source={"sha256:m": source}.__getitem__,
        catalog=registry,
        config_id="1",
    )
    assert [each.source for each in plan.steps] == [source, source]
    assert [str(call) for call in plan.steps[0].shown.calls] == ["for memory as storage do delete(...)"]
    assert not plan.is_read_only


CREATE = {
    "type": "operator",
    "namespace": "db",
    "command": "make",
    "do": [{"metastore.create_database": {"database": "x"}}],
}


def test_a_workflow_that_only_reads_has_no_step_that_changes_something():
    inner = flow("inner", step("make", "db.make"))
    outer = flow("main", step("look"), step("within", "workflow:w.inner")) | {"read_only": True}
    assert refused(inner, outer, operators=(NOOP, CREATE)) == [
        "Step within.make: Operator db:make may change things, but Workflow w:main says read_only: true "
        "(remove read_only: true from the workflow, or the step)"
    ]
    assert not planned(inner, outer | {"read_only": False}, operators=(NOOP, CREATE)).is_read_only
    assert planned(flow("main", step("look")) | {"read_only": True}).is_read_only


def with_class(workflow, **more):
    """A state that holds ``workflow`` with a class, and the sources of it."""
    name = "".join(part.capitalize() for part in ("w", workflow["command"]))
    text = f"import mason\n\nclass {name}(mason.Workflow):\n    def step(self, current, next):\n        pass\n"
    state = snapshot(*CONFIGS, NOOP)
    held = snapshot(workflow | more, module="sha256:abc")
    return {**state.resources, **held.resources}, {"sha256:abc": json.dumps({"__init__.py": text}).encode()}


@pytest.mark.parametrize(("more", "is_read_only"), [({}, False), ({"read_only": True}, True)])
def test_a_class_that_decides_on_steps_is_python_too(more, is_read_only):
    entries, sources = with_class(flow("main", step("look")), **more)
    plan = prepare(
        "workflow.w.main",
        given_for_workflow({}),
        lookup=entries.get,
        read_source=sources.__getitem__,
        catalog=registry,
        config_id="1",
    )
    assert plan.is_read_only is is_read_only


def test_a_class_without_a_promise_is_refused_within_a_workflow_that_only_reads():
    entries, sources = with_class(flow("inner", step("look")))
    outer = flow("main", step("within", "workflow:w.inner")) | {"read_only": True}
    entries |= snapshot(outer).resources
    with pytest.raises(ParameterError) as refusal:
        prepare(
            "workflow.w.main",
            given_for_workflow({}),
            lookup=entries.get,
            read_source=sources.__getitem__,
            catalog=registry,
            config_id="1",
        )
    assert str(refusal.value) == (
        "Step within.look: class WInner, which decides on it, may change things, but Workflow w:main says "
        "read_only: true (remove read_only: true from the workflow, or the step)"
    )


@pytest.mark.parametrize("referring", ["first", "previous"])
def test_a_chain_of_thousands_of_steps(referring):
    steps = [step("s0")] + [step(f"s{n}", "job.get", f"s{n - 1}") for n in range(1, 5000)]
    target = (lambda n: 0) if referring == "first" else (lambda n: n - 1)
    given = {f"s{n}": {"parameters": {"job_id": f"{{{{steps.s{target(n)}.x}}}}"}} for n in range(1, 5000)}
    plan = planned(flow("main", *steps), given=given)
    assert [each.id for each in plan.steps] == [f"s{n}" for n in range(5000)]


def test_a_fan_of_thousands_of_steps_that_one_collects():
    steps = [step("s0"), *(step(f"s{n}", after="s0") for n in range(1, 5000))]
    names = [f"s{n}" for n in range(1, 5000)]
    last = step("last", "job.get", " ".join(names))
    given = {"last": {"parameters": {"job_id": "1", "tags": [f"{{{{steps.{name}.x}}}}" for name in names]}}}
    assert len(planned(flow("main", *steps, last), given=given).steps[-1].references) == 4999


# --- resolve ----------------------------------------------------------------------------------------------------------


def resolved(job_id, results, tags=None):
    steps = flow("main", step("a"), step("b"), step("c", "job.get", "a b"))
    parameters = {"job_id": job_id} | ({"tags": tags} if tags is not None else {})
    return resolve(planned(steps, given={"c": {"parameters": parameters}}).steps[-1], results)


@pytest.mark.parametrize(
    ("job_id", "data", "value"),
    [
        ("{{steps.a.job_id}}", [{"job_id": "j1"}], "j1"),
        (" {{ steps.a.job_id }} ", [{"job_id": 5}], "5"),
        (
            "job {{steps.a.job_id}}/{{steps.a.n}}{{steps.a.none}}",
            [{"job_id": "j1", "n": True, "none": None}],
            "job j1/true",
        ),
        ("{{steps.a.1.job_id}}", [{"job_id": "j1"}, {"job_id": "j2"}], "j2"),
        ("{{steps.a.0.job_id}}", [{"job_id": "j1"}], "j1"),
        ("{{steps.a.0}}", [{"0": "key"}], "key"),
        ("{{steps.a.result.files.1}}", [{"result": {"files": ["f", "g"]}}], "g"),
        ("{{steps.a}}", ["text"], "text"),
        ("{{steps.a.job_id}}", [{"job_id": "{{steps.b.job_id}}"}], "{{steps.b.job_id}}"),
    ],
)
def test_references_are_filled(job_id, data, value):
    assert resolved(job_id, {"a": data, "b": "skipped"}) == {"job_id": value, "tags": None}


def test_values_keep_their_type_and_take_the_declared_one():
    assert resolved("x", {"a": [{"tags": [1, "x"]}]}, "{{steps.a.tags}}")["tags"] == [1, "x"]
    assert resolved("x", {"a": [{"tags": '["y"]'}]}, "{{steps.a.tags}}")["tags"] == ["y"]
    assert resolved("x", {"a": [{"tags": 7}]}, ["{{steps.a.tags}}", "t"])["tags"] == [7, "t"]
    assert resolved("x", {"a": [1, 2]}, "{{steps.a}}")["tags"] == [1, 2]
    assert resolved("x", {"a": [{"tags": None}]}, "{{steps.a.tags}}")["tags"] is None


@pytest.mark.parametrize(
    ("job_id", "result", "fault"),
    [
        ("{{steps.a.x}}", "skipped", "needs {{steps.a.x}}, but a was skipped"),
        ("{{steps.a.x}}", "failed", "needs {{steps.a.x}}, but a failed"),
        ("{{steps.a.x}}", [], "needs {{steps.a.x}}, but a returned nothing"),
        ("{{steps.a.x}}", [{"y": 1, "z": 2}], "needs {{steps.a.x}}, but what a returned has no x (it has: y, z)"),
        ("{{steps.a.x.y}}", [{"x": {"z": 1}}], "needs {{steps.a.x.y}}, but x of a has no y (it has: z)"),
        ("{{steps.a.x.y}}", [{"x": 5}], "needs {{steps.a.x.y}}, but x of a is the number 5 and has no y"),
        (
            "{{steps.a.x.y}}",
            [{"x": [1]}],
            "needs {{steps.a.x.y}}, but x of a is a list (write which item, such as 0, in place of y)",
        ),
        ("{{steps.a.x.1}}", [{"x": [1]}], "needs {{steps.a.x.1}}, but x of a has 1 item, counted from 0"),
        ("{{steps.a.2.x}}", [1, 2], "needs {{steps.a.2.x}}, but what a returned has 2 items, counted from 0"),
        (
            "{{steps.a.x}}",
            [{"x": 1}, {"x": 2}],
            "needs {{steps.a.x}}, but a returned 2 items (write which one, such as {{steps.a.0.x}})",
        ),
    ],
)
def test_what_cannot_be_had_is_said(job_id, result, fault):
    with pytest.raises(ParameterError) as caught:
        resolved(job_id, {"a": result})
    assert str(caught.value) == f"Step c {fault}"


def test_all_that_does_not_fit_is_said_at_once():
    with pytest.raises(ParameterError) as caught:
        resolved("{{steps.a.x}}", {"a": [{"x": None, "y": {}}]}, "{{steps.a.y}}")
    assert str(caught.value).splitlines() == [
        "Step c: Parameter tags must be a list (JSON, such as [1, 2]), not {}",
        "Step c: Required parameter not specified: job_id",
    ]
    with pytest.raises(ParameterError) as caught:
        resolved("{{steps.a.x}}{{steps.b.x}}", {"a": "failed"})
    assert str(caught.value).splitlines() == [
        "Step c needs {{steps.a.x}}, but a failed",
        "Step c needs {{steps.b.x}}, but b did not run",
    ]


def test_types_of_what_is_not_known_yet_are_not_checked():
    later = replace_do({"metastore.get_table": {"database": "{{limit}}", "table": "{{limit.part}}"}, "as": "t"})
    steps = flow("main", step("a"), step("b", "table.infer", "a"))
    given = {"b": {"parameters": {"database_name": "x", "limit": "{{steps.a.n}}"}}}
    plan = planned(steps, operators=(later, NOOP), given=given)
    assert [str(call) for call in plan.steps[1].shown.calls] == [
        "for memory as metastore do get_table(database='{{steps.a.n}}', table='{{limit.part}}')",
        "for memory as execution do preview(table='{{t}}', limit='{{steps.a.n}}')",
    ]
    assert resolve(plan.steps[1], {"a": [{"n": "3"}]}) == {"database_name": "x", "limit": 3}
    unchanged = replace(plan.steps[1], waiting=())
    assert resolve(unchanged, {})["limit"] == "{{steps.a.n}}"


def replace_do(*sentences):
    return INFER | {"do": [*sentences, {"execution.preview": {"table": "{{t}}", "limit": "{{limit}}"}}]}


def test_a_workflow_that_supports_other_schedulers_than_the_config_has():
    other = {"supported_schedulers": ["local", "local_async"]}
    told = (
        "supports the schedulers local, local_async, and config 1 has memory "
        "(choose another config, or another workflow)"
    )
    outer = flow("main", step("a"), step("b", "workflow:w.inner"))
    assert refused(outer | other, flow("inner", step("c")) | other) == [
        f"Workflow w:inner {told}",
        f"Workflow w:main {told}",
    ]
    either = {"supported_schedulers": ["local", "memory"]}
    assert shape(planned(outer | either, flow("inner", step("c")))) == [("a", ()), ("b.c", ())]
