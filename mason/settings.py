"""Where Mason's own settings come from: the environment, ``mason.yaml``, ``.env`` files and ``MASON_HOME``.

Reads only; the one thing written here is which configs are current for the person, which belongs to nobody else and
is therefore kept in ``MASON_HOME`` and not in the state.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mason.errors import Diagnostic, SettingsError

PROJECT_FILE = "mason.yaml"
_PROJECT_KEYS = ("name", "state")


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What ``mason.yaml`` says. ``root`` is its folder, or the current one where there is none.

    ``name`` is empty exactly when there is no ``mason.yaml``: nothing can be pruned then, because nobody could
    tell this project's resources from another's. ``state`` is a URL or empty.
    """

    root: Path
    name: str = ""
    state: str = ""


def mason_home() -> Path:
    """The person's own folder: ``MASON_HOME``, else ``~/.mason``. Not created here.

    Raises ``SettingsError`` when it begins with the home of a user whom this machine does not know.
    """
    given = os.environ.get("MASON_HOME") or "~/.mason"
    try:
        return Path(given).expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(
            f"There is no home folder for {given}. Set MASON_HOME to a folder that you may write to."
        ) from error


def current_folder() -> Path:
    """The current folder. Raises ``SettingsError`` when it was deleted meanwhile."""
    try:
        return Path.cwd()
    except OSError as error:
        raise SettingsError("The current folder does not exist any more. Go to one that does: cd FOLDER") from error


def find_project(start: Path) -> ProjectSettings:
    """The nearest folder at or above ``start`` that holds ``mason.yaml``; else ``start`` itself.

    Raises ``SettingsError`` naming the file and what is wrong in it.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        file = folder / PROJECT_FILE
        if file.is_file():
            return _read_project(file)
    return ProjectSettings(start)


# Nothing, a comment, or a key with a word or path that means the same in YAML as it says: no number (.5, .inf), no
# "true" and no lone ~, which is YAML for nothing.
_PLAIN_LINE = re.compile(
    r" *(?:#[ -~]*)?|((?-i:name|state)): +(\"?)(?!(?:true|false|null|yes|no|on|off)\b)"
    r"((?:[A-Za-z/]|\.\.?/|~/|\.(?!(?:inf|nan)\b)[A-Za-z])[\w./~-]*)\2 *",
    re.IGNORECASE | re.ASCII,
)


_LONGEST = 10_000
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _parse_project(file: Path, text: str) -> dict[str, str]:
    """The content of ``mason.yaml``. Loading a YAML parser takes longer than most commands, and few files need one."""
    lines = [_PLAIN_LINE.fullmatch(line) for line in text.replace("\r\n", "\n").split("\n")]
    if all(lines):
        pairs = [(line[1], line[3]) for line in lines if line and line[1]]
        if len(dict(pairs)) == len(pairs):
            return dict(pairs)
    if len(text) > _LONGEST:
        # A parser that meets brackets without end takes the process with it.
        raise SettingsError(f"{file}: this is longer than {_LONGEST:,} characters. A project file has two lines.")
    import yaml

    try:
        # Composed and not constructed: the nodes know their lines, and keep both of two equal keys.
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        place = f"{file}:{error.problem_mark.line + 1}" if error.problem_mark is not None else str(file)
        raise SettingsError(f"{place}: this is not YAML: {error.problem}.") from error
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise SettingsError(f"{file}:{line}: this is not YAML: {error.reason}.") from error
    except RecursionError as error:
        raise SettingsError(f"{file}: lists and mappings nest too deeply for a project file.") from error
    if root is None or root.tag == f"{_STANDARD}null":
        return {}
    if not isinstance(root, yaml.MappingNode):
        keys = ", ".join(_PROJECT_KEYS)
        raise SettingsError(f"{file}:{_line(root)}: the project file must be a mapping with the keys {keys}.")
    return _read_pairs(file, root.value)


_STANDARD = "tag:yaml.org,2002:"


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _read_pairs(file: Path, pairs: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """The texts by key. Raises ``SettingsError`` with every fault of the key and value nodes, each with its line."""
    read: dict[str, str] = {}
    first: dict[str, int] = {}
    faults: list[Diagnostic] = []
    for key_node, value_node in pairs:
        key, line = _told(key_node), _line(key_node)
        fault = ""
        if key not in _PROJECT_KEYS or key_node.tag != f"{_STANDARD}str":
            near = difflib.get_close_matches(key, _PROJECT_KEYS, 1)
            meant = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(_PROJECT_KEYS)}"
            fault = f"unknown key {key!r} ({meant})."
        elif key in first:
            fault = f"the key {key!r} is given twice, first at line {first[key]}. Keep one of them."
        elif wrong := _fault_of(value_node):
            fault = f"{key!r} {wrong}."
        elif value_node.tag != f"{_STANDARD}null":
            read[key] = value_node.value.strip()
        first.setdefault(key, line)
        if fault:
            faults.append(Diagnostic(str(file), line, fault))
    if faults:
        raise SettingsError(diagnostics=faults)
    return read


def _told(node: Any) -> str:
    """What a node says; of one that is no text its kind."""
    return node.value if isinstance(node.value, str) else f"a {'list' if node.id == 'sequence' else 'mapping'}"


def _fault_of(value: Any) -> str:
    """What is wrong with the value of a key, as the end of a sentence; empty if nothing is."""
    if value.tag == f"{_STANDARD}null":
        return ""
    if value.id != "scalar":
        return f"must be text, not {_told(value)}"
    if value.tag != f"{_STANDARD}str":
        return f"must be text, not {value.value} (put it in quotes if it is meant as text)"
    if not value.value.strip():
        return "is empty (write something, or leave the key out)"
    if _CONTROL.search(value.value.strip()):
        return f"must be one line without control characters, not {value.value!r}"
    return ""


def _read_project(file: Path) -> ProjectSettings:
    try:
        given = _parse_project(file, file.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{file}:{line}: this is not UTF-8 text. Save the file as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}).") from error
    return ProjectSettings(file.parent, given.get("name") or file.parent.name, given.get("state", ""))


def state_url(given: str | None, project: ProjectSettings) -> str:
    """The state's URL: the option, else ``MASON_STATE``, else the project's ``state``, else ``MASON_HOME``.

    A relative path in ``mason.yaml`` starts at the project's folder, one in the option at the current folder.
    """
    if given or os.environ.get("MASON_STATE"):
        return given or os.environ["MASON_STATE"]
    if project.state:
        path = project.state.removeprefix("file://")
        if "://" in path or path.startswith(("/", "~")):
            return project.state
        return str(project.root / path)
    return mason_home().as_uri()


def environment(project: ProjectSettings) -> dict[str, str]:
    """What ``{{NAME}}`` may refer to: the process environment, then ``.env`` of the project, then of ``MASON_HOME``."""
    found: dict[str, str] = {}
    for folder in (mason_home(), project.root):
        file = folder / ".env"
        if file.is_file():
            given = _read_dotenv(file)
            found.update({name: value for name, value in given.items() if value is not None})
    return found | dict(os.environ)


def _read_dotenv(file: Path) -> dict[str, str | None]:
    """What a ``.env`` file sets. Raises ``SettingsError`` that does not quote it: it may hold secrets."""
    import io

    from dotenv import dotenv_values

    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: cannot be read: not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}. Check its permissions.") from error
    return dotenv_values(stream=io.StringIO(text), interpolate=False)


def current_config(lineage: str) -> str:
    """The id of the config that this person chose (``mason config ID -s``) in the state of that lineage; else empty."""
    return _current_configs().get(lineage, "")


def set_current_config(lineage: str, identifier: str) -> None:
    """Remember ``identifier`` as this person's current config in the state of that lineage.

    Raises ``SettingsError`` when it cannot be kept.
    """
    import json

    file = _current_configs_file()
    chosen = _current_configs() | {lineage: identifier}
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = file.with_name(f"{file.name}.{os.getpid()}")
        partial.write_text(json.dumps(chosen, indent=2) + "\n", "utf-8")
        partial.replace(file)
    except OSError as error:
        remedy = "Set MASON_HOME to a folder that you may write to."
        raise SettingsError(f"{file}: cannot be written ({error.strerror}). {remedy}") from error


def _current_configs_file() -> Path:
    return mason_home() / "current_configs.json"


def _current_configs() -> dict[str, str]:
    """What was chosen, by the lineage of the state that it was chosen in."""
    file = _current_configs_file()
    try:
        text = file.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read ({error}).") from error
    import json

    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(chosen, str) for chosen in given.values()):
        raise SettingsError(f"{file}: this is not what Mason wrote. Remove the file, and choose configs anew.")
    return given
