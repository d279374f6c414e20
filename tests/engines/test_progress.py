"""Who observes is a matter of the context: nested, held for other threads, or nobody."""

from __future__ import annotations

import threading

from mason.engines.progress import Progress, observer, observing, report

STEP = Progress(1, 2, "rows", "Counting")


def test_reports_go_to_the_innermost_observer():
    outer: list[Progress] = []
    inner: list[Progress] = []
    report(STEP)
    with observing(outer.append):
        with observing(inner.append):
            report(STEP)
        report(STEP)
        report(STEP)
    report(STEP)
    assert (len(outer), len(inner)) == (2, 1)


def test_another_thread_is_given_the_observer():
    seen: list[Progress] = []
    found = []
    with observing(seen.append):
        held = observer()
        assert held is not None
        thread = threading.Thread(target=lambda: (found.append(observer()), held(STEP)))
        thread.start()
        thread.join()
    assert (found, seen) == ([None], [STEP])
    assert observer() is None
