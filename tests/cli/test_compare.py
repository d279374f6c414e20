"""``mason compare``: one operator, two configs, and whether the answers are the same."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mason import packages

RESOURCES = """\
type: config
id: "1"
metastore_clients: [local]
storage_clients: [local]
execution_clients: [local]
clients: {local: {configuration: {root: ., warehouse: ./kept}}}
---
type: config
id: "2"
metastore_clients: [local]
storage_clients: [local]
execution_clients: [local]
clients: {local: {configuration: {root: ./other, warehouse: ./other/kept}}}
---
type: operator
namespace: table
command: query
parameters:
  required: [sql]
  optional: [{name: limit, type: integer, default: 2}, output]
do:
  - metastore.get_table: {database: data, table: planes}
    as: table
  - execution.query: {table: "{{table}}", sql: "{{sql}}", limit: "{{limit}}", output: "{{output}}"}
---
type: operator
namespace: table
command: get
do:
  - metastore.get_table: {database: data, table: planes}
---
type: operator
namespace: table
command: list
do:
  - metastore.list_tables: {database: data}
---
type: operator
namespace: table
command: fixed
do:
  - metastore.get_table: {database: data, table: planes}
    as: table
  - execution.format: {table: "{{table}}", output: fixed.csv}
---
type: operator
namespace: table
command: summarized
parameters: {optional: [output]}
do:
  - metastore.get_table: {database: data, table: planes}
    as: table
  - execution.summarize: {table: "{{table}}"}
    as: summary
  - storage.write: {path: "{{output}}", content: "{{summary}}"}
---
type: operator
namespace: table
command: delete
do:
  - metastore.delete_table: {database: data, table: planes}
"""
PLANES = "id,kind,weight\n1,a,0.5\n2,b,1.5\n3,,2.5\n4,b,3.5\n"


@pytest.fixture
def compare(folder: Path, mason):
    """Compares an operator with the configs 1 and 2, whose data may differ."""
    (folder / "mason.yaml").write_text("name: planes\nstate: state\n")
    (folder / "all.yaml").write_text(RESOURCES)
    for root in (folder, folder / "other"):
        (root / "data").mkdir(parents=True)
        (root / "data" / "planes.csv").write_text(PLANES)
    assert mason("apply", "-y").code == 0

    def call(command: str, sql: str = "", *more: str, configs=("1", "2"), answer=""):
        given = ("-p", json.dumps({"sql": sql})) if sql else ()
        ids = [each for config in configs for each in ("-c", config)]
        return mason("compare", "operator", "table", command, *ids, *given, *more, answer=answer)

    return call


def changed(folder: Path, text: str) -> None:
    (folder / "other" / "data" / "planes.csv").write_text(text)


def test_the_same_answers(compare):
    result = compare("query", "SELECT id, weight FROM $table")
    assert (result.code, result.out) == (
        0,
        "Operator table:query with configs 1 and 2: the same.\n"
        "Columns: 2 in both, the same.\n"
        "Rows: 4 and 4, compared as multisets, because no order is said: the same.\n"
        "Floats are the same that lie apart by no more than 1e-09 of their size.\n",
    )


def test_rows_that_differ_stand_side_by_side(compare, folder):
    changed(folder, "id,kind,weight\n1,a,0.5\n2,b,1.5000001\n4,b,3.5\n")
    result = compare("query", "SELECT * FROM $table")
    assert (result.code, result.out) == (
        2,
        "Operator table:query with configs 1 and 2: different.\n"
        "Columns: 3 in both, the same.\n"
        "Rows: 4 and 3, compared as multisets, because no order is said: 3 have no equal in the other answer.\n"
        "Floats are the same that lie apart by no more than 1e-09 of their size.\n"
        "\n"
        "The first that differ:\n"
        "   COLUMN  CONFIG 1                     CONFIG 2\n"
        "1  (row)   id=2, kind='b'               =\n"
        "   weight  1.5                          1.5000001\n"
        "2  (row)   id=3, kind=NULL, weight=2.5  -\n",
    )
    assert compare("query", "SELECT * FROM $table WHERE id = 2", "--tolerance", "1e-6").code == 0


def test_the_order_counts_where_the_query_orders(compare, folder):
    changed(folder, "id,kind,weight\n2,b,1.5\n1,a,0.5\n4,b,3.5\n3,,2.5\n")
    assert compare("query", "SELECT * FROM $table").code == 0
    assert compare("query", "SELECT * FROM $table ORDER BY id").code == 0
    ties = compare("query", "SELECT id FROM $table ORDER BY kind IS NULL")
    assert ties.code == 2
    assert "compared in their order: the same in another order." in ties.out
    assert (
        "Note: the query orders by what it does not answer: where that is equal, rows may come in any order."
        in ties.out
    )
    shown = compare("query", "SELECT kind IS NULL AS lacks, id FROM $table ORDER BY lacks")
    assert shown.code == 0
    assert "Note: rows that the query's order leaves equal come in another order, which is no difference." in shown.out


def test_types_are_part_of_the_answer(compare, folder):
    changed(folder, PLANES.replace("\n1,", "\n1.0,"))
    result = compare("query", "SELECT id FROM $table")
    assert result.code == 2
    assert result.out.splitlines()[-2:] == [
        "COLUMN  CONFIG 1  CONFIG 2  DIFFERENCE",
        "id      BIGINT    DOUBLE    another type",
    ]


def test_as_json_and_as_markdown(compare, folder):
    changed(folder, PLANES.replace("3,,", "3,`|<b>,"))
    found = compare("query", "SELECT id, kind FROM $table ORDER BY id", "--json")
    assert (found.code, found.json) == (
        2,
        {
            "format_version": "1.0",
            "address": "operator.table.query",
            "configs": ["1", "2"],
            "same": False,
            "tolerance": 1e-09,
            "columns": {"count": 2, "differences": []},
            "rows": {
                "counts": [4, 4],
                "ordered": True,
                "order_differs": False,
                "sample": None,
                "differing": 2,
                "differences": [
                    {"first": {"id": 3, "kind": None}, "second": {"id": 3, "kind": "`|<b>"}, "columns": ["kind"]}
                ],
            },
            "notes": [],
        },
    )
    text = compare("query", "SELECT id, kind FROM $table ORDER BY id", "--markdown").out
    assert text.splitlines()[0] == "## Operator table:query with configs `1` and `2`: different"
    assert text.splitlines()[-1] == r"|  | `kind` | `NULL` | `''\|<b>'` |"
    assert compare("query", "SELECT 1", "--markdown", "--json").code == 1


def test_a_sample_is_of_the_same_rows(compare, folder):
    changed(folder, PLANES.replace("a,0.5", "x,0.5"))
    result = compare("query", "SELECT id FROM $table", "--sample", "2")
    assert (result.code, "compared as multisets, because no order is said, a sample of 2: the same." in result.out) == (
        0,
        True,
    )
    first = compare("query", "SELECT * FROM $table ORDER BY id DESC", "--sample", "2")
    assert (first.code, "Note: compared are the first 2 rows with config 1; there are more." in first.out) == (0, True)


def test_rows_beyond_the_bound_are_not_guessed_at(compare):
    result = compare("query", "SELECT id FROM $table", "--most", "3")
    assert (result.code, result.err.splitlines()[-1]) == (
        1,
        "Error: With config 1 there are more than 3 rows, in no certain order: which of them would be compared is not "
        "known. Compare more with --most, fewer with a narrower query, or the first ones with ORDER BY.",
    )
    given = compare("query", "SELECT id FROM $table", "-p", "limit:3")
    assert (given.code, given.out.splitlines()[-1]) == (
        0,
        "Note: compared are the first 3 rows with config 2; there are more: which ones these are is not certain "
        "without ORDER BY.",
    )


def test_what_is_written_goes_to_a_place_of_each_and_is_deleted(compare, folder):
    given = ("-p", "output:out/all.parquet")
    refused = compare("query", "SELECT * FROM $table", *given, answer="no\n")
    assert (refused.code, sorted(path.name for path in folder.iterdir())) == (
        1,
        ["all.yaml", "data", "mason.yaml", "other", "state"],
    )
    result = compare("query", "SELECT * FROM $table", *given, "-y")
    assert (result.code, result.out.splitlines()[:3]) == (
        0,
        [
            "Operator table:query with configs 1 and 2: the same.",
            "Columns: 3 in both, the same.",
            "Rows: 4 and 4, compared as multisets, because no order is said: the same.",
        ],
    )
    assert not list(folder.rglob("all.parquet"))
    assert not list(folder.rglob("mason-compare-*"))
    changed(folder, PLANES + "5,c,4.5\n")
    kept = compare("query", "SELECT * FROM $table", *given, "-y", "--keep")
    assert (kept.code, len(list(folder.rglob("mason-compare-*/all.parquet")))) == (2, 2)


PYTHON = """\
import mason

class TableMade(mason.Operator):
    def run(self, ctx):
        place = ctx.params["place"]
        made = ctx.execution.query("SELECT 1 AS a UNION ALL SELECT 2", output=place)
        ctx.info(f"{ctx.execution.preview(ctx.storage.infer_table(place)).rows}")
        if ctx.params["more"] == "delete":
            ctx.storage.delete(place)
        if ctx.params["more"] == "second":
            ctx.storage.write("second.txt", "text")
        if ctx.params["more"] == "fail":
            raise mason.OperatorError("It failed.")
        return made

class TableReads(mason.Operator):
    def run(self, ctx):
        return ctx.metastore.get_table("data", "planes")
"""
MADE = "type: operator\nnamespace: table\ncommand: {}\nparameters: {{optional: [place, more]}}\n"


def made(folder: Path, mason, *more: str, command: str = "made"):
    """Compares the operator that is written in Python."""
    for name in ("made", "reads"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "__init__.py").write_text(PYTHON)
        (folder / name / "operator.yaml").write_text(MADE.format(name))
    assert mason("apply", "-y").code == 0
    (folder / "out").mkdir(exist_ok=True)
    (folder / "out" / "a.csv").write_text("a\n7\n")
    given = ("-p", "place:out/a.csv") if command == "made" else ()
    return mason("compare", "operator", "table", command, "-c", "1", "-c", "2", *given, "-y", *more)


def test_what_python_writes_goes_to_a_place_of_each_and_is_deleted(compare, folder, mason):
    """Where that is shows when it asks for it; what is read again is that, and not what stands there already."""
    result = made(folder, mason)
    assert (result.code, result.out.splitlines()[:3]) == (
        0,
        [
            "Operator table:made with configs 1 and 2: the same.",
            "Columns: 1 in both, the same.",
            "Rows: 2 and 2, compared as multisets, because no order is said: the same.",
        ],
    )
    assert (folder / "out" / "a.csv").read_text() == "a\n7\n"
    assert not list(folder.rglob("mason-compare-*"))
    kept = made(folder, mason, "--keep")
    assert [each.read_text() for each in folder.rglob("mason-compare-*/a.csv")] == ["a\n1\n2\n"] * 2, kept.err
    reads = made(folder, mason, command="reads")
    assert (reads.code, reads.out.splitlines()[0]) == (0, "Operator table:reads with configs 1 and 2: the same.")


@pytest.mark.parametrize(("more", "verb"), [("delete", "storage.delete"), ("second", "storage.write")])
def test_python_that_changes_something_else_is_refused_there(compare, folder, mason, more, verb):
    result = made(folder, mason, "-p", f"more:{more}")
    assert (result.code, result.err.splitlines()[-1]) == (
        1,
        f"Error: The operator asked for {verb}, which changes what cannot be kept apart for each config, so it was not "
        "called. Compared are operators that only read, or that write one output.",
    )
    assert not list(folder.rglob("mason-compare-*"))
    assert not (folder / "second.txt").exists()


def test_half_of_a_comparison_is_not_gone_on_with(compare, folder, mason):
    """It would write to the place itself."""
    assert made(folder, mason, "-p", "more:fail").err.splitlines()[-1] == "Error: It failed."
    failed = [each["run_id"] for each in mason("runs", "list", "--json").json["runs"] if each["status"] == "failed"]
    result = mason("runs", "resume", failed[0], "-y")
    assert (result.code, result.err) == (
        1,
        f"Error: Run {failed[0]} was one side of a comparison, and what it wrote is of no use alone. Compare again: "
        "mason compare operator table made\n",
    )
    assert (folder / "out" / "a.csv").read_text() == "a\n7\n"


def test_what_a_storage_writes_is_compared(compare, folder, mason):
    result = compare("summarized", "", "-p", "output:out/s.csv", "-y")
    assert (result.code, result.out.splitlines()[:2]) == (
        0,
        ["Operator table:summarized with configs 1 and 2: the same.", "Columns: 8 in both, the same."],
    )
    assert not list(folder.rglob("s.csv"))


@pytest.mark.parametrize(("command", "verb"), [("fixed", "execution.format"), ("delete", "metastore.delete_table")])
def test_what_cannot_be_kept_apart_is_refused(compare, folder, command, verb):
    result = compare(command, "", "-y")
    assert (result.code, result.err) == (
        1,
        f"Error: Operator table:{command} says {verb}, which writes what cannot be kept apart for each config. "
        "Compared are operators that only read, or that write one output, to a place that a parameter gives.\n",
    )


def test_tables_and_lists_are_compared_without_their_places(compare, folder):
    assert compare("list").code == 0
    same = compare("get")
    assert (same.code, same.out.splitlines()[-1]) == (
        0,
        "Note: not compared is where and how it is kept: format, location, size, options.",
    )
    changed(folder, PLANES.replace("0.5", "x"))
    differing = compare("get")
    assert (differing.code, differing.out.splitlines()[-1]) == (2, "weight  DOUBLE    VARCHAR   another type")


@pytest.mark.parametrize("configs", [("1",), ("1", "2", "1")])
def test_two_configs_are_named(compare, configs):
    assert compare("list", configs=configs).err.splitlines()[-1] == "Error: Name two configs: -c 1 -c 2"


def test_an_error_of_one_side_is_an_error(compare, folder):
    (folder / "other" / "data" / "planes.csv").unlink()
    assert compare("get").code == 1
    assert compare("list", configs=("1", "9")).code == 1


def test_ctrl_c_ends_it(compare):
    sql = "SELECT count(*) AS n FROM range(1000000) a, range(1000000) b"
    command = (
        "-m",
        "mason",
        "compare",
        "operator",
        "table",
        "query",
        "-c",
        "1",
        "-c",
        "2",
        "-p",
        json.dumps({"sql": sql}),
    )
    with subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        while "Operator table:query with config 2 would" not in run.stderr.readline():
            assert run.poll() is None
        run.send_signal(signal.SIGINT)
        out, err = run.communicate()
    assert (run.returncode, out, "Traceback" in err) == (130, "", False)


@pytest.fixture
def sqlite(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client ``sqlite``, known by the metadata of an installed package, with the same planes."""
    metadata = tmp_path / "site" / "sqlite_client-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sqlite-client\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mason.clients]\nsqlite = tests.clients.sqlite_client:SqliteClient\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    packages.forget()
    with closing(sqlite3.connect(folder / "data.sqlite")) as database:
        database.execute("CREATE TABLE planes (id INTEGER, kind TEXT, weight REAL)")
        database.executemany("INSERT INTO planes VALUES (?, ?, ?)", [(1, "a", 0.5), (2, "b", 1.5), (3, None, 2.5)])
        database.execute("INSERT INTO planes VALUES (4, 'b', 3.5)")
        database.commit()
    yield
    packages.forget()


@pytest.mark.usefixtures("sqlite")
def test_clients_of_two_kinds(compare, folder, mason):
    config = "type: config\nid: '3'\nmetastore_clients: [sqlite]\nexecution_clients: [sqlite]\n"
    (folder / "sqlite.yaml").write_text(config + "clients: {sqlite: {configuration: {folder: .}}}\n")
    assert mason("apply", "-y").code == 0
    result = compare("query", "SELECT id, kind, weight FROM $table ORDER BY id", configs=("1", "3"))
    assert (result.code, result.out.splitlines()[:3]) == (
        0,
        [
            "Operator table:query with configs 1 and 3: the same.",
            "Columns: 3 in both, the same.",
            "Rows: 4 and 4, compared in their order: the same.",
        ],
    )
    divided = compare("query", "SELECT id, id / 2 AS half FROM $table", configs=("1", "3"))
    assert (divided.code, divided.out.splitlines()[2]) == (
        2,
        "Rows: 4 and 4, compared as multisets, because no order is said: 4 have no equal in the other answer.",
    )
