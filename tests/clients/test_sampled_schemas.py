"""A sample of a table's files: which they are, what is said of it, and that it binds nobody who reads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from mason.clients._duckdb.reading.sampling import Sample
from mason.clients._duckdb.reading.table_files import files_at
from mason.clients.s3 import S3Client
from mason.engines.models import Rows
from mason.engines.storage import Storage
from mason.errors import ConflictError, EngineError
from tests.clients.conftest import Local, refusal
from tests.clients.listing_stub import bucket_of


def test_a_sample_is_spread_over_the_partitions(local: Local) -> None:
    for part in range(5):
        for number in range(4):
            local.put(f"data/t/k={part}/{number}.csv", f"id,name\n{number},x\n")
    table = local.storage.infer_table("data/t", sample_size=5)
    told = [note for note in table.notes if "sample" in note]
    assert len(told) == 1
    assert told[0].startswith("The schema is that of a sample: 5 of 20 files in 5 of 5 partitions (seed 0): k=0/")
    assert told[0].endswith(". Others may differ, which shows when they are read.")
    assert table.partition_columns == ("k",)
    assert table.location is not None
    assert table.location.size == 20 * len("id,name\n1,x\n")
    # The same each time, another one with another seed.
    assert local.storage.infer_table("data/t", sample_size=5).notes == table.notes
    assert len({local.storage.infer_table("data/t", sample_size=3, seed=seed).notes for seed in range(5)}) > 1
    # What is no sample is not called one.
    assert local.storage.infer_table("data/t", sample_size=20).notes == local.storage.infer_table("data/t").notes


def test_partition_columns_are_those_of_all_files(local: Local) -> None:
    """Their values stand in names, which are all known."""
    for value in ("1", "2", "x"):
        local.put(f"data/t/k={value}/a.csv", "id\n1\n")
    for seed in range(4):
        found = local.storage.infer_table("data/t", sample_size=1, seed=seed).schema
        assert found is not None
        assert [(column.name, column.type) for column in found.columns] == [("id", "BIGINT"), ("k", "VARCHAR")]


def test_files_that_were_not_looked_at_are_held_to_the_schema_when_read(local: Local) -> None:
    """Whatever was sampled: all files are looked at by who registers or reads."""
    (local.root / "data" / "t").mkdir(parents=True)
    for number in range(6):
        more = ", 2 AS more" if number == 5 else ""
        duckdb.sql(f"SELECT {number} AS id{more}").write_parquet(str(local.root / "data" / "t" / f"{number}.parquet"))
    files = files_at(local.client.root, "data/t")
    seed = next(each for each in range(9) if files[5] not in Sample(2, each).of(files))
    table = local.storage.infer_table("data/t", sample_size=2, seed=seed)
    with pytest.raises(ConflictError, match=r"column more: only in 5\.parquet"):
        local.execution.query("SELECT * FROM $table", table=table)
    with pytest.raises(ConflictError, match=r"column more: only in 5\.parquet"):
        local.metastore.create_table("data", "kept", definition=table)
    (local.root / "data" / "t" / "5.parquet").unlink()
    answer = local.execution.query("SELECT count(*) FROM $table", table=table)
    assert isinstance(answer, Rows)
    assert list(answer.rows) == [(5,)]


@pytest.mark.parametrize(
    ("given", "told"), [({"sample_size": 0}, "sample_size is 0"), ({"sample_size": 1, "seed": -1}, "seed is -1")]
)
def test_what_is_no_sample_is_refused(local: Local, given: dict[str, int], told: str) -> None:
    local.put("data/a.csv", "id\n1\n")
    least = 1 if "size is" in told else 0
    assert (
        refusal(local.storage.infer_table, "data/a.csv", **given)
        == f"EngineError: {told}, but it must be {least} or more."
    )


def test_of_many_objects_only_the_sample_is_read(tmp_path: Path, aws: None) -> None:
    with bucket_of(5000) as (endpoint, asked):
        client = S3Client({"endpoint_url": endpoint, "root": "s3://lake"}, base=tmp_path)
        storage = client.engine("storage")
        assert isinstance(storage, Storage)
        table = storage.infer_table("", table="t", sample_size=100)
        client.close()
    assert table.schema is not None
    assert table.schema.names == ("id", "name", "part")
    read = {each for each in asked if each.endswith(".csv")}
    assert len(read) == 100
    assert len({each.partition("part%3D")[2][:2] for each in read}) == 100


def test_one_sample_is_one() -> None:
    with pytest.raises(EngineError, match="sample_size is True"):
        Sample(True).check()
