"""Engines by name: the four, those of other packages, and what is said of those that cannot be used."""

from __future__ import annotations

import sys

import pytest

from mason import packages
from mason.clients import registry
from mason.engines import ENGINES, engine_type, engine_types
from mason.engines.storage import Storage
from mason.errors import EngineError, UnsupportedVerbError
from tests import catalogs


def test_the_four():
    assert engine_type("storage") is Storage
    assert engine_types() == ENGINES


def test_one_of_another_package(catalog_package):
    found = engine_type("catalog")
    assert (found.role, list(found.verbs)) == (
        "catalog",
        ["describe", "annotate", "retire", "get_job", "find_job", "cancel_job"],
    )
    assert [each.read_only for each in found.verbs.values()] == [True, False, False, True, True, False]
    assert list(engine_types()) == [*ENGINES, "catalog"]
    assert registry.roles("shelf") == {"catalog": frozenset({"describe", "annotate"})}


def test_one_that_nobody_brings():
    with pytest.raises(UnsupportedVerbError) as refused:
        engine_type("catalog")
    assert str(refused.value) == (
        "There is no engine catalog here (metastore, storage, execution, scheduler). "
        "Install the package that brings it."
    )


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise ValueError('no')\n", "ValueError: no"),
        ("Catalog = 3\n", "acme_catalog:Catalog is no subclass of mason.engines.engine.Engine"),
        (
            "from mason.engines.storage import Storage as Catalog\n",
            "acme_catalog:Catalog is not the class of the engine catalog, but of 'storage'",
        ),
    ],
)
def test_one_whose_package_is_broken(catalog_package, module, why):
    catalogs.put(catalog_package, module=module)
    sys.modules.pop("acme_catalog", None)
    packages.forget()
    with pytest.raises(EngineError) as refused:
        engine_type("catalog")
    assert str(refused.value) == f"The engine catalog of the package acme-catalog is broken ({why})."
