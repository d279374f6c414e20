"""``mason fmt`` as a person types it."""

from __future__ import annotations

import io
import json

import pytest

UNTIDY = "type:  run\nname: a\n"
TIDY = "type: run\nname: a\n"


@pytest.fixture
def untidy(folder):
    (folder / "mason.yaml").write_text("name:  flights\n")
    (folder / "runs").mkdir()
    (folder / "runs" / "a.yaml").write_text(UNTIDY)
    (folder / "runs" / "b.yaml").write_text(TIDY)
    (folder / "compose.yaml").write_text("services:   {}\n")
    return folder


def test_lays_out_a_project_and_nothing_that_is_not_its_own(untidy, mason):
    result = mason("fmt")
    assert (result.code, result.out) == (0, "mason.yaml\nruns/a.yaml\nLaid out: 2 of 3 files.\n")
    assert (untidy / "runs" / "a.yaml").read_text() == TIDY
    assert (untidy / "mason.yaml").read_text() == "name: flights\n"
    assert (untidy / "compose.yaml").read_text() == "services:   {}\n"
    assert sorted(each.name for each in (untidy / "runs").iterdir()) == ["a.yaml", "b.yaml"]
    assert mason("fmt").out == "Laid out: 0 of 3 files.\n"


def test_check_changes_nothing_and_fails(untidy, mason):
    result = mason("fmt", "--check", "runs")
    assert (result.code, result.out) == (1, "runs/a.yaml\nNot laid out: 1 of 2 files.\n")
    assert (untidy / "runs" / "a.yaml").read_text() == UNTIDY
    assert mason("fmt", "--check", "runs/b.yaml").code == 0


def test_diff_shows_the_lines(untidy, mason):
    result = mason("fmt", "--diff", "runs")
    expected = "--- runs/a.yaml\n+++ runs/a.yaml\n@@ -1,2 +1,2 @@\n-type:  run\n+type: run\n name: a\n"
    assert (result.code, result.out) == (1, expected)
    assert (untidy / "runs" / "a.yaml").read_text() == UNTIDY


def test_stdin_goes_to_stdout(untidy, mason):
    result = mason("fmt", "-", answer=io.TextIOWrapper(io.BytesIO(UNTIDY.encode())))
    assert (result.code, result.out) == (0, TIDY)


def test_a_file_that_cannot_be_laid_out_stays_and_the_others_are_done(untidy, mason):
    text = "type: run\nname: [1, # why\n  2]\n"
    (untidy / "runs" / "c.yaml").write_text(text)
    result = mason("fmt", "runs")
    assert (result.code, result.out) == (1, "runs/a.yaml\nLaid out: 1 of 3 files.\n")
    assert result.err == (
        "Error: runs/c.yaml:2: laid out otherwise, this would not say the same "
        "(write it more plainly, or lay this file out by hand)\n"
    )
    assert (untidy / "runs" / "c.yaml").read_text() == text


def test_json(untidy, mason):
    result = mason("fmt", "--json", "runs", "nowhere")
    assert result.code == 1
    fault = {"file": "nowhere", "line": 0, "message": "there is no such file or folder", "remedy": "check the path"}
    expected = {"format_version": "1.0", "files": 2, "changed": ["runs/a.yaml"], "faults": [fault]}
    assert json.loads(result.out) == expected


def test_keeps_permissions_and_links(untidy, mason):
    (untidy / "runs" / "a.yaml").chmod(0o640)
    (untidy / "linked.yaml").symlink_to("runs/a.yaml")
    assert mason("fmt", "linked.yaml").code == 0
    assert (untidy / "linked.yaml").is_symlink()
    assert (untidy / "runs" / "a.yaml").read_text() == TIDY
    assert (untidy / "runs" / "a.yaml").stat().st_mode & 0o777 == 0o640
