"""What belongs to a person and not to a project or a team: the folder ``MASON_HOME``, and what is kept there.

That is which folders the person trusts, which config is current in which state, and which states were met before. Each
file is written whole, for nobody else to read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mason import bounds, ownership
from mason.errors import SettingsError

_TRUSTED = "trusted_folders"
_MET = "known_states"


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


def is_trusted(folder: Path) -> bool:
    """Whether this person said ``mason trust`` for a folder or one above it."""
    real = Path(os.path.realpath(folder))
    return any(real.is_relative_to(each) for each in trusted())


def trusted() -> list[str]:
    """The folders that this person trusts whoever owns them, sorted. Raises ``SettingsError``."""
    file = mason_home() / _TRUSTED
    try:
        if owner := ownership.owner_of(file):
            raise SettingsError(f"{file} belongs to {owner}. Remove it, and trust folders anew.")
        return sorted(
            line for line in bounds.read_file(file, bounds.SETTINGS).decode().splitlines() if line.startswith("/")
        )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read ({error}).") from error


def trust(folders: Iterable[Path]) -> None:
    """Use what is in ``folders`` from now on whoever owns it. Raises ``SettingsError`` when that cannot be kept."""
    known = {*trusted(), *(os.path.realpath(folder) for folder in folders)}
    _keep_in_home(_TRUSTED, "".join(f"{each}\n" for each in sorted(known)))


def current_config(lineage: str) -> str:
    """The id of the config that this person chose (``mason config ID -s``) in the state of that lineage; else empty."""
    return _current_configs().get(lineage, "")


def set_current_config(lineage: str, identifier: str) -> None:
    """Remember ``identifier`` as this person's current config in the state of that lineage.

    Raises ``SettingsError`` when it cannot be kept.
    """
    import json

    chosen = _current_configs() | {lineage: identifier}
    _keep_in_home(_current_configs_file().name, json.dumps(chosen, indent=2) + "\n")


def _keep_in_home(name: str, text: str) -> None:
    """Write a file of the person's own folder, whole, for nobody else to read. Raises ``SettingsError``."""
    file = mason_home() / name
    try:
        ownership.make_private(file.parent)
        partial = file.with_name(f"{file.name}.{os.getpid()}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text)
        partial.replace(file)
    except OSError as error:
        remedy = "Set MASON_HOME to a folder that you may write to."
        raise SettingsError(f"{file}: cannot be written ({error.strerror}). {remedy}") from error


def is_new_state(url: str) -> bool:
    """Whether a state is used at ``url`` for the first time on this machine, as far as this person's folder tells; from
    now on it is known."""
    try:
        text = bounds.read_file(mason_home() / _MET, bounds.SETTINGS).decode()
    except (OSError, UnicodeDecodeError):
        text = ""
    if url in text.splitlines():
        return False
    # Where nothing can be kept, it is told each time.
    with suppress(SettingsError):
        _keep_in_home(_MET, f"{text}{url}\n")
    return True


def _current_configs_file() -> Path:
    return mason_home() / "current_configs.json"


def _current_configs() -> dict[str, str]:
    """What was chosen, by the lineage of the state that it was chosen in."""
    file = _current_configs_file()
    try:
        text = bounds.read_file(file, bounds.SETTINGS).decode()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read ({error}).") from error

    try:
        given = bounds.parse_json(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(chosen, str) for chosen in given.values()):
        raise SettingsError(f"{file}: this is not what Mason wrote. Remove the file, and choose configs anew.")
    return given
