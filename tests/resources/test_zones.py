"""Time zones by name, and what is said of names that nobody knows."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timezone
from zoneinfo import ZoneInfo

import pytest

from mason.resources.zones import ZoneError, find_zone


def test_zones_are_found():
    assert find_zone("UTC") is timezone.utc
    assert find_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Europe/Berln", "there is no time zone 'Europe/Berln' (did you mean Europe/Berlin?)"),
        ("berlin", "there is no time zone 'berlin' (did you mean Europe/Berlin?)"),
        ("new york", "there is no time zone 'new york' (did you mean America/New_York?)"),
        ("Europe", "there is no time zone 'Europe' (did you mean Europe/Rome?)"),
        ("../etc/passwd", "there is no time zone '../etc/passwd' (write its IANA name, such as Europe/Berlin, or UTC)"),
        ("", "there is no time zone '' (write its IANA name, such as Europe/Berlin, or UTC)"),
    ],
)
def test_what_is_no_zone(name, message):
    with pytest.raises(ZoneError) as raised:
        find_zone(name)
    assert str(raised.value) == message


def test_a_folder_of_zones_is_none():
    with pytest.raises(ZoneError):
        find_zone("Europe")


def test_a_system_without_zones_has_those_of_the_package():
    found = subprocess.run(
        [sys.executable, "-c", "from mason.resources.zones import find_zone; print(find_zone('Europe/Berlin'))"],
        env={**os.environ, "PYTHONTZPATH": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert found.stdout == "Europe/Berlin\n"
