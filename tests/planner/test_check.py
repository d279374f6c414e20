"""Definitions against what engines and clients there are: every fault, its place and its remedy."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mason.clients import registry
from mason.planner.check import examiner
from tests.planner.conftest import config, operator


def found(definition, *calls):
    return [tuple(finding) for finding in examiner(registry)(definition, calls)]


@pytest.mark.parametrize(
    ("do", "path", "message", "remedy"),
    [
        ({"metastor.x": {}}, (), "unknown engine 'metastor' in sentence 1", "did you mean 'metastore'?"),
        (
            {"metastore.get_tabel": {}},
            (),
            "unknown verb metastore.get_tabel in sentence 1",
            "did you mean 'get_table'?",
        ),
        (
            {"metastore.get_table": {"database": "a", "table": "b", "read_header": True}},
            ("read_header",),
            "unknown argument 'read_header' of metastore.get_table",
            "did you mean 'read_headers'?",
        ),
        (
            {"metastore.get_table": None},
            (),
            "metastore.get_table needs 'database', 'table'",
            "it takes: database, table, read_headers",
        ),
    ],
)
def test_sentences_that_no_engine_understands(do, path, message, remedy):
    assert found(operator(do=[do])) == [(("do", 0, next(iter(do)), *path), message, remedy)]


def test_verbs_that_a_class_calls_and_nobody_has():
    assert found(operator(do=[]), "storage.fetch", "storage.read") == [
        ((), "the class calls storage.fetch, which is no verb", found(operator(do=[]), "storage.fetch")[0][2])
    ]
    assert found(operator(do=[]), "storage.reed")[0][2] == "did you mean 'read'?"


@pytest.mark.parametrize(
    ("definition", "path", "message", "remedy"),
    [
        (
            config(metastore_clients=["local", "lokal"]),
            ("metastore_clients", 1),
            "unknown client 'lokal'",
            "did you mean 'local'?",
        ),
        (
            {"type": "config", "id": "1", "storage_engine": "lokal"},
            ("storage_engine",),
            "unknown client 'lokal'",
            "did you mean 'local'?",
        ),
        (
            config(clients={"local": {"configuration": {"warehose": "x"}}}),
            ("clients", "local", "configuration", "warehose"),
            "unknown key 'warehose' in the configuration of client local",
            "did you mean 'warehouse'?",
        ),
        (
            config(clients={"memory": {"configuration": {"token": "hunter2-literal"}}}),
            ("clients", "memory", "configuration", "token"),
            "a literal value for the secret 'token' of client memory would end up in the state",
            "use {{NAME}}",
        ),
        (
            operator(supported_configurations=[{"metastore": "locl"}]),
            ("supported_configurations", 0, "metastore"),
            "unknown client 'locl'",
            "did you mean 'local'?",
        ),
    ],
)
def test_clients_that_nobody_has(definition, path, message, remedy):
    assert found(definition) == [(path, message, remedy)]


@pytest.mark.parametrize(("client", "field"), [("local", "threads"), ("memory", "token")])
def test_a_wrong_value_in_a_configuration_is_never_quoted_back(client, field):
    value = ["not-to-be-shown"]
    faults = found(config(clients={client: {"configuration": {field: value}}}))
    assert len(faults) == 1
    assert "not-to-be-shown" not in str(faults)


def test_a_reference_may_stand_for_any_type():
    assert found(config(clients={"local": {"configuration": {"threads": "{{THREADS}}"}}})) == []


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["do", "supported_configurations", "clients", "metastore_clients", "storage_engine"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["config", "operator", "workflow"]), st.dictionaries(st.sampled_from(KEYS), ANY))
def test_any_shape_is_looked_at_without_stumbling(kind, rest):
    assert isinstance(found({"type": kind, **rest}), list)
