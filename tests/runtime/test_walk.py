"""Walking DAGs: which nodes begin, in which order, how often they are tried, and how a walk is made to end."""

from __future__ import annotations

import contextvars
import gc
import itertools
import os
import signal
import threading
import weakref
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mason.resources.trigger import TRIGGER_RULES
from mason.runtime import workers
from mason.runtime.walk import Control, Ended, Node, Observer, Retry, Skip, Stop, walk
from tests.waiting import wait_for

# What a test that hangs waits for at most; no test depends on it.
LONG = 60.0
AT_ONCE = Retry("constant", 0.0, 3)


class Told(Observer):
    """Writes down what it is told, and calls ``then`` with the number of events so far."""

    def __init__(self, then: Callable[[int], None] = lambda count: None) -> None:
        self.events: list[str] = []
        self.threads: set[int] = set()
        self.then = then

    def _write(self, event: str) -> None:
        self.events.append(event)
        self.threads.add(threading.get_ident())
        self.then(len(self.events))

    def ready(self, id: str) -> None:
        self._write(f"ready {id}")

    def started(self, id: str, attempt: int) -> None:
        self._write(f"started {id} {attempt}")

    def retrying(self, id: str, attempt: int, delay: float, error: BaseException) -> None:
        self._write(f"retrying {id} {attempt} {error}")

    def ended(self, id: str, ended: Ended) -> None:
        self._write(f"ended {id} {ended.status}")


class Scripted:
    """Work that does what a script says for a node (``fail``, ``skip``, ``stop``), and returns its id otherwise."""

    def __init__(self, **script: str) -> None:
        self.script = script
        self.calls: list[str] = []

    def __call__(self, id: str, attempt: int) -> str:
        self.calls.append(id)
        todo = self.script.get(id, "")
        if todo == "fail":
            raise OSError(f"{id} failed")
        if todo == "skip":
            raise Skip(f"{id} is not wanted")
        if todo == "stop":
            raise Stop("enough", result=id)
        return id


def statuses(ended: dict[str, Ended]) -> dict[str, str]:
    return {name: how.status for name, how in ended.items()}


def chain(length: int) -> list[Node]:
    return [Node(f"n{i}", (f"n{i - 1}",) if i else ()) for i in range(length)]


def fan(width: int) -> list[Node]:
    leaves = [Node(f"n{i}", ("first",)) for i in range(width)]
    return [Node("first"), *leaves, Node("last", tuple(leaf.id for leaf in leaves))]


# --- one node after the other


def test_a_node_begins_after_its_dependencies_and_its_result_is_kept():
    work = Scripted()
    ended = walk([Node("c", ("a", "b")), Node("b", ("a",)), Node("a")], work)
    assert work.calls == ["a", "b", "c"]
    assert list(ended) == ["c", "b", "a"]
    assert [(how.status, how.attempts, how.result, how.error) for how in ended.values()] == [
        ("succeeded", 1, name, None) for name in "cba"
    ]


def test_times_are_aware_and_in_order():
    before = datetime.now(timezone.utc)
    ended = walk(chain(2), Scripted())
    first, second = ended["n0"], ended["n1"]
    assert first.started is not None
    assert first.started.utcoffset() == timedelta(0)
    assert before <= first.started <= first.finished <= second.started <= second.finished


def test_a_clock_that_is_set_back_makes_no_node_end_before_it_began(monkeypatch):
    monkeypatch.setattr(workers, "now", lambda: datetime(2000, 1, 1, tzinfo=timezone.utc))
    ended = walk([Node("a")], Scripted())["a"]
    assert ended.started is not None
    assert ended.finished == ended.started


def test_without_nodes_there_is_nothing_to_do():
    assert walk([], Scripted()) == {}


def test_the_order_of_nodes_decides_where_there_is_a_choice():
    nodes = [Node("end", ("b", "z")), Node("z"), Node("later", ("a",)), Node("b"), Node("a")]
    for _ in range(20):
        work = Scripted()
        walk(nodes, work)
        assert work.calls == ["z", "b", "end", "a", "later"]


def test_work_sees_the_context_of_the_caller_and_keeps_its_own_from_others():
    variable = contextvars.ContextVar("variable", default="nothing")
    variable.set("from the caller")
    seen = []

    def work(id: str, attempt: int) -> None:
        seen.append(variable.get())
        variable.set(id)

    walk(chain(3), work)
    assert seen == ["from the caller"] * 3
    assert variable.get() == "from the caller"


def test_what_cannot_be_walked_is_refused_before_anything_begins():
    work = Scripted()
    cases: list[tuple[list[Node], dict[str, Any], str]] = [
        ([Node("a", ("b",))], {}, "node a depends on b, which is not there"),
        ([Node("a"), Node("b"), Node("a")], {}, "nodes that are there more than once: a"),
        ([Node("a", trigger_rule="always")], {}, "'always' of node a is no trigger rule"),
        ([Node("x"), Node("a", ("b",)), Node("b", ("a",))], {}, "nodes that wait for each other: a, b, a"),
        ([Node("a", ("a",))], {}, "nodes that wait for each other: a, a"),
        ([Node("a")], {"parallelism": 0}, "a walk needs a parallelism of at least 1, not 0"),
        ([Node("a")], {"done": {"a": Ended("interrupted")}}, "node a is interrupted, not done"),
        ([Node("a")], {"done": {"a": Ended("cancelled")}}, "node a is cancelled, not done"),
    ]
    for nodes, options, message in cases:
        with pytest.raises(ValueError) as raised:  # noqa: PT011 - compared as a whole below
            walk(nodes, work, **options)
        assert str(raised.value) == message
    assert work.calls == []


# --- trigger rules

# For each set of statuses that dependencies may end with: what becomes of a node with each rule.
BECOMES = {
    # all_success, none_failed, all_done, one_failed
    "succeeded": ("succeeded", "succeeded", "succeeded", "skipped"),
    "skipped": ("skipped", "succeeded", "succeeded", "skipped"),
    "failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "upstream_failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "skipped succeeded": ("skipped", "succeeded", "succeeded", "skipped"),
    "failed succeeded": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "succeeded upstream_failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "failed skipped": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "skipped upstream_failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "failed upstream_failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "failed skipped succeeded": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "skipped succeeded upstream_failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "failed succeeded upstream_failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "failed skipped upstream_failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
    "failed skipped succeeded upstream_failed": ("upstream_failed", "upstream_failed", "succeeded", "succeeded"),
}
STATUSES = ("succeeded", "failed", "skipped", "upstream_failed")
COMBINATIONS = [
    (rule, combination)
    for count in (1, 2, 3)
    for combination in itertools.product(STATUSES, repeat=count)
    for rule in ("all_success", "none_failed", "all_done", "one_failed")
]


def becomes(rule: str, dependencies: tuple[str, ...]) -> str:
    rules = ("all_success", "none_failed", "all_done", "one_failed")
    return BECOMES[" ".join(sorted(set(dependencies)))][rules.index(rule)]


@pytest.mark.parametrize("parallelism", [1, 3])
def test_every_rule_with_every_combination_of_dependencies(parallelism):
    found, expected = {}, {}
    for rule, combination in COMBINATIONS:
        work = Scripted(broken="fail")
        nodes = [Node("broken")]
        for number, status in enumerate(combination):
            nodes.append(Node(f"d{number}", ("broken",) if status == "upstream_failed" else ()))
            work.script[f"d{number}"] = {"failed": "fail", "skipped": "skip"}.get(status, "")
        names = tuple(node.id for node in nodes[1:])
        ended = walk([Node("last", names, rule), *nodes], work, parallelism=parallelism)
        assert tuple(ended[name].status for name in names) == combination
        found[rule, combination] = ended["last"].status
        expected[rule, combination] = becomes(rule, combination)
        assert ("last" in work.calls) == (found[rule, combination] == "succeeded")
    assert found == expected


def test_every_rule_counts_what_was_done_in_an_earlier_walk():
    found, expected = {}, {}
    for rule, combination in COMBINATIONS:
        names = tuple(f"d{number}" for number in range(len(combination)))
        work = Scripted()
        done = {name: Ended(status) for name, status in zip(names, combination, strict=True)}
        ended = walk([*map(Node, names), Node("last", names, rule)], work, done=done)
        found[rule, combination] = ended["last"].status
        expected[rule, combination] = becomes(rule, combination)
        assert work.calls == (["last"] if ended["last"].status == "succeeded" else [])
    assert found == expected


@pytest.mark.parametrize("rule", TRIGGER_RULES)
def test_a_node_without_dependencies_begins_whatever_its_rule(rule):
    assert statuses(walk([Node("a", (), rule)], Scripted())) == {"a": "succeeded"}


def test_one_failed_begins_as_soon_as_one_failed():
    cleaned = threading.Event()

    def work(id: str, attempt: int) -> None:
        if id == "bad":
            raise OSError
        if id == "slow":
            assert cleaned.wait(LONG)
        if id == "clean":
            cleaned.set()

    nodes = [Node("bad"), Node("slow"), Node("clean", ("bad", "slow"), "one_failed")]
    ended = walk(nodes, work, parallelism=2)
    assert statuses(ended) == {"bad": "failed", "slow": "succeeded", "clean": "succeeded"}


def test_a_failure_reaches_everything_that_hangs_on_it_and_nothing_else():
    work = Scripted(n1="fail")
    ended = walk([*chain(4), Node("other"), Node("clean", ("n3",), "one_failed")], work)
    assert statuses(ended) == {
        "n0": "succeeded",
        "n1": "failed",
        "n2": "upstream_failed",
        "n3": "upstream_failed",
        "other": "succeeded",
        "clean": "succeeded",
    }
    assert str(ended["n1"].error) == "n1 failed"
    assert (ended["n2"].attempts, ended["n2"].started, ended["n2"].error) == (0, None, None)
    assert ended["n2"].finished is not None


# --- several at a time


@pytest.mark.parametrize("parallelism", [1, 2, 5])
def test_as_many_run_at_a_time_as_may_and_never_more(parallelism):
    running, most = set(), 0
    lock, together = threading.Lock(), threading.Barrier(parallelism)

    def work(id: str, attempt: int) -> None:
        nonlocal most
        with lock:
            running.add(id)
            most = max(most, len(running))
        # Only passed when as many are here at once.
        together.wait(LONG)
        with lock:
            running.discard(id)

    ended = walk([Node(f"n{i}") for i in range(parallelism * 6)], work, parallelism=parallelism)
    assert set(statuses(ended).values()) == {"succeeded"}
    assert most == parallelism


def test_no_more_threads_are_begun_than_are_needed_and_none_is_left():
    before = set(threading.enumerate())
    seen = set()

    def work(id: str, attempt: int) -> None:
        seen.add(threading.get_ident())
        assert threading.current_thread().daemon

    walk(chain(50), work, parallelism=8)
    assert len(seen) == 1
    assert threading.get_ident() not in seen
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("parallelism", [1, 2])
@pytest.mark.parametrize("nodes", [chain(10_000), fan(10_000)], ids=["chain", "fan"])
def test_long_chains_and_wide_fans(nodes, parallelism):
    ended = walk(nodes, Scripted(), parallelism=parallelism)
    assert len(ended) == len(nodes)
    assert {how.status for how in ended.values()} == {"succeeded"}


def test_a_failure_goes_through_a_long_chain():
    ended = walk(chain(10_000), Scripted(n0="fail"))
    assert ended["n9999"].status == "upstream_failed"


# --- who is told


def test_the_observer_is_told_everything_in_order_and_in_the_thread_that_walks():
    tries = itertools.count(1)

    def work(id: str, attempt: int) -> None:
        if id == "b" and next(tries) < 3:
            raise OSError("no luck")
        if id == "d":
            raise Skip

    told = Told()
    nodes = [Node("a"), Node("b", ("a",), retry=AT_ONCE), Node("c", ("b",)), Node("d", ("c",)), Node("e", ("d",))]
    walk(nodes, work, observer=told)
    assert told.events == [
        *("ready a", "started a 1", "ended a succeeded"),
        *("ready b", "started b 1", "retrying b 1 no luck", "started b 2", "retrying b 2 no luck", "started b 3"),
        *("ended b succeeded", "ready c", "started c 1", "ended c succeeded"),
        *("ready d", "started d 1", "ended d skipped", "ended e skipped"),
    ]
    assert told.threads == {threading.get_ident()}


def test_started_is_told_before_the_work_is_called():
    told, seen = Told(), []
    walk(chain(5), lambda id, attempt: seen.append(f"started {id} {attempt}" in told.events), observer=told)
    assert seen == [True] * 5


@pytest.mark.parametrize("number", range(1, 10))
def test_what_an_observer_raises_ends_the_walk(number):
    """A journal that cannot be written: nothing begins that it does not know of."""

    def full(count: int) -> None:
        if count == number:
            raise OSError("No space left on device")

    told, work = Told(full), Scripted()
    with pytest.raises(OSError, match="No space left"):
        walk(chain(3), work, observer=told)
    assert len(told.events) == number
    assert len(work.calls) == sum(event.startswith("started") for event in told.events[:-1])


def test_what_runs_is_interrupted_where_the_observer_raises():
    control, interrupted = Control(), threading.Event()

    def work(id: str, attempt: int) -> None:
        if id == "slow":
            control.interrupts.add(interrupted.set)
            assert interrupted.wait(LONG)

    def full(count: int) -> None:
        if told.events[-1] == "ended quick succeeded":
            raise OSError("full")

    told = Told(full)
    with pytest.raises(OSError, match="full"):
        walk([Node("slow"), Node("quick")], work, parallelism=2, observer=told, control=control)
    assert interrupted.wait(LONG)


# --- failures and further attempts


@pytest.mark.parametrize(
    "error", [OSError, SystemExit, KeyboardInterrupt, GeneratorExit, type("Own", (BaseException,), {})]
)
def test_whatever_work_raises_fails_its_node_alone(error):
    def work(id: str, attempt: int) -> None:
        if id == "bad":
            raise error("out")

    ended = walk([Node("bad"), Node("good"), Node("after", ("bad",), "all_done")], work)
    assert statuses(ended) == {"bad": "failed", "good": "succeeded", "after": "succeeded"}
    assert type(ended["bad"].error) is error


def test_an_error_is_gone_with_the_answer():
    """It holds what the work held, which may be large: no cycle keeps it until somebody collects garbage."""

    class Own(Exception):
        pass

    def work(id: str, attempt: int) -> None:
        raise Own

    gc.disable()
    try:
        ended = walk([Node("a")], work)
        error = weakref.ref(ended["a"].error)
        assert error() is not None
        del ended
        assert error() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("most", "failures", "status", "attempts"),
    [(0, 1, "failed", 1), (1, 1, "succeeded", 2), (3, 3, "succeeded", 4), (3, 9, "failed", 4)],
)
def test_work_is_tried_again_as_often_as_it_may(most, failures, status, attempts):
    def work(id: str, attempt: int) -> str:
        if attempt <= failures:
            raise OSError(f"attempt {attempt}")
        return f"attempt {attempt}"

    ended = walk([Node("a", retry=Retry("constant", 0.0, most))], work)["a"]
    assert (ended.status, ended.attempts) == (status, attempts)
    assert ended.result == (f"attempt {attempts}" if status == "succeeded" else None)
    assert str(ended.error) == (f"attempt {attempts}" if status == "failed" else "None")


def test_the_wait_is_what_the_retry_says():
    delays = []

    class Delays(Observer):
        def retrying(self, id: str, attempt: int, delay: float, error: BaseException) -> None:
            delays.append(delay)

    walk([Node("a", retry=Retry("exponential", 0.001, 3))], Scripted(a="fail"), observer=Delays())
    assert [pytest.approx(0.00105 * 2**n, rel=0.05) for n in range(3)] == delays


def test_while_one_waits_for_its_next_attempt_others_run():
    control, work = Control(), Scripted(a="fail")
    told = Told(lambda count: control.finish() if told.events[-1] == "ended c succeeded" else None)
    walk([Node("a", retry=Retry("constant", LONG, 1)), Node("b"), Node("c")], work, observer=told, control=control)
    assert work.calls == ["a", "b", "c"]


def test_errors_that_are_not_worth_it_are_not_tried_again():
    def work(id: str, attempt: int) -> None:
        raise SystemExit(3) if id == "exits" else ValueError if id == "wrong" else OSError

    nodes = [Node(name, retry=AT_ONCE) for name in ("exits", "wrong", "away")]
    assert [how.attempts for how in walk(nodes, work).values()] == [1, 4, 4]
    ended = walk(nodes, work, retryable=lambda error: isinstance(error, OSError))
    assert [how.attempts for how in ended.values()] == [1, 1, 4]


def test_skip_is_no_failure_and_not_tried_again():
    ended = walk([Node("a", retry=AT_ONCE), Node("b", ("a",)), Node("c", ("a",), "none_failed")], Scripted(a="skip"))
    assert statuses(ended) == {"a": "skipped", "b": "skipped", "c": "succeeded"}
    assert (ended["a"].attempts, str(ended["a"].error), ended["b"].error) == (1, "a is not wanted", None)


# --- attempts that take too long


def test_an_attempt_that_takes_too_long_is_given_up():
    control, free, told = Control(), threading.Event(), Told()
    counted = []

    def work(id: str, attempt: int) -> str:
        if id == "slow":
            free.wait(LONG)
        else:
            counted.append(control.lost)
        return id

    nodes = [Node("slow", timeout=0.3), Node("after", ("slow",), "all_done"), Node("never", ("slow",))]
    ended = walk(nodes, work, observer=told, control=control)
    assert statuses(ended) == {"slow": "failed", "after": "succeeded", "never": "upstream_failed"}
    assert isinstance(ended["slow"].error, TimeoutError)
    assert str(ended["slow"].error) == "gave up after 0.3 seconds"
    assert (counted, control.lost) == ([1], 1)
    free.set()
    wait_for(lambda: control.lost == 0)
    assert ended["slow"].result is None
    assert sum(event.startswith("ended slow") for event in told.events) == 1


def test_a_late_result_is_thrown_away_while_the_walk_goes_on():
    control, interrupted, late = Control(), threading.Event(), threading.Event()

    def work(id: str, attempt: int) -> str:
        if attempt == 1:
            control.interrupts.add(interrupted.set)
            assert interrupted.wait(LONG)
            late.set()
            return "late"
        assert late.wait(LONG)
        return "in time"

    nodes = [Node("slow", timeout=0.3, retry=AT_ONCE)]
    told = Told()
    ended = walk(nodes, work, control=control, observer=told)
    assert ended["slow"].result == "in time"
    assert told.events.count("ended slow succeeded") == 1


def test_an_attempt_that_was_given_up_is_tried_again():
    free = threading.Event()

    def work(id: str, attempt: int) -> int:
        if attempt == 1:
            free.wait(LONG)
        return attempt

    told = Told()
    try:
        ended = walk([Node("a", timeout=0.2, retry=AT_ONCE)], work, observer=told)
    finally:
        free.set()
    assert ended["a"].status == "succeeded"
    assert told.events[:4] == ["ready a", "started a 1", "retrying a 1 gave up after 0.2 seconds", "started a 2"]


def test_a_thread_that_was_lost_ends_with_its_work():
    control, free, threads = Control(), threading.Event(), []

    def work(id: str, attempt: int) -> None:
        if id == "slow":
            threads.append(threading.current_thread())
            control.interrupts.add(free.set)
            assert free.wait(LONG)
        else:
            wait_for(lambda: not any(thread.is_alive() for thread in threads))

    ended = walk([Node("slow", timeout=0.3), Node("other")], work, control=control)
    assert statuses(ended) == {"slow": "failed", "other": "succeeded"}


def test_one_second_is_one_second():
    free = threading.Event()
    try:
        ended = walk([Node("a", timeout=1)], lambda id, attempt: free.wait(LONG))
    finally:
        free.set()
    assert str(ended["a"].error) == "gave up after 1 second"


def test_work_in_time_is_not_given_up():
    ended = walk([Node(f"n{i}", timeout=LONG) for i in range(50)], Scripted(), parallelism=2)
    assert {how.status for how in ended.values()} == {"succeeded"}


def test_interrupts_that_come_late_are_called_at_once_and_what_they_raise_is_ignored():
    control, given_up, called = Control(), threading.Event(), []

    def refuses() -> None:
        given_up.set()
        raise RuntimeError("connection closed")

    def never() -> None:
        called.append("never")

    def work(id: str, attempt: int) -> None:
        if id == "slow":
            control.interrupts.add(never)
            control.interrupts.discard(never)
            control.interrupts.discard(never)
            control.interrupts.add(refuses)
            assert given_up.wait(LONG)
            called.append(control.interrupts.requested)
            control.interrupts.add(lambda: called.append("at once"))
            called.append("after")
        else:
            called.append(control.interrupts.requested)

    ended = walk([Node("other"), Node("slow", timeout=0.3)], work, control=control)
    assert statuses(ended) == {"other": "succeeded", "slow": "failed"}
    wait_for(lambda: control.lost == 0)
    assert called == [False, True, "at once", "after"]


def test_interrupts_of_attempts_that_ended_are_forgotten():
    control, called, free = Control(), [], threading.Event()

    def work(id: str, attempt: int) -> None:
        control.interrupts.add(lambda: called.append(id))
        if id == "slow":
            control.interrupts.add(free.set)
            free.wait(LONG)

    walk([Node("quick"), Node("slow", timeout=0.02)], work, control=control)
    assert called == ["slow"]


def test_interrupts_are_for_work():
    with pytest.raises(RuntimeError, match="no work of a walk with this control runs in this thread"):
        Control().interrupts.add(print)


# --- ending early


def test_stop_lets_what_runs_finish_and_cancels_the_rest():
    stopping = threading.Event()

    def work(id: str, attempt: int) -> str:
        if id == "stops":
            raise Stop("no new data", result="kept")
        if id == "runs":
            assert stopping.wait(LONG)
        return id

    told = Told(lambda count: stopping.set() if told.events[-1] == "ended stops succeeded" else None)
    nodes = [Node("runs"), Node("stops"), Node("next", ("stops",)), Node("clean", ("next",), "all_done")]
    ended = walk(nodes, work, parallelism=2, observer=told)
    assert statuses(ended) == {"runs": "succeeded", "stops": "succeeded", "next": "cancelled", "clean": "cancelled"}
    assert ended["stops"].result == "kept"
    assert str(ended["next"].error) == "no new data"
    assert told.events[-2:] == ["ended next cancelled", "ended clean cancelled"]
    assert "ready next" not in told.events


def test_a_node_that_stopped_before_its_work_is_cancelled_with_all_that_depend_on_it():
    stopping = threading.Event()

    def work(id: str, attempt: int) -> str:
        if id == "stops":
            raise Stop("no new data", worked=False)
        if id == "runs":
            assert stopping.wait(LONG)
            raise Stop("too late", result=id)
        return id

    told = Told(lambda count: stopping.set() if told.events[-1] == "ended stops cancelled" else None)
    nodes = [
        Node("runs"),
        Node("stops", retry=AT_ONCE),
        # Were it not cancelled, it would be skipped, because nothing failed.
        Node("clean", ("stops",), "one_failed"),
        Node("last", ("runs", "stops"), "all_done"),
    ]
    ended = walk(nodes, work, parallelism=2, observer=told)
    assert statuses(ended) == {"runs": "succeeded", "stops": "cancelled", "clean": "cancelled", "last": "cancelled"}
    assert (ended["stops"].attempts, ended["stops"].result) == (1, None)
    assert {str(ended[name].error) for name in ("stops", "clean", "last")} == {"no new data"}
    assert told.events[-2:] == ["ended clean cancelled", "ended last cancelled"]


SHAPE = [
    Node("a"),
    Node("b", ("a",)),
    Node("bad", ("a",), retry=Retry("constant", 0.0, 1)),
    Node("c", ("b", "bad")),
    Node("clean", ("b", "bad"), "one_failed"),
    Node("last", ("clean", "c"), "all_done"),
]


def count_events() -> int:
    told = Told()
    walk(SHAPE, Scripted(bad="fail"), observer=told)
    return len(told.events)


@pytest.mark.parametrize("parallelism", [1, 2])
@pytest.mark.parametrize("way", ["finish", "stop"])
@pytest.mark.parametrize("moment", range(count_events() + 2))
def test_a_walk_may_be_asked_to_end_at_any_moment(moment, way, parallelism):
    control = Control()
    ask = getattr(control, way)
    told = Told(lambda count: ask() if count == moment else None)
    if moment == 0:
        ask()
    ended = walk(SHAPE, Scripted(bad="fail"), observer=told, control=control, parallelism=parallelism)
    assert list(ended) == [node.id for node in SHAPE]
    asked = told.events[moment:] if moment else told.events
    assert [event for event in asked if event.startswith(("started", "ready", "retrying"))] == []
    assert sorted(event.split()[1] for event in told.events if event.startswith("ended")) == sorted(ended)
    begun = {event.split()[1] for event in told.events if event.startswith("started")}
    assert {name for name, how in ended.items() if how.attempts} == begun
    if control.finishing:
        allowed = {"succeeded", "failed", *(["interrupted"] if way == "stop" else [])}
        assert {ended[name].status for name in begun} <= allowed
        assert {how.status for name, how in ended.items() if name not in begun} <= {"cancelled", "upstream_failed"}
    if moment == 0:
        assert set(statuses(ended).values()) == {"cancelled"}


def test_finish_waits_for_what_runs():
    control, free = Control(), threading.Event()

    def work(id: str, attempt: int) -> None:
        if id == "runs":
            control.finish()
            threading.Timer(0.02, free.set).start()
            assert free.wait(LONG)

    ended = walk([Node("runs"), Node("next", ("runs",)), Node("other")], work, control=control)
    assert statuses(ended) == {"runs": "succeeded", "next": "cancelled", "other": "cancelled"}
    assert ended["next"].error is None


def test_stop_waits_for_nothing_and_interrupts():
    control, free, interrupted = Control(), threading.Event(), threading.Event()

    def work(id: str, attempt: int) -> None:
        control.interrupts.add(interrupted.set)
        control.stop()
        free.wait(LONG)

    ended = walk([Node("runs"), Node("next", ("runs",)), Node("other")], work, control=control)
    assert statuses(ended) == {"runs": "interrupted", "next": "cancelled", "other": "cancelled"}
    assert (ended["runs"].attempts, control.lost, interrupted.is_set()) == (1, 1, True)
    free.set()
    wait_for(lambda: control.lost == 0)


def test_what_was_done_before_a_stop_counts():
    control = Control()

    def wait(count: int) -> None:
        # The work of the others has ended by then, and their reports wait.
        if told.events[-1] == "started c 1":
            wait_for(lambda: [reports.qsize() for reports in control._walks.values()] == [2])
            control.stop()

    told = Told(wait)
    ended = walk([Node("a"), Node("b"), Node("c")], Scripted(), parallelism=3, observer=told, control=control)
    assert (ended["a"].status, ended["b"].status) == ("succeeded", "succeeded")


@pytest.mark.parametrize(("way", "status"), [("finish", "failed"), ("stop", "interrupted")])
def test_a_node_that_waits_for_its_next_attempt_when_the_walk_is_asked_to_end(way, status):
    control = Control()
    told = Told(lambda count: getattr(control, way)() if told.events[-1] == "ended b succeeded" else None)
    nodes = [Node("a", retry=Retry("constant", LONG, 1)), Node("b"), Node("c")]
    ended = walk(nodes, Scripted(a="fail"), observer=told, control=control)
    assert statuses(ended) == {"a": status, "b": "succeeded", "c": "cancelled"}
    assert (ended["a"].attempts, str(ended["a"].error)) == (1, "a failed")


@pytest.mark.parametrize(("way", "status"), [("finish", "failed"), ("stop", "interrupted")])
def test_a_node_whose_wait_is_over_but_whose_next_attempt_has_no_worker_yet(way, status):
    control = Control()

    def work(id: str, attempt: int) -> None:
        if id == "a":
            raise OSError("a failed")
        # Long enough for the wait of the other to end meanwhile.
        threading.Event().wait(0.03)
        getattr(control, way)()

    ended = walk([Node("a", retry=Retry("constant", 0.005, 5)), Node("b")], work, control=control)
    assert (ended["a"].status, str(ended["a"].error)) == (status, "a failed")


def test_walks_within_walks_share_a_control():
    control = Control()
    inner: dict[str, Ended] = {}
    returned = threading.Event()

    def within(id: str, attempt: int) -> None:
        if id == "n1":
            control.finish()

    def work(id: str, attempt: int) -> None:
        inner.update(walk(chain(3), within, control=control))
        returned.set()

    ended = walk([Node("outer"), Node("next")], work, control=control)
    assert statuses(inner) == {"n0": "succeeded", "n1": "succeeded", "n2": "cancelled"}
    assert statuses(ended) == {"outer": "succeeded", "next": "cancelled"}


def test_ctrl_c_finishes_and_the_second_one_stops():
    control, free = Control(), threading.Event()
    interrupted = threading.Event()
    told = Told()

    def handle(number: int, frame: object) -> None:
        control.stop() if control.finishing else control.finish()

    def work(id: str, attempt: int) -> None:
        control.interrupts.add(interrupted.set)
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(lambda: control.finishing)
        os.kill(os.getpid(), signal.SIGINT)
        free.wait(LONG)

    before = signal.signal(signal.SIGINT, handle)
    try:
        ended = walk([Node("runs"), Node("next")], work, observer=told, control=control)
    finally:
        signal.signal(signal.SIGINT, before)
        free.set()
    assert statuses(ended) == {"runs": "interrupted", "next": "cancelled"}
    assert told.events[-2:] == ["ended runs interrupted", "ended next cancelled"]
    assert interrupted.is_set()


def test_ctrl_c_that_nobody_handles_is_raised_and_interrupts_what_runs():
    control, interrupted, told = Control(), threading.Event(), Told()

    def work(id: str, attempt: int) -> None:
        control.interrupts.add(interrupted.set)
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted.wait(LONG)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            walk([Node("runs"), Node("next")], work, observer=told, control=control)
    finally:
        signal.signal(signal.SIGINT, before)
    assert interrupted.is_set()
    assert told.events == ["ready runs", "ready next", "started runs 1"]


# --- going on where an earlier walk ended


@pytest.mark.parametrize("kept", range(5))
def test_what_is_done_is_not_done_again(kept):
    nodes = chain(5)
    earlier = walk(nodes, Scripted())
    done = dict(list(earlier.items())[:kept])
    work, told = Scripted(), Told()
    ended = walk(nodes, work, done=done, observer=told)
    assert work.calls == [f"n{i}" for i in range(kept, 5)]
    assert {name: ended[name] for name in done} == done
    assert told.events[:1] == [f"ready n{kept}"]
    assert set(statuses(ended).values()) == {"succeeded"}


def test_done_nodes_may_come_after_others_that_are_not():
    work = Scripted()
    ended = walk(chain(3), work, done={"n2": Ended("succeeded", result=7), "gone": Ended("succeeded")})
    assert work.calls == ["n0", "n1"]
    assert list(ended) == ["n0", "n1", "n2"]
    assert ended["n2"].result == 7


# --- whatever the DAG


@st.composite
def dags(draw: st.DrawFn) -> tuple[list[Node], dict[str, str]]:
    names = [f"n{i}" for i in range(draw(st.integers(1, 12)))]
    nodes = []
    for number, name in enumerate(names):
        wanted = draw(st.lists(st.sampled_from(names[:number]), unique=True, max_size=4)) if number else []
        retry = draw(st.sampled_from([None, Retry("constant", 0.0, 1)]))
        nodes.append(Node(name, tuple(wanted), draw(st.sampled_from(TRIGGER_RULES)), retry))
    script = {name: draw(st.sampled_from(["", "", "fail", "skip"])) for name in names}
    return draw(st.permutations(nodes)), script


def expected(nodes: list[Node], script: dict[str, str]) -> dict[str, str]:
    """How nodes end, worked out from the table above, one after the other."""
    found: dict[str, str] = {}
    for node in sorted(nodes, key=lambda node: int(node.id[1:])):
        rule_says = (
            becomes(node.trigger_rule, tuple(found[name] for name in node.dependencies))
            if node.dependencies
            else "succeeded"
        )
        own = {"fail": "failed", "skip": "skipped"}.get(script[node.id], "succeeded")
        found[node.id] = own if rule_says == "succeeded" else rule_says
    return found


@settings(deadline=None)
@given(dags())
def test_any_dag(dag):
    nodes, script = dag
    calls = []
    for parallelism in (1, 1, 4):
        told, work = Told(), Scripted(**script)
        ended = walk(nodes, work, parallelism=parallelism, observer=told)
        calls.append(work.calls)
        assert statuses(ended) == expected(nodes, script)
        assert sorted(event for event in told.events if event.startswith("ended")) == sorted(
            f"ended {name} {how.status}" for name, how in ended.items()
        )
        place = {event.rsplit(" ", 1)[0]: number for number, event in reversed(list(enumerate(told.events)))}
        for node in nodes:
            if not ended[node.id].attempts:
                assert f"started {node.id}" not in place
                continue
            before = [name for name in node.dependencies if place[f"ended {name}"] < place[f"started {node.id}"]]
            if node.trigger_rule == "one_failed" and node.dependencies:
                assert {"failed", "upstream_failed"} & {ended[name].status for name in before}
            else:
                assert before == list(node.dependencies)
            assert place[f"started {node.id}"] < place[f"ended {node.id}"]
    if not any(node.retry for node in nodes):
        assert calls[0] == calls[1]


@settings(deadline=None)
@given(dags(), st.integers(1, 40), st.sampled_from(["finish", "stop"]), st.sampled_from([1, 4]))
def test_any_dag_asked_to_end_at_any_moment_and_gone_on_with(dag, moment, way, parallelism):
    nodes, script = dag
    control = Control()
    told = Told(lambda count: getattr(control, way)() if count == moment else None)
    ended = walk(nodes, Scripted(**script), parallelism=parallelism, observer=told, control=control)
    assert set(ended) == {node.id for node in nodes}
    assert not [event for event in told.events[moment:] if event.startswith(("ready", "started", "retrying"))]
    assert sum(event.startswith("ended") for event in told.events) == len(nodes)
    done = {name: how for name, how in ended.items() if how.status not in ("interrupted", "cancelled")}
    work = Scripted(**script)
    assert statuses(walk(nodes, work, done=done, parallelism=parallelism)) == expected(nodes, script)
    assert not set(work.calls) & set(done)


def test_a_control_within_another_asks_its_own_walk_alone():
    outer = Control()
    own, other = Control(outer), Control(outer)
    own.finish()
    assert (own.finishing, outer.finishing, other.finishing) == (True, False, False)
    nodes = [Node("a")]
    assert statuses(walk(nodes, Scripted(), control=own)) == {"a": "cancelled"}
    assert statuses(walk(nodes, Scripted(), control=other)) == {"a": "succeeded"}
    outer.stop()
    assert (other.finishing, other.stopping) == (True, True)
    assert statuses(walk(nodes, Scripted(), control=other)) == {"a": "cancelled"}


def test_the_control_around_wakes_walks_and_knows_of_their_threads():
    outer, begun, goes_on = Control(), threading.Event(), threading.Event()

    def work(id, attempt):
        begun.set()
        goes_on.wait(LONG)

    def stop():
        begun.wait(LONG)
        outer.stop()

    stopping = threading.Thread(target=stop)
    stopping.start()
    ended = walk([Node("a")], work, control=Control(Control(outer)))
    stopping.join()
    assert (statuses(ended), outer.lost) == ({"a": "interrupted"}, 1)
    goes_on.set()
    wait_for(lambda: outer.lost == 0)


@pytest.mark.parametrize("hangs", [True, False], ids=["while it waits", "while it is busy"])
def test_whoever_may_look_can_end_a_walk(hangs):
    control, goes_on, looks = Control(), threading.Event(), []
    nodes = [Node("n0"), *(Node(f"n{number}", (f"n{number - 1}",)) for number in range(1, 50_000 if not hangs else 2))]

    def look():
        looks.append(threading.get_ident())
        if len(looks) == 2:
            control.finish()
            goes_on.set()

    ended = walk(nodes, lambda id, attempt: goes_on.wait(LONG) if hangs else None, control=control, look=look)
    assert set(looks) == {threading.get_ident()}
    assert (ended["n0"].status, ended[nodes[-1].id].status) == ("succeeded", "cancelled")
