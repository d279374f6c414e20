"""Work that somebody may give up is told to those who do it, where it was begun and nowhere else."""

from __future__ import annotations

import threading
from contextvars import copy_context

from mason.engines.interrupts import current, doing
from mason.runtime.workers import Attempt


def test_work_belongs_to_the_context_in_which_it_was_begun():
    outer, inner = Attempt("outer", 0, 1), Attempt("inner", 0, 1)
    assert current() is None
    with doing(outer):
        with doing(inner):
            assert current() is inner
        assert current() is outer
        seen: list[object] = []
        copied = copy_context()
        for target in (lambda: seen.append(current()), lambda: copied.run(lambda: seen.append(current()))):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        assert seen == [None, outer]
    assert current() is None
