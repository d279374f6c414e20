"""Views: aligned tables, JSON that reads like tables, plans with values of any length."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mason.planner.plan import Action, Change, Plan
from mason.render.answers import answer_text
from mason.render.plans import plan_text, summary, value_text
from mason.render.run_history import runs_table
from mason.render.tables import table
from mason.render.terminal import Terminal, cells, printable, printable_but_styles


def test_columns_are_aligned_by_terminal_cells():
    rows = [["a", "日本", "x"], ["bbb", "e\u0301", "two\nlines"]]
    assert table(["n", "name", "t"], rows, Terminal()) == "n    name  t\na    日本  x\nbbb  e\u0301     two lines"


def test_lines_are_cut_to_the_width():
    assert table(["name"], [["x" * 30]], Terminal(width=10)).splitlines()[1] == "x" * 9 + "…"


def test_lines_are_cut_by_cells():
    rows = [["日本語の表", "x"], ["e\u0301" * 10, "y"]]
    assert table(["name", "t"], rows, Terminal(width=8)).splitlines() == ["name   …", "日本語…", "e\u0301" * 7 + "…"]
    assert [Terminal(width=width).cut("日本語") for width in range(1, 7)] == ["…", "…", "日…", "日…", "日本…", "日本語"]


@given(st.text(), st.integers(1, 12))
def test_no_line_is_wider_than_the_terminal(text, width):
    assert cells(Terminal(width=width).cut(text)) <= width


def test_cells_show_what_would_command_the_terminal():
    assert table(["n"], [["a\x1b[2Jb\x7f\x9b\u202e"]], Terminal()) == "n\na\\u001b[2Jb\\u007f\\u009b\\u202e"


def test_what_a_person_wrote_is_escaped_and_our_colours_are_not():
    ours = Terminal(color=True).style("yes\x1b[2J\x1b[8m", "bold", "green")
    assert printable_but_styles(ours) == "\x1b[1;32myes\\u001b[2J\\u001b[8m\x1b[0m"
    assert printable(ours) == "\\u001b[1;32myes\\u001b[2J\\u001b[8m\\u001b[0m"
    assert (
        printable("日本\u3000e\u0301\t\U0001f468\u200d\U0001f469\n")
        == "日本\u3000e\u0301\t\U0001f468\u200d\U0001f469\n"
    )


@given(st.text())
def test_escaping_does_not_change_json(text):
    assert json.loads(printable(json.dumps([text], ensure_ascii=False))) == [text]


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


def test_checks_are_a_column_where_runs_had_some_and_an_edited_record_ends_no_listing():
    checked = {
        "steps": [{"step": "a", "checks": [{"status": "failed"}, {"status": "passed"}, {"status": "passed"}, 7]}]
    }
    lines = runs_table([("1", checked), ("2", {"steps": 5}), ("3", {"steps": [6]})], Terminal()).splitlines()
    assert [line.partition("seconds")[0].split() for line in lines[:1]] == [["id", "what", "status", "checks"]]
    assert [line.split()[1:] for line in lines[-3:]] == [["2", "passed,", "1", "failed"], [], []]
    assert "checks" not in runs_table([("2", {"steps": 5})], Terminal())


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
