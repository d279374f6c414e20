"""What the API of Kubernetes refuses, as Mason's errors: what is wrong, and what would mend it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    NotFoundError,
    TransientEngineError,
)
from mason.values import dataclass

_LIBRARIES = ("kubernetes", "urllib3")
_PASSING = (429, 500, 502, 503, 504)
_LONGEST = 600
_INSTALL = {
    "sparkoperator.k8s.io": "Kubeflow's Spark operator, of version 2 (https://github.com/kubeflow/spark-operator)",
    "spark.apache.org": "Apache's Spark Kubernetes operator (https://github.com/apache/spark-kubernetes-operator)",
}


class Gone(Exception):
    """The API does not know any more what has happened since: look at the object again."""


class Where(Protocol):
    """The namespace of a cluster."""

    namespace: str
    host: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the API, in the words of its rules: ``verb`` on ``resource`` of ``group``; the ``name`` of the
    object, where it has one."""

    verb: str
    resource: str
    group: str
    name: str = ""

    @property
    def rule(self) -> str:
        """The rule of a Role that allows it, as it stands in YAML."""
        return f'{{apiGroups: ["{self.group}"], resources: [{self.resource}], verbs: [{self.verb}]}}'


@contextmanager
def explained(where: Where, asked: Asked) -> Iterator[None]:
    """Raises the ``EngineError`` for what the library raises inside, or :class:`Gone`."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _LIBRARIES:
            raise
        status = getattr(error, "status", None)
        raise (_refused(where, asked, error, status) if status else _unanswered(where, error)) from None


def _unanswered(where: Where, error: Exception) -> EngineError:
    said = _shortened(str(getattr(error, "reason", None) or error))
    if "CERTIFICATE_VERIFY_FAILED" in said or "certificate verify failed" in said:
        return EngineError(
            f"The API server of Kubernetes at {where.host} has a certificate that this machine does not trust: {said} "
            "Name the file of its authority: certificate-authority in the kubeconfig, or ca_certificate of the runner."
        )
    return TransientEngineError(
        f"No API server of Kubernetes answers at {where.host}: {said} See whether the cluster runs and this machine "
        "reaches it (kubectl get --raw /readyz)."
    )


def _refused(where: Where, asked: Asked, error: Exception, status: int) -> EngineError | Gone:
    told = _told(error)
    message = _shortened(str(told.get("message") or getattr(error, "reason", "") or ""))
    details: Any = told.get("details") or {}
    what = f"{asked.resource} {asked.name}".rstrip()
    if status == 410:
        return Gone(message)
    if status == 401:
        return AccessDeniedError(
            f"The API server of Kubernetes at {where.host} does not know who asks (401): the token has run out, or is "
            "none of this cluster. Log in again (kubectl get pods shows whether it works), then go on with the run."
        )
    if status == 403 and "quota" in message:
        return EngineError(
            f"Namespace {where.namespace} has no room for it: {message} Ask for less (driver and executor of the "
            "runner), wait, or have the quota raised."
        )
    if status == 403:
        return AccessDeniedError(
            f"Kubernetes does not let this user {asked.verb} {asked.resource} in namespace {where.namespace}: "
            f"{message} A Role that allows it has the rule {asked.rule}."
        )
    if status == 404 and details.get("kind") == "namespaces":
        return EngineError(
            f"There is no namespace {where.namespace} in the cluster at {where.host}. Make it, or name another."
        )
    if status == 404 and not details.get("name") and asked.group:
        return EngineError(
            f"The cluster at {where.host} knows no {asked.resource}.{asked.group}: no operator for Spark is installed. "
            f"Install {_INSTALL.get(asked.group, 'it')}, and have it watch namespace {where.namespace}."
        )
    if status == 404:
        return NotFoundError(f"There is no {what} in namespace {where.namespace}.")
    if status == 409:
        return ConflictError(f"Namespace {where.namespace} has {what} already, or another version of it: {message}")
    if status in _PASSING:
        return TransientEngineError(
            f"The API server of Kubernetes at {where.host} has no answer now ({status}): {message}"
        )
    return EngineError(f"Kubernetes refuses to {asked.verb} {what} ({status}): {message}")


def _told(error: Exception) -> dict[str, Any]:
    """The API's own words; nothing where something before it answered."""
    try:
        told = json.loads(getattr(error, "body", "") or "")
    except (ValueError, TypeError):
        return {}
    return told if isinstance(told, dict) else {}


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return text if text.endswith((".", "?", "!")) else f"{text}."
