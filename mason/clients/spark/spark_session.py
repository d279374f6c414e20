"""Sessions of Spark: opened over Spark Connect or on this machine, set as Mason's law of SQL has it, and silent.

A port is probed first, because pyspark asks one without a server for minutes. What pyspark logs (a line of JSON with a
stack of Java for each refused query) is switched off: the refusal is raised, and :mod:`spark_failures` explains it.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients.spark.kept_views import KeptViews
from mason.clients.spark.spark_failures import explained
from mason.errors import EngineError, MissingDependencyError, SettingsError, TransientEngineError
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.clients.spark.spark_ground import Ground

LAW: Mapping[str, str] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.variable.substitute": "false",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    # A query reads the tables that it is given, and no file by its path.
    "spark.sql.runSQLOnFiles": "false",
}
"""What decides which values a query gives, and what a file holds. Nobody else sets these."""

_MAJOR = 4
_PORT = 15002
_PROBE = 5.0
# What HTTP/2 begins with: its greeting, and an empty frame of settings, of which the server answers with its own.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_SETTINGS = 4
_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "pyspark")

_starting = threading.Lock()


@dataclass(slots=True)
class Connected:
    """A session of Spark: ``session`` is pyspark's, ``version`` the server's, ``release`` gives it back; ``views`` are
    those that it keeps."""

    session: Any
    version: str
    release: Callable[[], None]
    views: KeptViews = field(default_factory=KeptViews)

    def close(self) -> None:
        """Give the session back; a server that is gone has nothing to give it back to."""
        with suppress(Exception):
            self.release()


def connect(client: Ground, session_id: str = "") -> Connected:
    """A new session for ``client``; with ``session_id`` (a UUID) the server's session of that id, made where there is
    none.

    Raises ``TransientEngineError`` where no server answers, ``EngineError`` for one that is not Spark 4, and
    ``MissingDependencyError``.
    """
    if "remote" in client.configuration and "master" in client.configuration:
        raise SettingsError(
            f"Client {client.name} has both remote and master: give remote for a server, or master for a session here."
        )
    return _remote(client, session_id) if client.is_remote else _local(client)


def _remote(client: Ground, session_id: str) -> Connected:
    given = client.configuration
    host, port = _address(str(given["remote"]))
    secure = bool(given.get("use_ssl")) or "token" in given
    _probe(host, port, secure=secure)
    builder_class = _imported("pyspark.sql.connect.session", "spark").SparkSession.builder
    check_version(str(sys.modules["pyspark"].__version__), "The package pyspark-client")
    parts = [f"user_id={given.get('user', 'mason')}"]
    parts += [f"session_id={session_id}"] if session_id else []
    parts += ["use_ssl=true"] if secure else []
    parts += [f"token={given['token']}"] if "token" in given else []
    with explained():
        session = builder_class.remote(f"sc://{host}:{port}/;{';'.join(parts)}").create()
        _impatient(session)
        version = str(session.version)
        check_version(version, str(given["remote"]))
        session.conf._set_all(_settings(client), silent=False)
    return Connected(session, version, session.stop)


def _address(remote: str) -> tuple[str, int]:
    host, _, port = remote.removeprefix("sc://").rstrip("/").partition(":")
    return host, int(port or _PORT)


def _probe(host: str, port: int, *, secure: bool) -> None:
    """Raises ``TransientEngineError`` where nobody listens, and ``EngineError`` where somebody else does."""
    try:
        with ExitStack() as held:
            wire: socket.socket = held.enter_context(socket.create_connection((host, port), _PROBE))
            if secure:
                context = ssl.create_default_context()
                context.set_alpn_protocols(["h2"])
                wire = held.enter_context(context.wrap_socket(wire, server_hostname=host))
            wire.sendall(_GREETING)
            answer = wire.recv(9)
    except TimeoutError as error:
        raise _nobody(host, port, f"it did not answer within {_PROBE:.0f} seconds") from error
    except ssl.SSLError as error:
        raise EngineError(
            f"The Spark server at {host}:{port} does not speak TLS as it should ({error.reason or error}). Mend its "
            "certificate, or leave out use_ssl and token where it speaks without."
        ) from error
    except OSError as error:
        raise _nobody(host, port, error.strerror or str(error)) from error
    if answer[3:4] != bytes([_SETTINGS]):
        raise EngineError(
            f"What listens at {host}:{port} is no Spark Connect server. Give the address of one as remote "
            f"(sc://HOST:PORT; the usual port is {_PORT}); one that speaks TLS needs use_ssl: true."
        )


def _nobody(host: str, port: int, why: str) -> TransientEngineError:
    return TransientEngineError(
        f"No Spark Connect server answers at {host}:{port} ({why}). Start it (sbin/start-connect-server.sh), or give "
        "its address as remote in the config."
    )


def check_version(version: str, where: str) -> None:
    """Raises ``EngineError`` where ``where``, a server or a package, is not Spark 4."""
    major = version.partition(".")[0]
    if not major.isdecimal() or int(major) != _MAJOR:
        raise EngineError(
            f"{where} is Spark {version}, but Mason's SQL is made for Spark {_MAJOR}. Use a server of it."
        )


def check_settings(client: Ground) -> None:
    """Raises ``SettingsError`` for settings of a person that are Mason's."""
    given: Mapping[str, Any] = client.configuration.get("settings", {})
    folded = {name.lower() for name in LAW}
    taken = sorted(name for name in given if name.lower() in folded)
    if taken:
        raise SettingsError(
            f"Client {client.name} sets {', '.join(taken)}, which decide what a query means and are Mason's. Leave "
            "them out of settings."
        )


def _settings(client: Ground) -> dict[str, str]:
    """All settings of a session. Raises as :func:`check_settings`."""
    check_settings(client)
    given: Mapping[str, Any] = client.configuration.get("settings", {})
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()} | {
        **LAW
    }


def _impatient(session: Any) -> None:
    """A server that is gone is told within seconds; pyspark would try for ten minutes."""
    retries = _imported("pyspark.sql.connect.client.retries", "spark")
    session.client.set_retry_policies([retries.DefaultPolicy(max_retries=5, max_backoff=2000)])


def _local(client: Ground) -> Connected:
    classic = _imported("pyspark.sql", "spark", install="pyspark")
    if not Path(classic.__file__).parents[1].joinpath("jars").is_dir():
        raise MissingDependencyError("A session of Spark on this machine", None, install="pyspark")
    _check_java()
    check_version(sys.modules["pyspark"].__version__, "The package pyspark")
    given = client.configuration
    with _starting, explained():
        _forget_dead(classic)
        running = classic.SparkSession.getActiveSession() or classic.SparkSession._instantiatedSession
        if running is None:
            folder = client.own.folder
            folder.mkdir(parents=True, exist_ok=True)
            builder = classic.SparkSession.builder.master(given.get("master", "local[*]")).appName("mason")
            for name, value in _of_jvm(client, folder).items():
                builder = builder.config(name, value)
            with _aside(folder / "spark.log"):
                running = builder.getOrCreate()
        session = running.newSession()
        for name, value in _settings(client).items():
            session.conf.set(name, value)
    # The JVM goes with this process; another client of it may use it meanwhile.
    return Connected(session, str(session.version), lambda: None)


def _forget_dead(classic: Any) -> None:
    """Let go of a JVM that was killed: pyspark keeps one for each process, and asks it for ever."""
    context = sys.modules["pyspark"].SparkContext
    if context._active_spark_context is None:
        return
    try:
        context._jvm.java.lang.System.currentTimeMillis()
    except Exception:  # noqa: BLE001 - py4j raises what it meets on the way, and errors of sockets
        with suppress(Exception):
            context._gateway.shutdown()
        context._gateway = context._jvm = context._active_spark_context = None
        classic.SparkSession._instantiatedSession = None


def _of_jvm(client: Ground, folder: Path) -> dict[str, str]:
    return {
        "spark.driver.memory": str(client.configuration.get("driver_memory", "1g")),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.log.level": "OFF",
        "spark.sql.warehouse.dir": (folder / "tables").as_uri(),
    }


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME", "")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None or not os.access(java, os.X_OK):
        raise EngineError(
            "A session of Spark on this machine needs Java 17 or newer, which is not there. Install it (Debian: "
            "apt-get install openjdk-17-jre-headless), or give a server as remote."
        )
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = told.partition('version "')[2].partition('"')[0]
    major = version.partition(".")[0]
    if major.isdecimal() and int(major) < 17:
        raise EngineError(
            f"Spark {_MAJOR} needs Java 17 or newer, but {java} is {version}. Install it, or set JAVA_HOME."
        )


@contextmanager
def _aside(log: Path) -> Iterator[None]:
    """What is started within writes to ``log`` what it would write to stderr: Spark's JVM has much to say."""
    kept = os.dup(2)
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _with_a_file() -> Iterator[None]:
    """pyspark takes a process whose program is in no file (``python -c``) for doctests, and ends it when it is imported
    where it finds no Spark beside itself."""
    program = sys.modules["__main__"]
    if hasattr(program, "__file__"):
        yield
        return
    program.__file__ = "-c"
    try:
        yield
    finally:
        del program.__file__


def _imported(module: str, extra: str, *, install: str = "") -> Any:
    """A module of pyspark, which says nothing from now on. Raises ``MissingDependencyError``."""
    import importlib

    # gRPC writes to stderr what is raised, too.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with warnings.catch_warnings(), _with_a_file():
        warnings.simplefilter("ignore")
        try:
            loaded = importlib.import_module(module)
        except ImportError as error:
            raise MissingDependencyError("The client spark", None if install else extra, install=install) from error
    # What it warns of later (how often it asked a server that is gone) is raised as well.
    warnings.filterwarnings("ignore", module=r"pyspark(\.|$)")
    for name in _LOGGERS:
        logging.getLogger(name).disabled = True
    # py4j tells the root of all loggers when a JVM is gone. The same filter is added once only.
    logging.getLogger().addFilter(_not_of_py4j)
    return loaded


def _not_of_py4j(record: logging.LogRecord) -> bool:
    return f"{os.sep}py4j{os.sep}" not in record.pathname
