"""Lines that import from Mason 1.x lead to what is kept of it; all else, and every line's number, stays."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mason
import mason.compat1
from mason.compat1.imports import MODULES, translated
from mason.runtime.context import Operator
from tests.compat1.conftest import COLUMNS

OF_10X = """\
from configurations import Config
from parameters import Parameters
from clients.response import Response
from api import operator_api as OperatorApi

def api(*args, **kwargs): return OperatorApi.get("club", "count", *args, **kwargs)

def run(env, config: Config, parameters: Parameters, response: Response):
    return response
"""


def test_all_that_is_promised_is_there():
    missing = [(module, name) for module, names in MODULES.items() for name in names if not _has(name)]
    assert missing == []


def _has(name: str) -> bool:
    return getattr(mason.compat1, name) is not None


def test_lines_keep_their_numbers(tmp_path):
    old = translated({"__init__.py": COLUMNS}, tmp_path, "operators/club")
    assert old is not None
    assert old.faults == ()
    before, after = COLUMNS.splitlines(), old.texts["__init__.py"].splitlines()
    assert after[0] == "from mason.compat1 import (Response)"
    assert after[2:5] == ["from mason.compat1 import (Table", "", ")"]
    assert before[9:] == after[9:]


def test_a_statement_behind_an_import_stays(tmp_path):
    text = "from mason.util.result import (\n  compute as c\n); x = 1\nfrom .other import y\nimport os\n"
    old = translated({"__init__.py": text}, tmp_path, "")
    assert old is not None
    assert old.texts["__init__.py"] == (
        "from mason.compat1 import (compute as c\n\n); x = 1\nfrom .other import y\nimport os\n"
    )
    ast.parse(old.texts["__init__.py"])


def test_a_function_of_10x_becomes_a_class(tmp_path):
    (tmp_path / "operator.yaml").write_text("type: operator\nnamespace: club\ncommand: count\n")
    old = translated({"__init__.py": OF_10X}, tmp_path, "")
    assert old is not None
    names: dict = {}
    exec(compile(old.texts["__init__.py"], "x", "exec"), names)
    assert issubclass(names["ClubCount"], Operator)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "from mason.util.sys_call import run_sys_call",
            "mason.util.sys_call of Mason 1.x is not kept, or not its run_sys_call (what there is of it: -)",
        ),
        (
            "from mason.clients.response import Response, Reply",
            "mason.clients.response of Mason 1.x is not kept, or not its Reply (what there is of it: Response)",
        ),
        (
            "import mason.clients.response",
            "mason.clients.response of Mason 1.x is only kept for: from mason.clients.response import ..."
            " (write it so)",
        ),
    ],
)
def test_what_is_not_kept_is_told_with_its_line(mason, club, line, fault):
    file = club / "operators" / "club" / "columns" / "__init__.py"
    file.write_text(f"{line}\n{file.read_text()}")
    told = mason("plan")
    assert (told.code, told.err) == (1, f"Error: operators/club/columns/__init__.py:1: {fault}\n")


def test_names_of_todays_rooms_stay_todays(tmp_path):
    text = "from mason.engines.models import Table\nimport mason\nfrom mason.errors import EngineError\n"
    assert translated({"__init__.py": text}, Path(tmp_path), "") is None
    assert mason.__version__
