"""Cron expressions as Airflow gets them, and what its own timetable makes of them."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest

from mason.clients.airflow.airflow_times import timetable
from mason.clients.airflow.scheduler import AirflowScheduler
from mason.engines.models import Dag, Schedule
from mason.engines.scheduling import unkept
from mason.resources import cron
from tests import airflow_servers

EXPRESSIONS = (
    *(
        "0 12 * * *",
        "30 4 * * *",
        "* * * * *",
        "*/15 * * * *",
        "15 * * * *",
        "5-59/7 * * * *",
        "0 0-23 * * *",
        "@hourly",
    ),
    *("@daily", "@weekly", "@monthly", "@yearly", "0 */6 * * *", "0 6,12,18 * * *", "10-20/5 8 * * *", "59 23 * * *"),
    *("0 12 * * 0", "0 12 * * 7", "0 12 * * SUN", "0 12 * * 1-5", "0 12 * * MON-FRI", "0 12 * * 5-7", "0 12 * * 6"),
    *(
        "0 12 * * sat,wed",
        "0 12 1 * *",
        "0 12 31 * *",
        "0 12 29 2 *",
        "0 12 1,15 * *",
        "0 12 */10 * *",
        "0 12 28-31 * *",
    ),
    *(
        "0 12 * 1 *",
        "0 12 * JAN-MAR *",
        "0 12 * */3 *",
        "0 12 1 * MON",
        "0 12 13 * 5",
        "0 12 1-31 * 1",
        "0 12 1-7 * 0-6",
    ),
    *("0 12 31 2,3 *", "0 0 1 1 *", "30 12 15 6 3", "0 12 */2 * *", "0 12 * * */2", "0 22-23,12 * * *"),
    # Six fields of AWS, in which weekdays begin with Sunday as 1.
    *("0 12 * * ? *", "cron(0 12 * * ? *)", "0 12 ? * 1 *", "0 12 ? * 6 *", "0 12 ? * 7 *", "0 12 ? * MON-FRI *"),
    *("0 12 ? * 2-6 *", "0/10 * * * ? *", "0 12 1 * ? *", "0 12 ? 1 SUN *", "0 12 ? * 6#3 *", "0 12 ? * 1#1 *"),
    *("0 12 ? * TUE#2 *", "15 10 ? * 2,4,6 *", "0 8-18/2 ? * MON-FRI *", "0 0 1 1 ? *", "*/30 9 ? * * *"),
)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
FROM = datetime(2026, 3, 20, tzinfo=timezone.utc)
ASKED = """\
import json, sys
import pendulum
from airflow.timetables.trigger import CronTriggerTimetable
asked, found = json.load(sys.stdin), []
for expression, zone in asked["cases"]:
    table, moment, times = CronTriggerTimetable(expression, timezone=zone), pendulum.parse(asked["from"]), []
    for _ in range(200):
        moment = table._get_next(moment)
        times.append(int(moment.timestamp()))
    found.append(times)
json.dump(found, sys.stdout)
"""


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0 12 ? * 1 *", "0 12 * * 0"),
        ("0 12 ? * 6#3 *", "0 12 * * 5#3"),
        ("0 12 1-31 * 1", "0 12 * * *"),
        ("0 12 1 * MON", "0 12 1 * 1"),
        ("*/20 0-23 * * *", "0,20,40 * * * *"),
        ("@daily", "0 0 * * *"),
    ],
)
def test_it_is_written_anew_with_one_meaning(text: str, written: str) -> None:
    assert timetable(text) == written


@pytest.mark.parametrize(
    ("text", "zone", "changed"),
    [
        ("30 2 * * *", "UTC", None),
        ("30 2 * * *", "Europe/Berlin", "02:30"),
        ("0 1-5 * * *", "Europe/Berlin", "02:00"),
        ("0 3 * * *", "Europe/Berlin", None),
        ("30 2 * * 1", "Europe/Berlin", None),
        ("*/30 * * * *", "Europe/Berlin", None),
        ("30 1 * * *", "America/New_York", "01:30"),
        ("30 2 * * *", "Asia/Kolkata", None),
    ],
)
def test_times_over_which_clocks_change_are_found(text: str, zone: str, changed: str | None) -> None:
    found = cron.clock_change(text, zone)
    assert (found and f"{found:%H:%M}") == changed


@pytest.mark.slow
@pytest.mark.xdist_group("airflow")
def test_airflow_says_the_same_of_the_next_two_hundred_times(tmp_path: Path) -> None:
    if told := airflow_servers.missing():
        pytest.skip(told)
    assert len(EXPRESSIONS) >= 60
    keeps = AirflowScheduler.capabilities.keeps
    # Each in one of the zones, where its times are those of each day.
    rotated = [(text, ZONES[number % len(ZONES)]) for number, text in enumerate(EXPRESSIONS)]
    kept = [(text, "UTC" if cron.clock_change(text, zone) else zone) for text, zone in rotated]
    for text, zone in kept:
        assert unkept(Schedule("nightly", text, Dag(()), time_zone=zone), keeps, "airflow") == []
    asked = {"from": FROM.isoformat(), "cases": [(timetable(text), zone) for text, zone in kept]}
    ended = subprocess.run(
        [str(airflow_servers.python()), "-c", ASKED],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        env={"AIRFLOW_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert ended.returncode == 0, ended.stderr
    for case, found in zip(kept, json.loads(ended.stdout.splitlines()[-1]), strict=True):
        text, zone = case
        until = datetime(2399, 1, 1, tzinfo=timezone.utc)
        wanted = [int(each.timestamp()) for each in cron.parse(text).between(FROM, until, zone, 200)]
        assert (case, found[: len(wanted)]) == (case, wanted)
