"""The page about checks: its first example plans and is done in the project that Mason scaffolds."""

from __future__ import annotations

import json
import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "checks.md").read_text("utf-8")


def test_the_first_example_is_done(mason, folder):
    assert mason("init").code == 0
    (folder / "runs.yaml").write_text(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
    assert mason("plan").code == 0
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    record = json.loads(mason("runs", "show", "last", "--json").out)
    assert [(each["name"], each["status"]) for each in record["steps"][0]["checks"]] == [
        ("not_null_carrier_flights", "passed"),
        ("unique_carrier", "passed"),
        ("row_count", "passed"),
        ("sql", "passed"),
    ]
    looked = mason("check")
    assert (looked.code, looked.out.splitlines()[0]) == (0, "run.late_flights, step step_1, at reports/late.parquet")
