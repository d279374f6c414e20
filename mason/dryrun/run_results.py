"""What a run returned and others refer to: which step of which run a reference means, and which results to keep. Pure.

A reference is ``{{runs.NAME.STEP.KEY}}``, or ``{{runs.NAME.KEY}}`` where the run executes an operator.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from mason.dryrun.references import OF_RUN, Reference, Unresolved, look_up
from mason.resources.address import run_address, title_of, work_address
from mason.resources.dag import step_remedy
from mason.resources.executed import ONLY_STEP, result_references
from mason.resources.workflow import Workflow, is_workflow
from mason.state.outcome import Outcome
from mason.state.snapshot import Entry, Snapshot

Lookup = Callable[[str], "Entry | None"]
"""The applied resource at an address, or nothing. May raise, such as for one that was edited in the state."""

MOST_KEPT = 100_000
"""How long the results may be, as JSON, that the state keeps of one step: it is read whenever anything is planned."""


def step_of_run(parts: Sequence[str], lookup: Lookup) -> tuple[str, str, tuple[str, ...]] | str:
    """The run, the full id of its step, and what is left, of a reference's parts behind ``runs``.

    They are ``NAME.STEP.KEY``, or ``NAME.KEY`` where the run executes an operator. A text says what is wrong.
    """
    run = parts[0]
    entry = lookup(run_address(run))
    if entry is None:
        return f"there is no run {run} in the state (apply it first)"
    if not entry.is_as_applied:
        return f"run {run} was edited in the state (plan the file that defines it)"
    work, place = work_address(entry.definition), 1
    if not is_workflow(work):
        return run, ONLY_STEP, tuple(parts[1:])
    while is_workflow(work):
        within = lookup(work)
        if within is None:
            return f"there is no {title_of(work)} in the state (apply it first)"
        if not within.is_as_applied:
            return f"{title_of(work)} was edited in the state (plan the file that defines it)"
        steps = {step.id: step for step in Workflow.from_definition(within.definition).steps}
        named = parts[place] if place < len(parts) else ""
        if named not in steps:
            wrong = f"{title_of(work)} has no step {named}" if named else f"run {run} has several steps"
            return f"{wrong} ({step_remedy(named, steps)})"
        work, place = steps[named].address, place + 1
    return run, ".".join(parts[1:place]), tuple(parts[place:])


def reference_to_run(text: str, parts: Sequence[str], lookup: Lookup) -> Reference | str:
    """What a reference to a run means, from its ``text`` and its parts behind ``runs``; a text says what is wrong."""
    found = step_of_run(parts, lookup)
    if isinstance(found, str):
        return f"{text}: {found}"
    run, step, path = found
    return Reference(text, f"{OF_RUN}{run}.{step}", path)


def referred_steps(definitions: Iterable[Mapping[str, Any]], lookup: Lookup) -> dict[str, set[str]]:
    """The ids of the steps whose results these runs refer to, by the name of the run that has them."""
    found: dict[str, set[str]] = {}
    for definition in definitions:
        for parts in set(result_references(definition.get("parameters"))):
            meant = step_of_run(parts, lookup)
            if not isinstance(meant, str):
                found.setdefault(meant[0], set()).add(meant[1])
    return found


def results_of_runs(references: Iterable[Reference], snapshot: Snapshot) -> dict[str, list[Any] | str]:
    """What steps of other runs returned that ``references`` mean, as the state keeps it, by their full ids."""
    found: dict[str, list[Any] | str] = {}
    for reference in references:
        if not reference.step.startswith(OF_RUN):
            continue
        run, _, step = reference.step.removeprefix(OF_RUN).partition(".")
        outcome = Outcome.of(snapshot.resources.get(run_address(run)))
        if outcome is not None and step in outcome.results:
            found[reference.step] = outcome.results[step]
    return found


def returned_otherwise(parameters: Any, outcome: Outcome, lookup: Lookup) -> Iterator[str]:
    """The addresses of the runs that returned something else to a run with these ``parameters`` than what the state
    keeps of them now. ``outcome`` is its own."""
    for parts in dict.fromkeys(result_references(parameters)):
        text = f"{{{{{'.'.join(('runs', *parts))}}}}}"
        meant = step_of_run(parts, lookup) if text in outcome.given else ""
        if isinstance(meant, str):
            # What was not given the last time has not changed since; what cannot be found is told elsewhere.
            continue
        run, step, path = meant
        found = Outcome.of(lookup(run_address(run)))
        if found is None or found.status != "succeeded" or step not in found.results:
            # It returned nothing new that anybody knows of.
            continue
        reference = Reference(text, f"{OF_RUN}{run}.{step}", path)
        try:
            now = digest_of_value(look_up(reference, {reference.step: found.results[step]}))
        except Unresolved:
            now = ""
        if now != outcome.given[text]:
            yield run_address(run)


def worth_keeping(results: Mapping[str, list[Any] | str]) -> dict[str, list[Any] | str]:
    """The results of steps as the state keeps them: those that are too long become words that say so."""
    return {
        step: data if len(json.dumps(data)) <= MOST_KEPT else "too large to be kept in the state"
        for step, data in results.items()
    }


def digest_of_value(value: Any) -> str:
    """A digest of a JSON value."""
    return "sha256:" + sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
