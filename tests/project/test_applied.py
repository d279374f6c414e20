"""What was applied is found by kind and name, shown without secrets, and is used only as it was applied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mason.errors import NotFoundError, StateFormatError
from mason.project.applied import applied_config, choose_config, current_config, find, shown_definition, untouched
from mason.project.opened import Project
from mason.state.snapshot import Entry, Snapshot
from tests.planner.conftest import config, operator, snapshot, workflow
from tests.project.conftest import Write

HELD = snapshot(config(), config("2"), operator(), operator("table", "list"), workflow("table", "export"))


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [
        ("config", (), ["config.1", "config.2"]),
        ("operator", ("table",), ["operator.table.get", "operator.table.list"]),
        ("operator", ("table", "list"), ["operator.table.list"]),
        ("all", ("table", "get"), ["operator.table.get"]),
        ("schedule", (), []),
    ],
)
def test_found_are_those_whose_names_begin_so(kind, names, expected):
    assert list(find(HELD, kind, names)) == expected


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [
        ("operator", ("table", "gte"), "There is no operator table:gte in the state. Did you mean table:get?"),
        ("config", ("9000",), "There is no config 9000 in the state. See what there is with: mason get"),
        ("all", ("nothing",), "There is no resource nothing in the state. See what there is with: mason get"),
    ],
)
def test_what_is_not_there_is_told_with_what_may_be_meant(kind, names, expected):
    with pytest.raises(NotFoundError) as caught:
        find(HELD, kind, names)
    assert str(caught.value) == expected


def test_the_name_of_a_definition_comes_first_and_its_clients_secrets_are_hidden():
    clients = {"local": {"configuration": {"root": "data"}}, "gone": {"configuration": {"token": "{{TOKEN}}"}}}
    entry = Entry("config", "", {"clients": clients, "id": "1", "type": "config"})
    shown = shown_definition(entry)
    assert list(shown) == ["type", "id", "clients"]
    # Of a client that is not installed nobody can tell what is secret.
    assert shown["clients"] == {
        "local": {"configuration": {"root": "data"}},
        "gone": {"configuration": {"token": "REDACTED"}},
    }


@pytest.mark.parametrize("clients", ["text", {"local": "text"}, {"local": {"configuration": "text"}}])
def test_what_was_edited_into_a_config_is_hidden_whole(clients):
    shown = shown_definition(Entry("config", "", {"type": "config", "clients": clients}))
    assert "text" not in str(shown)


def test_the_only_config_is_current_and_of_several_the_chosen_one(opened: Project, write: Write):
    assert current_config(write(config())) == "1"
    both = write(config(), config("2"))
    assert current_config(both) == ""
    choose_config(both, "2")
    assert current_config(both) == "2"
    assert applied_config(opened, both, "").id == "2"
    # The choice is this person's, in this state only.
    assert current_config(replace(both, lineage="another")) == ""


@pytest.mark.parametrize(
    ("definitions", "expected"),
    [
        ((), "There is no config in the state. Write one (see: mason schema config) and apply it."),
        (
            (config(), config("2")),
            "There are several configs (1, 2) and none is current. Name one with -c ID, or choose it for good with: "
            "mason config ID -s",
        ),
    ],
)
def test_without_a_current_config_it_is_told_how_to_get_one(definitions, expected, opened: Project):
    with pytest.raises(NotFoundError) as caught:
        applied_config(opened, snapshot(*definitions) if definitions else Snapshot(), "")
    assert str(caught.value) == expected


def test_what_was_edited_is_not_used(opened: Project):
    edited = replace(HELD.resources["operator.table.get"], digest="sha256:0")
    with pytest.raises(StateFormatError) as caught:
        untouched(opened, HELD, "operator.table.get", {"operator.table.get": edited})
    assert str(caught.value) == (
        "operator.table.get was edited in the state (serial 3): it is not what was applied. "
        "See what differs with: mason plan. Put back what the files say with: mason apply"
    )
