"""A plan as people read it, and as programs do (``--json``, documented in docs/json.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from mason import __version__
from mason.planner.plan import ACTION_KINDS, Action, ActionKind, Call, Change, Plan
from mason.render import JSON_FORMAT
from mason.render.terminal import Terminal
from mason.resources.address import title_of

_LONGEST = 100
"""How long a text may be to be shown whole."""

_AROUND = 20
"""How much is shown around the part of a long text that differs."""

_SYMBOLS: dict[ActionKind, tuple[str, str]] = {
    "create": ("+", "green"),
    "overwrite": ("~", "yellow"),
    "delete": ("-", "red"),
    "run": (">", "cyan"),
}
_DONE: dict[ActionKind, str] = {"create": "created", "overwrite": "overwritten", "delete": "deleted", "run": "run"}


def plan_text(plan: Plan, terminal: Terminal) -> str:
    """The plan for people: what would change, a legend of the symbols in use, and the summary as the last line."""
    if plan.is_empty:
        return "\n".join([*_notes(plan), "No changes."])
    lines: list[str] = []
    for action in plan.actions:
        lines += _action_lines(action, terminal)
    used = [kind for kind in ACTION_KINDS if plan.count()[kind]]
    legend = ", ".join(f"{terminal.style(*_SYMBOLS[kind])} {kind}" for kind in used)
    return "\n".join([*lines, "", f"Legend: {legend}", *_notes(plan), "", summary(plan)])


def summary(plan: Plan) -> str:
    """``Plan: 3 to create, 1 to overwrite, 0 to delete, 1 to run.``"""
    counted = plan.count()
    return "Plan: " + ", ".join(f"{counted[kind]} to {kind}" for kind in ACTION_KINDS) + "."


def applied_summary(plan: Plan) -> str:
    """``Apply complete: 3 created, 1 overwritten, 0 deleted, 1 run.``"""
    counted = plan.count()
    return "Apply complete: " + ", ".join(f"{counted[kind]} {_DONE[kind]}" for kind in ACTION_KINDS) + "."


def done_text(action: Action) -> str:
    """What is said of an action once it is safely stored."""
    title = title_of(action.address)
    if action.kind == "overwrite":
        return f"Overwrote definition for {title}"
    return f"Deleted {title}" if action.kind == "delete" else f"Successfully saved {title}"


def _notes(plan: Plan) -> Iterator[str]:
    if plan.files is not None and not plan.resources:
        files = "1 YAML file" if plan.files == 1 else f"{plan.files} YAML files"
        yield f"There are no resources here ({files} seen). Nothing is planned, and nothing for deletion."
    if plan.passed_over:
        documents = "1 document" if plan.passed_over == 1 else f"{plan.passed_over} documents"
        yield f"({documents} without a type passed over)"
    for warning in plan.warnings:
        yield f"Warning: {warning}"


def _action_lines(action: Action, terminal: Terminal) -> Iterator[str]:
    symbol, color = _SYMBOLS[action.kind]
    place = f"  {action.file}:{action.line}" if action.file else ""
    reason = "" if action.kind == "create" else f"  ({action.reason})"
    address = terminal.style(action.address, "bold")
    yield f"  {terminal.style(symbol, color)} {address}{terminal.style(place + reason, 'dim')}"
    for change in action.changes:
        yield from _change_lines(change, terminal)
    if action.unchanged:
        fields = "1 unchanged field" if action.unchanged == 1 else f"{action.unchanged} unchanged fields"
        yield terminal.style(f"      # ({fields} hidden)", "dim")
    for call in action.calls:
        yield f"      {call}"


def _change_lines(change: Change, terminal: Terminal) -> Iterator[str]:
    if change.kind == "changed" and isinstance(change.before, str) and isinstance(change.after, str):
        yield from _text_lines(change.path, change.before, change.after, terminal)
        return
    before, after = value_text(change.before), value_text(change.after)
    if change.kind == "added":
        yield f"      {terminal.style('+', 'green')} {change.path}: {after}"
    elif change.kind == "removed":
        yield f"      {terminal.style('-', 'red')} {change.path}: {before}"
    else:
        yield f"      {terminal.style('~', 'yellow')} {change.path}: {before} -> {after}"


def _text_lines(path: str, before: str, after: str, terminal: Terminal) -> Iterator[str]:
    """A changed text: the lines that differ if it has several, else on one line the part that differs."""
    start = f"      {terminal.style('~', 'yellow')} {path}:"
    if "\n" in before + after:
        # Imported here: few plans change texts of many lines.
        import difflib

        yield start
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1):
            if not line.startswith(("---", "+++", "@@")):
                color = {"+": "green", "-": "red"}.get(line[0], "dim")
                yield terminal.style(f"          {line[0]} {json.dumps(line[1:], ensure_ascii=False)[1:-1]}", color)
        return
    if max(len(before), len(after)) > _LONGEST:
        before, after = _around_difference(before, after)
    yield f"{start} {json.dumps(before, ensure_ascii=False)} -> {json.dumps(after, ensure_ascii=False)}"


def _around_difference(before: str, after: str) -> tuple[str, str]:
    """Both texts without most of what they have in common at their beginnings and ends."""
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    tail = next((at for at in range(shorter - head) if before[-1 - at] != after[-1 - at]), shorter - head)
    start, end = max(head - _AROUND, 0), max(tail - _AROUND, 0)
    cut = [("… " if start else "") + text[start : len(text) - end] + (" …" if end else "") for text in (before, after)]
    return cut[0], cut[1]


def value_text(value: Any) -> str:
    """A JSON value on one line, cut in the middle where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 2 * _LONGEST else f"{text[:120]} … {text[-70:]}"


def plan_json(plan: Plan, *, url: str) -> dict[str, Any]:
    """The document that ``mason plan --json`` prints."""
    return {
        "format_version": JSON_FORMAT,
        "mason_version": __version__,
        "state": {"url": url, "lineage": plan.lineage, "serial": plan.serial},
        "project": plan.project,
        "summary": {**plan.count(), "no-op": len(plan.unchanged)},
        "files": plan.files,
        "resources": plan.resources,
        "passed_over": plan.passed_over,
        "warnings": list(plan.warnings),
        "actions": [_action_json(action) for action in plan.actions],
        "unchanged": list(plan.unchanged),
    }


def applied_json(plan: Plan, done: Sequence[Action], *, url: str, serial: int) -> dict[str, Any]:
    """The document that ``mason apply --json`` and ``mason destroy --json`` print."""
    return {
        "format_version": JSON_FORMAT,
        "mason_version": __version__,
        "state": {"url": url, "serial": serial},
        "summary": {_DONE[kind]: plan.count()[kind] for kind in ACTION_KINDS},
        "applied": [{"action": action.kind, "address": action.address} for action in done],
    }


def _action_json(action: Action) -> dict[str, Any]:
    return {
        "action": action.kind,
        "address": action.address,
        "reason": action.reason,
        "file": action.file,
        "line": action.line,
        "changes": [
            {"path": change.path, "kind": change.kind, "before": change.before, "after": change.after}
            for change in action.changes
        ],
        "unchanged_fields": action.unchanged,
        "definition": json.loads(action.wanted.encoded) if action.wanted else None,
        "calls": [call_json(call) for call in action.calls],
    }


def call_json(call: Call) -> dict[str, Any]:
    """A finished sentence, as it stands in plans and dry runs."""
    return {
        "client": call.client,
        "engine": call.engine,
        "verb": call.verb,
        "arguments": dict(call.arguments) if call.known else None,
        "read_only": call.read_only,
    }
