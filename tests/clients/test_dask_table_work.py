"""Table work on real workers is what ``local`` does with the same table, split and whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mason.clients.dask import DaskClient
from mason.clients.local import LocalClient
from mason.engines.execution import Execution
from mason.engines.models import Job, Location, Table
from mason.errors import ConflictError, EngineError

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]

ROWS = 200_000
# Each column has values that are there many times, and NULL; a double whose sum has no digits to lose.
FACTS = (
    f"SELECT i AS id, CASE WHEN i % 11 > 0 THEN i % 1000 END AS k, (i * 7919 % 100003)::DOUBLE AS v, "
    f"'text ' || (i % 5000) AS t, DATE '2020-01-01' + (i % 4000)::INTEGER AS d, "
    f"CASE WHEN i % 5 = 0 THEN 'nan'::DOUBLE ELSE i % 17 END AS n FROM range({ROWS}) AS r(i)"
)
DRIFT = "SELECT i AS id, {} AS z FROM range(50000) AS r(i)"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one large file of parquet, files that differ, and the same as text."""
    folder = tmp_path_factory.mktemp("tables")
    for name in ("club", "parts", "texts"):
        (folder / name).mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({FACTS}) TO '{folder}/club/facts.parquet' (ROW_GROUP_SIZE 20480)")
        for number, value in enumerate(("i", "i / 2", "i", "i / 4")):
            for place, ending in (("parts", "parquet"), ("texts", "csv")):
                connection.execute(f"COPY ({DRIFT.format(value)}) TO '{folder}/{place}/{number}.{ending}'")
    return folder


@pytest.fixture(scope="module")
def dask(dask_scheduler: str, base: Path) -> Iterator[Execution]:
    client = DaskClient({"scheduler": dask_scheduler, "part_size": "100KB"}, base=base)
    found = client.engine("execution")
    assert isinstance(found, Execution)
    yield found
    client.close()


@pytest.fixture(scope="module")
def local(base: Path) -> Execution:
    found = LocalClient({}, base=base).engine("execution")
    assert isinstance(found, Execution)
    return found


FILES = Table("facts", "club", location=Location("club/facts.parquet"))


def rows_of(base: Path, output: str) -> tuple[Any, ...]:
    """How many rows there are, and the sum of their hashes."""
    with duckdb.connect() as connection:
        found = f"read_parquet('{base}/{output}/*.parquet')"
        row = connection.execute(f"SELECT count(*), sum(hash(*COLUMNS(*))) FROM {found}").fetchone()
    assert row is not None
    return row


def told(job: Job, name: str) -> Mapping[str, Any]:
    """What a job tells, but for its files, which are more where there were parts, and its place."""
    result = {key: value for key, value in job.result.items() if key not in ("files", "bytes", "output")}
    return {**result, "logs": [line.replace(name, "") for line in job.logs]}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"columns": ["t", "k", "t"]},
        {"exact": False},
        {"columns": ["n", "v", "d"], "top_values": 3, "histogram": 4},
        {"columns": ["v"]},
    ],
)
def test_summaries(dask: Execution, local: Execution, given: Mapping[str, Any]) -> None:
    mine, others = dask.summarize(FILES, **given), local.summarize(FILES, **given)
    assert mine.schema == others.schema
    assert list(mine.rows) == list(others.rows)


def test_columns_that_there_are_not(dask: Execution, local: Execution) -> None:
    with pytest.raises(EngineError) as mine:
        dask.summarize(FILES, columns=["k", "kk"])
    with pytest.raises(EngineError) as others:
        local.summarize(FILES, columns=["k", "kk"])
    assert (type(mine.value), str(mine.value)) == (type(others.value), str(others.value))


@pytest.mark.parametrize("given", [{"keys": ["k"], "order_by": ["t"]}, {"keys": ["n", "k"], "keep": "last"}])
def test_duplicates(base: Path, dask: Execution, local: Execution, given: Mapping[str, Any]) -> None:
    name = "-".join(given["keys"])
    mine = dask.dedupe(FILES, output=f"made/dask-{name}", **given)
    others = local.dedupe(FILES, output=f"made/local-{name}", **given)
    assert told(mine, f"dask-{name}") == told(others, f"local-{name}")
    assert rows_of(base, f"made/dask-{name}") == rows_of(base, f"made/local-{name}")
    assert len(mine.result["files"]) == 2


def test_another_format(base: Path, dask: Execution, local: Execution) -> None:
    """A large file is split by its groups of rows."""
    mine = dask.format(FILES, output="made/dask-format", filter_columns=["t", "id"], compression="zstd")
    others = local.format(FILES, output="made/local-format", filter_columns=["t", "id"], compression="zstd")
    assert told(mine, "dask-format") == told(others, "local-format")
    assert rows_of(base, "made/dask-format") == rows_of(base, "made/local-format")
    files = sorted(each.name for each in (base / "made" / "dask-format").iterdir())
    assert files == ["_mason.json", *(f"data_{number}.parquet" for number in range(len(mine.result["files"])))]
    assert len(files) > 3


@pytest.mark.parametrize("place", ["parts", "texts"])
def test_merges(base: Path, dask: Execution, local: Execution, place: str) -> None:
    """Files are split, of text too, and read as the schema of all has it."""
    table = Table(place, location=Location(place))
    given = {"format": "parquet", "extract_paths": True}
    mine = dask.merge(table, output=f"made/dask-{place}", **given)  # type: ignore[arg-type]
    others = local.merge(table, output=f"made/local-{place}", **given)  # type: ignore[arg-type]
    assert told(mine, f"dask-{place}") == told(others, f"local-{place}")
    assert rows_of(base, f"made/dask-{place}") == rows_of(base, f"made/local-{place}")
    assert len(mine.result["files"]) > 1


def test_a_folder_that_is_there(base: Path, dask: Execution) -> None:
    """Is replaced when asked, and only then."""
    job = dask.format(FILES, output="made/there", filter_columns=["id"])
    with pytest.raises(ConflictError) as raised:
        dask.format(FILES, output="made/there", filter_columns=["k"])
    assert str(raised.value) == "made/there exists already. Ask for overwrite to replace it."
    again = dask.format(FILES, output="made/there", filter_columns=["k"], overwrite=True)
    assert [column["name"] for column in again.result["schema"]] == ["k"]
    assert job.result["rows"] == again.result["rows"] == ROWS
    # Nothing is left beside it.
    assert [each.name for each in (base / "made").iterdir() if each.name.startswith(".")] == []


def test_a_part_that_fails(base: Path, dask: Execution, local: Execution) -> None:
    """Is refused as the whole is: a value that is none of its column's type, in the last file."""
    (base / "bad").mkdir()
    for number in range(3):
        lines = "".join(f"{line},{line}\n" for line in range(40_000))
        (base / "bad" / f"{number}.csv").write_text("id,z\n" + lines + ("x,1\n" if number == 2 else ""))
    table = Table("bad", location=Location("bad"))
    said = []
    for execution in (dask, local):
        with pytest.raises(EngineError) as raised:
            execution.format(table, output="made/bad", format="parquet")
        said.append((type(raised.value), str(raised.value)))
    assert said[0] == said[1]
    assert not (base / "made" / "bad").exists()
