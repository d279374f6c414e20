"""Options and column types given to ``infer_table``: what the remedies in errors name is what can be given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import Local, refusal


def registered(local: Local, path: str, **given: Any) -> list[tuple[Any, ...]]:
    """The rows of the files at ``path``, registered as they are inferred."""
    definition = local.storage.infer_table(path, **given)
    local.metastore.create_table("r", "t", definition=definition, overwrite=True)
    return local.ask("SELECT * FROM r.t")


def test_an_encoding(local: Local) -> None:
    local.put("l.csv", "name;n\nMüller;1\n".encode("latin-1"))
    assert refusal(registered, local, "l.csv") == (
        "EngineError: l.csv: not UTF-8. Register the table with its encoding as an option (encoding, by any name that "
        "Python knows: windows-1252 reads line 2 as 'Müller;1'), or convert the file (iconv -f windows-1252 -t utf-8 "
        "OLD > NEW)."
    )
    assert registered(local, "l.csv", options={"encoding": "latin-1"}) == [("Müller", 1)]


def test_lines_to_skip(local: Local) -> None:
    local.put("s.csv", "this, that\nand\na,b,c\n1,2,3\n")
    assert refusal(registered, local, "s.csv") == (
        "EngineError: s.csv, line 2: 1 column where 2 are expected. Mend the line."
    )
    assert registered(local, "s.csv", options={"skip": 2}) == [(1, 2, 3)]


def test_the_type_of_a_column(local: Local) -> None:
    local.put("b.csv", "id,c,w\n" + "".join(f"{i},{i},{'x' * 150}\n" for i in range(30_000)) + "1,x,\n")
    assert refusal(registered, local, "b.csv") == (
        "EngineError: b.csv, line 30002, column c: 'x' is not of type BIGINT, which the values before it have. Mend "
        "the value, or register the table with column c as VARCHAR."
    )
    assert registered(local, "b.csv", columns={"c": "VARCHAR"})[-1] == (1, "x", None)
    inferred = local.storage.infer_table("b.csv", columns={"c": "text"}, read_headers=True)
    assert inferred.schema is not None
    assert [(column.name, column.type) for column in inferred.schema.columns] == [
        ("id", "BIGINT"),
        ("c", "VARCHAR"),
        ("w", "VARCHAR"),
    ]


def test_types_go_with_partitions_and_globs(local: Local) -> None:
    local.put("p/year=2020/a.csv", "id\n1\n")
    local.put("p/year=2021/a.csv", "id\n2\n")
    assert registered(local, "p/*/*.csv", columns={"year": "VARCHAR", "id": "DOUBLE"}) == [(1.0, "2020"), (2.0, "2021")]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"nam": "INT"}, "NotFoundError: Column nam not found in s.csv. Did you mean name?"),
        ({"name": "INTT"}, "EngineError: Column name has the type INTT, which DuckDB does not know."),
        ({"name": 5}, "EngineError: The type of column name must be text such as VARCHAR or DECIMAL(18,2), not 5."),
    ],
)
def test_columns_that_are_refused(local: Local, columns: dict[str, object], told: str) -> None:
    local.put("s.csv", "name\nx\n")
    assert refusal(local.storage.infer_table, "s.csv", columns=columns) == told


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("skip", "abc", "a whole number, 0 or more"),
        ("skip", -1, "a whole number, 0 or more"),
        ("skip", True, "a whole number, 0 or more"),
        ("delimiter", "", "text of 1 to 4 bytes"),
        ("delimiter", 5, "text of 1 to 4 bytes"),
        ("quote", "ab", "one character of ASCII, or empty for none"),
        ("escape", None, "one character of ASCII, or empty for none"),
        ("header", "x", "true or false"),
        ("encoding", "latin-99", "an encoding that Python knows, such as utf-8, windows-1252 or utf-16"),
        ("encoding", "base64", "an encoding that Python knows, such as utf-8, windows-1252 or utf-16"),
        ("skip_footer", -1, "a whole number, 0 or more"),
        ("decimal", ";", "a point or a comma"),
        ("thousands", "x", "a point, a comma, a space or an apostrophe, and not the decimal mark"),
        ("null", ["NA", 5], "text, or a list of texts"),
        ("date_format", 7, "text such as %d.%m.%Y"),
    ],
)
def test_values_that_no_option_can_have(local: Local, option: str, value: object, wanted: str) -> None:
    local.put("s.csv", "a,b\n1,2\n")
    assert refusal(local.storage.infer_table, "s.csv", options={option: value}) == (
        f"EngineError: Option {option} must be {wanted}, not {value!r}."
    )


def test_options_of_which_nothing_is_left(local: Local) -> None:
    local.put("s.csv", "a,b\n1,2\n")
    assert refusal(local.storage.infer_table, "s.csv", options={"skip": 99}) == (
        "EngineError: s.csv: the option skip leaves no line of it. Register the table with options that leave some."
    )
    assert refusal(local.storage.infer_table, "s.csv", options={"skip": 1, "skip_footer": 5}) == (
        "EngineError: s.csv: the options skip and skip_footer leave no line of it. Register the table with options "
        "that leave some."
    )
