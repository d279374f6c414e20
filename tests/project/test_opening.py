"""A project is opened from settings, environment and what was asked for, in this order of strength."""

from __future__ import annotations

import pytest

from mason.errors import SettingsError
from mason.project.opened import stored_source
from mason.project.opening import open_project


def test_the_state_is_where_it_was_asked_for_then_the_environment_then_the_project(folder, monkeypatch):
    (folder / "mason.yaml").write_text("name: flights\nstate: memory://settings\n")
    assert open_project().url == "memory://settings"
    monkeypatch.setenv("MASON_STATE", "memory://environment")
    assert open_project().url == "memory://environment"
    assert open_project("memory://asked").url == "memory://asked"


def test_a_workspace_has_a_state_of_its_own_under_the_same_url(folder, monkeypatch):
    opened = open_project("memory://shared", workspace="test")
    assert (opened.url, opened.store.url) == ("memory://shared", "memory://shared/workspaces/test")
    monkeypatch.setenv("MASON_WORKSPACE", "stage")
    assert open_project("memory://shared").workspace == "stage"
    assert open_project("memory://shared", workspace="test").workspace == "test"


def test_a_workspace_has_to_be_a_name(folder):
    with pytest.raises(SettingsError) as caught:
        open_project("memory://shared", workspace="../up")
    assert str(caught.value) == (
        "'../up' cannot name a workspace: use at most 100 letters, digits, _ and -, not beginning with -."
    )


def test_a_source_that_is_lost_is_none(opened):
    kept = opened.store.put_source(b"{}")
    assert stored_source(opened.store, kept) == b"{}"
    assert stored_source(opened.store, "sha256:" + "0" * 64) is None
