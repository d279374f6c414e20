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


def refused(do, **parameters):
    with pytest.raises(ParameterError) as refusal:
        shown(do, **parameters)
    return str(refusal.value).splitlines()


TABLE = {"metastore.get_table": {"database": "a", "table": "b"}, "as": "table"}


def test_what_a_client_lacks_is_refused_by_name_before_anything_is_called():
    do = [TABLE, {"execution.format": {"table": "{{table}}", "output": "{{path}}", "compression": "{{by}}"}}]
    assert refused(do, path="out.xml", by=None) == [
        "The ending of out.xml names no format: give it one of csv, json, jsonl, parquet, xlsx, or give format."
    ]
    assert refused(do, path="out.parquet", by="rar") == [
        "Client memory does not compress parquet by rar (it can: snappy, zstd, gzip, lz4, brotli, none)."
    ]
    do[1] = {"execution.query": {"sql": "x", "output": "out", "format": "avro"}}
    assert refused(do) == ["Client memory does not write avro (it writes: csv, json, jsonl, parquet, xlsx)."]


def test_arguments_that_no_table_can_make_right_are_refused_for_all_sentences_at_once():
    do = [
        TABLE,
        {"execution.dedupe": {"table": "{{table}}", "keys": [], "keep": "some", "output": "o.csv"}},
        {"execution.fake": {"schema": {"a": "INT", "A": "INT"}, "size": "-1", "output": "o.csv"}},
    ]
    assert refused(do) == [
        "Column 'A' is there twice.",
        "keep is some, but it must be first or last.",
        "keys are missing: name the columns that tell rows apart.",
        "size is -1, but it must be 0 or more.",
    ]


def test_nothing_is_said_of_arguments_that_wait_for_what_an_earlier_step_returns():
    do = [TABLE, {"execution.format": {"table": "{{table}}", "output": "{{path}}", "format": "{{kind}}"}}]
    operator = Operator.from_definition({"namespace": "a", "command": "b", "do": do})
    made = dry_run(operator, {"path": "{{steps.a.path}}", "kind": "csv"}, CONFIG, registry, waiting=("path",))
    assert made.calls[1].arguments["output"] == "{{steps.a.path}}"
    with pytest.raises(ParameterError) as refusal:
        dry_run(operator, {"path": "{{steps.a.path}}", "kind": "xml"}, CONFIG, registry, waiting=("path",))
    assert str(refusal.value) == "Client memory does not write xml (it writes: csv, json, jsonl, parquet, xlsx)."


def fake(output, **types):
    (call,) = shown([{"execution.fake": {"schema": "{{schema}}", "size": 1, "output": output}}], schema=types).calls
    return call.notes


def test_the_plan_says_which_types_do_not_travel():
    types = {"at": "TIME", "fine": "timestamp_ns", "span": "INTERVAL", "spans": "interval[]", "zoned": "TIMETZ"}
    assert fake("t.parquet", id="BIGINT", price="DECIMAL(10, 2)", part="STRUCT(time INTEGER)", **types) == (
        "column at: Spark reads no TIME; cast it to VARCHAR for Spark",
        "column fine: Spark reads no TIMESTAMP_NS; cast it to TIMESTAMP or VARCHAR for Spark",
        "column span: INTERVAL is written as text, because parquet has no such type",
        "column spans: INTERVAL is written as text, because parquet has no such type",
        "column zoned: TIME WITH TIME ZONE is written as text, because parquet has no such type",
    )
    assert fake("t.csv", **types) == ()
