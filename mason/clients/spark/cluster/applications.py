"""A ``SparkApplication`` as a value: what is written into it, and what its operator says of it. Pure.

Kubeflow's operator (https://www.kubeflow.org/docs/components/spark-operator/reference/api-docs/) and Apache's own
(https://github.com/apache/spark-kubernetes-operator) have different words for the same. Where Spark has settings for
something (volumes, secrets, nodes), these are used: both operators hand them on, and neither needs its webhook for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mason.clients.spark.cluster.cluster_api import Kind
from mason.clients.spark.cluster.cluster_runner import Runner
from mason.errors import SettingsError
from mason.secrets import scrub_all
from mason.values import dataclass

MINE = {"app.kubernetes.io/managed-by": "mason"}
JOB = "mason-job"
"""The annotation that says which job an application does."""

_KUBEFLOW = Kind("sparkoperator.k8s.io", "v1beta2", "sparkapplications")
_APACHE = Kind("spark.apache.org", "v1", "sparkapplications")
_KEPT = 3600
# Words of Kubeflow's operator and of Apache's, for applications that have not started, and for those that go on.
_QUEUED = {
    "SUBMITTED", "PENDING_RERUN", "INVALIDATING", "SUSPENDED", "SUSPENDING", "RESUMING",
    "ScheduledToRestart", "Submitted", "DriverRequested", "DriverStarted",
}  # fmt: skip
_FAILED = {"FAILED", "SUBMISSION_FAILED", "FAILED_SUBMISSION"}
_RUNNING = {
    "DriverReady", "InitializedBelowThresholdExecutors", "RunningHealthy", "RunningWithPartialCapacity",
    "RunningWithBelowThresholdExecutors",
}  # fmt: skip
_RELEASED = {"ResourceReleased", "TerminatedWithoutReleaseResources"}


def kind_of(runner: Runner) -> Kind:
    """The kind of objects that the runner's operator looks after."""
    return _APACHE if runner.is_apaches else _KUBEFLOW


@dataclass(frozen=True, slots=True)
class Seen:
    """An application as its operator tells of it.

    - ``status``: of a job. ``reacted``: whether an operator has said anything at all.
    - ``word``: the operator's own for it, and ``reason`` what it says besides; empty where it says nothing.
    - ``driver``: the name of the driver's pod. ``executors``: how many run, and how many there are.
    - ``job_id``: whose it is, ``version`` of the object.
    """

    status: str
    reacted: bool
    word: str
    reason: str
    driver: str
    executors: tuple[int, int]
    job_id: str
    version: str


def seen(found: Mapping[str, Any]) -> Seen:
    """What an object of either kind says."""
    metadata, status = found["metadata"], found.get("status") or {}
    name = metadata["name"]
    executors: tuple[str, ...] = ()
    if found.get("apiVersion", "").startswith(_APACHE.group):
        word, reason = _apaches_word(status)
        job, driver = _apaches_job(word), f"{name}-driver"
    else:
        state = status.get("applicationState") or {}
        word, reason = state.get("state") or "", state.get("errorMessage") or ""
        job = _kubeflows_job(word)
        driver = (status.get("driverInfo") or {}).get("podName") or f"{name}-driver"
        executors = tuple((status.get("executorState") or {}).values())
    return Seen(
        status=job,
        reacted=word not in ("", "NEW"),
        word=word,
        reason=" ".join(str(reason).split()),
        driver=driver,
        executors=(sum(each == "RUNNING" for each in executors), len(executors)),
        job_id=(metadata.get("annotations") or {}).get(JOB, ""),
        version=str(metadata.get("resourceVersion", "")),
    )


def _kubeflows_job(word: str) -> str:
    if word == "COMPLETED":
        return "succeeded"
    if word in _FAILED:
        return "failed"
    return "queued" if word in ("", "NEW") or word in _QUEUED else "running"


def _apaches_word(status: Mapping[str, Any]) -> tuple[str, str]:
    """The state that matters, and its message: what has ended is released in a state that does not say how it ended."""
    history = status.get("stateTransitionHistory") or {}
    states: list[Mapping[str, Any]] = [
        history[key] or {} for key in sorted(history, key=lambda key: int(key) if key.isdecimal() else 0)
    ]
    states.append(status.get("currentState") or {})
    telling: list[Mapping[str, Any]] = [each for each in states if each.get("currentStateSummary") not in _RELEASED]
    last = telling[-1] if telling else states[-1]
    return last.get("currentStateSummary") or "", last.get("message") or ""


def _apaches_job(word: str) -> str:
    if word == "Succeeded":
        return "succeeded"
    if word in _RUNNING:
        return "running"
    return "queued" if word == "" or word in _QUEUED else "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """What an application does: ``name`` of the object, ``job_id`` whose it is, ``script`` and its ``argument`` as
    pods have them."""

    name: str
    job_id: str
    script: str
    argument: str


def manifest(runner: Runner, namespace: str, told: Told) -> dict[str, Any]:
    """The object to be made. Raises ``SettingsError`` where it would hold what is secret."""
    kind = kind_of(runner)
    made = {
        "apiVersion": f"{kind.group}/{kind.version}",
        "kind": "SparkApplication",
        "metadata": {
            "name": told.name,
            "namespace": namespace,
            "labels": {**MINE, **runner.given.get("labels", {})},
            "annotations": {JOB: told.job_id},
        },
        "spec": _apaches(runner, namespace, told) if runner.is_apaches else _kubeflows(runner, told),
    }
    if scrub_all(made) != made:
        raise SettingsError(
            "The SparkApplication would hold the value of a secret, which others in the namespace could read. Put it "
            "into a Secret of Kubernetes, and name that in secrets of the runner."
        )
    return made


def _kubeflows(runner: Runner, told: Told) -> dict[str, Any]:
    given = runner.given
    driver = {**_pod(runner.pod("driver")), "labels": MINE}
    if "service_account" in given:
        driver["serviceAccount"] = given["service_account"]
    instances = runner.pod("executor").get("instances", 1)
    spec = {
        "type": "Python",
        "pythonVersion": "3",
        "mode": "cluster",
        "sparkVersion": runner.spark_version,
        "image": runner.image,
        "mainApplicationFile": f"local://{told.script}",
        "arguments": [told.argument],
        "sparkConf": _settings(runner),
        # Work that is begun again halfway is begun by Mason, or not at all.
        "restartPolicy": {"type": "Never"},
        "timeToLiveSeconds": int(runner.seconds("time_to_live", _KEPT)),
        "driver": driver,
        "executor": {"instances": instances, **_pod(runner.pod("executor")), "labels": MINE},
    }
    if "image_pull_policy" in given:
        spec["imagePullPolicy"] = given["image_pull_policy"]
    if "image_pull_secrets" in given:
        spec["imagePullSecrets"] = list(given["image_pull_secrets"])
    return spec


def _pod(given: Mapping[str, Any]) -> dict[str, Any]:
    words = {"memory_overhead": "memoryOverhead", "core_limit": "coreLimit"}
    pod = {words.get(name, name): value for name, value in given.items() if name != "instances"}
    return {"cores": 1, "memory": "1g", **pod}


def _apaches(runner: Runner, namespace: str, told: Told) -> dict[str, Any]:
    return {
        "pyFiles": f"local://{told.script}",
        "driverArgs": [told.argument],
        "deploymentMode": "ClusterMode",
        "runtimeVersions": {"sparkVersion": runner.spark_version},
        "applicationTolerations": {
            "restartConfig": {"restartPolicy": "Never"},
            # Of a driver that failed, the log can be read.
            "resourceRetainPolicy": "OnFailure",
            "ttlAfterStopMillis": int(runner.seconds("time_to_live", _KEPT) * 1000),
        },
        "sparkConf": _settings(runner)
        | _pods_settings(runner)
        | {
            "spark.kubernetes.namespace": namespace,
            "spark.kubernetes.driver.pod.name": f"{told.name}-driver",
        },
    }


def _pods_settings(runner: Runner) -> dict[str, str]:
    """In settings what Kubeflow's operator has keys for."""
    given, made = runner.given, {"spark.kubernetes.container.image": runner.image}
    if "service_account" in given:
        made["spark.kubernetes.authenticate.driver.serviceAccountName"] = str(given["service_account"])
    if "image_pull_policy" in given:
        made["spark.kubernetes.container.image.pullPolicy"] = str(given["image_pull_policy"])
    if "image_pull_secrets" in given:
        made["spark.kubernetes.container.image.pullSecrets"] = ",".join(given["image_pull_secrets"])
    made["spark.executor.instances"] = str(runner.pod("executor").get("instances", 1))
    for role in ("driver", "executor"):
        pod = _pod(runner.pod(role))
        made[f"spark.{role}.cores"], made[f"spark.{role}.memory"] = str(pod["cores"]), str(pod["memory"])
        if "memoryOverhead" in pod:
            made[f"spark.{role}.memoryOverhead"] = str(pod["memoryOverhead"])
        if "coreLimit" in pod:
            made[f"spark.kubernetes.{role}.limit.cores"] = str(pod["coreLimit"])
    return made


def _settings(runner: Runner) -> dict[str, str]:
    """The settings of Spark: those of the config, and for each pod its volumes, secrets and nodes."""
    made = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in runner.settings.items()
    }
    for name, value in runner.given.get("node_selector", {}).items():
        made[f"spark.kubernetes.node.selector.{name}"] = str(value)
    for role in ("driver", "executor"):
        for index, volume in enumerate(runner.volumes):
            where = f"spark.kubernetes.{role}.volumes.{volume.kind}.mason-{index}"
            made[f"{where}.mount.path"] = str(volume.path)
            made[f"{where}.mount.readOnly"] = "false"
            made |= {f"{where}.options.{name}": value for name, value in volume.options.items()}
        for secret in runner.given.get("secrets", ()):
            if "mount" in secret:
                made[f"spark.kubernetes.{role}.secrets.{secret['name']}"] = str(secret["mount"])
            for name, key in secret.get("env", {}).items():
                made[f"spark.kubernetes.{role}.secretKeyRef.{name}"] = f"{secret['name']}:{key}"
    return made
