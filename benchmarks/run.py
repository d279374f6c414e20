"""Measures all workloads in one run and prints one Markdown table: ``python -m benchmarks.run``, or ``make bench``.

Columns: the work; seconds of Mason and of its floor (medians of whole processes, Mason and floor by turns, after one
unmeasured run of each); their ratio; the goal for it and whether it was met; the most memory that Mason's process
held; then the seconds of each peer that is installed. Seconds depend on the machine, ratios hardly: quote the ratios.
Where tables are written, the rows that Mason and its floor wrote are compared before anything is measured.

Options: ``--full`` takes 15 million rows, ``--json FILE`` keeps the numbers, ``--only WORD`` measures only groups
whose names hold it (start, plan 40, plan 1000, plan 10000, team, dag, table, files, objects, sheet, spark, dask),
``--runs N`` sets how many runs are measured, ``--peers PYTHON`` names a Python that has peers (pandas with pyarrow,
polars, Faker; dagster, luigi, prefect), if it is not Mason's. It may be repeated: not all of them go into one
environment.
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
from typing import Any

from benchmarks.workloads import Command, Peers, Work, environment, groups
from mason.version import __version__

# Work that takes longer than this many seconds is steadier, and measured three times only.
LONG = 5.0
# What takes longer than this is measured once.
VERY_LONG = 60.0


@dataclass(frozen=True)
class Sample:
    """One process: seconds it took, and the most memory that it held (MB)."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Result:
    """Medians of one work. ``ratio`` is Mason's seconds by the floor's, ``memory`` Mason's peak in MB.

    ``goal`` is for the ratio, ``seconds_goal`` for Mason's seconds."""

    name: str
    mason: float
    floor: float | None
    ratio: float | None
    goal: float | None
    memory: float
    memory_goal: int | None
    met: bool | None
    peers: dict[str, float | None] = field(default_factory=dict)
    seconds_goal: float | None = None


class Failed(Exception):
    """A process failed; the message holds what it said."""


def run(who: str, command: Command, work: Work) -> Sample:
    """One process from start to end, without what ``who`` made before. Raises :class:`Failed`."""
    if who in work.made:
        remove(work.made[who])
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        variables = {**environment(work.home), **work.variables}
        process = subprocess.Popen(command, cwd=work.folder, env=variables, stdout=out, stderr=errors)
        # wait4 and not wait: only it tells the memory of this one process.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise Failed(f"{work.name}: {' '.join(command)} failed:\n{errors.read().decode()}")
        if work.clocked:
            out.seek(0)
            seconds = float(out.read().split()[-1])
    unit = 1 if sys.platform == "darwin" else 1024
    return Sample(seconds, usage.ru_maxrss * unit / 1e6)


def remove(path: Path) -> None:
    """Remove a file or folder that may be there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def check_same(work: Work) -> None:
    """Exits when Mason did not write the same rows as the floor: as many, with the same sum of hashes, in any order."""
    if work.same:
        mason, wanted = (rows_made(work.made[who], work.same) for who in ("mason", "floor"))
        if mason != wanted:
            sys.exit(f"{work.name}: Mason wrote {mason[0]} rows, the floor {wanted[0]}, and they are not the same.")


def rows_made(path: Path, columns: str) -> tuple[Any, ...]:
    """How many rows were written to ``path``, the sum of the hashes of ``columns``, and their names and types."""
    import duckdb

    select = f"SELECT {columns} FROM read_parquet('{path / '**/*.parquet' if path.is_dir() else path}')"
    with duckdb.connect() as connection:
        schema = connection.execute(f"DESCRIBE {select}").fetchall()
        row = connection.execute(f"SELECT count(*), sum(hash(*COLUMNS(*))) FROM ({select})").fetchone()
    assert row is not None
    return (*row, schema)


def measure_peer(name: str, work: Work, runs: int) -> float | None:
    """The median of ``runs``; ``None`` when it fails, as one does that runs out of memory. Exits when it did not write
    as many rows as Mason."""
    try:
        samples = [run(name, work.peers[name], work)]
    except Failed as error:
        print(error, file=sys.stderr)
        return None
    if work.same:
        mason, peer = (rows_made(work.made[who], work.same)[0] for who in ("mason", name))
        if mason != peer:
            sys.exit(f"{work.name}: {name} wrote {peer} rows, Mason {mason}.")
    if samples[0].seconds <= VERY_LONG:
        samples += [run(name, work.peers[name], work) for _ in range(1, runs)]
    return statistics.median(sample.seconds for sample in samples)


def measure(work: Work, runs: int) -> Result:
    """The medians of ``runs`` rounds (fewer for long work); what was made is removed at the end."""
    warm = run("mason", work.mason, work)
    longest = warm.seconds
    if work.floor is not None:
        longest = max(longest, run("floor", work.floor, work).seconds)
    check_same(work)
    runs = 1 if longest > VERY_LONG else min(runs, 3) if longest > LONG else runs
    masons, floors = [], []
    for _ in range(runs):
        masons.append(run("mason", work.mason, work))
        if work.floor is not None:
            floors.append(run("floor", work.floor, work).seconds)
    mason = statistics.median(sample.seconds for sample in masons)
    floor = statistics.median(floors) if floors else None
    memory = max(sample.memory for sample in masons)
    goals = [mason <= work.goal * floor] if work.goal is not None and floor is not None else []
    goals += [mason <= work.seconds] if work.seconds is not None else []
    goals += [memory <= work.memory] if work.memory is not None else []
    result = Result(
        name=work.name,
        mason=mason,
        floor=floor,
        ratio=None if floor is None else mason / floor,
        goal=work.goal,
        memory=memory,
        memory_goal=work.memory,
        met=all(goals) if goals else None,
        peers={name: measure_peer(name, work, runs) for name in work.peers},
        seconds_goal=work.seconds,
    )
    for path in work.made.values():
        remove(path)
    return result


def table(results: Sequence[Result]) -> str:
    """The results as a Markdown table, with a column for peers where one answered at all."""
    peers = ["peers s"] if any(result.peers for result in results) else []
    lines = [
        ["work", "Mason s", "floor s", "ratio", "goal", "met", "peak MB", *peers],
        ["---", *["---:"] * (6 + len(peers))],
    ]
    for result in results:
        goals = [f"≤ {result.goal:g}"] if result.goal is not None else []
        goals += [f"≤ {result.seconds_goal:g} s"] if result.seconds_goal is not None else []
        goals += [f"≤ {result.memory_goal} MB"] if result.memory_goal is not None else []
        lines.append(
            [
                result.name,
                f"{result.mason:.3f}",
                "" if result.floor is None else f"{result.floor:.3f}",
                "" if result.ratio is None else f"{result.ratio:.2f}",
                ", ".join(goals),
                {True: "yes", False: "no", None: ""}[result.met],
                f"{result.memory:.0f}",
                *(", ".join(f"{name} {_peer(seconds)}" for name, seconds in result.peers.items()) for _ in peers),
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _peer(seconds: float | None) -> str:
    return "failed" if seconds is None else f"{seconds:.2f}"


def machine() -> dict[str, str | int]:
    """What the numbers were measured on, and when."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "mason": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 0,
    }


def chosen(place: Path, only: str, peers: Peers, *, full: bool) -> Iterable[Work]:
    """The works to measure; what a group needs is made just before, and removed after it."""
    for name, group in groups(peers, full=full):
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
    parser.add_argument("--peers", action="append", metavar="PYTHON", help="where peers are; may be repeated")
    options = parser.parse_args()
    try:
        peers = Peers.of(*(options.peers or [sys.executable]))
    except (OSError, subprocess.CalledProcessError) as error:
        parser.error(f"--peers must be a Python, such as /tmp/peers/bin/python: {error}")
    results = []
    with tempfile.TemporaryDirectory() as place:
        for work in chosen(Path(place), options.only, peers, full=options.full):
            print(f"measuring {work.name} ...", file=sys.stderr)
            try:
                results.append(measure(work, options.runs))
            except Failed as error:
                sys.exit(str(error))
    about = machine()
    print("{date}, Mason {mason}, Python {python}, {system}, {cores} cores\n".format_map(about))
    print(table(results))
    if options.json is not None:
        document = {"machine": about, "results": [asdict(result) for result in results]}
        options.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
