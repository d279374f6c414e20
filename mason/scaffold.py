"""The project that ``mason init`` writes: what the examples hold, put where a project has it.

Everything comes from the package's own ``examples`` folder, so it works without the repository.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from mason.errors import ConflictError, SettingsError
from mason.project.loading import published_schema
from mason.project.state.migration import told_url
from mason.resources.address import KINDS
from mason.settings import PROJECT_FILE
from mason.state.urls import scheme_of
from mason.values import dataclass

EXAMPLES = Path(__file__).parent / "examples"
"""The examples that ship with Mason."""

_CONTENTS = (
    (PROJECT_FILE, "the project: its name, and where its state is kept"),
    ("configs/", "which client plays which engine: here all on this machine"),
    ("operators/", "the standard operators, to use and to change"),
    ("workflows/", "the standard workflows, which chain them"),
    ("data/", "real flight records of 2013, to try them on"),
)
_PARTS = ("configs", "operators", "workflows", "data")
_SCHEMAS = Path(".mason") / "schemas"
# What belongs to one machine or must not be shared: state and warehouse, secrets, whole definitions in saved plans.
_GIT_IGNORED = ("warehouse/", ".env", "*.plan")
_STATE = ".mason/state"


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What was written: the number of new files, and the names and purposes that are worth telling.

    ``ignored`` are the lines that were added to a ``.gitignore`` that was there before.
    """

    files: int
    contents: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...] = ()


def scaffold(folder: Path, *, state: str = "") -> Scaffold:
    """Write a new project into ``folder`` (made when missing), whose state is at the URL ``state``, else in the folder.

    Raises ``ConflictError`` naming every file that exists already, and ``SettingsError`` when the folder cannot
    be written; in the first case nothing was written.
    """
    sources = {file.relative_to(EXAMPLES): file for part in _PARTS for file in _files(part)}
    state = told_url(state, folder) if state else _STATE
    texts = {Path(PROJECT_FILE): _project_file(folder, state)}
    texts |= {_SCHEMAS / f"{kind}.json": json.dumps(published_schema(kind), indent=2) + "\n" for kind in KINDS}
    existing = sorted(str(folder / name) for name in (*sources, *texts) if (folder / name).exists())
    if existing:
        more = f" and {len(existing) - 5} more" if len(existing) > 5 else ""
        there = f"These exist already, and nothing was written: {', '.join(existing[:5])}{more}."
        raise ConflictError(f"{there} {_how_to_go_on(folder)}")
    try:
        for name, source in sources.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            _copy(source, folder / name, depth=len(name.parts) - 1)
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        is_new = not (folder / ".gitignore").exists()
        ignored = _ignore(folder / ".gitignore", state)
    except OSError as error:
        raise SettingsError(f"{error.filename or folder}: cannot be written ({error.strerror}).") from error
    return Scaffold(len(sources) + len(texts) + is_new, _CONTENTS, () if is_new else ignored)


def _how_to_go_on(folder: Path) -> str:
    elsewhere = "For a new one choose another folder: mason init DIR"
    if (folder / PROJECT_FILE).exists():
        return f"This is a project already: see what it holds with mason plan. {elsewhere}"
    return (
        f"To make a project of what is there, write a {PROJECT_FILE} with a line such as: name: {_name(folder)}. "
        f"If it is left over from a mason init that failed, remove it and try again. {elsewhere}"
    )


def _ignore(file: Path, state: str) -> tuple[str, ...]:
    """Add to a ``.gitignore`` what it lacks, or make it: new repositories have one. Returns what was added."""
    # Bytes: what people have in theirs need not be UTF-8, and is none of our business.
    before = file.read_bytes() if file.exists() else b""
    there = {line.strip() for line in before.splitlines()}
    is_within = scheme_of(state) == "file" and not state.startswith("/")
    lines = (f"{state}/" if is_within else f"{_STATE}/", *_GIT_IGNORED)
    missing = tuple(line for line in lines if line.encode() not in there)
    if missing:
        gap = b"\n" if before and not before.endswith(b"\n") else b""
        file.write_bytes(before + gap + "".join(f"{line}\n" for line in missing).encode())
    return missing


def _files(part: str) -> list[Path]:
    return sorted(file for file in (EXAMPLES / part).rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def _copy(source: Path, target: Path, *, depth: int) -> None:
    """Copy a file; YAML gets a first line that points editors at its schema."""
    kind = re.search(r"^type: (\w+)$", source.read_text("utf-8"), re.M) if source.suffix == ".yaml" else None
    if kind is None:
        shutil.copyfile(source, target)
        return
    schema = "../" * depth + (_SCHEMAS / f"{kind[1]}.json").as_posix()
    target.write_text(f"# yaml-language-server: $schema={schema}\n{source.read_text('utf-8')}", "utf-8")


def _project_file(folder: Path, state: str) -> str:
    return (
        "# A Mason project. Resources are told apart from those of other projects in the same state by this name.\n"
        f"name: {json.dumps(_name(folder))}\n"
        "# Where the state is kept; without it: MASON_STATE, else ~/.mason. A path starts at this folder.\n"
        f"state: {state if state == _STATE else json.dumps(state, ensure_ascii=False)}\n"
    )


def _name(folder: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name).strip("-") or "project"
