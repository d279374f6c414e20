"""A plan as a comment: what comes first, what is left out, and that nothing people wrote can break out of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mason import secrets
from mason.dryrun.calls import Call, ShownStep
from mason.planner.plan import ACTION_KINDS, Action, Change, Drift, Plan
from mason.planner.saved.planfile import SavedPlan
from mason.render.markdown import MAX_CHARACTERS, plan_markdown


def lines(plan, see="mason plan"):
    return plan_markdown(plan, see=see).splitlines()


def create(number):
    return Action("create", f"operator.many.n{number:05}", file="many.yaml", line=number)


def overwrite(number, size=1):
    changes = tuple(Change(f"field{at}", "changed", at, "x" * 150) for at in range(size))
    return Action("overwrite", f"operator.many.n{number:05}", "its definition changed", "many.yaml", 1, changes)


def test_deletions_come_first_then_overwrites_moves_runs_and_creations():
    plan = Plan(tuple(Action(kind, f"run.{kind}", moved_from="x" * (kind == "move")) for kind in ACTION_KINDS))
    shown = lines(plan)
    assert shown[0] == "## Plan: 1 to create, 1 to overwrite, 1 to delete, 1 to run, 1 to move."
    assert shown[2] == "| delete | overwrite | move | run | create | unchanged |"
    assert [line for line in shown if line.startswith(("### ", "- "))] == [
        "### To delete: 1",
        "- `run.delete`",
        "### To overwrite: 1",
        "- `run.overwrite`",
        "### To move: 1",
        "- `run.move`",
        "### To run: 1",
        "- `run.run`",
        "### To create: 1",
        "- `run.create`",
    ]


def test_warnings_come_before_the_actions():
    plan = Plan((create(1),), warnings=("mind @octocat", "and `this`"), foreign={"other": ("config.1",)})
    shown = lines(plan)
    at = shown.index("- **Warning:** `mind @octocat`")
    assert shown[at : at + 5] == [
        "- **Warning:** `mind @octocat`",
        "- **Warning:** `` and `this` ``",
        "- **Warning:** `config.1 was applied by project other, which is not this one.`",
        "",
        "### To create: 1",
    ]


def test_of_many_warnings_the_first_are_shown():
    shown = lines(Plan((create(1),), warnings=tuple(f"number {number}" for number in range(25))))
    assert "- **Warning:** `number 19`" in shown
    assert "- **Warning:** `number 20`" not in shown
    assert "- and 5 more" in shown


def test_what_drifted_is_shown_apart():
    drift = Drift("run.a", "table b.c", "changed", (Change("format", "changed", "csv", "parquet"),))
    shown = lines(Plan((), drifts=(drift,)))
    assert shown[0] == "## No changes."
    assert shown[shown.index("### Drifted: 1") + 3 :] == [
        "<details><summary><code>run.a</code> (table b.c was changed (format))</summary>",
        "",
        "```diff",
        '- format: "csv"',
        '+ format: "parquet"',
        "```",
        "",
        "</details>",
    ]


def test_every_kind_of_change_is_a_line_of_the_diff():
    changes = (
        Change("a", "added", None, [1]),
        Change("b", "removed", {"c": 1}),
        Change("c", "changed", 1, 2),
        Change("d", "changed", "long " * 30 + "old", "long " * 30 + "new"),
        Change("e", "changed", "one\n-- two\nthree\n", "one\n++ two\nthree\n"),
    )
    shown = lines(Plan((Action("overwrite", "run.a", "why", changes=changes, unchanged=1),)))
    at = shown.index("```diff")
    assert shown[at + 1 : shown.index("```")] == [
        "+ a: [1]",
        '- b: {"c": 1}',
        "- c: 1",
        "+ c: 2",
        '- d: "… long long long long old"',
        '+ d: "… long long long long new"',
        "  e:",
        "  one",
        "- -- two",
        "+ ++ two",
        "  three",
        "  # (1 unchanged field hidden)",
    ]


def test_all_that_fits_is_shown():
    shown = lines(Plan(tuple(map(create, range(100)))))
    assert sum(line.startswith("- ") for line in shown) == 100
    assert not [line for line in shown if "left out" in line]


def test_what_has_no_room_is_counted_and_how_to_see_it_is_said():
    shown = plan_markdown(Plan(tuple(map(create, range(10_000)))), see="mason show 'a `b`.plan'")
    assert len(shown) <= MAX_CHARACTERS
    found = [line for line in shown.splitlines() if line.startswith("- `operator.many.n")]
    assert found == [f"- `operator.many.n{number:05}` `many.yaml:{number}`" for number in range(len(found))]
    assert len(found) > 1_000
    assert (
        f"\n\n**{10_000 - len(found)} actions are left out**: a comment has no room for more. "
        "See the whole plan with ``mason show 'a `b`.plan'``\n" in shown
    )


def test_actions_that_matter_keep_their_details_where_there_are_many():
    first = Action("delete", "config.1", "nobody defines it", calls=(Call("local", "scheduler", "x", {}, False),))
    shown = plan_markdown(Plan((*map(create, range(10_000)), first)), see="mason plan")
    assert "<details><summary><code>config.1</code> (nobody defines it)</summary>" in shown
    assert "\nfor local as scheduler do x()  [changes things]\n" in shown


def test_details_that_have_no_room_are_counted_too():
    plan = Plan(tuple(overwrite(number, size=20) for number in range(40)))
    shown = plan_markdown(plan, see="mason plan")
    folded = shown.count("<details>")
    brief = shown.count("- `operator.many.n")
    assert folded + brief == 40
    assert f"\n**{brief} are shown without their details**: a comment has no room for more." in shown
    # What is left over for the next one is too little.
    assert MAX_CHARACTERS - 5_000 < len(shown) <= MAX_CHARACTERS


def test_of_very_long_details_the_beginning_is_shown():
    shown = plan_markdown(Plan((overwrite(1, size=1_000),)), see="mason plan")
    assert len(shown) < 10_000
    assert re.search(r"\n… \(\d+ more lines\)\n```\n", shown)


def test_secrets_are_found_before_they_are_escaped():
    # A key of several lines, and what HTML, JSON and markdown would each spell otherwise.
    for secret in ("canary<&>`one`", "canary-first\ncanary-second\ncanary-third"):
        secrets.remember(secret)
        action = Action(
            "overwrite",
            f"run.{secret}",
            f"because {secret}",
            f"{secret}.yaml",
            1,
            (Change("a", "changed", f"one\n{secret}\nthree", "two\nlines"), Change("b", "added", None, [secret])),
            calls=(Call("local", "storage", "write", {"content": secret}, False),),
        )
        saved = SavedPlan(Plan((action,), warnings=(f"denied {secret}",), state=f"s3://{secret}"), secret, "", "")
        assert "canary" not in plan_markdown(saved.plan, see="mason plan", saved=saved)


EVIL = st.sampled_from(
    [
        *("`", "```", "~~~", "\n```\n", "\r\n", "\r", "\n\n", "\u2028", "</code></summary></details>", "<script>"),
        *("<!-- ", "@octocat", "| a | b |\n|---|---|\n", "# head", "- ", "    ", "\t", "![x](https://evil.example)"),
        *("www.evil.example", "https://evil.example", "&lt;", "\\", "*b*", "_i_", "[x]: y", "#1", "$x$", "\x1b[2J"),
        *("", " ", "é日本", "x" * 700),
    ]
)
TEXT = st.lists(EVIL | st.text(max_size=5), max_size=4).map("".join)
VALUE = TEXT | st.lists(TEXT, max_size=2) | st.dictionaries(TEXT, TEXT, max_size=2) | st.integers() | st.none()
CHANGES = st.lists(
    st.builds(Change, TEXT, st.sampled_from(["added", "removed", "changed"]), VALUE, VALUE), max_size=3
).map(tuple)
CALLS = st.lists(
    st.builds(Call, TEXT, TEXT, TEXT, st.dictionaries(TEXT, VALUE, max_size=2), st.booleans()), max_size=2
).map(tuple)
STEPS = st.builds(
    lambda name, address, calls: (ShownStep(name, f"operator.{address}", name, (), "", name, 1, None, calls),),
    *(TEXT, TEXT, CALLS),
)
ACTION = st.builds(
    lambda kind, address, reason, file, changes, calls, steps: Action(
        kind, address, reason, file, 1, changes, calls=calls, steps=steps
    ),
    *(st.sampled_from(ACTION_KINDS), TEXT, TEXT, TEXT, CHANGES, CALLS, st.just(()) | STEPS),
)
DRIFT = st.builds(Drift, TEXT, TEXT, st.sampled_from(["missing", "changed", "unknown"]), CHANGES, TEXT)
PLAN = st.builds(
    lambda actions, warnings, drifts, project, state: Plan(
        tuple(actions), warnings=tuple(warnings), drifts=tuple(drifts), project=project, state=state
    ),
    *(st.lists(ACTION, max_size=6), st.lists(TEXT, max_size=25), st.lists(DRIFT, max_size=2), TEXT, TEXT),
)


def outside(text: str) -> str:
    """What of a comment stands in no fence, no code span and no ``<code>``: Mason's own words, if nothing broke out.

    Reads it as GitHub does. Fails for a fence or code that is not closed.
    """
    kept, fence = [], ""
    for line in re.split(r"\r\n|\r|\n", text):
        if fence:
            closing = re.fullmatch(r" {0,3}(`{3,})\s*", line)
            fence = "" if closing and len(closing[1]) >= len(fence) else fence
        elif opening := re.fullmatch(r" {0,3}(`{3,})([^`]*)", line):
            fence = opening[1]
            assert opening[2] in ("diff", "text")
        elif line.startswith("<details>"):
            kept.append(re.sub(r"<code>[^<]*</code>", "", line))
        else:
            kept.append(re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", line))
    assert fence == ""
    return "\n".join(kept)


OURS = re.compile(
    r"""
    | \#\#\ (No\ changes\.|Plan:\ [\da-z, ]+\.) | \#\#\#\ (To\ (delete|overwrite|move|run|create)|Drifted):\ \d+
    | \|[ a-z]+\|[| a-z]+ | [|\-: ]+ | [| \d]+
    | (Saved\ by\ *(\ at\ *)?|Planned)\ with\ Mason\ *(\ for\ project\ *)?,\ against\ serial\ \d+\ of\ *
    | -\ (\*\*Warning:\*\*\ *)? | -\ and\ \d+\ more
    | -\ *(\ *\([A-Za-z0-9\ ,;.'()/-]*\)\ *)?
    | <details><summary>\ *(\([A-Za-z0-9\ ,;.'()/-]*\))?</summary> | </details>
    """,
    re.VERBOSE,
)


@settings(max_examples=200, deadline=None)
@given(PLAN, TEXT, st.booleans())
def test_nothing_that_people_wrote_breaks_out(plan, text, is_saved):
    saved = SavedPlan(plan, text, text, text) if is_saved else None
    shown = plan_markdown(plan, see=f"mason show {text}", saved=saved)
    assert len(shown) <= MAX_CHARACTERS
    strange = [line for line in outside(shown).splitlines() if not OURS.fullmatch(line)]
    assert strange == []
    assert outside(shown).count("<details>") == outside(shown).count("</details>")


def test_the_reading_of_comments_can_fail():
    assert outside("a `b` ``c`d`` e\n```text\n<b>\n```\n@f") == "a   e\n@f"
    assert outside("<details><summary><code>a</code></b></summary>") == "<details><summary></b></summary>"
    assert OURS.fullmatch("<details><summary></b></summary>") is None
    with pytest.raises(AssertionError):
        outside("```text\nopen")
