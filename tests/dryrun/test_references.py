"""References are found and checked when planning, and filled with what steps returned, typed where they stand alone."""

from __future__ import annotations

import pytest

from mason.dryrun.references import Found, Reference, Unresolved, fill, find, is_referring, look_up


def meant(text, parts):
    """Every step is known but ``nobody``."""
    return f"{text}: there is no step nobody" if parts[1] == "nobody" else Reference(text, parts[1], tuple(parts[2:]))


def test_references_are_found_in_texts_lists_and_mappings():
    value = {"a": ["x {{ steps.one.job_id }}", 3], "b": "{{steps.two.rows.0}}", "c": "{{name}}"}
    assert find(value, meant) == Found(
        {"a": ["x {{steps.one.job_id}}", 3], "b": "{{steps.two.rows.0}}", "c": "{{name}}"},
        (
            Reference("{{steps.one.job_id}}", "one", ("job_id",)),
            Reference("{{steps.two.rows.0}}", "two", ("rows", "0")),
        ),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{steps}}", "{{steps}} is no reference (write {{steps.STEP.KEY}}, such as {{steps.step_1.job_id}})"),
        ("{{runs.}}", "{{runs.}} is no reference (write {{runs.NAME.KEY}}, such as {{runs.infer.job_id}})"),
        ("{{step.one.a}}", "{{step.one.a}} is no reference (did you mean {{steps.one.a}}?)"),
        ("{{steps.nobody.a}}", "{{steps.nobody.a}}: there is no step nobody"),
        (
            "{{steps.a {{steps.b.c}}",
            "{{steps.a {{steps.b.c}} is no reference (close the first one before the second one opens)",
        ),
    ],
)
def test_what_is_no_reference_is_a_fault(text, expected):
    assert find(text, meant).faults == (expected,)


def test_the_old_form_is_read_and_warned_of():
    found = find("<<PULLED FROM one>>", meant)
    assert (found.value, [each.step for each in found.references]) == ("{{steps.one.job_id}}", ["one"])
    assert found.warnings == ("<<PULLED FROM one>> is the old form of a reference. Write {{steps.one.job_id}}",)


def test_a_beginning_without_an_end_stays_and_is_warned_of():
    found = find("{{steps.one", meant)
    assert (found.value, found.references) == ("{{steps.one", ())
    assert found.warnings == (
        "'{{steps.one' has the beginning of a reference and stays as it is. "
        "Write {{steps.STEP.KEY}} or {{runs.NAME.KEY}}",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [("{{a}}", True), ("<<PULLED", True), ({"a": ["{{"]}, True), ("{a}", False), (3, False), (None, False)],
)
def test_where_there_is_none_nobody_has_to_look(value, expected):
    assert is_referring(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{steps.one.n}}", 3),
        (" {{steps.one.n}} ", 3),
        ("{{steps.one.n}} and {{steps.one.none}}.", "3 and ."),
        ({"a": ["{{steps.one.list}}"]}, {"a": [[1, 2]]}),
        ("it is {{steps.one.list}}", "it is [1, 2]"),
        # A value is not looked into.
        ("{{steps.one.text}}", "{{steps.one.n}}"),
        ("{{other}}", "{{other}}"),
    ],
)
def test_values_keep_their_type_where_they_stand_alone(value, expected):
    known = {
        "{{steps.one.n}}": 3,
        "{{steps.one.none}}": None,
        "{{steps.one.list}}": [1, 2],
        "{{steps.one.text}}": "{{steps.one.n}}",
    }
    assert fill(value, known) == expected


RESULTS = {
    "one": [{"job_id": "j1", "files": [{"path": "a"}, {"path": "b"}]}],
    "many": [{"n": 1}, {"n": 2}],
    "none": [],
    "bad": "failed",
    "off": "skipped",
    "runs.infer.step_1": [{"token": "REDACTED"}],
}


@pytest.mark.parametrize(
    ("step", "path", "expected"),
    [
        ("one", (), RESULTS["one"][0]),
        ("many", (), RESULTS["many"]),
        ("one", ("job_id",), "j1"),
        ("one", ("files", "1", "path"), "b"),
        ("one", ("0", "job_id"), "j1"),
        ("many", ("1", "n"), 2),
    ],
)
def test_a_path_leads_into_what_a_step_returned(step, path, expected):
    assert look_up(Reference("", step, path), RESULTS) == expected


@pytest.mark.parametrize(
    ("step", "path", "expected"),
    [
        ("bad", ("a",), "bad failed"),
        ("off", ("a",), "off was skipped"),
        ("later", ("a",), "later did not run"),
        ("none", ("a",), "none returned nothing"),
        ("many", ("n",), "many returned 2 items (write which one, such as {{steps.many.0.n}})"),
        ("one", ("job",), "what one returned has no job (it has: job_id, files)"),
        ("one", ("files", "2"), "files of one has 2 items, counted from 0"),
        ("one", ("files", "path"), "files of one is a list (write which item, such as 0, in place of path)"),
        ("one", ("job_id", "x"), "job_id of one is the text 'j1' and has no x"),
        ("runs.infer.step_2", ("a",), "the state holds no result of step_2 of run infer (apply that run first)"),
        ("runs.infer.step_1", ("token",), "it holds a secret, which the state does not keep"),
    ],
)
def test_where_a_path_leads_nowhere_it_is_said_why(step, path, expected):
    with pytest.raises(Unresolved) as caught:
        look_up(Reference("", step, path), RESULTS)
    assert str(caught.value) == expected
