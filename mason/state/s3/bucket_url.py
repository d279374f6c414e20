"""What an ``s3://`` URL says: which bucket, under which prefix, and how to reach it.

::

    s3://bucket/prefix?endpoint_url=https://s3.example.com&encryption=aws:kms&kms_key_id=alias/state

Options stand in the query, where ``state:`` in mason.yaml puts its mapping, too. Secrets can only be ``{{NAME}}``, so
that the URL itself may be printed and stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mason.errors import StateError
from mason.resources.wording import quoted, shortened, suggestion
from mason.secrets import is_reference, references, refers_in_host
from mason.values import dataclass

OPTIONS: dict[str, dict[str, Any]] = {
    "endpoint_url": {},
    "region": {},
    "profile": {},
    "access_key": {"secret": True},
    "secret_key": {"secret": True},
    "session_token": {"secret": True},
    "addressing_style": {"enum": ["auto", "path", "virtual"]},
    "encryption": {"enum": ["AES256", "aws:kms", "aws:kms:dsse"]},
    "kms_key_id": {},
    "bucket_key": {"enum": ["true", "false"]},
    "lease": {"seconds": True},
    "timeout": {"seconds": True},
}
"""The options by name, and what they may be: ``secret`` (only ``{{NAME}}``), one of ``enum``, or ``seconds``."""

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_SECONDS = re.compile(r"[0-9]{1,5}(\.[0-9]+)?")
_SHORTEST, _LONGEST = 0.5, 3600.0
_SHORTEST_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a state is. ``prefix`` is empty or ends with a slash; ``options`` are those of the URL, unresolved.

    ``lease`` is for how many seconds a lock holds without being renewed, ``timeout`` how many seconds the store may
    leave a request without an answer. Requests that may be made again are, for up to twice as long.
    """

    bucket: str
    prefix: str
    options: Mapping[str, str]

    @property
    def url(self) -> str:
        """The URL that gives this address."""
        from urllib.parse import quote

        asked = "&".join(f"{name}={quote(self.options[name], safe='/:{}')}" for name in sorted(self.options))
        path = quote(self.prefix.rstrip("/"))
        return f"s3://{self.bucket}{'/' if path else ''}{path}{'?' if asked else ''}{asked}"

    @property
    def lease(self) -> float:
        """Seconds."""
        return float(self.options.get("lease", 60))

    @property
    def timeout(self) -> float:
        """Seconds. By default a third of the lease, so that a request which hangs leaves time to renew it."""
        return float(self.options.get("timeout", max(self.lease / 3, _SHORTEST_TIMEOUT)))

    def named(self, key: str) -> str:
        """What people know an object by: ``s3://bucket/prefix/key``."""
        return f"s3://{self.bucket}/{self.prefix}{key}"


def address_of(url: str) -> Address:
    """The address that ``url`` names. Raises ``StateError`` with everything that is wrong, a line for each fault."""
    from urllib.parse import parse_qsl, unquote, urlsplit

    try:
        parts = urlsplit(url, allow_fragments=False)
    except ValueError:
        raise StateError("The state's URL s3://... cannot be used: it is no URL. Write s3://bucket/prefix.") from None
    given = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(given)
    faults = [*_faults_of_place(parts.netloc, unquote(parts.path)), *_faults_of_options(options)]
    if len(given) > len(options):
        faults.append("an option is given twice. Keep one of them.")
    if faults:
        # Not the URL itself: it may hold what should not be there.
        raise StateError("\n".join(f"The state's URL s3://... cannot be used: {fault}" for fault in faults))
    folder = unquote(parts.path).strip("/")
    return Address(parts.netloc, f"{folder}/" if folder else "", options)


def _faults_of_place(bucket: str, path: str) -> Iterator[str]:
    if "@" in bucket:
        yield (
            "it holds credentials, which would be printed and stored with it. Leave them to the environment "
            "(AWS_PROFILE, AWS_ACCESS_KEY_ID, ...), or write ?access_key={{NAME}}&secret_key={{NAME}}."
        )
    elif not _BUCKET.fullmatch(bucket):
        yield "it names no bucket. Write s3://bucket/prefix."
    if any(part in ("", ".", "..") for part in path.strip("/").split("/")) and path.strip("/"):
        yield "its prefix has an empty part, '.' or '..'. Write s3://bucket/prefix."
    if not path.isprintable():
        yield "its prefix holds control characters."


def _faults_of_options(options: Mapping[str, str]) -> Iterator[str]:
    for name, value in options.items():
        rule = OPTIONS.get(name)
        if rule is None:
            yield f"unknown option {quoted(name)} ({suggestion(name, OPTIONS, 'known options')})."
        elif rule.get("secret") and not is_reference(value):
            yield f"{name} holds a value that belongs nowhere but into the environment: use {{{{NAME}}}}."
        elif "enum" in rule and value not in rule["enum"]:
            yield f"{name} is {quoted(value)}; it can be {shortened(rule['enum'])}."
        elif rule.get("seconds") and not (_SECONDS.fullmatch(value) and _SHORTEST <= float(value) <= _LONGEST):
            yield f"{name} is {quoted(value)}; it can be a number of seconds from {_SHORTEST:g} to {_LONGEST:g}."
        elif not value:
            yield f"{name} is empty. Write something, or leave it out."
        elif name == "endpoint_url":
            yield from _faults_of_endpoint(value)
    if ("access_key" in options) != ("secret_key" in options):
        yield "access_key and secret_key go together."
    if "session_token" in options and "access_key" not in options:
        yield "session_token goes with access_key and secret_key."
    if not options.get("encryption", "").startswith("aws:kms") and {"kms_key_id", "bucket_key"} & options.keys():
        yield "kms_key_id and bucket_key go with encryption=aws:kms."


def _faults_of_endpoint(url: str) -> Iterator[str]:
    from urllib.parse import urlsplit

    if refers_in_host(url):
        yield "endpoint_url has a reference in its host or path. Write them out, or {{NAME}} for the whole URL."
        return
    if references(url):
        return
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        is_url = False
    # Quoted in neither case: there may be a password in it.
    if not is_url:
        yield "endpoint_url is no URL of a store. Write https://HOST or http://HOST:PORT."
    elif "@" in parts.netloc:
        yield "endpoint_url holds credentials, which would be printed and stored with it. Leave them out."
