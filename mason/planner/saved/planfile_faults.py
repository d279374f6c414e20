"""What no plan file can hold: the check of a plan that comes from a file, whose digest anybody can make anew. Pure.

What is shown and done of a plan is later taken from it without another question. So it has to be of the right shape,
and each definition has to be the one that its address and digest say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mason.bounds import parse_json
from mason.dryrun.calls import TOLD
from mason.planner.plan import ACTION_KINDS, CAUSES
from mason.resources.address import KINDS
from mason.resources.kinds import address_of, effect_of
from mason.resources.packed import unpacked
from mason.resources.resource import digest_of, encode
from mason.state import content


def parse(text: str) -> Any:
    """The JSON in ``text``. Raises ``ValueError`` for what no plan's JSON is."""
    return parse_json(text, strict=True)


_TEXT = {"type": "string"}
_TEXT_OR_NONE = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_TEXTS = {"type": "array", "items": _TEXT}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _tuple(*items: Any) -> dict[str, Any]:
    return {"type": "array", "prefixItems": list(items), "minItems": len(items), "maxItems": len(items)}


def _schema() -> dict[str, Any]:
    """The shape of what :func:`_encode` makes, as a JSON Schema."""
    wanted = _object(
        digest=_TEXT,
        definition=_TEXT,
        project=_TEXT,
        file=_TEXT,
        module=_TEXT_OR_NONE,
        source=_TEXT_OR_NONE,
    )
    changes = {"type": "array", "items": _tuple(_TEXT, {"enum": ["added", "removed", "changed"]}, {}, {})}
    call = (_TEXT, _TEXT, _TEXT, {"type": "object"}, *[{"type": "boolean"}] * 3)
    # What there is to tell of a call stands behind, where there is some: of its SQL, and else.
    told = {"type": "array", "items": _tuple({"enum": list(TOLD)}, _TEXT)}
    calls = {"type": "array", "items": {"oneOf": [_tuple(*call), _tuple(*call, told, _TEXTS)]}}
    number_or_none = {"type": ["integer", "null"], "minimum": 0}
    of_step = (
        *(_TEXT, _TEXT, _TEXT, _TEXTS, _TEXT, _TEXT, number_or_none, number_or_none, calls, {"type": "boolean"}),
        {"type": "object"},
        *[{"type": "boolean"}] * 3,
        _TEXT,
    )
    checks = {"type": "array", "items": {"type": "object", "required": ["kind", "name"]}}
    step = {"oneOf": [_tuple(*of_step), _tuple(*of_step, checks)]}
    action = _object(
        kind={"enum": list(ACTION_KINDS)},
        address=_TEXT,
        reason=_TEXT,
        file=_TEXT,
        line=_COUNT,
        changes=changes,
        unchanged=_COUNT,
        replaces=_TEXT_OR_NONE,
        calls=calls,
        steps={"type": "array", "items": step},
        conditional={"type": "boolean"},
        moved_from=_TEXT,
        outcome={"type": ["object", "null"]},
        estimates={"type": "array", "items": _tuple(_TEXT, _COUNT, _TEXT, _TEXT, {"type": "object"}, _TEXT)},
        notes=_TEXTS,
        wanted={"anyOf": [wanted, {"type": "null"}]},
    )
    return _object(
        lineage=_TEXT,
        serial=_COUNT,
        state=_TEXT,
        project=_TEXT,
        files={"type": ["integer", "null"]},
        resources=_COUNT,
        passed_over=_COUNT,
        warnings=_TEXTS,
        drifts={
            "type": "array",
            "items": _tuple(_TEXT, _TEXT, {"enum": ["missing", "present", "changed", "unknown"]}, changes, _TEXT),
        },
        unlooked={"type": "array", "items": _tuple(_TEXT, _TEXT)},
        foreign={"type": "object", "additionalProperties": _TEXTS},
        broken={
            "type": "array",
            "items": _tuple(_TEXT, _TEXT, {"enum": list(CAUSES)}, _TEXT, {"type": "boolean"}),
        },
        undefined=_TEXTS,
        unchanged=_TEXTS,
        actions={"type": "array", "items": action},
    )


def faults(body: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a plan as it stands in a file; nothing for all that :func:`_encode` makes."""
    # Imported here: only a plan that is applied is checked.
    import jsonschema_rs

    for error in jsonschema_rs.validator_for(_schema()).iter_errors(body):
        # The library's own message would quote whole definitions.
        place = ".".join(str(step) for step in error.instance_path) or "the plan"
        yield f"the value of {place} does not fit ({error.kind.name})"
        return
    counted = Counter(action["address"] for action in body["actions"])
    yield from (f"{address} stands there more than once" for address, count in counted.items() if count > 1)
    for action in body["actions"]:
        address, kind, wanted = action["address"], action["kind"], action["wanted"]
        is_new = action["replaces"] is None
        fits = is_new == (kind == "create") if kind != "run" else effect_of(address) == "done"
        moves = bool(action["moved_from"])
        fits = fits and (moves if kind == "move" else not moves or kind in ("run", "overwrite"))
        if (wanted is None) != (kind == "delete") or not fits:
            yield f"what it says of {address} is no {kind}"
        elif wanted is not None:
            yield from _wanted_faults(address, wanted)


def _wanted_faults(address: str, wanted: dict[str, Any]) -> Iterator[str]:
    from mason.resources.validate import schema_findings

    try:
        definition = parse(wanted["definition"])
        source = None if wanted["source"] is None else wanted["source"].encode()
    except (ValueError, RecursionError) as error:
        yield f"the definition of {address} is no JSON ({error})"
        return
    try:
        files = None if source is None else unpacked(source)
    except ValueError as error:
        yield f"the Python source of {address} is none: {error}"
        return
    if not isinstance(definition, dict) or definition.get("type") not in KINDS:
        yield f"the definition of {address} is none"
    elif found := schema_findings(definition):
        yield f"the definition of {address} is none: {found[0].message}"
    elif address_of(definition) != address:
        yield f"the definition of {address} is that of {address_of(definition)}"
    elif encode(definition) != wanted["definition"].encode():
        yield f"the definition of {address} is not written as Mason writes it"
    elif digest_of(wanted["definition"].encode(), wanted["module"]) != wanted["digest"]:
        yield f"the definition of {address} has another digest"
    elif (files is None) != (wanted["module"] is None) or (source and content.digest_of(source) != wanted["module"]):
        yield f"the Python files of {address} are not those of its module, whose digest they lack"
