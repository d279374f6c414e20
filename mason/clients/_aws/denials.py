"""What it means when a service of AWS does not do what it was asked: one of Mason's errors, with its remedy.

Who asks says what for (:class:`Asked`), so that a person reads which permission is missing for what. Names that were
probably meant are suggested by who knows the names: clients catch ``NotFoundError``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    MasonError,
    MissingDependencyError,
    NotFoundError,
    TransientEngineError,
)
from mason.values import dataclass

_MISSING = frozenset(
    {
        "404",
        "EntityNotFoundException",
        "NoSuchBucket",
        "NoSuchKey",
        "NoSuchUpload",
        "NotFound",
        "NotFoundException",
        "ResourceNotFoundException",
    }
)
_TAKEN = frozenset(
    {
        "412",
        "AlreadyExistsException",
        "BucketAlreadyExists",
        "BucketAlreadyOwnedByYou",
        "BucketNotEmpty",
        "ConcurrentModificationException",
        "ConflictException",
        "CrawlerRunningException",
        "CrawlerStoppingException",
        "IdempotentParameterMismatchException",
        "PreconditionFailed",
        "ResourceAlreadyExistsException",
        "VersionMismatchException",
    }
)
_DAMAGED = frozenset({"BadDigest", "ChecksumMismatch", "XAmzContentSHA256Mismatch"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation"})
_ACTION = re.compile(r"not authorized to perform: (\S+)(?: on resource: (\S+?))?(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is for: ``doing`` completes "cannot ..." (``read s3://b/k``), ``action`` is what IAM calls it
    (``s3:GetObject``), ``resource`` its ARN (``arn:aws:s3:::b/k``)."""

    doing: str
    action: str
    resource: str


class Asking(Protocol):
    """Whose request it is, as far as errors say so."""

    @property
    def client(self) -> str:
        """What the config calls it."""
        ...

    @property
    def region(self) -> str:
        """The region that was asked."""
        ...

    def looked_in(self) -> str:
        """Where credentials are looked for."""
        ...


@contextmanager
def explained(asked: Asked, connection: Asking) -> Iterator[None]:
    """Raises Mason's errors for those of botocore.

    ``NotFoundError``; ``AccessDeniedError`` with the statement that would allow it, also for credentials that are
    unknown, have run out, or are none; ``ConflictError`` where something is there already, or is not what a condition
    says; ``TransientEngineError`` where the service has too much to do, failed, or gave no whole answer;
    ``EngineError`` for all else. Errors of Mason go through.
    """
    try:
        yield
    except MasonError:
        raise
    except Exception as error:  # botocore lets through errors of urllib3 and of sockets, and is not imported here
        raise meaning_of(error, asked, connection) from error


def meaning_of(error: Exception, asked: Asked, connection: Asking) -> MasonError:
    """What to raise for an error that a request of botocore raised."""
    if isinstance(error, ImportError):
        return MissingDependencyError(f"Client {connection.client}", "aws")
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _answer(error, asked, connection)
    return _silence(error, asked, connection)


def code_of(error: BaseException | None) -> str:
    """The code that a service answered with (``CrawlerRunningException``), of botocore's error or of the error of
    Mason that came of it; empty where there was no answer."""
    response = getattr(error, "response", None) or getattr(getattr(error, "__cause__", None), "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def statement(action: str, resource: str) -> str:
    """The statement of an IAM policy that would allow it, as JSON on one line."""
    return json.dumps({"Effect": "Allow", "Action": action, "Resource": resource})


def _answer(error: Any, asked: Asked, connection: Asking) -> EngineError:
    from mason.aws import BUSY, CREDENTIALS, EXPIRED, REGION

    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    code, message = code_of(error), str(error.response.get("Error", {}).get("Message", "")).strip().rstrip(".")
    said = f"{code}: {message}" if message and message != code else code or str(status)
    cannot = f"Client {connection.client} cannot {asked.doing}"
    if code in BUSY or status == 429 or (status == 409 and code not in _TAKEN):
        return TransientEngineError(f"{cannot}: the service has too much to do ({said}). Try again later.")
    if code in EXPIRED:
        return AccessDeniedError(f"{cannot}: the credentials have run out ({said}). {_renewal(connection)}")
    if code in CREDENTIALS:
        return AccessDeniedError(
            f"{cannot}: the service does not accept the credentials ({said}). They come from one of: "
            f"{connection.looked_in()}."
        )
    if code in REGION or status in (301, 307):
        headers = metadata.get("HTTPHeaders", {})
        region = headers.get("x-amz-bucket-region") or error.response.get("Error", {}).get("Region")
        there = f"Set aws_region: {region}" if region else "Set its region as aws_region"
        return EngineError(
            f"{cannot}: it is in another region than {connection.region} ({said}). {there} in client "
            f"{connection.client}."
        )
    if code in _MISSING or (status == 404 and not code):
        return NotFoundError(f"{cannot}: it is not there ({said}).")
    if code in _DENIED or status in (401, 403):
        found = _ACTION.search(message)
        action = found[1] if found else asked.action
        resource = (found[2] if found else None) or asked.resource
        return AccessDeniedError(
            f"{cannot}: access is denied ({said}). This statement in a policy would allow it: "
            f"{statement(action, resource)}"
        )
    if code in _DAMAGED:
        return TransientEngineError(f"{cannot}: what was sent was damaged on the way ({said}). Try again.")
    if code in _TAKEN or status == 412:
        return ConflictError(f"{cannot}: {said}.")
    if status >= 500 and status != 501:
        return TransientEngineError(f"{cannot}: the service failed ({said}). Try again later.")
    return EngineError(f"{cannot}: the service answered {said}.")


def _silence(error: Exception, asked: Asked, connection: Asking) -> EngineError:
    from botocore import exceptions as known
    from botocore.parsers import ResponseParserError

    from mason.aws import words

    cannot = f"Client {connection.client} cannot {asked.doing}"
    if isinstance(error, (known.NoCredentialsError, known.PartialCredentialsError)):
        return AccessDeniedError(f"{cannot}: there are no credentials. Looked for in: {connection.looked_in()}.")
    if isinstance(error, (known.SSOTokenLoadError, known.UnauthorizedSSOTokenError, known.TokenRetrievalError)):
        return AccessDeniedError(f"{cannot}: the login has run out ({words(error)}). {_renewal(connection)}")
    if isinstance(error, known.CredentialRetrievalError):
        return AccessDeniedError(f"{cannot}: no credentials were handed out ({words(error)}).")
    if isinstance(error, (known.NoRegionError, known.InvalidRegionError)):
        return EngineError(f"{cannot}: {words(error)}. Set aws_region in client {connection.client}.")
    if isinstance(error, known.ParamValidationError):
        return EngineError(f"{cannot}: boto3 refuses it ({words(error)}).")
    if isinstance(error, (known.EndpointConnectionError, known.ConnectTimeoutError, known.ProxyConnectionError)):
        return TransientEngineError(
            f"{cannot}: the service cannot be reached ({words(error)}). Check the network, and endpoint_url if it is "
            "set."
        )
    if isinstance(error, known.SSLError):
        return EngineError(
            f"{cannot}: no secure connection ({words(error)}). Check endpoint_url, or set AWS_CA_BUNDLE."
        )
    if isinstance(error, (known.HTTPClientError, known.IncompleteReadError, ResponseParserError, OSError)):
        return TransientEngineError(
            f"{cannot}: no whole answer came ({words(error)}). Check the network, and try again."
        )
    # What comes while a body is read, botocore does not always put into words of its own.
    if type(error).__module__.partition(".")[0] == "urllib3":
        return TransientEngineError(
            f"{cannot}: no whole answer came ({words(error)}). Check the network, and try again."
        )
    if isinstance(error, (known.ChecksumError, known.FlexibleChecksumError)):
        return TransientEngineError(f"{cannot}: what arrived was damaged on the way ({words(error)}). Try again.")
    return EngineError(f"{cannot}: boto3 gave up ({words(error)}).")


def _renewal(connection: Asking) -> str:
    return (
        "Renew them: aws sso login, or another AWS_SESSION_TOKEN, whichever they came from. Looked for in: "
        f"{connection.looked_in()}."
    )
