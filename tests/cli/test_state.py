"""``mason state lock-info`` and ``unlock``, and what people see of a lock while they wait for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mason.cli.shared import _lock_patience
from mason.state.local import LocalStateStore
from mason.state.lock import decode_lock
from mason.state.s3.bucket_store import S3StateStore
from mason.state.store import LockInfo
from tests.cli.notes import met
from tests.servers import BUCKET


@pytest.fixture
def bucket(project, moto, prefix, aws):
    """The state of the project, in a bucket."""
    (project / "mason.yaml").write_text(
        f"name: flights\nstate:\n  url: s3://{BUCKET}/{prefix}\n  endpoint_url: {moto.endpoint}\n  lease: 2\n"
    )
    return S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={moto.endpoint}&lease=2")


@pytest.fixture
def local(project):
    """The state of the project, in a folder."""
    return LocalStateStore(f"file://{project}/state")


@pytest.mark.xdist_group("moto")
def test_a_team_plans_and_applies_in_a_bucket(mason, project, bucket):
    """The whole road, and nothing of it in a folder."""
    applied = mason("apply", "-y")
    assert (applied.code, met(applied.err)) == (0, "")
    assert applied.out.endswith("Apply complete: 2 created, 0 overwritten, 0 deleted, 0 run.\n")
    assert mason("plan").out == "No changes.\n"
    assert sorted(bucket.read().resources) == ["config.1", "operator.table.get"]
    got = mason("run", "operator", "table", "get", "-p", "database_name:data,table_name:airlines")
    assert got.code == 0
    assert len(bucket.list_runs()) == 1
    (project / "get.yaml").unlink()
    assert mason("apply", "-y", "--prune").code == 0
    assert (sorted(bucket.read().resources), bucket.list_backups()) == (["config.1"], [1])
    assert not (project / "state").exists()


@pytest.mark.xdist_group("moto")
def test_a_plan_without_a_change_asks_the_bucket_once(mason, project, bucket, moto, proxy):
    """And downloads nothing."""
    settings = (project / "mason.yaml").read_text().replace(moto.endpoint, proxy.endpoint)
    (project / "mason.yaml").write_text(settings)
    assert mason("apply", "-y").code == 0
    proxy.log.clear()
    assert mason("plan").out == "No changes.\n"
    assert proxy.asked() == [("GET", "pass", 304)]


@pytest.mark.xdist_group("moto")
def test_a_plan_of_a_bucket_is_applied_with_other_options(mason, project, bucket):
    """A job waits longer than a person, and it is the same state."""
    patient = bucket.url.replace("&lease=2", "&lease=50&timeout=9")
    assert mason("plan", "--out", "p.plan").code == 0
    assert mason("--state", patient, "apply", "p.plan", "-y").code == 0
    assert mason("plan").out == "No changes.\n"


@pytest.mark.xdist_group("moto")
def test_what_is_logged_holds_no_credentials(project, bucket, monkeypatch):
    """boto3 logs what it signs, and with it the token of a session."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-session-token")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key")
    command = [sys.executable, "-m", "mason", "-l", "debug", "plan"]
    planned = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "x-amz-security-token" in planned.stderr
    assert "REDACTED" in planned.stderr
    assert "canary" not in planned.stdout + planned.stderr


@pytest.mark.xdist_group("moto")
def test_lock_info_of_a_bucket(mason, bucket):
    nobody = mason("state", "lock-info")
    assert (nobody.code, nobody.out) == (0, f"Nobody holds the lock of the state {bucket.url}.\n")
    assert mason("state", "lock-info", "--json").json == {
        "format_version": "1.0",
        "state": {"url": bucket.url},
        "lock": None,
    }
    with bucket.lock("apply") as held:
        shown, given = mason("state", "lock-info"), mason("state", "lock-info", "--json").json["lock"]
        info = held.info
    assert shown.out.splitlines()[:5] == [
        f"The state {bucket.url} is locked.",
        f"  ID:        {info.id}",
        "  Operation: apply",
        f"  Who:       {info.who} (process {os.getpid()}, mason {info.version})",
        f"  Since:     {info.created}",
    ]
    assert given["id"] == info.id
    assert (given["path"], given["pid"], given["lease"], sorted(given)) == (
        bucket.url,
        os.getpid(),
        2,
        ["created", "expires", "id", "lease", "operation", "path", "pid", "version", "who"],
    )


@pytest.mark.xdist_group("moto")
def test_unlock_asks_and_refuses_another_id(mason, bucket):
    with bucket.lock("apply") as held:
        info = held.info
        refused = mason("state", "unlock", "0011", "-y")
        assert (refused.code, met(refused.err)) == (
            1,
            f"Error: '0011' is not the lock of the state {bucket.url}: {info.who} (process {info.pid}) has held it for "
            f"'apply' since {info.created}, under the id {info.id}. Nothing was unlocked. Look again with: mason state "
            "lock-info\n",
        )
        declined = mason("state", "unlock", info.id, answer="no\n")
        assert (declined.code, declined.out) == (1, "")
        assert f"  ID:        {info.id}\n" in declined.err
        assert declined.err.endswith(
            "\nTake the lock from its holder? Only yes is accepted: \nError: Not confirmed, so nothing was done.\n"
        )
        assert bucket.lock_info().id == info.id
        unlocked = mason("state", "unlock", info.id, answer="yes\n")
        assert (unlocked.code, unlocked.out) == (
            0,
            f"Unlocked the state {bucket.url}, which {info.who} (process {info.pid}) had locked.\n",
        )
        assert bucket.lock_info() is None
    assert mason("state", "unlock", info.id, "-y").err == (
        f"Error: Nobody holds the lock of the state {bucket.url}: there is nothing to unlock.\n"
    )


@pytest.mark.xdist_group("moto")
def test_what_is_no_lock_is_shown_and_removed(mason, bucket):
    bucket.bucket.put("lock.json", b"garbage\n")
    shown = mason("state", "lock-info")
    lock_id = mason("state", "lock-info", "--json").json["lock"]["id"]
    assert shown.out == (
        f"The state {bucket.url} is locked.\n  ID:        {lock_id}\n"
        "  Who:       nobody knows: what stands there is no lock of Mason's\n"
    )
    refused = mason("apply", "-y", "--lock-timeout", "0")
    assert (refused.code, f" remove it with mason state unlock {lock_id}. " in refused.err) == (1, True)
    unlocked = mason("state", "unlock", lock_id, answer="yes\n")
    assert (unlocked.code, unlocked.out, unlocked.err) == (
        0,
        f"Unlocked the state {bucket.url}, where no lock of Mason's stood.\n",
        f"{shown.out}\nTake the lock from its holder? Only yes is accepted: \n",
    )
    assert mason("apply", "-y").code == 0


def test_the_lock_of_a_folder_goes_with_its_process(mason, project, local):
    assert mason("state", "lock-info").out == f"Nobody holds the lock of the state {local.url}.\n"
    with local.lock("apply") as held:
        info = held.info
        assert mason("state", "lock-info").out == (
            f"The state {local.url} is locked.\n  ID:        {info.id}\n  Operation: apply\n"
            f"  Who:       {info.who} (process {info.pid}, mason {info.version})\n  Since:     {info.created}\n"
        )
        refused = mason("state", "unlock", info.id, "-y")
        assert local.lock_info() == info
    assert (refused.code, refused.out, refused.err) == (
        1,
        "",
        f"Error: The lock of the state {local.url} goes with its process, {info.pid} of {info.who}, and cannot be "
        f"broken. Wait until 'apply' has ended, or end it on that machine: kill {info.pid}\n",
    )


def waits(seconds: str = "60") -> subprocess.Popen[str]:
    """Somebody who applies, and waits for the lock."""
    command = [sys.executable, "-m", "mason", "apply", "-y", "--lock-timeout", seconds]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told_of(info: LockInfo, limit: str = "for at most 60 seconds") -> str:
    """What is said to them while the lock is that of ``info``."""
    return (
        f"Acquiring state lock...\n{info.who} (process {info.pid}) has held it for 'apply' since {info.created}; "
        f"waiting {limit}.\n"
    )


@pytest.mark.parametrize(("seconds", "limit"), [("60", "for at most 60 seconds"), ("inf", "until it is free")])
def test_who_waits_for_a_lock_is_told_so(mason, project, local, seconds, limit):
    """After a moment, with who holds it; and where it is free, nothing is said."""
    with local.lock("apply") as held:
        waiting = waits(seconds)
        told = waiting.stderr.readline() + waiting.stderr.readline()
    with waiting:
        told += waiting.stderr.read()
    assert (waiting.returncode, told) == (0, told_of(held.info, limit))
    (project / "get.yaml").unlink()
    assert mason("apply", "-y", "--prune").err == ""


@pytest.mark.xdist_group("moto")
def test_a_lock_in_a_bucket_is_taken_over_with_a_notice(mason, bucket):
    """A job was killed; the next one waits for its lease to run out and goes on without anybody's help."""
    script = "import sys\nfrom mason.state.lock import encode_lock\nfrom mason.state.urls import open_store\n"
    script += "with open_store(sys.argv[1]).lock('apply') as held:\n"
    script += "    print(encode_lock(held.info).decode(), end='', flush=True)\n    input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, bucket.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as job:
        dead = decode_lock(job.stdout.readline())
        waiting = waits()
        # The first line tells of a state that is new here.
        told = "".join(waiting.stderr.readline() for _ in range(3))
        job.kill()
    with waiting:
        told += waiting.stderr.read()
    assert (waiting.returncode, met(told)) == (
        0,
        f"{told_of(dead)}Took over the state lock of {dead.who} (process {job.pid}), who held it for 'apply' since "
        f"{dead.created}: its lease ran out without being renewed.\n",
    )


@pytest.mark.parametrize(
    ("seconds", "fault"),
    [("nan", "'nan' is not a valid float range."), ("-nan", "'-nan' is"), ("-1", "-1.0 is not in the range x>=0.")],
)
def test_nobody_waits_for_less_than_nothing(mason, project, seconds, fault):
    refused = mason("apply", "-y", f"--lock-timeout={seconds}")
    assert (refused.code, refused.out) == (1, "")
    assert f"\nError: Invalid value for '--lock-timeout': {fault}" in refused.err


@pytest.mark.parametrize(
    ("ci", "seconds"), [(None, 10), ("", 10), ("false", 10), ("0", 10), ("true", 300), ("1", 300), ("woodpecker", 300)]
)
def test_jobs_wait_longer_than_people(monkeypatch, ci, seconds):
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    assert _lock_patience() == seconds


@pytest.mark.xdist_group("moto")
def test_a_secret_in_mason_yaml_is_refused(mason, project, bucket):
    with (project / "mason.yaml").open("a") as file:
        file.write("  access_key: '{{KEY}}'\n  secret_key: canary-secret\n")
    refused = mason("plan")
    assert (refused.code, refused.out, refused.err) == (
        1,
        "",
        "Error: The state's URL s3://... cannot be used: secret_key holds a value that belongs nowhere but into the "
        "environment: use {{NAME}}.\n",
    )
