"""Measures all workloads in one run and prints one Markdown table: ``python -m benchmarks.run``, or ``make bench``.

Columns: the work; seconds of Mason and of its floor (medians of whole processes, Mason and floor by turns, after one
unmeasured run of each); their ratio; the goal for it and whether it was met; the most memory that Mason's process
held; then each peer that is installed. Seconds depend on the machine, ratios hardly: quote the ratios.

Options: ``--full`` takes 15 million rows, ``--json FILE`` keeps the numbers, ``--only WORD`` measures only the groups
whose names hold the word (start, plan 100, plan 1000, plan 10000, table), ``--runs N`` sets how many runs are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.workloads import Command, Work, environment, groups
from mason import __version__

# Work that takes longer than this many seconds is steadier, and measured three times only.
LONG = 5.0


@dataclass(frozen=True)
class Sample:
    """One process: seconds it took, and the most memory that it held (MB)."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Result:
    """Medians of one work. ``ratio`` is Mason's seconds by the floor's, ``memory`` Mason's peak in MB."""

    name: str
    mason: float
    floor: float
    ratio: float
    goal: float | None
    memory: float
    memory_goal: int | None
    met: bool | None
    peers: dict[str, float] = field(default_factory=dict)


def run(command: Command, work: Work) -> Sample:
    """One process from start to end. Exits with what it said when it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=work.folder, env=environment(work.home), stdout=out, stderr=errors)
        # wait4 and not wait: only it tells the memory of this one process.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"{work.name}: {' '.join(command)} failed:\n{errors.read().decode()}")
        if work.clocked:
            out.seek(0)
            seconds = float(out.read().split()[-1])
    unit = 1 if sys.platform == "darwin" else 1024
    return Sample(seconds, usage.ru_maxrss * unit / 1e6)


def run_mason(work: Work) -> Sample:
    if work.forget is not None:
        shutil.rmtree(work.forget, ignore_errors=True)
    return run(work.mason, work)


def measure(work: Work, runs: int) -> Result:
    """The medians of ``runs`` rounds (at most three for long work)."""
    warm = run_mason(work)
    run(work.floor, work)
    rounds = range(min(runs, 3) if warm.seconds > LONG else runs)
    pairs = [(run_mason(work), run(work.floor, work)) for _ in rounds]
    mason = statistics.median(sample.seconds for sample, _ in pairs)
    floor = statistics.median(sample.seconds for _, sample in pairs)
    memory = max(sample.memory for sample, _ in pairs)
    goals = [mason <= work.goal * floor] if work.goal is not None else []
    goals += [memory <= work.memory] if work.memory is not None else []
    return Result(
        name=work.name,
        mason=mason,
        floor=floor,
        ratio=mason / floor,
        goal=work.goal,
        memory=memory,
        memory_goal=work.memory,
        met=all(goals) if goals else None,
        peers={
            name: statistics.median(run(command, work).seconds for _ in rounds) for name, command in work.peers.items()
        },
    )


def table(results: Sequence[Result]) -> str:
    """The results as a Markdown table, a column for each peer that answered at all."""
    peers = sorted({name for result in results for name in result.peers})
    lines = [
        ["work", "Mason s", "floor s", "ratio", "goal", "met", "peak MB", *(f"{name} s" for name in peers)],
        ["---", *["---:"] * (6 + len(peers))],
    ]
    for result in results:
        goals = [f"≤ {result.goal:g}"] if result.goal is not None else []
        goals += [f"≤ {result.memory_goal} MB"] if result.memory_goal is not None else []
        lines.append(
            [
                result.name,
                f"{result.mason:.3f}",
                f"{result.floor:.3f}",
                f"{result.ratio:.2f}",
                ", ".join(goals),
                {True: "yes", False: "no", None: ""}[result.met],
                f"{result.memory:.0f}",
                *(f"{result.peers[name]:.3f}" if name in result.peers else "" for name in peers),
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> dict[str, str | int]:
    """What the numbers were measured on, and when."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "mason": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 0,
    }


def chosen(place: Path, only: str, *, full: bool) -> Iterable[Work]:
    """The works to measure; what a group needs is made just before, and removed after it."""
    for name, group in groups(full=full):
        if only in name:
            folder = place / name.replace(" ", "-")
            folder.mkdir()
            yield from group(folder)
            shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description="Measure Mason against its floors.")
    parser.add_argument("--full", action="store_true", help="tables of 15 million rows instead of 1.5 million")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers as JSON")
    parser.add_argument("--only", default="", metavar="WORD", help="only the groups with this in their names")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how many runs to take the median of")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as place:
        for work in chosen(Path(place), options.only, full=options.full):
            print(f"measuring {work.name} ...", file=sys.stderr)
            results.append(measure(work, options.runs))
    about = machine()
    print("{date}, Mason {mason}, Python {python}, {system}, {cores} cores\n".format_map(about))
    print(table(results))
    if options.json is not None:
        document = {"machine": about, "results": [asdict(result) for result in results]}
        options.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
