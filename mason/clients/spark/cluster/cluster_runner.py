"""The runner of a config: where applications run, what they get, and which files of this machine their pods have.

Pure: nothing is asked of a cluster here, so that planning can say what is wrong, and what will be asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mason import secrets
from mason.errors import SettingsError
from mason.resources.faults import Finding
from mason.values import dataclass

_MAJOR = "4"
_TELLTALE = re.compile(r"secret|password|passphrase|token|credential|access[._-]?key|account[._-]?key", re.IGNORECASE)
_SOURCES = ("claim", "host_path", "nfs")


@dataclass(frozen=True, slots=True)
class Volume:
    """What pods mount at ``path``, and this machine has at ``here``. ``kind`` and ``options`` are Spark's words for
    what is mounted."""

    path: Path
    here: Path
    kind: str
    options: Mapping[str, str]


class Runner:
    """The key ``runner`` of a configuration, as its schema has it; ``base`` is the project's root."""

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        self.given: Mapping[str, Any] = configuration["runner"]
        self.settings: Mapping[str, Any] = configuration.get("settings", {})
        self._base = base

    @property
    def spark_version(self) -> str:
        """The version of Spark in the image."""
        return str(self.given["spark_version"])

    @property
    def image(self) -> str:
        """The image of driver and executors: Apache's, where nothing else is said."""
        return str(self.given.get("image") or f"apache/spark:{self.spark_version}-python3")

    @property
    def is_apaches(self) -> bool:
        """Whether the operator is Apache's own, and not Kubeflow's."""
        return bool(self.given["type"] == "apache-kubernetes-operator")

    def here(self, path: str) -> Path:
        """A file of this machine that the runner names, relative to the project."""
        return self._base / Path(path).expanduser()

    def pod(self, role: str) -> Mapping[str, Any]:
        """What is given for ``driver`` or ``executor``."""
        found: Mapping[str, Any] = self.given.get(role) or {}
        return found

    def seconds(self, name: str, default: float) -> float:
        """One of the runner's times."""
        return float(self.given.get(name, default))

    @cached_property
    def volumes(self) -> tuple[Volume, ...]:
        """What is mounted in each pod, in the order of the config."""
        return tuple(self._volume(each) for each in self.given.get("volumes", ()))

    def _volume(self, given: Mapping[str, Any]) -> Volume:
        if "claim" in given:
            kind, options = "persistentVolumeClaim", {"claimName": str(given["claim"])}
        elif "nfs" in given:
            kind, options = "nfs", {"server": str(given["nfs"]["server"]), "path": str(given["nfs"]["path"])}
        else:
            kind, options = "hostPath", {"path": str(given["host_path"])}
        here = os.path.realpath(self.here(str(given.get("here") or given["path"])))
        return Volume(Path(given["path"]), Path(here), kind, options)

    def in_pods(self, path: Path) -> Path | None:
        """The path by which pods have a file of this machine; ``None`` where they do not have it."""
        real = Path(os.path.realpath(path))
        found = [each for each in self.volumes if real.is_relative_to(each.here)]
        if not found:
            return None
        nearest = max(found, key=lambda each: len(each.here.parts))
        return nearest.path / real.relative_to(nearest.here)

    def shared(self, path: Path) -> Path:
        """As :meth:`in_pods`, for what pods have to have. Raises ``SettingsError``."""
        found = self.in_pods(path)
        if found is None:
            there = ", ".join(str(each.here) for each in self.volumes) or "nothing"
            raise SettingsError(
                f"The pods of the runner do not have {path}: its volumes are {there} of this machine. Give a volume "
                "that holds it, or name a folder in one of them as folder in the config's spark client."
            )
        return found


def faults(configuration: Mapping[str, Any], roles: Collection[str]) -> Iterator[Finding]:
    """What is wrong with a configuration that has a runner, and is as the schema wants it; its client is to play
    ``roles``."""
    for other in ("remote", "master"):
        if other in configuration:
            yield Finding((other,), f"the client spark has both runner and {other}", f"leave out {other}, or runner")
    if "metastore" in roles:
        yield Finding(
            ("runner",),
            "a runner of the client spark plays no metastore: its catalog is gone with each application",
            "let another client play the metastore, such as local, or a second client of type spark that is reached "
            "by remote",
        )
    runner = configuration["runner"]
    version = str(runner.get("spark_version", ""))
    if not secrets.references(version) and version.partition(".")[0] != _MAJOR:
        yield Finding(
            ("runner", "spark_version"),
            f"Mason's SQL is made for Spark {_MAJOR}, and the runner has Spark {version}",
            f"name an image of Spark {_MAJOR}, and its version",
        )
    yield from _settings_faults(configuration.get("settings", {}))
    yield from _volume_faults(runner.get("volumes", ()))


def _settings_faults(settings: Mapping[str, Any]) -> Iterator[Finding]:
    for name, value in settings.items():
        if secrets.references(value) or _TELLTALE.search(name):
            yield Finding(
                ("settings", name),
                f"the setting {name} would stand in the SparkApplication, where others read it",
                "put it into a Secret of Kubernetes, and name that in secrets of the runner: Spark finds it in the "
                "environment of its pods, or in a file",
            )


def _volume_faults(volumes: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    if not volumes:
        yield Finding(
            ("runner",),
            "the runner has no volumes: Mason and Spark hand files to each other on a disk that both mount",
            "give volumes, such as [{claim: NAME, path: /data, here: ./warehouse}]",
        )
    for index, each in enumerate(volumes):
        named = [source for source in _SOURCES if source in each]
        if len(named) != 1:
            yield Finding(
                ("runner", "volumes", index),
                f"a volume is one of {', '.join(_SOURCES)}, and {' and '.join(named) or 'none'} is given",
                "name one of them",
            )
