"""The API of Kubernetes, as far as applications need it: objects of one namespace are made, read, watched, deleted.

The library ``kubernetes`` finds the cluster and proves who asks (contexts, plugins, certificates, the account of a
pod). Objects are plain data here, as the API gives them. Nothing is imported before a connection opens.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mason.clients.spark.cluster.cluster_refusals import Asked, explained
from mason.clients.spark.cluster.cluster_runner import Runner
from mason.errors import EngineError, MissingDependencyError, NotFoundError, SettingsError
from mason.values import dataclass

# Seconds: to connect, and until an answer begins.
_TIMES = (5, 30)
_CONNECT = 5
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_KUBECONFIG = "~/.kube/config"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects in a namespace: as ``SparkApplication`` of ``group`` and ``version``."""

    group: str
    version: str
    plural: str


class Cluster:
    """A namespace of a cluster. Each method raises the ``EngineError`` that explains what the API refuses, and
    ``TransientEngineError`` where it does not answer. Safe for several threads."""

    def __init__(self, library: Any, configuration: Any, namespace: str) -> None:
        self.namespace = namespace
        self.host = str(configuration.host)
        self._library = library
        self._client = library.client.ApiClient(configuration)
        self._objects = library.client.CustomObjectsApi(self._client)
        self._core = library.client.CoreV1Api(self._client)

    def create(self, kind: Kind, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Make an object. Raises ``ConflictError`` where there is one of its name."""
        with explained(self, Asked("create", kind.plural, kind.group)):
            return self._made(
                self._objects.create_namespaced_custom_object(
                    kind.group, kind.version, self.namespace, kind.plural, dict(manifest), _request_timeout=_TIMES
                )
            )

    def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """An object; ``None`` where there is none of this name."""
        with suppress(NotFoundError), explained(self, Asked("get", kind.plural, kind.group, name)):
            return self._made(
                self._objects.get_namespaced_custom_object(
                    kind.group, kind.version, self.namespace, kind.plural, name, _request_timeout=_TIMES
                )
            )
        return None

    def delete(self, kind: Kind, name: str) -> None:
        """Delete an object, and what belongs to it; one that is gone already does no harm."""
        with suppress(NotFoundError), explained(self, Asked("delete", kind.plural, kind.group, name)):
            self._objects.delete_namespaced_custom_object(
                kind.group,
                kind.version,
                self.namespace,
                kind.plural,
                name,
                propagation_policy="Background",
                _request_timeout=_TIMES,
            )

    def events(self, kind: Kind, name: str, since: str, seconds: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """What happens to one object after the version ``since``: ``MODIFIED`` or ``DELETED``, and the object then.

        Ends after ``seconds``, or when the API ends it. Raises ``Gone`` where the API knows ``since`` no more.
        """
        watch = self._library.watch.Watch()

        def listed(**options: Any) -> Any:
            return self._objects.list_namespaced_custom_object(
                kind.group, kind.version, self.namespace, kind.plural, **options
            )

        with explained(self, Asked("watch", kind.plural, kind.group)):
            try:
                for event in watch.stream(
                    listed,
                    field_selector=f"metadata.name={name}",
                    resource_version=since,
                    timeout_seconds=seconds,
                    _request_timeout=(_CONNECT, seconds + _CONNECT),
                ):
                    if event is not None and event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                        yield event["type"], event["raw_object"]
            finally:
                watch.stop()

    def pod(self, name: str) -> dict[str, Any] | None:
        """A pod; ``None`` where there is none of this name."""
        with suppress(NotFoundError), explained(self, Asked("get", "pods", "", name)):
            answer = self._core.read_namespaced_pod(
                name, self.namespace, _request_timeout=_TIMES, _preload_content=False
            )
            found: dict[str, Any] = json.loads(answer.data)
            return found
        return None

    def log(self, pod: str, lines: int) -> list[str]:
        """The last ``lines`` of what a pod has said. Raises ``NotFoundError`` where it is gone."""
        with explained(self, Asked("get", "pods/log", "", pod)):
            answer = self._core.read_namespaced_pod_log(
                pod, self.namespace, tail_lines=lines, _request_timeout=_TIMES, _preload_content=False
            )
            return list(answer.data.decode("utf-8", "replace").splitlines())

    def close(self) -> None:
        """Give back the connections."""
        with suppress(Exception):
            self._client.close()

    @staticmethod
    def _made(answer: Any) -> dict[str, Any]:
        if not isinstance(answer, dict):
            raise EngineError(f"The API of Kubernetes answered with no object, but with {str(answer)[:200]!r}.")
        return answer


def connect(runner: Runner) -> Cluster:
    """The namespace that a runner names, or that of its context. No request is made.

    Raises ``SettingsError`` where nothing says which cluster, and ``MissingDependencyError``.
    """
    library = _imported()
    given = runner.given
    configuration = library.client.Configuration()
    # What passes is tried again here, where it is told.
    configuration.retries = False
    if "api_server" in given:
        return Cluster(library, _by_hand(configuration, given, runner), str(given.get("namespace", "default")))
    file = str(Path(given["kubeconfig"]).expanduser()) if "kubeconfig" in given else None
    known = os.environ.get("KUBECONFIG") or _KUBECONFIG
    is_file = file is not None or any(Path(each).expanduser().is_file() for each in known.split(os.pathsep))
    try:
        if is_file or "context" in given:
            return _by_kubeconfig(library, configuration, given, file)
        library.config.load_incluster_config(client_configuration=configuration)
    except library.config.ConfigException as error:
        where = f"The kubeconfig {file or known}" if is_file else "The runner of the client spark"
        remedy = (
            "Mend it, or name another file or context as kubeconfig and context of the runner."
            if is_file
            else f"There is no kubeconfig ({known}), and this is no pod: give kubeconfig, or api_server and token."
        )
        raise SettingsError(f"{where} does not say how to reach a cluster: {_first(error)} {remedy}") from error
    namespace = _ACCOUNT / "namespace"
    own = namespace.read_text().strip() if namespace.is_file() else "default"
    return Cluster(library, configuration, str(given.get("namespace", own)))


def _by_hand(configuration: Any, given: Mapping[str, Any], runner: Runner) -> Any:
    configuration.host = str(given["api_server"]).rstrip("/")
    if "token" in given:
        configuration.api_key["BearerToken"] = f"Bearer {given['token']}"
    if "ca_certificate" in given:
        configuration.ssl_ca_cert = str(runner.here(str(given["ca_certificate"])))
    return configuration


def _by_kubeconfig(library: Any, configuration: Any, given: Mapping[str, Any], file: str | None) -> Cluster:
    context = given.get("context")
    with _plugins_heard() as said:
        # Tokens that a plugin made are not written into a person's file.
        library.config.load_kube_config(
            config_file=file, context=context, client_configuration=configuration, persist_config=False
        )
    if said:
        raise SettingsError(
            f"The kubeconfig's plugin for logging in failed: {said[-1]} Log in again, then run it again."
        )
    contexts, current = library.config.list_kube_config_contexts(config_file=file)
    chosen = next((each for each in contexts if each["name"] == context), current)
    own = (chosen.get("context") or {}).get("namespace") or "default"
    return Cluster(library, configuration, str(given.get("namespace", own)))


@contextmanager
def _plugins_heard() -> Iterator[list[str]]:
    """What the library would log of a plugin that fails, instead of raising it."""
    said: list[str] = []

    class Ears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(_first(record.getMessage()))

    ears = Ears()
    logging.getLogger().addHandler(ears)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(ears)


def _first(said: object) -> str:
    text = str(said).strip().splitlines()[0] if str(said).strip() else type(said).__name__
    return text if text.endswith(".") else f"{text}."


def _imported() -> Any:
    """The library, which says nothing by itself. Raises ``MissingDependencyError``."""
    try:
        library = importlib.import_module("kubernetes")
        for part in ("client", "config", "watch"):
            importlib.import_module(f"kubernetes.{part}")
    except ImportError as error:
        raise MissingDependencyError("The runner of the client spark", "kubernetes") from error
    return library
