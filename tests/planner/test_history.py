"""Run records: ids that sort by time."""

from __future__ import annotations

from datetime import datetime, timezone

from mason.planner.history import new_run_id


def test_ids_sort_by_time_within_a_second():
    ids = [new_run_id(datetime(2026, 11, 21, 10, 15, 0, number, timezone.utc)) for number in range(0, 1_000_000, 1000)]
    assert ids == sorted(ids)
    assert ids[42].startswith("20261121T101500.042-")
