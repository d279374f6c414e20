"""Requests to a coordinator: who asks, what is asked again, and what is told where it fails."""

from __future__ import annotations

import datetime
import ipaddress
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mason.clients.trino import TrinoClient
from mason.engines import interrupts
from mason.engines.models import Table
from mason.engines.progress import Progress, observing
from mason.errors import AccessDeniedError, CancelledError, EngineError, MasonError, NotFoundError, TransientEngineError
from tests.clients.trino_people import client_of, execution_of, metastore_of, people, rows_of
from tests.servers import free_port
from tests.trino_server import TrinoServer, serving
from tests.waiting import wait_for


@pytest.fixture
def client(trino: TrinoServer, tmp_path: Path) -> Iterator[TrinoClient]:
    made = client_of(trino, tmp_path)
    yield made
    made.close()


@pytest.fixture
def table(client: TrinoClient) -> Table:
    return people(client)


def refused(client: TrinoClient) -> str:
    """Why a client gets no list of databases."""
    with pytest.raises(MasonError) as raised:
        metastore_of(client).list_databases()
    return f"{type(raised.value).__name__}: {raised.value}"


def test_passwords_and_tokens(tmp_path: Path) -> None:
    server = TrinoServer()
    with serving(server, certificate=certificate(tmp_path)):
        server.passwords = {"ann": "right"}
        client = client_of(server, tmp_path, password="right", certificate="server.pem")
        assert metastore_of(client).list_databases() == []
        wrong = client_of(server, tmp_path, password="wrong", certificate="server.pem")
        assert refused(wrong) == (
            f"AccessDeniedError: Cannot list the schemas of catalog lake: {server.url} does not take the credentials "
            "of user ann. Check user and password, or token."
        )
        server.passwords, server.tokens = {}, {"a.b.c"}
        given = {"url": server.url, "token": "a.b.c", "certificate": "server.pem", "catalog": "lake"}
        assert metastore_of(TrinoClient(given, base=tmp_path)).list_databases() == []
        assert "the holder of the token" in refused(TrinoClient({**given, "token": "x"}, base=tmp_path))
        # The server's certificate is not one that this machine trusts.
        told = refused(client_of(server, tmp_path, password="right"))
        assert told == (
            f"EngineError: Cannot list the schemas of catalog lake: the certificate of {server.url} is not trusted, or "
            "it does not speak TLS. Give certificate, or check url."
        )


def certificate(folder: Path) -> Path:
    """A certificate for the loopback, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "trino")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def test_presto_is_the_same_by_a_word(tmp_path: Path) -> None:
    with serving(TrinoServer(presto=True, version="0.289-abc")) as server:
        client = client_of(server, tmp_path, flavor="presto", source="etl", session={"query_max_run_time": "30m"})
        metastore = metastore_of(client)
        metastore.create_database("club")
        assert [each.name for each in metastore.list_databases()] == ["club"]
        (first, *_) = server.queries.values()
        assert (first.user, first.source, first.properties) == ("ann", "etl", "query_max_run_time=30m")
        # A Trino is asked for its headers, which this one does not know.
        assert refused(client_of(server, tmp_path)) == (
            f"EngineError: Cannot list the schemas of catalog lake: {server.url} is of version 0.289-abc, and the "
            "first one of Trino is 351. For Presto set flavor: presto."
        )


@pytest.mark.slow
def test_servers_that_are_none_or_not_ready(trino: TrinoServer, tmp_path: Path) -> None:
    nothing = TrinoClient({"url": f"http://127.0.0.1:{free_port()}", "catalog": "lake"}, base=tmp_path)
    told = refused(nothing)
    assert told.startswith("TransientEngineError: Cannot list the schemas of catalog lake: http://127.0.0.1:")
    assert told.endswith("does not answer (Connection refused). Check url, and that Trino runs.")
    trino.plan = lambda method, path: 200
    assert refused(client_of(trino, tmp_path)) == (
        f"EngineError: Cannot list the schemas of catalog lake: what answers at {trino.url} is no Trino. Is that the "
        "port of the coordinator?"
    )
    trino.plan = lambda method, path: ""
    trino.starting = True
    assert "is starting. Try again in a moment." in refused(client_of(trino, tmp_path))
    trino.starting = False
    trino.plan = lambda method, path: 403 if method == "POST" else ""
    assert "refuses it to user ann" in refused(client_of(trino, tmp_path))


@pytest.mark.parametrize("fault", [503, 429, "before", "after"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_what_gets_lost_is_asked_for_again_and_runs_once(
    trino: TrinoServer, client: TrinoClient, fault: int | str, method: str
) -> None:
    client.coordinator.submit("SELECT 1 AS a", doing="begin")
    lost: list[str] = []

    def plan(asked: str, path: str) -> int | str:
        if asked == method and len(lost) < 2:
            lost.append(path)
            return fault
        return ""

    trino.plan = plan
    assert rows_of(execution_of(client), "SELECT 2 AS a") == [(2,)]
    assert len(lost) == 2
    # A statement that was registered only is none that ran.
    assert [text for text in trino.texts if "2" in text] == ['SELECT 2 AS "a"']


@pytest.mark.slow
def test_a_server_that_stays_away_is_told(trino: TrinoServer, client: TrinoClient) -> None:
    trino.plan = lambda method, path: 503 if method == "POST" else ""
    with pytest.raises(TransientEngineError) as raised:
        execution_of(client).query("SELECT 1 AS a")
    assert str(raised.value) == f"Cannot answer the query: {trino.url} answers 503, it is busy or away. Try again."


def test_who_is_silent_is_asked_once(trino: TrinoServer, tmp_path: Path) -> None:
    trino.plan = lambda method, path: "silent"
    client = client_of(trino, tmp_path, timeout=1)
    assert refused(client) == (
        f"TransientEngineError: Cannot list the schemas of catalog lake: {trino.url} does not answer in time. Check "
        "url, and that Trino runs."
    )
    assert len(trino.requests) == 1


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    client = TrinoClient({"url": "https://127.0.0.1:1", "certificate": "no.pem", "catalog": "lake"}, base=tmp_path)
    assert refused(client) == (
        "EngineError: Cannot list the schemas of catalog lake: the certificate no.pem is no file. It is looked for in "
        f"{tmp_path}."
    )


def test_a_coordinator_that_was_started_again_knows_no_query(trino: TrinoServer, client: TrinoClient) -> None:
    query = client.coordinator.register("SELECT 1 AS a", doing="count")
    trino.restart()
    with pytest.raises(TransientEngineError) as raised:
        client.coordinator.advance(query)
    assert str(raised.value) == (
        f"Cannot count: {trino.url} does not know query {query.query_id} any more. It was started again, or nothing "
        "asked for the query for some minutes."
    )


def test_credentials_go_to_the_configured_address_only(trino: TrinoServer, client: TrinoClient) -> None:
    query = client.coordinator.register("SELECT 1 AS a", doing="count")
    query.next_uri = "http://elsewhere:8080/v1/statement/queued/x"
    with pytest.raises(EngineError) as raised:
        client.coordinator.advance(query)
    assert str(raised.value) == (
        f"Cannot count: {trino.url} sends on to http://elsewhere:8080. Behind a proxy Trino has to be told its address "
        "(http-server.process-forwarded=true)."
    )


def test_pages_are_followed_and_a_limit_stops_the_query(
    trino: TrinoServer, client: TrinoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, sql = execution_of(client), "SELECT x FROM range(1000) AS r(x) ORDER BY x"
    seen: list[Progress] = []
    with observing(seen.append):
        assert rows_of(execution, sql) == [(number,) for number in range(1000)]
    assert (seen[-1].ended, seen[-1].done, seen[-1].unit) == (True, 1000, "rows")
    trino.requests.clear()
    answer: Any = execution.query(sql, limit=150)
    assert (len(answer.rows), answer.more) == (150, True)
    assert [method for method, _ in trino.requests] == ["POST", "GET", "GET", "DELETE"]
    assert answer.cost == {"bytes_scanned": 100, "seconds": 0.012}


def test_who_gives_up_stops_the_query(trino: TrinoServer, client: TrinoClient, table: Table) -> None:
    class Work:
        given_up = False

        def __init__(self) -> None:
            self.waiting: list[Any] = []

        def add(self, interrupt: Any) -> None:
            self.waiting.append(interrupt)

        def discard(self, interrupt: Any) -> None:
            self.waiting.remove(interrupt)

    work, raised = Work(), []
    trino.slow = 1_000_000

    def ask() -> None:
        with interrupts.doing(work), pytest.raises(CancelledError) as found:
            client.answers.done('CREATE TABLE "lake"."club"."x"\nAS\nSELECT 1 AS a', doing="make x")
        raised.append(str(found.value))

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: trino.texts[-1].startswith("CREATE TABLE"))
    for interrupt in list(work.waiting):
        interrupt()
    thread.join()
    last = list(trino.queries.values())[-1]
    assert raised == [f"Query {last.query_id} was stopped: nobody waits for it any more."]
    assert (last.state, last.error.name if last.error else "", work.waiting) == ("FAILED", "USER_CANCELED", [])


def test_what_trino_does_not_find_is_suggested(client: TrinoClient, table: Table) -> None:
    execution = execution_of(client)
    with pytest.raises(NotFoundError) as raised:
        execution.query('SELECT * FROM "lake"."club"."peolpe"', table=table, dialect="trino")
    assert str(raised.value).endswith(
        "does not exist (TABLE_NOT_FOUND, query " + _query_id(client) + "). Did you mean people?"
    )
    with pytest.raises(NotFoundError) as raised:
        execution.query("SELECT hieght FROM $table", table=table, dialect="trino")
    assert str(raised.value).endswith(f"(COLUMN_NOT_FOUND, query {_query_id(client)}). Did you mean height?")
    with pytest.raises(NotFoundError) as raised:
        execution.query("SELECT * FROM club.peolpe")
    assert str(raised.value) == "Table peolpe not found in database club. Did you mean people?"
    with pytest.raises(NotFoundError) as raised:
        execution.query("SELECT * FROM culb.people")
    assert str(raised.value) == "Database culb not found. Did you mean club?"


def _query_id(client: TrinoClient) -> str:
    """The last query that failed."""
    sql = "SELECT query_id FROM system.runtime.queries WHERE state = 'FAILED' ORDER BY query_id DESC LIMIT 1"
    return str(next(client.answers.each(sql, doing="look"))[0])


@pytest.mark.slow
def test_a_hundred_reads_at_once(client: TrinoClient, table: Table) -> None:
    execution = execution_of(client)
    sql = "SELECT count(*) AS n, sum(id) AS s FROM $table"
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda _: rows_of(execution, sql, table=table), range(100)))
    assert found == [[(3, 6)]] * 100


@pytest.mark.slow
def test_nothing_secret_is_told(tmp_path: Path) -> None:
    client = TrinoClient({"url": "https://127.0.0.1:1", "user": "ann", "password": "hunter2-canary"}, base=tmp_path)
    with pytest.raises(MasonError) as raised:
        metastore_of(client).list_databases()
    assert "hunter2" not in repr(raised.value) + repr(raised.value.__cause__)
    assert "password" not in TrinoClient.public_facts(client.configuration, base=tmp_path)
    assert isinstance(raised.value, (TransientEngineError, AccessDeniedError))
