"""Registered tables and jobs: kept in the warehouse, found by other processes, and moved with the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from mason import secrets
from mason.clients._warehouse import locks
from mason.clients.local.warehouse import Warehouse
from mason.engines.models import Job
from mason.errors import TransientEngineError
from tests.clients.conftest import Local, make, refusal


@pytest.fixture
def data(local: Local) -> Local:
    local.put("data/t/a.csv", "id,n\n1,x\n")
    return local


def test_a_registration_pins_the_types(data: Local) -> None:
    columns = [{"name": "n", "type": "varchar"}, {"name": "id", "type": "text"}]
    job = data.metastore.create_table("r", "t", definition={"location": "data/t", "columns": columns})
    assert job.result["columns"] == [
        {"name": "n", "type": "VARCHAR", "declared": True},
        {"name": "id", "type": "VARCHAR", "declared": True},
    ]
    data.put("data/t/b.csv", "id,n\nlate,y\n")
    assert data.ask("SELECT * FROM r.t ORDER BY n") == [("x", "1"), ("y", "late")]
    data.put("data/t/c.csv", "id,n,more\n1,y,1\n")
    assert refusal(data.ask, "SELECT * FROM r.t") == (
        "ConflictError: The files of table t in database r have different schemas: column more: only in c.csv. "
        "Make the files alike, or register a glob of those that are."
    )


def test_registration_wins_over_files(data: Local) -> None:
    data.put("other.csv", "z\n9\n")
    data.metastore.create_table("data", "t", definition={"location": "other.csv"})
    assert refusal(data.metastore.create_table, "data", "t", definition={"location": "other.csv"}) == (
        "ConflictError: Table t in database data is registered already. Ask for overwrite to replace it."
    )
    assert data.rows("t") == [(9,)]
    assert [table.name for table in data.metastore.list_tables("data")] == ["t"]
    data.metastore.delete_table("data", "t")
    assert data.rows("t") == [(1, "x")]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("database", "table", "message"),
    [
        ("lake", "W", "ConflictError: Table W in database lake is registered already as w."),
        ("LAKE", "w", "ConflictError: Database LAKE exists already as lake."),
        ("LAKE", "other", "ConflictError: Database LAKE exists already as lake."),
    ],
)
def test_names_that_differ_only_in_case_replace_nothing(
    data: Local, database: str, table: str, message: str, overwrite: bool
) -> None:
    data.put("other.csv", "z\n9\n")
    create = data.metastore.create_table
    create("lake", "w", definition={"location": "data/t"})
    assert refusal(create, database, table, definition={"location": "other.csv"}, overwrite=overwrite) == message
    assert data.ask("SELECT * FROM lake.w") == [(1, "x")]
    create("lake", "w", definition={"location": "other.csv"}, overwrite=True)
    assert data.ask("SELECT * FROM lake.w") == [(9,)]


def test_letters_that_duckdb_does_not_fold_are_other_names(data: Local) -> None:
    for name in ("é", "É"):
        data.metastore.create_table("r", name, definition={"location": "data/t"})
    assert [table.name for table in data.metastore.list_tables("r")] == ["É", "é"]


def test_schemas_that_differ_only_in_case(data: Local) -> None:
    data.metastore.create_database("Sales")
    assert refusal(data.metastore.create_database, "SALES") == (
        "ConflictError: Database SALES exists already as Sales."
    )


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({}, "EngineError: The definition of table t has no location."),
        ({"location": "nowhere"}, "NotFoundError: There is no file or folder nowhere in {root}."),
        ({"location": "data/*.parquet"}, "NotFoundError: There are no data files at data/*.parquet."),
        (
            {"location": "data/t", "options": {"delim": ","}},
            "EngineError: Client local knows no CSV option delim. Known: delimiter, quote, escape, header, skip, "
            "skip_footer, comment, encoding, null, decimal, thousands, date_format, timestamp_format.",
        ),
        (
            {"location": "data/t", "columns": [{"name": "id", "type": "BIGINT) FROM x; --"}]},
            "EngineError: Column id has the type BIGINT) FROM x; --, which DuckDB does not know.",
        ),
        (
            {"location": "data/t", "columns": [{"name": "id", "sort": 1}]},
            "EngineError: The definition of table t is not that of a table: "
            "a column has no 'sort' (it has name, type, nullable, comment, declared).",
        ),
        (
            {"location": {"path": "data/t"}},
            "EngineError: The definition of table t is not that of a table: "
            "location of a table is a text, and not {{'path': 'data/t'}}.",
        ),
        (
            {"location": "data/t", "partition_columns": "id"},
            "EngineError: The definition of table t is not that of a table: "
            "partition_columns of a table is a list, and not 'id'.",
        ),
        (
            {"location": "data/t", "columns": ["id"]},
            "EngineError: The definition of table t is not that of a table: a column is a mapping, and not 'id'.",
        ),
        (
            {"location": "data/t", "optoins": {}},
            "EngineError: The definition of table t is not that of a table: a table has no 'optoins' (it has name, "
            "database, location, format, kind, comment, schedule, columns, partition_columns, notes, options, size).",
        ),
    ],
)
def test_definitions_that_are_refused(data: Local, definition: dict[str, object], message: str) -> None:
    told = refusal(data.metastore.create_table, "r", "t", definition=definition)
    assert told == message.format(root=data.root)
    assert not (data.root / "warehouse").exists()


def test_encoding_and_skip_are_options(data: Local) -> None:
    data.put("data/l.csv", "a,b,c\nid,n\n1,é\n".encode("latin-1"))
    options = {"encoding": "latin-1", "skip": 1}
    data.metastore.create_table("r", "l", definition={"location": "data/l.csv", "options": options})
    assert data.ask("SELECT * FROM r.l") == [(1, "é")]


def test_files_that_went_away(data: Local) -> None:
    data.metastore.create_table("r", "t", definition={"location": "data/t/a.csv"})
    (data.root / "data/t/a.csv").unlink()
    expected = f"NotFoundError: There is no file or folder data/t/a.csv in {data.root}."
    assert refusal(data.metastore.get_table, "r", "t") == expected
    assert data.metastore.delete_table("r", "t").name == "t"


def test_the_project_can_be_moved(data: Local) -> None:
    data.metastore.create_table("r", "t", definition=data.storage.infer_table("data/t/*.csv"))
    moved = data.root.with_name("moved")
    shutil.move(data.root, moved)
    assert make(moved).ask("SELECT * FROM r.t") == [(1, "x")]


def test_the_view_serves_people_with_duckdb(data: Local) -> None:
    data.metastore.create_table("r", "t", definition={"location": "data/t"})
    with duckdb.connect(str(data.root / "warehouse/warehouse.duckdb"), read_only=True) as connection:
        connection.execute(f"SET file_search_path = '{data.root}'")
        assert connection.execute("SELECT * FROM r.t").fetchall() == [(1, "x")]


def test_ddl(data: Local) -> None:
    assert data.metastore.table_ddl("data", "t") == (
        'CREATE VIEW "data"."t" AS SELECT "id", "n" FROM read_csv([\'data/t/a.csv\'], auto_detect=false, delim=\',\', '
        "quote='\"', escape='\"', header=true, skip=0, comment='', allow_quoted_nulls=false, "
        "columns={'id': 'BIGINT', 'n': 'VARCHAR'}, "
        "hive_partitioning=false);"
    )


def test_tables_of_duckdb_itself(data: Local) -> None:
    (data.root / "warehouse").mkdir()
    with duckdb.connect(str(data.root / "warehouse/warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA own; CREATE TABLE own.t AS SELECT 1 AS a")
        connection.execute("CREATE VIEW own.spy AS SELECT * FROM read_text('/etc/hostname')")
    assert [database.name for database in data.metastore.list_databases()] == ["data", "own"]
    assert data.metastore.get_table("own", "t").to_dict() == {
        "database": "own",
        "name": "t",
        "kind": "table",
        "format": "duckdb",
        "location": "warehouse/warehouse.duckdb",
        "columns": [{"name": "a", "type": "INTEGER"}],
    }
    assert data.ask("SELECT * FROM own.t, data.t") == [(1, 1, "x")]
    spy = data.metastore.get_table("own", "spy")
    for verb in (data.execution.preview, data.execution.summarize):
        assert refusal(verb, spy).startswith("AccessDeniedError: SQL may not open the file /etc/hostname")
    assert refusal(data.metastore.delete_table, "own", "t").startswith("ConflictError: ")
    data.metastore.delete_table("own", "t", delete_files=True)
    data.metastore.delete_table("own", "spy")
    assert data.metastore.list_tables("own") == []


def test_jobs_are_found_by_another_process(data: Local) -> None:
    job = data.execution.query("SELECT 1 AS a", output="o.csv")
    assert isinstance(job, Job)
    assert make(data.root).execution.get_job(job.job_id) == job
    assert refusal(data.execution.cancel_job, job.job_id) == (
        f"ConflictError: Job {job.job_id} is done (succeeded); there is nothing to cancel."
    )
    (data.root / f"warehouse/jobs/{job.job_id}.json").write_text("{")
    assert refusal(data.execution.get_job, job.job_id).startswith(
        f"EngineError: The record of job {job.job_id} is damaged"
    )


def test_job_ids_sort_by_time(data: Local) -> None:
    jobs = [data.execution.query("SELECT 1 AS a", output=f"{n}.csv") for n in range(3)]
    stamps = [job.job_id.partition("-")[0] for job in jobs if isinstance(job, Job)]
    assert stamps == sorted(stamps)


def test_a_warehouse_that_is_no_database(data: Local) -> None:
    data.put("warehouse/warehouse.duckdb", "nonsense" * 1000)
    told = refusal(data.metastore.list_databases)
    assert told.startswith(f"EngineError: The warehouse {data.root}/warehouse/warehouse.duckdb cannot be opened: ")


HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
connection.close()
print("closed", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def writer(data: Local) -> subprocess.Popen[str]:
    """Another process that has the warehouse open for writing, until it reads a line."""
    data.metastore.create_table("r", "t", definition={"location": "data/t"})
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data.root / "warehouse/warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_another_writer_is_waited_for(data: Local, writer: subprocess.Popen[str]) -> None:
    assert writer.stdin is not None
    writer.stdin.write("\n")
    writer.stdin.flush()
    assert [table.name for table in data.metastore.list_tables("r")] == ["t"]


def test_but_not_for_ever(data: Local, writer: subprocess.Popen[str]) -> None:
    with pytest.raises(TransientEngineError) as raised:
        Warehouse(data.root / "warehouse", patience=0.1).schemas()
    assert str(raised.value) == (
        f"The warehouse {data.root}/warehouse/warehouse.duckdb is open for writing in another process. "
        "Try again when it is done."
    )


REGISTER = """
import sys
from pathlib import Path
from mason.clients.local import LocalClient
metastore = LocalClient({}, base=Path(sys.argv[1])).engine("metastore")
for number in range(5):
    metastore.create_table("r", f"{sys.argv[2]}_{number}", definition={"location": "data/t"})
"""


def test_two_processes_register_at_once(data: Local) -> None:
    command = [sys.executable, "-c", REGISTER, str(data.root)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    processes = [subprocess.Popen([*command, name], env=environment) for name in ("one", "two")]
    assert [process.wait() for process in processes] == [0, 0]
    assert len(data.metastore.list_tables("r")) == 10


def test_threads_share_the_warehouse(data: Local) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def register(number: int) -> int:
        data.metastore.create_table("r", f"t{number}", definition={"location": "data/t"})
        return len(data.ask(f"SELECT * FROM r.t{number}"))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(register, range(8))) == [1] * 8


def test_jobs_are_kept_without_secrets(tmp_path: Path) -> None:
    secrets.remember("secret-of-a-job")
    told = {"from": {"token": "secret-of-a-job"}}
    kept = Warehouse(tmp_path).put_job(Job("1", "failed", logs=("no secret-of-a-job",), result=told))
    assert kept.result == told
    assert b"secret-of-a-job" not in (tmp_path / "jobs" / "1.json").read_bytes()
    found = Warehouse(tmp_path).get_job("1")
    assert (found.logs, found.result) == (("no REDACTED",), {"from": {"token": "REDACTED"}})


def test_registrations_wait_for_each_other(data: Local) -> None:
    """Eight processes that begin at once, none of which would try a second time to open a file that is in use."""
    turn = data.root / "warehouse" / ".turn"
    turn.parent.mkdir(exist_ok=True)
    code = (
        "import sys; from pathlib import Path; from mason.clients.local import LocalClient; "
        "warehouse = LocalClient({}, base=Path(sys.argv[1])).warehouse; warehouse.patience = 0.0; "
        "import duckdb; print('ready', flush=True); warehouse.create_schema(sys.argv[2])"
    )
    with locks.held(turn):
        started = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(data.root), f"base{number}"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for number in range(8)
        ]
        assert [process.stdout and process.stdout.readline() for process in started] == [b"ready\n"] * 8
    ended = [process.communicate()[1] for process in started]
    assert [told for told in ended if told] == []
    assert {f"base{number}" for number in range(8)} <= set(data.client.warehouse.schemas())


def test_a_view_of_others_hides_no_table(tmp_path: Path) -> None:
    """A comment that nests too deeply is none of Mason's."""
    local = make(tmp_path / "root", warehouse="warehouse")
    local.metastore.create_database("others")
    with duckdb.connect(str(local.client.warehouse.file)) as connection:
        connection.execute("CREATE TABLE others.plain AS SELECT 1 AS id")
        connection.execute("CREATE VIEW others.deep AS SELECT 2 AS id")
        connection.execute(f"COMMENT ON VIEW others.deep IS '{'[' * 100_000}'")
    assert [table.name for table in local.metastore.list_tables("others")] == ["deep", "plain"]
    assert local.ask("SELECT * FROM others.deep") == [(2,)]
