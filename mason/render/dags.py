"""DAGs as pictures for terminals, as mermaid and as dot; and the dry run of a workflow as text and JSON. Pure.

The picture has a line for each step and, left of it, a rail for each step that a later one waits for. A step takes over
the rail of a step before it where nobody else waits for that; else it branches off (``+->o``) or joins (``o<-+``)::

    o        step_1
    +->o     step_2
    +--|->o  step_3
       v  |
       o<-+  step_4
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mason.dryrun.calls import ShownStep
from mason.dryrun.planned import PlannedStep, WorkflowPlan
from mason.render import JSON_FORMAT
from mason.render.dryruns import check_lines, checks_json, dry_run_json, of_python, sentence_lines
from mason.render.terminal import Terminal, cells
from mason.resources.address import title_of
from mason.resources.order import topological
from mason.resources.trigger import TRIGGER_RULES
from mason.resources.wording import shortened
from mason.resources.workflow import Workflow, ordered
from mason.values import dataclass

MAX_DRAWN = 30
"""How many steps a picture may have; more are listed, which is easier to read."""

_DEEPEST = 10
"""How far a list is indented at most, in levels."""


@dataclass(frozen=True, slots=True)
class Node:
    """Something that is drawn: its id, what is written beside it, and the ids of the nodes that come before it."""

    id: str
    label: str = ""
    after: tuple[str, ...] = ()


def nodes_of(drawn: Sequence[PlannedStep | ShownStep] | Workflow) -> tuple[Node, ...]:
    """The planned steps, or those of a workflow as it is written (those of workflows within not opened)."""
    steps = ordered(drawn.steps) if isinstance(drawn, Workflow) else drawn
    return tuple(Node(step.id, _name(step.address), step.dependencies) for step in steps)


def resource_nodes(uses: Mapping[str, Sequence[str]]) -> tuple[Node, ...]:
    """Resources, each after those that it uses."""
    return tuple(Node(address, after=tuple(uses[address])) for address in topological(uses))


def _name(address: str) -> str:
    """``table:get``, and ``workflow table:export``: most steps are operators."""
    kind, _, rest = address.partition(".")
    return f"{'' if kind == 'operator' else f'{kind} '}{rest.replace('.', ':')}"


def ascii_dag(nodes: Sequence[Node], terminal: Terminal) -> str:
    """A picture of the nodes, which stand in an order in which each comes after those that it needs.

    Where there are many, or the terminal is too narrow, an indented list that says what each comes after.
    """
    if len(nodes) <= MAX_DRAWN:
        lines = _drawn(nodes)
        if not terminal.width or all(cells(line) <= terminal.width for line in lines):
            return "\n".join(lines)
    return "\n".join(_listed(nodes))


def mermaid_dag(nodes: Sequence[Node]) -> str:
    """The nodes as a flowchart in mermaid (https://mermaid.js.org/syntax/flowchart.html)."""
    numbers = {node.id: number for number, node in enumerate(nodes)}
    lines = ["flowchart TD"]
    for number, node in enumerate(nodes):
        lines.append(f'    n{number}["{"<br/>".join(_mermaid_text(text) for text in _texts(node))}"]')
    lines += [f"    n{numbers[before]} --> n{numbers[node.id]}" for node in nodes for before in node.after]
    return "\n".join(lines)


def dot_dag(nodes: Sequence[Node], *, name: str = "mason") -> str:
    """The nodes as a digraph in dot (https://graphviz.org/doc/info/lang.html)."""
    lines = [f"digraph {_dot_text(name)} {{", "    rankdir=LR;", "    node [shape=box];"]
    for node in nodes:
        lines.append(f"    {_dot_text(node.id)} [label={_dot_text(*_texts(node))}];")
    lines += [f"    {_dot_text(before)} -> {_dot_text(node.id)};" for node in nodes for before in node.after]
    return "\n".join([*lines, "}"])


def workflow_text(plan: WorkflowPlan, terminal: Terminal) -> str:
    """The dry run of a workflow: its picture, each step with its finished sentences in order, then the warnings."""
    config = f" with config {plan.config_id}" if plan.config_id else ""
    lines = [f"{title_of(plan.address)}{config} would:", ""]
    lines += [f"  {line}" for line in ascii_dag(nodes_of(plan.steps), _narrower(terminal)).split("\n")]
    lines += _deciding(plan)
    for step in plan.steps:
        lines += ["", *step_lines(step.told, terminal)]
    if plan.warnings:
        lines += ["", *(f"{terminal.style('Warning', 'yellow')}: {warning}" for warning in plan.warnings)]
    return "\n".join(lines)


def _deciding(plan: WorkflowPlan) -> list[str]:
    """Which classes are asked about which steps, a line for each."""
    deciding = {planned.address: planned for planned in plan.workflows.values() if planned.source is not None}
    lines = []
    for address, decider in deciding.items():
        places = [within for within, planned in plan.workflows.items() if planned.address == address]
        steps = f"Steps of {shortened(places)}" if any(places) else "Steps"
        lines.append(
            f"{steps} are decided by class {decider.class_name} (its step is asked before each step), "
            f"which {of_python(decider.is_promised)}."
        )
    return ["", *lines] if lines else []


def _narrower(terminal: Terminal) -> Terminal:
    return Terminal(terminal.color, max(terminal.width - 2, 1) if terminal.width else 0)


def step_lines(step: ShownStep, terminal: Terminal) -> Iterator[str]:
    """A step with its sentences."""
    yield f"{terminal.style(step.id, 'bold')}: {step_line(step)}"
    yield from sentence_lines(step, terminal)
    yield from check_lines(step.checks, terminal)


def step_line(step: ShownStep) -> str:
    """What a step runs and when: ``Operator job:get with config 1, after step_1, retry constant(5) up to 4 times``."""
    parts = [f"{title_of(step.address)} with config {step.config_id}"]
    if step.dependencies:
        rule = "" if step.trigger_rule == TRIGGER_RULES[0] else f" ({step.trigger_rule})"
        parts.append(f"after {shortened(step.dependencies)}{rule}")
    if step.retry:
        times = "" if step.retry_max is None else f" up to {step.retry_max} time{'' if step.retry_max == 1 else 's'}"
        parts.append(f"retry {step.retry}{times}")
    if step.timeout is not None:
        parts.append(f"timeout {step.timeout} s")
    if not step.wait:
        parts.append("without waiting for its jobs")
    return ", ".join(parts)


def workflow_json(plan: WorkflowPlan) -> dict[str, Any]:
    """The document that ``mason validate workflow --json`` prints."""
    return {
        "format_version": JSON_FORMAT,
        "address": plan.address,
        "config_id": plan.config_id,
        "schedule": plan.schedule,
        "schedule_name": plan.schedule_name,
        "steps": [_step_json(step) for step in plan.steps],
        "classes": [
            {
                "within": within,
                "address": planned.address,
                "class": planned.class_name,
                "promised_read_only": planned.is_promised,
            }
            for within, planned in plan.workflows.items()
            if planned.source is not None
        ],
        "left_out": list(plan.left_out),
        "warnings": list(plan.warnings),
        "read_only": plan.is_read_only,
    }


def _step_json(step: PlannedStep) -> dict[str, Any]:
    shown = dry_run_json(step.shown)
    del shown["format_version"]
    return {
        "id": step.id,
        "dependencies": list(step.dependencies),
        "trigger_rule": step.trigger_rule,
        "retry": step.retry,
        "retry_max": step.retry_max,
        "timeout": step.timeout,
        **({} if step.wait else {"wait": False}),
        "references": [{"text": each.text, "step": each.step, "path": list(each.path)} for each in step.references],
        **({"checks": checks_json(step.checks)} if step.checks else {}),
        **shown,
    }


# --- the picture ------------------------------------------------------------------------------------------------------


def _drawn(nodes: Sequence[Node]) -> list[str]:
    waited_for = Counter(before for node in nodes for before in node.after)
    left = dict(waited_for)
    rails: list[str | None] = []
    rows: list[tuple[str, Node | None]] = []
    for node in nodes:
        columns = [rails.index(before) for before in node.after]
        # The rail of a step goes on in the only one that waits for it; the leftmost, if several could.
        taken = min((column for column in columns if waited_for[rails[column] or ""] == 1), default=None)
        own = _free(rails, columns) if taken is None else taken
        if taken is not None:
            rows.append((_rail_row(rails, {taken: "v"}), None))
        joined = dict.fromkeys(columns, "+") | {own: "o"}
        rows.append((_rail_row(rails, joined, own=own, others=columns), node))
        for before in node.after:
            left[before] -= 1
        rails = [name if name and left[name] else None for name in rails]
        rails += [None] * (own + 1 - len(rails))
        rails[own] = node.id if waited_for[node.id] else None
    width = max((len(rail) for rail, node in rows if node), default=0)
    names = max((cells(node.id) for node in nodes), default=0)
    return [
        rail if node is None else f"{rail:<{width}}  {node.id}{' ' * (names - cells(node.id))}  {node.label}".rstrip()
        for rail, node in rows
    ]


def _free(rails: Sequence[str | None], columns: Sequence[int]) -> int:
    """The first column that is free, right of one that leads into it."""
    start = min(columns, default=-1) + 1
    return next((column for column in range(start, len(rails)) if rails[column] is None), max(len(rails), start))


def _rail_row(rails: Sequence[str | None], marks: dict[int, str], *, own: int = 0, others: Sequence[int] = ()) -> str:
    """One line of rails, three characters each: ``marks`` stand in their columns, ``others`` lead to ``own``."""
    row = ""
    first, last = min((own, *others)), max((own, *others))
    for column in range(max(len(rails), last + 1)):
        inside = first <= column < last
        crossing = "-" if first < column < last else " "
        row += marks.get(column) or ("|" if column < len(rails) and rails[column] else crossing)
        row += (
            ("--" if column + 1 != own and column != own else "->" if column + 1 == own else "<-") if inside else "  "
        )
    return row.rstrip()


def _listed(nodes: Sequence[Node]) -> Iterator[str]:
    levels: dict[str, int] = {}
    for node in nodes:
        levels[node.id] = max((levels[before] + 1 for before in node.after), default=0)
        after = f"  (after {shortened(node.after)})" if node.after else ""
        label = f"  {node.label}" if node.label else ""
        yield f"{'  ' * min(levels[node.id], _DEEPEST)}{node.id}{label}{after}"


def _texts(node: Node) -> list[str]:
    return [text for text in (node.id, node.label) if text]


def _mermaid_text(text: str) -> str:
    # Entities, with # in place of &: mermaid reads everything else between quotes as text, or as Markdown or HTML.
    return "".join(each if each.isalnum() or each in " _-.:,/()" else f"#{ord(each)};" for each in text)


def _dot_text(*lines: str) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for line in lines)
    return '"' + "\\n".join(escaped) + '"'
