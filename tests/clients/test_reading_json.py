"""JSON that DuckDB rounds, refuses although it is JSON, or refuses without a place that a person finds."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Local, refusal

FAULTS = [
    ('[{"a": 1},\n {"a": }]', "line 2, column 8: a value is expected. Mend the file."),
    ('[{"a": 1},\n {b: 2}]', "line 2, column 3: a key in double quotes is expected. Mend the file."),
    (
        '{"a": 1}\n{"a": 1 "b": 2}\n',
        "line 2, column 9: a comma or the end of the list or object is expected. Mend the file.",
    ),
    ('{"a" 1}', "line 1, column 6: a colon is expected. Mend the file."),
    ('{"a": "x\n"}', "line 1, column 9: a control character, such as the end of a line, must be escaped in a text. "),
    ('{"a": 1}\n{"a": "x', "line 2, column 7: a text begins that is never closed. Mend the file."),
    ('{"a": "\\x"}', "line 1, column 8: a backslash stands before what it cannot escape. Mend the file."),
    ('[{"a": 1}]\n42', "line 2, column 1: more text follows the list that begins the file. Mend the file."),
    ('{"a": "\\ud800"}', "line 1: a text has half of a surrogate pair, which is no character. Mend the text."),
    ("[1, NaN]", "line 1: NaN is no number of JSON. Write null, or a text in quotes."),
    (
        '{"a": 1}\n{"a": 1, "a": 2}\n',
        "line 2: the key 'a' stands twice in an object. Rename one of them.",
    ),
]


@pytest.mark.parametrize(("content", "told"), FAULTS)
def test_faults_of_json_are_told_by_line(local: Local, content: str, told: str) -> None:
    local.put("data/t.json", content)
    assert refusal(local.rows, "t").startswith(f"EngineError: data/t.json, {told}")


@pytest.mark.parametrize("content", ['{"a": 1', '{"a": [1, {"b": '])
def test_json_that_ends_too_early(local: Local, content: str) -> None:
    local.put("data/t.json", content)
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.json is cut off: its last value has no end. Get the file again from where it came."
    )


def test_json_in_another_encoding(local: Local) -> None:
    local.put("data/t.json", '[{"a": 1},\n{"a": "Köln"}]'.encode("latin-1"))
    assert refusal(local.columns, "t") == (
        "EngineError: data/t.json, line 2: not UTF-8. Convert the file (iconv -f windows-1252 -t utf-8 OLD > NEW)."
    )


ROUNDED = [
    ('[{"a": 1},\n{"a": 1.000000000000000005}]', 2, "1.000000000000000005"),
    ('{"a": [{"b": 12345678901234567.123}]}', 1, "12345678901234567.123"),
    ('{"a": [0.1234567890123456789, "x"]}', 1, "0.1234567890123456789"),
    ('{"a": 123456789012345678901234567890.5}', 1, "123456789012345678901234567890.5"),
    ('{"a": 1e-999}', 1, "1e-999"),
]


@pytest.mark.parametrize(("content", "line", "number"), ROUNDED)
def test_numbers_of_json_that_would_be_rounded_are_refused(local: Local, content: str, line: int, number: str) -> None:
    local.put("data/t.json", content)
    assert refusal(local.columns, "t") == (
        f"EngineError: data/t.json, line {line}: the number {number} would be rounded, because 17 digits are held "
        "where there is a point or an exponent. Write it with fewer digits, or as text, in quotes."
    )


def test_numbers_of_json_that_a_double_holds_stay_numbers(local: Local) -> None:
    local.put("data/t.json", '[{"a": 0.30000000000000004, "b": 1.500000000000000000, "c": "1.000000000000000005"}]')
    assert local.rows("t") == [(0.30000000000000004, 1.5, "1.000000000000000005")]


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("[100000000000000000000, 1]", ["100000000000000000000", 1]),
        ("[-9223372036854775809]", ["-9223372036854775809"]),
        ("[1.000000000000000005, 2.5]", ["1.000000000000000005", 2.5]),
        ("[1e400]", ["1e400"]),
        ('[1.000000000000000005, "a", null]', ["1.000000000000000005", "a", None]),
        ("[" * 300 + "]" * 300, None),
    ],
)
def test_values_that_are_no_objects_keep_their_digits(local: Local, content: str, values: list[object] | None) -> None:
    local.put("data/t.json", content)
    assert local.columns("t") == {"json": "JSON"}
    rows = local.rows("t")
    assert rows == [(value,) for value in values] if values else len(rows) == 1


def test_keys_that_cannot_be_names_are_refused(local: Local) -> None:
    local.put("data/nul.json", '{"a\\u0000b": 1}')
    assert refusal(local.columns, "nul") == (
        "EngineError: data/nul.json has a key with a NUL character, which cannot be the name of a column. Rename it."
    )
    local.put("data/nested.json", '{"a": {"": 1}}')
    assert refusal(local.columns, "nested") == (
        "EngineError: data/nested.json has an empty key in column a, which cannot be the name of a field. Name it."
    )
