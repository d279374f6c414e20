"""YAML to values: the core schema, lines, and every way in which text is no document."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mason.resources.documents import read

BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 9)) for c in range(97, 115)
)
DEEP_ALIASES = b"a0: &a0 " + b"[" * 60 + b"]" * 60 + b"\na1: " + b"[" * 60 + b"*a0" + b"]" * 60

FATAL = {
    "tab": (b"type: operator\nparameters:\n\trequired: [a]\n", "3: a tab indents this line (indent with spaces)"),
    "tab deeper": (b"a:\n  b: 1\n\tc: 2\n", "3: a tab indents this line (indent with spaces)"),
    "colon": (
        b"description: foo: bar\n",
        "1: ': ' cannot stand here (put the text in quotes, or check the indentation)",
    ),
    "no colon": (
        b"type: operator\nnamespace\ncommand: x\n",
        "2: a ':' is missing after the key (write 'key: value', and put long texts in quotes)",
    ),
    "list": (b"a: [1, 2\nb: 3\n", "2: ',' or ']' is missing in the list that begins at line 1 (close it)"),
    "mapping": (b"a: {x: 1, y: 2\nb: 3\n", "2: ',' or '}' is missing in the mapping that begins at line 1 (close it)"),
    "quote": (b'a: "foo\nb: 3\n', "1: the quote that opens here is never closed (close it)"),
    "star": (b"a: 1\nb: */5 * * * *\n", "2: a value that begins with * or & has to be in quotes (put it in quotes)"),
    "at": (b"a: @foo\n", "1: '@' cannot begin a value (put the value in quotes)"),
    "escape": (
        b'a: "\\d"\n',
        "1: there is no such escape in double quotes (write \\\\ for \\, or use single quotes)",
    ),
    "control": ("a: é\nb: \x1b[0m\n".encode(), "2: the character U+001B is not allowed in YAML (remove it)"),
    "dash": (b"a: - b\n", "1: a list item ('- ') cannot stand here (put it on a line of its own)"),
    "second": (b"a: 1\n...\nb: 2\n", "3: a new document begins without '---' (write '---' between documents)"),
    "end": (b"a: [", "2: a value is missing here (complete it, or close the bracket that was opened)"),
    "utf-16": ("a: 1\n".encode("utf-16"), "1: the file is UTF-16, not UTF-8 (save it as UTF-8)"),
    "utf-16 without BOM": ("a: 1\n".encode("utf-16-le"), "1: the file is UTF-16, not UTF-8 (save it as UTF-8)"),
    "latin-1": (b"a: 1\nb: caf\xe9\n", "2: the file is not UTF-8: byte 0xe9 at offset 11 (save it as UTF-8)"),
    "list document": (
        b"- a\n",
        "1: a document must be a mapping, but this one is a list (write it as 'key: value' lines)",
    ),
    "scalar document": (
        b"a: 1\n---\nhello\n",
        "3: a document must be a mapping, but this one is a single value (write it as 'key: value' lines)",
    ),
    "unknown alias": (
        b"a: *b\n",
        "1: what begins with * is an alias, and no value before it is marked with its name "
        "(put it in quotes if it is meant as text, or mark a value with &NAME)",
    ),
    "alias of itself": (b"a: &a [*a]\n", "1: *a stands inside of &a itself (write the value out)"),
    "alias bomb": (BOMB, "6: aliases (*name) make this file too large (write fewer of them, or smaller anchors)"),
    "long text repeated": (
        b"a: &a " + b"x" * 100_000 + b"\nb: [" + b",".join([b"*a"] * 1000) + b"]\n",
        "2: aliases (*name) make this file too large (write fewer of them, or smaller anchors)",
    ),
    "nested": (b"a: " + b"[" * 50_000, "1: lists and mappings nest deeper than 100 levels (flatten them)"),
    "nested mappings": (
        b"\n".join(b" " * n + b"a:" for n in range(1000)),
        "101: lists and mappings nest deeper than 100 levels (flatten them)",
    ),
    "nested by aliases": (
        DEEP_ALIASES,
        "2: lists and mappings nest deeper than 100 levels, aliases followed (flatten them)",
    ),
    "too many values": (
        b"a:\n" + b"- x\n" * 600_000,
        "499996: the file holds more than 500,000 values (split it, or move it out of the project)",
    ),
    "too large": (b"#" * 10_000_001, "0: the file is larger than 10 MB (split it, or move it out of the project)"),
}

INNER = {
    "twice": (b"a: 1\nb: 2\na: 3\n", ["3: the key 'a' is given twice, first at line 1 (keep one of them)"]),
    "twice below": (b"x:\n  a: 1\n  a: 2\n", ["3: the key 'a' is given twice, first at line 2 (keep one of them)"]),
    "template without quotes": (
        b"a: {{x}}\n",
        ['1: a list or mapping stands where a key must be (put quotes around it: "{{name}}")'],
    ),
    "list as key": (b"? [x]\n: d\n", ["1: a list or mapping stands where a key must be (keys are text)"]),
    "python": (
        b"a: !!python/object/apply:os.system ['x']\nb: !Ref x\n",
        [
            "1: the tag !!python/object/apply:os.system is not allowed (write the plain value without it)",
            "2: the tag !Ref is not allowed (write the plain value without it)",
        ],
    ),
    "wrong tag": (b"a: !!int x\n", ["1: the value does not fit its tag !!int (remove the tag)"]),
    "not finite": (b"a: .nan\n", ["1: .nan is no number that can be stored (put it in quotes if it is meant as text)"]),
    "infinite": (b"a: 1e999\n", ["1: this number is too large (put it in quotes if it is meant as text)"]),
    "too many digits": (
        b"a: 9223372036854775808\n",
        ["1: this number does not fit into 64 bits (put it in quotes if it is meant as text)"],
    ),
    "merge of a text": (
        b"a:\n  <<: x\n",
        ["2: << must be followed by a mapping or a list of mappings (write <<: *name)"],
    ),
}


def _told(fault: Any) -> str:
    return f"{fault.line}: {fault.message} ({fault.remedy})"


def _value(data: bytes, *, pure: bool = False) -> Any:
    documents, fatal = read(data, pure=pure)
    assert fatal == []
    assert documents[0].faults == ()
    return documents[0].value


@pytest.mark.parametrize("name", FATAL)
def test_what_is_no_yaml_is_one_sentence(name: str) -> None:
    data, expected = FATAL[name]
    assert [expected] == [_told(fault) for fault in read(data)[1]]


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("pure", [False, True])
def test_what_is_wrong_within_a_document(name: str, pure: bool) -> None:
    data, expected = INNER[name]
    documents, fatal = read(data, pure=pure)
    assert (expected, []) == ([_told(fault) for fault in documents[0].faults], fatal)


@pytest.mark.parametrize("pure", [False, True])
def test_scalars_follow_the_core_schema(pure: bool) -> None:
    words = (
        "[yes, no, on, true, False, 0o17, 0x1F, 1_000, 1:30, 2013-01-01, .5, 1., 1e3, +1, -, ., ~, Null, '1', !!str 2]"
    )
    expected = ["yes", "no", "on", True, False, 15, 31, "1_000", "1:30", "2013-01-01", 0.5, 1.0, 1000.0, 1, "-", "."]
    assert [*expected, None, None, "1", "2"] == _value(f"a: {words}".encode(), pure=pure)["a"]


@pytest.mark.parametrize("pure", [False, True])
def test_how_numbers_are_written_is_remembered(pure: bool) -> None:
    text = b"a: 0123\nb: 1e3\nc: 12\nd: 1.5\ne: True\nf: '0123'\ng: [0x1F, !!int 007]\nh: 1.50\n"
    (document,), _ = read(text, pure=pure)
    assert document.spelled == {"a": "0123", "b": "1e3", "e": "True", "h": "1.50"}
    assert [fault.line for fault in document.unplain] == [1, 2, 7, 8]


@pytest.mark.parametrize("pure", [False, True])
def test_scalar_keys_become_text(pure: bool) -> None:
    assert _value(b"1: a\ntrue: b\n~: c\n&x k: d\n", pure=pure) == {"1": "a", "true": "b", "~": "c", "k": "d"}


@pytest.mark.parametrize("pure", [False, True])
def test_anchors_aliases_and_merge_keys(pure: bool) -> None:
    text = b"x: &x {a: 1}\ny: &y {a: 2, c: 3}\nz:\n  <<: [*x, *y]\n  d: 4\nw:\n  <<: *y\n  a: 5\n  *k : 6\n"
    value = _value(b"&k k: 0\n" + text, pure=pure)
    assert value["z"] == {"a": 1, "c": 3, "d": 4}
    assert value["w"] == {"a": 5, "c": 3, "k": 6}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert _value(b"\xef\xbb\xbfa: 1\n") == {"a": 1}


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_lines_are_counted_with_any_ending(ending: bytes) -> None:
    documents, _ = read(ending.join([b"a: 1", b"b:", b"  - c", b"  - d: 2", b""]))
    assert documents[0].line_of(("b", 1, "d")) == 4


def test_lines_of_keys_items_and_what_is_not_there() -> None:
    documents, _ = read(b"# x\n---\na: 1\nb:\n  - c\n  - d: 2\n    e: 3\n---\nz: 1\n")
    first, second = documents
    assert (first.line, second.line) == (3, 9)
    assert [first.line_of(p) for p in [("a",), ("b",), ("b", 0), ("b", 1, "e")]] == [3, 4, 5, 7]
    assert [first.line_of(p) for p in [(), ("b", 1, "zz"), ("b", 9), ("zz", 1)]] == [3, 6, 4, 3]


def test_lines_of_merged_keys_are_those_of_the_anchor() -> None:
    documents, _ = read(b"x: &x\n  a: 1\nz:\n  <<: *x\n  b: 2\n")
    assert [documents[0].line_of(("z", key)) for key in "ab"] == [2, 5]


def test_empty_documents_are_skipped() -> None:
    assert read(b"---\n---\n# nothing\n---\n~\n") == ([], [])
    assert read(b"") == ([], [])


def test_documents_before_a_syntax_error_are_kept() -> None:
    documents, fatal = read(b"a: 1\n---\nb: [\n")
    assert ([document.value for document in documents], len(fatal)) == ([{"a": 1}], 1)


def test_half_a_surrogate_pair_is_refused_by_both_parsers() -> None:
    documents, _ = read(b'"\\ud800": "\\udfff"\n', pure=True)
    assert [_told(fault) for fault in documents[0].faults] == [
        "1: the text holds half of a surrogate pair (write the character itself)"
    ] * 2
    assert len(read(b'a: "\\ud800"\n')[1]) == 1


def test_both_parsers_read_the_same() -> None:
    pieces = [
        "a: 1",
        "b: [1, {c: d}]",
        "  e: 'f'",
        "- g",
        "? h",
        ": i",
        "&j k: *j",
        "l: |",
        "  m",
        "---",
        "\tn: 1",
        "o: {p",
    ]
    chance = random.Random(1)
    for _ in range(300):
        data = "\n".join(chance.choices(pieces, k=4)).encode()
        quick, slow = read(data), read(data, pure=True)
        assert [document.value for document in quick[0]] == [document.value for document in slow[0]], data
        assert bool(quick[1]) == bool(slow[1]), data
