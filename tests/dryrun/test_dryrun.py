"""Dry runs: the calls that will be made, with the arguments that will be given."""

from __future__ import annotations

import json

import pytest

from mason.clients import registry
from mason.dryrun.dryrun import dry_run
from mason.errors import ParameterError
from mason.resources.config import Config
from mason.resources.operator import Operator

CONFIG = Config("1", dict.fromkeys(("metastore", "storage", "execution", "scheduler"), ("memory",)), {})


def shown(do, **parameters):
    definition = {"namespace": "a", "command": "b", "do": do}
    return dry_run(Operator.from_definition(definition), parameters, CONFIG, registry)


def test_arguments_stand_as_they_will_be_given():
    made = shown(
        [
            {"metastore.get_table": {"table": "{{t}}", "database": 7}, "as": "found"},
            {"execution.preview": {"limit": "{{n}}", "table": "{{found}}"}},
        ],
        t="flights",
        n="5",
    )
    assert [str(call) for call in made.calls] == [
        "for memory as metastore do get_table(database='7', table='flights')",
        "for memory as execution do preview(table='{{found}}', limit=5)",
    ]
    assert made.is_read_only


def test_all_arguments_that_do_not_fit_are_named_at_once():
    with pytest.raises(ParameterError) as refused:
        shown(
            [
                {"metastore.get_table": {"database": "{{db}}", "table": ["a"]}},
                {"execution.query": {"sql": "x", "overwrite": "perhaps"}},
            ],
            db=None,
        )
    assert str(refused.value).splitlines() == [
        "execution.query needs true or false for 'overwrite', not 'perhaps'",
        "metastore.get_table needs 'database', but parameter db was not given",
        "metastore.get_table needs text for 'table', not ['a']",
    ]


def test_an_output_that_is_given_changes_things():
    do = [{"execution.query": {"sql": "x", "output": "{{path}}"}}]
    assert shown(do, path=None).is_read_only
    assert not shown(do, path="out.csv").is_read_only
    assert shown(do, path="out.csv").allowed == frozenset({"execution.query"})


def shown_python(body, **more):
    source = f"import mason\n\nclass AB(mason.Operator):\n    def run(self, ctx):\n        {body}\n"
    operator = Operator.from_definition({"namespace": "a", "command": "b", **more})
    return dry_run(operator, {}, CONFIG, registry, source=json.dumps({"__init__.py": source}).encode())


@pytest.mark.parametrize("body", ["import os; os.system('true')", "return ctx.metastore.list_databases()"])
def test_python_is_asked_for_whatever_it_is_seen_to_call(body):
    made = shown_python(body)
    assert (made.has_python, made.is_promised, made.is_read_only) == (True, False, False)
    assert made.allowed == frozenset()


def test_python_whose_author_promises_that_it_only_reads_is_not_asked_for():
    made = shown_python("return other(ctx)", read_only=True)
    assert (made.certain, made.is_promised, made.is_read_only) == (False, True, True)
    # Confirmed or not, no verb that changes something may be called.
    assert made.allowed == frozenset()
    assert shown_python("return other(ctx)").allowed is None


def test_a_promise_means_nothing_where_sentences_tell():
    definition = {"namespace": "a", "command": "b", "read_only": True}
    changing = Operator.from_definition({**definition, "do": [{"metastore.create_database": {"database": "x"}}]})
    made = dry_run(changing, {}, CONFIG, registry)
    assert (made.has_python, made.is_promised, made.is_read_only) == (False, False, False)
