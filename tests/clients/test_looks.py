"""What was found in files is remembered for just the version of a file that it was found in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mason.clients._duckdb.connection import Limits, on_demand
from mason.clients._duckdb.reading import looking
from mason.clients._duckdb.reading.copies import Copies
from mason.clients._duckdb.reading.looks import FileSchema, Seen, how
from mason.clients._duckdb.reading.schemas import describe
from mason.clients._duckdb.reading.table_files import files_at
from mason.clients._duckdb.root import Root
from tests.clients.conftest import Local, refusal

COPIES = {"t/b.csv": "n;d;t\n1,5;2024-01-02;é\n".encode(), "t/c.csv": b"n;d;t\n1,5;2024-01-02;x\n"}
LATER = 10_000_000_000
DATA = Path(__file__).parents[2] / "examples" / "data"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a person's caches of tables."""
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "cache" / "tables"


def look(root: Path, location: str, seen: Seen, *, whole: bool = False, age: int = LATER) -> list[FileSchema]:
    """The schemas of the files at ``location``, kept as if they had been looked at ``age`` nanoseconds from now."""
    rooted = Root(root, client="local")
    files = files_at(rooted, location)
    seen.recall(str(root / location), files)
    with on_demand(Limits("500MB")) as connection:
        found = describe(connection, files, rooted, seen, title=location, partitions=(), whole=whole)
    seen.keep(str(root / location), files, time.time_ns() + age)
    return list(found.files)


def known(root: Path, location: str, seen: Seen | None = None) -> list[FileSchema | None]:
    """The schemas of the files at ``location`` as they are remembered."""
    seen = seen or Seen(lasting=True)
    files = files_at(Root(root, client="local"), location)
    seen.recall(str(root / location), files)
    return [seen.schema(file, how({}, index)) for index, file in enumerate(files)]


def test_another_process_knows_what_was_found(local: Local) -> None:
    local.put("t/a.csv", 'n,d,t\n1,2024-01-02,x\n2,2024-01-03,""\n')
    local.put("t/b.csv", "n;d;t\n1,5;2024-01-02;é\n".encode("utf-16"))
    local.put("t/c.csv", b"n;d;t\r\n1,5;2024-01-02;x\n")
    local.put("j.json", '[{"n": 1, "l": {"a": [1.5]}}]')
    local.execution.query("SELECT 1 AS n, NULL AS z", output="p.parquet")
    local.execution.query("SELECT 1 AS n, 'x' AS z", output="s.xlsx")
    for location in ("t/a.csv", "t/b.csv", "t/c.csv", "j.json", "p.parquet", "s.xlsx"):
        (found,) = look(local.root, location, Seen(lasting=True))
        (again,) = known(local.root, location)
        assert again is not None
        assert again.columns == found.columns
        assert (again.notes, again.nulls, again.file) == (found.notes, found.nulls, found.file)
        if found.text is not None and again.text is not None:
            assert again.text.dialect == found.text.dialect
            assert (again.text.verified, again.text.blank) == (found.text.verified, found.text.blank)
            copies = [copy and copy.read_bytes() for copy in (found.text.copy, again.text.copy)]
            assert copies == [COPIES.get(location)] * 2
        if found.sheet is not None and again.sheet is not None:
            assert (again.sheet.area, again.sheet.columns) == (found.sheet.area, found.sheet.columns)


def test_all_files_of_a_folder_are_known_and_new_ones_are_looked_at(local: Local) -> None:
    local.put("t/a.csv", "n,d\n1,2024-01-02\n")
    local.put("t/b.csv", "n,d\n1,2024-01-02\n")
    look(local.root, "t", Seen(lasting=True))
    local.put("t/c.csv", "n,d\n1,2024-01-02\n")
    assert [each is not None for each in known(local.root, "t")] == [True, True, False]
    assert len(look(local.root, "t", Seen(lasting=True))) == 3
    assert None not in known(local.root, "t")


@pytest.mark.parametrize("change", ["size", "mtime", "ctime", "inode"])
def test_nothing_is_known_of_another_version_of_a_file(local: Local, change: str) -> None:
    file = local.put("a.csv", "n,d\n1,2024-01-02\n")
    look(local.root, "a.csv", Seen(lasting=True))
    assert None not in known(local.root, "a.csv")
    status = file.stat()
    if change == "size":
        file.write_text("n,d\n1,2024-01-02\n2,x\n")
    elif change == "mtime":
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    elif change == "ctime":
        file.write_text("n,d\n1,2024-01-0x\n")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        local.put("b.csv", "n,d\n1,2024-01-0x\n").replace(file)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert known(local.root, "a.csv") == [None]


def test_a_file_that_was_just_written_is_not_remembered(local: Local, cache: Path) -> None:
    local.put("a.csv", "n\n1\n")
    look(local.root, "a.csv", Seen(lasting=True), age=0)
    assert not cache.exists() or known(local.root, "a.csv") == [None]


def test_what_was_found_just_after_a_change_is_not_believed_for_long(local: Local) -> None:
    file = local.put("a.csv", "n;é\n1;2\n".encode("utf-16"))
    seen = Seen()
    (found,) = look(local.root, "a.csv", seen)
    assert known(local.root, "a.csv", seen) != [None]
    first = found.text and found.text.copy
    seen._fresh[str(file)] -= LATER
    assert known(local.root, "a.csv", seen) == [None]
    (again,) = look(local.root, "a.csv", seen)
    assert again.text is not None
    assert again.text.copy != first


def test_what_was_found_with_other_options_is_not_known(local: Local) -> None:
    local.put("a.csv", "n\n1\n")
    seen = Seen(lasting=True)
    look(local.root, "a.csv", seen)
    (file,) = files_at(Root(local.root, client="local"), "a.csv")
    assert seen.schema(file, how({}, 0)) is not None
    assert seen.schema(file, how({"header": False}, 0)) is None
    assert seen.schema(file, how({}, 1)) is None


def test_a_damaged_file_is_refused_however_it_was_looked_at_before(local: Local) -> None:
    import gzip

    content = gzip.compress(b"n\n" + b"1\n" * 100_000)
    file = local.put("data/a.csv.gz", content)
    look(local.root, "data/a.csv.gz", Seen(lasting=True), whole=True)
    (found,) = files_at(Root(local.root, client="local"), "data/a.csv.gz")
    again = Seen(lasting=True)
    again.recall(str(local.root / "data/a.csv.gz"), [found])
    assert again.is_sound(found, "whole")
    file.write_bytes(content[:-20])
    (found,) = files_at(Root(local.root, client="local"), "data/a.csv.gz")
    assert not again.is_sound(found, "whole")


@pytest.mark.parametrize("damage", [b"", b"mason-tables-1\n", b"x" * 1000])
def test_a_damaged_cache_is_passed_over_and_made_anew(local: Local, cache: Path, damage: bytes) -> None:
    local.put("a.csv", "n\n1\n")
    look(local.root, "a.csv", Seen(lasting=True))
    (file,) = cache.iterdir()
    file.write_bytes(damage)
    assert known(local.root, "a.csv") == [None]
    look(local.root, "a.csv", Seen(lasting=True))
    assert None not in known(local.root, "a.csv")


def test_the_oldest_caches_go_when_they_are_many(local: Local, cache: Path) -> None:
    cache.mkdir(parents=True)
    for number in range(401):
        (cache / f"{number:03}").write_bytes(b"")
        os.utime(cache / f"{number:03}", (number, number))
    local.put("a.csv", "n\n1\n")
    look(local.root, "a.csv", Seen(lasting=True))
    assert len(list(cache.iterdir())) == 400
    assert not (cache / "000").exists()
    assert not (cache / "001").exists()
    assert (cache / "002").exists()
    assert None not in known(local.root, "a.csv")


def test_what_a_client_keeps_in_memory_is_not_remembered(local: Local, cache: Path) -> None:
    local.put("a.csv", "n\n1\n")
    look(local.root, "a.csv", Seen())
    assert not cache.exists()


def test_a_table_that_is_known_is_described_without_duckdb(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mason.clients.local import LocalClient\n"
        f"client = LocalClient({{'root': {str(DATA)!r}}}, base=Path({str(tmp_path)!r}))\n"
        "table = client.engine('metastore').get_table('.', 'flights')\n"
        "print(len(table.schema.columns), 'duckdb' in sys.modules)\n"
    )
    told = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert told == ["19 True\n", "19 False\n"]


def test_one_of_many_parquet_files_that_differs_is_found(local: Local) -> None:
    for number in range(60):
        local.execution.query(f"SELECT {number} AS n, 'x' AS s", output=f"data/t/{number:02}.parquet")
    assert local.columns("t") == {"n": "INTEGER", "s": "VARCHAR"}
    assert local.rows("t", "SELECT count(*), sum(n) FROM $table") == [(60, sum(range(60)))]
    local.execution.query("SELECT 1::BIGINT AS n, 'x' AS s", output="data/t/99.parquet")
    assert refusal(local.metastore.get_table, "data", "t") == (
        "ConflictError: The files of table t in database data have different schemas: column n: INTEGER in 00.parquet, "
        "01.parquet, 02.parquet and 57 more, BIGINT in 99.parquet. Make the files alike, or register a glob of those "
        "that are."
    )


def test_each_of_many_alike_parquet_files_is_checked_for_nanoseconds(local: Local) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (local.root / "data" / "t").mkdir(parents=True)
    for number, nanoseconds in enumerate((1_000, 2_000, 2_001)):
        times = pyarrow.array([nanoseconds], pyarrow.timestamp("ns", "UTC"))
        parquet.write_table(pyarrow.table({"at": times}), local.root / "data" / "t" / f"{number}.parquet")
    told = refusal(local.metastore.get_table, "data", "t")
    assert told.startswith("ConflictError: The files of table t in database data have different schemas: column at: ")
    assert "VARCHAR in 2.parquet" in told


def test_many_files_are_read_by_their_names_whatever_these_are(local: Local) -> None:
    for number in range(150):
        local.put(f"data/t/it's [{number}]*?.csv", f"n\n{number}\n")
    assert local.rows("t", "SELECT count(*), sum(n) FROM $table") == [(150, sum(range(150)))]
    local.put("data/t/two\nlines.csv", "n\n1000\n")
    assert local.rows("t", "SELECT count(*), sum(n) FROM $table") == [(151, sum(range(150)) + 1000)]


def test_many_csv_files_are_each_found_as_they_are_alone(local: Local) -> None:
    late = "".join(f"{n},x\n" for n in range(300))
    contents: list[str | bytes] = [
        "a,b\n1,2024-01-02\n2,2024-01-03\n",
        "a,b\n1,x\n2,\n",
        'a,b\n1,""\n2,x\n',
        f"a,b\n{late}007,x\n",
        f"a,b\n{late}1.5,x\n",
        f"a,b\n{late}99999999999999999999,x\n",
        "a,b\n" + ",y\n" * 300 + "5,z\n",
        "a,b\n,\n,\n",
        "a,b\n",
        "a;b\n1,5;x\n2,5;y\n",
        "a,b\r\n1,x\r\n2,y\r\n",
        "a,b\n01/02/2024,x\n03/04/2024,y\n",
        "a,b\n1,5 EUR\n\\N,7 EUR\n",
        "a,file\n1,x\n",
        "a,b\n1,é\n".encode("utf-16"),
        'a,b\n1,"x\ny"\n2,"z"\n',
        "",
    ]
    # Alike files stand apart, so that what a statement says of one is not taken for that of its neighbour.
    for copy in range(3):
        for number, content in enumerate(contents):
            local.put(f"t/{copy}-{number:02}.csv", content)
            local.put(f"alone/{copy}-{number:02}/t.csv", content)
    root = Root(local.root, client="local")
    files = [(file, 1_000) for file in files_at(root, "t")]
    with on_demand(Limits("500MB")) as connection:
        together = {each.file.name: each for each in looking.look(connection, files, {}, root, Copies())}
    assert len(together) == 3 * len(contents)
    for name, found in together.items():
        (alone,) = look(local.root, f"alone/{name.removesuffix('.csv')}", Seen())
        place = f"alone/{name.removesuffix('.csv')}/t.csv"
        assert (name, found.columns) == (name, alone.columns)
        assert found.notes == tuple(note.replace(place, f"t/{name}") for note in alone.notes)
        assert found.text is not None
        assert alone.text is not None
        assert (found.text.dialect, found.text.blank, found.text.verified) == (
            alone.text.dialect,
            alone.text.blank,
            alone.text.verified,
        )


def test_one_of_many_csv_files_that_is_damaged_is_named(local: Local) -> None:
    for number in range(20):
        local.put(f"data/t/{number:02}.csv", "a,b\n1,x\n2,y\n" if number != 13 else 'a,b\n1,x\n2,"y\n')
    assert "data/t/13.csv" in refusal(lambda: local.columns("t"))
