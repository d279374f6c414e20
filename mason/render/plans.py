"""A plan as people read it, and as programs do (``--json``, documented in docs/json.md)."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.dryrun.calls import Call, ShownStep
from mason.planner.plan import Action, ActionKind, Broken, Change, Drift, Plan, counted
from mason.render import JSON_FORMAT
from mason.render.dryruns import as_sentence, call_json, checks_json, effect, estimate_lines
from mason.render.python_files import python_files, python_lines
from mason.render.terminal import Terminal
from mason.resources.address import title_of
from mason.resources.kinds import effect_of
from mason.resources.wording import listing, shortened
from mason.secrets import scrub_all
from mason.settings import DEFAULT_WORKSPACE
from mason.state.urls import workspace_of
from mason.version import __version__

if TYPE_CHECKING:
    from mason.planner.saved.planfile import SavedPlan
    from mason.runtime.apply import Applied, Failure

_LONGEST = 100
"""How long a text may be to be shown whole."""

_AROUND = 20
"""How much is shown around the part of a long text that differs."""

_SYMBOLS: dict[ActionKind, tuple[str, str]] = {
    "create": ("+", "green"),
    "overwrite": ("~", "yellow"),
    "delete": ("-", "red"),
    "run": (">", "cyan"),
    "move": ("*", "magenta"),
}
_DRIFTS = {
    "missing": ("-", "red"),
    "present": ("+", "green"),
    "changed": ("~", "yellow"),
    "unknown": ("?", "magenta"),
}
_DONE: dict[ActionKind, str] = {
    "create": "created",
    "overwrite": "overwritten",
    "delete": "deleted",
    "run": "run",
    "move": "moved",
}


def plan_text(plan: Plan, terminal: Terminal, *, full: bool = False) -> str:
    """The plan for people: what would change, a legend of the symbols in use, and the summary as the last line. With
    ``full`` the text of Python files, too."""
    lines = list(drift_lines(plan.drifts, terminal))
    if plan.is_empty:
        return "\n".join([*lines, *notes(plan), "No changes."])
    for action in plan.actions:
        lines += _action_lines(action, terminal, full=full)
    used = [kind for kind, number in plan.count().items() if number]
    legend = ", ".join(f"{terminal.style(*_SYMBOLS[kind])} {kind}" for kind in used)
    return "\n".join([*lines, "", f"Legend: {legend}", *notes(plan), "", summary(plan)])


def drift_lines(drifts: Sequence[Drift], terminal: Terminal) -> Iterator[str]:
    """What changed outside of Mason, apart from what people changed in their files."""
    if not drifts:
        return
    yield "Changed outside of Mason since it was applied:"
    yield ""
    for drift in drifts:
        symbol, color = _DRIFTS[drift.kind]
        what = drift.sentence if drift.kind != "changed" else f"{drift.what} was changed"
        yield f"  {terminal.style(symbol, color)} {terminal.style(drift.address, 'bold')}  {what}"
        for change in drift.changes:
            yield from _change_lines(change, terminal)
    yield ""


def drift_json(drift: Drift) -> dict[str, Any]:
    """One thing that drifted, as ``mason drift --json`` and ``mason plan --json`` print it."""
    return {
        "address": drift.address,
        "what": drift.what,
        "kind": drift.kind,
        "changes": [_change_json(change) for change in drift.changes],
        "why": drift.why,
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {"path": change.path, "kind": change.kind, "before": change.before, "after": change.after}


def summary(plan: Plan) -> str:
    """``Plan: 3 to create, 1 to overwrite, 0 to delete, 1 to run.``"""
    return "Plan: " + ", ".join(f"{number} to {kind}" for kind, number in plan.count().items()) + "."


def applied_summary(applied: Applied) -> str:
    """``Apply complete: 3 created, 1 overwritten, 0 deleted, 1 run.``; what did not go well behind it."""
    told = ", ".join(f"{number} {_DONE[kind]}" for kind, number in counted(applied.done).items())
    if not applied.failures and not applied.not_begun:
        return f"Apply complete: {told}."
    failed = sum(not failure.is_interrupted for failure in applied.failures)
    interrupted = len(applied.failures) - failed
    rest = [(failed, "failed"), (interrupted, "interrupted"), (len(applied.not_begun), "not begun")]
    return f"Apply incomplete: {told}; {', '.join(f'{number} {what}' for number, what in rest if number)}."


def spared_text(action: Action) -> str:
    """What is said of a run for which nothing had changed after all."""
    return f"{title_of(action.address)} was not needed: what it is given is as it was"


def failure_text(failure: Failure) -> str:
    """What went wrong with an action, and how to go on."""
    how = "was interrupted" if failure.is_interrupted else "failed"
    text = f"{title_of(failure.action.address)} {how}: {failure.message}"
    if not failure.run_id:
        return text
    if any(step.trigger_rule == "one_failed" for step in failure.action.steps):
        # What came after the failure may have undone what a run that goes on would keep.
        return (
            f"{text}\nSee what it did, and how to go on: mason runs show {failure.run_id}. "
            "Or change the files, and apply again."
        )
    return (
        f"{text}\nSee what it did: mason runs show {failure.run_id}. "
        f"Go on where it stopped: mason runs resume {failure.run_id}. Or change the files, and apply again."
    )


def unsaved_text(because: str, file: Path, *, options: str) -> str:
    """What to do about a state that could not be written after engines were called, in a box. ``options`` are those
    of ``mason`` that lead to that state."""
    lines = [
        "Engines were called, and the state could not be told of it:",
        because,
        f"What it should hold is kept in {file}. When the store works again:",
        f"    mason {options}state push {shlex.quote(str(file))}",
        f"That is refused if somebody else has written meanwhile. Then see what is pending: mason {options}plan",
    ]
    return "\n".join(["+--", *(f"| {line}" for line in lines), "+--"])


def done_text(action: Action) -> str:
    """What is said of an action once it is safely stored."""
    title = title_of(action.address)
    if action.is_outcome_only:
        return f"Saved how {title} ended"
    if action.kind == "overwrite":
        return f"Overwrote definition for {title}"
    if action.kind == "run":
        return f"Successfully ran {title}"
    if action.kind == "move":
        return f"Moved {title_of(action.moved_from)} to {title}"
    return f"Deleted {title}" if action.kind == "delete" else f"Successfully saved {title}"


def notes(plan: Plan) -> Iterator[str]:
    """What there is to say of a plan beside its actions: sentences, warnings among them."""
    if plan.files is not None and not plan.resources:
        files = "1 YAML file" if plan.files == 1 else f"{plan.files} YAML files"
        yield f"There are no resources here ({files} seen). Nothing is planned, and nothing for deletion."
    if plan.passed_over:
        documents = "1 document" if plan.passed_over == 1 else f"{plan.passed_over} documents"
        yield f"({documents} without a type passed over)"
    for warning in (*plan.warnings, *broken_text(plan.broken), *foreign_text(plan.foreign)):
        yield f"Warning: {warning}"
    if (workspace := workspace_of(plan.state)) != DEFAULT_WORKSPACE:
        new = "" if plan.serial else " (nothing was applied in it yet)"
        yield f"Workspace: {workspace}{new}"
    if plan.unlooked:
        yield f"Engines were not asked about: {shortened([each.what for each in plan.unlooked])} (--refresh asks)"
    if plan.undefined:
        one = len(plan.undefined) == 1
        what = "1 resource is" if one else f"{len(plan.undefined)} resources are"
        yield f"{what} no longer defined (--prune deletes {'it' if one else 'them'})"


_MOST_BROKEN = 10
"""How many sentences a plan says about what cannot run; its JSON holds everything."""


def broken_text(broken: Sequence[Broken]) -> Iterator[str]:
    """What cannot run once a plan is applied: a sentence for all that share a reason, long lists collapsed."""
    if not broken:
        return
    # Imported here: most plans break nothing.
    from mason.resources.workflow import is_workflow

    groups: dict[Broken, list[Broken]] = {}
    for each in broken:
        # Of several workflows it is enough that they run what the sentences before have named.
        reason = "" if is_workflow(each.address) else each.reason
        groups.setdefault(replace(each, address=effect_of(each.address), reason=reason), []).append(each)
    for same, alike in list(groups.items())[:_MOST_BROKEN]:
        if not same.reason:
            reason = alike[0].reason if len(alike) == 1 else "They run operators that cannot run."
            same = replace(same, reason=reason)
        yield _broken_sentence(same, [each.address for each in alike])
    if left := sum(map(len, list(groups.values())[_MOST_BROKEN:])):
        yield f"{left} more cannot run: mason plan --json names all of them."


def _broken_sentence(same: Broken, addresses: Sequence[str]) -> str:
    """What there is to say of ``addresses``, which have all but these in common: ``same``, whose address is the effect
    of applying them (empty for operators and workflows)."""
    names, it = listing(addresses, most=5), "it" if len(addresses) == 1 else "them"
    if same.address and same.cause == "plan":
        return f"This plan breaks {names}: {same.reason}"
    if same.address:
        return f"{names} cannot be done, as before this plan: {same.reason}"
    if same.elsewhere:
        return f"This plan breaks {names} with config {same.config_id}: {same.reason}"
    because = f"With config {same.config_id}: {same.reason}" if same.config_id else same.reason
    if same.cause == "plan":
        return f"This plan breaks {names}: no applied config can run {it} any more. {because}"
    earlier = ", nor could one before this plan" if same.cause == "earlier" else ""
    return f"No applied config can run {names}{earlier}. {because}"


def foreign_text(foreign: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A sentence for each project whose resources, the addresses of ``foreign`` by project, something is done to."""
    for owner, addresses in foreign.items():
        were = "was" if len(addresses) == 1 else "were"
        yield f"{shortened(addresses)} {were} applied by project {owner}, which is not this one."


def _action_lines(action: Action, terminal: Terminal, *, full: bool) -> Iterator[str]:
    symbol, color = _SYMBOLS[action.kind]
    place = f"  {action.file}:{action.line}" if action.file else ""
    reason = "" if action.kind == "create" else f"  ({action.reason})"
    address = terminal.style(action.address, "bold")
    yield f"  {terminal.style(symbol, color)} {address}{terminal.style(place + reason, 'dim')}"
    for change in action.changes:
        yield from _change_lines(change, terminal)
    if action.unchanged and (action.changes or action.kind != "run"):
        fields = "1 unchanged field" if action.unchanged == 1 else f"{action.unchanged} unchanged fields"
        yield terminal.style(f"      # ({fields} hidden)", "dim")
    yield from (terminal.style(f"      {line}", "dim") for line in python_lines(action, full=full))
    within = Terminal(terminal.color, max(terminal.width - 6, 1) if terminal.width else 0)
    yield from (f"      {line}" if line else "" for line in sentences(action, within))


def sentences(action: Action, terminal: Terminal) -> Iterator[str]:
    """The finished sentences of an action: its own calls, then the DAG and the steps of what is executed by them."""
    yield from (call_line(call, terminal) for call in action.calls)
    if action.steps:
        yield from _step_lines(action.steps, terminal)
    yield from map(as_sentence, scrub_all(list(action.notes)))
    if action.estimates:
        yield from estimate_lines(action.estimates, alone=len(action.steps) == 1)


def call_line(call: Call, terminal: Terminal) -> str:
    """A call on one line, with what it does to the world. Of a schedule, what it will run is shown below it."""
    schedule = call.arguments.get("schedule")
    if isinstance(schedule, dict):
        shown = {name: value for name, value in schedule.items() if name not in ("dag", "parameters")}
        call = replace(call, arguments={**call.arguments, "schedule": shown})
    return f"{call}  [{effect(call, terminal)}]"


def _step_lines(steps: Sequence[ShownStep], terminal: Terminal) -> Iterator[str]:
    """The DAG of a run or schedule, and its steps with their sentences."""
    # Imported here: most plans are about definitions only.
    from mason.render.dags import ascii_dag, nodes_of, step_lines

    if len(steps) > 1:
        yield ""
        yield from ascii_dag(nodes_of(steps), terminal).split("\n")
        yield ""
    for step in steps:
        yield from step_lines(step, terminal)


def _change_lines(change: Change, terminal: Terminal) -> Iterator[str]:
    # Before anything is cut: half a secret looks like none.
    given, wanted = scrub_all(change.before), scrub_all(change.after)
    if change.kind == "changed" and isinstance(given, str) and isinstance(wanted, str):
        yield from _text_lines(change.path, given, wanted, terminal)
        return
    before, after = value_text(given), value_text(wanted)
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
        yield start
        for line in differing_lines(before, after):
            color = {"+": "green", "-": "red"}.get(line[0], "dim")
            yield terminal.style(f"          {line}", color)
        return
    yield f"{start} {' -> '.join(differing_parts(before, after))}"


def differing_lines(before: str, after: str) -> Iterator[str]:
    """The lines in which two texts differ, and those around them, escaped: each behind ``+``, ``-`` or a blank."""
    # Imported here: few plans change texts of many lines.
    import difflib

    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1))
    # Two lines of header; what is removed may start with dashes, too.
    for line in lines[2:]:
        if not line.startswith("@@"):
            yield f"{line[0]} {json.dumps(line[1:], ensure_ascii=False)[1:-1]}"


def differing_parts(before: str, after: str) -> tuple[str, str]:
    """Two texts as JSON; of long ones the part that differs, with what is around it."""
    if max(len(before), len(after)) > _LONGEST:
        before, after = _around_difference(before, after)
    return json.dumps(before, ensure_ascii=False), json.dumps(after, ensure_ascii=False)


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


def plan_json(plan: Plan, *, url: str, full: bool = False) -> dict[str, Any]:
    """The document that ``mason plan --json`` prints; with ``full`` Python files have their text."""
    return {
        "format_version": JSON_FORMAT,
        "mason_version": __version__,
        "state": {"url": url, "workspace": workspace_of(url), "lineage": plan.lineage, "serial": plan.serial},
        "project": plan.project,
        "summary": {**plan.count(), "no-op": len(plan.unchanged)},
        "files": plan.files,
        "resources": plan.resources,
        "passed_over": plan.passed_over,
        "warnings": list(plan.warnings),
        "foreign": {owner: list(addresses) for owner, addresses in plan.foreign.items()},
        "drift": [drift_json(drift) for drift in plan.drifts],
        "not_looked_at": [asdict(each) for each in plan.unlooked],
        "broken": [asdict(each) for each in plan.broken],
        "undefined": list(plan.undefined),
        "actions": [_action_json(action, full=full) for action in plan.actions],
        "unchanged": list(plan.unchanged),
    }


def saved_json(saved: SavedPlan, *, full: bool = False) -> dict[str, Any]:
    """The document that ``mason show --json`` prints: that of the plan, and who made it, when and with what."""
    made = {
        "mason_version": saved.mason_version,
        "created_at": saved.created_at,
        "created_by": saved.created_by,
    }
    return {"format_version": JSON_FORMAT} | made | plan_json(saved.plan, url=saved.plan.state, full=full) | made


def saved_text(saved: SavedPlan) -> str:
    """Where a saved plan is from."""
    made = f"Saved by {saved.created_by} at {saved.created_at} with Mason {saved.mason_version}"
    return f"{made}, against serial {saved.plan.serial} of {saved.plan.state}"


def applied_json(applied: Applied, *, url: str, kept: Path | None = None) -> dict[str, Any]:
    """The document that ``mason apply --json`` and ``mason destroy --json`` print. ``kept`` is the file in which a
    state is that could not be written."""
    return {
        "format_version": JSON_FORMAT,
        "mason_version": __version__,
        "state": {"url": url, "serial": applied.snapshot.serial},
        "summary": {_DONE[kind]: number for kind, number in counted(applied.done).items()},
        "applied": [{"action": action.kind, "address": action.address} for action in applied.done],
        "not_needed": [action.address for action in applied.spared],
        "failed": [
            {
                "action": failure.action.kind,
                "address": failure.action.address,
                "error": failure.message,
                "run_id": failure.run_id,
                "interrupted": failure.is_interrupted,
            }
            for failure in applied.failures
        ],
        "not_begun": [{"action": action.kind, "address": action.address} for action in applied.not_begun],
        "unsaved": applied.unsaved_because,
        "unsaved_file": str(kept) if kept is not None else "",
    }


def _action_json(action: Action, *, full: bool) -> dict[str, Any]:
    return {
        "action": action.kind,
        "address": action.address,
        "reason": action.reason,
        "file": action.file,
        "line": action.line,
        "changes": [_change_json(change) for change in action.changes],
        "unchanged_fields": action.unchanged,
        "definition": json.loads(action.wanted.encoded) if action.wanted else None,
        "calls": [call_json(call) for call in action.calls],
        "steps": [_step_json(step) for step in action.steps],
        "conditional": action.is_conditional,
        "moved_from": action.moved_from,
        "notes": list(action.notes),
        "estimates": [
            {
                "step": each.step,
                "sentence": each.number,
                "client": each.client,
                "call": each.call,
                "cost": dict(each.cost),
                "unknown": each.unknown,
            }
            for each in action.estimates
        ],
        **({"python": files} if (files := python_files(action, full=full)) else {}),
    }


def _step_json(step: ShownStep) -> dict[str, Any]:
    return {
        "id": step.id,
        "address": step.address,
        "config_id": step.config_id,
        "dependencies": list(step.dependencies),
        "trigger_rule": step.trigger_rule,
        "retry": step.retry,
        "retry_max": step.retry_max,
        "timeout": step.timeout,
        "calls": [call_json(call) for call in step.calls],
        "certain": step.certain,
        "python": step.has_python,
        "promised_read_only": step.is_promised,
        "root": step.root,
        "parameters": dict(step.untold),
        **({} if step.wait else {"wait": False}),
        **({"checks": checks_json(step.checks)} if step.checks else {}),
    }
