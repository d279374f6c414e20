"""References become values only on request, and values are never seen again."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import shlex
import textwrap
from urllib.parse import quote, quote_plus

import pytest

from mason import secrets
from mason.errors import SettingsError

SCHEMA = {"properties": {"key": {"secret": True}, "region": {}}}


def test_references_are_resolved_and_remembered_for_scrubbing():
    given = {"key": "{{CANARY_KEY}}", "region": "{{ REGION }}-1"}
    resolved = secrets.resolve(given, SCHEMA, {"CANARY_KEY": "canary-4711", "REGION": "eu"}, where="client x")
    assert resolved == {"key": "canary-4711", "region": "eu-1"}
    assert secrets.scrub("denied for canary-4711 in eu-1") == "denied for REDACTED in eu-1"


def test_all_missing_variables_are_named():
    with pytest.raises(SettingsError) as refused:
        secrets.resolve({"key": "{{B}}", "region": "{{A}}"}, SCHEMA, {}, where="client glue of config 1")
    assert str(refused.value) == (
        "Not set: A, B, wanted by client glue of config 1. Set it in the environment or in a .env file."
    )


def test_a_property_of_which_nothing_is_said_but_true_is_not_secret():
    schema = {"properties": {"key": {"secret": True}, "region": True}}
    assert secrets.redact({"key": "{{K}}", "region": "eu"}, schema) == {"key": "REDACTED", "region": "eu"}


def test_redaction_hides_secret_fields_only():
    assert secrets.redact({"key": "{{K}}", "region": "eu"}, SCHEMA) == {"key": "REDACTED", "region": "eu"}


@pytest.mark.parametrize(("text", "expected"), [("{{A}}", True), (" {{ A }} ", True), ("x{{A}}", False), ("A", False)])
def test_what_a_reference_is(text, expected):
    assert secrets.is_reference(text) is expected


NASTY = "ab\\cd'\"é\n☃\U0001f511 end%/?"


@pytest.mark.parametrize(
    "spelled",
    [
        str,
        repr,
        ascii,
        lambda value: repr(f"{value}'"),
        lambda value: repr(f'{value}"'),
        lambda value: repr({"key": [value]}),
        lambda value: str(KeyError(value)),
        lambda value: repr(value.encode()),
        json.dumps,
        lambda value: json.dumps({"key": value}, ensure_ascii=False),
        quote,
        lambda value: quote(value, safe=""),
        quote_plus,
        lambda value: quote(value, safe="").lower(),
        lambda value: repr(json.dumps({"key": value})),
        lambda value: json.dumps(json.dumps({"key": value})),
        lambda value: json.dumps(repr([value])),
        lambda value: repr(repr([value, "'\""])),
        lambda value: f"select '{value.replace(chr(39), chr(39) * 2)}'",
        lambda value: f'"{value.replace(chr(34), chr(34) * 2)}"',
        html.escape,
        shlex.quote,
        lambda value: textwrap.indent(value, "    | "),
        lambda value: "\n".join(f"+ {line}" for line in value.split("\n")),
        lambda value: value.replace("\n", "\r\n"),
        lambda value: value.replace("\n", "\\n"),
    ],
    ids=range(26),
)
@pytest.mark.parametrize("value", [NASTY, "it's-one", 'say-"one"', "back\\slash", "müller-pass"], ids=range(5))
def test_secrets_are_found_in_whichever_way_they_are_spelled(spelled, value):
    secrets.remember(value)
    scrubbed = secrets.scrub(f"denied for {spelled(value)}.")
    assert "REDACTED" in scrubbed
    for part in ("ab", "cd", "end", "one", "back", "slash", "ller", "pass"):
        assert part not in scrubbed


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["standard", "url"])
@pytest.mark.parametrize("around", ["{}", "user:{}", "x{}y", "12{}"])
def test_secrets_are_found_in_what_base64_made_of_them(encode, around):
    secrets.remember("basic-secret>>>???")
    coded = encode(around.format("basic-secret>>>???").encode()).decode()
    scrubbed = secrets.scrub(f"Authorization: Basic {coded}")
    assert "REDACTED" in scrubbed
    # A character that shares its bits with what is around it may be left at either end.
    assert len(scrubbed) <= len("Authorization: Basic REDACTED") + len(coded) - len(encode(b"basic-secret>>>???")) + 8


def test_a_line_of_a_key_is_as_secret_as_all_of_it():
    secrets.remember("-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n\tAoIBAQC7VJTUt9Us8c==\n-----END KEY-----\n")
    assert secrets.scrub("-----BEGIN KEY-----") == "-----BEGIN KEY-----"
    assert secrets.scrub("no key: MIIEvQIBADANBgkq, AoIBAQC7VJTUt9Us8c") == "no key: REDACTED, REDACTED"


def test_a_secret_that_contains_another_one_goes_whole():
    for value in ("hold-this", "hold-this-too", "hold"):
        secrets.remember(value)
    assert secrets.scrub("hold-this-too, hold-this and hold") == "REDACTED, REDACTED and REDACTED"


def test_long_texts_of_backslashes_and_quotes_are_done_at_once():
    """They would take hours if the time grew with the square of their length."""
    for value in ("éééé", "'" * 16, "\n'" * 8 + "x", "\\" * 8 + "'\\"):
        secrets.remember(value)
    text = "\\" * 100_000 + "'" * 100_000 + "\n" * 100_000
    assert "REDACTED" in secrets.scrub(text)


def test_secrets_are_found_however_deep_they_stand():
    secret = {"type": "string", "secret": True}
    schema = {
        "properties": {
            "auth": {"properties": {"key": secret, "user": {}}},
            "headers": {"additionalProperties": secret},
            "hosts": {"items": {"properties": {"password": secret}}},
            "all": {"type": "object", "secret": True},
        }
    }
    given = {
        "auth": {"key": "{{DEEP_KEY}}", "user": "{{DEEP_USER}}"},
        "headers": {"Authorization": "{{DEEP_HEADER}}"},
        "hosts": [{"name": "a"}, {"password": "{{DEEP_PASSWORD}}"}],
        "all": {"anything": "{{DEEP_ALL}}"},
    }
    assert [place for place, _ in secrets.secret_values(given, schema)] == [
        ("auth", "key"),
        ("headers", "Authorization"),
        ("hosts", 1, "password"),
        ("all",),
    ]
    assert secrets.redact(given, schema) == {
        "auth": {"key": "REDACTED", "user": "{{DEEP_USER}}"},
        "headers": {"Authorization": "REDACTED"},
        "hosts": [{"name": "a"}, {"password": "REDACTED"}],
        "all": "REDACTED",
    }
    known = {f"DEEP_{name}": f"deep-{name.lower()}" for name in ("KEY", "USER", "HEADER", "PASSWORD", "ALL")}
    assert secrets.resolve(given, schema, known, where="x")["hosts"] == [{"name": "a"}, {"password": "deep-password"}]
    told = "deep-key deep-user deep-header deep-password deep-all"
    assert secrets.scrub(told) == "REDACTED deep-user REDACTED REDACTED REDACTED"


def test_passwords_of_urls_are_secret_wherever_they_stand():
    known = {"PLACE_URL": "trino://someone:p%40ss-of-url@host:8080/x"}
    secrets.resolve({"region": "{{PLACE_URL}}"}, SCHEMA, known, where="x")
    assert secrets.scrub("to trino://someone:p%40ss-of-url@host with p@ss-of-url") == (
        "to trino://someone:REDACTED@host with REDACTED"
    )


def test_variables_are_secret_if_their_names_say_so():
    given = {
        "DEPLOY_TOKEN": "likely-1",
        "PWD": "/likely/2",
        "MONKEY": "likely-3",
        "API_KEY": "four",
        "A_KEY_B": "likely-5",
    }
    secrets.remember_likely(given)
    assert secrets.scrub(" ".join(given.values())) == "REDACTED /likely/2 likely-3 four REDACTED"


def test_short_secrets_are_scrubbed_but_may_stand_in_a_text_by_chance():
    secrets.remember("tinysec")
    secrets.remember("longer-secret")
    assert [secrets.holds(text) for text in ("a tinysec", "a longer-secret", "nothing")] == [False, True, False]
    assert secrets.scrub("a tinysec") == "a REDACTED"


def test_numbers_that_are_secrets_are_scrubbed_too():
    secrets.remember("0048.1510")
    secrets.remember("0000")
    assert secrets.scrub_all([48.151, 0, 0.0, False]) == ["REDACTED", 0, 0.0, False]
    assert secrets.scrub("it is 48.151") == "it is REDACTED"
    secrets.remember("48151623")
    assert secrets.scrub_all({"pin": 48151623, "more": [481516231, True, None]}) == {
        "pin": "REDACTED",
        "more": [481516231, True, None],
    }


def test_secrets_of_a_config_are_remembered_before_they_are_resolved():
    given = {"key": " {{ EARLY }} ", "region": "{{PLACE}}"}
    secrets.remember_secrets(given, SCHEMA, {"EARLY": "early-bird", "PLACE": "eu-west-1"})
    secrets.remember_secrets({"key": "{{UNSET}}"}, SCHEMA, {})
    assert secrets.scrub("early-bird in eu-west-1") == "REDACTED in eu-west-1"


def test_log_lines_are_scrubbed_with_their_tracebacks():
    secrets.remember("logged-secret\\")
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(secrets.scrubbing_formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.Logger("some.library")
    logger.addHandler(handler)
    try:
        raise KeyError("logged-secret\\")
    except KeyError:
        logger.exception("no %s", "logged-secret\\")
    assert told.getvalue().startswith("ERROR some.library: no REDACTED\nTraceback")
    assert told.getvalue().endswith("KeyError: 'REDACTED'\n")


def test_what_is_secret_can_be_left_out():
    schema = {
        "properties": {
            "key": {"secret": True},
            "auth": {"properties": {"user": {}, "password": {"secret": True}}},
            "tokens": {"items": {"secret": True}},
            "hosts": {"items": {"properties": {"name": {}, "pin": {"secret": True}}}},
        }
    }
    given = {
        "key": "{{K}}",
        "auth": {"user": "me", "password": "x"},
        "tokens": ["a", "b"],
        "hosts": [{"name": "h", "pin": 1}],
        "url": "https://me:pass@host",
        "urls": ["https://host", "https://me:pass@host"],
        "region": "eu",
    }
    assert secrets.without_secrets(given, schema) == {
        "auth": {"user": "me"},
        "tokens": [],
        "hosts": [{"name": "h"}],
        "urls": ["https://host"],
        "region": "eu",
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GITHUB_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("PGPASSWORD", True),
        ("SECRET", True),
        ("OPENAI_APIKEY", True),
        ("db_password", True),
        ("PWD", False),
        ("OLDPWD", False),
        ("KEY", False),
        ("SSH_KEY_PATH", False),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", False),
        ("KEYBOARD", False),
        ("HOME", False),
    ],
)
def test_names_that_say_that_a_value_is_secret(name, expected):
    assert secrets.says_secret(name) is expected


def test_passwords_of_urls_are_taken_out_known_or_not():
    told = "postgresql://ann:hunter22secret@db/x, https://example.com:8080/a@b and redis://:open-sesame@cache"
    assert secrets.scrub(told) == (
        "postgresql://ann:REDACTED@db/x, https://example.com:8080/a@b and redis://:REDACTED@cache"
    )
    assert secrets.scrub_all({"url": ["a://b:{{NAME}}@c", "a://b:c@d"]}) == {
        "url": ["a://b:{{NAME}}@c", "a://b:REDACTED@d"]
    }


def test_what_is_only_likely_to_be_secret_refuses_no_definition():
    secrets.remember_likely({"DB_PASSWORD": "qzvkxwjpgtrm", "OTHER_PASSWORD": "postgres"})
    assert secrets.scrub("qzvkxwjpgtrm in postgres") == "REDACTED in postgres"
    assert (secrets.holds("qzvkxwjpgtrm"), secrets.are_known(), secrets.are_known(sure=True)) == (False, True, False)
    secrets.remember("qzvkxwjpgtrm")
    assert (secrets.holds("qzvkxwjpgtrm"), secrets.are_known(sure=True)) == (True, True)
