"""References become values only on request, and values are never seen again."""

from __future__ import annotations

import io
import json
import logging
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
    ],
    ids=range(13),
)
@pytest.mark.parametrize("value", [NASTY, "it's-one", 'say-"one"', "back\\slash", "müller-pass"], ids=range(5))
def test_secrets_are_found_in_whichever_way_they_are_spelled(spelled, value):
    secrets.remember(value)
    scrubbed = secrets.scrub(f"denied for {spelled(value)}.")
    assert "REDACTED" in scrubbed
    for part in ("ab", "cd", "end", "one", "back", "slash", "ller", "pass"):
        assert part not in scrubbed


def test_numbers_that_are_secrets_are_scrubbed_too():
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
