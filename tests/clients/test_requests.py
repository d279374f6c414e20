"""Arguments of table work as values: what each means, and all that is wrong with them at once."""

from __future__ import annotations

import pytest

from mason.clients._tables.requests import WAITS, Output, Request, faults, read
from mason.engines.capabilities import Capabilities, FileFormat
from mason.engines.execution import Execution
from mason.engines.models import Column, Schema, Table
from mason.errors import EngineError

CAN = Capabilities(
    writes=(FileFormat("csv", ("gzip", "none")), FileFormat("parquet", ("zstd", "none"), folders=True)),
    longest_name=5,
)


class Presses(Execution):
    client = "press"
    capabilities = CAN


PRESS = Presses(None)


def wrong(verb, **asked):
    return faults(verb, asked, client="press", can=CAN)


@pytest.mark.parametrize(
    ("asked", "output"),
    [
        ({"output": "a/b.csv"}, Output("a/b.csv", "csv")),
        ({"output": "b.CSV.gz"}, Output("b.CSV.gz", "csv", compression="gzip")),
        ({"output": "b.tsv"}, Output("b.tsv", "csv", delimiter="\t")),
        ({"output": "b", "format": "Parquet"}, Output("b", "parquet", folder=True)),
        ({"output": "a.d/b/", "format": "parquet"}, Output("a.d/b/", "parquet", folder=True)),
        ({"output": "a/b.", "format": "parquet"}, Output("a/b.", "parquet", folder=True)),
        ({"output": "b.parquet", "overwrite": True}, Output("b.parquet", "parquet", overwrite=True)),
        (
            {"output": "b", "format": "parquet", "partition_columns": ["x", "y", "x"]},
            Output("b", "parquet", folder=True, partition_columns=("x", "y")),
        ),
        (
            {"output": "b.d", "format": "parquet", "partitions": 3, "compression": "uncompressed"},
            Output("b.d", "parquet", folder=True, files=3, compression="none"),
        ),
    ],
)
def test_what_is_to_be_written(asked, output):
    assert read(PRESS, "format", asked) == Request(output=output)


def test_files_in_a_folder_show_what_they_are():
    assert Output("a", "jsonl", folder=True, compression="zstd").ending == "jsonl.zst"
    assert Output("a", "parquet", folder=True, compression="zstd").ending == "parquet"
    assert Output("a", "csv", folder=True).ending == "csv"


def test_a_query_without_an_output_writes_nothing():
    assert read(PRESS, "query", {"limit": 3, "output": None, "format": None}) == Request(limit=3)
    assert wrong("execution.query", output="", format="xml") == []


def test_names_are_told_once_and_in_their_order():
    asked = {"output": "o.csv", "keys": ["b", "a", "b"], "order_by": ["c"], "keep": "last"}
    expected = Request(Output("o.csv", "csv"), keys=("b", "a"), order_by=("c",), keep="last")
    assert read(PRESS, "dedupe", asked) == expected


def test_rows_are_made_up_from_a_schema_or_a_mapping_or_like_a_table():
    asked = {"size": 3, "seed": 4, "output": "o.csv"}
    made = Request(Output("o.csv", "csv"), size=3, seed=4, columns=(("id", "BIGINT"),))
    assert read(PRESS, "fake", {**asked, "schema": {"id": "BIGINT"}}) == made
    assert read(PRESS, "fake", {**asked, "schema": Schema((Column("id", "BIGINT"),))}) == made
    assert read(PRESS, "fake", {**asked, "schema": Table("t")}).columns == ()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"output": ""}, "output is empty: give the path of a file or folder."),
        ({"output": "o.xlsx"}, "Client press does not write xlsx (it writes: csv, parquet)."),
        ({"output": "o.csv", "format": "xml"}, "Client press does not write xml (it writes: csv, parquet)."),
        (
            {"output": "o.csv", "format": "parquet"},
            "The ending of o.csv says csv, but format is parquet. Change one of them.",
        ),
        ({"output": "o", "format": "csv"}, "Client press writes csv as one file: end the path with .csv (o.csv)."),
        (
            {"output": "o.csv", "partition_columns": ["a"]},
            "Client press does not write csv in partitions (it does: parquet).",
        ),
        (
            {"output": "o.parquet", "partitions": 2},
            "o.parquet is the name of a file, but partitions make a folder of files. Leave out the ending.",
        ),
        ({"output": "o.csv.zst"}, "Client press does not compress csv by zstd (it can: gzip, none)."),
        (
            {"output": "o.csv.gz", "compression": "none"},
            "Compression by none shows in the name of a file: write to o.csv.",
        ),
    ],
)
def test_what_cannot_be_written(asked, expected):
    assert wrong("execution.format", **asked) == [expected]


def test_all_that_is_wrong_is_told_at_once():
    asked = {"output": "o", "format": "xml", "partitions": 0, "partition_columns": ["a"], "sample_size": 0}
    assert wrong("execution.format", **asked) == [
        "sample_size is 0, but it must be 1 or more.",
        "Client press does not write xml (it writes: csv, parquet).",
        "Give partition_columns or partitions, not both: each says which files there are to be.",
        "partitions is 0, but it must be 1 to 1000.",
    ]
    with pytest.raises(EngineError) as raised:
        read(PRESS, "dedupe", {"keys": [], "keep": "some", "output": "o.csv"})
    assert str(raised.value) == (
        "keys are missing: name the columns that tell rows apart. keep is some, but it must be first or last."
    )


def test_a_client_that_declares_no_format_writes_none():
    found = faults("execution.merge", {"output": "o.csv"}, client="acme", can=Capabilities())
    assert found == ["Client acme does not write csv (it writes: nothing)."]


def test_what_waits_is_not_complained_about():
    assert wrong("execution.dedupe", output=WAITS, keys=WAITS, keep="last") == []
    assert wrong("execution.dedupe", output=WAITS, keys=WAITS, keep="some") == [
        "keep is some, but it must be first or last."
    ]


def test_names_that_a_metastore_would_not_keep():
    assert wrong("metastore.create_table", database="shop", table="orders") == [
        "Client press keeps names of at most 5 characters, but table orders has 6."
    ]
    assert faults("metastore.create_table", {"table": "n" * 999}, client="local", can=Capabilities()) == []


def test_verbs_without_such_arguments_are_let_be():
    assert wrong("storage.delete", path="") == []
