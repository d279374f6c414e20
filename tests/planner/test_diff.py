"""Field-level differences: the paths are what a person would say, and nothing is missed or invented."""

from __future__ import annotations

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mason.planner.diff import compare

# On a busy machine everything is slow, and nothing is wrong.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def changes(before, after):
    return [(change.kind, change.path, change.before, change.after) for change in compare(before, after)[0]]


def test_nested_fields_have_dotted_paths():
    assert changes({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}) == [("changed", "a.b", 1, 3)]


def test_added_and_removed_fields():
    assert changes({"a": 1}, {"b": 2}) == [("removed", "a", 1, None), ("added", "b", None, 2)]


def test_list_items_with_a_name_are_told_by_it():
    before = {"optional": [{"name": "limit", "default": 1}]}
    after = {"optional": [{"name": "first"}, {"name": "limit", "default": 2}]}
    assert changes(before, after) == [
        ("changed", "optional[limit].default", 1, 2),
        ("added", "optional[first]", None, {"name": "first"}),
    ]


def test_a_new_order_of_named_items_is_a_change():
    before = {"dag": [{"id": "a"}, {"id": "b"}]}
    after = {"dag": [{"id": "b"}, {"id": "a"}]}
    assert changes(before, after) == [("changed", "dag (order)", ["a", "b"], ["b", "a"])]


def test_other_lists_are_told_by_position():
    assert changes({"x": [1, 2]}, {"x": [1, 3, 4]}) == [("changed", "x[1]", 2, 3), ("added", "x[2]", None, 4)]


def test_true_and_one_differ():
    assert changes({"x": True}, {"x": 1}) == [("changed", "x", True, 1)]


def test_unchanged_leaves_are_counted():
    assert compare({"a": {"b": 1, "c": [1, 2]}, "d": 1}, {"a": {"b": 1, "c": [1, 2]}, "d": 2})[1] == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
MAPPING = st.dictionaries(st.text(max_size=3), JSON, max_size=4)


@UNTIMED
@given(MAPPING)
def test_equal_definitions_have_no_changes(definition):
    assert compare(definition, copy.deepcopy(definition))[0] == ()


@UNTIMED
@given(MAPPING, MAPPING)
def test_different_definitions_always_have_changes(before, after):
    def typed(value):
        if isinstance(value, dict):
            return {key: typed(inner) for key, inner in value.items()}
        return [typed(inner) for inner in value] if isinstance(value, list) else (type(value).__name__, value)

    assert bool(compare(before, after)[0]) == (typed(before) != typed(after))
