"""Results of checks as people read them: a table, and the rows that failed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mason.render.tables import table
from mason.render.terminal import Terminal

if TYPE_CHECKING:
    from mason.project.runs.checking_published import Published


def checks_of(step: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results of the checks of a step in a record, each with its ``step``; nothing where somebody edited them."""
    given = step.get("checks")
    listed = given if isinstance(given, list) else []
    return [{"step": str(step.get("step", "")), **each} for each in listed if isinstance(each, Mapping)]


def counted_checks(record: Mapping[str, Any]) -> str:
    """How the checks of a run ended, in a few words: ``4 passed, 1 warned``; empty where it had none."""
    steps = record.get("steps")
    listed = [
        check
        for step in (steps if isinstance(steps, list) else ())
        if isinstance(step, Mapping)
        for check in checks_of(step)
    ]
    if not listed:
        return ""
    # Imported here: most runs have no checks.
    from mason.engines.checking import STATUSES

    counted = {status: sum(check.get("status") == status for check in listed) for status in STATUSES}
    return ", ".join(f"{count} {status}" for status, count in counted.items() if count)


def checks_lines(checks: Sequence[Mapping[str, Any]], terminal: Terminal) -> Iterator[str]:
    """The results as a table, and behind it the first of the rows that failed."""
    names = ("step", "check", "status", "says", "found")
    rows = [
        [
            str(each.get("step", "")),
            str(each.get("name", "")),
            str(each.get("status", "")),
            str(each.get("says", "")),
            str(each.get("message", "")),
        ]
        for each in checks
    ]
    yield table(names, rows, terminal)
    for each in checks:
        examples = each.get("examples")
        if isinstance(examples, list) and examples:
            yield ""
            yield f"Rows that fail {each.get('name', '')}:"
            yield from (f"  {json.dumps(example, ensure_ascii=False)}" for example in examples)


def published_lines(found: Sequence[Published], terminal: Terminal) -> Iterator[str]:
    """What came of the checks of what runs published: for each step where it is, and its results."""
    if not found:
        yield "No run that was applied has checks."
    for number, each in enumerate(found):
        place = f" at {each.output}" if each.output else ""
        of_step = f", step {each.step}," if each.step else ""
        yield from ([""] if number else [])
        yield terminal.style(f"{each.address}{of_step}{place}", "bold")
        if each.why:
            yield f"could not be checked: {each.why}"
        else:
            yield from checks_lines([{"step": each.step, **result} for result in each.results], terminal)


def published_json(found: Published) -> dict[str, Any]:
    """The same of one step, for programs."""
    return {
        "address": found.address,
        "step": found.step,
        "output": found.output,
        "holds": found.holds,
        "checks": [dict(result) for result in found.results],
        "why": found.why,
    }
