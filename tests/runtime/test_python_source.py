"""The modules of Python operators: each is imported once for a run, and gone when nobody uses it any more."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mason.engines.interrupts import doing
from mason.errors import CancelledError, OperatorError
from mason.runtime.context import Operator
from mason.runtime.python_source import Modules, PythonClass
from mason.runtime.workers import Attempt

COUNTED = "COUNT = []\n{more}\nclass AB(mason.Operator):\n    def run(self, ctx):\n        {does}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where the files of modules are put, which is empty in the end, as are the loaded modules."""
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    yield made
    assert list(made.iterdir()) == []
    assert [name for name in sys.modules if name.startswith("_mason_python_")] == []


def source(does="COUNT.append(1)\n        return len(COUNT)", more="", **files):
    text = "import mason\n" + COUNTED.format(more=more, does=does)
    return json.dumps({"__init__.py": text, **{f"{name}.py": each for name, each in files.items()}}).encode()


def run(content, modules=None, ctx=None):
    with PythonClass[Operator](content, "AB", Operator, title="Operator a:b", modules=modules) as theirs:
        return theirs.call(lambda instance: instance.run(ctx))


def test_steps_of_one_run_share_a_module_and_runs_do_not(folder):
    with contextlib.closing(Modules()) as modules:
        assert [run(source(), modules), run(source(), modules)] == [1, 2]
        assert len(list(folder.iterdir())) == 1
    assert [run(source()), run(source())] == [1, 1]


def test_two_contents_of_one_operator_are_two_modules():
    other = source("COUNT.append(1)\n        return -len(COUNT)")
    with contextlib.closing(Modules()) as modules:
        assert [run(each, modules) for each in (source(), other, source(), other)] == [1, -1, 2, -2]


def test_each_step_has_an_instance_of_its_own():
    content = source("self.count = getattr(self, 'count', 0) + 1\n        return self.count")
    with contextlib.closing(Modules()) as modules:
        assert [run(content, modules), run(content, modules)] == [1, 1]


def test_a_failure_names_the_file_and_the_line_in_every_step():
    content = source("from .part import fail\n        fail()", part="def fail():\n    1 / 0\n")
    with contextlib.closing(Modules()) as modules:
        for _ in range(2):
            with pytest.raises(OperatorError) as failed:
                run(content, modules)
            told = r"Operator a:b raised ZeroDivisionError: division by zero (part.py:2)"
            assert str(failed.value) == told


def test_what_a_thread_uses_that_outlives_the_run_is_taken_away_when_it_is_done(folder):
    begun, ended = threading.Event(), threading.Event()

    def wait():
        begun.set()
        assert ended.wait(60)

    modules = Modules()
    content = source("ctx()\n        from .part import ANSWER\n        return ANSWER", part="ANSWER = 42\n")
    with ThreadPoolExecutor(1) as threads:
        left = threads.submit(run, content, modules, wait)
        assert begun.wait(60)
        modules.close()
        assert len(list(folder.iterdir())) == 1
        ended.set()
        assert left.result() == 42
    assert list(folder.iterdir()) == []


def test_a_module_that_could_not_be_imported_is_imported_again(tmp_path):
    flag = tmp_path / "flag"
    content = source("return 42", more=f"import pathlib\nassert pathlib.Path({str(flag)!r}).exists(), 'not yet'")
    with contextlib.closing(Modules()) as modules:
        with pytest.raises(OperatorError) as failed:
            run(content, modules)
        assert str(failed.value) == "Operator a:b raised AssertionError: not yet (__init__.py:4)"
        flag.touch()
        assert run(content, modules) == 42


GATE = "import sys\nsys.modules['mason_test_gate'].gate()"


@pytest.fixture
def gate(monkeypatch):
    """Has the modules with ``GATE`` call what it is given when they are imported."""

    def use(does):
        monkeypatch.setitem(sys.modules, "mason_test_gate", type("Gate", (), {"gate": staticmethod(does)}))

    return use


def test_steps_that_need_a_module_at_once_import_it_once(gate):
    imports = []
    at_it, go_on = threading.Event(), threading.Event()

    def slowly():
        imports.append(threading.get_ident())
        at_it.set()
        assert go_on.wait(60)

    gate(slowly)
    with contextlib.closing(Modules()) as modules, ThreadPoolExecutor(2) as threads:
        first = threads.submit(run, source(more=GATE), modules)
        assert at_it.wait(60)
        second = threads.submit(run, source(more=GATE), modules)
        go_on.set()
        assert sorted([first.result(), second.result()]) == [1, 2]
    assert len(imports) == 1


def test_an_import_that_was_given_up_keeps_nobody_waiting(gate):
    at_it, go_on = threading.Event(), threading.Event()
    lost = Attempt("a", 0, 1)

    def hanging():
        if not at_it.is_set():
            at_it.set()
            assert go_on.wait(60)

    def first():
        with doing(lost):
            return run(source(more=GATE), modules)

    gate(hanging)
    with contextlib.closing(Modules()) as modules, ThreadPoolExecutor(1) as threads:
        left = threads.submit(first)
        assert at_it.wait(60)
        lost.given_up = True
        assert run(source(more=GATE), modules) == 1
        go_on.set()
        assert left.result() == 2


def test_who_waits_for_an_import_stops_when_it_is_given_up(gate):
    at_it, go_on = threading.Event(), threading.Event()

    def hanging():
        at_it.set()
        assert go_on.wait(60)

    gate(hanging)
    with contextlib.closing(Modules()) as modules, ThreadPoolExecutor(1) as threads:
        importing = threads.submit(run, source(more=GATE), modules)
        assert at_it.wait(60)
        late = Attempt("b", 1, 1)
        late.given_up = True
        with doing(late), pytest.raises(CancelledError) as cancelled:
            run(source(more=GATE), modules)
        assert str(cancelled.value) == "AB was not imported: nobody waits for this work any more."
        go_on.set()
        assert importing.result() == 1


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_that_a_module_forks_ends_with_it(tmp_path):
    pid = tmp_path / "pid"
    more = (
        "import os, pathlib\nchild = os.fork()\n"
        f"if child:\n    pathlib.Path({str(pid)!r}).write_text(str(os.waitpid(child, 0)[1]))"
    )
    assert run(source("return 42", more=more)) == 42
    assert pid.read_text() == "0"
