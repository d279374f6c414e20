"""A plan on disk: what was reviewed is what will be applied, or it is refused.

The file is JSON: ``format`` (always ``mason-plan``), ``version``, ``mason_version``, ``created_at``, ``created_by``,
``digest`` and ``plan``. The digest covers all of it but itself, so that an edit is noticed. It is no signature: whoever
edits a plan can make the digest anew, so what comes out of a file is also checked to be a plan that Mason could have
made (see ``planfile_faults``). Module sources travel inside: applying needs no YAML.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import stat
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import Any

from mason import bounds
from mason.dryrun.calls import Call, Estimate, ShownStep
from mason.engines.fence import PLAN_FORMAT, PLAN_HEAD, is_plan
from mason.errors import StalePlanError, StateError
from mason.planner.plan import Action, Broken, Change, Drift, Plan, Unlooked, Wanted
from mason.planner.saved.planfile_faults import faults, parse
from mason.secrets import scrub, scrub_all
from mason.state.lock import who
from mason.values import dataclass
from mason.version import __version__

PLANFILE_VERSION = 1
# Fields of a step behind its calls, where it has checks.
_WITH_CHECKS = 7
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan that came out of a file; ``created_at`` (ISO 8601, UTC) and ``created_by`` (``user@host``) say when it was
    made and by whom, ``mason_version`` with what."""

    plan: Plan
    created_at: str
    created_by: str
    mason_version: str


def is_planfile(file: Path) -> bool:
    """Whether ``file`` is meant as a plan: no folder and no YAML. What is in it shows when it is read."""
    try:
        return file.exists() and not file.is_dir() and file.suffix not in _YAML
    except (OSError, ValueError):
        # The text is no valid path.
        return False


def write_planfile(plan: Plan, file: Path) -> None:
    """Write ``plan`` to ``file``, whole or not at all; an older plan there is replaced, and no other file.

    Of secrets it holds the references that stand in the definitions; what is only shown is scrubbed. A link stays, and
    what it points to is written. Raises ``StateError`` when it cannot be written, or must not be.
    """
    if file.suffix in _YAML:
        raise StateError(f"{file}: a plan is no YAML and would be taken for a resource. Give it another ending: .plan")
    target = Path(os.path.realpath(file))
    try:
        _refuse_others(file, target)
    except OSError as error:
        raise _unwritable(file, error) from error
    head = {
        "format": PLAN_FORMAT,
        "version": PLANFILE_VERSION,
        "mason_version": __version__,
        "created_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "created_by": who(),
    }
    body = {"plan": _encode(plan)}
    document = head | {"digest": _digest(head | body)} | body
    # Imported here: reading a plan needs it not.
    import tempfile

    try:
        # Like the state, which holds whole definitions too, a plan is for its owner's eyes: so are temporary files.
        descriptor, partial = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(json.dumps(document, ensure_ascii=False) + "\n")
            Path(partial).replace(target)
        except BaseException:
            Path(partial).unlink()
            raise
    except OSError as error:
        raise _unwritable(file, error) from error


def _refuse_others(file: Path, target: Path) -> None:
    """Refuse to write a plan where something else is. Raises ``OSError`` where nobody can tell."""
    there = target.exists()
    if there and not target.is_file():
        raise StateError(f"{file} is no regular file, and a plan is kept in one. Choose another name.")
    # An empty file holds nothing that could be lost: mktemp makes such names.
    if there and target.stat().st_size and not _holds_plan(target):
        raise StateError(f"{file} exists and is no plan file, so it is not overwritten. Choose another name.")


def _unwritable(file: Path, error: OSError) -> StateError:
    return StateError(f"The plan could not be written to {file} ({error.strerror}).")


def read_planfile(file: Path) -> SavedPlan:
    """The plan in ``file``.

    Raises ``StalePlanError`` for a file that was edited or made by a newer Mason, ``StateError`` for one that cannot be
    read or is no plan that Mason could have made.
    """
    _refuse_kinds(file)
    try:
        document = _load(file)
    except OSError as error:
        raise _unreadable(file, error) from error
    except (ValueError, RecursionError) as error:
        raise _no_plan(file) from error
    if not isinstance(document, dict) or document.get("format") != PLAN_FORMAT:
        raise _no_plan(file)
    if document.get("version") != PLANFILE_VERSION:
        made_by = document.get("mason_version")
        raise StalePlanError(f"{file} was made by Mason {made_by}, whose plans this version cannot read. Plan again.")
    digest = document.pop("digest", None)
    if not isinstance(document.get("plan"), dict) or _digest(document) != digest:
        raise StalePlanError(f"{file} was changed after it was made, so it is not what was reviewed. Plan again.")
    made = {name: document.get(name) for name in ("created_at", "created_by", "mason_version")}
    unnamed = (f"the value of {name} does not fit (type)" for name, given in made.items() if not isinstance(given, str))
    fault = next(chain(unnamed, faults(document["plan"])), "")
    if fault:
        raise StateError(f"{file} holds what no plan can hold: {fault}. Make it anew: {_make(file)}")
    return SavedPlan(_decode(document["plan"]), **{name: str(given) for name, given in made.items()})


def _refuse_kinds(file: Path) -> None:
    """Refuse what no plan is ever in, each with the command that was probably meant. Raises ``StateError``."""
    typed = shlex.quote(str(file))
    try:
        found = file.stat()
    except FileNotFoundError as error:
        raise StateError(f"There is no file {file}. Save a plan with: mason plan --out {typed}") from error
    except OSError as error:
        raise _unreadable(file, error) from error
    if stat.S_ISDIR(found.st_mode):
        raise StateError(f"{file} is a folder, not a saved plan. See what its files would change: mason plan {typed}")
    if not stat.S_ISREG(found.st_mode):
        raise StateError(f"{file} is no regular file, and a plan is kept in one.")
    if file.suffix in _YAML:
        raise StateError(f"{file} is YAML, not a saved plan. See what it would change: mason plan {typed}")
    if not found.st_size:
        raise StateError(f"{file} is empty: no plan was saved in it. Save one with: {_make(file)}")


def _unreadable(file: Path, error: OSError) -> StateError:
    return StateError(f"The plan file {file} could not be read ({error.strerror}).")


def _no_plan(file: Path) -> StateError:
    return StateError(f"{file} is not a plan file (make one with: {_make(file)}).")


def _make(file: Path) -> str:
    return f"mason plan --out {shlex.quote(file.name)}"


def _holds_plan(file: Path) -> bool:
    try:
        document = _load(file)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("format") == PLAN_FORMAT


def _load(file: Path) -> Any:
    """The JSON in ``file``. Raises ``OSError``, and ``ValueError`` or ``RecursionError`` for what is no plan's.

    What comes back can be encoded again.
    """
    with file.open("rb") as opened:
        head = opened.read(PLAN_HEAD)
        if not is_plan(head):
            # The file may be huge: look at its head only.
            raise ValueError("its beginning does not say that it is a plan")
        if os.fstat(opened.fileno()).st_size > bounds.STATE:
            raise ValueError(f"it is larger than {bounds.megabytes(bounds.STATE)}")
        document = parse((head + opened.read()).decode("utf-8"))
    # Halves of surrogate pairs, which JSON can spell.
    json.dumps(document, ensure_ascii=False).encode()
    return document


def _digest(body: dict[str, Any]) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _encode(plan: Plan) -> dict[str, Any]:
    return {
        "lineage": plan.lineage,
        "serial": plan.serial,
        "state": plan.state,
        "project": plan.project,
        "files": plan.files,
        "resources": plan.resources,
        "passed_over": plan.passed_over,
        "warnings": [scrub(warning) for warning in plan.warnings],
        "drifts": [
            [
                drift.address,
                drift.what,
                drift.kind,
                [_encode_change(change) for change in drift.changes],
                scrub(drift.why),
            ]
            for drift in plan.drifts
        ],
        "unlooked": [[each.address, each.what] for each in plan.unlooked],
        "foreign": {owner: list(addresses) for owner, addresses in plan.foreign.items()},
        "broken": [
            [each.address, scrub(each.reason), each.cause, each.config_id, each.elsewhere] for each in plan.broken
        ],
        "undefined": list(plan.undefined),
        "unchanged": list(plan.unchanged),
        "actions": [_encode_action(action) for action in plan.actions],
    }


def _encode_action(action: Action) -> dict[str, Any]:
    wanted = action.wanted
    return {
        "kind": action.kind,
        "address": action.address,
        "reason": scrub(action.reason),
        "file": action.file,
        "line": action.line,
        "changes": [_encode_change(change) for change in action.changes],
        "unchanged": action.unchanged,
        "replaces": action.replaces,
        "calls": [_encode_call(call) for call in action.calls],
        "steps": [encode_step(step) for step in action.steps],
        "conditional": action.is_conditional,
        "moved_from": action.moved_from,
        "outcome": scrub_all(action.outcome),
        "estimates": [_encode_estimate(estimate) for estimate in action.estimates],
        "notes": [scrub(note) for note in action.notes],
        "wanted": wanted
        and {
            "digest": wanted.digest,
            "definition": wanted.encoded.decode(),
            "project": wanted.project,
            "file": wanted.file,
            "module": wanted.module,
            "source": wanted.source.decode() if wanted.source is not None else None,
        },
    }


def encode_step(step: ShownStep) -> list[Any]:
    """A step of what is executed, as it stands in a plan file."""
    return [
        step.id,
        step.address,
        step.config_id,
        list(step.dependencies),
        step.trigger_rule,
        step.retry,
        step.retry_max,
        step.timeout,
        [_encode_call(call) for call in step.calls],
        step.certain,
        dict(step.untold),
        step.has_python,
        step.is_promised,
        step.wait,
        step.root,
        *([[check.to_dict() for check in step.checks]] if step.checks else []),
    ]


def _encode_change(change: Change) -> list[Any]:
    encoded: list[Any] = scrub_all([change.path, change.kind, change.before, change.after])
    return encoded


def _encode_estimate(estimate: Estimate) -> list[Any]:
    encoded: list[Any] = scrub_all(
        [estimate.step, estimate.number, estimate.client, estimate.call, dict(estimate.cost), estimate.unknown]
    )
    return encoded


def _encode_call(call: Call) -> list[Any]:
    said = [[list(each) for each in call.told], list(call.notes)] if call.told or call.notes else []
    return [call.client, call.engine, call.verb, dict(call.arguments), call.read_only, call.known, call.wait, *said]


def _decode_call(given: list[Any]) -> Call:
    client, engine, verb, arguments, read_only, known, wait, *said = given
    told, notes = said or ((), ())
    pairs = tuple((str(word), str(sentence)) for word, sentence in told)
    return Call(client, engine, verb, arguments, read_only, known, wait, pairs, tuple(notes))


def _decode_step(given: list[Any]) -> ShownStep:
    step_id, address, config_id, dependencies, rule, retry, retry_max, timeout, calls, *rest = given
    told = tuple(map(_decode_call, calls))
    # Imported here: most plans are not read from a file.
    from mason.resources.output_checks import Check

    others, checks = (rest[:-1], rest[-1]) if len(rest) == _WITH_CHECKS else (rest, [])
    last = (*others, tuple(map(Check.from_dict, checks)))
    return ShownStep(step_id, address, config_id, tuple(dependencies), rule, retry, retry_max, timeout, told, *last)


def _decode(body: dict[str, Any]) -> Plan:
    return Plan(
        actions=tuple(_decode_action(given) for given in body["actions"]),
        unchanged=tuple(body["unchanged"]),
        lineage=body["lineage"],
        serial=body["serial"],
        state=body["state"],
        project=body["project"],
        files=body["files"],
        resources=body["resources"],
        passed_over=body["passed_over"],
        warnings=tuple(body["warnings"]),
        drifts=tuple(
            Drift(address, what, kind, tuple(Change(*change) for change in changes), why)
            for address, what, kind, changes, why in body["drifts"]
        ),
        unlooked=tuple(Unlooked(*each) for each in body["unlooked"]),
        foreign={owner: tuple(addresses) for owner, addresses in body["foreign"].items()},
        broken=tuple(Broken(*each) for each in body["broken"]),
        undefined=tuple(body["undefined"]),
    )


def _decode_action(given: dict[str, Any]) -> Action:
    wanted = given["wanted"]
    return Action(
        kind=given["kind"],
        address=given["address"],
        reason=given["reason"],
        file=given["file"],
        line=given["line"],
        changes=tuple(Change(*change) for change in given["changes"]),
        unchanged=given["unchanged"],
        replaces=given["replaces"],
        calls=tuple(map(_decode_call, given["calls"])),
        steps=tuple(_decode_step(step) for step in given["steps"]),
        is_conditional=given["conditional"],
        moved_from=given["moved_from"],
        outcome=given["outcome"],
        estimates=tuple(Estimate(*each) for each in given["estimates"]),
        notes=tuple(given["notes"]),
        wanted=wanted
        and Wanted(
            digest=wanted["digest"],
            encoded=wanted["definition"].encode(),
            project=wanted["project"],
            file=wanted["file"],
            module=wanted["module"],
            source=wanted["source"].encode() if wanted["source"] is not None else None,
        ),
    )
