"""Views: aligned tables, JSON that reads like tables, plans with values of any length."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mason.planner.plan import Action, Change, Plan
from mason.render.answers import answer_text
from mason.render.plans import plan_text, summary, value_text
from mason.render.tables import table
from mason.render.terminal import Terminal


def test_columns_are_aligned_by_terminal_cells():
    rows = [["a", "日本", "x"], ["bbb", "e\u0301", "two\nlines"]]
    assert table(["n", "name", "t"], rows, Terminal()) == "n    name  t\na    日本  x\nbbb  e\u0301     two lines"


def test_lines_are_cut_to_the_width():
    assert table(["name"], [["x" * 30]], Terminal(width=10)).splitlines()[1] == "x" * 9 + "…"


def test_rows_stand_on_a_line_each_and_long_ones_are_opened():
    text = answer_text({"Data": [{"a": 1}, {"b": "x" * 170}]})
    assert text == '{\n  "Data": [\n    {"a": 1},\n    {\n      "b": "' + "x" * 170 + '"\n    }\n  ]\n}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["Errors", "Data"]), st.lists(JSON, max_size=4)))
def test_an_answer_is_always_the_same_json(answer):
    assert json.loads(answer_text(answer)) == answer


def test_the_legend_names_used_symbols_only():
    actions = (Action("delete", "config.1", reason="destroy was asked for"), Action("run", "run.x", reason="failed"))
    plan = Plan(actions)
    assert plan_text(plan, Terminal()) == (
        "  - config.1  (destroy was asked for)\n"
        "  > run.x  (failed)\n"
        "\n"
        "Legend: - delete, > run\n"
        "\n"
        "Plan: 0 to create, 0 to overwrite, 1 to delete, 1 to run."
    )
    assert summary(plan) == "Plan: 0 to create, 0 to overwrite, 1 to delete, 1 to run."


def test_kinds_of_change_have_their_symbols():
    changes = (Change("a", "added", after=[1]), Change("b", "removed", before="x"), Change("c", "changed", 1, None))
    shown = plan_text(Plan((Action("overwrite", "config.1", "why", changes=changes, unchanged=1),)), Terminal())
    assert shown.splitlines()[1:5] == [
        "      + a: [1]",
        '      - b: "x"',
        "      ~ c: 1 -> null",
        "      # (1 unchanged field hidden)",
    ]


def test_long_values_are_cut_in_the_middle():
    assert value_text("x" * 500) == '"' + "x" * 119 + " … " + "x" * 69 + '"'


def test_the_part_of_a_long_text_that_differs_is_shown():
    before = "SELECT " + ", ".join(f"column_{number}" for number in range(60)) + " FROM t"
    changes = (Change("sql", "changed", before, before.replace("column_30,", "column_thirty,")),)
    shown = plan_text(Plan((Action("overwrite", "config.1", "why", changes=changes),)), Terminal())
    assert shown.splitlines()[1] == (
        '      ~ sql: "… , column_29, column_30, column_31, column_ …" -> '
        '"… , column_29, column_thirty, column_31, column_ …"'
    )


def test_texts_of_several_lines_show_the_lines_that_differ():
    changes = (Change("do", "changed", "a\nb\nc\nd\n", "a\nb\nC\nd\n"),)
    shown = plan_text(Plan((Action("overwrite", "config.1", "why", changes=changes),)), Terminal())
    assert shown.splitlines()[1:6] == [
        "      ~ do:",
        "            b",
        "          - c",
        "          + C",
        "            d",
    ]
