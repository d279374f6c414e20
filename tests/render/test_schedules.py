"""Schedules and the daemon's events as people read them."""

from __future__ import annotations

import pytest

from mason.render.schedules import daemon_line, job_text, schedules_table
from mason.render.terminal import Terminal

PLAIN = Terminal(width=120, color=False)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            {"event": "watching", "config_id": "1", "client": "local", "place": "/w/schedules"},
            "Watching the schedules of config 1 (local, /w/schedules).",
        ),
        ({"event": "due", "schedule": "nightly", "due": "2026-03-01T03:00:00Z"}, "nightly: due 2026-03-01 03:00:00"),
        (
            {"event": "started", "schedule": "nightly", "run_id": "r", "job_id": "j"},
            "nightly: started as run r",
        ),
        (
            {"event": "ended", "schedule": "nightly", "run_id": "r", "status": "failed", "error": "step_1: no\nGo on"},
            "nightly: failed with run r: step_1: no Go on",
        ),
        (
            {
                "event": "missed",
                "schedule": "n",
                "count": 1,
                "more": False,
                "first": "2026-03-01T03:00:00Z",
                "last": "",
            },
            "n: missed 2026-03-01 03:00:00",
        ),
        (
            {
                "event": "missed",
                "schedule": "n",
                "count": 1000,
                "more": True,
                "first": "2026-03-01T03:00:00Z",
                "last": "2026-03-02T03:00:00Z",
            },
            "n: missed more than 1,000 times, from 2026-03-01 03:00:00 to 2026-03-02 03:00:00",
        ),
        (
            {"event": "skipped", "schedule": "n", "due": "2026-03-01T03:00:00Z"},
            "n: skipped 2026-03-01 03:00:00, because an earlier run goes on",
        ),
        ({"event": "fault", "schedule": "n", "error": "Broken."}, "fault: n: Broken."),
        ({"event": "fault", "config_id": "1", "error": "Broken."}, "fault: config 1: Broken."),
        ({"event": "fault", "error": "Broken."}, "fault: Broken."),
    ],
    ids=lambda value: value["event"] if isinstance(value, dict) else "",
)
def test_one_line_for_each_event(event, line):
    assert daemon_line({"at": "2026-03-04T05:06:07.890+00:00", **event}, PLAIN) == f"2026-03-04 05:06:07  {line}"


def test_a_table_of_schedules():
    never = {
        "name": "a",
        "schedule": "0 1 * * *",
        "time_zone": "UTC",
        "next": "",
        "enabled": True,
        "waiting": 0,
        "last": None,
    }
    last = {"run_id": "r", "status": "failed"}
    shown = schedules_table(
        [never, {**never, "name": "b", "enabled": False}, {**never, "next": "2026-03-01T03:00:00Z", "last": last}],
        PLAIN,
    )
    assert shown.splitlines() == [
        "name  schedule   time zone  next (UTC)           status  last run",
        "a     0 1 * * *  UTC        never",
        "b     0 1 * * *  UTC        disabled",
        "a     0 1 * * *  UTC        2026-03-01 03:00:00  failed  r",
    ]


def test_runs_that_wait_are_told_where_there_are_any():
    idle = {"name": "a", "schedule": "0 1 * * *", "time_zone": "UTC", "enabled": True, "next": "", "waiting": 0}
    last = {"last": {"status": "failed", "run_id": "r"}}
    assert schedules_table([idle | last, idle | last | {"name": "b", "waiting": 2}], PLAIN).splitlines() == [
        "name  schedule   time zone  next (UTC)  waiting  status  last run",
        "a     0 1 * * *  UTC        never                failed  r",
        "b     0 1 * * *  UTC        never       2        failed  r",
    ]


def test_what_became_of_a_job():
    failed = {
        "job_id": "j",
        "status": "failed",
        "logs": ["no"],
        "result": {"schedule": "n", "run_id": "r", "status": "failed"},
    }
    assert job_text(failed) == "Schedule n failed with run r.\nno"
    steps = {"schedule": "n", "status": "failed", "steps": {"a": "succeeded", "b": "failed"}}
    assert job_text({"job_id": "j", "status": "failed", "logs": ["b: no"], "result": steps}) == (
        "Schedule n failed. a succeeded, b failed.\nb: no"
    )
    for status, said in (("queued", "queued"), ("running", "run")):
        assert job_text({"job_id": "j", "status": status, "result": {"schedule": "n"}}, self_running=False) == (
            f"Schedule n is {said} as job j. See: mason run operator job get -p job_id:j"
        )
    assert job_text({"job_id": "j", "status": "queued", "result": {"schedule": "n"}}) == (
        "Schedule n is queued as job j: mason scheduler start runs it. See: mason run operator job get -p job_id:j"
    )
