"""The client ``postgres`` over TCP, with a password and TLS, on a real PostgreSQL: who is let in, servers that go, and
commits whose answer is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients._postgres import server_connections
from mason.clients.postgres import PostgresClient
from mason.clients.postgres.execution import PostgresExecution
from mason.clients.postgres.metastore import PostgresMetastore
from mason.engines.models import Job
from mason.errors import TransientEngineError, UnknownOutcomeError
from tests.clients.conftest import refusal
from tests.postgres_servers import CommitRelay, GuardedPostgres, commits_relayed
from tests.sql.real_postgres import missing

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedPostgres]:
    if reason := missing():
        pytest.skip(reason)
    server = GuardedPostgres()
    yield server
    server.close()


def names(given: dict[str, Any], base: Path) -> list[str]:
    client = PostgresClient(given, base=base)
    metastore = client.engine("metastore")
    assert isinstance(metastore, PostgresMetastore)
    try:
        return [each.name for each in metastore.list_databases()]
    finally:
        client.close()


def test_who_is_let_in(guarded: GuardedPostgres, tmp_path: Path) -> None:
    given = {**guarded.configuration, "sslmode": "disable"}
    assert names(given, tmp_path) == []
    place = f"localhost:{guarded.port}"
    wrong = refusal(names, {**given, "password": "a-wrong-secret"}, tmp_path)
    assert wrong == (
        f"AccessDeniedError: PostgreSQL at {place} does not let the user postgres in (password authentication failed "
        'for user "postgres"). Check user and password in the config.'
    )
    without = refusal(names, {key: value for key, value in given.items() if key != "password"}, tmp_path)
    assert without.startswith(f"AccessDeniedError: PostgreSQL at {place} does not let the user postgres in (")
    nobody = refusal(names, {**given, "user": "nobody"}, tmp_path)
    assert nobody.startswith(f"AccessDeniedError: PostgreSQL at {place} does not let the user nobody in (")


def test_tls_is_what_sslmode_says(guarded: GuardedPostgres, tmp_path: Path) -> None:
    trusted = tmp_path / "ca.crt"
    trusted.write_bytes(guarded.certificate.read_bytes())
    full = {**guarded.configuration, "sslmode": "verify-full", "sslrootcert": "ca.crt"}
    assert names(full, tmp_path) == []
    with server_of(full, tmp_path) as client, client.connections.asking() as transaction:
        assert transaction.rows("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(True,)]
    strangers = refusal(names, {**full, "host": "127.0.0.1"}, tmp_path)
    assert strangers.startswith(
        f"EngineError: PostgreSQL at 127.0.0.1:{guarded.port} and this machine do not agree on TLS"
    )
    nothing = refusal(names, {**full, "sslrootcert": "none.crt"}, tmp_path)
    assert nothing.startswith(
        f"EngineError: PostgreSQL at localhost:{guarded.port} and this machine do not agree on TLS"
    )


class server_of:
    """A client for as long as the context lasts."""

    def __init__(self, given: dict[str, Any], base: Path) -> None:
        self._client = PostgresClient(given, base=base)

    def __enter__(self) -> PostgresClient:
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()


def test_a_server_that_goes_and_comes_back(guarded: GuardedPostgres, tmp_path: Path) -> None:
    with server_of({**guarded.configuration, "sslmode": "disable"}, tmp_path) as client:
        metastore = client.engine("metastore")
        assert isinstance(metastore, PostgresMetastore)
        assert metastore.list_databases() == []
        guarded.stop()
        try:
            told = refusal(metastore.list_databases)
        finally:
            guarded.start()
        assert told.startswith(f"TransientEngineError: PostgreSQL at localhost:{guarded.port} cannot be reached: ")
        assert metastore.list_databases() == []


@pytest.fixture
def relay(guarded: GuardedPostgres) -> Iterator[CommitRelay]:
    with commits_relayed(guarded.port) as found:
        yield found


@pytest.fixture
def execution(guarded: GuardedPostgres, relay: CommitRelay, tmp_path: Path) -> Iterator[PostgresExecution]:
    given = {**guarded.configuration, "host": "127.0.0.1", "port": relay.port, "sslmode": "disable"}
    with server_of(given, tmp_path) as client:
        metastore, execution = client.engine("metastore"), client.engine("execution")
        assert isinstance(metastore, PostgresMetastore)
        assert isinstance(execution, PostgresExecution)
        metastore.create_database("made")
        yield execution
        with server_of({**given, "port": guarded.port}, tmp_path) as other, other.connections.changing() as transaction:
            transaction.run("DROP SCHEMA made CASCADE")


def made(execution: PostgresExecution) -> Job:
    answer = execution.query("SELECT 1 AS a", output="table://made/t")
    assert isinstance(answer, Job)
    return answer


def test_a_commit_that_was_done_though_its_answer_was_lost(execution: PostgresExecution, relay: CommitRelay) -> None:
    relay.cut = "after"
    assert made(execution).result["rows"] == 1
    assert refusal(made, execution) == (
        "ConflictError: table://made/t exists already. Ask for overwrite to replace it."
    )


def test_a_commit_that_never_arrived(execution: PostgresExecution, relay: CommitRelay) -> None:
    relay.cut = "before"
    with pytest.raises(TransientEngineError, match="before the work was committed, so nothing was changed"):
        made(execution)
    assert made(execution).result["rows"] == 1


def test_a_commit_of_which_nobody_can_be_asked(
    execution: PostgresExecution, relay: CommitRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_connections, "_KNOWING", 0.3)
    relay.cut, relay.alone = "after", True
    with pytest.raises(UnknownOutcomeError, match="to do it again might do it twice"):
        made(execution)
    relay.alone = False
    assert refusal(made, execution).startswith("ConflictError: table://made/t exists already.")
