"""A real Airflow for tests, in the environment that ``make components`` makes: API server, scheduler, DAG processor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import free_port

ENVIRONMENT = Path(__file__).resolve().parents[1] / ".components" / "airflow"
USER, PASSWORD = "admin", "admin-of-tests"
_PATIENCE = 240.0
_HEALTHY = ("metadatabase", "scheduler", "dag_processor")


def missing() -> str:
    """What is not there of what Airflow needs, with the remedy; empty where all is."""
    return "" if (ENVIRONMENT / ".packages").exists() else "There is no Airflow to talk to. Get it: make components"


def python() -> Path:
    """The Python of its environment."""
    return ENVIRONMENT / "bin" / "python"


@dataclass(frozen=True)
class AirflowServer:
    """An Airflow at ``url`` that takes its DAG files from ``dags``; its processes keep Mason's things in ``home``."""

    url: str
    dags: Path
    home: Path

    def configuration(self, **changed: Any) -> dict[str, Any]:
        """That of a client of it."""
        given = {"url": self.url, "username": USER, "password": PASSWORD, "dags": str(self.dags), **changed}
        return {name: value for name, value in given.items() if value is not None}


@contextmanager
def airflow_server(folder: Path) -> Iterator[AirflowServer]:
    """An Airflow while the context lasts, from when all of its parts are healthy. It keeps all that it has in
    ``folder``, and is bound to the loopback."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    for name in ("dags", "tmp", "home"):
        (folder / name).mkdir()
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps({USER: PASSWORD}))
    settings = {
        "CORE__DAGS_FOLDER": str(folder / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "3",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__WORKERS": "1",
        "API__BASE_URL": url,
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "1",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    }
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "MASON", "PYTEST"))},
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        "AIRFLOW_HOME": str(folder),
        "MASON_HOME": str(folder / "home"),
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(folder / "tmp"),
    }
    command = str(ENVIRONMENT / "bin" / "airflow")
    with (folder / "log").open("wb") as log:
        subprocess.run([command, "db", "migrate"], env=environment, stdout=log, stderr=log, check=True)
        started = [
            # A session of its own each: they start workers, and all of these are to end.
            subprocess.Popen([command, *part], env=environment, stdout=log, stderr=log, start_new_session=True)
            for part in (["api-server"], ["scheduler", "--skip-serve-logs"], ["dag-processor"])
        ]
    try:
        end = time.monotonic() + _PATIENCE
        while not _is_healthy(url):
            if any(each.poll() is not None for each in started) or time.monotonic() > end:
                raise RuntimeError(f"Airflow did not start:\n{(folder / 'log').read_text(errors='replace')[-4000:]}")
            time.sleep(0.2)
        yield AirflowServer(url, folder / "dags", folder / "home")
    finally:
        for process in started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=10) as answer:
            health = json.load(answer)
    except (OSError, ValueError):
        return False
    return all((health.get(part) or {}).get("status") == "healthy" for part in _HEALTHY)
