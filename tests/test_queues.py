"""What is taken from a queue comes at once where it is there, and nobody waits longer than he said."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

import pytest

from mason.queues import take


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 60.0])
def test_what_is_there_comes_at_once_and_in_order(seconds):
    queue: SimpleQueue[int] = SimpleQueue()
    queue.put(1)
    queue.put(2)
    assert [take(queue, seconds), take(queue, seconds)] == [1, 2]


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.001])
def test_where_nothing_comes_it_is_empty(seconds):
    queue: SimpleQueue[int] = SimpleQueue()
    with pytest.raises(Empty):
        take(queue, seconds)


def test_what_comes_later_is_waited_for():
    queue: SimpleQueue[int] = SimpleQueue()
    threading.Timer(0.01, queue.put, [1]).start()
    assert take(queue, 60.0) == 1


def test_nobody_waits_for_ever_however_often_a_queue_runs_dry_under_his_hands():
    """Each item that is put while somebody waits leaves the lock of the queue free once more."""
    queue: SimpleQueue[int] = SimpleQueue()
    stop = threading.Event()

    def feed() -> None:
        while not stop.is_set():
            queue.put(1)

    def drain(taken: list[int]) -> None:
        for _ in range(20_000):
            try:
                taken.append(take(queue, 0.0))
            except Empty:
                continue

    taken: list[int] = []
    feeding = threading.Thread(target=feed, daemon=True)
    draining = threading.Thread(target=drain, args=(taken,), daemon=True)
    feeding.start()
    draining.start()
    draining.join(60)
    stop.set()
    feeding.join(60)
    assert not draining.is_alive()
    assert taken
