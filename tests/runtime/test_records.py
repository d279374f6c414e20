"""Run records: ids that sort by time, and times that make sense."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from mason.runtime.records import new_run_id, workflow_record


def test_ids_sort_by_time_within_a_second():
    ids = [new_run_id(datetime(2026, 11, 21, 10, 15, 0, number, timezone.utc)) for number in range(0, 1_000_000, 1000)]
    assert ids == sorted(ids)
    assert ids[42].startswith("20261121T101500.042-")


def test_a_run_ends_when_it_began_at_the_earliest():
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    facts = {"config_id": "1", "digests": {}, "parameters": {}, "steps": [], "serial": 1, "started": tomorrow}
    record = workflow_record("workflow.a.b", "succeeded", **facts)
    assert record["finished_at"] == record["started_at"] == tomorrow.isoformat(timespec="milliseconds")
