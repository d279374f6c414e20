"""The README and the guide, typed as written: every console block is run, from top to bottom, and must answer what the
page shows. The guide is one road: each page goes on where the one before it ended.

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
GUIDE = [
    ROOT / "docs" / "guide" / f"{page}.md"
    for page in ("start", "tables", "operators", "plans", "workflows", "runs", "configs")
]
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.*)$", re.MULTILINE)
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


@pytest.mark.parametrize("pages", [[README], GUIDE], ids=["README", "guide"])
def test_every_console_block_answers_what_the_page_shows(tmp_path, pages):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MASON_")}
    environment |= {
        "MASON_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
    }
    folder, ran = tmp_path, 0
    for language, path, text in (block for page in pages for block in blocks(page.read_text("utf-8"))):
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
            assert matches(shown, done.stdout), f"$ {command}\n{done.stdout}\n--- but the page shows:\n{shown}"
    assert ran >= 7


def test_the_readme_is_short():
    assert len(README.read_text("utf-8").splitlines()) <= 250


def test_the_guide_has_all_its_pages():
    assert {*GUIDE} == {*(ROOT / "docs" / "guide").glob("*.md")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_pages_and_headings_that_there_are(page):
    text = _FENCE.sub("", page.read_text("utf-8"))
    wrong = []
    for target in _LINK.findall(text):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            wrong.append(target)
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """What a link to a heading of a page ends with."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_found_from_the_index():
    """By links, followed from page to page."""
    found, left = set(), [ROOT / "docs" / "index.md"]
    while left:
        page = left.pop()
        found.add(page)
        targets = (target.partition("#")[0] for target in _LINK.findall(page.read_text("utf-8")))
        linked = {(page.parent / target).resolve() for target in targets if target.endswith(".md")}
        left += [each for each in linked & {*PAGES} if each not in found]
    assert {*PAGES} <= found


@pytest.mark.parametrize(
    ("file", "tables"),
    [
        ("README.md", ["roles"]),
        ("docs/index.md", ["pages"]),
        ("docs/guide/configs.md", ["clients"]),
        ("docs/engines.md", ["engines", "formats", "capabilities"]),
        ("docs/schedulers.md", ["schedulers"]),
    ],
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
        ("docs/yaml.md", lambda _: make_docs.yaml_page()),
        *((f"docs/{each.page}.md", lambda _, each=each: make_docs.sql_page(each)) for each in make_docs.COMPARED),
        *((str(page.relative_to(ROOT)), make_docs.made_anew) for page in make_docs.pages_with_tables()),
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
