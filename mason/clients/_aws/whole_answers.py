"""Answers that end before they say: botocore takes JSON that is cut off for an answer without anything in it.

So a listing whose connection ends half way would be a listing of nothing. The length that the service told is compared
here, and an answer that is shorter is asked for again, as one that did not come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CUT = "MasonCut"
# One of those that botocore repeats a request for.
_REPEATED = "RequestTimeout"


def check_lengths(client: Any) -> None:
    """Have a client of botocore compare the length of each answer. For services that do not stream."""
    client.meta.events.register("before-parse", _compare)


def is_cut(answer: Any) -> bool:
    """Whether an answer is no whole one, however often it was asked for."""
    return isinstance(answer, Mapping) and _CUT in answer


def _compare(response_dict: Mapping[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    headers, body = response_dict["headers"], response_dict["body"]
    told = str(headers.get("content-length", ""))
    # What is compressed has another length when it is read.
    if told.isdigit() and not headers.get("content-encoding") and len(body) < int(told):
        customized_response_dict[_CUT] = True
        customized_response_dict["Error"] = {"Code": _REPEATED, "Message": "The answer was cut off."}
