"""Many processes at one state in a bucket, and processes that are killed: no change is lost, and none is done twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from mason.state.s3.bucket_store import S3StateStore
from tests.servers import BUCKET

WRITERS = 20
# Adds a resource, so many times, and says each time which serial it wrote. Whose lease is lost, because the machine had
# other things to do for so long, begins again.
WRITER = """
import sys
from mason.errors import StateLockLostError
from mason.state.urls import open_store
from mason.testing.stores import entry
store, name, times = open_store(sys.argv[1]), sys.argv[2], int(sys.argv[3])
number = 0
while number < times:
    try:
        with store.lock("apply", timeout=150) as held:
            base = store.read()
            held.check()
            written = store.write({**base.resources, f"operator.{name}.number{number}": entry(number)}, base=base)
    except StateLockLostError:
        continue
    number += 1
    print(written.serial, flush=True)
"""


def writer(url, name, times):
    command = [sys.executable, "-c", WRITER, url, name, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def crowd(server, prefix):
    """Let twenty processes write, and look at what came out."""
    store = S3StateStore(server.url(BUCKET, prefix))
    store.put_run("probed", {})
    writers = [writer(store.url, f"writer{index}", 1) for index in range(WRITERS)]
    said = [process.communicate() for process in writers]
    assert [errors for _, errors in said] == [""] * WRITERS
    snapshot = store.read()
    assert sorted(snapshot.resources) == sorted(f"operator.writer{index}.number0" for index in range(WRITERS))
    assert sorted(int(out) for out, _ in said) == list(range(1, WRITERS + 1))
    assert (snapshot.serial, store.lock_info()) == (WRITERS, None)


@pytest.mark.slow
@pytest.mark.xdist_group("moto")
def test_twenty_processes_at_once_on_moto(moto, prefix, aws):
    crowd(moto, prefix)


@pytest.mark.slow
@pytest.mark.xdist_group("seaweedfs")
def test_twenty_processes_at_once_on_seaweedfs(seaweed, prefix, aws):
    crowd(seaweed, prefix)


def kill_again_and_again(url, rounds, chance):
    """Writers that are killed in the midst of it, one after the other. Returns what went wrong."""
    store = S3StateStore(url)
    known, wrong = 0, []
    for number in range(rounds):
        process = writer(url, f"round{number}", 1000)
        # The first line says that it is at work, and that whatever the one before left was overcome.
        said = [process.stdout.readline()]
        time.sleep(chance.uniform(0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        # Not by communicate(), which knows nothing of what came with the first line.
        with process.stdout, process.stderr:
            said += process.stdout.read().split()
            errors = process.stderr.read()
        process.wait()
        snapshot = store.read()
        written = [int(serial) for serial in said if serial.strip()]
        # Each write has added one resource; at most the last one was never told.
        if not written or written[0] <= known or snapshot.serial - written[-1] not in (0, 1):
            wrong.append((number, known, written, snapshot.serial, errors))
        if len(snapshot.resources) != snapshot.serial:
            wrong.append((number, "resources", len(snapshot.resources), snapshot.serial))
        known = snapshot.serial
    return wrong


@pytest.mark.slow
@pytest.mark.xdist_group("moto")
def test_writers_that_are_killed_at_any_moment(moto, prefix, aws):
    """The next reader is right, and nobody has to unlock anything: the lease of the dead runs out."""
    found = []
    seed = random.randrange(10**6)

    def play(index):
        url = moto.url(BUCKET, f"{prefix}-{index}", lease="2")
        found.append(kill_again_and_again(url, 3, random.Random(seed + index)))

    threads = [threading.Thread(target=play, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[]] * 4, f"seed {seed}"
