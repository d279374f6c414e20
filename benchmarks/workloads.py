"""What is measured: each piece of work as Mason's command, the floor's command and the goal.

A group makes what its works need (projects, states, data) in the folder that it is given, then yields them. Mason is
used through its command line only. Goals are ratios of Mason's time to the floor's in the same run.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
MASON = (str(Path(sys.executable).parent / "mason"),)
FLIGHTS = HERE.parent / "examples" / "data" / "flights" / "*.csv.gz"
QUERY = (
    "SELECT carrier, count(*) AS flights, avg(dep_delay) AS delay FROM $table "
    "WHERE distance > 1000 GROUP BY carrier ORDER BY flights DESC"
)

Command = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Work:
    """One line of the table.

    ``folder`` is where the commands run, with ``home`` as Mason's home. ``goal`` is a ratio and ``memory`` MB, each
    ``None`` where nobody set one. ``forget`` is removed before each run of Mason, unmeasured. The commands of
    ``clocked`` work print their own seconds as the last line.
    """

    name: str
    mason: Command
    floor: Command
    folder: Path
    home: Path
    goal: float | None = None
    memory: int | None = None
    forget: Path | None = None
    clocked: bool = False
    peers: dict[str, Command] = field(default_factory=dict)


def floor(name: str, *arguments: str | Path) -> Command:
    return (sys.executable, str(HERE / "floors.py"), name, *map(str, arguments))


def environment(home: Path) -> dict[str, str]:
    """The caller's environment, but with its own Mason home and no state from elsewhere.

    Bytecode is kept between runs, as it is in any installed package, even where the caller switched that off.
    """
    kept = {key: value for key, value in os.environ.items() if key not in ("MASON_STATE", "PYTHONDONTWRITEBYTECODE")}
    return kept | {"MASON_HOME": str(home), "NO_COLOR": "1"}


def prepare(command: Command, folder: Path, home: Path) -> None:
    """Run a command that is not measured. Raises ``CalledProcessError``, its message on stderr."""
    subprocess.run(command, cwd=folder, env=environment(home), check=True, stdout=subprocess.DEVNULL)


# --- starting ---------------------------------------------------------------------------------------------------------


def starts(place: Path) -> Iterator[Work]:
    """What every command pays."""
    least = (sys.executable, "-c", "import click, yaml")
    home = place / "home"
    folder = make_project(place / "project", 22)
    yield Work(name="--help", mason=(*MASON, "--help"), floor=least, goal=1.3, folder=folder, home=home)
    prepare((*MASON, "apply", "-y"), folder, home)
    yield Work(name="get, 22 resources", mason=(*MASON, "get"), floor=least, goal=2, folder=folder, home=home)


# --- planning ---------------------------------------------------------------------------------------------------------

CONFIG = """\
type: config
id: "1"
metastore_clients: [local]
storage_clients: [local]
execution_clients: [local]
clients:
  local:
    configuration: {warehouse: ./warehouse}
"""
OPERATOR = """\
type: operator
namespace: space_{space}
command: query_{number}
description: Query number {number} of the benchmark
parameters:
  required: [database_name, table_name]
  optional:
    - {{name: limit, type: integer, default: {number}, description: rows to show}}
supported_configurations:
  - {{metastore: local, execution: local}}
do:
  - metastore.get_table: {{database: "{{{{database_name}}}}", table: "{{{{table_name}}}}"}}
    as: table
  - execution.query: {{table: "{{{{table}}}}", sql: "SELECT {number} FROM $table", limit: "{{{{limit}}}}"}}
"""


def make_project(folder: Path, resources: int) -> Path:
    """A project of that many resources, one a file, a hundred files a folder."""
    for number in range(1, resources):
        file = folder / "operators" / f"space_{number // 100}" / f"query_{number}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(OPERATOR.format(space=number // 100, number=number))
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "mason.yaml").write_text("name: benchmark\n")
    return folder


def plans(place: Path, resources: int) -> Iterator[Work]:
    """The first plan, and plans without a change; then the state of that many resources."""
    folder = make_project(place / "project", resources)
    new, applied = place / "new", place / "applied"
    cache = place / "floor.json"
    size = f"{resources:,} resources"
    large = resources == 10_000
    at_most = 200 if large else None
    yield Work(
        name=f"first plan, {size}",
        mason=(*MASON, "plan"),
        floor=floor("first", folder, cache),
        goal=2 if large else None,
        forget=new / "cache",
        folder=folder,
        home=new,
    )
    prepare(floor("first", folder, cache), folder, new)
    prepare((*MASON, "apply", "-y"), folder, applied)
    unchanged = floor("unchanged", folder, cache)
    yield Work(
        name=f"plan without a change, {size}",
        mason=(*MASON, "plan"),
        floor=unchanged,
        goal={1_000: 2.5, 10_000: 2}.get(resources),
        memory=at_most,
        folder=folder,
        home=applied,
    )
    # The same floor, which trusts sizes and times: what hashing costs beyond it is part of the ratio.
    yield Work(
        name=f"plan --strict, {size}",
        mason=(*MASON, "plan", "--strict"),
        floor=unchanged,
        goal=3 if large else None,
        memory=at_most,
        folder=folder,
        home=applied,
    )
    if large:
        yield from states(folder, applied)


def states(folder: Path, home: Path) -> Iterator[Work]:
    """Reading and writing the state that was applied from ``folder``."""
    clocked = (sys.executable, str(HERE / "clocked.py"))
    for verb, name in (("look", "state read for its digests"), ("read", "state read whole"), ("write", "state write")):
        yield Work(
            name=f"{name}, 10,000 resources",
            mason=(*clocked, f"mason_{verb}", str(home)),
            floor=(*clocked, f"floor_{verb}", str(home)),
            goal=2,
            clocked=True,
            folder=folder,
            home=home,
        )


# --- tables -----------------------------------------------------------------------------------------------------------

MAKE_TABLES = """
import duckdb, sys
flights, times, folder = sys.argv[1:]
duckdb.sql(f"CREATE TABLE made AS SELECT f.* REPLACE (year + copy AS year) FROM '{flights}' f, range({times}) c(copy)")
duckdb.sql(f"COPY made TO '{folder}/csv/flights.csv'")
duckdb.sql(f"COPY made TO '{folder}/parquet/flights.parquet'")
"""
ROWS_OF_FLIGHTS = 195_583


def tables(place: Path, times: int) -> Iterator[Work]:
    """The standard operators on the sample flights, repeated ``times`` times (each copy a year later)."""
    home, folder = place / "home", place / "project"
    prepare((*MASON, "init", str(folder)), place, home)
    prepare((*MASON, "apply", "-y"), folder, home)
    for form in ("csv", "parquet"):
        (folder / form).mkdir()
    prepare((sys.executable, "-c", MAKE_TABLES, str(FLIGHTS), str(times), str(folder)), folder, home)
    rows = f"{ROWS_OF_FLIGHTS * times / 1e6:.1f}M rows"
    for operator, goal, memory, given in (
        ("get", 1.3, None, ()),
        ("query", 1.1, None, (QUERY,)),
        ("summarize", 0.8, 1024, ()),
    ):
        for form in ("csv", "parquet"):
            path = folder / form / f"flights.{form}"
            name = "get_table" if operator == "get" else operator
            parameters = ("-p", f"database_name:{form},table_name:flights")
            yield Work(
                name=f"table {operator}, {form}, {rows}",
                mason=(
                    *(*MASON, "run", "operator", "table", operator, *parameters),
                    *(word for sql in given for word in ("-p", f'query_string:"{sql}"')),
                ),
                floor=floor(name, path, *given),
                goal=goal,
                memory=memory,
                folder=folder,
                home=home,
                peers=peers(name, path),
            )


def peers(work: str, path: Path) -> dict[str, Command]:
    """The commands of those peers that are installed beside Mason."""
    return {
        name: (sys.executable, str(HERE / "peers.py"), f"{name}_{work}", str(path))
        for name in ("pandas", "polars")
        if importlib.util.find_spec(name)
    }


def groups(*, full: bool) -> list[tuple[str, Callable[[Path], Iterator[Work]]]]:
    """All groups in the order of the table; ``full`` takes fifteen million rows instead of one and a half."""
    return [
        ("start", starts),
        ("plan 100", lambda place: plans(place, 100)),
        ("plan 1000", lambda place: plans(place, 1_000)),
        ("plan 10000", lambda place: plans(place, 10_000)),
        ("table", lambda place: tables(place, 77 if full else 8)),
    ]
