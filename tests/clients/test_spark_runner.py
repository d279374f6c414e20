"""The runner of the client ``spark`` against a stub of Kubernetes: what is made, and what is said where it goes wrong.

Nothing is computed here: an operator that a test plays says how applications end. What they compute is in
``test_spark_applications``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients import registry
from mason.clients.spark import SparkClient
from mason.clients.spark.cluster.applications import Told, manifest, seen
from mason.clients.spark.cluster.cluster_runner import Runner
from mason.dryrun.check import examiner
from mason.engines.execution import Execution
from mason.engines.jobs import OPEN, Token, submitting
from mason.engines.models import Job
from mason.errors import (
    AccessDeniedError,
    CancelledError,
    ConflictError,
    EngineError,
    MasonError,
    SettingsError,
    TransientEngineError,
)
from mason.secrets import resolve
from mason.sessions import Session
from tests.kubernetes_server import NAMESPACE, Kubernetes, kubernetes
from tests.spark_operators import Operator, missing_script
from tests.waiting import wait_for

pytest.importorskip("kubernetes")

VERSION = "4.1.0"


@pytest.fixture
def api() -> Iterator[Kubernetes]:
    with kubernetes() as found:
        yield found


def configured(api: Kubernetes, folder: Path, **runner: Any) -> dict[str, Any]:
    """A configuration whose pods have ``folder`` by another path."""
    pods = folder / "pods"
    if not pods.exists():
        pods.symlink_to(folder)
    given = {"type": "kubernetes-operator", "spark_version": VERSION, "kubeconfig": str(api.kubeconfig(folder))}
    return {"runner": given | {"volumes": [{"claim": "mason", "path": str(pods), "here": "."}]} | runner}


@pytest.fixture
def clients(api: Kubernetes, tmp_path: Path) -> Iterator[Any]:
    """Makes clients whose runner is as given."""
    made: list[SparkClient] = []

    def make(**runner: Any) -> SparkClient:
        made.append(SparkClient(configured(api, tmp_path, **runner), base=tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.close()


def execution_of(client: SparkClient) -> Execution:
    engine = client.engine("execution")
    assert isinstance(engine, Execution)
    return engine


def refusal(client: SparkClient) -> MasonError:
    """What a question is refused with."""
    with pytest.raises(MasonError) as raised:
        execution_of(client).query("SELECT 1 AS a")
    return raised.value


def states(api: Kubernetes, *told: dict[str, Any], pod: dict[str, Any] | None = None, log: str = "") -> None:
    """Have each application that is made go through these states, with a driver whose pod is as given."""

    def play(name: str) -> None:
        if pod is not None:
            api.pods[f"{name}-driver"] = {"metadata": {"name": f"{name}-driver"}, "status": pod}
            api.logs[f"{name}-driver"] = log
        for each in told:
            api.put_status(name, {"applicationState": each, "driverInfo": {"podName": f"{name}-driver"}})

    api.on_made = lambda name: threading.Thread(target=play, args=(name,), daemon=True).start()


# What is made


FULL = {
    "type": "kubernetes-operator",
    "spark_version": "4.0.1",
    "image": "registry.example.com/spark:4.0.1",
    "image_pull_policy": "Always",
    "image_pull_secrets": ["pull"],
    "service_account": "spark",
    "driver": {"cores": 2, "core_limit": "2500m", "memory": "4g", "memory_overhead": "1g"},
    "executor": {"instances": 3, "cores": 4, "memory": "8g"},
    "volumes": [{"claim": "mason", "path": "/data"}, {"nfs": {"server": "nas", "path": "/x"}, "path": "/more"}],
    "secrets": [{"name": "aws", "env": {"AWS_ACCESS_KEY_ID": "id"}}, {"name": "certs", "mount": "/etc/certs"}],
    "labels": {"team": "data"},
    "node_selector": {"pool": "spark"},
    "time_to_live": 600,
}
TOLD = Told("mason-1", "20261129-1", "/data/w/driver.py", "/data/w/asked.json")


def volumes_of(role: str) -> dict[str, str]:
    where = f"spark.kubernetes.{role}.volumes"
    return {
        f"{where}.persistentVolumeClaim.mason-0.mount.path": "/data",
        f"{where}.persistentVolumeClaim.mason-0.mount.readOnly": "false",
        f"{where}.persistentVolumeClaim.mason-0.options.claimName": "mason",
        f"{where}.nfs.mason-1.mount.path": "/more",
        f"{where}.nfs.mason-1.mount.readOnly": "false",
        f"{where}.nfs.mason-1.options.server": "nas",
        f"{where}.nfs.mason-1.options.path": "/x",
        f"spark.kubernetes.{role}.secretKeyRef.AWS_ACCESS_KEY_ID": "aws:id",
        f"spark.kubernetes.{role}.secrets.certs": "/etc/certs",
    }


SETTINGS = {
    "spark.sql.shuffle.partitions": "8",
    "spark.speculation": "true",
    "spark.kubernetes.node.selector.pool": "spark",
    **volumes_of("driver"),
    **volumes_of("executor"),
}


def runner_of(**given: Any) -> Runner:
    settings = {"spark.sql.shuffle.partitions": 8, "spark.speculation": True}
    return Runner({"runner": FULL | given, "settings": settings}, base=Path("/project"))


def test_what_kubeflows_operator_is_given() -> None:
    mine = {"app.kubernetes.io/managed-by": "mason"}
    assert manifest(runner_of(), "data", TOLD) == {
        "apiVersion": "sparkoperator.k8s.io/v1beta2",
        "kind": "SparkApplication",
        "metadata": {
            "name": "mason-1",
            "namespace": "data",
            "labels": mine | {"team": "data"},
            "annotations": {"mason-job": "20261129-1"},
        },
        "spec": {
            "type": "Python",
            "pythonVersion": "3",
            "mode": "cluster",
            "sparkVersion": "4.0.1",
            "image": "registry.example.com/spark:4.0.1",
            "imagePullPolicy": "Always",
            "imagePullSecrets": ["pull"],
            "mainApplicationFile": "local:///data/w/driver.py",
            "arguments": ["/data/w/asked.json"],
            "sparkConf": SETTINGS,
            "restartPolicy": {"type": "Never"},
            "timeToLiveSeconds": 600,
            "driver": {
                "cores": 2,
                "coreLimit": "2500m",
                "memory": "4g",
                "memoryOverhead": "1g",
                "labels": mine,
                "serviceAccount": "spark",
            },
            "executor": {"instances": 3, "cores": 4, "memory": "8g", "labels": mine},
        },
    }


def test_what_apaches_operator_is_given() -> None:
    assert manifest(runner_of(type="apache-kubernetes-operator"), "data", TOLD) == {
        "apiVersion": "spark.apache.org/v1",
        "kind": "SparkApplication",
        "metadata": {
            "name": "mason-1",
            "namespace": "data",
            "labels": {"app.kubernetes.io/managed-by": "mason", "team": "data"},
            "annotations": {"mason-job": "20261129-1"},
        },
        "spec": {
            "pyFiles": "local:///data/w/driver.py",
            "driverArgs": ["/data/w/asked.json"],
            "deploymentMode": "ClusterMode",
            "runtimeVersions": {"sparkVersion": "4.0.1"},
            "applicationTolerations": {
                "restartConfig": {"restartPolicy": "Never"},
                "resourceRetainPolicy": "OnFailure",
                "ttlAfterStopMillis": 600000,
            },
            "sparkConf": SETTINGS
            | {
                "spark.kubernetes.container.image": "registry.example.com/spark:4.0.1",
                "spark.kubernetes.container.image.pullPolicy": "Always",
                "spark.kubernetes.container.image.pullSecrets": "pull",
                "spark.kubernetes.authenticate.driver.serviceAccountName": "spark",
                "spark.kubernetes.namespace": "data",
                "spark.kubernetes.driver.pod.name": "mason-1-driver",
                "spark.driver.cores": "2",
                "spark.driver.memory": "4g",
                "spark.driver.memoryOverhead": "1g",
                "spark.kubernetes.driver.limit.cores": "2500m",
                "spark.executor.instances": "3",
                "spark.executor.cores": "4",
                "spark.executor.memory": "8g",
            },
        },
    }


def test_little_is_enough() -> None:
    """An image, a core and a gigabyte are what is asked for where nothing is said."""
    given = {"type": "kubernetes-operator", "spark_version": "4.0.1", "volumes": [{"claim": "a", "path": "/data"}]}
    spec = manifest(Runner({"runner": given}, base=Path("/project")), "default", TOLD)["spec"]
    assert spec["image"] == "apache/spark:4.0.1-python3"
    labels = {"app.kubernetes.io/managed-by": "mason"}
    assert spec["driver"] == {"cores": 1, "memory": "1g", "labels": labels}
    assert spec["executor"] == {"instances": 1, "cores": 1, "memory": "1g", "labels": labels}


def test_no_secret_stands_in_what_is_made() -> None:
    """Whatever key it came by: a value that was a reference is found."""
    with Session().entered():
        schema = {"properties": {"token": {"type": "string", "secret": True}}}
        resolve({"token": "{{TOKEN}}"}, schema, {"TOKEN": "a-very-secret-token"}, where="the config")
        with pytest.raises(SettingsError, match="would hold the value of a secret") as raised:
            manifest(runner_of(labels={"team": "a-very-secret-token"}), "data", TOLD)
    assert "a-very-secret-token" not in str(raised.value)


def test_paths_of_pods(tmp_path: Path) -> None:
    """The nearest volume holds a file; links lead where they lead."""
    volumes = [
        {"claim": "all", "path": "/data", "here": "."},
        {"claim": "near", "path": "/near", "here": "a/b"},
        {"host_path": "/mnt", "path": str(tmp_path / "same")},
    ]
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    runner = Runner({"runner": FULL | {"volumes": volumes}}, base=tmp_path)
    assert runner.in_pods(tmp_path / "x" / "y.csv") == Path("/data/x/y.csv")
    assert runner.in_pods(tmp_path / "a" / "b" / "c.csv") == Path("/near/c.csv")
    assert runner.in_pods(tmp_path / "link" / "c.csv") == Path("/near/c.csv")
    assert runner.in_pods(tmp_path / "same" / "c.csv") == tmp_path / "same" / "c.csv"
    assert runner.in_pods(tmp_path.parent / "c.csv") is None


# What operators say


@pytest.mark.parametrize(
    ("state", "status", "reacted"),
    [
        ("", "queued", False),
        ("SUBMITTED", "queued", True),
        ("PENDING_RERUN", "queued", True),
        ("SUSPENDED", "queued", True),
        ("RUNNING", "running", True),
        ("SUCCEEDING", "running", True),
        ("FAILING", "running", True),
        ("UNKNOWN", "running", True),
        ("COMPLETED", "succeeded", True),
        ("FAILED", "failed", True),
        ("SUBMISSION_FAILED", "failed", True),
    ],
)
def test_states_of_kubeflows_operator(state: str, status: str, reacted: bool) -> None:
    found = {"metadata": {"name": "a"}, "status": {"applicationState": {"state": state}}}
    assert (seen(found).status, seen(found).reacted, seen(found).driver) == (status, reacted, "a-driver")


@pytest.mark.parametrize(
    ("states", "status", "reason"),
    [
        ([], "queued", ""),
        (["Submitted"], "queued", ""),
        (["Submitted", "DriverRequested", "DriverStarted"], "queued", ""),
        (["Submitted", "DriverReady"], "running", ""),
        (["Submitted", "RunningWithPartialCapacity"], "running", ""),
        (["Submitted", "RunningHealthy", "Succeeded", "ResourceReleased"], "succeeded", "of Succeeded"),
        (["Submitted", "SchedulingFailure", "ResourceReleased"], "failed", "of SchedulingFailure"),
        (["DriverEvicted"], "failed", "of DriverEvicted"),
    ],
)
def test_states_of_apaches_operator(states: list[str], status: str, reason: str) -> None:
    """What has ended is released in a further state, which does not say how it ended."""
    told = [{"currentStateSummary": each, "message": f"of {each}" if reason else ""} for each in states]
    history = {str(number): each for number, each in enumerate(told)}
    found = {
        "apiVersion": "spark.apache.org/v1",
        "metadata": {"name": "a"},
        "status": {"stateTransitionHistory": history, "currentState": told[-1]} if told else {},
    }
    assert (seen(found).status, seen(found).reason) == (status, reason)


# What the API refuses


@pytest.mark.parametrize(
    ("status", "told", "kind", "message"),
    [
        (
            403,
            {"reason": "Forbidden", "message": 'User "me" cannot create resource "sparkapplications"'},
            AccessDeniedError,
            f'Kubernetes does not let this user create sparkapplications in namespace {NAMESPACE}: User "me" cannot '
            'create resource "sparkapplications". A Role that allows it has the rule {apiGroups: '
            '["sparkoperator.k8s.io"], resources: [sparkapplications], verbs: [create]}.',
        ),
        (
            403,
            {"reason": "Forbidden", "message": "exceeded quota: team, requested: count/sparkapplications=1, used: 5"},
            EngineError,
            f"Namespace {NAMESPACE} has no room for it: exceeded quota: team, requested: count/sparkapplications=1, "
            "used: 5. Ask for less (driver and executor of the runner), wait, or have the quota raised.",
        ),
        (
            422,
            {"reason": "Invalid", "message": "spec.driver.cores: Invalid value: 0"},
            EngineError,
            "Kubernetes refuses to create sparkapplications (422): spec.driver.cores: Invalid value: 0.",
        ),
        (
            400,
            {"reason": "BadRequest", "message": 'admission webhook "policy" denied the request'},
            EngineError,
            'Kubernetes refuses to create sparkapplications (400): admission webhook "policy" denied the request.',
        ),
    ],
)
def test_what_is_refused_is_explained(
    api: Kubernetes, clients: Any, status: int, told: dict[str, Any], kind: type[MasonError], message: str
) -> None:
    api.refuse("POST", "sparkapplications", status, **told)
    error = refusal(clients())
    assert (type(error), str(error)) == (kind, message)


def test_no_operator_is_installed(api: Kubernetes, clients: Any) -> None:
    """The kind is unknown, which is another thing than an application that is not there."""
    api.groups.clear()
    assert str(refusal(clients())) == (
        f"The cluster at {api.url} knows no sparkapplications.sparkoperator.k8s.io: no operator for Spark is "
        "installed. Install Kubeflow's Spark operator, of version 2 (https://github.com/kubeflow/spark-operator), and "
        f"have it watch namespace {NAMESPACE}."
    )


def test_a_namespace_that_is_not_there(api: Kubernetes, clients: Any) -> None:
    assert str(refusal(clients(namespace="nowhere"))) == (
        f"There is no namespace nowhere in the cluster at {api.url}. Make it, or name another."
    )


def test_a_token_that_has_run_out(api: Kubernetes, clients: Any) -> None:
    client = clients()
    api.token = "another"
    error = refusal(client)
    assert type(error) is AccessDeniedError
    assert str(error) == (
        f"The API server of Kubernetes at {api.url} does not know who asks (401): the token has run out, or is none of "
        "this cluster. Log in again (kubectl get pods shows whether it works), then go on with the run."
    )


def test_nobody_listens(clients: Any, capfd: Any) -> None:
    """It is told once, after a while in which it may come back, and the library says nothing beside it."""
    client = clients(context="lost", api_timeout=0.1)
    error = refusal(client)
    assert type(error) is TransientEngineError
    assert str(error).startswith("No API server of Kubernetes answers at http://127.0.0.1:9: ")
    assert capfd.readouterr() == ("", "")


def test_a_context_that_is_not_there(clients: Any, tmp_path: Path) -> None:
    error = refusal(clients(context="other"))
    assert type(error) is SettingsError
    assert str(error).startswith(f"The kubeconfig {tmp_path}/kubeconfig does not say how to reach a cluster: ")
    assert str(error).endswith("Mend it, or name another file or context as kubeconfig and context of the runner.")


def test_a_plugin_for_logging_in(api: Kubernetes, clients: Any, tmp_path: Path, capfd: Any) -> None:
    """As clouds have them: its token is used; what it says of its failure is told."""
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(credential | {'status': {'token': api.token}})}'\n")
    plugin.chmod(0o755)
    client = clients()
    user = {"exec": {"apiVersion": credential["apiVersion"], "command": str(plugin), "interactiveMode": "Never"}}
    api.kubeconfig(tmp_path, **user)
    api.refuse("POST", "sparkapplications", 422, message="so far")
    assert str(refusal(client)) == "Kubernetes refuses to create sparkapplications (422): so far."
    plugin.write_text("#!/bin/sh\nexit 7\n")
    error = refusal(client)
    assert type(error) is SettingsError
    assert str(error).startswith("The kubeconfig's plugin for logging in failed: ")
    assert capfd.readouterr() == ("", "")


def test_an_api_server_by_its_address(api: Kubernetes, tmp_path: Path) -> None:
    """Without a kubeconfig; the token is a reference in the config."""
    given = configured(api, tmp_path)
    del given["runner"]["kubeconfig"]
    given["runner"] |= {"api_server": api.url, "token": api.token, "namespace": NAMESPACE}
    client = SparkClient(given, base=tmp_path)
    api.refuse("POST", "sparkapplications", 422, message="so far")
    assert str(refusal(client)) == "Kubernetes refuses to create sparkapplications (422): so far."


# What goes wrong with applications


def test_an_operator_that_does_not_react(api: Kubernetes, clients: Any) -> None:
    """The application is deleted: nobody waits for it any more."""
    error = refusal(clients(reaction_timeout=0.1))
    (name,) = api.made()
    assert str(error) == (
        f"No operator has reacted to SparkApplication {name} in namespace {NAMESPACE} for 0.1 seconds, so it was "
        "deleted. See whether the operator runs (kubectl get pods -A | grep spark-operator), and watches this "
        "namespace (spark.jobNamespaces of its chart)."
    )
    assert api.deleted == [name]


@pytest.mark.parametrize(
    ("reason", "told", "message"),
    [
        (
            "ErrImagePull",
            'failed to pull "spark:9": not found',
            'ErrImagePull: failed to pull "spark:9": not found. Give an image that the cluster can pull, and '
            "image_pull_secrets where it is private.",
        ),
        (
            "CreateContainerConfigError",
            'secret "aws" not found',
            'CreateContainerConfigError: secret "aws" not found. Make the Secret that secrets of the runner name, with '
            "the keys that they name.",
        ),
    ],
)
def test_a_driver_that_cannot_start(api: Kubernetes, clients: Any, reason: str, told: str, message: str) -> None:
    waiting = {"containerStatuses": [{"state": {"waiting": {"reason": reason, "message": told}}}]}
    states(api, {"state": "SUBMITTED"}, pod=waiting)
    error = refusal(clients())
    (name,) = api.made()
    what = f"The driver of SparkApplication {name} in namespace {NAMESPACE} cannot start: "
    assert str(error) == f"{what}{message} It was deleted."
    assert api.deleted == [name]


def test_a_driver_for_which_there_is_no_room(api: Kubernetes, clients: Any) -> None:
    """A cluster may grow: it is waited for as long as the config says."""
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes fit"}
    states(api, {"state": "SUBMITTED"}, pod={"phase": "Pending", "conditions": [unscheduled]})
    error = refusal(clients(start_timeout=0.1))
    (name,) = api.made()
    assert str(error) == (
        f"SparkApplication {name} in namespace {NAMESPACE} did not start within 0.1 seconds (the driver waits: "
        "Unschedulable: 0/3 nodes fit), so it was deleted. Ask for less (driver and executor of the runner), or wait "
        "longer (start_timeout)."
    )


@pytest.mark.parametrize(
    ("state", "pod", "log", "message"),
    [
        (
            {"state": "FAILED", "errorMessage": "driver container failed with ExitCode: 137, Reason: OOMKilled"},
            {"containerStatuses": [{"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]},
            "",
            "failed (FAILED): the driver was killed for want of memory (OOMKilled); it had 1g. Raise memory or "
            "memory_overhead of the runner's driver.",
        ),
        (
            {"state": "FAILED", "errorMessage": "driver container failed with ExitCode: 1, Reason: Error"},
            {"containerStatuses": [{"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]},
            "+ exec /usr/bin/tini\nException in thread main\n\tat org.apache.Spark\nCaused by: no such volume\n\n",
            "failed (FAILED): driver container failed with ExitCode: 1, Reason: Error. The log of its driver ends "
            "with: Caused by: no such volume",
        ),
        (
            {"state": "SUBMISSION_FAILED", "errorMessage": 'pods "x" is forbidden:\n exceeded quota: team'},
            None,
            "",
            'failed (SUBMISSION_FAILED): pods "x" is forbidden: exceeded quota: team. Namespace and quota: kubectl '
            "describe quota.",
        ),
        (
            {"state": "FAILED", "errorMessage": ""},
            {"reason": "Evicted", "message": "The node was low on resource: memory."},
            "",
            "failed (FAILED): Evicted: The node was low on resource: memory.",
        ),
    ],
)
def test_how_a_driver_failed(
    api: Kubernetes, clients: Any, state: dict[str, Any], pod: dict[str, Any] | None, log: str, message: str
) -> None:
    states(api, {"state": "SUBMITTED"}, state, pod=pod, log=log)
    error = refusal(clients())
    (name,) = api.made()
    assert str(error) == f"The SparkApplication {name} in namespace {NAMESPACE} {message}"


def test_a_disk_that_is_another_one(api: Kubernetes, clients: Any, tmp_path: Path) -> None:
    """The application ends well, and what it wrote is not here."""
    Operator(api, missing_script)
    error = refusal(clients())
    assert str(error).startswith(f"Spark is done, but what it wrote is not in {tmp_path}/warehouse/spark/mason-staged-")
    assert str(error).endswith(
        "its pods have other files. See that here and path of the runner's volumes are the same folder."
    )


def test_a_folder_that_pods_do_not_have(api: Kubernetes, clients: Any, tmp_path: Path) -> None:
    error = refusal(clients(volumes=[{"claim": "a", "path": "/data", "here": "elsewhere"}]))
    assert type(error) is SettingsError
    assert str(error) == (
        f"The pods of the runner do not have {tmp_path}/warehouse/spark: its volumes are {tmp_path}/elsewhere of this "
        "machine. Give a volume that holds it, or name a folder in one of them as folder in the config's spark client."
    )
    assert api.made() == []


# Watching


def test_versions_that_are_too_old(api: Kubernetes, clients: Any) -> None:
    """The API forgets what has happened (410): the application is looked at again."""
    held = threading.Event()

    def run(name: str, script: str, argument: str) -> int:
        api.forget()
        held.wait(10)
        return 1

    Operator(api, run)
    threading.Timer(0.5, held.set).start()
    assert "failed (FAILED)" in str(refusal(clients()))
    assert len(api.made()) == 1


def test_an_api_that_is_away_for_a_moment(api: Kubernetes, clients: Any) -> None:
    """At each step: making, looking, watching. One application is made."""
    for method, part in (("POST", "sparkapplications"), ("GET", "/mason-"), ("GET", "watch=")):
        api.refuse(method, part, 503, message="leader changed")
    operator = Operator(api, lambda *_: 1)
    operator.hold.clear()

    def go_on() -> None:
        wait_for(lambda: not api.refusals)
        operator.hold.set()

    threading.Thread(target=go_on, daemon=True).start()
    assert "failed (FAILED)" in str(refusal(clients()))
    assert len(api.made()) == 1
    assert api.refusals == []


def test_watches_that_end_at_once(api: Kubernetes, clients: Any) -> None:
    """Something between this machine and the API may end them; it is not asked as fast as it answers."""
    api.longest_watch = 0
    operator = Operator(api, lambda *_: 1)
    operator.hold.clear()
    made = api.on_made

    def make(name: str) -> None:
        made(name)
        threading.Timer(1.5, operator.hold.set).start()

    api.on_made = make
    assert "failed (FAILED)" in str(refusal(clients()))
    assert 0 < sum("watch=" in part for _, part in api.requests) < 6


def test_an_answer_that_was_lost(api: Kubernetes, clients: Any) -> None:
    """The application was made and nobody said so: it is made again, and the one that is there is taken."""
    Operator(api, lambda *_: 1)
    made = api.on_made
    lost: list[str] = []

    def lose(name: str) -> None:
        made(name)
        if not lost:
            lost.append(name)
            raise ConnectionResetError

    api.on_made = lose
    assert "failed (FAILED)" in str(refusal(clients()))
    assert api.made() == lost


# Jobs


def test_one_submission_for_a_token(api: Kubernetes, clients: Any, tmp_path: Path) -> None:
    """A process that was lost while it submitted: the next one finds the job, and makes no second application."""
    operator = Operator(api, lambda *_: 1)
    operator.hold.clear()
    token = Token("run", "step", 1, 1)
    client = clients()
    with submitting(token):
        job = execution_of(client).query("SELECT 1 AS a", output="a.csv")
    assert isinstance(job, Job)
    assert api.made() == [f"mason-{token.digest[:32]}"]
    another = clients()
    found = execution_of(another).find_job(str(token))
    assert (found.job_id, found.status in OPEN) == (job.job_id, True)
    operator.hold.set()
    wait_for(lambda: execution_of(another).get_job(job.job_id).status == "failed")
    assert len(api.made()) == 1


def test_a_name_that_is_taken(api: Kubernetes, clients: Any) -> None:
    """By what is not of the job: nothing is taken for what it is not."""
    token = Token("run", "step", 1, 1)
    name = f"mason-{token.digest[:32]}"
    api.create({"metadata": {"name": name}, "spec": {}})
    client = clients()
    with submitting(token), pytest.raises(ConflictError) as raised:
        execution_of(client).query("SELECT 1 AS a", output="a.csv")
    assert str(raised.value).startswith(
        f"There is a SparkApplication {name} in namespace {NAMESPACE} that is not of job"
    )
    assert execution_of(client).find_job(str(token)).status == "failed"


def test_a_job_that_is_cancelled(api: Kubernetes, clients: Any) -> None:
    """Its application is deleted; by another process as well."""
    operator = Operator(api, lambda *_: 1)
    operator.hold.clear()
    first, second = clients(), clients()
    for client in (first, second):
        job = execution_of(first).query("SELECT 1 AS a", output="a.csv")
        assert isinstance(job, Job)
        execution_of(client).cancel_job(job.job_id)
        wait_for(lambda: execution_of(first).get_job(job.job_id).status == "cancelled")  # noqa: B023 - done at once
    assert api.deleted == api.made()
    operator.hold.set()


def test_a_job_whose_application_is_deleted(api: Kubernetes, clients: Any) -> None:
    """With kubectl: it failed, and says so."""
    operator = Operator(api, lambda *_: 1)
    operator.hold.clear()
    execution = execution_of(clients())
    job = execution.query("SELECT 1 AS a", output="a.csv")
    assert isinstance(job, Job)
    (name,) = api.made()
    api.happen("DELETED", api.objects[name])
    wait_for(lambda: execution.get_job(job.job_id).status == "failed")
    assert execution.get_job(job.job_id).reason == (
        f"The SparkApplication {name} in namespace {NAMESPACE} is gone, though nobody cancelled it with Mason. Nothing "
        "was written."
    )
    operator.hold.set()


def test_a_token_that_runs_out_while_a_job_goes_on(api: Kubernetes, clients: Any) -> None:
    """The job goes on in its cluster: it is no failure of it, and whoever has logged in again finds it."""
    operator = Operator(api, lambda *_: 1)
    operator.hold.clear()
    execution = execution_of(clients())
    job = execution.query("SELECT 1 AS a", output="a.csv")
    assert isinstance(job, Job)
    known, api.token = api.token, "another"

    def is_told() -> bool:
        try:
            assert execution.get_job(job.job_id).status in OPEN
        except AccessDeniedError as error:
            return "does not know who asks (401)" in str(error)
        return False

    wait_for(is_told)
    api.token = known
    assert execution.get_job(job.job_id).status in OPEN
    operator.hold.set()
    wait_for(lambda: execution.get_job(job.job_id).status == "failed")
    assert len(api.made()) == 1


def test_how_far_a_job_is(api: Kubernetes, clients: Any) -> None:
    operator = Operator(api, lambda *_: 1)
    operator.hold.clear()
    execution = execution_of(clients())
    job = execution.query("SELECT 1 AS a", output="a.csv")
    assert isinstance(job, Job)
    (name,) = api.made()
    wait_for(lambda: execution.get_job(job.job_id).logs == (f"{name}: SUBMITTED",))
    assert execution.get_job(job.job_id).status == "queued"
    states_of = {"one": "RUNNING", "two": "PENDING"}
    api.put_status(name, {"applicationState": {"state": "RUNNING"}, "executorState": states_of})
    wait_for(lambda: execution.get_job(job.job_id).logs == (f"{name}: RUNNING, 1 of 2 executors run",))
    assert execution.get_job(job.job_id).status == "running"
    execution.cancel_job(job.job_id)
    wait_for(lambda: execution.get_job(job.job_id).status == "cancelled")
    operator.hold.set()


# Configs


CONFIG = {"type": "config", "id": "1", "storage_clients": ["local"], "execution_clients": ["spark"]}


def faults(configuration: dict[str, Any], **rest: Any) -> list[tuple[Any, str, str]]:
    definition = {**CONFIG, "clients": {"spark": {"configuration": configuration}}, **rest}
    return [(each.path[3:], each.message, each.remedy) for each in examiner(registry)(definition, ())]


def test_a_runner_in_a_config() -> None:
    assert faults({"runner": FULL, "settings": {"spark.sql.shuffle.partitions": 8}}) == []


@pytest.mark.parametrize(
    ("configuration", "rest", "message"),
    [
        ({"remote": "sc://a"}, {}, "the client spark has both runner and remote"),
        ({"master": "local[2]"}, {}, "the client spark has both runner and master"),
        (
            {},
            {"metastore_clients": ["spark"]},
            "a runner of the client spark plays no metastore: its catalog is gone with each application",
        ),
        (
            {"runner": FULL | {"spark_version": "2.4.5"}},
            {},
            "Mason's SQL is made for Spark 4, and the runner has Spark 2.4.5",
        ),
        (
            {"runner": {name: value for name, value in FULL.items() if name != "volumes"}},
            {},
            "the runner has no volumes: Mason and Spark hand files to each other on a disk that both mount",
        ),
        (
            {"runner": FULL | {"volumes": [{"path": "/data", "claim": "a", "host_path": "/b"}]}},
            {},
            "a volume is one of claim, host_path, nfs, and claim and host_path is given",
        ),
        (
            {"settings": {"spark.hadoop.fs.s3a.secret.key": "{{KEY}}"}},
            {},
            "the setting spark.hadoop.fs.s3a.secret.key would stand in the SparkApplication, where others read it",
        ),
    ],
)
def test_what_is_wrong_with_a_config(configuration: dict[str, Any], rest: dict[str, Any], message: str) -> None:
    found = faults({"runner": FULL} | configuration, **rest)
    assert [told for _, told, _ in found] == [message]
    assert found[0][2] != ""


def test_a_token_is_a_reference() -> None:
    (found,) = faults({"runner": FULL | {"api_server": "https://a:6443", "token": "literal"}})
    assert found[1] == "a literal value for the secret 'runner.token' of client spark would end up in the state"


def test_planning_imports_nothing(tmp_path: Path) -> None:
    """What is wrong with a runner is said without the library of Kubernetes."""
    program = (
        "import json, sys\n"
        "from mason.clients import registry\n"
        "from mason.dryrun.check import examiner\n"
        f"config = { ({**CONFIG, 'clients': {'spark': {'configuration': {'runner': FULL}}}})!r}\n"
        "found = list(examiner(registry)(config, ()))\n"
        "heavy = [each for each in ('kubernetes', 'pyspark', 'duckdb', 'urllib3') if each in sys.modules]\n"
        "print(json.dumps([len(found), heavy]))\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == [0, []]


def test_an_interrupt_ends_the_application(api: Kubernetes, clients: Any) -> None:
    """Whoever gives up a question leaves nothing that runs."""
    from mason.engines import interrupts

    operator = Operator(api, lambda *_: 1)
    operator.hold.clear()

    class Attempt:
        given_up = False

        def __init__(self) -> None:
            self.called: list[Any] = []

        def add(self, interrupt: Any) -> None:
            self.called.append(interrupt)

        def discard(self, interrupt: Any) -> None:
            self.called.remove(interrupt)

    attempt = Attempt()

    def give_up() -> None:
        wait_for(lambda: api.made() and attempt.called)
        attempt.called[0]()

    thread = threading.Thread(target=give_up)
    thread.start()
    with interrupts.doing(attempt), pytest.raises(CancelledError):
        execution_of(clients()).query("SELECT 1 AS a")
    thread.join()
    assert api.deleted == api.made()
    operator.hold.set()
