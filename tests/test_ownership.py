"""Settings and states of other users of a machine are not used before a person says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mason import settings
from mason.errors import SettingsError
from mason.home import is_new_state, is_trusted, trust, trusted
from mason.ownership import open_to_others, owner_of

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
STRANGER = 4242


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.delenv("MASON_STATE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "their project"
    folder.mkdir()
    (folder / "mason.yaml").write_text("name: x\nstate: state\n")
    return folder


def refused(start: Path) -> str:
    with pytest.raises(SettingsError) as raised:
        settings.environment(settings.find_project(start))
    return str(raised.value)


def told(file: Path, folder: Path) -> str:
    return (
        f"{file} belongs to {STRANGER}, so it is not used: it decides which code runs, and what is done with your "
        f"secrets. If you trust who owns it: mason trust '{folder}'"
    )


@root
@pytest.mark.parametrize("name", ["mason.yaml", ".env"])
def test_files_of_others_are_refused_until_they_are_trusted(project: Path, name: str) -> None:
    file = project / name
    file.touch()
    os.chown(file, STRANGER, STRANGER)
    assert refused(project) == told(file, project)
    trust([project])
    assert settings.find_project(project).root == project
    settings.environment(settings.find_project(project))


@root
def test_who_became_root_is_still_who_they_were(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(project / "mason.yaml", STRANGER, STRANGER)
    monkeypatch.setenv("SUDO_UID", str(STRANGER))
    assert owner_of(project / "mason.yaml") == ""
    monkeypatch.setenv("SUDO_UID", "17")
    assert owner_of(project / "mason.yaml") == str(STRANGER)


@root
def test_a_list_of_trusted_folders_that_others_own_is_none(project: Path, home: Path) -> None:
    trust([project])
    os.chown(home / "trusted_folders", STRANGER, STRANGER)
    os.chown(project / "mason.yaml", STRANGER, STRANGER)
    assert refused(project) == f"{home}/trusted_folders belongs to {STRANGER}. Remove it, and trust folders anew."


def test_a_project_above_a_folder_that_is_open_to_all(project: Path) -> None:
    inner = project / "drop" / "inner"
    inner.mkdir(parents=True)
    (project / "drop").chmod(0o777)
    assert refused(inner) == (
        f"{project}/mason.yaml was found from {project}/drop, where every user of this machine may write: what others "
        f"put there would be taken for the project's. Forbid it (chmod o-w '{project}/drop'), or, if you trust them "
        f"all: mason trust '{project}'"
    )
    assert settings.find_project(project).root == project
    trust([project])
    assert settings.find_project(inner).root == project


def test_what_is_nowhere_belongs_to_nobody(tmp_path: Path) -> None:
    assert owner_of(tmp_path / "none") == ""
    assert owner_of(tmp_path) == ""
    assert open_to_others(tmp_path / "none", tmp_path) is None


def test_what_is_trusted_is_kept_for_this_person_alone(project: Path, home: Path) -> None:
    assert trusted() == []
    trust([project, project.parent])
    assert trusted() == [str(project.parent), str(project)]
    assert is_trusted(project / "below")
    assert not is_trusted(Path("/etc"))
    assert (home.stat().st_mode & 0o777, (home / "trusted_folders").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_state_is_new_once(home: Path) -> None:
    assert is_new_state("s3://bucket/team")
    assert not is_new_state("s3://bucket/team")
    assert is_new_state("s3://bucket/other")
