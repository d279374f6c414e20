"""Who asks, and where, as long as it can be told without botocore: keys, region and endpoint that are written down.

Loading botocore and its descriptions of services takes a third of a second, longer than most questions to S3. What is
found here is what botocore would find (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html);
a setting that this module does not know, in the environment or in a file, leaves all to botocore.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mason import secrets
from mason.aws.request_signing import Keys

# Settings of AWS in the environment that are understood here, or mean nothing to requests for objects.
_KNOWN = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_OUTPUT",
        "AWS_DEFAULT_REGION",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_PAGER",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SHARED_CREDENTIALS_FILE",
    }
)
_PROXIES = frozenset({"all_proxy", "http_proxy", "https_proxy"})
_CERTIFICATES = frozenset({"aws_ca_bundle", "requests_ca_bundle", "ssl_cert_dir", "ssl_cert_file"})
_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
# Buckets that are asked for sessions first.
_EXPRESS = "--x-s3"
_OF_PROFILES = frozenset({*_KEYS, "cli_pager", "output", "region"})


class PlainAccount(NamedTuple):
    """``endpoint`` is the URL of a server that is none of Amazon's; empty where it is Amazon's."""

    keys: Keys
    region: str
    endpoint: str

    def reaches(self, bucket: str) -> bool:
        """Whether requests for a bucket go to a server by its name alone, or to Amazon's main part by its name."""
        if self.endpoint:
            url = urlsplit(self.endpoint)
            host = url.hostname or "amazonaws.com"
            plain = url.scheme in ("http", "https") and "@" not in url.netloc and not host.endswith("amazonaws.com")
            return plain and url.path in ("", "/") and not url.query and not bucket.endswith(_EXPRESS)
        elsewhere = self.region.startswith(("cn-", "us-gov-", "us-iso", "eu-isoe", "eusc-"))
        return not elsewhere and not bucket.endswith(_EXPRESS) and bucket == bucket.lower() and "_" not in bucket

    def place(self, bucket: str, key: str) -> tuple[str, str]:
        """The server that is asked for an object, and the path there."""
        if self.endpoint:
            return self.endpoint.rstrip("/"), f"/{bucket}/{key}" if key else f"/{bucket}"
        # As botocore has it: one region goes by the name of all.
        where = "s3.amazonaws.com" if self.region == "us-east-1" else f"s3.{self.region}.amazonaws.com"
        if "." in bucket:
            # No certificate is for such a name.
            return f"https://{where}", f"/{bucket}/{key}" if key else f"/{bucket}"
        return f"https://{bucket}.{where}", f"/{key}"


def found(given: Mapping[str, Any]) -> PlainAccount | None:
    """The account of a client that is configured as ``given``; ``None`` where botocore has to find it.

    The secret key and the token are remembered as secrets.
    """
    endpoint = given.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if given.get("profile") or given.get("aws_role_arn") or _is_special(str(endpoint or "")):
        return None
    profile = _default_profile()
    if profile is None:
        return None
    keys = _keys(given, profile)
    region = given.get("aws_region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    region = str(region or profile.get("region") or "")
    if keys is None or not (region or endpoint):
        return None
    for secret in keys[1:]:
        secrets.remember(secret)
    return PlainAccount(keys, region or "us-east-1", str(endpoint or ""))


def _is_special(endpoint: str) -> bool:
    """Whether the environment says what is left to botocore. Certificates mean nothing without TLS."""
    passed = _CERTIFICATES if endpoint.startswith("http:") else frozenset()
    for name, value in os.environ.items():
        lower = name.lower()
        of_aws = name.startswith("AWS_") and name not in _KNOWN
        if value and lower not in passed and (of_aws or lower in _PROXIES or lower in _CERTIFICATES):
            return True
    return False


def _keys(given: Mapping[str, Any], profile: Mapping[str, str]) -> Keys | None:
    """Those of the configuration, else of the environment, else of the files; never a mixture."""
    of_config = tuple(str(given.get(name) or "") for name in ("access_key", "secret_key", "session_token"))
    of_environment = tuple(os.environ.get(name.upper(), "") for name in _KEYS)
    of_files = tuple(profile.get(name, "") for name in _KEYS)
    keys = next((each for each in (of_config, of_environment, of_files) if each[0] or each[1]), None)
    return Keys(*keys) if keys is not None and keys[0] and keys[1] else None


def _default_profile() -> dict[str, str] | None:
    """What the files of AWS say in their section ``default``; ``None`` where it is more than is understood here."""
    found: dict[str, str] = {}
    for name, usual in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        path = Path(os.environ.get(name) or f"~/.aws/{usual}").expanduser()
        text = ""
        with suppress(FileNotFoundError, NotADirectoryError):
            try:
                text = path.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                if isinstance(error, (FileNotFoundError, NotADirectoryError)):
                    raise
                return None
        if not text.strip():
            continue
        said = _section(text)
        if said is None or not said.keys() <= _OF_PROFILES:
            return None
        found |= said
    return found


def _section(text: str) -> dict[str, str] | None:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except Error:
        return None
    if parser.has_section("profile default"):
        return None
    return dict(parser["default"]) if parser.has_section("default") else {}
