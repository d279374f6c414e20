"""The benchmarks compare like with like: what Mason and the floors write is the same, and each run writes all of it.

What takes how long is not looked at here.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks.run import Result, check_same, measure, run, table
from benchmarks.workloads import PEERS, Peers, Work, dags, tables

NOBODY = Peers({})


def writer(path: Path, rows: str) -> tuple[str, ...]:
    """A command that writes ``rows`` to ``path`` and fails when something is there already."""
    sql = f"COPY ({rows}) TO '{path}' (FORMAT parquet)"
    return (
        sys.executable,
        "-c",
        f"import duckdb, os, sys; os.path.exists({str(path)!r}) and sys.exit(3); duckdb.sql({sql!r})",
    )


def work(folder: Path, *, mason: str, floor: str | None) -> Work:
    made = {who: folder / f"{who}.parquet" for who in ("mason", "floor")}
    return Work(
        name="work",
        mason=writer(made["mason"], mason),
        floor=None if floor is None else writer(made["floor"], floor),
        folder=folder,
        home=folder / "home",
        made=made,
        same="" if floor is None else "*",
    )


@pytest.mark.slow
def test_mason_and_the_floors_write_the_same_rows(tmp_path):
    checked = []
    for each in tables(tmp_path, 1, NOBODY):
        if not each.same:
            continue
        assert each.floor is not None
        run("mason", each.mason, each)
        run("floor", each.floor, each)
        check_same(each)
        mason, floor = (
            f"SELECT {each.same} FROM read_parquet('{path / '*/*.parquet' if path.is_dir() else path}')"
            for path in (each.made["mason"], each.made["floor"])
        )
        assert duckdb.sql(f"({mason}) EXCEPT ALL ({floor})").fetchall() == [], each.name
        assert duckdb.sql(f"({floor}) EXCEPT ALL ({mason})").fetchall() == [], each.name
        checked.append((each.name, duckdb.sql(f"SELECT count(*) FROM ({mason})").fetchall()[0][0]))
        if "dedupe" in each.name:
            # The whole rows that Mason took are rows of the table.
            source = each.folder / "parquet" / "flights.parquet"
            strange = duckdb.sql(f"(FROM '{each.made['mason']}') EXCEPT ALL (FROM '{source}')").fetchall()
            assert strange == []
    assert checked == [
        ("table format, csv to parquet by carrier, 0.2M rows", 195_583),
        ("table format, csv to one parquet file, 0.2M rows", 195_583),
        ("table merge, 20 differing parquet files, 0.2M rows", 195_583),
        ("table dedupe, parquet by 5 keys, 0.2M rows", 195_264),
    ]


@pytest.mark.slow
def test_workflows_are_run_with_their_journals(tmp_path):
    ended = []
    for each in dags(tmp_path, NOBODY):
        for who, command in (("mason", each.mason), ("floor", each.floor)):
            assert command is not None
            run(who, command, each)
        newest = max((each.home / "journals").glob("*.jsonl"), key=lambda journal: journal.stat().st_size)
        ended.append((each.name, newest.read_text().count('"event":"ended"')))
    assert ended == [
        ("run workflow of one step, beside get", 1),
        ("chain of 1,000 steps, execution", 1_000),
        ("fan of 1,000 steps, execution", 1_000),
        ("chain of 1,000 Python steps, execution", 1_000),
        ("chain of 10,000 steps, execution", 10_000),
    ]


def test_goals_may_be_seconds(tmp_path):
    slow, quick = (replace(work(tmp_path, mason="FROM range(3)", floor=None), seconds=goal) for goal in (0.0, 60.0))
    assert [measure(each, 1).met for each in (slow, quick)] == [False, True]
    result = Result("a", 1.0, None, None, None, 7.0, 100, met=True, seconds_goal=1.5)
    assert table([result]).splitlines()[-1] == "| a | 1.000 |  |  | ≤ 1.5 s, ≤ 100 MB | yes | 7 |"


def test_each_run_makes_everything_anew_and_nothing_stays(tmp_path):
    result = measure(work(tmp_path, mason="FROM range(3)", floor="FROM range(3)"), 2)
    assert result.ratio == result.mason / result.floor
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "rows", ["FROM range(2)", "SELECT 1::BIGINT AS range FROM range(3)", "SELECT range AS r FROM range(3)"]
)
def test_other_rows_than_the_floors_end_the_run(tmp_path, rows):
    with pytest.raises(SystemExit) as ended:
        measure(work(tmp_path, mason=rows, floor="FROM range(3)"), 1)
    number = 2 if rows == "FROM range(2)" else 3
    assert str(ended.value) == f"work: Mason wrote {number} rows, the floor 3, and they are not the same."


def test_work_without_a_floor_has_no_ratio(tmp_path):
    result = measure(work(tmp_path, mason="FROM range(3)", floor=None), 1)
    assert (result.floor, result.ratio, result.met) == (None, None, None)


def test_the_table_has_a_column_for_peers_where_one_answered():
    with_peers = Result("a", 1.0, 2.0, 0.5, 0.75, 99.6, 100, met=True, peers={"pandas": 3.0, "polars": 0.125})
    without = Result("b", 1.0, None, None, None, 7.0, None, met=None)
    assert table([with_peers, without]) == (
        "| work | Mason s | floor s | ratio | goal | met | peak MB | peers s |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| a | 1.000 | 2.000 | 0.50 | ≤ 0.75, ≤ 100 MB | yes | 100 | pandas 3.00, polars 0.12 |\n"
        "| b | 1.000 |  |  |  |  | 7 |  |"
    )
    assert table([without]) == (
        "| work | Mason s | floor s | ratio | goal | met | peak MB |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| b | 1.000 |  |  |  |  | 7 |"
    )


def test_peers_are_those_that_their_python_has(tmp_path):
    for name in ("polars", "faker"):
        (tmp_path / f"{name}.py").touch()
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}" exec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    peers = Peers.of(str(python))
    assert peers == Peers({"faker": str(python), "polars": str(python)})
    assert Peers.of(sys.executable, str(python)).pythons.items() >= peers.pythons.items()
    script = str(Path(__file__).parent.parent / "benchmarks" / "peers.py")
    assert peers.commands("dedupe", dict.fromkeys(PEERS, (Path("in"), 1))) == {
        "polars": (str(python), script, "polars_dedupe", "in", "1")
    }
    walkers = Peers({"luigi": str(python)}).commands("dag", {"luigi": ("chain", 1_000)})
    assert walkers == {"luigi": (str(python), script, "luigi_dag", "chain", "1000")}
