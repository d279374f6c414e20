"""What the store in a bucket does beyond the promises that all stores make: requests, caching, encryption, probing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mason.errors import SettingsError, StateError, StateFormatError
from mason.resources.resource import digest_of, encode
from mason.secrets import scrub
from mason.state.s3.bucket_store import S3StateStore
from mason.state.snapshot import Entry
from mason.testing.stores import resources
from tests.servers import BUCKET
from tests.state import faults

pytestmark = pytest.mark.xdist_group("moto")


@pytest.fixture
def store(proxy, prefix):
    return S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={proxy.endpoint}")


@pytest.fixture
def other_home(tmp_path, monkeypatch):
    """A machine that has met nothing yet."""
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "other home"))


def requests(proxy):
    """The requests so far, without bucket and prefix; and forget them."""
    done = [(method, re.sub(rf"^/{BUCKET}/team/[^/]*/", "", key), status) for method, key, _, status in proxy.log]
    proxy.log.clear()
    return done


# What is asked


def test_a_state_that_did_not_change_costs_one_conditional_request(store, proxy):
    """Also for a process that knows it only from the disk."""
    written = store.write(resources(1, count=100), base=store.read())
    requests(proxy)
    for handle in (store, S3StateStore(store.url)):
        assert handle.read() == written
        assert requests(proxy) == [("GET", "state.json", 304)]


def test_who_downloads_a_state_downloads_it_once(store, proxy, other_home):
    written = store.write(resources(1, count=100), base=store.read())
    requests(proxy)
    for status in (200, 304):
        handle = S3StateStore(store.url)
        assert (handle.read(), dict(handle.read().digests)) == (written, dict(written.digests))
        assert requests(proxy) == [("GET", "state.json", status), ("GET", "state.json", 304)]


def test_what_was_edited_in_the_bucket_is_known_however_it_is_read(store):
    """Downloaded, and from what this machine remembers of it."""
    definition = {"type": "config", "id": "1"}
    applied = Entry("config", digest_of(encode(definition), None), definition)
    store.write({"config.1": applied, "config.2": applied}, base=store.read())
    assert list(S3StateStore(store.url).read().edited) == []
    # The first one of the two.
    store.bucket.put("state.json", store.bucket.get("state.json").body.replace(b'"id":"1"', b'"id":"3"', 1))
    assert [list(S3StateStore(store.url).read().edited) for _ in range(2)] == [["config.1"], ["config.1"]]


@pytest.mark.parametrize("name", ["state.json", "index"])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}\n", b"[1]\nx", b'{"etag": "x", "write_id": "", "digest": "sha256:0"}\n']
)
def test_a_damaged_memory_does_no_harm(store, tmp_path, name, content):
    written = store.write(resources(1), base=store.read())
    [remembered] = (tmp_path / "home" / "cache").glob(f"s3-*/{name}")
    for damage in (content, remembered.read_bytes()[:-1]):
        remembered.write_bytes(damage)
        assert S3StateStore(store.url).read() == written


def test_a_home_that_cannot_be_written_does_no_harm(store, proxy, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "file" / "home"))
    written = store.write(resources(1), base=store.read())
    assert S3StateStore(store.url).read() == written


def test_a_write_asks_for_what_it_needs(store, proxy):
    """A look at the current state, its backup, the state, and the backups that are too many."""
    base = store.write(resources(1), base=store.read())
    requests(proxy)
    store.write(resources(2), base=base)
    assert [(method, key) for method, key, _ in requests(proxy)] == [
        ("GET", "state.json"),
        ("PUT", "backups/state.1.json"),
        ("PUT", "state.json"),
        ("GET", f"/{BUCKET}"),
    ]


def test_a_lock_costs_two_requests(store, proxy):
    store.put_run("probed", {})
    requests(proxy)
    with store.lock("apply"):
        pass
    assert requests(proxy) == [("PUT", "lock.json", 200), ("DELETE", "lock.json", 204)]


def test_backups_are_named_with_how_to_restore_them(store, proxy):
    base = store.write(resources(1), base=store.read())
    store.write(resources(2), base=base)
    store.bucket.put("state.json", b"{")
    with pytest.raises(StateFormatError) as caught:
        store.read()
    place = f"s3://{BUCKET}/{store.bucket.address.prefix}"
    assert str(caught.value).endswith(
        f"Restore the newest backup: aws --endpoint-url {proxy.endpoint} s3 cp {place}backups/state.1.json "
        f"{place}state.json"
    )
    # What the command does.
    store.bucket.put("state.json", store.bucket.get("backups/state.1.json").body)
    assert store.read() == base


def test_a_lost_state_is_refused_with_how_to_restore_it(store, proxy):
    """It is looked for once more: others may have written it between the first look and that for backups."""
    base = store.write(resources(1), base=store.read())
    store.write(resources(2), base=base)
    store.bucket.delete("state.json")
    requests(proxy)
    with pytest.raises(StateFormatError) as caught:
        S3StateStore(store.url).read()
    place = f"s3://{BUCKET}/{store.bucket.address.prefix}"
    assert str(caught.value) == (
        f"{place}state.json is missing, while backups of it are in {place}backups/. To begin with an empty state, move "
        f"those away. Restore the newest backup: aws --endpoint-url {proxy.endpoint} s3 cp {place}backups/state.1.json "
        f"{place}state.json"
    )
    assert requests(proxy)[:3] == [("GET", "state.json", 404), ("GET", f"/{BUCKET}", 200), ("GET", "state.json", 404)]


def test_a_state_that_others_write_meanwhile_is_not_lost(store, proxy, moto, prefix):
    """It was not there yet, and is there with a backup when backups are looked for."""
    others = S3StateStore(moto.url(BUCKET, prefix))
    written = []

    def plan(method, key):
        if key == f"/{BUCKET}" and not written:
            written.append(others.write(resources(1), base=others.read()))
            written.append(others.write(resources(2), base=written[0]))
        return faults.PASS

    proxy.plan = plan
    assert store.read() == written[-1]


# Stores that ignore conditions


def test_a_store_that_ignores_conditions_is_refused(careless, prefix, aws):
    store = S3StateStore(careless.url(BUCKET, prefix))
    base = store.read()
    for write in (
        lambda: store.write(resources(1), base=base),
        lambda: store.put_source(b"source"),
        lambda: store.put_run("run", {}),
        lambda: store.lock("apply").__enter__(),
    ):
        with pytest.raises(StateError) as caught:
            write()
        assert str(caught.value).removesuffix(" The state is as it was (serial 0).") == (
            f"The store of {store.url} does not honour conditional writes (If-None-Match on writing, If-Match on "
            "writing, If-Match on deleting), so two people could overwrite each other's state unnoticed. Nothing was "
            "written. Keep the state in a store that honours them, such as Amazon S3, or in a folder: "
            "--state file:///path/to/folder."
        )
    assert store.read() == base
    assert (store.bucket.names(""), store.list_runs(), store.lock_info()) == ([], [], None)


def test_a_store_is_probed_once(store, proxy):
    """By each machine: what it found out is remembered, also for other processes."""
    store.put_source(b"one")
    assert len(requests(proxy)) > 2
    for handle in (store, S3StateStore(store.url)):
        handle.put_source(b"two")
        assert [(method, status) for method, _, status in requests(proxy)] == [("PUT", 200)]
    assert [name for _, name in store.bucket.names("")] == []


def test_each_endpoint_is_probed(moto, careless, prefix, aws, monkeypatch):
    """Also where the environment names it, and the URL stays the same."""
    url = f"s3://{BUCKET}/{prefix}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    S3StateStore(url).put_source(b"one")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", careless.endpoint)
    with pytest.raises(StateError) as caught:
        S3StateStore(url).put_source(b"one")
    assert " does not honour conditional writes (" in str(caught.value)


# What is no store


@contextmanager
def something_else(status, *headers):
    """A server that answers everything with a page, as consoles, proxies and other people's sites do."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", "20")
            self.end_headers()
            self.wfile.write(b"<html>Welcome!</html>"[:20])

        def log_message(self, *_):
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (404, [], "what answers there is no S3 store (404)"),
        (200, [], "the answer lacks 'ETag', as no store's does"),
        (301, [("Location", "https://example.com/")], "its endpoint sends elsewhere (301: https://example.com/)"),
        (308, [("Location", "https://example.com/")], "its endpoint sends elsewhere (308: https://example.com/)"),
    ],
)
def test_what_is_no_store_is_not_taken_for_an_empty_one(prefix, aws, status, headers, reason):
    with something_else(status, *headers) as endpoint:
        store = S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={endpoint}&timeout=0.5")
        with pytest.raises(StateError) as caught:
            store.read()
    assert str(caught.value) == (
        f"Cannot read {store.bucket.address.named('state.json')}: {reason}. "
        "Correct the endpoint_url, or AWS_ENDPOINT_URL."
    )


NOON = "Sat, 21 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("dates", "modified", "age"),
    [
        (["Sat, 21 Nov 2026 12:00:07 GMT"], NOON, 7.0),
        ([NOON, NOON], NOON, None),
        (["Sat, 21 Nov 2026 12:00:07"], NOON, None),
        (["Sat, 21 Nov 2026 12:00:07 -0000"], NOON, None),
        (["soon"], NOON, None),
        ([""], NOON, None),
        ([], NOON, None),
        (["Sat, 21 Nov 2026 12:00:07 GMT"], NOON.removesuffix(" GMT"), None),
        (["Sat, 21 Nov 2026 12:00:07 GMT"], "", None),
    ],
)
def test_the_age_of_an_object_where_gateways_spoil_dates(prefix, aws, dates, modified, age):
    """Nobody knows it then, and nothing else depends on it."""
    headers = [
        ("ETag", '"1"'),
        *([("Last-Modified", modified)] if modified else []),
        *(("Date", each) for each in dates),
    ]
    with something_else(200, *headers) as endpoint:
        found = S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={endpoint}").bucket.get("lock.json")
    assert (found.body, found.etag, found.age) == (b"<html>Welcome!</html", '"1"', age)


def test_an_answer_that_botocore_cannot_read(prefix, aws):
    with something_else(200, ("ETag", '"1"'), ("Last-Modified", NOON), ("Last-Modified", NOON)) as endpoint:
        store = S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={endpoint}&timeout=0.5")
        with pytest.raises(StateError) as caught:
            store.read()
    reason = f"no whole answer came (Invalid timestamp {json.dumps(f'{NOON}, {NOON}')}: "
    assert str(caught.value).startswith(f"Cannot read {store.bucket.address.named('state.json')}: {reason}")


def test_an_endpoint_in_the_environment_that_is_no_url(prefix, aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "someone:canary@minio:9000")
    with pytest.raises(StateError) as caught:
        S3StateStore(f"s3://{BUCKET}/{prefix}").read()
    assert str(caught.value) == (
        f"Cannot reach s3://{BUCKET}: the endpoint of the store is no URL. "
        "Check endpoint_url, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL: https://HOST"
    )


def test_a_region_that_can_be_none(moto, prefix, aws):
    with pytest.raises(StateError) as caught:
        S3StateStore(moto.url(BUCKET, prefix, region="eu west")).read()
    assert str(caught.value) == (
        f"Cannot reach s3://{BUCKET}/{prefix}/: boto3 refuses it (Provided region_name 'eu west' doesn't match a "
        "supported format). Correct the state's URL."
    )


# Options


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {}),
        ({"encryption": "AES256"}, {"ServerSideEncryption": "AES256"}),
        (
            {"encryption": "aws:kms", "kms_key_id": "alias/state", "bucket_key": "true"},
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/state", "BucketKeyEnabled": True},
        ),
    ],
)
def test_encryption_is_asked_for_with_every_object(moto, prefix, aws, options, expected):
    store = S3StateStore(moto.url(BUCKET, prefix, **options))
    base = store.write(resources(1), base=store.read())
    store.write(resources(2), base=base)
    digest = store.put_source(b"source")
    store.put_run("run", {})
    with store.lock("apply"):
        client = store.bucket._client()
        keys = ("state.json", "backups/state.1.json", f"sources/sha256/{digest[7:]}", "runs/run.json", "lock.json")
        for key in keys:
            answer = client.head_object(Bucket=BUCKET, Key=f"{prefix}/{key}")
            names = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")
            assert {name: answer[name] for name in names if name in answer} == expected, key


def test_credentials_by_name(moto, prefix, aws, monkeypatch, tmp_path):
    """``{{NAME}}`` is looked up when the store is reached, in the project's .env as well, and is never shown."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mason.yaml").write_text("name: x\n")
    store = S3StateStore(moto.url(BUCKET, prefix) + "&access_key={{TEAM_KEY}}&secret_key={{TEAM_SECRET}}")
    with pytest.raises(SettingsError) as caught:
        store.read()
    assert str(caught.value) == (
        f"Not set: TEAM_KEY, TEAM_SECRET, wanted by the state s3://{BUCKET}. "
        "Set it in the environment or in a .env file."
    )
    (tmp_path / ".env").write_text("TEAM_KEY=canary-key-1\nTEAM_SECRET=canary-secret-1\n")
    written = store.write(resources(1), base=store.read())
    assert S3StateStore(store.url).read() == written
    assert scrub("it was canary-secret-1") == "it was REDACTED"
    assert "canary" not in store.url
    remembered = [file.read_bytes() for file in (tmp_path / "home").rglob("*") if file.is_file()]
    assert len(remembered) == 3
    assert not [content for content in remembered if b"canary" in content]


def test_no_credentials(moto, prefix, aws, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    store = S3StateStore(moto.url(BUCKET, prefix))
    with pytest.raises(StateError) as caught:
        store.read()
    assert str(caught.value) == (
        f"Cannot read {store.bucket.address.named('state.json')}: boto3 gave up (Unable to locate credentials). "
        "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or whatever else boto3 looks for."
    )


def test_credentials_that_are_not_accepted(seaweed, prefix, aws, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    store = S3StateStore(seaweed.url(BUCKET, prefix))
    with pytest.raises(StateError) as caught:
        store.read()
    assert str(caught.value) == (
        f"Cannot read {store.bucket.address.named('state.json')}: the store does not accept the credentials "
        "(403 SignatureDoesNotMatch). Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or whatever "
        "else boto3 looks for."
    )


def test_a_profile_that_is_not_there(moto, prefix, aws):
    store = S3StateStore(moto.url(BUCKET, prefix, profile="nobody"))
    with pytest.raises(StateError) as caught:
        store.read()
    assert "boto3 gave up (The config profile (nobody) could not be found)" in str(caught.value)


@pytest.mark.parametrize("missing", ["botocore", "botocore.session"])
def test_without_boto3(folder, missing):
    """Of nothing, or of a part of it only: in a process of its own, where no other test has loaded it."""
    script = (
        f"import sys\nsys.modules[{missing!r}] = None\n"
        "from mason import cli\nsys.exit(cli.call(['--state', 's3://bucket/p', 'plan']))"
    )
    called = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (called.returncode, called.stdout, called.stderr) == (
        1,
        "",
        "The state s3://bucket/p is used from this machine for the first time.\n"
        "Error: State in s3:// needs packages that are not installed. Run: pip install 'mason[aws]'\n",
    )


def test_boto3_is_not_loaded_before_the_store_is_asked():
    script = (
        "import sys\nfrom mason.state.urls import open_store\n"
        "open_store('s3://bucket/team?region=eu-west-1').url\n"
        "print(sorted({'boto3', 'botocore', 'orjson'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_text_that_is_no_unicode_survives(store):
    wanted = {"config.1": Entry("config", "sha256:", {"lone": "\ud800"})}
    written = store.write(wanted, base=store.read())
    assert S3StateStore(store.url).read() == written
    assert json.loads(store.bucket.get("state.json").body)["serial"] == 1
