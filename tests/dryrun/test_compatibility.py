"""An operator meets a config: the clients that are chosen, and the sentences of refusal."""

from __future__ import annotations

import pytest

from mason.dryrun.compatibility import choose_clients, clients_asked, lacks
from mason.engines.capabilities import Capabilities
from mason.errors import UnsupportedVerbError
from mason.resources.config import Config
from mason.resources.operator import Operator


class Catalog:
    """Clients that exist nowhere, to choose among."""

    clients = {  # noqa: RUF012
        "glue": {"metastore": frozenset({"get_table"})},
        "athena": {"metastore": frozenset({"get_table"}), "execution": frozenset({"query"})},
        "s3": {"metastore": frozenset(), "storage": frozenset({"read"})},
    }

    def names(self):
        return sorted(self.clients)

    def roles(self, name):
        return self.clients[name]

    def capabilities(self, name):
        return dict.fromkeys(self.clients[name], Capabilities())

    def refusals(self, name, role, verb, asked, waiting):
        return []

    def schema(self, name):
        return {}


def operator(*supported):
    return Operator("table", "get", "", (), supported, ())


def config(**engines):
    return Config("3", {role: tuple(clients) for role, clients in engines.items()}, {})


NEEDS = {"metastore": frozenset({"get_table"})}


def test_the_first_client_that_does_the_verbs_is_chosen():
    chosen = choose_clients(operator(), NEEDS, config(metastore=["s3", "glue", "athena"]), Catalog())
    assert chosen == {"metastore": "glue"}


def test_supported_configurations_narrow_the_choice():
    chosen = choose_clients(
        operator({"metastore": "athena"}), NEEDS, config(metastore=["glue", "athena"], storage=["s3"]), Catalog()
    )
    assert chosen == {"metastore": "athena", "storage": "s3"}


def test_a_config_without_the_supported_client_is_refused():
    with pytest.raises(UnsupportedVerbError) as refused:
        choose_clients(operator({"metastore": "s3"}), NEEDS, config(metastore=["athena"]), Catalog())
    assert str(refused.value) == (
        "Configuration 3 not supported by configured engines for operator table:get. "
        "Clients ['athena'] do not include supported client s3 for metastore. "
        "Check operator.yaml for supported engine configurations."
    )


def test_a_client_that_lacks_the_verb_is_refused_by_name():
    with pytest.raises(UnsupportedVerbError) as refused:
        choose_clients(operator(), NEEDS, config(metastore=["s3"]), Catalog())
    assert str(refused.value) == (
        "Configuration 3 not supported by configured engines for operator table:get. "
        "Client s3 does not support metastore.get_table. "
        "Check operator.yaml for supported engine configurations."
    )


def test_an_engine_without_client_is_refused():
    with pytest.raises(UnsupportedVerbError, match=r"No client is configured for metastore\."):
        choose_clients(operator(), NEEDS, config(), Catalog())


def test_the_nearest_of_several_supported_configurations_gives_the_reasons():
    supported = ({"metastore": "s3", "execution": "s3"}, {"metastore": "glue", "execution": "athena"})
    with pytest.raises(UnsupportedVerbError) as refused:
        choose_clients(operator(*supported), NEEDS, config(metastore=["glue"], execution=["s3x"]), Catalog())
    assert "Clients ['s3x'] do not include supported client athena for execution." in str(refused.value)
    assert "metastore" not in str(refused.value)


def test_operators_name_technologies_and_configs_name_clients():
    named = Config("3", {"metastore": ("old", "new"), "execution": ("new",)}, {}, {"old": "glue", "new": "athena"})
    assert choose_clients(operator({"metastore": "athena"}), NEEDS, named, Catalog()) == {
        "metastore": "new",
        "execution": "new",
    }
    with pytest.raises(UnsupportedVerbError) as refused:
        choose_clients(operator({"metastore": "new"}), NEEDS, named, Catalog())
    assert "Clients ['old', 'new'] do not include supported client new for metastore." in str(refused.value)


def test_what_is_asked_of_any_engine_needs_a_client_that_does_it():
    """Whichever engine that client plays; those that do it are asked one after the other."""

    class WithJobs(Catalog):
        clients = {  # noqa: RUF012
            "glue": {"metastore": frozenset({"get_table", "get_job"})},
            "athena": {"execution": frozenset({"query", "get_job"}), "storage": frozenset({"get_job"})},
            "s3": {"storage": frozenset({"read"})},
        }

    needs = {"any": frozenset({"get_job"})}
    both = config(metastore=["glue"], storage=["athena"], execution=["athena"])
    chosen = choose_clients(operator(), needs, both, WithJobs())
    assert chosen == {"metastore": "glue", "storage": "athena", "execution": "athena"}
    assert clients_asked("get_job", chosen, both, WithJobs()) == ["glue", "athena"]
    assert lacks((), needs, config(storage=["s3"]), WithJobs()) == ["None of its clients supports get_job."]
