"""The walk of a run, with a store in memory and clients that are handed in: no project is needed."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mason.clients import registry
from mason.dryrun.dryrun import DryRun
from mason.dryrun.planned import WorkflowPlan, alone
from mason.dryrun.prepare import prepare
from mason.engines.metastore import Metastore
from mason.errors import CancelledError, ConflictError, EngineError, OperatorError, StateError
from mason.resources.config import Config
from mason.resources.operator import Operator
from mason.resources.parameters import parse_pairs
from mason.resources.workflow_file import given_for_workflow
from mason.runtime.prepared_run import PreparedRun
from mason.runtime.workers import Control
from mason.runtime.workflow_run import do_run
from mason.state.journal import add_event, event_of, journal_path, read_journal
from mason.state.memory import MemoryStateStore
from tests.dryrun.test_prepare import CONFIGS, NOOP, flow, step
from tests.planner.conftest import snapshot


class Scripted(Metastore):
    """Does with ``list_databases`` what the test says."""

    client = "scripted"
    supports = frozenset({"list_databases"})

    def __init__(self, does) -> None:
        super().__init__(None)
        self.does = does

    def list_databases(self):
        return self.does()


class Clients:
    """The clients of the one config of these tests; counts how often they are closed."""

    def __init__(self, does, warnings=()) -> None:
        self.does = does
        self.warnings = list(warnings)
        self.closed = 0

    def engine(self, role):
        return Scripted(self.does)

    def close(self):
        self.closed += 1
        return self.warnings


@pytest.fixture
def store(folder):
    return MemoryStateStore(f"memory://{uuid.uuid4().hex}")


def planned(*steps) -> WorkflowPlan:
    state = snapshot(*CONFIGS, NOOP, flow("main", *steps))
    return prepare(
        "workflow.w.main",
        given_for_workflow({}, parse_pairs([])),
        lookup=state.resources.get,
        read_source={}.__getitem__,
        catalog=registry,
        config_id="1",
    )


def workflow(*steps) -> PreparedRun:
    return PreparedRun(planned(*steps), 3, {"file": {}, "pairs": {}})


def operator(source: str = "") -> PreparedRun:
    """A run of an operator alone; ``source`` is the body of its Python, else it lists databases."""
    definition = {key: value for key, value in NOOP.items() if key != "do" or not source}
    shown = DryRun("operator.no.op", "1", (), {"metastore": "scripted"}, {}, certain=False)
    module = None
    if source:
        lines = "".join(f"        {line}\n" for line in source.splitlines())
        text = f"import mason\nclass NoOp(mason.Operator):\n    def run(self, ctx):\n{lines}"
        module = json.dumps({"__init__.py": text}).encode()
    plan = alone(
        Operator.from_definition(definition),
        shown,
        Config.from_definition(CONFIGS[0]),
        digests={"operator.no.op": "sha256:op", "config.1": "sha256:1"},
        source=module,
    )
    return PreparedRun(plan, 3, {"file": {"step_1": {"parameters": {}}}, "pairs": {}}, for_answer=True)


def do(prepared, store, does=list, *, clients=None, control=None, tell=lambda event: None, begun=lambda: None):
    given = clients or Clients(does)
    return do_run(
        prepared,
        store,
        lambda config, chosen: given,
        parallelism=1,
        tell=tell,
        control=control or Control(),
        begun=begun,
    )


def raising(error):
    def does():
        raise error

    return does


def journal_of(end):
    return [
        {key: event[key] for key in ("event", "step", "kind", "message", "status") if key in event}
        for event in read_journal(end.run_id) or ()
    ]


def test_a_run_leaves_a_record_and_a_journal_and_closes_its_clients_once(store):
    told = []
    clients = Clients(list)
    end = do(workflow(step("a"), step("b", after="a")), store, clients=clients, tell=told.append)
    assert (end.status, end.warnings, end.failure, end.answer) == ("succeeded", (), None, None)
    assert store.get_run(end.run_id) == end.record
    assert {each["step"]: each["status"] for each in end.record["steps"]} == {"a": "succeeded", "b": "succeeded"}
    assert told == read_journal(end.run_id)
    assert [event["event"] for event in told] == ["begun", "started", "ended", "started", "ended", "finished"]
    assert clients.closed == 1


def test_the_record_says_that_it_runs_before_anything_is_done(store):
    found = []
    prepared = replace(workflow(step("a")), new_id="20261121T101500.042-3f9a1c")
    do(prepared, store, begun=lambda: found.append(store.get_run(prepared.new_id)["status"]))
    assert found == ["running"]


def test_a_run_of_an_operator_alone_is_walked_and_its_answer_handed_back(store):
    said = 'ctx.info("looked")\nctx.warn("careful")\nprint("as it is")\nreturn {"found": 1}'
    end = do(operator(said), store)
    assert end.answer is not None
    assert end.answer.to_dict() == {"Warnings": ["careful"], "Info": ["looked"], "Data": [{"found": 1}]}
    assert end.answer.returned == {"found": 1}
    assert (end.record["warnings"], end.record["calls"]) == (["careful"], [])
    assert "steps" not in end.record
    assert journal_of(end) == [
        {"event": "begun"},
        {"event": "started", "step": "step_1"},
        {"event": "said", "step": "step_1", "kind": "info", "message": "looked"},
        {"event": "said", "step": "step_1", "kind": "warning", "message": "careful"},
        {"event": "ended", "step": "step_1", "status": "succeeded"},
        {"event": "finished", "status": "succeeded"},
    ]


def test_what_an_operator_prints_is_said_by_its_step_and_that_of_an_operator_alone_goes_to_the_person(store, capsys):
    do(operator('print("as it is")'), store)
    assert capsys.readouterr().err == "as it is\n"


def test_a_failure_is_among_the_errors_of_the_answer(store):
    end = do(operator(), store, raising(EngineError("no such thing")))
    assert end.answer is not None
    assert (end.status, end.answer.errors, end.record["errors"]) == ("failed", ["no such thing"], ["no such thing"])
    assert type(end.answer.failure) is EngineError


def test_what_ends_the_work_of_an_operator_that_is_no_failure_of_it_is_told_all_the_same(store):
    end = do(operator(), store, raising(KeyboardInterrupt()))
    assert end.answer is not None
    assert end.answer.errors == ["Operator no:op failed: Interrupted."]
    assert type(end.answer.failure) is OperatorError


def test_an_operator_that_is_stopped_is_interrupted_at_once(store):
    control, hangs, goes_on = Control(), threading.Event(), threading.Event()

    def does():
        hangs.set()
        assert goes_on.wait(60)
        return []

    def stop():
        assert hangs.wait(60)
        control.stop()

    stopping = threading.Thread(target=stop)
    stopping.start()
    try:
        end = do(operator(), store, does, control=control)
    finally:
        stopping.join()
    assert control.lost == 1
    goes_on.set()
    assert (end.status, end.record["errors"]) == ("interrupted", ["Interrupted."])
    assert end.answer is not None
    assert type(end.answer.failure) is CancelledError
    assert journal_of(end)[-2:] == [
        {"event": "ended", "step": "step_1", "status": "interrupted"},
        {"event": "finished", "status": "interrupted"},
    ]


def test_clients_that_cannot_be_closed_are_warned_of(store):
    end = do(operator(), store, clients=Clients(list, ["Client scripted could not be closed"]))
    assert end.answer is not None
    assert end.answer.warnings == end.record["warnings"] == ["Client scripted could not be closed"]
    end = do(workflow(step("a")), store, clients=Clients(list, ["Client scripted could not be closed"]))
    assert (end.warnings, end.record["warnings"]) == (("Client scripted could not be closed",), [])


class Forgetful(MemoryStateStore):
    """A store that keeps no records."""

    def put_run(self, run_id, record):
        raise StateError("there is no room")


def test_without_a_record_a_workflow_is_not_begun_and_an_operator_alone_is_done_with_a_warning(store):
    forgetful = Forgetful(store.url)
    called = []
    with pytest.raises(StateError, match="there is no room"):
        do(replace(workflow(step("a")), new_id="20261121T101500.042-3f9a1c"), forgetful, lambda: called.append(1))
    assert (called, journal_path("20261121T101500.042-3f9a1c").exists()) == ([], False)
    end = do(operator(), forgetful)
    assert end.answer is not None
    assert end.answer.warnings == ["The record of this run could not be kept: there is no room"]


def test_what_is_told_and_raises_ends_the_run_and_the_history_says_so(store):
    def tell(event):
        if event["event"] == "started":
            raise ZeroDivisionError("no")

    prepared = replace(workflow(step("a")), new_id="20261121T101500.042-3f9a1c")
    clients = Clients(list)
    with pytest.raises(ZeroDivisionError):
        do(prepared, store, clients=clients, tell=tell)
    record = store.get_run(prepared.new_id)
    assert (record["status"], record["errors"]) == ("interrupted", ["ZeroDivisionError: no"])


def test_a_resumed_run_keeps_what_is_done_and_refuses_a_journal_that_went_on(store):
    steps = (step("a"), step("b", after="a"))
    calls = []

    def once():
        calls.append(1)
        if len(calls) == 2:
            raise EngineError("not yet")
        return []

    first = do(workflow(*steps), store, once)
    events = read_journal(first.run_id) or []
    assert first.status == "failed"
    done = {event["step"]: event for event in events if event["event"] == "ended" and event["status"] == "succeeded"}
    rest = replace(workflow(*steps), run_id=first.run_id, done=done, events=len(events), started_at=events[0]["at"])
    with pytest.raises(ConflictError, match="went on since you were asked"):
        do(replace(rest, events=1), store, once)
    end = do(rest, store, once)
    assert (end.status, len(calls)) == ("succeeded", 3)
    assert (end.record["started_at"], "resumed_at" in end.record) == (events[0]["at"], True)


@pytest.mark.parametrize("at_once", [False, True])
def test_of_two_runs_in_one_process_the_one_that_is_asked_ends_alone(store, at_once):
    """Both are in threads of their own, under one control."""
    control, asked, goes_on = Control(), threading.Event(), threading.Event()
    ids = ["20261121T101500.042-3f9a1c", "20261121T101500.043-3f9a1c"]
    hang = threading.Barrier(3)

    def run(run_id):
        calls = []

        def first_hangs():
            calls.append(1)
            if len(calls) == 1:
                hang.wait(60)
                goes_on.wait(60)
            return []

        def tell(event):
            if event["event"] == "asked":
                asked.set()

        prepared = replace(workflow(step("a"), step("b", after="a")), new_id=run_id)
        return do(prepared, store, first_hangs, control=control, tell=tell)

    with ThreadPoolExecutor(2) as threads:
        ends = [threads.submit(run, run_id) for run_id in ids]
        hang.wait(60)
        add_event(ids[0], event_of("asked", by="ann@here", **({"at_once": True} if at_once else {})))
        assert asked.wait(60)
        if at_once:
            assert ends[0].result().status == "interrupted"
        goes_on.set()
        one, other = (end.result() for end in ends)
    first = "interrupted" if at_once else "succeeded"
    assert {each["step"]: each["status"] for each in one.record["steps"]} == {"a": first, "b": "cancelled"}
    assert (one.status, other.status, control.finishing) == ("interrupted", "succeeded", False)


def test_an_operator_alone_that_is_asked_to_end_has_nothing_to_finish(store):
    goes_on = threading.Event()
    prepared = replace(operator(), new_id="20261121T101500.042-3f9a1c")

    def does():
        add_event(prepared.new_id, event_of("asked", by="ann@here"))
        goes_on.wait(60)
        return []

    end = do(prepared, store, does)
    goes_on.set()
    assert (end.status, end.record["errors"]) == ("interrupted", ["Interrupted."])
