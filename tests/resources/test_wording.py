"""What faults quote is fit to be printed."""

from __future__ import annotations

from mason import secrets
from mason.resources.wording import quoted


def test_half_a_secret_is_not_quoted():
    secrets.remember("quoted-secret-" + "x" * 90)
    assert quoted("it is quoted-secret-" + "x" * 90) == "'it is REDACTED'"
