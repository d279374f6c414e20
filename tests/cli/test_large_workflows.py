"""Workflows of thousands of steps, one after another or side by side: no recursion, and memory that stays small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = 5_000
# Megabytes that a process may hold at most. One that loads as much and does nothing holds about thirty.
MEMORY = 100
CONFIG = 'type: config\nid: "1"\nmetastore_clients: [memory]\n'
NOOP = "type: operator\nnamespace: no\ncommand: op\ndo:\n  - metastore.list_databases: {}\n"


def dag(after):
    lines = ["type: workflow\nnamespace: no\ncommand: all\ndag:"]
    for number in range(STEPS):
        dependencies = f", dependencies: [{after(number)}]" if number else ""
        lines.append(f"  - {{id: s{number}, namespace: no, command: op{dependencies}}}")
    return "\n".join(lines) + "\n"


# Runs the command line as the console script does, and leaves in a file how many kilobytes it held at most. What the
# system tells of a child begins with what its parent held.
MEASURED = """
import sys
target = sys.argv.pop(1)
from mason.cli import main
try:
    main()
finally:
    with open("/proc/self/status") as status, open(target, "w") as file:
        file.write(next(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


def measured(folder, *arguments):
    """The lines that a command prints on stdout; fails where it does, or holds too much."""
    if Path("/proc/self/status").exists():
        peak = folder.parent / "peak"
        command = [sys.executable, "-c", MEASURED, str(peak), *arguments]
    else:
        peak = None
        command = [sys.executable, "-m", "mason", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert peak is None or int(peak.read_text()) * 1024 < MEMORY * 1e6
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["chain", "fan"])
def test_thousands_of_steps(mason, folder, shape):
    after = {"chain": lambda number: f"s{number - 1}", "fan": lambda number: "s0"}[shape]
    (folder / "mason.yaml").write_text("name: large\nstate: state\n")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "noop.yaml").write_text(NOOP)
    (folder / "all.yaml").write_text(dag(after))
    assert mason("apply", "-y").code == 0
    last = f"s{STEPS - 1}"
    shown = measured(folder, "validate", "workflow", "no", "all")
    assert shown[-4:] == [
        f"{last}: Operator no:op with config 1, after {after(STEPS - 1)}",
        "  1. for memory as metastore do list_databases()  [read-only]",
        "",
        "Valid: workflow no:all can run.",
    ]
    drawn = measured(folder, "graph", "workflow", "no", "all")
    assert len(drawn) == STEPS
    assert drawn[-1].strip() == f"{last}  no:op  (after {after(STEPS - 1)})"
    for form in ("mermaid", "dot"):
        assert len(measured(folder, "graph", "workflow", "no", "all", "--format", form)) >= 2 * STEPS - 1
    (ended,) = measured(folder, "run", "workflow", "no", "all")
    assert ended.endswith(f" succeeded: {STEPS} succeeded.")
    (run,) = mason("runs", "list", "--json").json["runs"]
    assert len(run["steps"]) == STEPS
    assert len(measured(folder, "runs", "logs", run["run_id"])) == 2 * STEPS
