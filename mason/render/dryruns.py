"""A dry run as people read it before they say yes, and as programs do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mason.dryrun.calls import LATER, NOTE, REWRITTEN, TRUSTED, Call, Estimate, ShownStep
from mason.render import JSON_FORMAT
from mason.render.terminal import Terminal
from mason.resources.address import title_of
from mason.secrets import scrub_all

if TYPE_CHECKING:
    from mason.dryrun.dryrun import DryRun
    from mason.resources.output_checks import Check

_MOST_TOLD = 3
"""How many of the places are shown where SQL is written otherwise."""

_MANY = (REWRITTEN, NOTE)

_LONGEST = 100
"""How long a parameter may be to be shown whole."""


def dry_run_text(shown: DryRun, terminal: Terminal) -> str:
    """The finished sentences of a run, each with what it does to the world."""
    return "\n".join(
        [f"{title_of(shown.address)} with config {shown.config_id} would:", *sentence_lines(shown, terminal)]
    )


def estimate_lines(estimates: Sequence[Estimate], *, alone: bool) -> Iterator[str]:
    """What a run would cost, a line for each sentence of which that is told. The step of a run that is ``alone``, of
    one operator, has no name."""
    # Imported here: few clients tell.
    from mason.resources.wording import cost_text

    for each in estimates:
        cost = cost_text(each.cost) if each.cost else f"not known ({each.unknown})"
        sentence = f"sentence {each.number}" if alone else f"{each.step}, sentence {each.number}"
        yield f"Estimated cost of {sentence} ({each.client}, {each.call}): {cost}"


def sentence_lines(shown: DryRun | ShownStep, terminal: Terminal) -> Iterator[str]:
    """The sentences, numbered and indented; before them the parameters that they do not show."""
    if shown.untold:
        given = (f"{name}={_value_text(value)}" for name, value in scrub_all(shown.untold).items())
        yield f"  with {', '.join(given)}"
    for number, call in enumerate(shown.calls, 1):
        yield f"  {number}. {call}  [{effect(call, terminal)}]"
        yield from (f"     {line}" for line in sql_lines(call.told, terminal))
        yield from (f"     Note on {note}." for note in call.notes)
    verb = "read-only verb" if shown.is_promised else "verb"
    if not shown.calls:
        unseen = f"perhaps call any {verb} of its config's engines: its Python does not show which"
        yield "  call no engine" if shown.certain else f"  {unseen}"
    elif not shown.certain:
        yield f"  and, as its Python passes engines on, perhaps call any other {verb}"
    if shown.has_python:
        yield f"  and run its Python, which {of_python(shown.is_promised)}"
    if shown.root:
        yield f"  Paths are relative to the storage, {shown.root}."


def check_lines(checks: Sequence[Check], terminal: Terminal) -> Iterator[str]:
    """What has to hold before the output of a step is published: a sentence for each check, and what else happens."""
    if not checks:
        return
    # Imported here: most steps have none.
    from mason.resources.output_checks import FAIL

    yield "  Before it is published, it is checked that"
    for check in checks:
        fails = check.severity == FAIL
        why = f" ({check.description.rstrip('.')})" if check.description else ""
        what = terminal.style("else nothing is published" if fails else "else it is warned of", "yellow")
        yield f"     {check.name}: {check.sentence}{why}  [{what}]"


def checks_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """The checks of a step, as they stand in plans and dry runs."""
    return [{**check.to_dict(), "says": check.sentence} for check in checks]


def as_sentence(note: str) -> str:
    """A note of an outlook on a line of its own."""
    return f"{note[:1].upper()}{note[1:]}."


def sql_lines(told: Sequence[tuple[str, str]], terminal: Terminal) -> Iterator[str]:
    """What there is to tell of the SQL of a sentence; of what is written otherwise, and of notes, the first few."""
    for word, sentence in told:
        if word in (TRUSTED, LATER):
            yield terminal.style(f"Warning: {sentence}.", "yellow") if word == TRUSTED else f"{sentence}."
    said = [f"Note on {sentence}." if word == NOTE else f"{sentence}." for word, sentence in told if word in _MANY]
    yield from said[:_MOST_TOLD]
    if len(said) > _MOST_TOLD:
        yield f"... and {len(said) - _MOST_TOLD} more of this kind (all with --json, or with mason sql)."


def of_python(is_promised: bool) -> str:
    """What there is to say of Python code, as the end of a sentence: whether its author promises that it only reads."""
    if is_promised:
        return "only reads, as its author promises (read_only: true)"
    return "can do anything on this machine"


def effect(call: Call, terminal: Terminal) -> str:
    """What a call does to the world."""
    if call.read_only:
        return terminal.style("read-only", "green")
    return terminal.style(f"changes things{'' if call.wait else ', does not wait'}", "yellow")


def _value_text(value: Any) -> str:
    """As Python writes it, but a reference as people do; cut in the middle where it is long."""
    # Imported here: a plan without a change shows no step, and this brings the engines' models.
    from mason.dryrun.sentences import placeholder

    refers = placeholder(value).partition(".")[0] in ("steps", "runs")
    text = value.strip() if refers else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 30]} … {text[-20:]}"


def dry_run_json(shown: DryRun) -> dict[str, Any]:
    """The document that ``mason validate operator --json`` prints."""
    return {
        "format_version": JSON_FORMAT,
        "address": shown.address,
        "config_id": shown.config_id,
        "parameters": dict(shown.parameters),
        "clients": dict(shown.clients),
        "calls": [call_json(call) for call in shown.calls],
        "certain": shown.certain,
        "python": shown.has_python,
        "promised_read_only": shown.is_promised,
        "root": shown.root,
        "read_only": shown.is_read_only,
    }


def call_json(call: Call) -> dict[str, Any]:
    """A finished sentence, as it stands in plans and dry runs."""
    return {
        "client": call.client,
        "engine": call.engine,
        "verb": call.verb,
        "arguments": dict(call.arguments) if call.known else None,
        "read_only": call.read_only,
        **({} if call.wait else {"wait": False}),
        **({"sql": sql_json(call.told)} if call.told else {}),
        **({"notes": list(call.notes)} if call.notes else {}),
    }


def sql_json(told: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """What there is to tell of the SQL of a sentence."""
    return [{"kind": word, "text": sentence} for word, sentence in told]
