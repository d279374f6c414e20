"""A plan on disk: what was reviewed is what will be applied, or it is refused.

The file is JSON: ``format`` (always ``mason-plan``), ``version``, ``mason_version``, ``digest`` and ``plan``. The
digest covers ``plan``, so that an edit is noticed. It is no signature: whoever edits a plan can make the digest anew,
so what comes out of a file is also checked to be a plan that Mason could have made (see ``planfile_faults``). Module
sources travel inside: applying needs no YAML.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from mason import __version__
from mason.errors import StalePlanError, StateError
from mason.planner.plan import Action, Call, Change, Plan, Wanted
from mason.planner.planfile_faults import faults, parse

PLANFILE_VERSION = 1
_FORMAT = "mason-plan"
_YAML = (".yaml", ".yml")


def is_planfile(file: Path) -> bool:
    """Whether ``file`` is meant as a plan: a file that is no YAML. What is in it shows when it is read."""
    try:
        return file.is_file() and file.suffix not in _YAML
    except (OSError, ValueError):
        # No path that the system can even look for.
        return False


def write_planfile(plan: Plan, file: Path) -> None:
    """Write ``plan`` to ``file``, whole or not at all; an older plan there is replaced, and no other file.

    A link stays, and what it points to is written. Raises ``StateError`` when it cannot be written, or must not be.
    """
    if file.suffix in _YAML:
        raise StateError(f"{file}: a plan is no YAML and would be taken for a resource. Give it another ending: .plan")
    target = Path(os.path.realpath(file))
    try:
        _refuse_others(file, target)
    except OSError as error:
        raise _unwritable(file, error) from error
    body = _encode(plan)
    document = {
        "format": _FORMAT,
        "version": PLANFILE_VERSION,
        "mason_version": __version__,
        "digest": _digest(body),
        "plan": body,
    }
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
    if there and not _holds_plan(target):
        raise StateError(f"{file} exists and is no plan file, so it is not overwritten. Choose another name.")


def _unwritable(file: Path, error: OSError) -> StateError:
    return StateError(f"The plan could not be written to {file} ({error.strerror}).")


def read_planfile(file: Path) -> Plan:
    """The plan in ``file``.

    Raises ``StalePlanError`` for a file that was edited or made by a newer Mason, ``StateError`` for one that cannot be
    read or is no plan that Mason could have made.
    """
    try:
        document = _load(file)
    except OSError as error:
        raise StateError(f"The plan file {file} could not be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise StateError(f"{file} is not a plan file (make one with: mason plan --out {file.name}).") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise StateError(f"{file} is not a plan file (make one with: mason plan --out {file.name}).")
    if document.get("version") != PLANFILE_VERSION:
        made_by = document.get("mason_version")
        raise StalePlanError(f"{file} was made by Mason {made_by}, whose plans this version cannot read. Plan again.")
    if not isinstance(document.get("plan"), dict) or _digest(document["plan"]) != document.get("digest"):
        raise StalePlanError(f"{file} was changed after it was made, so it is not what was reviewed. Plan again.")
    fault = next(faults(document["plan"]), "")
    if fault:
        raise StateError(f"{file} holds what no plan can hold: {fault}. Make it anew: mason plan --out {file.name}")
    return _decode(document["plan"])


def _holds_plan(file: Path) -> bool:
    try:
        document = _load(file)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("format") == _FORMAT


def _load(file: Path) -> Any:
    """The JSON in ``file``. Raises ``OSError``, and ``ValueError`` or ``RecursionError`` for what is no plan's.

    What comes back can be encoded again.
    """
    text = file.read_text("utf-8")
    document = parse(text)
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
        "warnings": list(plan.warnings),
        "unchanged": list(plan.unchanged),
        "actions": [_encode_action(action) for action in plan.actions],
    }


def _encode_action(action: Action) -> dict[str, Any]:
    wanted = action.wanted
    return {
        "kind": action.kind,
        "address": action.address,
        "reason": action.reason,
        "file": action.file,
        "line": action.line,
        "changes": [[change.path, change.kind, change.before, change.after] for change in action.changes],
        "unchanged": action.unchanged,
        "replaces": action.replaces,
        "calls": [
            [call.client, call.engine, call.verb, call.arguments, call.read_only, call.known] for call in action.calls
        ],
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
        calls=tuple(Call(*call) for call in given["calls"]),
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
