"""Clients by name: those of other packages are found by their entry points, and broken ones spoil nothing else."""

from __future__ import annotations

import sys

import pytest

from mason import errors, packages
from mason.clients import registry
from mason.clients.local import LocalClient
from mason.engines.capabilities import Capabilities, FileFormat
from mason.errors import EngineError, MissingDependencyError, NotFoundError
from tests.conftest import CONFIG

CLIENT = """\
from mason.engines.client import Client
from mason.engines.storage import Storage


class AcmeStorage(Storage):
    client = "acme"
    supports = frozenset({"exists"})

    def exists(self, path):
        return True


class AcmeClient(Client):
    name = "acme"

    @classmethod
    def roles(cls):
        return {"storage": AcmeStorage}

    @classmethod
    def schema(cls):
        return {"type": "object", "required": ["token"], "properties": {"token": {"type": "string", "secret": True}}}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a distribution with that module and these entry points where Python finds packages."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def put(points, module=CLIENT, *, look=True):
        (site / "acme_mason.py").write_text(module)
        folder = site / "acme_mason-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-mason\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[mason.clients]\n{points}\n")
        if look:
            packages.forget()

    yield put
    sys.modules.pop("acme_mason", None)
    packages.forget()


def test_a_client_of_another_package_is_known_by_its_entry_point(install):
    install("acme = acme_mason:AcmeClient")
    assert registry.names() == ["acme", *sorted(registry.BUILTIN)]
    assert registry.client_class("acme").name == "acme"
    assert registry.roles("acme") == {"storage": frozenset({"exists"})}
    assert registry.schema("acme")["required"] == ["token"]


def test_a_client_that_declares_nothing_promises_nothing(install):
    install("acme = acme_mason:AcmeClient")
    assert registry.capabilities("acme") == {"storage": Capabilities()}
    assert (Capabilities().reads, Capabilities().writes, Capabilities().dialect) == ((), (), "")


def test_capabilities_of_each_engine():
    can = registry.capabilities("local")
    assert list(can) == ["metastore", "storage", "execution", "scheduler"]
    assert [each.name for each in can["execution"].writes] == ["csv", "json", "jsonl", "parquet", "xlsx"]
    assert can["execution"].written("xlsx") == FileFormat("xlsx")
    assert can["execution"].written("orc") is None
    assert can["storage"].read("csv") == FileFormat("csv", ("gzip", "zstd", "none"), folders=True)
    assert (can["metastore"].dialect, can["metastore"].name_case) == ("duckdb", "folded")


def test_entry_points_are_looked_for_once(install):
    before = registry.names()
    install("acme = acme_mason:AcmeClient", look=False)
    assert registry.names() == before
    packages.forget()
    assert registry.names() == ["acme", *before]


def test_built_in_clients_win(install):
    install("local = acme_mason:AcmeClient")
    assert registry.names() == sorted(registry.BUILTIN)
    assert registry.client_class("local") is LocalClient


def test_a_name_that_nobody_registered_is_answered_with_all_names():
    with pytest.raises(NotFoundError) as refused:
        registry.client_class("lokal")
    known = ", ".join(sorted(registry.BUILTIN))
    assert str(refused.value) == f"There is no client 'lokal'. Known clients: {known}."


def test_a_package_that_is_missing_is_named_with_the_one_that_needs_it(install):
    install("acme = acme_mason:AcmeClient", "import acme_sdk\n")
    with pytest.raises(MissingDependencyError) as refused:
        registry.client_class("acme")
    assert str(refused.value) == (
        "Client acme (acme_sdk) needs packages that are not installed. Run: pip install acme-mason"
    )
    assert refused.value.extra is None


def test_a_missing_package_of_a_built_in_client_is_in_its_extra(monkeypatch):
    monkeypatch.setitem(registry.BUILTIN, "glue", registry.Registration("no_such_module:GlueClient", "aws"))
    with pytest.raises(MissingDependencyError) as refused:
        registry.client_class("glue")
    assert str(refused.value) == (
        "Client glue (no_such_module) needs packages that are not installed. Run: pip install 'mason[aws]'"
    )
    assert refused.value.extra == "aws"


BROKEN = "Client acme of the package acme-mason is broken ({}). Run: pip install --upgrade acme-mason"


@pytest.mark.parametrize(
    ("point", "module", "why"),
    [
        ("acme_mason:Acme", CLIENT, "acme_mason:Acme is no subclass of mason.engines.client.Client"),
        ("acme_mason:AcmeStorage", CLIENT, "acme_mason:AcmeStorage is no subclass of mason.engines.client.Client"),
        ("acme_mason", CLIENT, "acme_mason is no subclass of mason.engines.client.Client"),
        ("acme_mason:AcmeClient", "1 / 0\n", "ZeroDivisionError: division by zero"),
        (
            "acme_mason:AcmeClient",
            "from mason.errors import AcmeError\n",
            f"ImportError: cannot import name 'AcmeError' from 'mason.errors' ({errors.__file__})",
        ),
    ],
)
def test_what_is_no_client_is_said_of_its_package(install, point, module, why):
    install(f"acme = {point}", module)
    for ask in (registry.client_class, registry.roles, registry.schema):
        with pytest.raises(EngineError) as refused:
            ask("acme")
        assert str(refused.value) == BROKEN.format(why)


def test_declarations_that_fail_are_said_of_the_package_too(install):
    install("acme = acme_mason:AcmeClient", CLIENT.replace('return {"type"', 'return UNKNOWN + {"type"'))
    with pytest.raises(EngineError) as refused:
        registry.schema("acme")
    assert str(refused.value) == BROKEN.format("its schema: NameError: name 'UNKNOWN' is not defined")
    assert registry.roles("acme")


# --- what a broken one does to commands -------------------------------------------------------------------------------


def test_a_broken_client_spoils_neither_the_schemas_nor_a_new_project(install, mason, folder):
    install("acme = acme_mason:AcmeClient\nother = acme_mason:Other", "import acme_sdk\n")
    clients = mason("schema", "config").json["properties"]["clients"]["properties"]
    assert list(clients) == sorted(registry.BUILTIN)
    assert mason("init").code == 0
    assert mason("plan").code == 0


def test_a_client_that_cannot_be_loaded_is_a_fault_with_its_line(install, mason, project):
    install("acme = acme_mason:AcmeClient", "import acme_sdk\n")
    (project / "config.yaml").write_text(CONFIG + "scheduler_clients: [acme]\nclients: {acme: {}}\n")
    (project / "get.yaml").write_text((project / "get.yaml").read_text().replace("get_table", "get_tabel"))
    result = mason("plan")
    assert result.code == 1
    assert result.err == (
        "Error: config.yaml:6: client acme cannot be loaded (Client acme (acme_sdk) needs packages that are not "
        "installed. Run: pip install acme-mason)\n"
        "Error: get.yaml:8: unknown verb metastore.get_tabel in sentence 1 (did you mean 'get_table'?)\n"
        "2 errors.\n"
    )


def test_what_was_applied_with_a_client_that_broke_is_shown_without_its_values(install, mason, project):
    (project / "config.yaml").write_text(
        CONFIG.replace("storage_engine: local", "storage_engine: acme")
        + "clients: {acme: {configuration: {token: '{{TOKEN}}'}}}\n"
    )
    install("acme = acme_mason:AcmeClient")
    assert mason("apply", "-y").code == 0
    (project.parent / "site" / "acme_mason.py").write_text("raise RuntimeError('gone')\n")
    sys.modules.pop("acme_mason")
    sys.path_importer_cache.clear()
    shown = mason("get", "config", "1").json
    assert shown["clients"]["acme"]["configuration"] == {"token": "REDACTED"}
    # What does not use it goes on.
    result = mason("run", "operator", "table", "get", "-p", "database_name:data,table_name:airlines")
    assert result.code == 0
