"""What the client ``spark`` says where there is no Spark to talk to: within seconds, and without its packages."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mason.clients.registry import schema
from mason.clients.spark import SparkClient
from mason.clients.spark.spark_session import check_version
from mason.engines.execution import Execution
from mason.errors import EngineError, MasonError, SettingsError, TransientEngineError
from tests.servers import free_port


def refusal(folder: Path, **configuration: Any) -> MasonError:
    """What a query is refused with."""
    client = SparkClient(configuration, base=folder)
    execution = client.engine("execution")
    assert isinstance(execution, Execution)
    with pytest.raises(MasonError) as raised:
        execution.query("SELECT 1 AS a")
    client.close()
    return raised.value


@contextmanager
def answering(greeting: bytes) -> Iterator[int]:
    """The port of a server that says ``greeting`` to the first who comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(greeting)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join()


def test_nobody_listens(tmp_path: Path) -> None:
    port = free_port()
    error = refusal(tmp_path, remote=f"sc://127.0.0.1:{port}")
    assert isinstance(error, TransientEngineError)
    assert str(error) == (
        f"No Spark Connect server answers at 127.0.0.1:{port} (Connection refused). Start it "
        "(sbin/start-connect-server.sh), or give its address as remote in the config."
    )


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_something_else_listens(tmp_path: Path, greeting: bytes) -> None:
    with answering(greeting) as port:
        error = refusal(tmp_path, remote=f"sc://127.0.0.1:{port}/")
    assert str(error).startswith(
        f"What listens at 127.0.0.1:{port} is no Spark Connect server. Give the address of one"
    )


def test_a_token_goes_over_tls_only(tmp_path: Path) -> None:
    """A server that speaks without is told apart, and the token stays here."""
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = refusal(tmp_path, remote=f"sc://127.0.0.1:{port}", token="a-secret")
    assert f"The Spark server at 127.0.0.1:{port} does not speak TLS as it should" in str(error)
    assert "a-secret" not in str(error)


def test_settings_that_decide_what_a_query_means_are_refused(tmp_path: Path) -> None:
    both = refusal(tmp_path, remote="sc://127.0.0.1:1", master="local[*]")
    assert isinstance(both, SettingsError)
    assert str(both) == (
        "Client spark has both remote and master: give remote for a server, or master for a session here."
    )


@pytest.mark.parametrize("version", ["3.5.1", "5.0.0", "", "4-preview"])
def test_other_versions_are_refused(version: str) -> None:
    with pytest.raises(EngineError, match=r"Mason's SQL is made for Spark 4\."):
        check_version(version, "sc://127.0.0.1:15002")
    check_version("4.3.0", "sc://127.0.0.1:15002")


@contextmanager
def speaking(version: str) -> Iterator[int]:
    """The port of a server that speaks Spark Connect and says that it is of this ``version``; without one, it speaks
    another version of the protocol, which knows none of the calls."""
    import importlib
    from concurrent.futures import ThreadPoolExecutor

    grpc = importlib.import_module("grpc")
    protocol = importlib.import_module("pyspark.sql.connect.proto.base_pb2")
    services = importlib.import_module("pyspark.sql.connect.proto.base_pb2_grpc")

    def analyze(self: object, request: Any, context: Any) -> Any:
        told = protocol.AnalyzePlanResponse(session_id=request.session_id, server_side_session_id="1")
        told.spark_version.version = version
        return told

    servicer = type("Servicer", (services.SparkConnectServiceServicer,), {"AnalyzePlan": analyze} if version else {})
    server = grpc.server(ThreadPoolExecutor(2))
    services.add_SparkConnectServiceServicer_to_server(servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@pytest.mark.parametrize("version", ["3.5.1", "5.0.0"])
def test_a_server_of_another_version_is_refused(spark_packages: None, tmp_path: Path, version: str) -> None:
    """By what it says over the protocol, before anything is asked of it."""
    with speaking(version) as port:
        error = refusal(tmp_path, remote=f"sc://127.0.0.1:{port}")
    assert str(error) == (
        f"sc://127.0.0.1:{port} is Spark {version}, but Mason's SQL is made for Spark 4. Use a server of it."
    )


def test_a_server_that_does_not_know_the_calls_is_told(spark_packages: None, tmp_path: Path) -> None:
    with speaking("") as port:
        error = refusal(tmp_path, remote=f"sc://127.0.0.1:{port}")
    assert str(error).startswith("Spark's server and the package pyspark-client do not fit together: ")
    assert str(error).endswith("Install the version of the server: pip install pyspark-client==VERSION")


def test_a_remote_holds_no_secret() -> None:
    """What stands in it is shown: a token has a key of its own, which takes references only."""
    given = schema("spark")["properties"]
    assert given["token"]["secret"] is True
    assert given["remote"]["pattern"] == "^sc://[^\\s/;,:@]+(:[0-9]{1,5})?/?$"
