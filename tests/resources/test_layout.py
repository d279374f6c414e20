"""One layout for YAML: what it makes of texts, and that it never changes what they say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mason.resources.documents import read
from mason.resources.layout import UnfitTextError, laid_out

UNTIDY = """\
# Who asks for it

type:   operator   # what it is
namespace: table
description: >
  two   words
  go on

  here
parameters:
    required: [a,b ,  "c"]
    optional:
    -   name: x
        default: 'it''s'

        # of the next key
        description: plain
do:
- execution.query:
      sql: |
        SELECT 1  \x20
          -- # no comment


      limit: "{{a}}" # of the limit
# at the end


---
type: run
parameters: &shared {a: yes, b: 012, c: 1e3, d: ~, e: }
inputs:
    - *shared
"""

TIDY = """\
# Who asks for it

type: operator     # what it is
namespace: table
description: >
  two   words
  go on

  here
parameters:
  required: [a, b, "c"]
  optional:
    - name: x
      default: 'it''s'

        # of the next key
      description: plain
do:
  - execution.query:
      sql: |
        SELECT 1  \x20
          -- # no comment


      limit: "{{a}}" # of the limit
# at the end

---
type: run
parameters: &shared {a: yes, b: 012, c: 1e3, d: null, e: null}
inputs:
  - *shared
"""


def test_lays_out():
    assert laid_out(UNTIDY.encode()).decode() == TIDY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("a:   1\r\n\r\n\r\nb: 2", "a: 1\r\n\r\nb: 2\r\n"),
        ("\ufeffa: 1\n", "a: 1\n"),
        ("\n\na: 1\n\n", "a: 1\n"),
        ("# head\n---\na:  1\n", "# head\n---\na: 1\n"),
        ("a: 1\n---\n", "a: 1\n"),
        ("a: 1\n...\n---\n# b\nb: 2\n", "a: 1\n---\n# b\nb: 2\n"),
        ("a: plain\n   text\n", "a: plain text\n"),
        ("a: |+\n  kept\n\n\nb: 1\n", "a: |+\n  kept\n\n\nb: 1\n"),
        ("a:\n- - b\n", "a:\n  -   - b\n"),
        (f"a: {'long ' * 60}end\n", f"a: {'long ' * 60}end\n"),
    ],
)
def test_small_ones(before, after):
    assert laid_out(before.encode()).decode() == after
    assert laid_out(after.encode()).decode() == after


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: [\n", 3, "a value is missing here"),
        ("a: 1\nb: [1, # why\n  2]\n", 2, "laid out otherwise, this would not say the same"),
    ],
)
def test_leaves_what_it_would_change(text, line, message):
    with pytest.raises(UnfitTextError) as caught:
        laid_out(text.encode())
    assert [(fault.line, fault.message) for fault in caught.value.faults] == [(line, message)]


_SCALARS = st.sampled_from(
    [
        "1",
        "01",
        "1.0",
        "~",
        "null",
        "true",
        "yes",
        "a b",
        "'it''s'",
        '"x # y"',
        "a#b",
        '"{{n}}"',
        "é",
        '"\\n"',
        "[1,2 ]",
        "{a:  b}",
    ]
)
_GAPS = st.sampled_from(["", "", "\n", "\n\n", "# why\n", "  # deeper\n", "\n# why\n\n"])


@st.composite
def _block(draw, pad, depth):
    lines = []
    for number in range(draw(st.integers(1, 3))):
        lines.append(draw(_GAPS))
        kind = draw(st.sampled_from(["scalar", "scalar", "list", "map", "text"] if depth < 3 else ["scalar"]))
        end = draw(st.sampled_from(["\n", "  \n", " # end\n"]))
        if kind == "scalar":
            lines.append(f"{pad}k{number}:{' ' * draw(st.integers(1, 3))}{draw(_SCALARS)}{end}")
        elif kind == "text":
            lines.append(f"{pad}k{number}: |{end}{pad}  SELECT 1 # x\n{pad}    FROM t\n")
        elif kind == "map":
            lines.append(f"{pad}k{number}:{end}" + draw(_block(pad + " " * draw(st.integers(1, 4)), depth + 1)))
        else:
            dash = pad + " " * draw(st.integers(0, 3)) + "- "
            lines.append(f"{pad}k{number}:{end}" + "".join(f"{dash}{draw(_SCALARS)}{end}" for _ in range(2)))
    return "".join(lines)


@settings(max_examples=150, deadline=None)
@given(_block("", 0))
def test_never_changes_what_a_text_says(text):
    before, faults = read(text.encode())
    assert not faults
    try:
        after = laid_out(text.encode())
    except UnfitTextError:
        return
    assert [each.value for each in read(after)[0]] == [each.value for each in before]
    assert _comments(after.decode()) == _comments(text)
    assert laid_out(after) == after


def _comments(text: str) -> list[str]:
    # No scalar of these texts has one of these comments in it.
    found = ("# why", "# deeper", "# end")
    return [each for line in text.splitlines() for each in found if each in line]
