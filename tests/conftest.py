"""A person's world for tests: a home of their own, an empty folder, and the command line called in this process."""

from __future__ import annotations

import importlib
import io
import json
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mason import cli, packages, secrets
from tests import airflow_servers, catalogs, dask_servers, hdfs_servers, hive_servers, servers, spark_servers
from tests.airflow_servers import AirflowServer
from tests.hdfs_servers import HdfsServer
from tests.hive_servers import HiveServer
from tests.servers import S3Server
from tests.spark_operators import Drivers, drivers
from tests.spark_servers import SparkServer
from tests.state.faults import Proxy, proxied
from tests.trino_server import TrinoServer, serving

if TYPE_CHECKING:
    from tests.sql.real_postgres import Postgres


@dataclass(frozen=True)
class Result:
    """How a command ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mason = Callable[..., Result]


def pytest_configure() -> None:
    """Tests interrupt what they start, which inherits what is ignored here: by `nohup`, or by a shell that has the
    suite in its background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_secrets() -> Iterator[None]:
    """What one test remembers as a secret is none for the next one."""
    yield
    secrets.forget()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time over a lock, without a word of it in what tests compare exactly."""
    monkeypatch.setattr("mason.state.lock._PATIENCE", 3600.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with MASON_HOME beside it."""
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MASON_STATE", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def mason(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mason:
    """Calls the command line; ``answer`` is what the person types (nothing: end of input)."""

    def call(*arguments: str, answer: Any = "") -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(answer) if isinstance(answer, str) else answer)
        capsys.readouterr()
        code = cli.call(list(arguments))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


GET = """\
type: operator
namespace: table
command: get
description: Get a table
parameters:
  required: [database_name, table_name]
do:
  - metastore.get_table: {database: "{{database_name}}", table: "{{table_name}}"}
"""
CONFIG = """\
type: config
id: 1
metastore_engine: local
storage_engine: local
execution_engine: local
"""


@pytest.fixture
def project(folder: Path) -> Path:
    """A small project: a config, an operator, and a table of two rows."""
    (folder / "mason.yaml").write_text("name: flights\nstate: state\n")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "get.yaml").write_text(GET)
    (folder / "data").mkdir()
    (folder / "data" / "airlines.csv").write_text("carrier,name\nAA,American\nUA,United\n")
    return folder


@pytest.fixture
def catalog_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which the package ``acme-catalog`` is installed, for this process and those that it starts."""
    site = catalogs.put(tmp_path / "site")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    packages.forget()
    yield site
    sys.modules.pop("acme_catalog", None)
    packages.forget()


# S3 stores: one server of each kind for the whole run, a new prefix for each test.


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A real PostgreSQL; its tests are skipped where there is none."""
    from tests.sql.real_postgres import Postgres, missing

    if reason := missing():
        pytest.skip(reason)
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """moto's server with a bucket."""
    with servers.moto_server(tmp_path_factory.mktemp("moto")) as server:
        server.make_bucket()
        yield server


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """SeaweedFS with a bucket."""
    with servers.seaweedfs(tmp_path_factory.mktemp("seaweed")) as server:
        server.make_bucket()
        yield server


@pytest.fixture(scope="session")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """rclone's server with a bucket: a store that ignores conditions."""
    with servers.rclone(tmp_path_factory.mktemp("rclone")) as server:
        server.make_bucket()
        yield server


@pytest.fixture(scope="session")
def moto_catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server of moto's whose Glue and Athena are emptied before each test."""
    with servers.moto_server(tmp_path_factory.mktemp("moto_catalog")) as server:
        yield server


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """ministack's server, where it is installed."""
    if not servers.MINISTACK.exists():
        pytest.skip("ministack is not installed: make components")
    with servers.ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment, and a MASON_HOME of the test's own."""
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in servers.AWS_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def proxy(moto: S3Server, aws: None) -> Iterator[Proxy]:
    """What stands between moto's server and who asks it, and does what tests plan."""
    with proxied(moto.endpoint) as made:
        yield made


@pytest.fixture
def prefix() -> str:
    """A folder that no other test uses."""
    return f"team/{uuid.uuid4()}"


# Spark: one server for the whole run, for tests of the group "spark_connect", which one worker runs.


@pytest.fixture(scope="session")
def spark_packages() -> Iterator[None]:
    """What talks to Spark, on the path of this process. Where it is not there, tests are skipped, and say why."""
    if told := spark_servers.missing():
        pytest.skip(told)
    sys.path.append(str(spark_servers.CLIENT))
    # A worker of xdist is a program in no file, which pyspark ends when a test imports it before Mason does. What is
    # lent here is taken back at once: other tests start processes, which would look for a file of that name.
    with pytest.MonkeyPatch.context() as lent:
        if not hasattr(sys.modules["__main__"], "__file__"):
            lent.setattr(sys.modules["__main__"], "__file__", "-c", raising=False)
        importlib.import_module("pyspark.sql.connect.session")
    yield
    sys.path.remove(str(spark_servers.CLIENT))


@pytest.fixture(scope="session")
def spark_drivers(spark_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drivers]:
    """A Spark that runs the scripts of applications, as the pods of a cluster would."""
    with drivers(tmp_path_factory.mktemp("drivers")) as found:
        yield found


@pytest.fixture(scope="session")
def spark_server(spark_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkServer]:
    """A Spark Connect server."""
    with spark_servers.spark_server(tmp_path_factory.mktemp("spark")) as server:
        yield server


@pytest.fixture(scope="session")
def dask_scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler of Dask with two workers, for tests of the group "dask"."""
    with dask_servers.dask_cluster(tmp_path_factory.mktemp("dask")) as address:
        yield address


# Hadoop: one server of each kind for the whole run, for tests of the groups "hive" and "hdfs", which one worker runs.


@pytest.fixture(scope="session")
def hive_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HiveServer]:
    """A Hive Metastore, where there is one."""
    if told := hive_servers.missing():
        pytest.skip(told)
    with hive_servers.hive_server(tmp_path_factory.mktemp("hive")) as server:
        yield server


@pytest.fixture(scope="session")
def hdfs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HdfsServer]:
    """HDFS, where there is one."""
    if told := hdfs_servers.missing():
        pytest.skip(told)
    with hdfs_servers.hdfs_server(tmp_path_factory.mktemp("hdfs")) as server:
        yield server


@pytest.fixture(scope="session")
def trino_server() -> Iterator[TrinoServer]:
    """A stand-in for Trino."""
    with serving(TrinoServer()) as server:
        yield server


@pytest.fixture
def trino(trino_server: TrinoServer) -> Iterator[TrinoServer]:
    """The same one without tables, queries and faults."""
    trino_server.empty()
    yield trino_server
    trino_server.empty()


# Airflow: one for the whole run, for tests of the group "airflow", which one worker runs.


@pytest.fixture(scope="session")
def airflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    """An Airflow, where there is one."""
    if told := airflow_servers.missing():
        pytest.skip(told)
    with airflow_servers.airflow_server(tmp_path_factory.mktemp("airflow")) as server:
        yield server
