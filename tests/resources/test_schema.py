"""The published schemas: valid drafts, explained property by property, and agreeing with the typed views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from mason.resources.address import KINDS, NAME_PATTERN
from mason.resources.schema import kinds, schema


def _properties(rule: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(rule, dict):
        for group in ("properties", "patternProperties"):
            for name, inner in rule.get(group, {}).items():
                yield f"{path}/{name}", inner
        for key, inner in rule.items():
            yield from _properties(inner, f"{path}/{key}")


@pytest.mark.parametrize("kind", kinds())
def test_each_schema_is_a_valid_draft_that_names_its_kind(kind: str) -> None:
    written = schema(kind)
    jsonschema_rs.meta.validate(written)
    assert written["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert written["properties"]["type"]["const"] == kind
    assert "type" in written["required"]


@pytest.mark.parametrize("kind", kinds())
def test_each_property_has_a_title_and_a_description(kind: str) -> None:
    silent = [path for path, rule in _properties(schema(kind)) if not (rule.get("title") and rule.get("description"))]
    assert silent == []


@pytest.mark.parametrize("kind", KINDS)
def test_names_have_the_one_pattern(kind: str) -> None:
    patterns = {rule["pattern"] for path, rule in _properties(schema(kind)) if rule.get("maxLength") == 100}
    assert patterns == {NAME_PATTERN}


def test_a_kind_that_does_not_exist() -> None:
    with pytest.raises(KeyError, match="table"):
        schema("table")


def test_other_engines_are_named_as_the_four_are():
    rules = schema("config", {"data_catalog": "acme-catalog"})["properties"]
    plain = schema("config")["properties"]
    assert {name: rules[name] for name in plain} == plain
    assert rules.keys() - plain.keys() == {"data_catalog_clients", "data_catalog_engine"}
    assert rules["data_catalog_engine"] == {
        **plain["storage_engine"],
        "title": "Data catalog engine",
        "description": (
            "The one client that plays the data_catalog engine: short for data_catalog_clients with one entry."
        ),
    }
    assert schema("workflow", {"data_catalog": "acme-catalog"}) == schema("workflow")
