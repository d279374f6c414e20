"""One row for each key: which one stays, and that none is lost."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.clients.conftest import Local, refusal


def dedupe(local: Local, output: str = "data/o.parquet", **options: Any) -> dict[str, Any]:
    job = local.execution.dedupe(local.metastore.get_table("data", "t"), output=output, overwrite=True, **options)
    return dict(job.result)


def counted(manifest: dict[str, Any]) -> tuple[int, int, int]:
    return manifest["rows_in"], manifest["rows"], manifest["removed"]


CSV = "id,at,n\n1,2,b\n1,1,a\n2,1,c\n,1,d\n,2,e\n3,,f\n3,5,g\n"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"order_by": ["at"]}, "acdg"),
        ({"order_by": ["at"], "keep": "last"}, "bceg"),
        ({}, "acdg"),
        ({"keep": "last"}, "bceg"),
        ({"order_by": ["n"], "keep": "last"}, "bceg"),
    ],
)
def test_which_row_stays(local: Local, options: dict[str, Any], names: str) -> None:
    local.put("data/t.csv", CSV)
    assert counted(dedupe(local, keys=["id"], **options)) == (7, 4, 3)
    assert "".join(sorted(row[2] for row in local.rows("o"))) == names


def test_several_keys_and_no_duplicates(local: Local) -> None:
    local.put("data/t.csv", CSV)
    assert counted(dedupe(local, keys=["id", "at"])) == (7, 7, 0)
    assert sorted(local.rows("o"), key=str) == sorted(local.rows("t"), key=str)


def test_ties_are_broken_by_the_other_columns(local: Local) -> None:
    rows = [f"{number % 500},1,{number}\n" for number in range(5_000)]
    expected = [(number, 1, number) for number in range(500)]
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        local.put("data/t.csv", "id,at,n\n" + "".join(rows))
        assert counted(dedupe(local, keys=["id"], order_by=["at"])) == (5_000, 500, 4_500)
        assert sorted(local.rows("o", "SELECT * FROM $table")) == expected


def test_keys_of_all_kinds(local: Local) -> None:
    sql = """
        SELECT * FROM (VALUES ('nan'::DOUBLE, [1], {'a': 1}, 1), ('nan', [1], {'a': 1}, 2), (NULL, NULL, NULL, 3),
        (NULL, NULL, NULL, 4), ('inf', [], {'a': NULL}, 5), ('inf', [NULL], {'a': NULL}, 6)) AS t(f, l, s, n)
    """
    local.execution.query(sql, output="data/t.parquet")
    assert counted(dedupe(local, keys=["f", "l", "s"])) == (6, 4, 2)
    assert sorted(row[3] for row in local.rows("o")) == [1, 3, 5, 6]
    assert counted(dedupe(local, keys=["f"])) == (6, 3, 3)


def test_what_is_refused(local: Local) -> None:
    local.put("data/t.csv", CSV)
    assert refusal(dedupe, local, keys=[]) == "EngineError: keys are missing: name the columns that tell rows apart."
    assert refusal(dedupe, local, keys=["nope"]) == "NotFoundError: There is no column nope. Columns: id, at, n."
    assert refusal(dedupe, local, keys=["id"], order_by=["no"]) == (
        "NotFoundError: There is no column no. Columns: id, at, n."
    )
    assert (
        refusal(dedupe, local, keys=["id"], keep="some") == "EngineError: keep is some, but it must be first or last."
    )


def test_names_that_need_quotes(local: Local) -> None:
    local.put("data/t.csv", '"select","a ""b""","ü; DROP TABLE x"\n1,2,3\n1,2,4\n')
    manifest = dedupe(local, keys=["select", 'a "b"'], order_by=["ü; DROP TABLE x"], keep="last")
    assert counted(manifest) == (2, 1, 1)
    assert local.rows("o") == [(1, 2, 4)]
