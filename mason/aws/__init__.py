"""The protocol of AWS, as far as the state in S3 and the clients of AWS share it: sessions, and what error codes mean.

Credentials and regions are found as boto3 finds them (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html),
unless they are given. botocore is loaded where a session opens, and nothing is sent by anything here but to take over a
role, when the first request of a client needs it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from mason import secrets

__all__ = [
    "BUSY",
    "CREDENTIALS",
    "EXPIRED",
    "REGION",
    "Account",
    "plain_account",
    "plain_requests",
    "words",
]

BUSY = frozenset(
    {
        "BandwidthLimitExceeded",
        "ConditionalRequestConflict",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
    }
)
"""The service has too much to do just now: the request was not carried out, and may be made again."""

CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""The service does not know who asks."""

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
"""The service knew who asks, until the credentials ran out."""

REGION = frozenset(
    {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect"}
)
"""What is asked for is in another region."""


class Account:
    """One set of credentials, as ``given``: ``profile``, or ``access_key``, ``secret_key`` and ``session_token``, or
    nothing; then ``role_arn`` (with ``role_session_name`` and ``external_id``), a role to take over with them.

    ``region`` and ``endpoint_url`` are those of its services. Threads may share it. Raises ``ImportError`` without
    botocore, and ``BotoCoreError`` for a profile that there is not.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        from botocore.session import Session

        # boto3 knows AWS_DEFAULT_REGION only; AWS's other tools look at AWS_REGION first.
        self._given = {**given, "region": given.get("region") or os.environ.get("AWS_REGION")}
        self._session = Session(profile=given.get("profile"))
        self._session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
        self._making = threading.Lock()
        if given.get("role_arn"):
            self._take_over(str(given["role_arn"]))

    @property
    def region(self) -> str:
        """The region of its services; empty where nobody says it."""
        return str(self._given.get("region") or self._session.get_config_variable("region") or "")

    def client(self, service: str, config: Any) -> Any:
        """botocore's client for a service. Sends nothing.

        Raises ``BotoCoreError``, and another ``ValueError`` for an endpoint that is no URL.
        """
        # Making clients is what botocore's sessions do not allow to several threads at once; using them they do.
        with self._making:
            client = self._session.create_client(
                service,
                region_name=self._given.get("region"),
                endpoint_url=self._given.get("endpoint_url"),
                config=config,
                **({} if self._given.get("role_arn") else self._keys()),
            )
        if not self._given.get("access_key") or self._given.get("role_arn"):
            # What is logged on request holds the token, and who hands credentials out may hand out others later.
            client.meta.events.register("before-sign", lambda **_: self.credentials() and None)
        return client

    def credentials(self) -> tuple[str, str, str] | None:
        """Access key, secret key and session token (empty where there is none), as they hold now; ``None`` where none
        are found. They are remembered as secrets."""
        given = self._given
        if given.get("access_key") and not given.get("role_arn"):
            return str(given["access_key"]), str(given.get("secret_key", "")), str(given.get("session_token") or "")
        found = self._session.get_credentials()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
        for secret in (frozen.secret_key, frozen.token):
            secrets.remember(secret or "")
        return str(frozen.access_key), str(frozen.secret_key), str(frozen.token or "")

    def _keys(self) -> dict[str, Any]:
        names = {"access_key": "aws_access_key_id", "secret_key": "aws_secret_access_key"}
        names["session_token"] = "aws_session_token"
        return {theirs: self._given.get(ours) for ours, theirs in names.items()}

    def _take_over(self, role: str) -> None:
        """Have all clients work with a role, whose credentials are renewed before they run out."""
        from botocore.credentials import AssumeRoleCredentialFetcher, Credentials, DeferredRefreshableCredentials

        given = self._given
        if given.get("access_key"):
            own = Credentials(given["access_key"], given.get("secret_key"), given.get("session_token"))
        else:
            own = self._session.get_credentials()
        if own is None:
            from botocore.exceptions import NoCredentialsError

            raise NoCredentialsError
        asked = {"RoleSessionName": given.get("role_session_name", "mason"), "ExternalId": given.get("external_id")}
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(
                self._session.create_client, region_name=given.get("region"), endpoint_url=given.get("endpoint_url")
            ),
            source_credentials=own,
            role_arn=role,
            extra_args={name: value for name, value in asked.items() if value},
        )

        def fetch() -> dict[str, Any]:
            fetched: dict[str, Any] = fetcher.fetch_credentials()
            for name in ("secret_key", "token"):
                secrets.remember(fetched.get(name) or "")
            return fetched

        # The way that boto3's own users take, too: botocore has no other for credentials that renew themselves.
        self._session._credentials = DeferredRefreshableCredentials(fetch, "assume-role")


def _moment(value: Any) -> datetime:
    """A time in an answer. botocore looks for the form of each, which takes longer than all else of a listing."""
    if isinstance(value, str) and value.endswith("Z") and "T" in value:
        with suppress(ValueError):
            return datetime.fromisoformat(f"{value[:-1]}+00:00")
    from botocore.utils import parse_timestamp

    found: datetime = parse_timestamp(value)
    return found


def words(error: BaseException) -> str:
    """What an error of botocore says, on one line and without the full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
