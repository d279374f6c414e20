"""Definitions against what engines and clients there are: every fault, its place and its remedy."""

from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mason.clients import registry
from mason.dryrun.check import examiner, published_client
from mason.engines.capabilities import Capabilities
from mason.errors import EngineError
from mason.project.loading import published_schema
from mason.resources.faults import CALLS, Finding
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
            "it takes: database, table, read_headers, schema",
        ),
    ],
)
def test_sentences_that_no_engine_understands(do, path, message, remedy):
    assert found(operator(do=[do])) == [(("do", 0, next(iter(do)), *path), message, remedy)]


def test_not_to_wait_for_what_hands_out_no_job():
    """Where nothing is changed there is nothing to wait for, and whoever wrote it meant something else."""
    do = [{"metastore.list_databases": {}, "wait": False}]
    message = "wait: false says nothing in sentence 1: metastore.list_databases only reads, and hands out no job"
    assert found(operator(do=do)) == [(("do", 0, "wait"), message, "leave it out")]
    writing = [{"execution.query": {"sql": "SELECT 1", "output": "{{output}}"}, "wait": False}]
    assert found(operator(do=writing)) == []


def test_a_verb_of_jobs_may_be_asked_of_any_engine():
    assert found(operator(do=[{"any.get_job": {"job_id": "a"}}])) == []
    assert found(operator(do=[{"any.read": {"path": "a"}}])) == [
        (("do", 0, "any.read"), "unknown verb any.read in sentence 1", "known: get_job, find_job, cancel_job")
    ]


def test_verbs_that_a_class_calls_and_nobody_has():
    verbs = (
        "list_paths, exists, locate, infer_table, fingerprint, read, write, copy, delete, get_job, find_job, cancel_job"
    )
    assert found(operator(do=[]), "storage.fetch", "storage.read") == [
        ((CALLS, "storage.fetch"), "the class calls storage.fetch, which is no verb", f"known: {verbs}")
    ]
    assert found(operator(do=[]), "storage.reed")[0][2] == "did you mean 'read'?"


@pytest.mark.parametrize(
    ("sentence", "what"),
    [
        ({"metastore.delete_table": {"database": "a", "table": "b"}}, "metastore.delete_table"),
        ({"execution.query": {"sql": "SELECT 1", "output": "{{path}}"}, "as": "x"}, "execution.query with output"),
    ],
)
def test_sentences_that_change_something_although_read_only_is_true(sentence, what):
    reading = {"metastore.list_databases": {}}
    assert found(operator(do=[reading, sentence], read_only=True)) == [
        (
            ("do", 1, next(iter(sentence))),
            f"sentence 2 says {what}, which changes things, but read_only is true",
            "remove read_only: true, or the sentence",
        )
    ]
    assert found(operator(do=[reading], read_only=True)) == []
    assert found(operator(do=[sentence])) == []


def test_verbs_that_a_class_calls_although_read_only_is_true():
    assert found(operator(do=[], read_only=True), "storage.read", "storage.delete", "execution.query") == [
        (
            (CALLS, "storage.delete"),
            "the class calls storage.delete, which changes things, but read_only is true",
            "remove read_only: true, or the call",
        )
    ]
    assert found(operator(do=[]), "storage.delete") == []


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
            config(clients={"local": {"configuration": {"warehose": "{{WAREHOUSE}}"}}}),
            ("clients", "local", "configuration", "warehose"),
            "unknown key 'warehose' in the configuration of client local",
            "did you mean 'warehouse'?",
        ),
        (
            config(storage_clients=["lake"], clients={"lake": {"type": "lokal"}}),
            ("clients", "lake", "type"),
            "unknown client 'lokal'",
            "did you mean 'local'?",
        ),
        (
            config(storage_clients=["lak"], clients={"lake": {"type": "local"}}),
            ("storage_clients", 0),
            "unknown client 'lak'",
            "did you mean 'lake'?",
        ),
        (
            config(storage_clients=["nightly"], clients={"nightly": {"type": "local_async"}}),
            ("storage_clients", 0),
            "client nightly cannot play storage",
            "it plays: scheduler",
        ),
        (
            config(storage_clients=["lake"], clients={"lake": {"type": "local", "configuration": {"rot": "x"}}}),
            ("clients", "lake", "configuration", "rot"),
            "unknown key 'rot' in the configuration of client lake",
            "did you mean 'root'?",
        ),
        (
            config(clients={"memory": {"configuration": {"token": "hunter2-literal"}}}),
            ("clients", "memory", "configuration", "token"),
            "a literal value for the secret 'token' of client memory would end up in the state",
            "use {{NAME}}",
        ),
        (
            {"type": "workflow", "supported_schedulers": ["local", "locl"]},
            ("supported_schedulers", 1),
            "unknown client 'locl'",
            "did you mean 'local'?",
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


def test_a_key_without_a_value_is_as_good_as_left_out():
    configuration = {"warehouse": None, "threads": None}
    assert found(config(clients={"local": {"configuration": configuration}})) == []


class Catalog:
    """Clients that need a secret, that take no properties, that take any, and that are broken."""

    def names(self):
        return ["acme", "bare", "broken", "open"]

    def roles(self, name):
        if name == "broken":
            raise EngineError("Client broken is broken.")
        return {"storage": frozenset({"exists"})}

    def capabilities(self, name):
        return {"storage": Capabilities()}

    def refusals(self, name, role, verb, asked, waiting):
        return []

    def schema(self, name):
        if name == "open":
            return {"additionalProperties": {"type": "integer"}}
        return ACME if name == "acme" else {"type": "object", "additionalProperties": False}

    def faults(self, name, configuration, roles):
        return []


ACME = {
    "type": "object",
    "additionalProperties": False,
    "required": ["token"],
    "properties": {
        "token": {"type": "string", "secret": True, "title": "Token"},
        "threads": {"type": "integer", "minimum": 1},
        "verify": {"type": "boolean", "default": True},
        "region": {"enum": ["eu", "us"]},
        "memory": {"type": "string", "pattern": "^[0-9]+GB$"},
        "hosts": {"type": "array", "items": {"type": "string"}},
        "any": {},
    },
}


def faults(catalog=None, **rest):
    return [tuple(finding) for finding in examiner(catalog or Catalog())({"type": "config", "id": "1", **rest}, ())]


NEEDS = "client acme needs 'token' in its configuration"


@pytest.mark.parametrize(
    ("clients", "path"),
    [
        (None, ("storage_engine",)),
        ({}, ("storage_engine",)),
        ({"bare": None}, ("storage_engine",)),
        ({"acme": None}, ("clients", "acme", "configuration")),
        ({"acme": {"configuration": None}}, ("clients", "acme", "configuration")),
        ({"acme": {"configuration": {"token": None}}}, ("clients", "acme", "configuration")),
    ],
)
def test_a_client_that_is_used_needs_its_configuration(clients, path):
    assert faults(storage_engine="acme", clients=clients) == [(path, NEEDS, "")]


def test_a_client_without_properties_takes_none():
    found = faults(clients={"bare": {"configuration": {"x": 1}}})
    path = ("clients", "bare", "configuration", "x")
    assert found == [(path, "unknown key 'x' in the configuration of client bare", "")]


def test_a_client_that_cannot_be_loaded_is_told_once_where_it_is_named_first():
    found = faults(storage_clients=["broken"], execution_engine="broken", clients={"broken": {"configuration": {}}})
    assert found == [(("storage_clients", 0), "client broken cannot be loaded", "Client broken is broken.")]


CONFIGURATIONS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "token": st.sampled_from(["{{TOKEN}}", " {{ TOKEN }} ", "{{TOKEN}}x", "literal", "{{1}}", "", None, 1]),
        "threads": st.sampled_from([1, 0, "1", "{{T}}", "x{{T}}", None]),
        "verify": st.sampled_from([True, "true", "{{V}}", None]),
        "region": st.sampled_from(["eu", "{{R}}", "{{R}}-1", None]),
        "memory": st.sampled_from(["1GB", "1", "{{M}}", "{{M}}GB", None]),
        "hosts": st.sampled_from([[], ["a"], ["{{H}}"], "{{H}}", [1], None]),
        "any": st.sampled_from([1, "{{A}}", [], None]),
        "unknown": st.sampled_from([1, "{{U}}"]),
    },
)


class Choosy(Catalog):
    """A catalog whose clients have rules that no schema says."""

    def faults(self, name, configuration, roles):
        wrong = configuration.get("depth", 0) > 9
        return [Finding(("depth",), f"{name} is no {' or '.join(sorted(roles))} down there", "come up")] * wrong


def test_rules_that_no_schema_says():
    """A client is asked once its configuration is as its schema has it, and told what it is to play."""
    given = {"open": {"configuration": {"depth": 10}}}
    path = ("clients", "open", "configuration", "depth")
    found = faults(Choosy(), storage_clients=["open"], clients=given)
    assert found == [(path, "open is no storage down there", "come up")]
    assert faults(Choosy(), storage_clients=["open"], clients={"open": {"configuration": {"depth": 9}}}) == []
    (unlike,) = faults(Choosy(), storage_clients=["open"], clients={"open": {"configuration": {"depth": "deep"}}})
    assert unlike[1] == "wrong value for 'depth' of client open"


@settings(deadline=None)
@given(st.sampled_from(["acme", "bare", "open"]), CONFIGURATIONS, st.booleans())
def test_editors_accept_what_the_loader_accepts(client, configuration, whole):
    """And the reverse: what one of the two refuses, the other refuses too."""
    entry = {"configuration": configuration} if whole else None
    schema = published_client(Catalog().schema(client), {})
    assert jsonschema_rs.validator_for(schema).is_valid(entry) == (faults(clients={client: entry}) == [])


@pytest.mark.parametrize(
    "definition",
    [
        operator(supported_configurations=[{"metastore": "acme", "execution": "bare"}] * 3),
        config(metastore_clients=["bare"], execution_clients=["bare"], clients={"bare": {}}),
    ],
)
def test_which_clients_there_are_is_asked_once_for_a_document(definition):
    """It may mean to read the metadata of all installed packages."""

    class Counting(Catalog):
        asked = 0

        def names(self):
            self.asked += 1
            return super().names()

    catalog = Counting()
    list(examiner(catalog)(definition, ()))
    assert catalog.asked == 1


def test_what_editors_show_of_a_property_is_kept():
    properties = published_client(ACME, {})["properties"]["configuration"]["properties"]
    assert properties["token"]["title"] == "Token"
    assert properties["verify"]["default"] is True


@pytest.mark.parametrize("value", ["4", 4, "{{THREADS}}", None, "{{A}}{{B}}", 0])
def test_the_published_schema_of_configs_agrees_about_threads(value):
    definition = config(clients={"local": {"configuration": {"threads": value}}})
    fits = jsonschema_rs.validator_for(published_schema("config")).is_valid(definition)
    assert fits == (found(definition) == []) == (value in (4, "{{THREADS}}", None))


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


@pytest.mark.parametrize(
    ("clients", "is_right"),
    [
        ({"lake": {"type": "local", "configuration": {"root": "x"}}, "desk": {"type": "local"}}, True),
        ({"lake": {"type": "memory", "configuration": {"token": "{{TOKEN}}"}}}, True),
        # The type that is given counts, whatever the name is.
        ({"memory": {"type": "local", "configuration": {"root": "x"}}}, True),
        ({"local": {"type": "local", "configuration": {"root": "x"}}}, True),
        ({"local": {"type": None, "configuration": {"root": "x"}}}, True),
        ({"memory": {"type": "local", "configuration": {"token": "{{TOKEN}}"}}}, False),
        ({"lake": {"type": "local", "configuration": {"root": 1}}}, False),
        ({"local": {"type": "local", "configuration": {"root": 1}}}, False),
    ],
)
def test_clients_may_have_names_of_their_own_and_editors_agree(clients, is_right):
    definition = config(clients=clients)
    fits = jsonschema_rs.validator_for(published_schema("config")).is_valid(definition)
    assert fits == (found(definition) == []) == is_right


class Stores:
    """A catalog with one client, whose configuration has endpoints."""

    def names(self):
        return ["store"]

    def roles(self, name):
        return {role: frozenset({"get_table"}) for role in ("metastore", "storage", "execution", "scheduler")}

    def schema(self, name):
        return {
            "type": "object",
            "properties": {"endpoint_url": {"type": "string"}, "root": {"type": "string"}},
            "additionalProperties": False,
        }

    def faults(self, name, configuration, roles):
        return []


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"endpoint_url": "https://{{SECRET}}.example.com"}, True),
        ({"endpoint_url": "https://example.com/{{SECRET}}"}, True),
        ({"endpoint_url": "{{HOST}}:9000"}, True),
        ({"endpoint_url": "{{ENDPOINT}}"}, False),
        ({"endpoint_url": "https://example.com:9000"}, False),
        ({"root": "{{HOME}}/data"}, False),
    ],
)
def test_a_reference_in_the_host_of_an_endpoint_is_refused(given, refused):
    definition = {
        "type": "config",
        "id": "1",
        **{f"{role}_clients": ["store"] for role in ("metastore", "storage", "execution", "scheduler")},
        "clients": {"store": {"configuration": given}},
    }
    told = [finding for finding in examiner(Stores())(definition, ()) if "endpoint" in finding.message]
    assert [tuple(each) for each in told] == [
        (
            ("clients", "store", "configuration", "endpoint_url"),
            "an endpoint of client store has a reference in its host or path",
            "write it out, or {{NAME}} for the whole URL",
        )
    ] * refused
