"""Presto's headers, under whose names Trino's were before: ``X-Presto-`` on the wire, ``X-Trino-`` for the client."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

_TRINO, _PRESTO = "x-trino-", "X-Presto-"


def renaming() -> Any:
    """What requests are sent by."""
    # Imported here: it is there where Trino's client is.
    from requests.adapters import HTTPAdapter

    class Renaming(HTTPAdapter):  # type: ignore[misc, unused-ignore]  # requests has no types, or is not there
        """Sends requests under Presto's names, and gives answers under Trino's."""

        def send(self, request: Any, *given: Any, **named: Any) -> Any:
            """The answer to a request."""
            _rename(request.headers, _TRINO, _PRESTO)
            answer = super().send(request, *given, **named)
            _rename(answer.headers, _PRESTO.lower(), "X-Trino-")
            return answer

    return Renaming()


def _rename(headers: MutableMapping[str, Any], before: str, after: str) -> None:
    for name in [each for each in headers if each.lower().startswith(before)]:
        headers[after + name[len(before) :]] = headers.pop(name)
