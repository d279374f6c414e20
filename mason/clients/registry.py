"""Which clients there are: names to import strings, so that naming a client loads nothing but that client.

Other packages add theirs with an entry point in the group ``mason.clients`` whose name is the client's
and whose value is ``module:Class``. Built-in names win over entry points.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mason.errors import EngineError, MissingDependencyError, NotFoundError
from mason.packages import brought
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.engines.capabilities import Capabilities
    from mason.engines.client import Client
    from mason.engines.engine import Engine
    from mason.resources.faults import Finding


@dataclass(frozen=True, slots=True)
class Registration:
    """Where a client's class is, and what its libraries come with.

    That is ``extra`` of Mason (``None``: the core has them), or the other ``package`` that registered the client.
    """

    target: str
    extra: str | None = None
    package: str = ""


BUILTIN: dict[str, Registration] = {
    "airflow": Registration("mason.clients.airflow:AirflowClient"),
    "athena": Registration("mason.clients.athena:AthenaClient", "aws"),
    "dask": Registration("mason.clients.dask:DaskClient", "dask"),
    "glue": Registration("mason.clients.glue:GlueClient", "aws"),
    "hdfs": Registration("mason.clients.hdfs:HdfsClient", "hdfs"),
    "hive": Registration("mason.clients.hive:HiveClient", "hive"),
    "local": Registration("mason.clients.local:LocalClient"),
    "local_async": Registration("mason.clients.local_async:LocalAsyncClient"),
    "memory": Registration("mason.clients.memory:MemoryClient"),
    "postgres": Registration("mason.clients.postgres:PostgresClient", "postgres"),
    "redshift": Registration("mason.clients.redshift:RedshiftClient", "redshift"),
    "s3": Registration("mason.clients.s3:S3Client", "aws"),
    "spark": Registration("mason.clients.spark:SparkClient", extra="spark"),
    "trino": Registration("mason.clients.trino:TrinoClient", "trino"),
}


def names() -> list[str]:
    """The names of all clients that can be put into a config, sorted."""
    return sorted({*BUILTIN, *_entry_points()})


def client_class(name: str) -> type[Client]:
    """The class of a client.

    Raises ``NotFoundError`` for a name that nobody registered, ``MissingDependencyError`` when the client's module
    cannot be imported for want of a package, and ``EngineError`` when it cannot be used for another reason.
    """
    # Imported here: a plan without a change asks for no client.
    from mason.engines.client import Client

    registration = BUILTIN.get(name) or _entry_points().get(name)
    if registration is None:
        raise NotFoundError(f"There is no client {name!r}. Known clients: {', '.join(names())}.")
    module, _, attribute = registration.target.partition(":")
    try:
        # Planning asks for every sentence of every step: what is loaded is found at once.
        loaded = getattr(sys.modules.get(module) or importlib.import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        extra = None if registration.package else registration.extra or name
        raise MissingDependencyError(f"Client {name} ({error.name})", extra, install=registration.package) from error
    except Exception as error:
        # The module of another package may raise anything.
        raise _unusable(name, registration, f"{type(error).__name__}: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Client)):
        raise _unusable(name, registration, f"{registration.target} is no subclass of mason.engines.client.Client")
    return loaded


def roles(name: str) -> Mapping[str, frozenset[str]]:
    """The engines that a client plays, and the verbs that it supports as each. Raises as :func:`client_class`."""
    return {role: engine.supports for role, engine in _roles(name).items()}


def capabilities(name: str) -> Mapping[str, Capabilities]:
    """What a client can do as each of the engines that it plays. Raises as :func:`client_class`."""
    return {role: engine.capabilities for role, engine in _roles(name).items()}


def refusals(
    name: str, role: str, verb: str, asked: Mapping[str, Any], waiting: Callable[[], Iterable[str]]
) -> list[str]:
    """Why a client would refuse a call with the arguments ``asked``, as far as they show it before it is made.

    ``waiting`` names the arguments whose values nobody knows yet; it is called only where there is something to check.
    Raises as :func:`client_class`.
    """
    # Imported here: who asks for names alone needs none of it.
    from mason.clients._tables.requests import WAITS, faults, is_checked

    call = f"{role}.{verb}"
    if not is_checked(call):
        return []
    given = {**asked, **dict.fromkeys(waiting(), WAITS)}
    return faults(call, given, client=name, can=_roles(name)[role].capabilities)


def faults(name: str, configuration: Mapping[str, Any], roles: Collection[str]) -> list[Finding]:
    """What is wrong with a ``configuration`` that the schema takes, for a client that plays ``roles``; places start
    from the configuration. Raises as :func:`client_class`."""
    loaded = client_class(name)
    try:
        return list(loaded.faults(configuration, roles))
    except Exception as error:
        # As what its module raises.
        raise _unusable(name, _registration(name), f"its faults: {type(error).__name__}: {error}") from error


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a client's configuration. Raises as :func:`client_class`."""
    loaded = client_class(name)
    try:
        return loaded.schema()
    except Exception as error:
        # As what its module raises.
        raise _unusable(name, _registration(name), f"its schema: {type(error).__name__}: {error}") from error


def _roles(name: str) -> Mapping[str, type[Engine]]:
    loaded = client_class(name)
    try:
        return _played_by(loaded)
    except Exception as error:
        # As what its module raises.
        raise _unusable(name, _registration(name), f"its roles: {type(error).__name__}: {error}") from error


@cache
def _played_by(client: type[Client]) -> Mapping[str, type[Engine]]:
    return client.roles()


def _registration(name: str) -> Registration:
    return BUILTIN.get(name) or _entry_points()[name]


def _unusable(name: str, registration: Registration, why: str) -> EngineError:
    package = registration.package or "mason"
    return EngineError(
        f"Client {name} of the package {package} is broken ({why}). Run: pip install --upgrade {package}"
    )


def _entry_points() -> dict[str, Registration]:
    return {name: Registration(each.target, package=each.package) for name, each in brought("mason.clients").items()}
