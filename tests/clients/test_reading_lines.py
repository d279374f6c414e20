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
