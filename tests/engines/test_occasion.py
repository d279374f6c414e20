"""For which schedule work is done is known where it is done, and nowhere else."""

from __future__ import annotations

from contextvars import copy_context
from threading import Thread

from mason.engines.occasion import Occasion, on, owner


def test_it_belongs_to_the_context():
    assert owner() == ""
    with on(Occasion("nightly")):
        assert owner() == "nightly"
        with on(Occasion("hourly", "2026-01-01T00:00:00Z")):
            assert owner() == "hourly"
        with on(None):
            assert owner() == ""
        assert owner() == "nightly"
    assert owner() == ""


def test_another_thread_has_it_where_it_is_handed_on():
    seen = []
    with on(Occasion("nightly")):
        context = copy_context()
        threads = [
            Thread(target=lambda: seen.append(owner())),
            Thread(target=context.run, args=(lambda: seen.append(owner()),)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert seen == ["", "nightly"]


def test_what_a_record_says():
    assert Occasion("nightly").to_dict() == {"schedule": "nightly"}
    assert Occasion("nightly", "2026-01-01T00:00:00Z").to_dict() == {
        "schedule": "nightly",
        "due": "2026-01-01T00:00:00Z",
    }
