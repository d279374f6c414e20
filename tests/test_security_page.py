"""The page about the trust boundary: each of its promises names a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


def test_every_promise_names_a_test_that_there_is():
    sections = PAGE.split("\n## ")[1:]
    promises = [each for each in sections if not each.startswith(("Whom you trust", "The trust"))]
    named = {each.splitlines()[0]: re.findall(r"`(tests/[\w/]+\.py)`", each) for each in promises}
    lacking = [title for title, tests in named.items() if not tests]
    assert lacking == []
    missing = [test for tests in named.values() for test in tests if not (ROOT / test).is_file()]
    assert missing == []
