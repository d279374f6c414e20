"""What follows from what an engine measured: which checks hold, what is told of the others, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mason.engines.checking import Asked, Measured, asked, asking, decided, warnings
from mason.errors import CheckFailedError
from mason.resources.output_checks import of_definition

HUGE = 10**18


NOTHING = Measured()


def one(check, rows, measured=NOTHING, before=None):
    """The status and the message of one check."""
    (result,) = decided(Asked(of_definition([check]), before), rows, [measured], published=True)
    return result["status"], result.get("message", "")


@pytest.mark.parametrize(
    ("at_most", "failing", "rows", "status"),
    [
        (None, 0, 0, "passed"),
        (None, 1, 10, "failed"),
        (1, 1, 10, "passed"),
        (1, 2, 10, "failed"),
        ("10%", 1, 10, "passed"),
        ("10%", 2, 19, "failed"),
        ("10%", 2, 20, "passed"),
        ("0%", 0, 0, "passed"),
        ("0.000000001%", 10**7, HUGE, "passed"),
        ("0.000000001%", 10**7 + 1, HUGE, "failed"),
    ],
)
def test_thresholds_are_exact(at_most, failing, rows, status):
    check = {"not_null": "a"} | ({"at_most": at_most} if at_most is not None else {})
    assert one(check, rows, Measured(failing))[0] == status


@pytest.mark.parametrize(
    ("said", "rows", "before", "told"),
    [
        ({"min": 1}, 0, None, ("failed", "there are 0 rows, fewer than 1")),
        ({"max": 1}, 2, None, ("failed", "there are 2 rows, more than 1")),
        ({"max": 0}, 1, None, ("failed", "there is 1 row, more than 0")),
        ({"min": 1, "max": 1}, 1, None, ("passed", "")),
        ({"change": "-10%..+50%"}, 5, None, ("passed", "no earlier success to compare the number of rows with")),
        ({"change": "-10%..+50%"}, 90, 100, ("passed", "")),
        ({"change": "-10%..+50%"}, 150, 100, ("passed", "")),
        (
            {"change": "-10%..+50%"},
            151,
            100,
            ("failed", "there are 151 rows, and at the last success 100: +51.0%"),
        ),
        ({"change": "-10%.."}, 89, 100, ("failed", "there are 89 rows, and at the last success 100: -11.0%")),
        ({"change": "..+50%"}, 0, 0, ("passed", "")),
        ({"change": "..+50%"}, 1, 0, ("failed", "there is 1 row, and at the last success 0: more than any share")),
        ({"change": "-10%.."}, 1, 0, ("passed", "")),
        (
            {"change": "0%..0%"},
            HUGE + 1,
            HUGE,
            ("failed", f"there are {HUGE + 1:,} rows, and at the last success {HUGE:,}: +0.0%"),
        ),
    ],
)
def test_row_counts(said, rows, before, told):
    assert one({"row_count": said}, rows, before=before) == told


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        (Measured(age=Decimal(3600), newest="2024-01-01"), ("passed", "the newest value is 2024-01-01")),
        (
            Measured(age=Decimal("3600.5"), newest="2024-01-01"),
            ("failed", "the newest value is 2024-01-01, more than 1h ago"),
        ),
        (Measured(), ("failed", "t has no value")),
        (Measured(ahead=2), ("failed", "t has no value; 2 rows more than a day ahead do not count")),
    ],
)
def test_freshness(measured, told):
    assert one({"freshness": {"column": "t", "within": "1h"}}, 1, measured) == told


@pytest.mark.parametrize(
    ("check", "measured", "message"),
    [
        ({"not_null": "a"}, Measured(1), "1 row of 10 has no value in a"),
        (
            {"not_null": ["a", "b"]},
            Measured(2, counts={"a": 2, "b": 0}),
            "2 rows of 10 have no value in a (2)",
        ),
        ({"unique": ["a", "b"]}, Measured(2), "2 rows of 10 repeat the a and b of another"),
        (
            {"accepted_values": {"column": "c", "values": [1]}, "at_most": 1, "description": "Why."},
            Measured(2),
            "2 rows of 10 have another c; at most 1 row may (Why)",
        ),
        ({"sql": "SELECT 1"}, Measured(1), "its query gives 1 row"),
        ({"sql": "SELECT 1", "at_most": 5}, Measured(unknown="there is no file"), "there is no file"),
    ],
)
def test_what_is_told_of_rows(check, measured, message):
    assert one(check, 10, measured) == ("failed", message)


def test_one_that_fails_raises_with_the_results_of_all():
    checks = of_definition([{"not_null": "a"}, {"unique": "a"}, {"not_null": "b", "severity": "warn"}])
    with pytest.raises(CheckFailedError) as raised:
        decided(Asked(checks), 3, [Measured(1, [{"a": None}]), Measured(), Measured(2)])
    assert str(raised.value) == (
        "Check not_null_a failed: 1 row of 3 has no value in a.\n"
        "Nothing was published: what was there before is still there."
    )
    assert [(each["name"], each["status"]) for each in raised.value.results] == [
        ("not_null_a", "failed"),
        ("unique_a", "passed"),
        ("not_null_b", "warned"),
    ]
    assert raised.value.results[0] == {
        "name": "not_null_a",
        "check": "not_null",
        "says": "a is never null",
        "severity": "fail",
        "status": "failed",
        "rows": 3,
        "failing": 1,
        "message": "1 row of 3 has no value in a",
        "examples": [{"a": None}],
    }


def test_what_is_only_warned_of_raises_nothing():
    results = decided(Asked(of_definition([{"not_null": "b", "severity": "warn"}])), 3, [Measured(2)])
    assert warnings(results) == ["Check not_null_b does not hold: 2 rows of 3 have no value in b."]


def test_what_is_asked_belongs_to_what_is_done_within():
    wanted = Asked(of_definition([{"unique": "a"}]), 5)
    with asking(wanted):
        assert asked() == wanted
        with asking(None):
            assert asked() is None
    assert asked() is None
    assert Asked.from_dict(wanted.to_dict()) == wanted
