"""What it means when a store does not do what it was asked: flow that callers expect, or an error with its remedy.

Three kinds matter to a writer. ``Unmet``: the condition did not hold. ``Rejected`` and plain ``StateError``: the
request was not carried out, and is (``Rejected``) or is not worth repeating. ``Uncertain``: nobody knows whether it
was.
"""

from __future__ import annotations

from typing import Any

from mason.aws import BUSY, CREDENTIALS, EXPIRED, REGION, words
from mason.errors import StateError
from mason.state.s3.bucket_url import Address


class Missing(Exception):
    """There is no such object."""


class NotModified(Exception):
    """The object is still the version that the asker knows."""


class Unmet(Exception):
    """What is there is not what the request made its condition."""


class Rejected(StateError):
    """The store has too much to do, or to do it just now: the request was not carried out and may be made again."""


class Uncertain(StateError):
    """No answer, half of one, or that of a store which failed: the request was carried out, or it was not.

    ``seen_old``: a look afterwards met what had been there before.
    """

    seen_old = False


_TO_REACH = "Correct the endpoint_url, or AWS_ENDPOINT_URL."
_TO_AUTHENTICATE = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or whatever else boto3 looks for."


def meaning_of(error: Any, doing: str, where: str, address: Address) -> Exception:
    """What to raise for botocore's ``ClientError``, the answer to ``doing`` (read, write, ...) the object ``where``."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    given = error.response.get("Error", {})
    code, message = str(given.get("Code", "")), str(given.get("Message", "")).rstrip(".")
    said = " ".join(dict.fromkeys(part for part in (str(status), code) if part))
    if status == 304:
        return NotModified()
    if status == 412:
        return Unmet()
    if code == "NoSuchBucket":
        return _error(doing, where, f"there is no bucket {address.bucket}", "Create it, or correct the state's URL.")
    if status == 404:
        # A store names what is missing, unless it was asked for nothing but the head. Something else than a store may
        # answer so to everything, and to take that for an empty state would be to plan everything anew.
        if error.operation_name in ("GetObject", "ListObjectsV2") and code == "404":
            return _error(doing, where, "what answers there is no S3 store (404)", _TO_REACH)
        return Missing()
    if code in BUSY or status in (409, 429):
        return Rejected(str(_error(doing, where, f"the store has too much to do ({said})", "Try again later.")))
    if code in CREDENTIALS | EXPIRED:
        return _error(doing, where, f"the store does not accept the credentials ({said})", _TO_AUTHENTICATE)
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if 300 <= status < 400 and code == str(status) and "location" in headers:
        return _error(doing, where, f"its endpoint sends elsewhere ({said}: {headers['location']})", _TO_REACH)
    if code in REGION or status in (301, 307):
        return _error(
            doing, where, f"the bucket is in another region ({said})", "Name it: ?region=..., or set AWS_REGION."
        )
    told = f"{said}: {message}" if message and message != code else said
    if status in (401, 403):
        return _error(
            doing,
            where,
            f"access is denied ({told})",
            f"Mason needs s3:GetObject, s3:PutObject and s3:DeleteObject on {address.named('*')}, and s3:ListBucket "
            f"on {address.bucket}.",
        )
    if status >= 500 and status != 501:
        return Uncertain(str(_error(doing, where, f"the store failed ({told})", "Try again later.")))
    return _error(doing, where, f"the store answered {told}", "Check the state's URL and what the store supports.")


def silence(error: Exception, doing: str, where: str) -> StateError:
    """What to raise when no answer came, or none that can be read."""
    from botocore import exceptions as known

    if isinstance(error, (known.EndpointConnectionError, known.ConnectTimeoutError, known.ProxyConnectionError)):
        remedy = "Check the network, and the endpoint_url if one is set."
        return _error(doing, where, f"the store cannot be reached ({words(error)})", remedy)
    if isinstance(error, known.SSLError):
        return _error(
            doing, where, f"no secure connection ({words(error)})", "Check endpoint_url, or set AWS_CA_BUNDLE."
        )
    if isinstance(error, KeyError):
        # Cut off, or a page of something that is no store: a proxy, a console.
        return Uncertain(str(_error(doing, where, f"the answer lacks {error}, as no store's does", _TO_REACH)))
    if isinstance(error, (known.InvalidRegionError, known.ParamValidationError)):
        return _error(doing, where, f"boto3 refuses it ({words(error)})", "Correct the state's URL.")
    if not isinstance(error, known.BotoCoreError) or isinstance(
        error, (known.HTTPClientError, known.IncompleteReadError)
    ):
        reason = f"no whole answer came ({words(error)})"
        return Uncertain(str(_error(doing, where, reason, "Check the network, and try again.")))
    return _error(doing, where, f"boto3 gave up ({words(error)})", _TO_AUTHENTICATE)


def _error(doing: str, where: str, reason: str, remedy: str) -> StateError:
    return StateError(f"Cannot {doing} {where}: {reason}. {remedy}")
