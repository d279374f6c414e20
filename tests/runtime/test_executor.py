"""Doing an operator's sentences or class against engines that misbehave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mason import secrets
from mason.dryrun.dryrun import DryRun
from mason.engines.execution import Execution
from mason.engines.models import Column, Rows, Schema
from mason.errors import EngineError
from mason.resources.operator import Operator
from mason.runtime.executor import execute
from mason.runtime.output import aside


class Scripted(Execution):
    """Does with ``query`` what the test says."""

    client = "scripted"
    supports = frozenset({"query"})

    def __init__(self, does) -> None:
        super().__init__(None)
        self.does = does

    def query(self, sql, *, table=None, output=None, format=None, overwrite=False, limit=None):
        return self.does(sql, limit)


def operator(*sentences, optional=()):
    return Operator.from_definition(
        {
            "namespace": "a",
            "command": "b",
            "parameters": {"optional": [{"name": name} for name in optional]},
            "do": list(sentences),
        }
    )


def run(does, *sentences, parameters=(), source=None):
    given = dict(parameters)
    shown = DryRun("operator.a.b", "1", (), {"execution": "scripted"}, given, certain=False)
    spoken = operator(*(sentences or ([{"execution.query": {"sql": "x"}}] if source is None else ())), optional=given)
    with aside():
        return execute(spoken, shown, lambda role: Scripted(does), source=source)


def raising(error):
    def does(sql, limit):
        raise error

    return does


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TypeError("no"), "Client scripted failed at execution.query: TypeError: no"),
        (BrokenPipeError(32, "gone"), "Client scripted failed at execution.query: BrokenPipeError: [Errno 32] gone"),
        (SystemExit(3), "Client scripted failed at execution.query: SystemExit: 3"),
        (EngineError("as it is"), "as it is"),
    ],
)
def test_whatever_a_client_raises_becomes_an_answer(error, told):
    answer = run(raising(error))
    assert answer.errors == [told]
    assert type(answer.failure) is EngineError


def test_ctrl_c_is_not_an_answer():
    with pytest.raises(KeyboardInterrupt):
        run(raising(KeyboardInterrupt()))


def test_arguments_take_the_types_of_the_verb():
    asked = []
    sentence = {"execution.query": {"sql": "x", "limit": "{{limit}}"}}
    assert run(lambda sql, limit: asked.append(limit), sentence, parameters={"limit": "5"}).errors == []
    assert asked == [5]


def test_results_that_do_not_fit_the_next_verb_are_refused_before_it():
    asked = []
    first = {"execution.query": {"sql": "first"}, "as": "found"}
    second = {"execution.query": {"sql": "second", "limit": "{{found}}"}}
    answer = run(lambda sql, limit: asked.append(sql) or {"a": 1}, first, second)
    assert answer.errors == ["execution.query needs a whole number for 'limit', not {'a': 1} ({{found}})"]
    assert asked == ["first"]


def rows(count, more):
    return lambda sql, limit: Rows(Schema((Column("x", "INT"),)), [(1,)] * count, more)


@pytest.mark.parametrize(
    ("arguments", "count", "told"),
    [
        (
            {"limit": "{{limit}}", "output": "{{output_path}}"},
            100,
            "Showing the first 100 rows; there are more (raise limit, or write all with output_path).",
        ),
        ({"limit": "{{most}}"}, 2, "Showing the first 2 rows; there are more (raise most)."),
        ({"limit": 1}, 1, "Showing the first row; there are more."),
    ],
)
def test_rows_that_were_cut_are_told_with_what_the_operator_offers(arguments, count, told):
    sentence = {"execution.query": {"sql": "x", **arguments}}
    parameters = {"limit": None, "most": None, "output_path": None}
    assert run(rows(count, True), sentence, parameters=parameters).info == [told]
    assert run(rows(count, False), sentence, parameters=parameters).info == []


def python(body, **files):
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    source = f"import mason\nclass AB(mason.Operator):\n    def run(self, ctx):\n{lines}"
    return json.dumps({"__init__.py": source, **files}).encode()


def test_rows_that_a_python_operator_returns_are_told_as_cut_too():
    answer = run(rows(2, True), source=python("return ctx.execution.query('x')"))
    assert answer.info == ["Showing the first 2 rows; there are more."]


def test_nothing_of_a_python_operator_stays_loaded():
    files = {"part.py": "ANSWER = 42\n"}
    answer = run(rows(0, False), source=python("from .part import ANSWER\nreturn ANSWER", **files))
    assert answer.data == [42]
    assert run(rows(0, False), source=python("1 / 0", **files)).errors
    assert [name for name in sys.modules if name.startswith("_mason_python_")] == []


def test_steps_that_run_one_operator_side_by_side_do_not_unload_it_for_each_other():
    body = "ctx.execution.query('meet')\nfrom .part import ANSWER\nctx.execution.query('x')\nreturn ANSWER"
    source = python(body, **{"part.py": "ANSWER = 42\n"})
    loaded, first_ended = threading.Event(), threading.Event()

    def first(sql, limit):
        assert sql == "x" or loaded.wait(60)

    def second(sql, limit):
        loaded.set()
        assert sql == "x" or first_ended.wait(60)

    with ThreadPoolExecutor(2) as threads:
        answers = [threads.submit(run, does, source=source) for does in (first, second)]
        assert answers[0].result().errors == []
        first_ended.set()
        assert (answers[1].result().errors, answers[1].result().data) == ([], [42])


def test_what_an_operator_prints_is_scrubbed_even_when_it_comes_in_pieces(capsys):
    secrets.remember("printed-secret\nof two lines")
    body = (
        "import sys\n"
        "print('a', 'printed-secret\\nof two lines')\n"
        "sys.stdout.write('b printed-se')\n"
        "sys.stdout.write('cret\\nof two lines\\n')\n"
        "sys.stdout.buffer.write(b'c printed-secret\\nof two lines\\n')\n"
        "sys.stderr.write('d printed-secret\\nof two lines\\n')\n"
        "print('left', end='')"
    )
    assert run(rows(0, False), source=python(body)).errors == []
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "a REDACTED\nb REDACTED\nc REDACTED\nd REDACTED\nleft"


def test_an_error_that_holds_a_secret_of_several_lines_is_scrubbed_whole():
    secrets.remember("raised-secret\nof two lines")
    assert run(raising(EngineError("no raised-secret\nof two lines!\nmore"))).errors == ["no REDACTED!", "more"]


CHILD = """\
import json, sys
from mason.runtime.output import aside
print("before")
with aside():
    import subprocess
    subprocess.run([sys.executable, "-c", "print('noise of a child')"])
    print("noise")
print("after")
"""


def test_what_child_processes_print_stays_out_of_stdout():
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == "before\nafter\n"
    assert sorted(done.stderr.splitlines()) == ["noise", "noise of a child"]


def test_a_closed_stderr_is_no_fault():
    command = ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, CHILD]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "before\nafter\n"
