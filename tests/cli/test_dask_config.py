"""The config of the page about dask, from YAML to what a person sees: objects of S3, worked on by processes.

Operators do there what they do by ``local``, as ``mason compare`` has it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_aws_configs import ROOT, configs
from tests.servers import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]

TABLE = "database_name:club,table_name:people"
PEOPLE = "".join(f"{number},name {number % 7},{number % 5}.5\n" for number in range(300))
ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 8"


@pytest.fixture
def project(folder: Path) -> Path:
    for name in ("operators", "workflows"):
        shutil.copytree(ROOT / "examples" / name, folder / name)
    (folder / "mason.yaml").write_text("name: lake\nstate: state\n")
    return folder


@pytest.fixture
def lake(seaweed: S3Server, prefix: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project with the page's config, and the same with ``local``. The store looks at who asks, and only variables of
    the config's own say that."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAKE_KEY", ACCESS_KEY)
    monkeypatch.setenv("LAKE_SECRET", SECRET_KEY)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    (config,) = configs("dask.md")
    root = f"s3://{BUCKET}/{prefix}"
    config["clients"]["s3"]["configuration"] = {
        "root": root,
        "endpoint_url": seaweed.endpoint,
        "aws_region": "us-east-1",
        "access_key": "{{LAKE_KEY}}",
        "secret_key": "{{LAKE_SECRET}}",
    }
    config["clients"]["dask"]["configuration"] |= {"part_size": "1KB"}
    (project / "dask.yaml").write_text(json.dumps(config))
    config["clients"]["local"] = {"configuration": {"root": "."}}
    other = {**config, "id": "here", "execution_clients": ["local"]}
    (project / "here.yaml").write_text(json.dumps(other))
    return root


def test_a_table_in_s3_from_files_to_answers(lake: str, project: Path, mason: Any) -> None:
    import boto3

    session = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1")
    store = session.client("s3", endpoint_url=configs_of(project)["s3"]["endpoint_url"])
    for number in range(3):
        key = f"{lake.removeprefix(f's3://{BUCKET}/')}/club/people/{number}.csv"
        store.put_object(Bucket=BUCKET, Key=key, Body=f"id,name,height\n{PEOPLE}".encode())
    assert mason("apply", "-y").code == 0
    inferred = mason("run", "operator", "table", "infer", "-c", "4", "-y", "-p", f"{TABLE},path:club/people")
    assert inferred.code == 0, inferred.err
    query = "SELECT name, count(*) AS n FROM $table GROUP BY name ORDER BY name"
    for name, more in (
        ("summarize", ""),
        ("query", f',query_string:"{query}"'),
        ("merge", ",output_path:out/merged,format:parquet"),
        ("dedupe", ',output_path:out/deduped,keys:"name"'),
    ):
        done = mason("compare", "operator", "table", name, "-c", "here", "-c", "4", "-p", f"{TABLE}{more}", "-y")
        assert done.code == 0, (name, done.out, done.err)
        assert SECRET_KEY not in done.out + done.err


def configs_of(project: Path) -> dict[str, Any]:
    clients = json.loads((project / "dask.yaml").read_text())["clients"]
    return {name: each["configuration"] for name, each in clients.items()}


HERE = {
    "type": "config",
    "id": "1",
    **{f"{role}_clients": ["local"] for role in ("metastore", "storage")},
    "execution_clients": ["dask"],
    "clients": {"local": {}, "dask": {"configuration": {"workers": 1}}},
}


def test_planning_loads_no_dask(project: Path) -> None:
    (project / "config.yaml").write_text(json.dumps(HERE))
    (project / "club").mkdir()
    (project / "club" / "people.csv").write_text("id,name\n1,Ann\n")
    code = (
        "import sys; from mason import cli; "
        "codes = [cli.call(given) for given in (['plan'], ['apply', '-y'], ['get'], "
        f"['validate', 'operator', 'table', 'summarize', '-p', '{TABLE}'])]; "
        "print(codes, 'dask' in sys.modules, 'distributed' in sys.modules)"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[0, 0, 0, 0] False False", done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_work_ends_with_mason(project: Path, number: signal.Signals, mason: Any) -> None:
    """Ctrl-C, and a Mason that is killed: its workers are gone with it, and the run can be begun again."""
    (project / "config.yaml").write_text(json.dumps(HERE))
    (project / "club").mkdir()
    (project / "club" / "people.csv").write_text("id,name\n1,Ann\n")
    assert mason("apply", "-y").code == 0
    given = f'{TABLE},query_string:"{ENDLESS}"'
    command = (sys.executable, "-m", "mason", "run", "operator", "table", "query", "-y", "-p", given)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        wait_for(lambda: any(_is_busy(child) for child in _below(process.pid)))
        started = _below(process.pid)
        # As a terminal does it: to all that are in front.
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        out, err = process.communicate()
    assert process.returncode == (130 if number == signal.SIGINT else -number), (out, err)
    assert b"Traceback" not in err
    wait_for(lambda: not any(Path(f"/proc/{each}").exists() for each in started))


def _below(pid: int) -> list[int]:
    """The processes that a process started, and those that these did."""
    import psutil

    return [each.pid for each in psutil.Process(pid).children(recursive=True)]


def _is_busy(pid: int) -> bool:
    """Whether a process has worked for a second: starting takes a part of that."""
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return False
    return times.user > 4
