"""Where Mason's own settings come from: the environment, ``mason.yaml`` and ``.env`` files. Reads only.

What belongs to a person, and is kept for one, is in ``mason.home``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from mason import bounds, ownership
from mason.errors import Diagnostic, SettingsError
from mason.home import is_trusted, mason_home
from mason.values import dataclass, field

PROJECT_FILE = "mason.yaml"
_PROJECT_KEYS = ("name", "state", "history", "require_signatures", "ignore", "refresh", "vars")
_HISTORY_KEYS = ("keep_runs", "keep_days")

Refresh: TypeAlias = Literal["auto", "always", "never"]
"""Whether plans ask engines what became of what was applied: ``auto`` where that costs next to nothing."""

DEFAULT_WORKSPACE = "default"
"""The workspace whose state is at the state's URL itself; those of others are below it."""


@dataclass(frozen=True, slots=True)
class History:
    """Which runs the history keeps: the newest ``keep_runs``, and all of the last ``keep_days`` days."""

    keep_runs: int = 1000
    keep_days: int = 90


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What ``mason.yaml`` says. ``root`` is its folder, or the current one where there is none.

    ``name`` is empty exactly when there is no ``mason.yaml``: nothing can be pruned then, because nobody could
    tell this project's resources from another's. ``state`` is a URL or empty, and ``history`` says which runs are kept.
    ``require_signatures``: only what is signed (see ``mason.state.signatures``) is used. ``ignore`` are the patterns of
    files and folders whose YAML is not Mason's. ``refresh`` is whether plans look for drift unasked. ``has_variables``:
    it declares some, which ``mason.resources.variables`` reads.
    """

    root: Path
    name: str = ""
    state: str = ""
    history: History = field(default_factory=History)
    require_signatures: bool = False
    ignore: tuple[str, ...] = ()
    refresh: Refresh = "auto"
    has_variables: bool = False


def current_folder() -> Path:
    """The current folder. Raises ``SettingsError`` when it was deleted meanwhile."""
    try:
        return Path.cwd()
    except OSError as error:
        raise SettingsError("The current folder does not exist any more. Go to one that does: cd FOLDER") from error


def find_project(start: Path) -> ProjectSettings:
    """The nearest folder at or above ``start`` that holds ``mason.yaml``; else ``start`` itself.

    Raises ``SettingsError`` naming the file and what is wrong in it. A ``mason.yaml`` that is no file is refused and
    not passed over: without it, another state would be used.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        file = folder / PROJECT_FILE
        if file.is_file():
            refuse_strange(file)
            if folder != start:
                _refuse_open(start, file)
            return _read_project(file)
        # Not by pathlib, which raises where nobody may look.
        if os.path.lexists(file):
            raise SettingsError(f"{file}: this is neither a file nor a link to one. Mend it, or remove it.")
    return ProjectSettings(start)


def refuse_strange(path: Path) -> None:
    """Raises ``SettingsError`` where ``path``, a file or folder of settings or of a state, belongs to another user of
    this machine and nobody said ``mason trust`` for it."""
    owner = ownership.owner_of(path)
    # Not by pathlib, which raises for a name that is too long, or where nobody may look.
    folder = path if os.path.isdir(path) else path.parent  # noqa: PTH112
    if owner and not is_trusted(folder):
        raise SettingsError(
            f"{path} belongs to {owner}, so it is not used: it decides which code runs, and what is done with your "
            f"secrets. If you trust who owns it: mason trust {shlex.quote(str(folder))}"
        )


def _refuse_open(start: Path, file: Path) -> None:
    """Raises ``SettingsError`` for a project file that was found above a folder where everybody can put resources."""
    found = ownership.open_to_others(start, file.parent)
    if found is not None and not is_trusted(file.parent):
        raise SettingsError(
            f"{file} was found from {found}, where every user of this machine may write: what others put there would "
            f"be taken for the project's. Forbid it (chmod o-w {shlex.quote(str(found))}), or, if you trust them all: "
            f"mason trust {shlex.quote(str(file.parent))}"
        )


# Nothing, a comment, or a key with a word or path that means the same in YAML as it says: no number (.5, .inf), no
# "true" and no lone ~, which is YAML for nothing.
_PLAIN_LINE = (
    r"(?ia) *(?:#[ -~]*)?|((?-i:name|state)): +(\"?)(?!(?:true|false|null|yes|no|on|off)\b)"
    r"((?:[A-Za-z/]|\.\.?/|~/|\.(?!(?:inf|nan)\b)[A-Za-z])[\w./~-]*)\2 *"
)


_LONGEST = 10_000
_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"


def _parse_project(file: Path, text: str) -> dict[str, Any]:
    """The content of ``mason.yaml``. Loading a YAML parser takes longer than most commands, and few files need one."""
    lines = [re.fullmatch(_PLAIN_LINE, line) for line in text.replace("\r\n", "\n").split("\n")]
    if all(lines):
        pairs = [(line[1], line[3]) for line in lines if line and line[1]]
        if len(dict(pairs)) == len(pairs):
            return dict(pairs)
    if len(text) > _LONGEST:
        # A parser that meets brackets without end takes the process with it.
        raise SettingsError(f"{file}: this is longer than {_LONGEST:,} characters. A project file has a few lines.")
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


def _read_pairs(file: Path, pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """The values by key. Raises ``SettingsError`` with every fault of the key and value nodes, each with its line."""
    read: dict[str, Any] = {}
    faults: list[Diagnostic] = []
    for key, line, value_node in _known(file, pairs, _PROJECT_KEYS, faults):
        if key == "history" and value_node.id == "mapping":
            read[key] = _read_history(file, value_node.value, faults)
        elif key == "state" and value_node.id == "mapping":
            read[key] = _read_state(file, line, value_node.value, faults)
        elif key == "vars":
            # What is wrong there is told where resources are loaded, as the types of values are.
            read[key] = _as_it_stands(value_node)
        elif key == "ignore":
            read[key] = _read_ignore(file, line, value_node, faults)
        elif key == "require_signatures" and value_node.value in ("true", "false"):
            read[key] = value_node.value == "true"
        elif key == "require_signatures":
            faults.append(Diagnostic(str(file), line, f"{key!r} must be true or false, not {_told(value_node)}."))
        elif key == "refresh" and value_node.value not in get_args(Refresh):
            fault = f"{key!r} must be auto, always or never, not {_told(value_node)}."
            faults.append(Diagnostic(str(file), line, fault))
        elif wrong := _no_mapping(value_node) if key == "history" else _fault_of(value_node):
            faults.append(Diagnostic(str(file), line, f"{key!r} {wrong}."))
        else:
            read[key] = value_node.value.strip()
    if faults:
        raise SettingsError(diagnostics=sorted(faults, key=lambda fault: fault.line))
    return read


def _as_it_stands(node: Any) -> Any:
    """What a node holds, as texts, to be compared."""
    if node.id == "scalar":
        return node.value
    return [tuple(map(_as_it_stands, each)) if isinstance(each, tuple) else _as_it_stands(each) for each in node.value]


def _read_history(file: Path, pairs: Iterable[tuple[Any, Any]], faults: list[Diagnostic]) -> History:
    """What is kept of the runs; what is wrong goes to ``faults``."""
    read: dict[str, int] = {}
    for key, line, value_node in _known(file, pairs, _HISTORY_KEYS, faults):
        if value_node.id == "scalar" and re.fullmatch("[1-9][0-9]{0,5}", value_node.value):
            read[key] = int(value_node.value)
        else:
            fault = f"'history.{key}' must be a whole number from 1 to 999999, not {_told(value_node)}."
            faults.append(Diagnostic(str(file), line, fault))
    return History(**read)


def _read_ignore(file: Path, line: int, value: Any, faults: list[Diagnostic]) -> tuple[str, ...]:
    """The patterns of a list; what is wrong goes to ``faults``."""
    if value.id != "sequence":
        told = _told(value)
        faults.append(Diagnostic(str(file), line, f"'ignore' must be a list of files and folders, not {told}."))
        return ()
    for each in value.value:
        if wrong := _fault_of(each):
            faults.append(Diagnostic(str(file), _line(each), f"'ignore' holds an entry that {wrong}."))
    return tuple(each.value.strip().strip("/") for each in value.value if not _fault_of(each))


def _read_state(file: Path, line: int, pairs: list[tuple[Any, Any]], faults: list[Diagnostic]) -> str:
    """The URL with the options of the mapping in its query; what is wrong goes to ``faults``.

    Which options there are, and what they can be, is the store's to say.
    """
    given: dict[str, str] = {}
    for key, at, value_node in _known(file, pairs, tuple(_told(key) for key, _ in pairs), faults):
        if value_node.id != "scalar":
            quotes = " (put {{NAME}} in quotes)" if value_node.id == "mapping" else ""
            faults.append(Diagnostic(str(file), at, f"'state.{key}' must be text, not {_told(value_node)}{quotes}."))
        elif wrong := _fault_of_line(value_node.value):
            faults.append(Diagnostic(str(file), at, f"'state.{key}' {wrong}."))
        else:
            given[key] = value_node.value.strip()
    url = given.pop("url", "")
    if not url:
        faults.append(Diagnostic(str(file), line, "'state' names no 'url', such as s3://bucket/prefix."))
    elif given and ("://" not in url or url.startswith("file:")):
        fault = f"'state' has options that a folder does not take ({', '.join(given)}). Leave them out."
        faults.append(Diagnostic(str(file), line, fault))
    from urllib.parse import quote

    asked = "&".join(f"{key}={quote(value, safe='/:{}')}" for key, value in given.items())
    return f"{url}{'&' if '?' in url else '?'}{asked}" if asked else url


def _known(
    file: Path, pairs: Iterable[tuple[Any, Any]], keys: tuple[str, ...], faults: list[Diagnostic]
) -> Iterable[tuple[str, int, Any]]:
    """Those of ``keys`` that a mapping has with a value, their lines and value nodes; what is wrong with the other keys
    goes to ``faults``."""
    first: dict[str, int] = {}
    for key_node, value_node in pairs:
        key, line = _told(key_node), _line(key_node)
        if key not in keys or key_node.tag != f"{_STANDARD}str":
            import difflib

            near = difflib.get_close_matches(key, keys, 1)
            meant = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(keys)}"
            faults.append(Diagnostic(str(file), line, f"unknown key {key!r} ({meant})."))
        elif key in first:
            fault = f"the key {key!r} is given twice, first at line {first[key]}. Keep one of them."
            faults.append(Diagnostic(str(file), line, fault))
        elif value_node.tag != f"{_STANDARD}null":
            yield key, line, value_node
        first.setdefault(key, line)


def _told(node: Any) -> str:
    """What a node says; of one that is no text its kind."""
    return node.value if isinstance(node.value, str) else f"a {'list' if node.id == 'sequence' else 'mapping'}"


def _fault_of(value: Any) -> str:
    """What is wrong with the text of a key, as the end of a sentence; empty if nothing is."""
    if value.id != "scalar":
        return f"must be text, not {_told(value)}"
    if value.tag != f"{_STANDARD}str":
        return f"must be text, not {value.value} (put it in quotes if it is meant as text)"
    return _fault_of_line(value.value)


def _fault_of_line(text: str) -> str:
    if not text.strip():
        return "is empty (write something, or leave the key out)"
    if re.search(_CONTROL, text.strip()):
        # Not quoted: somebody may have written a secret here.
        return "must be one line without control characters"
    return ""


def _no_mapping(value: Any) -> str:
    return f"must be a mapping with the keys {', '.join(_HISTORY_KEYS)}, not {_told(value)}"


def _read_project(file: Path) -> ProjectSettings:
    try:
        given = _parse_project(file, bounds.read_file(file, bounds.SETTINGS).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{file}:{line}: this is not UTF-8 text. Save the file as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}).") from error
    return ProjectSettings(
        file.parent,
        given.get("name") or file.parent.name,
        given.get("state", ""),
        given.get("history", History()),
        given.get("require_signatures", False),
        given.get("ignore", ()),
        given.get("refresh", "auto"),
        bool(given.get("vars")),
    )


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


def with_state(file: Path, url: str) -> str:
    """The text of the ``mason.yaml`` at ``file`` with ``url`` as its ``state``, all else as it is.

    Where ``state`` is a block it stays one: options that ``url`` has too keep their lines, and the others lose theirs.
    Raises ``SettingsError`` when ``state`` is written there in a way that is not safely changed, and ``OSError``.
    """
    import json

    before = file.read_bytes().decode("utf-8-sig")
    meant = _parse_project(file, before) | {"state": _parts(url)}
    line = f"state: {json.dumps(url, ensure_ascii=False)}"
    in_line, count = re.subn(r"(?m)^state[ \t]*:.*?(?=\r?$)", lambda _: line, before)
    if not count:
        in_line = before + ("" if before.endswith("\n") or not before else "\n") + line + "\n"

    def is_meant(text: str) -> bool:
        try:
            given = _parse_project(file, text)
        except SettingsError:
            return False
        return given | {"state": _parts(given.get("state", ""))} == meant

    if is_meant(in_line):
        return in_line
    in_block = _with_block(before, url)
    if is_meant(in_block):
        return in_block
    raise SettingsError(f"{file}: 'state' is written in a way that only you can change. Write there: {line}")


def _parts(url: str) -> tuple[str, dict[str, str]]:
    """A state's URL without its options, and each option by name as it stands in the URL, name included."""
    from urllib.parse import unquote

    # In the path of a folder a question mark is a character like others.
    if "://" not in url or url.startswith("file:"):
        return url, {}
    place, _, asked = url.partition("?")
    return place, {unquote(part.partition("=")[0]): unquote(part) for part in asked.split("&") if part}


def _with_block(text: str, url: str) -> str:
    """``text`` with ``url`` in the block that its ``state`` is, and with nothing changed where that is no block."""
    import json

    import yaml

    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    keys = {key.value: value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    block = keys.get("state")
    if not isinstance(block, yaml.MappingNode) or block.flow_style:
        return text
    options = _parts(url)[1]
    stay = {key.value for key, value in block.value if options.get(key.value) == f"{key.value}={value.value.strip()}"}
    place, _, asked = url.partition("?") if options else (url, "", "")
    left = "&".join(part for part in asked.split("&") if part and _parts(f"://?{part}")[1].keys().isdisjoint(stay))
    # From the end, so that the places of what is still to be changed stay what they are.
    for key, value in reversed(block.value):
        # A text of several lines ends where the line after it begins.
        start, end = value.start_mark.index, value.end_mark.index - (value.end_mark.column == 0)
        if key.value == "url":
            told = json.dumps(f"{place}?{left}" if left else place, ensure_ascii=False)
            text = text[:start] + told + text[end:]
        elif key.value not in stay:
            after = text.find("\n", end)
            text = text[: text.rfind("\n", 0, key.start_mark.index) + 1] + (text[after + 1 :] if after >= 0 else "")
    return text


def workspace(given: str | None) -> str:
    """The name of the workspace: the option, else ``MASON_WORKSPACE``, else the default one. Whether it can be a name
    is not checked here."""
    return given or os.environ.get("MASON_WORKSPACE") or DEFAULT_WORKSPACE


def environment(project: ProjectSettings) -> dict[str, str]:
    """What ``{{NAME}}`` may refer to: the process environment, then ``.env`` of the project, then of ``MASON_HOME``."""
    found: dict[str, str] = {}
    for folder in (mason_home(), project.root):
        file = folder / ".env"
        if file.is_file():
            refuse_strange(file)
            given = _read_dotenv(file)
            found.update({name: value for name, value in given.items() if value is not None})
    return found | dict(os.environ)


def _read_dotenv(file: Path) -> dict[str, str | None]:
    """What a ``.env`` file sets. Raises ``SettingsError`` that does not quote it: it may hold secrets."""
    import io

    from dotenv import dotenv_values

    try:
        text = bounds.read_file(file, bounds.SETTINGS).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: cannot be read: not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}. Check its permissions.") from error
    return dotenv_values(stream=io.StringIO(text), interpolate=False)
