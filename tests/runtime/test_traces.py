"""Tracebacks of a person's Python: their frames and those that they called, and nothing of Mason's own."""

from __future__ import annotations

import json

import pytest

from mason.errors import MasonError, NotFoundError
from mason.runtime.context import Operator
from mason.runtime.python_source import PythonClass


def trace(does: str, ctx=None, **files: str) -> str:
    lines = "".join(f"        {line}\n" for line in does.splitlines())
    text = f"import mason\nclass AB(mason.Operator):\n    def run(self, ctx):\n{lines}"
    content = json.dumps({"__init__.py": text, **{f"{name}.py": each for name, each in files.items()}}).encode()
    with PythonClass[Operator](content, "AB", Operator, title="Operator a:b") as theirs:
        with pytest.raises(MasonError):
            theirs.call(lambda instance: instance.run(ctx))
        return theirs.trace


def test_a_traceback_begins_with_the_persons_own_file():
    assert trace("from .part import fail\nfail()", part="def fail():\n    int('x')\n") == (
        "Traceback (most recent call last):\n"
        '  File "__init__.py", line 5, in run\n'
        "    fail()\n"
        '  File "part.py", line 2, in fail\n'
        "    int('x')\n"
        "ValueError: invalid literal for int() with base 10: 'x'"
    )


def test_what_it_was_raised_from_comes_first():
    body = "try:\n    {}['k']\nexcept KeyError as error:\n    raise OSError('no') from error"
    assert trace(body) == (
        "Traceback (most recent call last):\n"
        '  File "__init__.py", line 5, in run\n'
        "    {}['k']\n"
        "KeyError: 'k'\n"
        "\nThe above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n"
        '  File "__init__.py", line 7, in run\n'
        "    raise OSError('no') from error\n"
        "OSError: no"
    )


def test_what_was_raised_meanwhile_is_told_unless_it_was_hidden():
    body = "try:\n    {}['k']\nexcept KeyError:\n    raise OSError('no')"
    assert "\n\nDuring handling of the above exception, another exception occurred:\n\n" in trace(body)
    assert "KeyError" not in trace(body + " from None")


def test_frames_of_mason_are_left_out():
    def missing():
        raise NotFoundError("There is no table.")

    assert trace("ctx()", missing).splitlines()[:3] == [
        "Traceback (most recent call last):",
        '  File "__init__.py", line 4, in run',
        "    ctx()",
    ]
    assert trace("import mason.runtime.nodes\nmason.runtime.nodes.Node()").splitlines()[1:-1] == [
        '  File "__init__.py", line 5, in run',
        "    mason.runtime.nodes.Node()",
    ]


def test_a_recursion_without_end_is_told_in_short():
    told = trace("from .part import a\na()", part="def a():\n    b()\ndef b():\n    a()\n").splitlines()
    assert len(told) < 110
    assert any(line.startswith("  ... ") and line.endswith(" more ...") for line in told)
    assert told[-1].startswith("RecursionError: maximum recursion depth exceeded")


def test_a_file_that_cannot_be_read_as_python_is_told_with_its_line():
    told = trace("from . import part", part="def :\n")
    assert '  File "part.py", line 1\n    def :\n' in told
    assert told.endswith("SyntaxError: invalid syntax")
