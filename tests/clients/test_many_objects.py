"""Of a million objects no list is made where none is asked for; pages come one after another."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.clients.listing_stub import PAGE, bucket_of
from tests.servers import AWS_ENVIRONMENT

LOOK = """
import resource, sys
from pathlib import Path
from mason.clients.s3 import S3Client
storage = S3Client({"endpoint_url": sys.argv[1], "root": "s3://lake"}, base=Path.cwd()).engine("storage")
storage.fingerprint("part=00")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(storage.fingerprint("") != "", storage.exists("part=99"))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_a_million_objects_are_met_in_flat_memory() -> None:
    """Their facts alone would be some hundred megabytes."""
    count = 1_000_000
    with bucket_of(count) as (endpoint, asked):
        done = subprocess.run(
            [sys.executable, "-c", LOOK, endpoint],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=AWS_ENVIRONMENT,
            timeout=600,
        )
    told, grown = done.stdout.splitlines()
    assert told == "True True"
    assert int(grown) < 20
    pages = [each for each in asked if "prefix=&" in each or each.endswith("prefix=")]
    assert len(pages) == count // PAGE
