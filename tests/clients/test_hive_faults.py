"""What becomes of requests to a metastore that goes, is silent, is none, or is changed by others meanwhile."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mason.clients.hive import HiveClient
from mason.clients.hive.metastore import HiveMetastore
from mason.engines.models import Column, Location, Schema, Table
from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    MasonError,
    MissingDependencyError,
    NotFoundError,
    TransientEngineError,
    UnknownOutcomeError,
)
from tests.hive_servers import HiveServer, bare, empty, hive_server, missing
from tests.servers import free_port
from tests.thrift_relay import CUT_AFTER, CUT_BEFORE, SILENT, Relay, relayed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hive")]


def metastore_at(uri: str, base: Path, **more: object) -> HiveMetastore:
    found = HiveClient({"uri": uri, **more}, base=base).engine("metastore")
    assert isinstance(found, HiveMetastore)
    return found


@pytest.fixture
def direct(hive_server: HiveServer, tmp_path: Path) -> Iterator[HiveMetastore]:
    """A metastore with one table, asked without a detour."""
    made = metastore_at(hive_server.uri, tmp_path)
    made.create_table("club", "people", definition=people(tmp_path))
    yield made
    empty(made.hive)
    made.hive.close()


@pytest.fixture
def relay(hive_server: HiveServer) -> Iterator[Relay]:
    with relayed(hive_server.port) as made:
        yield made


@pytest.fixture
def relayed_metastore(relay: Relay, direct: HiveMetastore, tmp_path: Path) -> Iterator[HiveMetastore]:
    made = metastore_at(relay.uri, tmp_path)
    yield made
    made.hive.close()


def people(base: Path, comment: str = "") -> Table:
    place = base / "people"
    place.mkdir(exist_ok=True)
    schema = Schema((Column("id", "BIGINT"), Column("name", "VARCHAR")))
    return Table("people", schema=schema, location=Location(place.as_uri()), format="parquet", comment=comment)


def test_where_no_metastore_is(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    uri = ",".join(f"thrift://127.0.0.1:{port}" for port in ports)
    with pytest.raises(TransientEngineError) as raised:
        metastore_at(uri, tmp_path).list_databases()
    told = str(raised.value)
    assert told.startswith(f"The metastore cannot be reached: thrift://127.0.0.1:{ports[0]} (")
    assert f"; thrift://127.0.0.1:{ports[1]} (" in told
    assert told.endswith(". Is it running, and is uri right?")


def test_without_the_library_every_verb_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An entry of None is how Python itself says that a module cannot be imported.
    monkeypatch.setitem(sys.modules, "pymetastore.hive_metastore.ThriftHiveMetastore", None)
    metastore = metastore_at(f"thrift://127.0.0.1:{free_port()}", tmp_path)
    told = "Client hive (pymetastore.hive_metastore.ThriftHiveMetastore) needs packages that are not installed. "
    for verb in (
        metastore.list_databases,
        lambda: metastore.create_table("club", "people", definition=people(tmp_path)),
    ):
        with pytest.raises(MissingDependencyError) as raised:
            verb()
        assert str(raised.value) == f"{told}Run: pip install 'mason[hive]'"


def test_the_first_that_answers_is_asked(direct: HiveMetastore, hive_server: HiveServer, tmp_path: Path) -> None:
    made = metastore_at(f"thrift://127.0.0.1:{free_port()}, {hive_server.uri}/", tmp_path)
    assert [each.name for each in made.list_databases()] == ["club"]
    made.hive.close()


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "does not speak Hive's Thrift. Is that the port of the metastore (9083)?",
        ),
        (b"\x80\x01\x00\x02\x7f\xff\xff\xff", "does not speak Hive's Thrift"),
        (b"", "or it wants another authentication (SASL)."),
    ],
    ids=["http", "endless", "nothing"],
)
def test_what_is_no_metastore(tmp_path: Path, says: bytes, told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    wire, _ = server.accept()
                    wire.recv(100)
                    wire.sendall(says)
                    wire.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(EngineError) as raised:
            metastore_at(f"thrift://127.0.0.1:{server.getsockname()[1]}", tmp_path).get_table("club", "people")
        assert told in str(raised.value)


def test_one_that_does_not_answer(relay: Relay, tmp_path: Path) -> None:
    relay.faults["get_table_req"] = SILENT
    with pytest.raises(TransientEngineError) as raised:
        metastore_at(relay.uri, tmp_path, timeout=1).get_table("club", "people")
    assert f"{relay.uri} did not answer in 1 s" in str(raised.value)


@pytest.mark.parametrize("fault", [CUT_BEFORE, CUT_AFTER])
def test_reading_goes_on_when_a_connection_is_gone(relay: Relay, relayed_metastore: HiveMetastore, fault: str) -> None:
    """As a restart leaves it: the connection that was kept is dead."""
    expected = relayed_metastore.get_table("club", "people")
    relay.faults["get_table_req"] = fault
    assert relayed_metastore.get_table("club", "people") == expected
    assert relay.asked.count("get_table_req") == 3


def test_a_change_goes_over_a_new_connection(
    relay: Relay, relayed_metastore: HiveMetastore, direct: HiveMetastore
) -> None:
    """After a restart nobody has to look whether it was done: the connection that is dead is not asked."""
    assert relayed_metastore.get_table("club", "people") == direct.get_table("club", "people")
    relay.cut()
    relayed_metastore.create_database("zoo")
    assert relay.asked.count("create_database") == 1
    assert direct.get_database("zoo").name == "zoo"


@pytest.mark.parametrize(("fault", "done"), [(CUT_BEFORE, False), (CUT_AFTER, True)])
def test_what_is_not_known_to_be_done_is_not_done_twice(
    relay: Relay, relayed_metastore: HiveMetastore, direct: HiveMetastore, tmp_path: Path, fault: str, done: bool
) -> None:
    relay.faults["create_table"] = fault
    with pytest.raises(UnknownOutcomeError) as raised:
        relayed_metastore.create_table("club", "copy", definition=people(tmp_path))
    assert str(raised.value).startswith("It is not known whether the metastore did what it was asked for, to create ta")
    assert relay.asked.count("create_table") == 1
    assert [each.name for each in direct.list_tables("club")] == (["copy", "people"] if done else ["people"])
    # Which the next one finds out.
    relayed_metastore.create_table("club", "copy", definition=people(tmp_path), overwrite=True)
    assert [each.name for each in direct.list_tables("club")] == ["copy", "people"]


def test_a_change_right_before_it_is_replaced(
    relay: Relay, relayed_metastore: HiveMetastore, direct: HiveMetastore, tmp_path: Path
) -> None:
    def change() -> None:
        raw = direct.requests.table("club", "people")
        raw.parameters["team"] = "fruit"
        bare(direct.hive, "alter_table", "club", "people", raw)

    relay.before["get_table_req"] = [lambda: None, change]
    with pytest.raises(ConflictError) as raised:
        relayed_metastore.create_table("club", "people", definition=people(tmp_path, comment="New"), overwrite=True)
    assert "was changed while it was replaced, so it was left alone" in str(raised.value)
    assert "alter_table" not in relay.asked
    found = direct.requests.table("club", "people")
    assert (found.parameters["team"], found.parameters.get("comment")) == ("fruit", None)


def test_a_change_right_after_it_is_told(
    relay: Relay, relayed_metastore: HiveMetastore, direct: HiveMetastore, tmp_path: Path
) -> None:
    stale = direct.requests.table("club", "people")
    back = [lambda: None, lambda: None, lambda: bare(direct.hive, "alter_table", "club", "people", stale)]
    relay.before["get_table_req"] = list(back)
    with pytest.raises(ConflictError) as raised:
        relayed_metastore.create_table("club", "people", definition=people(tmp_path, comment="New"), overwrite=True)
    assert "was changed by others while it was replaced: see what it is now" in str(raised.value)


def test_a_table_that_goes_while_its_partitions_are_listed(
    relay: Relay, relayed_metastore: HiveMetastore, direct: HiveMetastore, tmp_path: Path
) -> None:
    (tmp_path / "parted").mkdir()
    place = Location((tmp_path / "parted").as_uri())
    wanted = replace(people(tmp_path), location=place, partition_columns=("name",))
    direct.create_table("club", "parted", definition=wanted)
    relay.before["get_partition_names"] = [lambda: direct.delete_table("club", "parted")]
    with pytest.raises(NotFoundError):
        relayed_metastore.list_partitions("club", "parted")


def test_a_metastore_that_dies_and_comes_back(tmp_path: Path) -> None:
    if told := missing():
        pytest.skip(told)
    port = free_port()
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with hive_server(tmp_path / "first", port=port) as server:
        made = metastore_at(server.uri, tmp_path)
        made.create_table("club", "people", definition=people(tmp_path))
        server.kill()
        with pytest.raises(TransientEngineError):
            made.get_table("club", "people")
        with pytest.raises(TransientEngineError):
            made.create_table("club", "people", definition=people(tmp_path), overwrite=True)
    with hive_server(tmp_path / "second", port=port) as server:
        assert made.list_databases() == []
        made.hive.close()


def test_who_may_not_is_told(tmp_path: Path) -> None:
    """A metastore that asks the file system who may write where."""
    if told := missing():
        pytest.skip(told)
    place = "org.apache.hadoop.hive.ql.security.authorization"
    settings = {
        "hive.metastore.pre.event.listeners": f"{place}.AuthorizationPreEventListener",
        "hive.security.metastore.authorization.manager": f"{place}.StorageBasedAuthorizationProvider",
        "hive.security.metastore.authenticator.manager": "org.apache.hadoop.hive.ql.security."
        "HadoopDefaultMetastoreAuthenticator",
    }
    (tmp_path / "hive").mkdir()
    with hive_server(tmp_path / "hive", settings=settings) as server:
        server.warehouse.chmod(0o755)
        made = metastore_at(server.uri, tmp_path, user="nobody")
        with pytest.raises(MasonError) as raised:
            made.create_database("club")
        made.hive.close()
    assert isinstance(raised.value, AccessDeniedError), raised.value
    assert "Permission denied" in str(raised.value)
    assert "user=nobody" in str(raised.value)
