"""Names of engines: four, and those of other packages, which are looked for only where another one is named."""

from __future__ import annotations

import subprocess
import sys

from mason import packages
from mason.packages import Brought
from mason.resources import roles
from tests import catalogs


def test_four_are_known(monkeypatch):
    assert roles.ROLES == ("metastore", "storage", "execution", "scheduler")
    assert roles.is_role("storage")
    assert not roles.is_role("catalog")


def test_others_come_from_entry_points(catalog_package):
    assert roles.brought_roles() == {"catalog": Brought("acme_catalog:Catalog", "acme-catalog", "1.0")}
    assert roles.known_roles() == ("metastore", "storage", "execution", "scheduler", "catalog")
    assert roles.is_role("catalog")


def test_names_that_no_sentence_could_say_and_those_of_the_four_are_left_out(catalog_package):
    catalogs.put(catalog_package, points="[mason.engines]\nstorage = a:B\nCatalog2 = a:B\ndata_catalog = a:B\n")
    packages.forget()
    assert list(roles.brought_roles()) == ["data_catalog"]


def test_roles_that_a_config_names_are_in_order():
    keys = [
        "type",
        "id",
        "clients",
        "zoo_engine",
        "scheduler_clients",
        "alpha_clients",
        "metastore_engine",
        "zoo_clients",
    ]
    assert roles.named_roles(keys) == ("metastore", "scheduler", "alpha", "zoo")
    assert roles.in_order(["b", "execution", "a", "storage", "b"]) == ("storage", "execution", "a", "b")


def test_the_digest_tells_other_engines_and_versions_apart(catalog_package):
    with_catalog = roles.others_digest()
    (catalog_package / "acme_catalog-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-catalog\nVersion: 1.1\n"
    )
    packages.forget()
    newer = roles.others_digest()
    (catalog_package / "acme_catalog-1.0.dist-info" / "entry_points.txt").write_text("")
    packages.forget()
    assert len({with_catalog, newer, roles.others_digest()}) == 3


def test_packages_are_not_looked_at_where_only_the_four_are_named():
    code = (
        "import sys\n"
        "from mason.engines import engine_type\n"
        "from mason.resources import roles\n"
        "engine_type('storage'), roles.is_role('execution'), roles.named_roles(['catalog_clients'])\n"
        "print(roles.others_matter(), 'importlib.metadata' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False False\n"
