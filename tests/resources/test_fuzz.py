"""Whatever stands in a file, a load ends with resources or with faults, from both parsers alike."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mason.errors import ResourceError
from mason.resources.documents import read
from mason.resources.loader import load
from mason.resources.resource import Resources, encode

PIECES = (
    *("type: operator\n", "type: workflow\n", "type: config\n", "namespace: a\n", "command: b\n", "id: 1\n", "do:\n"),
    *("  - a.b: {x: '{{y}}'}\n", "    as: y\n", "dag:\n", "parameters:\n", "  required: [a, {name: b}]\n", "---\n"),
    *("- ", "  ", "\t", "&a ", "*a ", "<<: ", "{", "}", "[", "]", ": ", "? ", "'", '"', "|\n", "!!str ", "!x ", "\n"),
    *("1", "null", "yes", "\\ud800", "\x00", "\ufeff", "\x85", "é", "😀", "#", "%", "@", "\r"),
)
documents = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join).map(str.encode),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=60),
)
values: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcxyz"), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "type",
    "namespace",
    "command",
    "description",
    "parameters",
    "do",
    "dag",
    "id",
    "clients",
    "metastore_clients",
    "storage_engine",
    "name",
]
definitions = st.fixed_dictionaries(
    {"type": st.sampled_from(["operator", "workflow", "config"])},
    optional={key: st.just("a") | values for key in KEYS[1:]},
)
few = settings(max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def _load(data: bytes) -> Resources | ResourceError:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_bytes(data)
        try:
            return load([path], root=Path(folder))
        except ResourceError as error:
            found = error
    assert found.diagnostics
    assert all(diagnostic.message and diagnostic.file == "a.yaml" for diagnostic in found.diagnostics)
    assert os.linesep not in "".join(diagnostic.message for diagnostic in found.diagnostics)
    return found


@few
@given(documents)
def test_any_text_is_a_result_or_faults(data: bytes) -> None:
    found = _load(data)
    if isinstance(found, Resources):
        assert all(encode(item.definition) == item.encoded for item in found.items)


@few
@given(documents)
def test_the_parser_in_python_is_as_robust(data: bytes) -> None:
    read(data, pure=True)


@few
@given(definitions)
def test_any_definition_is_a_result_or_faults(definition: dict[str, Any]) -> None:
    _load(yaml.safe_dump(definition, allow_unicode=True).encode())
