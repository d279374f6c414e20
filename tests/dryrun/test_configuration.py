"""Configurations as clients get them: references resolved, typed and checked."""

from __future__ import annotations

import pytest

from mason import secrets
from mason.clients import registry
from mason.dryrun.configuration import remember_secrets, resolve, resolve_public
from mason.errors import SettingsError
from mason.resources.config import Config

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["host"],
    "properties": {
        "host": {"type": "string", "minLength": 2},
        "port": {"type": "integer", "minimum": 1},
        "ratio": {"type": "number"},
        "safe": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "maybe": {"type": ["integer", "null"]},
        "options": {"type": "object", "properties": {"deep": {"type": "boolean"}}},
        "token": {"type": "string", "secret": True},
    },
}
ENVIRONMENT = {
    "HOST": "localhost",
    "FLAG": "false",
    "PORT": "5432",
    "RATIO": "0.5",
    "TAGS": '["a"]',
    "EMPTY": "",
    "WORD": "hush-hush",
    "ONE": "x",
}


def resolved(**configuration):
    config = Config("1", {}, {"x": {"host": "{{HOST}}"} | configuration})
    return resolve(config, "x", SCHEMA, ENVIRONMENT)


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ("safe", "{{FLAG}}", False),
        ("port", "{{ PORT }}", 5432),
        ("ratio", "{{RATIO}}", 0.5),
        ("tags", "{{TAGS}}", ["a"]),
        ("tags", ["{{PORT}}"], ["5432"]),
        ("maybe", "{{PORT}}", 5432),
        ("maybe", "{{EMPTY}}", None),
        ("options", {"deep": "{{FLAG}}"}, {"deep": False}),
        ("host", "{{PORT}}", "5432"),
        ("host", "{{FLAG}}:{{PORT}}", "false:5432"),
        ("port", 1, 1),
    ],
)
def test_references_take_the_type_of_their_field(field, given, expected):
    assert resolved(**{field: given})[field] == expected


@pytest.mark.parametrize(
    ("field", "given", "fault"),
    [
        ("safe", "{{WORD}}", "safe must be true or false, but the value of {{WORD}} does not fit."),
        ("port", "{{WORD}}", "port must be a whole number, but the value of {{WORD}} does not fit."),
        ("port", 0, "port must be a whole number, but the value does not fit."),
        ("host", "{{ONE}}", "host must be text, but the value of {{ONE}} does not fit."),
        (
            "options",
            {"deep": "{{WORD}}"},
            "options.deep must be true or false, but the value of {{WORD}} does not fit.",
        ),
        ("hots", "x", "hots is no key that the client knows."),
    ],
)
def test_what_does_not_fit_is_named_and_never_shown(field, given, fault):
    with pytest.raises(SettingsError) as refused:
        resolved(**{field: given})
    assert str(refused.value) == f"In the configuration of client x of config 1, {fault}"


def test_what_is_missing_is_named():
    with pytest.raises(SettingsError) as refused:
        resolve(Config("1", {}, {}), "x", SCHEMA, {})
    assert str(refused.value) == "In the configuration of client x of config 1, host is missing."


def test_the_sandbox_of_local_cannot_be_switched_off_by_the_word_false():
    config = Config("1", {}, {"local": {"allow_outside_root": "{{FLAG}}"}})
    assert resolve(config, "local", registry.schema("local"), ENVIRONMENT) == {"allow_outside_root": False}


def test_secrets_are_remembered_for_clients_that_are_not_installed_too():
    config = Config("1", {}, {"memory": {"token": "{{A}}"}, "no_such_client": {"b": "{{B}}"}})
    remember_secrets(config, registry, lambda: {"A": "secret-of-memory", "B": "secret-of-nobody"})
    assert secrets.scrub("secret-of-memory, secret-of-nobody") == "REDACTED, REDACTED"


def test_the_environment_is_not_read_for_nothing():
    remember_secrets(Config("1", {}, {"memory": {"memory_limit": "1GB"}}), registry, lambda: pytest.fail("read"))


def test_what_others_may_know_is_not_secret_and_set():
    schema = {
        "properties": {
            "key": {"type": "string", "secret": True},
            "port": {"type": "integer"},
            "auth": {"properties": {"user": {}, "password": {"secret": True}}},
        }
    }
    given = {
        "key": "{{KEY}}",
        "port": "{{PORT}}",
        "auth": {"user": "me", "password": "{{KEY}}"},
        "endpoint": "{{ENDPOINT}}",
        "region": "{{UNSET}}",
        "url": "{{URL}}",
    }
    environment = {"KEY": "hunter2", "PORT": "80", "ENDPOINT": "http://x", "URL": "http://me:hunter2@x"}
    known = resolve_public(Config("1", {}, {"x": given}), "x", schema, environment)
    assert known == {
        "port": 80,
        "auth": {"user": "me"},
        "endpoint": "http://x",
    }
