"""Files become resources that were checked against the clients that there are, and schemas say what may stand there."""

from __future__ import annotations

import pytest

from mason.errors import ResourceError
from mason.project.loading import load, parse_cache, published_schema
from tests.conftest import CONFIG, GET


def test_the_whole_project_is_loaded_or_what_was_named(opened, folder):
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "operators").mkdir()
    (folder / "operators" / "get.yaml").write_text(GET)
    assert [item.address for item in load(opened).items] == ["config.1", "operator.table.get"]
    assert [item.address for item in load(opened, [folder / "operators"]).items] == ["operator.table.get"]


def test_definitions_are_checked_against_the_clients_that_there_are(opened, folder):
    (folder / "config.yaml").write_text(CONFIG.replace("metastore_engine: local", "metastore_engine: lokal"))
    with pytest.raises(ResourceError) as caught:
        load(opened)
    assert str(caught.value).startswith("config.yaml:3: ")
    assert "'lokal'" in str(caught.value)


def test_what_files_say_is_remembered_under_the_home_of_the_person(opened, folder):
    (folder / "config.yaml").write_text(CONFIG)
    load(opened)
    assert parse_cache(folder).is_file()
    assert parse_cache(folder).parent == folder.parent / "home" / "cache"
    assert parse_cache(folder) != parse_cache(folder.parent)


def test_the_schema_of_configs_holds_that_of_every_client():
    clients = published_schema("config")["properties"]["clients"]["properties"]
    assert {"local", "local_async", "memory"} <= set(clients)
    assert "root" in str(clients["local"])


def test_other_kinds_have_no_clients():
    assert "clients" not in published_schema("operator")["properties"]
