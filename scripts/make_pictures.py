"""Draws what a terminal shows while Mason plans and runs, for the README: real output, in a model of a terminal.

``make pictures`` writes ``docs/pictures/*.svg``. Nothing in them is typed by hand but the commands.
"""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import pyte

ROOT = Path(__file__).resolve().parent.parent
_COLUMNS, _LINES = 132, 60
_WIDTH, _HEIGHT = 8.4, 18
# The colours of a terminal that is dark, by the names that the model gives them.
_COLOURS = {
    "default": "#d6deeb",
    "black": "#637777",
    "red": "#ef6b73",
    "green": "#9ccc65",
    "brown": "#e6c07b",
    "blue": "#82aaff",
    "magenta": "#c792ea",
    "cyan": "#7fdbca",
    "white": "#ffffff",
}
_REPORT = """\
type: workflow
namespace: flights
command: report
dag:
  - {id: register, namespace: table, command: infer}
  - {id: count, namespace: table, command: query, dependencies: [register]}
  - {id: delays, namespace: table, command: summarize, dependencies: [register]}
"""
_STEPS = """\
register: {parameters: {database_name: lake, table_name: flights, path: data/flights, overwrite: true}}
count:
  parameters:
    database_name: lake
    table_name: flights
    query_string: SELECT carrier, count(*) AS n FROM $table GROUP BY ALL
    output_path: carriers.csv
    overwrite: true
delays: {parameters: {database_name: lake, table_name: flights}}
"""
_RUN = """\
type: run
name: report
workflow: flights:report
config_id: "1"
inputs: [data/flights]
parameters:
"""


def main() -> None:
    """Draw all pictures."""
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = {**os.environ, "MASON_HOME": f"{scratch}/home", "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS)}
        home["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{home['PATH']}"
        subprocess.run(["mason", "init", "flights"], cwd=scratch, env=home, check=True, capture_output=True)
        project = Path(scratch, "flights")
        subprocess.run(["mason", "apply", "-y"], cwd=project, env=home, check=True, capture_output=True)
        run = _RUN + "".join(f"  {line}\n" for line in _STEPS.splitlines())
        made = {"workflows/flights/report/workflow.yaml": _REPORT, "run.yaml": run}
        for name, text in made.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text, "utf-8")
        operator = project / "operators" / "table" / "query" / "operator.yaml"
        operator.write_text(operator.read_text("utf-8").replace("default: 100", "default: 20"), "utf-8")
        (pictures / "plan.svg").write_text(_drawn("mason plan", project, home), "utf-8")
        subprocess.run(["mason", "apply", "-y", "-o"], cwd=project, env=home, check=True, capture_output=True)
        (project / "report.yaml").write_text(_STEPS, "utf-8")
        command = "mason run workflow flights report -f report.yaml -y"
        (pictures / "run.svg").write_text(_drawn(command, project, home), "utf-8")


def _drawn(command: str, folder: Path, environment: dict[str, str]) -> str:
    """The terminal after a command, as SVG."""
    screen = pyte.Screen(_COLUMNS, _LINES)
    screen.set_mode(pyte.modes.LNM)
    stream = pyte.ByteStream(screen)
    stream.feed(f"\x1b[36m$\x1b[0m {command}\r\n".encode())
    _run(shlex.split(command), folder, environment, stream)
    lines = [[screen.buffer[row][column] for column in range(_COLUMNS)] for row in range(_LINES)]
    while lines and not "".join(char.data for char in lines[-1]).strip():
        lines.pop()
    return _svg(lines)


def _run(command: list[str], folder: Path, environment: dict[str, str], stream: pyte.ByteStream) -> None:
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=child, stdout=child, stderr=child)
    os.close(child)
    try:
        while chunk := os.read(parent, 65536):
            stream.feed(chunk)
    except OSError:
        # Linux says so when the other side is closed.
        pass
    os.close(parent)
    if process.wait():
        raise SystemExit(f"{command} ended with {process.returncode}")


def _svg(lines: list[list[pyte.screens.Char]]) -> str:
    width, height = _COLUMNS * _WIDTH + 32, len(lines) * _HEIGHT + 32
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" font-size="14" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace">',
        f'<rect width="{width:g}" height="{height}" rx="8" fill="#0b2942"/>',
    ]
    for row, line in enumerate(lines):
        spans = "".join(_spans(line))
        if spans:
            parts.append(f'<text x="16" y="{30 + row * _HEIGHT}" style="white-space: pre">{spans}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _spans(line: list[pyte.screens.Char]) -> Iterator[str]:
    """The characters of a line, those of one colour together, each group at its own place: fonts differ in width."""
    placed = list(enumerate(line))
    for (colour, bold), group in groupby(placed, key=lambda each: (each[1].fg, each[1].bold)):
        held = list(group)
        text = "".join(char.data for _, char in held)
        if text.strip():
            weight = ' font-weight="bold"' if bold else ""
            fill = _COLOURS.get(colour.removeprefix("bright"), _COLOURS["default"])
            length = f'textLength="{len(text) * _WIDTH:g}" lengthAdjust="spacingAndGlyphs"'
            yield f'<tspan x="{16 + held[0][0] * _WIDTH:g}" {length} fill="{fill}"{weight}>{escape(text)}</tspan>'


if __name__ == "__main__":
    main()
