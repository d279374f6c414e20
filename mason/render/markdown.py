"""A plan as a comment for a pull request: GitHub's markdown, and short enough for it.

The summary comes first, then what drifted, then what is hardest to take back: deletions, overwrites, moves, runs,
creations. What people wrote stands in fences, code spans and ``<code>`` alone, where neither markup nor ``@mentions``
mean anything; and it is scrubbed before it is escaped, because an escaped secret would look like none. Pure.

Sources: https://github.github.com/gfm/ for what ends a fence, a code span and an HTML block.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from mason.planner.plan import ActionKind, Change, Plan
from mason.render import plans
from mason.render.python_files import python_lines
from mason.render.terminal import Terminal, printable
from mason.secrets import scrub, scrub_all
from mason.values import dataclass
from mason.version import __version__

if TYPE_CHECKING:
    from mason.planner.saved.planfile import SavedPlan

MAX_CHARACTERS = 60_000
"""How long a comment gets at most. GitHub takes 65,536 characters, and whoever posts it may add words."""

_ORDER: tuple[ActionKind, ...] = ("delete", "overwrite", "move", "run", "create")
_MOST_NOTES = 20
_LONGEST_TEXT = 300
_LONGEST_LINE = 500
_LONGEST_FENCE = 6_000
_LONGEST_LEFT_OUT = 400
"""How many characters the sentence about what is left out may take."""

_HARMLESS = re.compile(r"(?!.*www\.)[A-Za-z0-9 ,;.'()/-]*")
"""What means nothing to markdown and HTML, wherever it stands behind other words."""


@dataclass(frozen=True, slots=True)
class _Block:
    """One entry of the comment: on one line, and with its details folded (the same where it has none)."""

    section: str
    brief: str
    full: str


def plan_markdown(plan: Plan, *, see: str, saved: SavedPlan | None = None) -> str:
    """The comment: at most ``MAX_CHARACTERS``, every fence and tag in it closed.

    Where not everything has room, it says how much is left out, and that the command ``see`` shows it. ``saved`` says
    where the plan comes from, if from a file.
    """
    head = ["## No changes.", ""] if plan.is_empty else [f"## {plans.summary(plan)}", "", *_table(plan), ""]
    head += [*_provenance(plan, saved), *_notes(plan)]
    numbers = {"Drifted": len(plan.drifts)} | {_section(kind): number for kind, number in plan.count().items()}
    headings = {section: ["", f"### {section}: {number}", ""] for section, number in numbers.items()}
    room = MAX_CHARACTERS - _length(head) - sum(map(_length, headings.values())) - _LONGEST_LEFT_OUT
    shown, folded = _fitting(_blocks(plan), room)
    missing = len(plan.drifts) + len(plan.actions) - len(shown)
    lines = [*head, *_left_out(missing, "entry entries" if plan.drifts else "action actions", folded, see)]
    for section in dict.fromkeys(block.section for block, _ in shown):
        lines += [*headings[section], *(text for block, text in shown if block.section == section)]
    return "\n".join(lines).rstrip()


def _section(kind: ActionKind) -> str:
    return f"To {kind}"


def _blocks(plan: Plan) -> Iterator[_Block]:
    """Everything in the order in which it is shown."""
    for drift in plan.drifts:
        yield _block("Drifted", drift.address, "", drift.sentence, drift.changes)
    for action in sorted(plan.actions, key=lambda action: _ORDER.index(action.kind)):
        place = f"{action.file}:{action.line}" if action.file else ""
        reason = "" if action.kind == "create" else action.reason
        said = (*python_lines(action, full=False), *plans.sentences(action, Terminal()))
        yield _block(_section(action.kind), action.address, place, reason, action.changes, action.unchanged, said)


def _length(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _fitting(blocks: Iterator[_Block], room: int) -> tuple[list[tuple[_Block, str]], int]:
    """The first blocks that fit into ``room`` characters, each with its text; how many had to go without details.

    Half of the room is for details from the start, so that many entries do not take it from the first ones; then come
    lines without, as many as there is room for; and what is left over then is for more details.
    """
    shown: list[tuple[_Block, str]] = []
    for block in blocks:
        text = block.full if room - len(block.full) > MAX_CHARACTERS // 2 else block.brief
        if len(text) + 1 > room:
            break
        shown.append((block, text))
        room -= len(text) + 1
    for at, (block, text) in enumerate(shown):
        if text != block.full and len(block.full) - len(text) <= room:
            shown[at] = (block, block.full)
            room -= len(block.full) - len(text)
    return shown, sum(text != block.full for block, text in shown)


def _left_out(missing: int, what: str, folded: int, see: str) -> Iterator[str]:
    """What of the plan the comment does not show, and how to see it. ``what`` is a word and its plural."""
    one, many = what.split()
    parts = []
    if missing:
        parts.append(f"1 {one} is left out" if missing == 1 else f"{missing} {many} are left out")
    if folded:
        parts.append("1 is shown without its details" if folded == 1 else f"{folded} are shown without their details")
    if parts:
        yield ""
        yield f"**{' and '.join(parts)}**: a comment has no room for more. See the whole plan with {_code(see)}"


def _table(plan: Plan) -> Iterator[str]:
    counted = plan.count()
    kinds = [kind for kind in _ORDER if kind in counted]
    yield f"| {' | '.join(kinds)} | unchanged |"
    yield "|" + " ---: |" * (len(kinds) + 1)
    yield f"| {' | '.join(str(counted[kind]) for kind in kinds)} | {len(plan.unchanged)} |"


def _provenance(plan: Plan, saved: SavedPlan | None) -> Iterator[str]:
    by = f"Saved by {_code(saved.created_by)} at {_code(saved.created_at)}" if saved else "Planned"
    version = saved.mason_version if saved else __version__
    project = f" for project {_code(plan.project)}" if plan.project else ""
    yield f"{by} with Mason {_code(version)}{project}, against serial {plan.serial} of {_code(plan.state)}"


def _notes(plan: Plan) -> Iterator[str]:
    """Warnings and the like, a bullet for each."""
    notes = list(plans.notes(plan))
    if notes:
        yield ""
    for note in notes[:_MOST_NOTES]:
        is_warning = note.startswith("Warning: ")
        yield f"- {'**Warning:** ' if is_warning else ''}{_code(note.removeprefix('Warning: '))}"
    if len(notes) > _MOST_NOTES:
        yield f"- and {len(notes) - _MOST_NOTES} more"


def _block(
    section: str,
    address: str,
    place: str,
    reason: str,
    changes: Sequence[Change],
    unchanged: int = 0,
    said: Sequence[str] = (),
) -> _Block:
    brief = f"- {_code(address)}"
    brief += f" {_code(place)}" if place else ""
    brief += f" ({_prose(reason, _code)})" if reason else ""
    differing = [line for change in changes for line in _change_lines(change)]
    if unchanged:
        differing.append(f"  # ({unchanged} unchanged field{'' if unchanged == 1 else 's'} hidden)")
    if not differing and not said:
        return _Block(section, brief, brief)
    title = _tag(address)
    title += f" {_tag(place)}" if place else ""
    title += f" ({_prose(reason, _tag)})" if reason else ""
    # No blank line before the end of the summary: up to there it is HTML, and nothing in it is markdown.
    lines = [f"\n<details><summary>{title}</summary>", ""]
    if differing:
        lines += [*_fence("diff", differing), ""]
    if said:
        lines += [*_fence("text", said), ""]
    return _Block(section, brief, "\n".join([*lines, "</details>\n"]))


def _change_lines(change: Change) -> Iterator[str]:
    # Whole: a secret of several lines would not be found in each of them.
    before, after = scrub_all(change.before), scrub_all(change.after)
    if change.kind == "changed" and isinstance(before, str) and isinstance(after, str):
        if "\n" in before + after:
            yield f"  {change.path}:"
            yield from plans.differing_lines(before, after)
            return
        old, new = plans.differing_parts(before, after)
    else:
        old, new = plans.value_text(before), plans.value_text(after)
    if change.kind != "added":
        yield f"- {change.path}: {old}"
    if change.kind != "removed":
        yield f"+ {change.path}: {new}"


# --- what people wrote ------------------------------------------------------------------------------------------------


def _line(text: str, longest: int) -> str:
    """``text`` on one line, without secrets and whatever else may not be shown."""
    shown = printable(scrub(text)).replace("\n", "\\n")
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _code(text: str) -> str:
    """``text`` as a code span, behind more backticks in a row than it holds."""
    shown = _line(text, _LONGEST_TEXT)
    marks = "`" * (_backticks([shown]) + 1)
    blank = " " if shown[:1] in " `" or shown[-1:] in " `" else ""
    return f"{marks}{blank}{shown}{blank}{marks}" if shown.strip() else ""


def _tag(text: str) -> str:
    """``text`` as code, where markdown is not looked at."""
    return f"<code>{html.escape(_line(text, _LONGEST_TEXT))}</code>"


def _prose(text: str, otherwise: Callable[[str], str]) -> str:
    """A sentence as it is, where it can mean nothing else, and as code where it could."""
    shown = _line(text, _LONGEST_TEXT)
    return shown if _HARMLESS.fullmatch(shown) else otherwise(text)


def _fence(language: str, lines: Sequence[str]) -> Iterator[str]:
    """``lines`` within a fence that none of them can end; the last ones left out where they are too many."""
    shown: list[str] = []
    room = _LONGEST_FENCE
    for line in lines:
        shown.append(_line(line, _LONGEST_LINE))
        room -= len(shown[-1]) + 1
        if room < 0:
            break
    if len(shown) < len(lines):
        left = len(lines) - len(shown)
        shown.append(f"… ({left} more line{'' if left == 1 else 's'})")
    marks = "`" * max(3, _backticks(shown) + 1)
    yield f"{marks}{language}"
    yield from shown
    yield marks


def _backticks(lines: Sequence[str]) -> int:
    """How many backticks stand in a row at most."""
    return max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
