"""What plays an operator for tests: it has the scripts of applications run by a real Spark, and tells how that went.

A start of Spark takes many seconds. Where its process is not what a test is about, scripts are run by :class:`Drivers`,
one process with a session of its own for each script; else each one is a process, as a pod would have it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.kubernetes_server import Kubernetes
from tests.spark_servers import COMPONENTS, JVM, classic

_HOST = """
import json, runpy, sys, threading
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
lock = threading.Lock()
def run(asked):
    main = runpy.run_path(asked["script"], run_name="driver")["main"]
    status = main(asked["asked"], spark.newSession())
    with lock:
        print(json.dumps({"name": asked["name"], "status": status}), flush=True)
print(json.dumps({"name": "", "status": 0}), flush=True)
for line in sys.stdin:
    threading.Thread(target=run, args=(json.loads(line),)).start()
"""


def _environment(folder: Path) -> dict[str, str]:
    settings = {
        "spark.master": "local[2]",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "900m",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": f"file://{folder}/warehouse",
        "spark.driver.extraJavaOptions": f"{JVM} -Djava.io.tmpdir={folder}",
    }
    # As a context of its own, and not as one that asks Mason's environment.
    arguments = " ".join(f"--conf '{name}={value}'" for name, value in settings.items())
    return {
        **os.environ,
        "SPARK_HOME": str(classic() / "pyspark"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder),
        "PYSPARK_PYTHON": str(COMPONENTS / "spark" / "bin" / "python"),
        "PYSPARK_SUBMIT_ARGS": f"{arguments} pyspark-shell",
    }


@dataclass
class Drivers:
    """A process that runs scripts, each in a session of its own."""

    process: subprocess.Popen[str]
    statuses: dict[str, int] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def run(self, name: str, script: str, asked: str) -> int:
        """The exit status of a script."""
        assert self.process.stdin is not None
        with self.changed:
            self.process.stdin.write(json.dumps({"name": name, "script": script, "asked": asked}) + "\n")
            self.process.stdin.flush()
            self.changed.wait_for(lambda: name in self.statuses or self.process.poll() is not None)
            return self.statuses.pop(name, 1)

    def listen(self, stream: IO[str]) -> None:
        """Take in what the process says, to its end."""
        for line in stream:
            told = json.loads(line)
            with self.changed:
                self.statuses[told["name"]] = told["status"]
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()


@contextmanager
def drivers(folder: Path) -> Iterator[Drivers]:
    """While the context lasts."""
    python = str(COMPONENTS / "spark" / "bin" / "python")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-c", _HOST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(folder),
            text=True,
            start_new_session=True,
        )
        found = Drivers(process)
        threading.Thread(target=found.listen, args=(process.stdout,), daemon=True).start()
        with found.changed:
            found.changed.wait_for(lambda: "" in found.statuses or process.poll() is not None, timeout=120)
        try:
            yield found
        finally:
            _end(process)


def _end(process: subprocess.Popen[Any]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


@dataclass
class Operator:
    """Looks after the applications of an API: as Kubeflow's does, or, for its kind, Apache's.

    ``run`` is given the name, the script and its argument, and gives the exit status. ``images`` are those that can be
    pulled; empty for any. ``hold`` keeps applications from being run until it is set.
    """

    api: Kubernetes
    run: Callable[[str, str, str], int]
    hold: threading.Event = field(default_factory=threading.Event)
    ran: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hold.set()
        self.api.on_made = lambda name: threading.Thread(target=self._look_after, args=(name,), daemon=True).start()

    def _look_after(self, name: str) -> None:
        made = self.api.objects.get(name)
        if made is None:
            # It was deleted before anybody looked.
            return
        spec = made["spec"]
        is_apaches = "pyFiles" in spec
        script = spec["pyFiles" if is_apaches else "mainApplicationFile"].removeprefix("local://")
        (argument,) = spec["driverArgs" if is_apaches else "arguments"]
        pod = f"{name}-driver"
        self._tell(name, is_apaches, "Submitted" if is_apaches else "SUBMITTED")
        self.api.pods[pod] = {"metadata": {"name": pod}, "status": {"phase": "Pending"}}
        self.hold.wait()
        self.api.pods[pod]["status"] = {"phase": "Running"}
        self._tell(name, is_apaches, "RunningHealthy" if is_apaches else "RUNNING")
        self.ran.append(name)
        status = self.run(name, script, argument)
        reason = "Completed" if status == 0 else "Error"
        ended = {"state": {"terminated": {"exitCode": status, "reason": reason}}}
        self.api.pods[pod]["status"] = {"phase": "Succeeded" if status == 0 else "Failed", "containerStatuses": [ended]}
        if is_apaches:
            self._tell(name, True, "Succeeded" if status == 0 else "Failed")
            self._tell(name, True, "ResourceReleased")
            return
        self._tell(name, False, "SUCCEEDING" if status == 0 else "FAILING")
        self._tell(name, False, "COMPLETED" if status == 0 else "FAILED")

    def _tell(self, name: str, is_apaches: bool, state: str) -> None:
        there = self.api.objects.get(name)
        if there is None:
            return
        if is_apaches:
            history = there.get("status", {}).get("stateTransitionHistory", {})
            told = {"currentStateSummary": state, "message": ""}
            history = {**history, str(len(history)): told}
            self.api.put_status(name, {"currentState": told, "stateTransitionHistory": history})
            return
        told = {"state": state}
        if state == "FAILED":
            told["errorMessage"] = "driver container failed with ExitCode: 1, Reason: Error"
        self.api.put_status(name, {"applicationState": told, "driverInfo": {"podName": f"{name}-driver"}})


@dataclass
class Pods:
    """Runs each script as a process of its own, which ends when its application is deleted."""

    api: Kubernetes
    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __call__(self, name: str, script: str, argument: str) -> int:
        """The exit status; what the process says is the log of the driver's pod."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = self.processes[name] = subprocess.Popen(
                [str(COMPONENTS / "spark" / "bin" / "python"), script, argument],
                stdout=out,
                stderr=out,
                env=_environment(self.folder),
                start_new_session=True,
            )
            while process.poll() is None:
                with self.api.changed:
                    self.api.changed.wait(0.2)
                    is_gone = name in self.api.deleted
                if is_gone:
                    _end(process)
        self.api.logs[f"{name}-driver"] = log.read_text(errors="replace")
        return 0 if process.returncode == 0 else 1


def missing_script(name: str, script: str, argument: str) -> int:
    """Runs nothing, for tests in which nothing is to be computed."""
    sys.stderr.write(f"{name} would run {script} {argument}\n")
    return 0
