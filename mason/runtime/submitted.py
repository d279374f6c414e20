"""What a journal keeps of submissions, and what is read from it: digests of arguments, results, jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from mason import secrets
from mason.engines.jobs import OPEN, Token
from mason.engines.models import Database, Job, Location, Model, Schedule, Table

EVENTS = ("submitting", "submitted", "refused", "job")
"""The events that tell of submissions (``mason.runtime.submissions``)."""

_MODELS: Mapping[str, Any] = {each.__name__: each for each in (Database, Job, Location, Schedule, Table)}


def digest_of(run_id: str, arguments: Mapping[str, Any]) -> str:
    """A digest of what a verb was called with, of no use to find out what that was.

    Sizes and times of files do not count: they change while work goes on.
    """
    told = json.dumps(_plain(arguments), sort_keys=True, ensure_ascii=True, default=_text)
    return sha256(f"{run_id}\n{told}".encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float, type(None))):
        return value
    if isinstance(value, Location):
        return {"path": value.path}
    if isinstance(value, Table):
        return {name: each for name, each in value.to_dict().items() if name != "size"}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    # Last, because to find out that something is no model takes longer than all else here.
    return _plain(value.to_dict()) if isinstance(value, Model) else value


def _text(value: Any) -> str:
    return sha256(value).hexdigest() if isinstance(value, (bytes, bytearray)) else repr(value)


def kept_result(result: Any) -> dict[str, Any] | None:
    """What a call returned as a journal keeps it; ``None`` for what could not be read again as it was."""
    model = type(result).__name__
    if _MODELS.get(model) is type(result):
        data = result.to_dict()
    elif result is None or type(result) in (str, int, float, bool, list, dict):
        model, data = "", result
    else:
        return None
    # What is secret is kept nowhere.
    if secrets.are_known() and secrets.scrub_all(data) != data:
        return None
    try:
        if type(result) in (list, dict) and json.loads(json.dumps(data)) != data:
            return None
    except (TypeError, ValueError):
        return None
    return {"model": model, "result": data} if model else {"result": data}


def restored_result(model: str, data: Any) -> tuple[Any, bool]:
    """What :func:`kept_result` kept, and whether it could be read."""
    if not model:
        return data, True
    try:
        return _MODELS[model].from_dict(data), True
    except (KeyError, TypeError, AttributeError, ValueError):
        # Written by another version.
        return None, False


def unsettled(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was submitted in a run of which it is not known how it ended, in words; nothing that a step handed on."""
    last: dict[tuple[str, int], Mapping[str, Any]] = {}
    for event in events:
        if event["event"] in EVENTS:
            token = Token.parse(event["token"])
            known = last.get((token.step, token.sentence), {})
            last[token.step, token.sentence] = {**(known if known.get("token") == event["token"] else {}), **event}
        elif event["event"] == "ended" and event["status"] == "succeeded":
            for each in [each for each in last if each[0] == event["step"]]:
                del last[each]
    return [
        f"step {step} waits for job {each['job_id']} of client {each['client']}"
        if "job_id" in each
        else f"client {each['client']} did not answer when step {step} submitted {each['engine']}.{each['verb']}"
        for (step, _), each in last.items()
        if each["event"] == "submitting" or each.get("status") in (*OPEN, "lost")
    ]


def jobs_of(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The jobs among the events of a run that went on elsewhere or told what they cost, each as it was told last."""
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["event"] not in EVENTS or "job_id" not in event:
            continue
        known = found.setdefault(event["token"], {"step": event["step"], "open": event["status"] in OPEN})
        for name in ("job_id", "client", "engine", "verb", "status", "reason", "cost"):
            if name in event:
                known[name] = event[name]
    return [
        {name: value for name, value in each.items() if name != "open"}
        for each in found.values()
        if each["open"] or each.get("cost")
    ]
