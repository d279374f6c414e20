"""An engine of another package, from YAML to what a run prints: it is known like the four that Mason brings."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mason import packages
from tests import catalogs

CONFIG = """\
type: config
id: 1
metastore_engine: memory
catalog_clients: [shelf]
clients:
  shelf: {configuration: {file: notes.json}}
"""
OPERATORS = """\
type: operator
namespace: catalog
command: annotate
description: Say who owns a dataset
parameters: {required: [dataset, owner]}
supported_configurations: [{catalog: shelf}]
do:
  - catalog.annotate: {dataset: "{{dataset}}", owner: "{{owner}}"}
---
type: operator
namespace: catalog
command: describe
parameters: {required: [dataset]}
do:
  - catalog.describe: {dataset: "{{dataset}}"}
---
type: operator
namespace: catalog
command: retire
parameters: {required: [dataset]}
do:
  - catalog.retire: {dataset: "{{dataset}}"}
"""
OWNER = """\
import mason


class CatalogOwner(mason.Operator):
    def run(self, ctx):
        ctx.info(ctx.engine("catalog").describe(ctx.params["dataset"])["owner"])
        return ctx.catalog.describe(ctx.params["dataset"])
"""


@pytest.fixture
def catalog(folder, catalog_package):
    """A project whose operators ask a catalog."""
    (folder / "mason.yaml").write_text("name: shelf\nstate: state\n")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "operators.yaml").write_text(OPERATORS)
    owner = folder / "owner"
    owner.mkdir()
    (owner / "operator.yaml").write_text(
        "{type: operator, namespace: catalog, command: owner, read_only: true, parameters: {required: [dataset]}}\n"
    )
    (owner / "__init__.py").write_text(OWNER)
    return folder


def test_sentences_run_with_the_client_of_the_config(mason, catalog):
    assert mason("apply", "-y").out.splitlines()[-1] == "Apply complete: 5 created, 0 overwritten, 0 deleted, 0 run."
    given = ("run", "operator", "catalog", "annotate", "-p", "dataset:orders,owner:Ann")
    asked = mason(*given, "-c", "1", answer="no\n")
    assert "for shelf as catalog do annotate(dataset='orders', owner='Ann')  [changes things]" in asked.err
    assert not (catalog / "notes.json").exists()
    assert mason(*given, "-c", "1", "-y").code == 0
    assert json.loads((catalog / "notes.json").read_text())["orders"]["owner"] == "Ann"
    # Read-only, so that it is not asked for.
    answer = mason("run", "operator", "catalog", "describe", "-p", "dataset:orders", "-c", "1", "--json")
    assert answer.json["Data"] == [{"dataset": "orders", "owner": "Ann", "text": ""}]
    missing = mason("run", "operator", "catalog", "describe", "-p", "dataset:sales", "-c", "1")
    assert (missing.code, missing.err.splitlines()[-1]) == (1, "Error: Nothing is known of sales.")


def test_python_operators_ask_it_by_its_name(mason, catalog):
    mason("apply", "-y")
    mason("run", "operator", "catalog", "annotate", "-p", "dataset:orders,owner:Ann", "-c", "1", "-y")
    shown = mason("validate", "operator", "catalog", "owner", "-p", "dataset:orders", "-c", "1")
    assert "for shelf as catalog do describe(...)" in shown.out
    assert "any verb" not in shown.out
    answer = mason("run", "operator", "catalog", "owner", "-p", "dataset:orders", "-c", "1", "--json")
    assert (answer.json["Info"], answer.json["Data"][0]["owner"]) == (["Ann"], "Ann")


def test_what_its_client_lacks_is_refused_when_planning(mason, catalog):
    mason("apply", "-y")
    refused = mason("validate", "operator", "catalog", "retire", "-p", "dataset:orders", "-c", "1")
    assert refused.code == 1
    assert "Client shelf does not support catalog.retire." in refused.err


def test_it_is_shown_with_the_configs(mason, catalog):
    mason("apply", "-y")
    assert mason("config").out.split() == (
        ["id", "execution", "metastore", "storage", "scheduler", "catalog", "*", "1", "memory", "shelf"]
    )
    assert mason("get", "config", "1").json["catalog_clients"] == ["shelf"]


def test_a_config_names_its_one_client(mason, catalog):
    (catalog / "config.yaml").write_text("{type: config, id: 1, catalog_engine: shelf}\n")
    mason("apply", "-y")
    assert mason("get", "config", "1").json["catalog_clients"] == ["shelf"]


def test_faults_are_told_with_all_others(mason, catalog):
    (catalog / "config.yaml").write_text(
        "type: config\nid: 1\ncatalog_clients: [shelf, memory]\ncatalog_engine: shelf\ncatalogue_engine: shelf\n"
    )
    (catalog / "operators.yaml").write_text(
        "type: operator\nnamespace: a\ncommand: b\nsupported_configurations: [{catalogs: shelf}]\n"
        "do:\n  - catalog.describ: {dataset: x}\n  - catalog.annotate: {dataset: x, own: y}\n  - catalogs.x: {}\n"
    )
    (catalog / "owner" / "__init__.py").write_text(OWNER.replace("ctx.catalog.describe", "ctx.catalog.explain"))
    lines = mason("plan").err.splitlines()
    assert [line.removeprefix("Error: ").partition(" (")[0] for line in lines[:-1]] == [
        "config.yaml:3: client memory cannot play catalog",
        "config.yaml:4: catalog_clients and catalog_engine say the same thing twice",
        "config.yaml:5: unknown key 'catalogue_engine'",
        "operators.yaml:4: unknown key 'catalogs' in supported_configurations[0]",
        "operators.yaml:6: unknown verb catalog.describ in sentence 1",
        "operators.yaml:7: catalog.annotate needs 'owner'",
        "operators.yaml:7: unknown argument 'own' of catalog.annotate",
        "operators.yaml:8: unknown engine 'catalogs' in sentence 3",
        "owner/__init__.py:7: the class calls catalog.explain, which is no verb",
    ]


def test_published_schemas_know_it(mason, catalog):
    config = mason("schema", "config").json["properties"]
    assert config["catalog_clients"]["description"] == (
        "The clients that play the catalog engine of the package acme-catalog. The first one is preferred."
    )
    assert config["catalog_clients"]["items"] == config["storage_clients"]["items"]
    assert config["catalog_engine"]["title"] == "Catalog engine"
    supported = mason("schema", "operator").json["properties"]["supported_configurations"]["items"]["properties"]
    assert supported["catalog"] == {
        **supported["storage"],
        "title": "Catalog",
        "description": supported["catalog"]["description"],
    }
    assert "shelf" in config["clients"]["properties"]


def test_without_the_package_its_words_are_unknown_again(mason, catalog, catalog_package, monkeypatch):
    """Also where everything was read before, and is remembered."""
    mason("apply", "-y")
    assert mason("plan").out.splitlines()[-1] == "No changes."
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each != str(catalog_package)])
    packages.forget()
    err = mason("plan").err
    assert "config.yaml:4: unknown key 'catalog_clients'" in err
    assert "operators.yaml:8: unknown engine 'catalog' in sentence 1" in err
    # What was applied stays, and says what it needs.
    refused = mason("run", "operator", "catalog", "describe", "-p", "dataset:orders", "-c", "1")
    assert refused.code == 1
    assert "There is no client 'shelf'." in refused.err


def test_a_package_that_is_broken_is_a_fault_of_what_names_it(mason, catalog, catalog_package):
    catalogs.put(catalog_package, module="import nothing_of_this_name\n")
    sys.modules.pop("acme_catalog", None)
    packages.forget()
    err = mason("plan").err
    why = (
        "The engine catalog of the package acme-catalog is broken "
        "(ModuleNotFoundError: No module named 'nothing_of_this_name')."
    )
    assert f"operators.yaml:8: engine catalog cannot be loaded ({why})" in err
    assert f"owner/__init__.py:6: engine catalog cannot be loaded ({why})" in err


def test_a_process_of_its_own_finds_it(catalog, tmp_path):
    run = [sys.executable, "-m", "mason"]
    applied = subprocess.run([*run, "apply", "-y"], capture_output=True, text=True, check=False, env=dict(os.environ))
    assert applied.stdout.splitlines()[-1] == "Apply complete: 5 created, 0 overwritten, 0 deleted, 0 run."
