"""What a driver's pod says of itself: why it waits, why it cannot start, and how it ended. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.clients.spark.cluster.cluster_runner import Runner

_REMEDIES = {
    "ErrImagePull": "Give an image that the cluster can pull, and image_pull_secrets where it is private.",
    "ImagePullBackOff": "Give an image that the cluster can pull, and image_pull_secrets where it is private.",
    "InvalidImageName": "Mend image of the runner.",
    "ErrImageNeverPull": "Put the image onto the nodes, or set image_pull_policy: IfNotPresent.",
    "CreateContainerConfigError": "Make the Secret that secrets of the runner name, with the keys that they name.",
    "CreateContainerError": "See kubectl describe pod.",
    "RunContainerError": "See kubectl describe pod.",
}
_KILLED = 137


def broken(pod: Mapping[str, Any]) -> str:
    """Why a pod that waits will never start, with the remedy; empty where it may."""
    for container in _containers(pod):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason in _REMEDIES:
            return f"{_sentence(reason, waiting.get('message'))} {_REMEDIES[reason]}"
    return ""


def pending(pod: Mapping[str, Any]) -> str:
    """For what a pod waits; empty where it does not say."""
    for container in _containers(pod):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return f"the driver waits: {waiting['reason']}"
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"the driver waits: {_sentence(condition.get('reason', ''), condition.get('message')).rstrip('.')}"
    return ""


def ended_badly(pod: Mapping[str, Any], runner: Runner) -> str:
    """Why a pod ended, where the cluster ended it; empty where its program did."""
    for container in _containers(pod):
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("reason") == "OOMKilled" or ended.get("exitCode") == _KILLED:
            memory, reason = runner.pod("driver").get("memory", "1g"), ended.get("reason") or "exit code 137"
            return (
                f"the driver was killed for want of memory ({reason}); it had {memory}. Raise memory or "
                "memory_overhead of the runner's driver"
            )
    status = pod.get("status") or {}
    return _sentence(status["reason"], status.get("message")) if status.get("reason") else ""


def _containers(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses"):
        yield from status.get(kind) or ()


def _sentence(reason: str, message: Any) -> str:
    text = " ".join(str(message or "").split())[:400]
    text = f"{reason}: {text}" if text else reason
    return text if text.endswith(".") else f"{text}."
