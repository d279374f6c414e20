"""What the state says that runs and schedules used, once that has another definition which does the same. Pure.

The state keeps the behaviour of what was used (see ``mason.resources.behaviour``). Earlier versions kept the digests of
whole definitions: these match nothing once a description was edited, so behaviours replace them before. This can go
when no state of an earlier version is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mason.resources.behaviour import behaviour_of, is_behaviour
from mason.resources.kinds import effect_of
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry


def behaviours_kept(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> dict[str, Entry]:
    """The runs and schedules of ``after`` that kept the digest of a definition of ``before`` which has another one now
    and does the same: with its behaviour in place of that digest."""
    found: dict[str, Entry] = {}
    alike: dict[str, str] = {}
    for address, entry in after.items():
        outcome = Outcome.of(entry) if effect_of(address) else None
        if outcome is None or all(is_behaviour(digest) for digest in outcome.uses.values()):
            continue
        uses = dict(outcome.uses)
        for used, digest in outcome.uses.items():
            if used not in alike:
                alike[used] = _behaviour_of_both(before.get(used), after.get(used))
            if alike[used] and digest == before[used].digest:
                uses[used] = alike[used]
        if uses != outcome.uses:
            found[address] = replace(entry, outcome={**(entry.outcome or {}), "uses": uses})
    return found


def _behaviour_of_both(before: Entry | None, after: Entry | None) -> str:
    """The behaviour of two definitions that differ and do the same; empty for others."""
    if before is None or after is None or before.digest == after.digest or not before.is_as_applied:
        return ""
    behaviour = behaviour_of(before.definition, before.module)
    return behaviour if behaviour == behaviour_of(after.definition, after.module) else ""
