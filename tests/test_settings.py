"""Where settings come from, which wins, and what is said when they are unusable."""

from __future__ import annotations

from pathlib import Path

import pytest

from mason import settings
from mason.errors import SettingsError
from mason.settings import ProjectSettings


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MASON_STATE", raising=False)
    return tmp_path / "home"


def test_the_nearest_project_upward_is_found(tmp_path):
    (tmp_path / "mason.yaml").write_text("name: flights\nstate: team/state\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    found = settings.find_project(inner)
    assert found == ProjectSettings(tmp_path, "flights", "team/state")
    assert settings.state_url(None, found) == str(tmp_path / "team/state")


def test_without_a_project_the_current_folder_counts_and_has_no_name(tmp_path, home):
    found = settings.find_project(tmp_path)
    assert found == ProjectSettings(tmp_path, "", "")
    assert settings.state_url(None, found) == home.as_uri()


def test_an_empty_project_file_names_the_project_after_its_folder(tmp_path):
    (tmp_path / "mason.yaml").write_text("")
    assert settings.find_project(tmp_path).name == tmp_path.name


def test_the_option_wins_over_the_environment_and_that_over_the_project(tmp_path, monkeypatch):
    found = ProjectSettings(tmp_path, "x", "s3://team/x")
    assert settings.state_url(None, found) == "s3://team/x"
    monkeypatch.setenv("MASON_STATE", "file:///env")
    assert settings.state_url(None, found) == "file:///env"
    assert settings.state_url("file:///option", found) == "file:///option"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nam: x", "unknown key 'nam' (did you mean 'name'?)."),
        ("name: [1]", "'name' must be text, not [1]."),
        ("- a", "the project file must be a mapping with the keys name, state."),
        ("name: x\n  y: [", "mapping values are not allowed in this context."),
    ],
)
def test_a_faulty_project_file_is_named(tmp_path, text, message):
    file = tmp_path / "mason.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as refused:
        settings.find_project(tmp_path)
    assert str(refused.value).startswith(str(file))
    assert str(refused.value).endswith(message)


def test_the_environment_wins_over_env_files(tmp_path, home, monkeypatch):
    home.mkdir()
    (home / ".env").write_text("A=home\nB=home\nC=home\n")
    (tmp_path / ".env").write_text("A=project\nB='project with spaces'\n")
    monkeypatch.setenv("A", "process")
    found = settings.environment(ProjectSettings(tmp_path))
    assert (found["A"], found["B"], found["C"]) == ("process", "project with spaces", "home")


def test_dollars_in_env_files_are_what_they_are(tmp_path):
    (tmp_path / ".env").write_text("PASSWORD=pa$HOME${HOME}$$word\n")
    assert settings.environment(ProjectSettings(tmp_path))["PASSWORD"] == "pa$HOME${HOME}$$word"


def test_the_current_config_is_kept_for_the_person():
    assert settings.current_config() == ""
    settings.set_current_config("3")
    assert settings.current_config() == "3"


def test_a_home_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    Path(tmp_path / "file").write_text("")
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "file"))
    with pytest.raises(SettingsError) as refused:
        settings.set_current_config("3")
    assert str(refused.value) == (
        f"{tmp_path}/file/current_config: cannot be written (File exists). "
        "Set MASON_HOME to a folder that you may write to."
    )
