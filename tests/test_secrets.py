"""References become values only on request, and values are never seen again."""

from __future__ import annotations

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


def test_redaction_hides_secret_fields_only():
    assert secrets.redact({"key": "{{K}}", "region": "eu"}, SCHEMA) == {"key": "REDACTED", "region": "eu"}


@pytest.mark.parametrize(("text", "expected"), [("{{A}}", True), (" {{ A }} ", True), ("x{{A}}", False), ("A", False)])
def test_what_a_reference_is(text, expected):
    assert secrets.is_reference(text) is expected
