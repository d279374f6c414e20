"""What runs returned, as tables and blocks: every kind of value, and every width."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from mason.engines.models import Column, Database, Job, Location, Partition, Rows, Schema, Table
from mason.errors import OperatorError
from mason.render.results import in_pieces, result_lines
from mason.render.tables import fitted
from mason.render.terminal import Terminal, cells
from mason.runtime.answer import Answer, data_of


def shown(returned, terminal=Terminal(), *, cut=""):  # noqa: B008 - a frozen value
    lines = result_lines(Answer(data=data_of(returned, of="it"), returned=returned, cut=cut), terminal)
    return None if lines is None else "\n".join(in_pieces(lines))


def rows(values, **types):
    return Rows(Schema(tuple(Column(name, kind) for name, kind in types.items())), values)


def test_values_of_all_kinds():
    values = [(1, "a", True, {"k": [1, "é"]}, "1.50"), (-20, "日本", None, [], None), (None, "", False, None, "12.25")]
    assert shown(
        rows(values, n="BIGINT", text="VARCHAR", yes="BOOLEAN", nested="STRUCT(k INT[])", d="DECIMAL(9,2)")
    ) == (
        "   n  text  yes    nested             d\n"
        '   1  a     true   {"k":[1,"é"]}   1.50\n'
        " -20  日本  NULL   []              NULL\n"
        "NULL        false  NULL           12.25\n"
        "\n"
        "3 rows."
    )


def test_null_is_told_from_the_text_by_its_colour():
    text = shown(rows([("NULL",), (None,)], a="VARCHAR"), Terminal(color=True))
    assert text == "\033[1ma\033[0m\nNULL\n\033[2mNULL\033[0m\n\n2 rows."


def test_what_would_command_the_terminal_or_break_the_line_is_escaped():
    text = shown(rows([("a\x1b[31m\tb\nc\u202e  d",)], **{"x\ny": "VARCHAR"}), Terminal(color=True))
    assert text == "\033[1mx\\ny\033[0m\na\\u001b[31m\\tb\\nc\\u202e  d\n\n1 row."


def test_no_rows_and_no_columns():
    assert shown(rows([], a="INT", b="INT")) == "a  b\n\n0 rows."
    assert shown(rows([])) == "0 rows."
    assert shown(rows([(1,)], a="INT"), cut="Showing the first row; there are more.") == (
        "a\n1\n\nShowing the first row; there are more."
    )


def test_names_that_occur_twice_are_told_apart_as_in_json():
    repeated = Rows(Schema((Column("x", "INT"), Column("x", "INT"))), [(1, 2)])
    assert shown(repeated) == "x  x_1\n1    2\n\n1 row."


def test_the_widest_columns_give_way_first():
    values = [(1, "short", "x" * 40, "y" * 60)]
    text = shown(rows(values, n="INT", a="VARCHAR", b="VARCHAR", c="VARCHAR"), Terminal(width=40))
    assert text.splitlines()[:2] == [
        "n  a      b               c",
        "1  short  xxxxxxxxxxxxx…  yyyyyyyyyyyyy…",
    ]


def test_columns_in_the_middle_are_left_out_and_counted():
    values = [tuple(range(100_000, 100_010))]
    text = shown(rows(values, **{f"column_{number}": "INT" for number in range(10)}), Terminal(width=40))
    assert text == (
        "column_0  column_1  …  column_9\n"
        "  100000    100001  …    100009\n"
        "\n"
        "1 row.\n"
        "7 of 10 columns are hidden, because the terminal is narrow; --json shows all."
    )


def test_nothing_is_cut_where_there_is_no_terminal_and_one_long_value_does_not_pad_all_others():
    text = shown(rows([("x" * 500, "y"), ("a", "b")], a="VARCHAR", b="VARCHAR"))
    assert text.splitlines()[1:3] == ["x" * 500 + "  y", "a" + " " * 201 + "b"]


@given(
    st.lists(st.lists(st.none() | st.text(max_size=30), min_size=4, max_size=4), max_size=4),
    st.integers(1, 60),
    st.sets(st.integers(0, 3)),
)
def test_no_line_is_wider_than_the_terminal(values, width, numeric):
    found, hidden = fitted(["a", "long title", "日本語", "d"], values, Terminal(width=width), numeric=numeric)
    lines = list(found)
    assert len(lines) == len(values) + 1
    assert max(map(cells, lines)) <= width
    assert 0 <= hidden <= 3


def test_a_table_is_a_paragraph_and_its_columns():
    columns = (Column("id", "BIGINT", nullable=False), Column("day", "DATE", comment="of departure"))
    table = Table(
        "flights",
        "data",
        Schema(columns),
        Location("data/flights", size=12),
        "parquet",
        partition_columns=("day",),
        comment="All of them",
    )
    assert shown(table) == (
        "Table data.flights\n"
        "  format          parquet\n"
        "  location        data/flights\n"
        "  size            12\n"
        "  comment         All of them\n"
        "  partitioned by  day\n"
        "\n"
        "column  type    nullable  comment\n"
        "id      BIGINT  false\n"
        "day     DATE              of departure\n"
        "\n"
        "2 columns."
    )
    assert shown(Table("v", kind="view")) == "View v"


def test_listings_are_tables():
    assert shown([Table("b", "data", location=Location("data/b.csv", size=7)), Table("c", "data", kind="view")]) == (
        "database  name  kind   location    size\n"
        "data      b     table  data/b.csv     7\n"
        "data      c     view\n"
        "\n"
        "2 tables."
    )
    assert shown((Database("data", Location("data")),)) == "name  location\ndata  data\n\n1 database."
    partitions = [Partition({"year": 2013, "location": "x"}, Location("t/year=2013")), Partition({"year": None})]
    assert shown(partitions) == ("year  location  path\n2013  x         t/year=2013\nNULL\n\n2 partitions.")
    assert shown([Location("a.csv", size=1, modified="2026-01-01T00:00:00Z")]) == (
        "path   size  modified\na.csv     1  2026-01-01T00:00:00Z\n\n1 path."
    )
    assert shown([]) == "0 results."


def test_a_job_is_a_block():
    result = {"output": "out.csv", "rows": 3, "columns": [{"name": "a", "type": "INT"}], "options": {"deep": {"x": 1}}}
    assert shown(Job("j1", "succeeded", "execution.query", ("Wrote 3 rows\nto out.csv",), result, "then", "now")) == (
        "job_id: j1\n"
        "status: succeeded\n"
        "verb: execution.query\n"
        "result:\n"
        "  output: out.csv\n"
        "  rows: 3\n"
        "  columns: a INT\n"
        '  options: {"deep":{"x":1}}\n'
        "logs:\n"
        "  Wrote 3 rows\\nto out.csv\n"
        "submitted: then\n"
        "finished: now"
    )


def test_all_else_has_no_form_but_json():
    for returned in (
        None,
        5,
        "text",
        {"a": 1},
        [{"a": 1}],
        [Table("t"), 5],
        [Table("t"), Database("d")],
        Database("d"),
    ):
        assert shown(returned) is None
    failed = Answer(returned=rows([], a="INT"), failure=OperatorError("no"))
    assert result_lines(failed, Terminal()) is None


def test_many_rows_are_laid_out_as_they_are_printed():
    """What a million rows take on their way to the terminal is a piece of the text, not all of it."""
    returned = Rows(Schema((Column("n", "BIGINT"), Column("text", "VARCHAR"))), [(n, "x" * 90) for n in range(20_000)])
    answer = Answer(data=returned.to_dicts(), returned=returned)
    tracemalloc.start()
    try:
        lines = result_lines(answer, Terminal())
        assert lines is not None
        length = sum(len(piece) + 1 for piece in in_pieces(lines))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length > 1_900_000
    assert most < 500_000
