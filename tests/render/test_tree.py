"""A run as a tree: pure lines of every width and height, from the events of a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mason.clients import registry
from mason.dryrun.prepare import prepare
from mason.engines.progress import Progress
from mason.render.terminal import Terminal, cells, printable
from mason.render.tree import Tree
from mason.resources.workflow_file import given_for_workflow
from tests.planner.conftest import snapshot

CONFIG = {"type": "config", "id": "1", "metastore_clients": ["memory"]}
NOOP = {"type": "operator", "namespace": "no", "command": "op", "do": [{"metastore.list_databases": {}}]}
WIDE = Terminal(width=80)
AT = {"started_at": "2026-11-21T10:00:00.000+00:00", "finished_at": "2026-11-21T10:00:01.500+00:00"}


def flow(command, *steps):
    dag = []
    for each in steps:
        name, _, uses = each.partition("=")
        kind, inner = ("workflow", uses) if uses else ("operator", "op")
        dag.append({"id": name, "type": kind, "namespace": "no", "command": inner})
    return {"type": "workflow", "namespace": "no", "command": command, "dag": dag}


def grown(*steps, inner=("one", "two"), done=()):
    """The tree of a workflow with these steps; ``name=inner`` is a workflow within, ``name=middle`` one with one."""
    flows = (flow("main", *steps), flow("inner", *inner), flow("middle", "m=inner"))
    state = snapshot(CONFIG, NOOP, *flows)
    plan = prepare(
        "workflow.no.main",
        given_for_workflow({}),
        lookup=state.resources.get,
        read_source={}.__getitem__,
        catalog=registry,
        config_id="1",
    )
    return Tree(plan, {event["step"]: event for event in done})


def started(step, attempt=1):
    return {"event": "started", "step": step, "attempt": attempt}


def retrying(step, delay, error="it broke", attempt=1):
    return {"event": "retrying", "step": step, "attempt": attempt, "delay": delay, "error": error}


def ended(step, status="succeeded", error="", attempts=1, **times):
    return {"event": "ended", "step": step, "status": status, "attempts": attempts, "error": error} | (times or AT)


NEVER = {"started_at": "", "finished_at": ""}


def test_each_step_says_how_it_does():
    tree = grown("waiting", "running", "resting", "again", "good", "bad", "behind", "left", "cut", "late")
    for name in ("running", "resting", "again", "good", "bad", "cut"):
        tree.take(started(name), 100.0)
    tree.take(retrying("resting", 4.0, "no luck\nat all"), 101.0)
    tree.take(retrying("again", 0.5), 101.0)
    tree.take(started("again", 2), 101.5)
    tree.take(ended("good", attempts=3), 102.0)
    tree.take(ended("bad", "failed", "first\nsecond"), 102.0)
    tree.take(ended("behind", "upstream_failed", **NEVER), 102.0)
    tree.take(ended("left", "skipped", **NEVER), 102.0)
    tree.take(ended("cut", "interrupted"), 102.0)
    tree.take(ended("late", "cancelled", **NEVER), 102.0)
    assert tree.lines(103.4, WIDE, 10) == [
        ". waiting  no:op  waiting",
        "> running  no:op  running 3 s",
        "↻ resting  no:op  retrying in 2 s: no luck",
        "> again    no:op  running 3 s (attempt 2)",
        "✓ good     no:op  succeeded after 1.5 s in 3 attempts",
        "✗ bad      no:op  failed after 1.5 s: first",
        "✗ behind   no:op  upstream failed",
        "- left     no:op  skipped",
        "✗ cut      no:op  interrupted after 1.5 s",
        "- late     no:op  cancelled",
    ]


def test_workflows_within_stand_above_their_steps_and_sum_them_up():
    tree = grown("a", "b=middle", "c=inner")
    assert [line.split()[1] for line in tree.lines(0.0, WIDE, 20)] == ["a", "b", "m", "one", "two", "c", "one", "two"]
    assert tree.lines(0.0, WIDE, 20)[:2] == [
        ". a        no:op               waiting",
        ". b        workflow no:middle  waiting",
    ]
    tree.take(started("b.m.one"), 10.0)
    tree.take(ended("b.m.one"), 12.0)
    assert tree.lines(14.0, WIDE, 20)[1:5] == [
        "> b        workflow no:middle  running 4 s, 1 of 2 steps",
        "  > m      workflow no:inner   running 4 s, 1 of 2 steps",
        "    ✓ one  no:op               succeeded after 1.5 s",
        "    . two  no:op               waiting",
    ]
    tree.take(started("b.m.two"), 14.0)
    tree.take(ended("b.m.two"), 15.5)
    assert tree.lines(20.0, WIDE, 20)[1:3] == [
        "✓ b        workflow no:middle  succeeded after 5.5 s",
        "  ✓ m      workflow no:inner   succeeded after 5.5 s",
    ]


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("succeeded", "skipped", "succeeded"),
        ("skipped", "skipped", "skipped"),
        ("failed", "upstream_failed", "failed"),
        ("succeeded", "cancelled", "cancelled"),
        ("cancelled", "interrupted", "interrupted"),
    ],
)
def test_a_workflow_within_did_as_the_worst_of_its_steps(first, second, status):
    tree = grown("a=inner")
    tree.take(ended("a.one", first), 1.0)
    tree.take(ended("a.two", second), 1.0)
    assert tree.lines(1.0, WIDE, 9)[0].partition("no:inner  ")[2] == status


def test_what_was_done_before_is_there_from_the_beginning():
    tree = grown("a=inner", "b", done=[ended("a.one"), ended("a.two")])
    assert tree.lines(50.0, WIDE, 9) == [
        "✓ a      workflow no:inner  succeeded",
        "  ✓ one  no:op              succeeded after 1.5 s",
        "  ✓ two  no:op              succeeded after 1.5 s",
        ". b      no:op              waiting",
    ]


def many():
    tree = grown(*(f"s{number}" for number in range(1000)))
    for number in range(312):
        tree.take(started(f"s{number}"), 1.0)
        tree.take(ended(f"s{number}", "failed" if number in (7, 300) else "succeeded", "boom" * (number == 300)), 2.0)
    for number in (400, 401, 405):
        tree.take(started(f"s{number}"), 3.0)
    tree.take(retrying("s405", 9.0), 3.0)
    return tree


def test_a_workflow_of_which_a_part_was_done_before():
    tree = grown("a=inner", done=[ended("a.one")])
    assert tree.lines(50.0, WIDE, 9)[0] == "> a      workflow no:inner  running, 1 of 2 steps"
    tree.take(started("a.two"), 51.0)
    assert tree.lines(53.0, WIDE, 9)[0] == "> a      workflow no:inner  running 2 s, 1 of 2 steps"


def test_of_many_steps_those_are_shown_that_run_or_failed():
    assert many().lines(4.0, WIDE, 23) == [
        "✗ s7    no:op  failed after 1.5 s",
        "✗ s300  no:op  failed after 1.5 s: boom",
        "> s400  no:op  running 1 s",
        "> s401  no:op  running 1 s",
        "↻ s405  no:op  retrying in 8 s: it broke",
        "310 succeeded, 2 failed, 2 running, 1 retrying, 685 waiting",
    ]


def test_where_even_those_have_no_room_what_runs_is_shown_and_what_failed_last():
    shown = many().lines(4.0, WIDE, 5)
    assert [line.split()[1] for line in shown[:-1]] == ["s300", "s400", "s401", "s405"]
    assert many().lines(4.0, WIDE, 1) == ["310 succeeded, 2 failed, 2 running, 1 retrying, 685 waiting"]
    assert many().lines(4.0, WIDE, 0) == []


def test_what_runs_within_a_workflow_is_shown_below_it():
    tree = grown("a=middle", "b", "c")
    tree.take(started("a.m.two"), 1.0)
    assert tree.lines(1.0, WIDE, 4) == [
        "> a        workflow no:middle  running 0 s, 0 of 2 steps",
        "  > m      workflow no:inner   running 0 s, 0 of 2 steps",
        "    > two  no:op               running 0 s",
        "1 running, 3 waiting",
    ]
    # Its line alone would say nothing of where it is.
    assert tree.lines(1.0, WIDE, 3) == ["1 running, 3 waiting"]


def test_long_work_shows_how_far_it_is():
    tree = grown("a", "b")
    tree.take(started("a"), 1.0)
    tree.report("a", Progress(0, 100, "rows", "Counting"), 2.0)
    tree.report("a", Progress(50, 100, "rows", "Counting"), 4.0)
    assert tree.lines(4.0, WIDE, 9)[0] == (
        "> a  no:op  running 3 s  Counting [=====     ]  50%  50 of 100 rows  2 s left"
    )
    assert tree.lines(4.0, Terminal(width=45), 9)[0] == "> a  no:op  running 3 s"
    tree.report("a", Progress(100, 100, "rows", "Counting", ended=True), 5.0)
    assert tree.lines(5.0, WIDE, 9)[0] == "> a  no:op  running 4 s"
    tree.take(ended("a"), 6.0)
    # What reports from another thread may come late.
    tree.report("a", Progress(50, 100, "rows", "Counting"), 6.0)
    assert tree.lines(6.0, WIDE, 9)[0] == "✓ a  no:op  succeeded after 1.5 s"


def test_colours_are_for_terminals_that_want_them():
    tree = grown("a")
    tree.take(ended("a", "failed", "x"), 1.0)
    assert tree.lines(1.0, Terminal(color=True, width=80), 9) == [
        "\033[31m✗ \033[0ma  \033[2mno:op  \033[0m\033[31mfailed\033[0m after 1.5 s: x"
    ]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"event": "said", "step": "a", "kind": "info", "message": "hello"}, "a: hello"),
        ({"event": "said", "step": "a", "kind": "error", "message": "hello"}, ""),
        (ended("a", "failed", "short"), ""),
        (ended("a", "failed", "two\nlines"), "a: failed after 1.5 s: two\nlines"),
        (ended("a", "failed", "x" * 60), f"a: failed after 1.5 s: {'x' * 60}"),
        # Where a run is stopped, that is said of each step that is left.
        (ended("a", "cancelled", "x" * 60), ""),
        (ended("a"), ""),
        (started("a"), ""),
        ({"event": "begun"}, ""),
    ],
)
def test_what_has_no_room_in_its_line_is_told_beside_the_tree(event, told):
    tree = grown("a")
    tree.take(event, 1.0)
    assert tree.told(event, WIDE) == told


@given(st.text(), st.integers(1, 120), st.integers(0, 12), st.booleans())
def test_lines_are_narrower_than_the_terminal_and_no_more_than_it_has(error, width, most, color):
    tree = grown("first", "second=inner", "third", "a_step_with_a_name_that_is_very_long_indeed_and_longer")
    tree.take(started("second.one"), 1.0)
    tree.report("second.one", Progress(3, 7, "rows", error), 1.0)
    tree.take(started("third"), 1.0)
    tree.take(retrying("third", 3.0, error), 1.0)
    tree.take(ended("first", "failed", error), 1.0)
    lines = tree.lines(2.0, Terminal(width=width), most)
    assert len(lines) <= most
    for line in lines:
        assert cells(line) < max(width, 2)
        assert printable(line.replace("\n", "\0")) == line
    coloured = tree.lines(2.0, Terminal(color=color, width=width), most)
    assert len(coloured) == len(lines)
