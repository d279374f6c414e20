"""A run of a workflow as a tree: a line for each step, with how it does, and those of nested workflows below theirs.

What is shown is a pure function of the events so far, the moment, and the room that there is. Where there are more
steps than lines, those that are at work or failed are shown, and how many there are of each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from math import ceil
from typing import Any

from mason.dryrun.planned import WorkflowPlan
from mason.engines.progress import Progress
from mason.render.progress_bar import bar_text, duration
from mason.render.run_history import STYLES, ended_words, event_line
from mason.render.tables import escaped
from mason.render.terminal import Terminal, cells, cut
from mason.values import dataclass, field

_MARKS = {
    "succeeded": "✓",
    "failed": "✗",
    "running": ">",
    "retrying": "↻",
    "waiting": ".",
    "upstream_failed": "✗",
    "skipped": "-",
    "interrupted": "✗",
    "cancelled": "-",
}
"""In the order in which steps are counted."""

_AT_WORK = ("running", "retrying")
# A workflow within did as the first of these that any of its steps did.
_WORST = ("failed", "upstream_failed", "interrupted", "cancelled", "succeeded", "skipped")
# Cells: the widest that the columns of ids and of operators become; what must be left for the words for operators to be
# shown at all; the least that a bar is shown in.
_WIDEST = 40
_FOR_WORDS = 24
_FOR_BAR = 30
_DEEPEST = 10


@dataclass(slots=True)
class _Branch:
    """A step, or a workflow within that has so many ``steps``. Moments are those of the caller's clock; 0: not yet."""

    position: int
    name: str
    label: str
    outer: tuple[_Branch, ...]
    status: str = "waiting"
    began: float = 0.0
    attempt: int = 1
    again: float = 0.0
    words: Sequence[str] = ()
    error: str = ""
    progress: Progress | None = None
    progress_began: float = 0.0
    steps: Counter[str] = field(default_factory=Counter)


class Tree:
    """What is known of a run. It is told the events, as the runtime tells them, and gives the lines."""

    def __init__(self, plan: WorkflowPlan, done: Mapping[str, Mapping[str, Any]]) -> None:
        """``done`` are the events of steps that ended before, where a run is resumed."""
        self._branches: list[_Branch] = []
        self._by_id: dict[str, _Branch] = {}
        for step in plan.steps:
            outer = self._workflows_of(step.id, plan)
            self._grow(step.id, step.address, outer)
            for each in outer:
                each.steps["waiting"] += 1
        self._steps = Counter(waiting=len(plan.steps))
        # By position, in the order in which they came to be so.
        self._at_work: dict[int, _Branch] = {}
        self._failed: dict[int, _Branch] = {}
        self._names = min(max((cells(_indented(each)) for each in self._branches), default=0), _WIDEST)
        self._labels = min(max((cells(each.label) for each in self._branches), default=0), _WIDEST)
        for event in done.values():
            self.take({**event, "event": "ended"}, 0.0)

    def _workflows_of(self, id: str, plan: WorkflowPlan) -> tuple[_Branch, ...]:
        outer: tuple[_Branch, ...] = ()
        parts = id.split(".")
        for depth in range(1, len(parts)):
            inner = ".".join(parts[:depth])
            if inner not in self._by_id:
                self._grow(inner, plan.workflows[inner].address, outer)
            outer = (*outer, self._by_id[inner])
        return outer

    def _grow(self, id: str, address: str, outer: tuple[_Branch, ...]) -> None:
        kind, _, names = address.partition(".")
        label = f"{'' if kind == 'operator' else f'{kind} '}{names.replace('.', ':')}"
        branch = _Branch(len(self._branches), id.rpartition(".")[2], label, outer)
        self._branches.append(branch)
        self._by_id[id] = branch

    def take(self, event: Mapping[str, Any], now: float) -> None:
        """Something happened ``now``."""
        branch = self._by_id.get(event.get("step", ""))
        if branch is None:
            return
        if event["event"] == "started":
            branch.attempt = event["attempt"]
            for each in (branch, *branch.outer):
                each.began = each.began or now
            self._change(branch, "running", now)
        elif event["event"] == "retrying":
            branch.again, branch.error = now + event["delay"], event["error"]
            self._change(branch, "retrying", now)
        elif event["event"] == "ended":
            branch.words, branch.error = ended_words(event), event.get("error", "")
            self._change(branch, event["status"], now)

    def _change(self, branch: _Branch, status: str, now: float) -> None:
        before, branch.status, branch.progress = branch.status, status, None
        for counts in (self._steps, *(each.steps for each in branch.outer)):
            counts[before] -= 1
            counts[status] += 1
        for held, words in ((self._at_work, _AT_WORK), (self._failed, ("failed", "interrupted"))):
            if status not in words:
                held.pop(branch.position, None)
            elif before not in words:
                held[branch.position] = branch
        for each in branch.outer:
            _sum_up(each, now)

    def report(self, step: str, progress: Progress, now: float) -> None:
        """The engine that works for ``step`` is so far ``now``."""
        branch = self._by_id[step]
        if branch.progress is None or branch.progress.what != progress.what:
            branch.progress_began = now
        branch.progress = None if progress.ended or branch.status != "running" else progress

    def told(self, event: Mapping[str, Any], terminal: Terminal) -> str:
        """What is to be told beside the tree: what a step says, and failures for which its line has no room."""
        if event["event"] == "said":
            return event_line(event, terminal)
        error = event.get("error", "")
        if event["event"] == "ended" and event["status"] == "failed" and error:
            line = self._segments(self._by_id[event["step"]], 0.0, terminal)
            if _first_line(error) != error or sum(cells(text) for text, _ in line) > _room(terminal):
                return event_line(event, terminal)
        return ""

    def lines(self, now: float, terminal: Terminal, most: int) -> list[str]:
        """At most so many lines, each narrower than the terminal."""
        if len(self._branches) <= most:
            return [self._line(each, now, terminal) for each in self._branches]
        if most < 1:
            return []
        shown = [self._line(each, now, terminal) for each in self._chosen(most - 1)]
        counted = (f"{self._steps[each]} {each.replace('_', ' ')}" for each in _MARKS if self._steps[each])
        return [*shown, cut(", ".join(counted), _room(terminal))]

    def _chosen(self, most: int) -> list[_Branch]:
        """Those at work, then those that failed last, as far as there is room, with the workflows that they are in."""
        chosen: dict[int, _Branch] = {}
        for branch in chain(self._at_work.values(), reversed(self._failed.values())):
            wanted = {each.position: each for each in (*branch.outer, branch)}
            if len(chosen.keys() | wanted.keys()) > most:
                break
            chosen.update(wanted)
        return [chosen[position] for position in sorted(chosen)]

    def _line(self, branch: _Branch, now: float, terminal: Terminal) -> str:
        left = _room(terminal)
        line = ""
        for text, style in self._segments(branch, now, terminal):
            if left > 0:
                shown = cut(text, left)
                line += terminal.style(shown, style) if style else shown
                left -= cells(shown)
        if branch.progress is not None and left >= _FOR_BAR:
            elapsed = now - branch.progress_began
            line += f"  {bar_text(branch.progress, elapsed, Terminal(terminal.color, left - 1))}"
        return line.rstrip()

    def _segments(self, branch: _Branch, now: float, terminal: Terminal) -> list[tuple[str, str]]:
        """The texts of a line and their styles."""
        room = _room(terminal)
        names = max(min(self._names, room // 2), 1)
        name = cut(_indented(branch), names)
        indent, style = len(name) - len(name.lstrip()), STYLES[branch.status]
        segments = [
            (f"{name[:indent]}{_MARKS[branch.status]} ", style),
            (f"{name[indent:]}{' ' * (names - cells(name))}  ", ""),
        ]
        if names + self._labels + _FOR_WORDS <= room:
            label = cut(branch.label, self._labels)
            segments.append((f"{label}{' ' * (self._labels - cells(label))}  ", "dim"))
        word, *more = _words(branch, now)
        error = _first_line(branch.error) if branch.status != "running" else ""
        return [
            *segments,
            (word, style),
            (f"{''.join(f' {each}' for each in more)}{f': {error}' if error else ''}", ""),
        ]


def _words(branch: _Branch, now: float) -> Sequence[str]:
    if branch.status == "running":
        words = ["running"]
        # What was done before a run was resumed began at no moment that is known here.
        words += [duration(now - branch.began)] if branch.began else []
        if branch.steps:
            ended = branch.steps.total() - sum(branch.steps[each] for each in ("waiting", *_AT_WORK))
            words[-1] += ","
            words.append(f"{ended} of {branch.steps.total()} steps")
        return [*words, f"(attempt {branch.attempt})"] if branch.attempt > 1 else words
    if branch.status == "retrying":
        return ["retrying", "in", duration(ceil(max(branch.again - now, 0)))]
    return branch.words or [branch.status.replace("_", " ")]


def _sum_up(workflow: _Branch, now: float) -> None:
    """How a workflow within does, from how its steps do."""
    counts = workflow.steps
    if counts["waiting"] == counts.total():
        return
    if counts["waiting"] or counts["running"] or counts["retrying"]:
        workflow.status = "running"
        return
    workflow.status = next(each for each in _WORST if counts[each])
    took = [f"after {now - workflow.began:.1f} s"] if workflow.began else []
    workflow.words = [workflow.status.replace("_", " "), *took]


def _indented(branch: _Branch) -> str:
    return f"{'  ' * min(len(branch.outer), _DEEPEST)}{branch.name}"


def _first_line(error: str) -> str:
    return escaped(error.strip().partition("\n")[0])


def _room(terminal: Terminal) -> int:
    """Cells of a line: the last column stays free, where terminals begin a new line or not, each as it likes."""
    return max(terminal.width - 1, 1)
