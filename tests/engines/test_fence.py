"""What no verb writes: names that are no data, and places that are Mason's own."""

from __future__ import annotations

import pytest

from mason.engines.fence import PLAN_HEAD, fault, is_own, is_plan, kept_fault


@pytest.mark.parametrize(
    "path",
    [
        "",
        "out.csv",
        "a b/out.parquet",
        "./out.csv",
        "../out.csv",
        "out",
        "_SUCCESS",
        "a.py/out.csv",
        "out.yaml.csv",
        "plan",
        "/home/.work/out.csv",
        "file:///home/.work/out.csv",
        "s3://lake/.work/out.csv",
    ],
)
def test_data_may_be_written(path: str) -> None:
    assert fault(path) == ""


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            ".env",
            ".env is a hidden name, and hidden files are no data. Choose a path whose names do not begin with a dot.",
        ),
        (
            "a/.git/hooks/x.csv",
            ".git is a hidden name, and hidden files are no data. Choose a path whose names do not begin with a dot.",
        ),
        (
            "s3://lake/a/.mason",
            ".mason is a hidden name, and hidden files are no data. Choose a path whose names do not begin with a dot.",
        ),
        (
            "mason.YAML",
            "YAML is where people write resources and settings. Choose a path whose names do not end with .yaml.",
        ),
        (
            "a/x.yml/",
            "YAML is where people write resources and settings. Choose a path whose names do not end with .yml.",
        ),
        (
            "/srv/x/__init__.py",
            "Python files are code that Mason may run. Choose a path whose names do not end with .py.",
        ),
        ("a.plan", "a plan file is applied as it was reviewed. Choose a path whose names do not end with .plan."),
        (
            "file:///srv/warehouse.duckdb",
            "it may be a warehouse, which only its database changes. Choose a path whose names do not end with "
            ".duckdb.",
        ),
    ],
)
def test_what_is_no_data_is_refused(path: str, told: str) -> None:
    assert fault(path) == f"No verb writes or deletes {path}: {told}"


def test_places_are_refused_with_all_below_them() -> None:
    places = ("s3://lake/state", "file:///srv/state/")
    told = (
        "No verb writes, copies or deletes x: Mason keeps its own things in {} (the state, a warehouse or settings). "
        "Choose a path outside."
    )
    assert kept_fault("x", "s3://lake/state", places) == told.format("s3://lake/state")
    assert kept_fault("x", "file:///srv/state/runs/1.json", places) == told.format("file:///srv/state/")
    assert kept_fault("x", "s3://lake/states/1.json", places) == ""


def test_hidden_files_of_others_go_with_their_folder() -> None:
    assert [
        name for name in ("a/.DS_Store", "a/.part-0.crc", "b.csv", "c/.git/x", ".env", "x/op.yaml") if is_own(name)
    ] == [
        "c/.git/x",
        ".env",
        "x/op.yaml",
    ]


def test_a_plan_is_known_by_its_beginning() -> None:
    assert is_plan(b'{"format": "mason-plan", "version": 1}')
    assert not is_plan(b'{"format": "csv"}')
    assert PLAN_HEAD >= 4096
