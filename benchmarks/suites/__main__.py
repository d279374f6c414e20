"""Reads the test files of other readers and prints one Markdown table: ``python -m benchmarks.suites FOLDER``, or
``make suites ARGS=FOLDER``.

FOLDER holds a folder for each suite, with its files as they are in its repository. Files of formats that Mason does
not read are left out and counted. The words are those of :mod:`judging`. Options: ``--json FILE`` keeps every verdict,
``--only WORD`` takes files with the word in their paths, ``--show WORDS`` prints the files of these verdicts,
``--timeout S`` and ``--processes N`` bound the work.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.run import machine
from benchmarks.suites.judging import WORDS, Verdict
from benchmarks.suites.pool import verdicts

SHOWN = "refused,unhelpful,wrong,lenient,unjudged,crashed,hung"


def table(found: Sequence[Verdict]) -> str:
    """A row for each suite, and one for all: how many files, how many of each verdict, the slowest, the most memory."""
    suites: dict[str, list[Verdict]] = {}
    for each in found:
        suites.setdefault(each.file.partition("/")[0], []).append(each)
    lines = [["suite", "files", *WORDS, "slowest s", "peak MB"], ["---", *["---:"] * (len(WORDS) + 3)]]
    for name, some in [*sorted(suites.items()), ("all", list(found))]:
        counts = Counter(each.word for each in some)
        lines.append(
            [
                name,
                f"{len(some):,}",
                *(f"{counts[word]:,}" for word in WORDS),
                f"{max((each.seconds for each in some), default=0):.1f}",
                f"{max((each.memory for each in some), default=0):.0f}",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def files_of(folder: Path, only: str) -> tuple[list[Path], int]:
    """The files below a folder that Mason reads, and how many there are of other formats."""
    from mason.clients._tables.formats import ending_of

    every = sorted(path for path in folder.rglob("*") if path.is_file() and only in path.as_posix())
    read = [path for path in every if ending_of(path.name).format]
    return read, len(every) - len(read)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.suites", description="Read other readers' test files.")
    parser.add_argument("folder", type=Path, help="holds a folder for each suite")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every verdict as JSON")
    parser.add_argument("--only", default="", metavar="WORD", help="only files with this in their paths")
    parser.add_argument("--show", default=SHOWN, metavar="WORDS", help=f"verdicts whose files are printed ({SHOWN})")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds that a file may take")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="how many files to read at a time")
    options = parser.parse_args(arguments)
    folder = options.folder.resolve()
    if not folder.is_dir():
        parser.error(f"{options.folder} is no folder. Name one that holds a folder for each suite.")
    files, others = files_of(folder, options.only)
    found = verdicts(folder, files, timeout=options.timeout, processes=options.processes)
    for each in found:
        if each.word in options.show.split(","):
            print(f"{each.word} {each.file}: {each.why}", file=sys.stderr)
    about = machine()
    print("{date}, Mason {mason}, Python {python}, {system}, {cores} cores".format_map(about))
    print(f"{others:,} files of formats that Mason does not read were left out\n")
    print(table(found))
    if options.json is not None:
        document = {"machine": about, "left_out": others, "verdicts": [asdict(each) for each in found]}
        options.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
