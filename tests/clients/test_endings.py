"""What the names of files say about their content."""

from __future__ import annotations

import pytest

from mason.clients._tables.formats import Ending, ending_of, written_format


@pytest.mark.parametrize(
    ("name", "expected", "written"),
    [
        ("a.csv", Ending("a", "csv", last="csv"), "csv"),
        ("a.b.TSV.gz", Ending("a.b", "csv", "\t", "gz", "tsv"), "csv"),
        ("a.json", Ending("a", "json", last="json"), "json"),
        ("a.ndjson.zst", Ending("a", "json", "", "zst", "ndjson"), "jsonl"),
        ("a.jsonl", Ending("a", "json", last="jsonl"), "jsonl"),
        ("a.parquet", Ending("a", "parquet", last="parquet"), "parquet"),
        ("a.parquet.gz", Ending("a.parquet.gz"), ""),
        ("a.doc", Ending("a.doc"), ""),
        (".csv", Ending(".csv"), ""),
        ("csv", Ending("csv"), ""),
    ],
)
def test_endings(name, expected, written):
    assert ending_of(name) == expected
    assert written_format(expected) == written
