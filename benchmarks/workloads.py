"""What is measured: each piece of work as Mason's command, the floor's command and the goal.

A group makes what its works need (projects, states, data) in the folder that it is given, then yields them. Mason is
used through its command line only. Goals are ratios of Mason's time to the floor's in the same run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import benchmarks.peers
from mason.caches import RACY_NS
from tests import servers, spark_servers
from tests.clients.listing_stub import bucket_of

HERE = Path(__file__).parent
MASON = (str(Path(sys.executable).parent / "mason"),)
PEERS = ("dask", "faker", "pandas", "polars")
WALKERS = ("dagster", "luigi", "prefect")
FLIGHTS = HERE.parent / "examples" / "data" / "flights" / "*.csv.gz"
QUERY = (
    "SELECT carrier, count(*) AS flights, avg(dep_delay) AS delay FROM $table "
    "WHERE distance > 1000 GROUP BY carrier ORDER BY flights DESC"
)

Command = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Work:
    """One line of the table.

    ``folder`` is where the commands run, with ``home`` as Mason's home. ``goal`` is a ratio, ``seconds`` what Mason may
    take and ``memory`` MB, each ``None`` where nobody set one; ``floor`` is ``None`` where there is none to compare
    with. ``made`` is what a command (mason, floor, or a peer by name) leaves behind: it is removed before each run of
    that command, unmeasured, so that each run does the whole work. ``same`` are the columns, as SQL, in which Mason and
    the floor must have made equal rows; with it, peers must have made as many. The commands of ``clocked`` work print
    their own seconds as the last line. ``variables`` are added to the environment of the commands.
    """

    name: str
    mason: Command
    floor: Command | None
    folder: Path
    home: Path
    goal: float | None = None
    seconds: float | None = None
    memory: int | None = None
    made: dict[str, Path] = field(default_factory=dict)
    same: str = ""
    clocked: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
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
        made={"mason": new / "cache"},
        folder=folder,
        home=new,
    )
    prepare(floor("first", folder, cache), folder, new)
    prepare((*MASON, "apply", "-y"), folder, applied)
    # Of this one the person's own folder tells how far the state has come.
    prepare((*MASON, "plan"), folder, applied)
    # Before that, files are too young for any cache to trust their times.
    time.sleep(RACY_NS / 1e9)
    prepare((*MASON, "plan"), folder, applied)
    unchanged = floor("unchanged", folder, cache)
    yield Work(
        name=f"plan without a change, {size}",
        mason=(*MASON, "plan"),
        floor=unchanged,
        goal=0.5,
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


# --- teams ------------------------------------------------------------------------------------------------------------


def teams(place: Path) -> Iterator[Work]:
    """The state in a bucket of moto's server, which runs as long as the group is measured.

    Most of such a time is the server's and the way there; what Mason adds is boto3's signing, a thread and a clock.
    """
    for name in ("moto", "lock"):
        (place / name).mkdir()
    with servers.moto_server(place / "moto") as server:
        server.make_bucket()
        clocked = (sys.executable, str(HERE / "clocked.py"))
        where = (str(place / "lock"), server.endpoint, servers.BUCKET)
        yield Work(
            name="lock on S3, take and release",
            mason=(*clocked, "mason_lock", *where),
            floor=(*clocked, "floor_lock", *where),
            goal=2.5,
            clocked=True,
            folder=place / "lock",
            home=place / "home",
            variables=servers.AWS_ENVIRONMENT,
        )


# --- workflows --------------------------------------------------------------------------------------------------------

ALL_MEMORY = """\
type: config
id: "1"
metastore_clients: [memory]
clients:
  memory:
    configuration: {}
"""
NOTHING = """\
type: operator
namespace: benchmark
command: nothing
do:
  - metastore.list_databases: {}
"""
ANSWER = """\
type: operator
namespace: benchmark
command: answer
"""
ANSWER_CLASS = """\
import mason


class BenchmarkAnswer(mason.Operator):
    def run(self, ctx):
        return {"answer": 42}
"""
SECONDS_A_STEP = 150e-6


def dags(place: Path, peers: Peers) -> Iterator[Work]:
    """Workflows whose steps do next to nothing: what is measured is Mason itself.

    A step is a ``do:`` operator with one sentence, said to the client ``memory``, which answers at once: bound, checked
    and journalled like every other one. A chain has one step after another; in a fan all wait for the first one. The
    Python chain has steps whose class returns a mapping, and calls no engine.
    """
    home, folder = place / "home", place / "project"
    (folder / "answer").mkdir(parents=True)
    for name, text in {
        "mason.yaml": "name: benchmark\n",
        "config.yaml": ALL_MEMORY,
        "nothing.yaml": NOTHING,
        "answer/operator.yaml": ANSWER,
        "answer/__init__.py": ANSWER_CLASS,
    }.items():
        (folder / name).write_text(text)
    for shape, steps in (("chain", 1), ("chain", 1_000), ("fan", 1_000), ("python", 1_000), ("chain", 10_000)):
        (folder / f"{shape}_{steps}.yaml").write_text(dag(shape, steps))
    prepare((*MASON, "apply", "-y"), folder, home)
    yield Work(
        name="run workflow of one step, beside get",
        mason=(*MASON, "run", "workflow", "benchmark", "chain_1", "-y"),
        floor=(*MASON, "get"),
        goal=1.5,
        folder=folder,
        home=home,
    )
    clocked = (sys.executable, str(HERE / "clocked.py"))
    for shape, steps in (("chain", 1_000), ("fan", 1_000), ("python", 1_000), ("chain", 10_000)):
        named = "chain of {:,} Python steps" if shape == "python" else f"{shape} of {{:,}} steps"
        yield Work(
            name=f"{named.format(steps)}, execution",
            mason=(*clocked, "mason_dag", str(folder), shape, str(steps)),
            floor=(*clocked, "floor_dag", str(folder), shape, str(steps)),
            seconds=steps * SECONDS_A_STEP,
            memory=100,
            clocked=True,
            folder=folder,
            home=home,
            peers=peers.commands("dag", dict.fromkeys(WALKERS, (shape, steps)))
            if steps == 1_000 and shape != "python"
            else {},
        )


def dag(shape: str, steps: int) -> str:
    """A workflow of that many steps, as YAML."""
    operator = "answer" if shape == "python" else "nothing"
    lines = [f"type: workflow\nnamespace: benchmark\ncommand: {shape}_{steps}\ndag:"]
    for number in range(steps):
        after = "s0" if shape == "fan" else f"s{number - 1}"
        dependencies = f", dependencies: [{after}]" if number else ""
        lines.append(f"  - {{id: s{number}, namespace: benchmark, command: {operator}{dependencies}}}")
    return "\n".join(lines) + "\n"


# --- tables -----------------------------------------------------------------------------------------------------------

MAKE_TABLES = """
import duckdb, sys
flights, times, folder, files = sys.argv[1:]
duckdb.sql(f"CREATE TABLE made AS SELECT f.* REPLACE (year + copy AS year) FROM '{flights}' f, range({times}) c(copy)")
duckdb.sql(f"COPY made TO '{folder}/csv/flights.csv'")
duckdb.sql(f"COPY made TO '{folder}/parquet/flights.parquet'")
drifted = ["*", "* EXCLUDE (tailnum)", "* REPLACE (distance::DOUBLE AS distance)", "*, 'x' || day AS extra"]
for file in range(int(files)):
    rows = f"SELECT {drifted[file % len(drifted)]} FROM made WHERE (year + 31 * month + day) % {files} = {file}"
    duckdb.sql(f"COPY ({rows}) TO '{folder}/drift/parts/{file:02}.parquet'")
"""
ROWS_OF_FLIGHTS = 195_583
DRIFTED_FILES = 20
# An aircraft leaves once at a time, or so one would think: two rows of a thousand are duplicates, some with no tailnum.
KEYS = ("year", "month", "day", "tailnum", "sched_dep_time")
MADE_UP_ROWS = 1_000_000
MADE_UP = {"id": "BIGINT", "name": "VARCHAR", "email": "VARCHAR", "city": "VARCHAR", "born": "DATE"}


def tables(place: Path, times: int, peers: Peers) -> Iterator[Work]:
    """The standard operators on the sample flights, repeated ``times`` times (each copy a year later)."""
    home, folder = place / "home", place / "project"
    prepare((*MASON, "init", str(folder)), place, home)
    prepare((*MASON, "apply", "-y"), folder, home)
    for name in ("csv", "parquet", "drift/parts", "out"):
        (folder / name).mkdir(parents=True)
    sizes = (str(FLIGHTS), str(times), str(folder), str(DRIFTED_FILES))
    prepare((sys.executable, "-c", MAKE_TABLES, *sizes), folder, home)
    rows = f"{ROWS_OF_FLIGHTS * times / 1e6:.1f}M rows"
    yield from read_tables(folder, home, rows, peers)
    yield from written_tables(folder, home, rows, peers)


def read_tables(folder: Path, home: Path, rows: str, peers: Peers) -> Iterator[Work]:
    """What only reads. Of a file that was seen before it is known what was found in it then."""
    query = {"query_string": QUERY}
    for title, operator, form, given, function, arguments, first, goal, memory in (
        ("get", "get", "csv", {}, "get_table", (), True, 1.3, None),
        ("get", "get", "csv", {}, "get_table", (), False, 0.5, None),
        ("get", "get", "parquet", {}, "get_table", (), False, 1.3, None),
        ("query", "query", "csv", query, "query", (QUERY,), True, 1.5, None),
        ("query", "query", "csv", query, "query", (QUERY,), False, 1.05, None),
        ("query", "query", "parquet", query, "query", (QUERY,), False, 1.1, None),
        ("summarize", "summarize", "csv", {}, "summarize", (), False, 0.8, 1024),
        ("summarize", "summarize", "parquet", {}, "summarize", (), False, 0.8, 1024),
        ("summarize with estimates", "summarize", "csv", {"exact": False}, "estimate", (), False, None, None),
        ("summarize with estimates", "summarize", "parquet", {"exact": False}, "estimate", (), False, None, None),
    ):
        path = folder / form / f"flights.{form}"
        yield Work(
            name=f"table {title}, {form}, {rows}, {SEEN[first]}",
            mason=run_operator(operator, {"database_name": form, "table_name": "flights", **given}),
            floor=floor(function, path, *arguments),
            goal=goal,
            memory=memory,
            made=unseen(home) if first else {},
            folder=folder,
            home=home,
            peers=peers.commands(function, dict.fromkeys(PEERS, (path,))),
        )


def sparks(place: Path, times: int) -> Iterator[Work]:
    """Table work on a Spark Connect server, beside what pyspark's client does; nothing where there is no Spark."""
    if told := spark_servers.missing():
        print(f"not measured: {told}", file=sys.stderr)
        return
    file, rows = place / "flights.parquet", f"{ROWS_OF_FLIGHTS * times / 1e6:.1f}M rows"
    prepare((sys.executable, "-c", MAKE_FLIGHTS, str(FLIGHTS), str(times), str(file)), place, place / "home")
    (place / "server").mkdir()
    sparked = (sys.executable, str(HERE / "sparked.py"))
    with spark_servers.spark_server(place / "server", memory="3g", jvm="") as server:
        for title, name, beside, goal, seconds in (
            ("summarize", "mason_summarize", "floor_summarize", 0.6, None),
            ("summarize with estimates", "mason_estimate", "floor_summarize", None, None),
            ("query, beyond pyspark's own seconds", "mason_share", "", None, 0.15),
        ):
            yield Work(
                name=f"spark {title}, {rows}",
                mason=(*sparked, name, server.remote, str(file)),
                floor=(*sparked, beside, server.remote, str(file)) if beside else None,
                folder=place,
                home=place / "home",
                goal=goal,
                seconds=seconds,
                clocked=True,
                variables={"PYTHONPATH": os.pathsep.join((str(HERE.parent), str(spark_servers.CLIENT)))},
            )


def dasks(place: Path, times: int, peers: Peers) -> Iterator[Work]:
    """Table work on two processes, beside client ``local`` (the floor here) and dask.dataframe on two processes."""
    rows = f"{ROWS_OF_FLIGHTS * times / 1e6:.1f}M rows"
    file, out = place / "flights.parquet", place / "out"
    prepare((sys.executable, "-c", MAKE_FLIGHTS, str(FLIGHTS), str(times), str(file)), place, place / "home")
    script = str(HERE / "dasked.py")
    for work in ("summarize", "dedupe"):
        given = (str(file), str(out))
        yield Work(
            name=f"dask {work}, {rows}, beside local",
            mason=(sys.executable, script, f"mason_{work}", *given),
            floor=(sys.executable, script, f"local_{work}", *given),
            folder=place,
            home=place / "home",
            goal=1.3,
            clocked=True,
            peers={"dask": (peers.pythons["dask"], script, f"dask_{work}", *given)} if "dask" in peers.pythons else {},
        )


MAKE_FLIGHTS = """
import duckdb, sys
flights, times, file = sys.argv[1:]
duckdb.execute("SET preserve_insertion_order = false; SET memory_limit = '2GB'")
years = "year + n AS year, time_hour + to_years(n::INTEGER) AS time_hour"
rows = f"SELECT * REPLACE ({years}) FROM read_csv('{flights}'), range({times}) AS t(n)"
duckdb.execute(f"COPY (SELECT * EXCLUDE (n) FROM ({rows})) TO '{file}' (FORMAT parquet)")
"""
SEEN = {True: "first time", False: "seen before"}


def unseen(home: Path) -> dict[str, Path]:
    """What Mason remembers of files, to be removed so that it sees them for the first time."""
    return {"mason": home / "cache" / "tables"}


MAKE_MANY = """
import duckdb, shutil, sys
from pathlib import Path
flights, folder, files = sys.argv[1:]
duckdb.sql(f"CREATE TABLE made AS SELECT row_number() OVER () - 1 AS n, * FROM '{flights}'")
distinct = 100
for form in ("csv", "parquet"):
    for file in range(distinct):
        path = Path(folder, f"many_{form}", "parts", f"{file:05}.{form}")
        rows = f"SELECT * EXCLUDE (n) FROM made WHERE n // 20 = {file}"
        duckdb.sql(f"COPY ({rows}) TO '{path}'")
        for copy in range(file + distinct, int(files), distinct):
            shutil.copyfile(path, path.with_stem(f"{copy:05}"))
"""
MANY_FILES = 10_000
COUNT = "SELECT carrier, count(*) AS flights FROM $table GROUP BY carrier ORDER BY flights DESC"


def many_files(place: Path) -> Iterator[Work]:
    """Tables of ten thousand small files, against DuckDB's own union by name."""
    home, folder = place / "home", place / "project"
    prepare((*MASON, "init", str(folder)), place, home)
    prepare((*MASON, "apply", "-y"), folder, home)
    for form in ("csv", "parquet"):
        (folder / f"many_{form}" / "parts").mkdir(parents=True)
    prepare((sys.executable, "-c", MAKE_MANY, str(FLIGHTS), str(folder), str(MANY_FILES)), folder, home)
    for form, operator, given, arguments, first, goal in (
        ("csv", "get", {}, (), True, 1.5),
        ("csv", "get", {}, (), False, 1.0),
        ("csv", "query", {"query_string": COUNT}, (COUNT,), True, 1.5),
        ("csv", "query", {"query_string": COUNT}, (COUNT,), False, 1.0),
        ("parquet", "get", {}, (), True, 0.9),
        ("parquet", "get", {}, (), False, 0.9),
        ("parquet", "query", {"query_string": COUNT}, (COUNT,), True, 1.2),
        ("parquet", "query", {"query_string": COUNT}, (COUNT,), False, 1.2),
    ):
        yield Work(
            name=f"table {operator}, {MANY_FILES:,} {form} files, {SEEN[first]}",
            mason=run_operator(operator, {"database_name": f"many_{form}", "table_name": "parts", **given}),
            floor=floor(f"{operator}_union", folder / f"many_{form}" / "parts", form, *arguments),
            goal=goal,
            memory=150 if form == "parquet" else None,
            made=unseen(home) if first else {},
            folder=folder,
            home=home,
        )


OBJECTS_ON = """\
type: config
id: "5"
metastore_clients: [s3]
storage_clients: [s3]
execution_clients: [local]
clients:
  s3: {{configuration: {{root: "s3://{bucket}", endpoint_url: "{endpoint}"}}}}
"""
PUT_TABLES = """
import boto3, duckdb, sys
flights, times, folder, endpoint, bucket = sys.argv[1:]
duckdb.sql(f"CREATE TABLE made AS SELECT f.* REPLACE (year + copy AS year) FROM '{flights}' f, range({times}) c(copy)")
for form in ("csv", "parquet"):
    duckdb.sql(f"COPY made TO '{folder}/flights.{form}'")
    boto3.client("s3", endpoint_url=endpoint).upload_file(f"{folder}/flights.{form}", bucket, f"{form}/flights.{form}")
"""


def objects(place: Path) -> Iterator[Work]:
    """Tables in a bucket of moto's server, against DuckDB's ``httpfs`` reading the same objects; then listings of a
    server that makes them up, against boto3's paginator."""
    home, folder, times = place / "home", place / "project", 8
    (place / "moto").mkdir()
    given = servers.AWS_ENVIRONMENT
    prepare((*MASON, "init", str(folder)), place, home)
    with servers.moto_server(place / "moto") as server:
        server.make_bucket()
        (folder / "configs" / "objects.yaml").write_text(
            OBJECTS_ON.format(bucket=servers.BUCKET, endpoint=server.endpoint)
        )
        prepare((*MASON, "apply", "-y"), folder, home)
        to_put = (str(FLIGHTS), str(times), str(place), server.endpoint, servers.BUCKET)
        subprocess.run((sys.executable, "-c", PUT_TABLES, *to_put), check=True, env={**os.environ, **given})
        rows = f"{ROWS_OF_FLIGHTS * times / 1e6:.1f}M rows"
        for form in ("parquet", "csv"):
            for operator, parameters, function, arguments in (
                ("get", {}, "get_table", ()),
                ("query", {"query_string": QUERY}, "query", (QUERY,)),
                ("summarize", {}, "summarize", ()),
            ):
                table = {"database_name": form, "table_name": "flights", **parameters}
                url = f"s3://{servers.BUCKET}/{form}/flights.{form}"
                yield Work(
                    name=f"table {operator}, {form} on S3, {rows}, {SEEN[False]}",
                    mason=(*run_operator(operator, table), "-c", "5"),
                    floor=floor("over_s3", server.endpoint, function, url, *arguments),
                    goal=1.2,
                    folder=folder,
                    home=home,
                    variables=given,
                )
    clocked = (sys.executable, str(HERE / "clocked.py"))
    # A floor for a million would take minutes, and memory is what is to be seen.
    for work, count, goal, memory in (("list", 10_000, 1.1, None), ("fingerprint", 1_000_000, None, 100)):
        with bucket_of(count) as (endpoint, _):
            yield Work(
                name=f"{work} {count:,} objects on S3",
                mason=(*clocked, f"mason_{work}", str(folder), endpoint),
                floor=(*clocked, f"floor_{work}", str(folder), endpoint) if goal else None,
                goal=goal,
                memory=memory,
                clocked=True,
                folder=folder,
                home=home,
                variables=given,
            )


ROWS_OF_SHEET = 20_000
SHEET = (
    "SELECT year, month, day, dep_time, dep_delay, carrier, flight, tailnum, origin, dest, distance, "
    f"make_date(year, month, day) AS date FROM $table LIMIT {ROWS_OF_SHEET}"
)


def sheets(place: Path) -> Iterator[Work]:
    """A spreadsheet, against calamine alone."""
    home, folder = place / "home", place / "project"
    prepare((*MASON, "init", str(folder)), place, home)
    prepare((*MASON, "apply", "-y"), folder, home)
    flights = {"database_name": "data", "table_name": "flights"}
    prepare(
        run_operator("query", {**flights, "query_string": SHEET, "output_path": "sheets/flights.xlsx"}), folder, home
    )
    table = {"database_name": "sheets", "table_name": "flights"}
    query = {"query_string": QUERY}
    for operator, given, first in (
        ("get", {}, True),
        ("get", {}, False),
        ("query", query, True),
        ("query", query, False),
    ):
        yield Work(
            name=f"table {operator}, spreadsheet, {ROWS_OF_SHEET:,} rows, {SEEN[first]}",
            mason=run_operator(operator, {**table, **given}),
            floor=floor("spreadsheet", folder / "sheets" / "flights.xlsx"),
            goal=1.5,
            made=unseen(home) if first else {},
            folder=folder,
            home=home,
        )


def written_tables(folder: Path, home: Path, rows: str, peers: Peers) -> Iterator[Work]:
    """What makes tables out of tables, and one out of nothing."""
    csv = (folder / "csv" / "flights.csv", {"database_name": "csv", "table_name": "flights"})
    parquet = (folder / "parquet" / "flights.parquet", {"database_name": "parquet", "table_name": "flights"})
    drift = (folder / "drift" / "parts", {"database_name": "drift", "table_name": "parts"})
    # Operator, what is done, its source, the parameter that names columns, and which, the target's ending, goals.
    for operator, title, (source, table), given, columns, ending, goal, memory in (
        ("format", "csv to parquet by carrier", csv, "partition_columns", ("carrier",), "", 1.1, 1200),
        ("format", "csv to one parquet file", csv, "", (), ".parquet", 1.1, None),
        ("merge", f"{DRIFTED_FILES} differing parquet files", drift, "", (), ".parquet", 0.85, None),
        ("dedupe", f"parquet by {len(KEYS)} keys", parquet, "keys", KEYS, ".parquet", 0.75, 1200),
    ):
        made = {who: folder / "out" / f"{who}{ending}" for who in ("mason", "floor", *PEERS)}
        parameters = {**table, "output_path": f"out/mason{ending}", **({given: columns} if given else {})}
        yield Work(
            name=f"table {operator}, {title}, {rows}",
            mason=run_operator(operator, {**parameters, **({"format": "parquet"} if operator == "format" else {})}),
            floor=floor(operator, source, made["floor"], *columns),
            goal=goal,
            memory=memory,
            made=made,
            # Which of several rows DISTINCT ON takes is chance, so their keys must do.
            same=", ".join(KEYS) if operator == "dedupe" else "*",
            folder=folder,
            home=home,
            peers=peers.commands(operator, {peer: (source, path, *columns) for peer, path in made.items()}),
        )
    made = {who: folder / "out" / f"{who}.csv" for who in ("mason", *PEERS)}
    yield Work(
        name=f"table fake, csv of {len(MADE_UP)} columns, {MADE_UP_ROWS / 1e6:.1f}M rows",
        mason=run_operator("fake", {"size": MADE_UP_ROWS, "schema": MADE_UP, "output_path": "out/mason.csv"}),
        floor=None,
        made=made,
        folder=folder,
        home=home,
        peers=peers.commands("fake", {peer: (path, MADE_UP_ROWS) for peer, path in made.items()}),
    )


def run_operator(command: str, parameters: dict[str, Any]) -> Command:
    """An operator of ``table``, done without a question."""
    pairs = (f"{name}:{json.dumps(value)}" for name, value in parameters.items())
    return (*MASON, "run", "operator", "table", command, "-y", *(word for pair in pairs for word in ("-p", pair)))


@dataclass(frozen=True)
class Peers:
    """The Python of each peer that is installed, which need not be Mason's: DuckDB imports pandas where it is
    installed, and Mason is measured as most people have it."""

    pythons: Mapping[str, str]

    @classmethod
    def of(cls, *pythons: str) -> Peers:
        """Those that there are. Raises ``CalledProcessError`` or ``OSError`` where one of ``pythons`` is none."""
        find = "import importlib.util, sys; print(*filter(importlib.util.find_spec, sys.argv[1:]))"
        found = {}
        for python in pythons:
            command = (python, "-c", find, *PEERS, *WALKERS)
            names = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
            found |= dict.fromkeys(names, python)
        return cls(found)

    def commands(self, function: str, arguments: dict[str, tuple[str | Path | int, ...]]) -> dict[str, Command]:
        """The commands of those that do the work, each with the ``arguments`` for its name."""
        return {
            name: (python, str(HERE / "peers.py"), f"{name}_{function}", *map(str, arguments[name]))
            for name, python in self.pythons.items()
            if hasattr(benchmarks.peers, f"{name}_{function}")
        }


def groups(peers: Peers, *, full: bool) -> list[tuple[str, Callable[[Path], Iterator[Work]]]]:
    """All groups in the order of the table; ``full`` takes fifteen million rows instead of one and a half."""
    return [
        ("start", starts),
        ("plan 40", lambda place: plans(place, 40)),
        ("plan 1000", lambda place: plans(place, 1_000)),
        ("plan 10000", lambda place: plans(place, 10_000)),
        ("team", teams),
        ("dag", lambda place: dags(place, peers)),
        ("table", lambda place: tables(place, 77 if full else 8, peers)),
        ("files", many_files),
        ("objects", objects),
        ("sheet", sheets),
        ("spark", lambda place: sparks(place, 77 if full else 8)),
        ("dask", lambda place: dasks(place, 77 if full else 8, peers)),
    ]
