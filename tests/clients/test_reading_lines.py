"""Lines of CSV files that other readers take in ways of their own: blank ones, stray quotes, blanks before quotes."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Local, refusal


def notes(local: Local) -> tuple[str, ...]:
    return local.metastore.get_table("data", "t").notes


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_blank_lines_above_the_header_are_no_header(local: Local, ends: str) -> None:
    local.put("data/t.csv", ends.join(["", "", "", "a,b", "1,2", ""]))
    assert local.columns("t") == {"a": "BIGINT", "b": "BIGINT"}
    assert local.rows("t") == [(1, 2)]
    assert local.metastore.get_table("data", "t").options == {"delimiter": ",", "header": True, "skip": 3}


def test_blank_lines_above_rows_without_a_header(local: Local) -> None:
    local.put("data/t.csv", "\n\n1,2\n3,4\n")
    assert local.rows("t") == [(1, 2), (3, 4)]


def test_an_empty_line_is_a_row_without_a_value_in_a_file_of_one_column(local: Local) -> None:
    local.put("data/t.csv", "\na\n1\n\n2\n")
    assert local.rows("t") == [(1,), (None,), (2,)]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_ends_of_lines_in_names_stay_as_they_are(local: Local, end: str) -> None:
    local.put("data/t.csv", f'"a{end}b",c\n1,2\n')
    assert list(local.columns("t")) == [f"a{end}b", "c"]


FAULTS = [
    ('a,"\n', 1, "a quote is opened and never closed"),
    ('"a\n\nb\n', 1, "a quote is opened and never closed"),
    ('"Pedro "the" legend"\nx\n', 1, "text follows the quote that closes a value"),
    ('"1"aa"2"\n"1"aa"2"\n', 1, "text follows the quote that closes a value"),
    ('a;b\n1;"p "q" \nr"\n', 2, "text follows the quote that closes a value"),
    # DuckDB drops the blanks, the csv module keeps them.
    ('a,b\n1,"x"\n2,"y" \n', 3, "text follows the quote that closes a value"),
]


@pytest.mark.parametrize(("content", "line", "fault"), FAULTS)
def test_stray_quotes_are_refused_by_line(local: Local, content: str, line: int, fault: str) -> None:
    local.put("data/t.csv", content)
    assert refusal(local.columns, "t") == (
        f"EngineError: data/t.csv, line {line}: {fault}. Mend the line, or register the table with the option quote "
        "(empty for none)."
    )


def test_stray_quotes_are_text_without_quoting(local: Local) -> None:
    local.put("data/t.csv", 'a,"\n1,2\n')
    definition = local.storage.infer_table("data/t.csv", options={"quote": ""})
    local.metastore.create_table("r", "t", definition=definition)
    assert local.ask('SELECT a, """" FROM r.t') == [(1, 2)]


def test_quotes_beside_a_delimiter_prove_it(local: Local) -> None:
    local.put("data/t.csv", '"1"\t"Abbott, Amelia"\n"2"\t"Smith, John"\n')
    assert local.rows("t") == [(1, "Abbott, Amelia"), (2, "Smith, John")]


def test_a_blank_before_a_quote_is_left_out_and_told(local: Local) -> None:
    local.put("data/t.csv", 'id, "word"\n1, "a ""b"""\n2, c\n')
    assert local.columns("t") == {"id": "BIGINT", "word": "VARCHAR"}
    assert local.rows("t") == [(1, 'a "b"'), (2, " c")]
    assert notes(local) == ("a blank before a quote is left out, such as that of ' \"word\"'; other readers keep both",)


def test_two_blanks_before_a_quote_are_text(local: Local) -> None:
    local.put("data/t.csv", 'id,word\n1,  "a"\n')
    assert local.rows("t") == [(1, '  "a"')]
    assert notes(local) == ()


def test_a_return_alone_at_the_end_of_the_file_is_refused(local: Local) -> None:
    local.put("data/t.csv", "1,2\r\n3,4\n5,6\r")
    assert refusal(local.columns, "t").startswith(
        "EngineError: data/t.csv, line 3: the line ends with a carriage return alone, and others end otherwise. "
    )


@pytest.mark.parametrize("blank", [" ", "   "])
def test_blanks_alone_above_a_column_are_its_name(local: Local, blank: str) -> None:
    local.put("data/t.csv", f"{blank}\n7\n8\n")
    assert local.columns("t") == {"column0": "BIGINT"}
    assert local.rows("t") == [(7,), (8,)]
    assert notes(local) == (
        "line 1 has blanks alone, so the column is called column0; where it is no header, say so with the option "
        "skip: 1",
    )


def test_blanks_alone_are_a_value_without_a_header(local: Local) -> None:
    local.put("data/t.csv", "\n  \nab\n")
    table = local.storage.infer_table("data/t.csv", options={"header": False})
    local.metastore.create_table("r", "t", definition=table)
    assert local.ask("SELECT * FROM r.t") == [("  ",), ("ab",)]


def test_blanks_alone_above_several_columns_are_no_line(local: Local) -> None:
    local.put("data/t.csv", "  \na,b\n1,2\n")
    assert local.rows("t") == [(1, 2)]


def read_with_nulls(local: Local, content: str) -> list[tuple[object, ...]]:
    local.put("data/t.csv", content)
    definition = local.storage.infer_table("data/t.csv", options={"null": "\\N", "escape": "\\"})
    local.metastore.create_table("r", "t", definition=definition, overwrite=True)
    return local.ask("SELECT * FROM r.t")


def test_a_mark_for_no_value_hides_no_number(local: Local) -> None:
    assert read_with_nulls(local, "a,b\n\\N,x\n5,y\n") == [(None, "x"), (5, "y")]


def test_a_quoted_mark_for_no_value_is_a_text_or_refused(local: Local) -> None:
    assert read_with_nulls(local, 'a,b\n"\\N",x\n\\N,y\n') == [("N", "x"), (None, "y")]
    assert local.storage.infer_table("data/t.csv", options={"null": "\\N", "escape": "\\"}).notes == (
        "\"\\N\" in quotes is read as the text 'N' (line 2), because the option escape takes its first character away; "
        "without quotes it is no value (option null)",
    )
    assert refusal(read_with_nulls, local, 'a,b\nq,x\n"\\\\N",z\n\\N,y\n') == (
        'EngineError: data/t.csv, line 3: "\\\\N" is a text in quotes, and would be read as no value, because null is '
        "'\\\\N'. Write another text there, or take the quotes away where it is no value."
    )


def test_a_quoted_mark_far_below_is_refused_by_its_line(local: Local) -> None:
    rows = "".join(f"{number},text number {number}\n" for number in range(300_000))
    told = refusal(read_with_nulls, local, f'a,b\n{rows}"\\\\N",z\n')
    assert told.startswith("EngineError: data/t.csv, line 300002: ")


def test_a_quoted_mark_without_an_escape_is_a_text(local: Local) -> None:
    local.put("data/t.csv", 'a,b\n"\\N",x\n\\N,y\n')
    definition = local.storage.infer_table("data/t.csv", options={"null": "\\N"})
    local.metastore.create_table("r", "t", definition=definition)
    assert local.ask("SELECT * FROM r.t") == [("\\N", "x"), (None, "y")]
