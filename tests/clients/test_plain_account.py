"""An account that is found without botocore is the one that botocore finds, or is left to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.session import Session

from mason import secrets
from mason.aws import plain_account
from mason.aws.request_signing import Keys
from mason.clients._aws.connecting import Connection

KEYS = "aws_access_key_id = AKFILE\naws_secret_access_key = filesecret\n"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that says nothing of AWS, and a home of its own."""
    import os

    for name in list(os.environ):
        if name.upper().startswith("AWS_") or "proxy" in name.lower() or "CERT" in name or "CA_BUNDLE" in name:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def write(home: Path, name: str, text: str) -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / name).write_text(text)


@pytest.mark.parametrize(
    ("environment", "config", "credentials"),
    [
        ({"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "longsecret", "AWS_DEFAULT_REGION": "eu-west-1"}, "", ""),
        (
            {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "longsecret", "AWS_SESSION_TOKEN": "lenttoken"},
            "[default]\nregion = eu-west-2\n",
            "[default]\n" + KEYS,
        ),
        ({}, "[default]\nregion=eu-west-3\noutput=json\n[profile other]\nsso_session=x\n", "[default]\n" + KEYS),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "[default]\nregion = eu-west-2\n" + KEYS, ""),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "", "[default]\n" + KEYS + "aws_session_token = lenttoken\n"),
    ],
)
def test_it_is_what_botocore_finds(
    environment: dict[str, str], config: str, credentials: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name, text in (("config", config), ("credentials", credentials)):
        if text:
            write(tmp_path, name, text)
    theirs = Session()
    known = theirs.get_credentials().get_frozen_credentials()
    found = plain_account.found({})
    assert found is not None
    assert found == (
        Keys(known.access_key, known.secret_key, known.token or ""),
        theirs.get_config_variable("region"),
        "",
    )
    assert secrets.scrub(f"{known.secret_key} {known.token}").startswith("REDACTED")


@pytest.mark.parametrize(
    ("given", "environment", "config"),
    [
        ({"profile": "other"}, {}, ""),
        ({"aws_role_arn": "arn:aws:iam::1:role/r"}, {}, ""),
        ({}, {"AWS_PROFILE": "other"}, ""),
        ({}, {"AWS_USE_FIPS_ENDPOINT": "true"}, ""),
        ({}, {"AWS_CREDENTIAL_EXPIRATION": "2026-01-01T00:00:00Z"}, ""),
        ({}, {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, ""),
        ({}, {"https_proxy": "http://127.0.0.1:1"}, ""),
        ({}, {"AWS_CA_BUNDLE": "/ca.pem"}, ""),
        ({}, {}, "[default]\nrole_arn = arn:aws:iam::1:role/r\n"),
        ({}, {}, "[default]\nsso_session = x\n"),
        ({}, {}, "[default]\ns3 =\n  addressing_style = virtual\n"),
        ({}, {}, "[profile default]\nregion = eu-west-1\n"),
        ({}, {}, "no file of settings"),
        ({}, {"AWS_SECRET_ACCESS_KEY": ""}, ""),
        ({"access_key": "ours"}, {}, ""),
    ],
)
def test_all_else_is_left_to_botocore(
    given: dict[str, str],
    environment: dict[str, str],
    config: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "longsecret", "AWS_DEFAULT_REGION": "eu-west-1"}
    for name, value in {**keys, **environment}.items():
        monkeypatch.setenv(name, value)
    if config:
        write(tmp_path, "config", config)
    assert plain_account.found(given) is None


def test_the_configuration_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "of the environment")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3")
    given = {"access_key": "ours", "secret_key": "theirs", "aws_region": "eu-north-1"}
    assert plain_account.found(given) == (Keys("ours", "theirs"), "eu-north-1", "http://s3")
    assert plain_account.found({**given, "endpoint_url": "http://here"}) == (
        Keys("ours", "theirs"),
        "eu-north-1",
        "http://here",
    )
    assert Connection(given, client="s3").reached == "http://s3"


@pytest.mark.parametrize("given", [{}, {"profile": "default"}])
def test_aws_region_goes_before_what_boto3_knows(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path, "credentials", "[default]\n" + KEYS)
    monkeypatch.setenv("AWS_REGION", "eu-south-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    connection = Connection(given, client="s3")
    assert connection.region == "eu-south-1"
    assert connection.service("s3").meta.region_name == "eu-south-1"
    assert connection.reached == ""
    connection.close()
