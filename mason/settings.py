"""Where Mason's own settings come from: the environment, ``mason.yaml``, ``.env`` files and ``MASON_HOME``.

Reads only; the one thing written here is which configs are current for the person, which belongs to nobody else and
is therefore kept in ``MASON_HOME`` and not in the state.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mason.errors import SettingsError

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
    r" *(?:#[ -~]*)?|(name|state): +(\"?)(?!(?:true|false|null|yes|no|on|off)\b)"
    r"((?:[A-Za-z/]|\.\.?/|~/|\.(?!(?:inf|nan)\b)[A-Za-z])[\w./~-]*)\2 *",
    re.IGNORECASE | re.ASCII,
)


def _parse_project(file: Path, text: str) -> Any:
    """The content of ``mason.yaml``. Loading a YAML parser takes longer than most commands, and few files need one."""
    lines = [_PLAIN_LINE.fullmatch(line) for line in text.replace("\r\n", "\n").split("\n")]
    if all(lines):
        pairs = [(line[1], line[3]) for line in lines if line and line[1]]
        if len(dict(pairs)) == len(pairs):
            return dict(pairs)
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise SettingsError(f"{file}{line}: this is not YAML: {getattr(error, 'problem', None) or error}.") from error


def _read_project(file: Path) -> ProjectSettings:
    try:
        given = _parse_project(file, file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read ({error}).") from error
    given = {} if given is None else given
    if not isinstance(given, dict):
        raise SettingsError(f"{file}: the project file must be a mapping with the keys {', '.join(_PROJECT_KEYS)}.")
    for key in given:
        if key not in _PROJECT_KEYS:
            near = difflib.get_close_matches(str(key), _PROJECT_KEYS, 1)
            meant = f" (did you mean {near[0]!r}?)" if near else f" (known keys: {', '.join(_PROJECT_KEYS)})"
            raise SettingsError(f"{file}: unknown key {key!r}{meant}.")
    return ProjectSettings(file.parent, _text(file, given, "name") or file.parent.name, _text(file, given, "state"))


def _text(file: Path, given: dict[str, Any], key: str) -> str:
    value = given.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{file}: {key!r} must be text, not {value!r}.")
    return value.strip()


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
            from dotenv import dotenv_values

            found.update(
                {name: value for name, value in dotenv_values(file, interpolate=False).items() if value is not None}
            )
    return found | dict(os.environ)


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
