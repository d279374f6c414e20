"""Asking classes of workflows: what they are shown of many steps, and whose turn it is."""

from __future__ import annotations

import json
import threading

import pytest

from mason.clients import registry
from mason.dryrun.planned import WorkflowPlan
from mason.dryrun.prepare import prepare
from mason.errors import DecisionError
from mason.resources.parameters import parse_pairs
from mason.resources.workflow_file import given_for_workflow
from mason.runtime.deciding import MAX_DATA, Deciders
from mason.runtime.nodes import Ended, Node, Observer, Skip
from mason.runtime.walk import Control, walk
from mason.state.snapshot import Entry
from tests.dryrun.test_prepare import CONFIGS, NOOP, flow, step
from tests.planner.conftest import snapshot


def plan(*flows, **sources: str) -> WorkflowPlan:
    """A plan of ``w:main``; ``sources`` are what the classes of the flows of these names do in ``step``."""
    state = snapshot(*CONFIGS, NOOP, *flows)
    kept = {}

    def lookup(address: str) -> Entry | None:
        entry = state.resources.get(address)
        name = address.rpartition(".")[2]
        if entry is None or not address.startswith("workflow.") or name not in sources:
            return entry
        lines = "".join(f"        {line}\n" for line in sources[name].splitlines())
        text = f"import mason\nclass W{name.capitalize()}(mason.Workflow):\n    def step(self, current, next):\n{lines}"
        kept[name] = json.dumps({"__init__.py": text}).encode()
        return Entry(entry.kind, entry.digest, entry.definition, module=name)

    return prepare(
        "workflow.w.main",
        given_for_workflow({}, parse_pairs([])),
        lookup=lookup,
        read_source=kept.__getitem__,
        catalog=registry,
        config_id="1",
    )


def told(deciders: Deciders, planned: WorkflowPlan, name: str) -> str:
    """The reason with which the step is skipped: the classes here tell what they see in it."""
    (asked,) = (each for each in planned.steps if each.id == name)
    with pytest.raises(Skip) as skipped:
        deciders.decide(asked, lambda: asked.parameters)
    return str(skipped.value)


def ended(deciders: Deciders, name: str, status: str = "succeeded", data=(), second: int = 0, **more) -> None:
    at = f"2026-11-21T10:15:{second:02}.000+00:00"
    event = {"step": name, "status": status, "attempts": 1, "started_at": at, "finished_at": at, **more}
    deciders.took(event, deciders.shown(name, list(data)))


JOIN = flow("main", step("a"), step("b"), step("c"), step("end", after="a b c"))


def test_current_is_what_ended_last_whatever_the_order_in_the_file():
    planned = plan(JOIN, main="return self.skip(current.id)")
    for times, last in (((2, 3, 1), "b"), ((3, 2, 1), "a"), ((1, 1, 1), "c")):
        deciders = Deciders(planned)
        for name, second in zip("abc", times, strict=True):
            ended(deciders, name, second=second)
        assert told(deciders, planned, "end") == last
        deciders.close()


def test_what_has_not_ended_is_left_out():
    planned = plan(
        flow("main", step("a"), step("b"), step("end", after="a b", trigger_rule="one_failed")),
        main="return self.skip(f'{current.id} {list(next.dependencies)} {len(next.dependencies)}')",
    )
    deciders = Deciders(planned)
    ended(deciders, "b", "failed")
    assert told(deciders, planned, "end") == "b ['b'] 1"
    deciders.close()


INNER = flow("inner", step("one"), step("two", after="one"), step("three", after="one"))
OUTER = flow("main", step("a"), step("within", "workflow:w.inner", "a"), step("end", after="within"))
TELL = (
    "times = current.started and f'{current.started:%S}-{current.finished:%S}'\n"
    "return self.skip(f'{current.id} {current.status} {current.data} {current.error!r} {current.attempts} {times}')"
)


@pytest.mark.parametrize(
    ("two", "three", "seen"),
    [
        (("succeeded", [2]), ("succeeded", [3, 4]), "within succeeded [2, 3, 4] '' 2 05-07"),
        (("succeeded", [2]), ("skipped", []), "within skipped [2] 'why' 2 05-07"),
        (("failed", []), ("upstream_failed", []), "within failed [] 'why\\nwhy' 2 05-07"),
    ],
)
def test_a_workflow_within_ended_as_its_last_steps_did(two, three, seen):
    planned = plan(OUTER, INNER, main=TELL)
    deciders = Deciders(planned)
    ended(deciders, "within.one", "failed", second=9)
    for name, (status, data), second in (("within.two", two, 5), ("within.three", three, 7)):
        ended(deciders, name, status, data, second, error="" if status == "succeeded" else "why")
    assert told(deciders, planned, "end") == seen
    deciders.close()


def test_an_inner_class_knows_nothing_of_the_outer_steps():
    planned = plan(OUTER, INNER, inner="return self.skip(f'{next.id} {current} {dict(next.dependencies)}')")
    deciders = Deciders(planned)
    ended(deciders, "a")
    assert told(deciders, planned, "within.one") == "one None {}"
    assert [deciders.decides(each.id) for each in planned.steps] == [False, True, True, True, False]
    deciders.close()


def test_each_place_of_a_workflow_has_an_instance_of_its_own():
    twice = flow("main", step("x", "workflow:w.inner"), step("y", "workflow:w.inner"))
    planned = plan(
        twice, INNER, inner="self.asked = getattr(self, 'asked', 0) + 1\nreturn self.skip(f'{next.id} {self.asked}')"
    )
    deciders = Deciders(planned)
    assert [told(deciders, planned, each) for each in ("x.one", "y.one", "x.two")] == ["one 1", "one 1", "two 2"]
    assert told(deciders, planned, "x.one") == "one 1"
    deciders.close()


def test_data_is_shown_only_where_a_class_may_look_at_it_and_up_to_a_size():
    deciders = Deciders(plan(OUTER, INNER, main="pass"))
    assert [deciders.shown(name, [1]) for name in ("a", "within.two", "within.one", "end")] == [[1], [1], None, None]
    fits = ["ä" * (MAX_DATA // 2 - 2)]
    assert deciders.shown("a", fits) is fits
    assert deciders.shown("a", ["ä" * (MAX_DATA // 2 - 1)]) is None
    assert deciders.shown("a", None) is None
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert deciders.shown("a", deep) is None
    assert Deciders(plan(OUTER, INNER)).shown("a", [1]) is None


def test_parts_that_were_too_large_make_the_whole_unknown():
    planned = plan(OUTER, INNER, main="return self.skip(str(current.data))")
    deciders = Deciders(planned)
    ended(deciders, "within.two", data=[2])
    ended(deciders, "within.three", data=["x" * MAX_DATA])
    assert told(deciders, planned, "end") == "None"
    deciders.close()


def test_only_what_is_looked_at_is_copied():
    wide = [step(f"s{number}") for number in range(2000)]
    planned = plan(
        flow("main", *wide, step("end", after=" ".join(each["id"] for each in wide))),
        main="return self.skip(f'{len(next.dependencies)} {next.dependencies[\"s7\"].data}')",
    )
    deciders = Deciders(planned)
    for number in range(2000):
        # What nobody can copy.
        data = [7] if number in (7, 1999) else [threading.Lock()]
        deciders.took({"step": f"s{number}", "status": "succeeded"}, data)
    assert told(deciders, planned, "end") == "2000 [7]"
    deciders.close()


def test_a_journal_that_somebody_edited_shows_no_times():
    planned = plan(JOIN, main="return self.skip(f'{current.id} {current.started} {current.finished}')")
    deciders = Deciders(planned)
    for name, at in (("a", "2026-11-21"), ("b", None), ("c", "noon")):
        ended(deciders, name, started_at=at, finished_at=at)
    assert told(deciders, planned, "end") == "c None None"
    deciders.close()


def test_who_waits_for_a_turn_and_is_given_up_does_not_make_the_one_that_is_asked_late(tmp_path):
    """Three steps of an inner workflow wait for one answer about it; the one with a timeout gives up first."""
    asked, free = tmp_path / "asked", tmp_path / "free"
    inner = flow("inner", step("one"), step("two", timeout=1), step("three"))
    planned = plan(
        flow("main", step("within", "workflow:w.inner")),
        inner,
        main=f"import os, time\nopen({str(asked)!r}, 'w')\n"
        f"while not os.path.exists({str(free)!r}):\n    time.sleep(0.01)",
    )
    deciders, control = Deciders(planned), Control()
    steps = {each.id: each for each in planned.steps}
    pause = threading.Event()

    def work(id: str, attempt: int) -> str:
        while id != "within.one" and not asked.exists():
            pause.wait(0.01)
        deciders.decide(steps[id], dict)
        return id

    class Freeing(Observer):
        def ended(self, id: str, ended: Ended) -> None:
            if id == "within.two":
                free.touch()

    nodes = [Node(each.id, each.dependencies, timeout=each.timeout) for each in planned.steps]
    found = walk(nodes, work, parallelism=3, observer=Freeing(), control=control)
    deciders.close()
    assert {name: each.status for name, each in found.items()} == {
        "within.one": "succeeded",
        "within.two": "failed",
        "within.three": "succeeded",
    }


def test_reasons_to_fail_are_errors_that_are_not_tried_again():
    planned = plan(JOIN, main="return self.fail('no rows')")
    deciders = Deciders(planned)
    for _ in range(2):
        with pytest.raises(DecisionError, match=r"^no rows$"):
            deciders.decide(planned.steps[0], dict)
    deciders.close()
