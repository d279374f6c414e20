"""The README, typed as written: every console block is run, from top to bottom, and must answer what the page shows.

In a block, a line that starts with ``$ `` is a command and the lines below it are its output (stdout and stderr as they
come); ``...`` stands for any text. A fenced block whose info string holds a path is a file to be written first.
The answer typed at a prompt is always ``yes``.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import make_docs
from tests import catalogs

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
# Lines that tell of long work how far it is, and of a lock that takes a moment: on a busy machine all work is long.
_PROGRESS = re.compile(
    r"^(\w+ing\b.*: \d[\d.,]*(%| (s|min|h|rows|[kMGT]?B)\b).*|Acquiring state lock\.\.\.)\n", re.MULTILINE
)
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Language, path (empty for none) and text of every fenced block of a page."""
    return [(match[1], match[2] or "", match[3]) for match in _FENCE.finditer(page)]


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output shown below it."""
    found: list[tuple[str, str]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0] + "\n" + line.removeprefix("> "), "")
        else:
            found[-1] = (found[-1][0], found[-1][1] + line + "\n")
    return found


def matches(shown: str, actual: str) -> bool:
    """Whether the output is what the page shows, ``...`` standing for anything."""
    shown = shown.replace("accepted: yes", "accepted: ")
    pattern = ".*".join(re.escape(part) for part in shown.strip().split("..."))
    return re.fullmatch(pattern, _PROGRESS.sub("", actual).strip(), re.DOTALL) is not None


def test_every_console_block_answers_what_the_page_shows(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MASON_")}
    environment |= {
        "MASON_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
    }
    folder, ran = tmp_path, 0
    for language, path, text in blocks(README.read_text("utf-8")):
        if path:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
        for command, shown in commands(text) if language == "console" else ():
            words = shlex.split(command)
            if words[0] == "cd":
                folder = folder / words[1]
                continue
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=folder,
                env=environment,
                input="yes\n",
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
                check=False,
            )
            ran += 1
            assert matches(shown, done.stdout), f"$ {command}\n{done.stdout}\n--- but the README shows:\n{shown}"
    assert ran >= 10


@pytest.mark.parametrize(
    ("file", "tables"), [("README.md", ["clients"]), ("docs/engines.md", ["engines", "formats", "capabilities"])]
)
def test_generated_tables_stand_between_their_marks(file, tables):
    """Without them nothing would be made anew, and the tables never be out of date."""
    page = (ROOT / file).read_text("utf-8")
    for table in tables:
        marks = (f"<!-- {table}: made by `make docs` -->", f"<!-- end of {table} -->")
        assert [page.count(mark) for mark in marks] == [1, 1]


def test_an_engine_of_another_package_appears_in_the_tables(catalog_package):
    assert make_docs.engines_table().splitlines()[-1] == (
        "| `catalog` | Says what datasets mean, and who owns them. | `describe`, `annotate`, `retire`, `get_job`, "
        "`find_job`, `cancel_job` |"
    )
    assert re.search(r"^\| `catalog\.annotate` \* (\|  )+\| yes \|", make_docs.clients_table(), re.MULTILINE)
    assert "| `shelf` | `catalog` |  |" in make_docs.capabilities_table()


def test_the_page_of_engines_shows_the_example_that_is_tested():
    """But for its first lines, which speak of the tests."""
    module = (ROOT / "tests" / "acme_catalog.py").read_text("utf-8")
    page = (ROOT / "docs" / "engines.md").read_text("utf-8")
    assert module.partition("from __future__")[2].strip() in page
    assert catalogs.POINTS.strip() in page.replace('[project.entry-points."', "[").replace('"]', "]").replace('"', "")


def test_the_check_of_outputs_can_fail():
    assert matches("a\n...\nc\n", "a\nb\nc")
    assert not matches("a\n...\nc\n", "a\nb\nd")
    assert commands("$ a \\\n    b\nout\n$ c\n") == [("a \\\n    b", "out\n"), ("c", "")]


@pytest.mark.parametrize(
    ("file", "made"),
    [
        ("docs/commands.md", lambda _: make_docs.commands_page()),
        *((f"docs/{each.page}.md", lambda _, each=each: make_docs.sql_page(each)) for each in make_docs.COMPARED),
        ("README.md", make_docs.made_anew),
        ("docs/engines.md", make_docs.made_anew),
        ("docs/schedulers.md", make_docs.made_anew),
    ],
)
def test_generated_references_are_up_to_date(file, made):
    text = (ROOT / file).read_text("utf-8")
    assert made(text) == text, "run: make docs"


def test_the_demo_ends_with_the_answer_that_the_data_holds():
    """``make demo`` without its setup; the script itself compares the answer with what it should be."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(ROOT / "scripts" / "demo")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (
        0,
        ["Done: the five carriers with the most flights are as the data says."],
    )
