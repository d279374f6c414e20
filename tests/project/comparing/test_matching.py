"""Which rows of two answers have an equal in the other one."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mason.project.comparing.canonical import change_of
from mason.project.comparing.matching import as_multisets, closeness, in_order
from mason.project.comparing.ordering import Ordering, ordering
from mason.project.comparing.spooled import Spooled, connected, spool


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Compares two lists of rows as multisets, or in their order: how many differ."""
    folder = tmp_path_factory.mktemp("spooled")

    def compare(first, second, *, tolerance=1e-9, ordered=False):
        width = len((first or second or [()])[0])
        changes = [change_of(None)] * width
        files = [folder / "first", folder / "second"]
        for rows, file in zip((first, second), files, strict=True):
            spool(rows, range(width), changes, file, tolerance=tolerance)
        with connected(folder) as connection:
            left, right = (Spooled(connection, file) for file in files)
            close = closeness(tolerance)
            if ordered:
                return in_order(left.in_order(), right.in_order(), close, most=10).number
            return as_multisets(left.sorted(), right.sorted(), close, most=10).number

    return compare


NEAR = 1 + 1e-12


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [
        ([], [], 0),
        ([("a",), ("b",)], [("b",), ("a",)], 0),
        ([("a",), ("a",)], [("a",)], 1),
        ([("a",)], [("b",)], 2),
        ([("a", 1.0), ("a", 2.0)], [("a", 2.0 * NEAR), ("a", 1.0 * NEAR)], 0),
        ([(1.0, 5.0), (NEAR, 3.0)], [(NEAR, 5.0), (1.0, 3.0)], 0),
        ([(1.0, 5.0), (NEAR, 3.0), (2.0, 1.0)], [(NEAR, 5.0), (1.0, 3.0), (3.0, 1.0)], 2),
        ([(0.5, 0.5)], [(0.5, None)], 2),
        ([(float("nan"),), (float("inf"),)], [(float("inf"),), (float("nan"),)], 0),
        ([(-0.0,)], [(0.0,)], 0),
        ([(1e300,), (5e-324,)], [(5e-324,), (1e300 * NEAR,)], 0),
        ([(None,)], [("",)], 2),
        ([("é",), ("z",), ("😀",), ("\uffff",)], [("\uffff",), ("😀",), ("z",), ("é",)], 0),
        ([([1.0, {"a": 2.0}],)], [([NEAR, {"a": 2.0}],)], 0),
        ([([1.0, 2.0],)], [([1.0],)], 2),
    ],
)
def test_as_multisets(compared, first, second, number):
    assert compared(first, second) == number
    assert compared(second, first) == number


def test_a_row_that_is_missing_moves_no_other(compared):
    rows = [(i * 0.37, i * 0.11) for i in range(2000)]
    assert compared(rows, [(a * NEAR, b) for a, b in reversed(rows) if a != rows[700][0]]) == 1


def test_in_their_order(compared):
    assert compared([("a",), ("b",)], [("b",), ("a",)], ordered=True) == 2
    assert compared([("a", 1.0)], [("a", NEAR)], ordered=True) == 0
    assert compared([("a",)], [("a",), ("b",)], ordered=True) == 1


def test_the_tolerance_is_what_is_said(compared):
    assert compared([(100.0,)], [(100.9,)], tolerance=0.01) == 0
    assert compared([(100.0,)], [(101.2,)], tolerance=0.01) == 2
    assert compared([(1.0,)], [(NEAR,)], tolerance=0) == 2
    assert compared([(1.0,)], [(1.0,)], tolerance=0) == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["", "a", None]), st.integers(0, 3)), max_size=12),
    st.lists(st.tuples(st.sampled_from(["", "a", None]), st.integers(0, 3)), max_size=12),
    st.lists(st.sampled_from([0.0, 1e-13, -1e-13]), min_size=24, max_size=24),
)
def test_differences_are_those_of_multisets(compared, first, second, noise):
    left, right = Counter(first), Counter(second)
    expected = sum(((left - right) + (right - left)).values())
    # Floats that are the same within the tolerance, whatever they are sorted by.
    noisy = [
        [(a, b * (1 + next(more)), b * (1 - next(more))) for a, b in rows]
        for rows in (first, second)
        for more in [iter(noise * 2)]
    ]
    assert compared(*noisy) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM t", None),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a)", None),
        ("SELECT a, b FROM $table ORDER BY b DESC, a", Ordering((1, 0))),
        ("WITH x AS (SELECT 1 AS a) FROM x ORDER BY 1", Ordering((0,))),
        ("SELECT a, b FROM t UNION SELECT 1, 2 ORDER BY ALL", Ordering((0, 1))),
        ("SELECT a, b FROM t ORDER BY c, A", Ordering((0,), lacking=True)),
        ("SELECT a, b FROM t ORDER BY a + b LIMIT 3", Ordering((), lacking=True)),
    ],
)
def test_what_a_query_orders_by(sql, expected):
    assert ordering(sql, ["a", "b"]) == expected
