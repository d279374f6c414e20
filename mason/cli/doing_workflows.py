"""A run of a workflow that was confirmed, told while it goes on: by lines, by JSON, or as a tree that grows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mason.cli.ctrl_c import two_step_interrupt
from mason.cli.invocation import Invocation, unwritable
from mason.cli.shared import Heard, kept_stdout, print_to, progress, show, tell
from mason.errors import CancelledError
from mason.render.terminal import Terminal, redraws
from mason.secrets import scrub_all

if TYPE_CHECKING:
    from mason.engines.progress import Progress
    from mason.render.live import LiveTree
    from mason.runtime.prepared_run import PreparedRun, RunEnd


def do_workflow(
    invocation: Invocation, prepared: PreparedRun, execute: Callable[..., RunEnd], parallelism: int | None
) -> int:
    """Have ``execute`` do a run that was confirmed, telling its events as they happen. Returns the exit code."""
    import os

    from mason.render import run_history
    from mason.runtime.workers import Control

    terminal = progress(invocation)
    control = invocation.session.own(Control)
    # Steps may print, and stdout leads elsewhere while they do.
    with kept_stdout() as stdout:
        heard = Heard()
        tree: LiveTree | None = None

        def told(event: Mapping[str, Any]) -> None:
            with heard:
                if invocation.json and heard.unheard is None:
                    print_to(stdout, json.dumps(scrub_all(event), ensure_ascii=False))
                elif tree is not None:
                    tree.tell(event)
                elif not invocation.json and (line := run_history.event_line(event, terminal)):
                    tell(line)

        def watched(step: str, progress: Progress) -> None:
            if tree is not None:
                tree.watch(step, progress)

        @contextmanager
        def calling() -> Iterator[None]:
            nonlocal tree
            with _growing(invocation, prepared) as tree, two_step_interrupt(control):
                yield

        end = execute(
            parallelism=parallelism or os.cpu_count() or 1,
            tell=told,
            control=control,
            watch=watched if _is_live(invocation) else None,
            calling=calling,
        )
    invocation.left_behind = control.lost > 0
    if not invocation.json:
        show(run_history.end_line(end.run_id, end.record))
    elif heard.unheard is not None:
        raise heard.unheard if isinstance(heard.unheard, BrokenPipeError) else unwritable(heard.unheard)
    if end.warnings:
        tell(f"Warning: {' '.join(end.warnings)}")
    if end.failure is not None:
        tell(f"Error: {end.failure}")
        return end.failure.exit_code
    return {"succeeded": 0, "failed": 1}.get(end.status, CancelledError.exit_code)


def _is_live(invocation: Invocation) -> bool:
    """Whether the run is shown as a tree. Log lines go to the stream directly, and would be written into it."""
    return not invocation.json and invocation.log_level not in ("info", "debug") and redraws(sys.stderr)


@contextmanager
def _growing(invocation: Invocation, prepared: PreparedRun) -> Iterator[LiveTree | None]:
    """Within it, the run is shown as a tree that changes in place, where people look on at a terminal."""
    if not _is_live(invocation):
        yield None
        return
    stream = sys.stderr
    from mason.render.live import growing
    from mason.render.tree import Tree

    tree = Tree(prepared.plan, prepared.done or {})
    tell("")
    with growing(stream, lambda: Terminal.of(stream, no_color=invocation.no_color), tree) as grown:
        yield grown
