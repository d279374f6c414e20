"""What earlier steps returned, as a scheduler hands it to the command of a later one."""

from __future__ import annotations

import pytest

from mason.dryrun.handed_results import read_results, with_results
from mason.dryrun.references import OF_RUN, Reference
from mason.resources.parameters import Given

RESULTS = {
    "step_1": [{"job_id": "j-1", "rows": 5, "key": "REDACTED"}],
    "flow.step_1": [{"job_id": "inner"}],
    "many": [{"name": "a"}, {"name": "b"}],
    "step_2": "failed",
}


def filled(given, results=RESULTS):
    return with_results(
        Given(given),
        results,
        lambda text, parts: Reference(text, f"{OF_RUN}{parts[0]}.step_1", tuple(parts[1:])),
        lambda reference: {f"{OF_RUN}infer.step_1": [{"job_id": "of the run"}]},
    )


def test_what_commands_printed_is_read():
    printed = {"a": {"Data": [1]}, "b": {"Info": ["x"]}, "c": {"Errors": ["no"], "Data": []}, "d": [2], "e": "skipped"}
    assert read_results(printed) == {"a": [1], "b": [], "c": "failed", "d": [2], "e": "skipped"}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([1], "it must be a mapping of steps to their answers, and is a list"),
        (
            {"a": 1},
            "'a' must be the answer of a step (with the keys Errors, Warnings, Info, Data), and is the number 1",
        ),
        (
            {"a": {"job_id": 1}},
            "'a' must be the answer of a step (with the keys Errors, Warnings, Info, Data), and is a mapping with"
            " 'job_id'",
        ),
    ],
)
def test_what_is_no_answer_is_refused(document, told):
    with pytest.raises(ValueError, match="must be") as raised:
        read_results(document)
    assert str(raised.value) == told


def test_references_become_values_with_their_types():
    given = {
        "id": "{{ steps.step_1.job_id }}",
        "limit": "{{steps.step_1.rows}}",
        "inner": "{{steps.flow.step_1.job_id}}",
        "text": "of {{steps.step_1.job_id}}",
        "list": ["{{steps.many.1.name}}", "{{other}}"],
        "run": "{{runs.infer.job_id}}",
        "plain": 1,
    }
    assert filled(given) == Given(
        {
            "id": "j-1",
            "limit": 5,
            "inner": "inner",
            "text": "of j-1",
            "list": ["b", "{{other}}"],
            "run": "of the run",
            "plain": 1,
        }
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            "{{steps.step_9.id}}",
            "it needs {{steps.step_9.id}}, but nothing was handed over of step_9 (what was handed over is of: step_1,"
            " flow.step_1, many, step_2)",
        ),
        ("{{steps.step_2.id}}", "it needs {{steps.step_2.id}}, but step_2 failed"),
        ("{{steps.step_1.key}}", "it needs {{steps.step_1.key}}, but it holds a secret, which no command prints"),
        (
            "{{steps.step_1.no}}",
            "it needs {{steps.step_1.no}}, but what step_1 returned has no no (it has: job_id, rows, key)",
        ),
    ],
)
def test_what_cannot_be_had_is_a_fault_of_its_parameter(value, told):
    found = filled({"a": value, "b": 1})
    assert (found.values, found.unread) == ({"b": 1}, {"a"})
    assert [fault.message for fault in found.faults] == [f"Parameter a: {told}"]


def test_where_nothing_was_handed_over_it_says_how_that_is_done():
    assert [fault.message for fault in filled({"a": "{{steps.step_1.id}}"}, None).faults] == [
        "Parameter a: it needs {{steps.step_1.id}}, but nothing was handed over of earlier steps (pass --results FILE)"
    ]
