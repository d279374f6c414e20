"""SQL in a dry run: what an engine of another dialect cannot take is refused before it is called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from mason.clients import registry
from mason.dryrun.dryrun import DryRun, dry_run
from mason.engines.capabilities import Capabilities
from mason.errors import ParameterError
from mason.resources.config import Config
from mason.resources.operator import OPERATOR, Operator

CONFIG = Config("1", dict.fromkeys(("metastore", "storage", "execution", "scheduler"), ("memory",)), {})


class Speaking:
    """The registry, but its execution engines speak another dialect."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def __getattr__(self, name: str):
        return getattr(registry, name)

    def capabilities(self, name: str) -> Mapping[str, Capabilities]:
        found = registry.capabilities(name)
        return {**found, "execution": replace(found["execution"], dialect=self._dialect)}


def shown(query: str, *, on: str, source: bytes | None = None, **said) -> DryRun:
    sentence = said.pop("sentence", {})
    definition = {"namespace": "a", "command": "b", **said}
    if source is None:
        definition["do"] = [{"execution.query": {"sql": "{{query_string}}"}, **sentence}]
    operator = Operator.from_definition(OPERATOR.normalized(definition))
    return dry_run(operator, {"query_string": query}, CONFIG, Speaking(on), source=source)


def told(*arguments, **named) -> list[str]:
    (call,) = shown(*arguments, **named).calls
    return [f"{word}: {sentence}" for word, sentence in call.told]


def test_duckdbs_sql_needs_no_word_on_duckdb():
    assert told("SELECT reverse('a') AS x", on="duckdb") == []


def test_what_is_written_otherwise_is_told_with_its_place():
    assert told("SELECT\n  7 // 2 AS x", on="spark") == [
        "rewritten: query_string, line 2, column 5: // is written otherwise: DuckDB's result is NULL where the divisor "
        "is zero, Spark stops; its type is that of the operands"
    ]


def test_what_depends_on_the_columns_of_tables_is_said_to_be_left():
    assert told("SELECT id FROM $table", on="spark") == [
        "later: query_string is translated to spark by the columns of its tables when it runs"
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            "SELECT\n reverse('a') AS x",
            "Line 2, column 2: reverse is not known to be the same in Spark. Write it otherwise.",
        ),
        (
            "SELECT id FROM $table WHERE reverse(name) = 'a'",
            "Line 1, column 29: reverse is not known to be the same in Spark. Write it otherwise.",
        ),
        ("DROP TABLE t", "Line 1, column 1: only a query is translated. Begin with SELECT, FROM, VALUES or WITH."),
        ("SELECT 1; SELECT 2", "Line 1, column 1: there are 2 statements. Give one query."),
    ],
)
def test_what_would_answer_otherwise_is_refused(query, said):
    with pytest.raises(ParameterError) as refused:
        shown(query, on="spark")
    assert str(refused.value) == f"query_string is not known to answer the same on memory (spark): {said}"


def test_all_that_is_refused_whatever_the_types_is_told_at_once():
    with pytest.raises(ParameterError) as refused:
        shown("SELECT reverse(a), x FROM $table\nASOF JOIN t ON a >= b", on="spark")
    assert [str(fault).partition(": ")[2] for fault in refused.value.diagnostics] == [
        "Line 1, column 8: reverse is not known to be the same in Spark. Write it otherwise.",
        "Line 2, column 1: the ASOF INNER join is not known to be the same in Spark. Use JOIN with ON.",
    ]


def test_the_place_of_sql_in_a_sentence_is_the_sentence():
    do = [{"execution.query": {"sql": "SELECT reverse('{{x}}') AS x"}}]
    with pytest.raises(ParameterError) as refused:
        dry_run(
            Operator.from_definition({"namespace": "a", "command": "b", "do": do}),
            {"x": "a"},
            CONFIG,
            Speaking("spark"),
        )
    assert str(refused.value).startswith(
        "the SQL of sentence 1 is not known to answer the same on memory (spark): Line 1"
    )


@pytest.mark.parametrize("said", [{"sql": "trust"}, {"sentence": {"sql": "trust"}}])
def test_trust_lets_it_pass_and_says_so(said):
    assert told("SELECT reverse('a') AS x", on="spark", **said) == [
        "trusted: query_string is not known to answer the same on memory and is trusted (sql: trust): Line 1, column "
        "8: reverse is not known to be the same in Spark. Write it otherwise"
    ]
    assert shown("SELECT 1", on="spark", **said).calls[0].arguments["trust"] is True


@pytest.mark.parametrize("said", [{"dialect": "spark"}, {"sentence": {"dialect": "spark"}}])
def test_sql_in_the_dialect_of_the_engine_runs_as_it_stands(said):
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")
    (call,) = shown("SELECT reverse(a) FROM t LATERAL VIEW explode(b) c", on="spark", **said).calls
    assert (call.told, call.arguments["dialect"]) == ((), "spark")


def test_it_has_to_be_one_query_all_the_same():
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")
    with pytest.raises(ParameterError, match="query_string: Line 1, column 1: only a query runs, but this is DROP"):
        shown("DROP TABLE t", on="spark", dialect="spark")


def test_sql_in_a_dialect_that_the_engine_does_not_speak_is_refused_by_name():
    with pytest.raises(ParameterError) as refused:
        shown("SELECT 1", on="duckdb", dialect="sqlite")
    assert str(refused.value) == (
        "query_string: There is no translation of SQL in the dialect sqlite to duckdb. Write it in duckdb's with "
        "dialect: duckdb. Client memory cannot run it."
    )
    assert told("SELECT 1", on="duckdb", dialect="sqlite", sql="trust") == [
        "trusted: query_string is given to memory, which speaks duckdb, as it stands (sql: trust): nothing says that "
        "it answers the same"
    ]


def test_sql_in_another_dialect_is_translated_for_the_engine():
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")
    assert told("SELECT 7 / 2 AS x", on="duckdb", dialect="postgres") == [
        "rewritten: query_string, line 1, column 8: / is written otherwise: DuckDB's / of whole numbers is a DOUBLE, "
        "and // is NULL where the divisor is zero"
    ]
    assert told("SELECT size(a) AS n FROM t", on="duckdb", dialect="spark") == [
        "later: query_string is translated to duckdb by the columns of its tables when it runs"
    ]


def test_all_that_has_no_rule_is_told_at_once_in_another_dialect_too():
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: make test")
    with pytest.raises(ParameterError) as refused:
        shown("SELECT initcap(a), now() AS x FROM t", on="duckdb", dialect="spark")
    assert sorted(str(refused.value).splitlines()) == [
        "query_string is not known to answer the same on memory (duckdb): Line 1, column 20: now is another one at "
        "each run. Give it as a parameter.",
        "query_string is not known to answer the same on memory (duckdb): Line 1, column 8: initcap of Spark has no "
        "rule. Use upper and substring.",
    ]


def test_a_dialect_that_nothing_translates_to_gets_the_text_as_it_stands_and_that_is_said():
    assert told("SELECT 1", on="sqlite") == [
        "later: query_string is given to memory, which speaks sqlite, as it stands: Mason does not translate to that, "
        "so whether it answers the same is not known"
    ]


def test_the_sentences_own_dialect_wins():
    assert told("SELECT 1 AS x", on="duckdb", dialect="spark", sentence={"dialect": "duckdb"}) == []


def test_a_dialect_may_be_a_parameter():
    do = [{"execution.query": {"sql": "SELECT 1 AS x", "dialect": "{{dialect}}"}}]
    operator = Operator.from_definition({"namespace": "a", "command": "b", "do": do})
    (call,) = dry_run(operator, {"dialect": None}, CONFIG, Speaking("spark")).calls
    assert (call.told, call.arguments) == ((), {"sql": "SELECT 1 AS x"})
    with pytest.raises(ParameterError, match="There is no translation of SQL in the dialect sqlite to spark"):
        dry_run(operator, {"dialect": "sqlite"}, CONFIG, Speaking("spark"))


def test_the_sql_of_python_shows_when_it_runs():
    source = json.dumps(
        {"__init__.py": "class AB:\n    def run(self, ctx):\n        ctx.execution.query('SELECT 1')\n"}
    )
    assert told("", on="spark", source=source.encode()) == [
        "later: the SQL of its Python is translated to spark when it is known"
    ]
    with pytest.raises(
        ParameterError, match="the SQL of its Python: There is no translation of SQL in the dialect sqlite"
    ):
        shown("", on="duckdb", source=source.encode(), dialect="sqlite")
